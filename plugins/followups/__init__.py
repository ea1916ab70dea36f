"""Open follow-ups of the whole desk: what is due, for whom, and done at a key press."""
