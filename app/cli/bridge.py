"""``deskline bridge``: a bridge between the FDC3 desktop agents of this machine."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from pathlib import Path


def run(port: int | None, token_file: Path | None) -> int:
    """Serves until it is ended. Exit status 1 if no port is free or the key file cannot be used."""
    from fdc3.bridge.hub import Hub
    from fdc3.bridge.server import BridgeServer
    from fdc3.bridge.steps import PORTS
    from fdc3.bridge.tokens import TokenKeys

    keys = None
    if token_file is not None:
        try:
            if not token_file.exists():
                TokenKeys.create(token_file)
                print(f"A new key is in {token_file}; agents need it to join (setting bridge_keys)", flush=True)
            keys = TokenKeys.read(token_file)
        except (OSError, ValueError) as error:
            print(f"deskline bridge: {error}", file=sys.stderr)
            return 1
    server = BridgeServer(Hub(authority=keys), ports=PORTS if port is None else [port])

    async def serve() -> int:
        ended = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            with contextlib.suppress(NotImplementedError):  # Windows: Ctrl-C arrives as KeyboardInterrupt
                loop.add_signal_handler(number, ended.set)
        try:
            url = await server.start()
        except OSError as error:
            print(f"deskline bridge: no port is free: {error.strerror}", file=sys.stderr)
            return 1
        print(f"Bridge at {url}{'' if keys else ', open to every program of this machine'}", flush=True)
        try:
            await ended.wait()
        finally:
            await server.close()
        return 0

    return asyncio.run(serve())
