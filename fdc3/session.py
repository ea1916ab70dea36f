"""An app instance as the host knows it: its secret, its dialect, and how to reach it."""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
from collections import OrderedDict, deque
from dataclasses import dataclass, field

from fdc3.transports.link import Outlet
from fdc3.types.wire import FDC3_2_2, Dialect

REMEMBERED_REQUESTS = 256
REMEMBERED_BYTES = 4 * 1024 * 1024
"""Of their answers. The newest is remembered however large it is."""
BACKLOG = 1000
"""Messages kept for an app whose socket broke; one more and it is given up."""
BACKLOG_BYTES = 32 * 1024 * 1024
"""The same in bytes."""


def digest(secret: str) -> bytes:
    """What we know a secret by. It is random, 256 bits of it, so that no salt and no slower hash is needed."""
    return hashlib.sha256(secret.encode()).digest()


@dataclass(slots=True, eq=False)
class Session:
    """An instance as the host knows it: its secret, and how to reach it."""

    app_id: str
    secret: bytes | None = field(default=None, repr=False)
    """The digest of its secret, which the app alone has; None: it needs none."""
    seen: dt.datetime | None = None
    """When it last had a connection or was given its secret; None for apps without a secret."""
    dialect: Dialect = FDC3_2_2
    outlet: Outlet | None = None
    backlog: deque[bytes] = field(default_factory=deque, repr=False)
    grace: asyncio.TimerHandle | None = None
    answers: OrderedDict[str, bytes | None] = field(default_factory=OrderedDict, repr=False)
    """Recent requests with their answers, because a client repeats what was unanswered when its socket broke."""

    answer_bytes: int = 0

    def remember(self, request_uuid: str, answer: bytes | None) -> None:
        """Keeps the answer to a request; None: it is under way."""
        self.answer_bytes += len(answer or b"") - len(self.answers.get(request_uuid) or b"")
        self.answers[request_uuid] = answer
        while len(self.answers) > 1 and (
            len(self.answers) > REMEMBERED_REQUESTS or self.answer_bytes > REMEMBERED_BYTES
        ):
            self.answer_bytes -= len(self.answers.popitem(last=False)[1] or b"")

    def deliver(self, data: bytes) -> bool:
        """Sends a message, or keeps it while the link is broken. False: the app has been away for too many."""
        if self.outlet is not None and self.outlet.deliver(data):
            return True
        if len(self.backlog) >= BACKLOG or sum(map(len, self.backlog)) >= BACKLOG_BYTES:
            return False
        self.backlog.append(data)
        return True

    def reached_by(self, outlet: Outlet) -> None:
        """Delivers what was kept, and from now on everything."""
        self.outlet = outlet
        while self.backlog and outlet.deliver(self.backlog[0]):
            self.backlog.popleft()

    def end(self, reason: str) -> None:
        """Nothing is delivered any more, and nothing that was said is remembered."""
        self.stop_waiting()
        outlet, self.outlet = self.outlet, None
        self.backlog.clear()
        self.answers.clear()
        self.answer_bytes = 0
        if outlet is not None:
            outlet.shut(reason)

    def stop_waiting(self) -> None:
        """It is back, or is not waited for any more."""
        if self.grace is not None:
            self.grace.cancel()
            self.grace = None
