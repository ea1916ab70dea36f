"""The network between one desk and its server, which breaks as it is told to."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct

_CHUNK = 16_384
_SLOW = 0.2
"""Seconds between chunks of a slow line."""


class Network:
    """A port that leads to another. ``cut``, ``silence``, ``slow`` and ``heal`` take effect on what is open, too."""

    def __init__(self, host: str, port: int) -> None:
        self._to = host, port
        self._server: asyncio.Server
        self._links: set[asyncio.Task[None]] = set()
        self._left: int | None = None  # bytes until the cut
        self._quiet = False
        self._chunk = _CHUNK
        self._healed = asyncio.Event()
        self.port = 0

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._link, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        self._server.close()
        for link in tuple(self._links):
            link.cancel()
        await asyncio.gather(*self._links, return_exceptions=True)

    def cut(self, after: int) -> None:
        """All connections end with a reset once ``after`` more bytes have gone through, in the middle of whatever."""
        self._left = after

    def silence(self) -> None:
        """Half-open: connections stand, new ones are taken, and nothing comes through until it is healed."""
        self._quiet = True
        self._healed.clear()

    def slow(self, chunk: int = 200) -> None:
        self._chunk = chunk

    def heal(self) -> None:
        self._left, self._quiet, self._chunk = None, False, _CHUNK
        self._healed.set()

    async def _link(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._links.add(task)
        writers = [writer]
        try:
            there, to_there = await asyncio.open_connection(*self._to)
            writers.append(to_there)
            ways = [asyncio.ensure_future(each) for each in (self._carry(reader, to_there), self._carry(there, writer))]
            try:
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for way in ways:
                    way.cancel()
                await asyncio.gather(*ways, return_exceptions=True)
        except OSError:
            pass  # there is nobody at the other end
        finally:
            self._links.discard(task)
            for each in writers:
                _reset(each)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(self._chunk):
                if self._quiet:
                    await self._healed.wait()
                    return  # what was sent meanwhile is gone, and so is the connection
                if self._left is not None:
                    data = data[: self._left]
                    self._left -= len(data)
                writer.write(data)
                await writer.drain()
                if self._left == 0:
                    self._left = None
                    for link in tuple(self._links):
                        link.cancel()
                    return
                if self._chunk != _CHUNK:
                    await asyncio.sleep(_SLOW)


def _reset(writer: asyncio.StreamWriter) -> None:
    """Ends a connection as a cable does, not as a program does."""
    found = writer.get_extra_info("socket")
    if found is not None:
        with contextlib.suppress(OSError):
            found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
