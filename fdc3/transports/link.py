"""The two ends of a connection, as the client and the host see them."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Protocol

from fdc3.types.metadata import AppIdentifier
from fdc3.types.wire import Dialect

FRAMES = logging.getLogger("fdc3.frames")
FRAMES.setLevel(logging.WARNING)
"""The websocket library's log. At debug level it would write down every frame, secrets and clients' data included."""


LARGEST_REQUEST = 1024 * 1024
"""Bytes an agent accepts in one message over a socket."""


@dataclass(frozen=True, slots=True)
class Backoff:
    """Seconds between attempts to reconnect, growing from ``first`` to ``longest``, and for how long in all: a desk may
    be started again meanwhile."""

    first: float = 0.05
    longest: float = 1.0
    give_up_after: float = 60.0


class Receiver(Protocol):
    """What a client's link reports. All calls come on the client's event loop."""

    def received(self, data: bytes) -> None: ...

    def reconnected(self, *, resumed: bool) -> None:
        """The link broke and is back. ``resumed``: the agent kept everything; else this is a fresh start."""

    def lost(self) -> None:
        """The link is gone for good."""


class Link(Protocol):
    """A client's connection to an agent."""

    @property
    def dialect(self) -> Dialect:
        """What is spoken over it, once it is open."""

    async def open(self, receiver: Receiver) -> AppIdentifier:
        """Connects; returns who we are. Raises ``AgentError``."""

    def send(self, data: bytes) -> bool:
        """Sends a message; False if the link is broken at the moment and nothing was sent.

        Raises ``MalformedMessage`` for one so large that the agent would end the connection for it.
        """

    async def close(self) -> None: ...


class Outlet(Protocol):
    """The host's end of a connection to one instance."""

    def deliver(self, data: bytes) -> bool:
        """Queues a message; never blocks. False if the connection is at its end: this and what follows is not sent."""

    def shut(self, reason: str, *, superseded: bool = False) -> None:
        """Ends the connection from the host's side; ``reason`` is for the other side's log.

        ``superseded``: somebody else is this instance now, and the other side shall not come back.
        """
