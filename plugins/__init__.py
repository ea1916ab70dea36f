"""One folder per FDC3 app: ``app.json`` (its App Directory record), ``app.py`` (no Qt), ``view.py`` (its Qt panel).

A plugin talks to other plugins only through ``fdc3.client``; it never imports one.
"""
