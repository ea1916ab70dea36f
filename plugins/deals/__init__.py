"""Deals: the ticket, its credit check, the registering of a deal, and the blotter.

``ticket.py`` and ``reading.py`` decide and know no I/O; ``booking.py`` is the one place that writes; ``app.py`` talks
to the other apps.
"""
