"""The dealer board: lines, calls and their audio. Its own process, joined to the desk over the websocket.

``model`` decides (no Qt, no I/O), a ``TurretAdapter`` talks to the telephone system, ``desk_link`` speaks FDC3,
``audio`` serves what was said. Nothing here imports the desk's records.
"""
