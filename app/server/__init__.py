"""The central server: the firm's order of changes on Postgres, who may do what, and the doors for desks.

Judgement of changes is not here but in ``app.sync.authority``; here it is loaded, stored, carried and guarded. Any
number of processes share one database and keep nothing of their own. No Qt.
"""
