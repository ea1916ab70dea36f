"""In-process connections. Messages cross as encoded bytes, so apps share nothing by accident."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Protocol

from fdc3.transports.link import Outlet, Receiver
from fdc3.types.metadata import AppIdentifier


class MemoryHost(Protocol):
    """What the memory transport needs of the host."""

    def attach(self, instance_id: str, outlet: Outlet) -> AppIdentifier: ...

    def receive(self, instance_id: str, outlet: Outlet, data: bytes) -> None: ...

    def detach(self, instance_id: str, outlet: Outlet) -> None: ...


class MemoryLink:
    """Both ends at once: the client's ``Link`` and the host's ``Outlet``. Lives on one event loop."""

    def __init__(self, host: MemoryHost, instance_id: str) -> None:
        self._host = host
        self._instance_id = instance_id
        self._receiver: Receiver | None = None
        self._arrived: deque[bytes] = deque()
        self._call_soon: Callable[..., object] | None = None
        self._scheduled = False

    # Link

    async def open(self, receiver: Receiver) -> AppIdentifier:
        self._receiver = receiver
        self._call_soon = asyncio.get_running_loop().call_soon
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

    def deliver(self, data: bytes) -> None:
        self._arrived.append(data)
        # Handlers run on a later turn of the loop, never inside the sender's call.
        if not self._scheduled and self._call_soon is not None:
            self._scheduled = True
            self._call_soon(self._drain)

    def _drain(self) -> None:
        self._scheduled = False
        for _ in range(len(self._arrived)):
            if self._receiver is None:
                return
            self._receiver.received(self._arrived.popleft())

    def shut(self, reason: str) -> None:
        receiver, self._receiver = self._receiver, None
        if receiver is not None:
            receiver.lost()
