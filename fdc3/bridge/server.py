"""The bridge's sockets: a websocket server on 127.0.0.1, on the first free port of the standard's range."""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import Iterable

from websockets.asyncio.connection import broadcast
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from fdc3.bridge.hub import Close, Effect, Hub, Send
from fdc3.bridge.steps import PORTS
from fdc3.limits import Allowance
from fdc3.transports.link import FRAMES

logger = logging.getLogger(__name__)

LARGEST_MESSAGE = 16 * 1024 * 1024
"""Bytes in one message; a handshake carries the state of all channels."""
MAX_UNSENT = 32 * 1024 * 1024
"""Bytes that an agent may leave unread before it is cut off."""
HANDSHAKE_SECONDS = 10.0


class BridgeServer:
    """``ports``: the first that is free is taken. Web pages are refused by their Origin header."""

    def __init__(self, hub: Hub, *, ports: Iterable[int] = PORTS) -> None:
        self._hub = hub
        self._ports = ports
        self._server: Server | None = None
        self._connections: dict[str, ServerConnection] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self._cut_off: set[str] = set()
        """Connections that did not read; what follows would leave a gap."""
        self._alarm: asyncio.TimerHandle | None = None
        self.port = 0

    async def start(self) -> str:
        """Listens, and returns the URL. Raises ``OSError`` if no port is free."""
        failure: OSError | None = None
        for port in self._ports:
            try:
                self._server = await serve(
                    self._serve,
                    "127.0.0.1",
                    port,
                    origins=[None],
                    compression=None,
                    max_size=LARGEST_MESSAGE,
                    server_header=None,
                    logger=FRAMES,
                )
            except OSError as taken:
                failure = taken
                continue
            self.port = next(iter(self._server.sockets)).getsockname()[1]
            return f"ws://127.0.0.1:{self.port}"
        raise failure or OSError("no port was given")

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
        if self._alarm is not None:
            self._alarm.cancel()
        await asyncio.gather(*self._closing, return_exceptions=True)

    async def _serve(self, connection: ServerConnection) -> None:
        name = str(uuid.uuid4())
        self._connections[name] = connection
        self._carry_out(self._hub.opened(name))
        try:
            async with asyncio.timeout(HANDSHAKE_SECONDS):
                first = await connection.recv(decode=False)
            self._carry_out(self._hub.received(name, first))
            allowance = Allowance()
            while True:
                data = await connection.recv(decode=False)
                self._carry_out(self._hub.received(name, data))
                await allowance.turn(len(data))
        except (ConnectionClosed, TimeoutError):
            pass
        finally:
            del self._connections[name]
            self._cut_off.discard(name)
            self._carry_out(self._hub.closed(name))

    def _carry_out(self, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case Send(to, data):
                    there: list[ServerConnection] = []
                    for name in to:
                        connection = self._connections.get(name)
                        if connection is None or name in self._cut_off:
                            continue
                        if connection.transport.get_write_buffer_size() > MAX_UNSENT:
                            logger.warning("An agent that does not read its messages was cut off")
                            self._cut_off.add(name)
                            self._end(connection, "messages were not read")
                        else:
                            there.append(connection)
                    broadcast(there, data, text=True)
                case Close(to, reason):
                    if (connection := self._connections.get(to)) is not None:
                        self._end(connection, reason)
        self._schedule()

    def _end(self, connection: ServerConnection, reason: str) -> None:
        task = asyncio.ensure_future(connection.close(1008, reason))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    def _schedule(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        deadline = self._hub.deadline
        if deadline is not None:
            delay = max(0.0, deadline - time.monotonic())
            self._alarm = asyncio.get_running_loop().call_later(delay, self._tick)

    def _tick(self) -> None:
        self._alarm = None
        self._carry_out(self._hub.tick())
