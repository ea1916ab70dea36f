"""Desktop agent bridging (FDC3 2.2, unchanged in 3.0): the bridge, and our agent as one of its clients.

``Hub`` is the bridge without I/O and ``BridgeServer`` its sockets; ``BridgeClient`` joins a ``Host`` to a bridge. What
crosses is in ``messages``. The broker knows only that some instances run elsewhere (``fdc3.broker.guests``).
"""
