"""FDC3 for Python: a desktop agent and a client. No Qt, no database; imports nothing else of this project."""
