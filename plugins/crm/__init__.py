"""CRM 360: who is calling, and everything the desk knows about them.

``identity.py`` finds the contact, ``customer.py`` reads the snapshot that the panel shows, ``app.py`` talks to the
other apps. Nothing here decides about deals or prices.
"""
