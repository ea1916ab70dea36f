"""In step with the central server: the protocol, the merge rules, the desk's side of both.

Decisions are pure and know neither sockets nor databases: ``merge`` and ``authority`` (the server's), ``replica`` (the
desk's). No Qt in here.
"""
