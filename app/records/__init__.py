"""Tables, the encrypted store, the change log and queries.

Every write goes through ``Records.change``: rows and their log entries in one transaction.
Imports nothing else of ours.
"""
