"""The commands of ``deskline`` beside opening the desk. Each module's ``run`` returns the exit status."""
