"""In-process connections. Messages cross as encoded bytes, so apps share nothing by accident."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Protocol

from fdc3.transports.link import Outlet, Receiver
from fdc3.types.metadata import AppIdentifier
from fdc3.types.wire import Dialect


class MemoryHost(Protocol):
    """What the memory transport needs of the host."""

    def attach(self, instance_id: str, outlet: Outlet) -> AppIdentifier: ...

    def receive(self, instance_id: str, outlet: Outlet, data: bytes) -> None: ...

    def detach(self, instance_id: str, outlet: Outlet) -> None: ...


class MemoryBus:
    """Hands over what has arrived for the apps of one host: on the loop's next turn, never inside a sender's call."""

    def __init__(self) -> None:
        self._waiting: list[MemoryLink] = []

    def arrived(self, link: MemoryLink) -> None:
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._hand_over)
        self._waiting.append(link)

    def _hand_over(self) -> None:
        waiting, self._waiting = self._waiting, []
        for link in waiting:
            link.drain()


class MemoryLink:
    """Both ends at once: the client's ``Link`` and the host's ``Outlet``. Lives on one event loop."""

    def __init__(self, host: MemoryHost, bus: MemoryBus, instance_id: str, dialect: Dialect) -> None:
        self.dialect = dialect
        self._host = host
        self._bus = bus
        self._instance_id = instance_id
        self._receiver: Receiver | None = None
        self._arrived: deque[bytes] = deque()

    # Link

    async def open(self, receiver: Receiver) -> AppIdentifier:
        self._receiver = receiver
        return self._host.attach(self._instance_id, self)

    def send(self, data: bytes) -> bool:
        if self._receiver is None:
            return False
        self._host.receive(self._instance_id, self, data)
        return True

    async def close(self) -> None:
        if self._receiver is not None:
            self._receiver = None
            self._host.detach(self._instance_id, self)

    # Outlet

    def deliver(self, data: bytes) -> bool:
        if not self._arrived:
            self._bus.arrived(self)
        self._arrived.append(data)
        return True

    def drain(self) -> None:
        """Gives the client what had arrived when this began; the rest has its own turn."""
        arrived, self._arrived = self._arrived, deque()
        for data in arrived:
            if self._receiver is not None:
                self._receiver.received(data)

    def shut(self, reason: str, *, superseded: bool = False) -> None:
        receiver, self._receiver = self._receiver, None
        if receiver is not None:
            receiver.lost()
