"""The FDC3 inspector, for those who write apps: every message as it passes, and what the agent knows at the moment.

It looks on through ``Services.agent`` and changes nothing. What it has seen is in memory, and in a file if asked for.
"""
