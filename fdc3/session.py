"""An app instance as the host knows it: its secret, its dialect, and how to reach it."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from dataclasses import dataclass, field

from fdc3.transports.link import Outlet
from fdc3.types.wire import FDC3_2_2, Dialect

REMEMBERED_REQUESTS = 256


@dataclass(slots=True, eq=False)
class Session:
    """An instance as the host knows it: its secret, and how to reach it."""

    app_id: str
    secret: str | None = field(default=None, repr=False)
    dialect: Dialect = FDC3_2_2
    outlet: Outlet | None = None
    backlog: deque[bytes] = field(default_factory=deque, repr=False)
    grace: asyncio.TimerHandle | None = None
    answers: OrderedDict[str, bytes | None] = field(default_factory=OrderedDict, repr=False)
    """Recent requests with their answers, because a client repeats what was unanswered when its socket broke."""

    def remember(self, request_uuid: str, answer: bytes | None) -> None:
        self.answers[request_uuid] = answer
        if len(self.answers) > REMEMBERED_REQUESTS:
            self.answers.popitem(last=False)
