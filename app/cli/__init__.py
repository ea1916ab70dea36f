"""The commands of ``deskline`` that open no window of their own. Each module's ``run`` returns the exit status."""
