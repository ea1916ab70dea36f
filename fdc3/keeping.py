"""A file with what programs must find again when the agent was started anew: who they are, their listeners, channels.

WSCP has both sides keep the secret for the lifetime of an instance, so that a program that reconnects is the instance
that it was. Of the secrets the file has digests only, and of what was said nothing. An agent that reads it listens on
the port of the one before, where the programs look for it.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, Literal

import msgspec

from fdc3.broker import Broker, KeptInstance
from fdc3.limits import Allowance
from fdc3.private_file import write_private
from fdc3.session import Session
from fdc3.types import messages as m
from fdc3.types.wire import FDC3_2_2, FDC3_3_0

logger = logging.getLogger(__name__)

LONGEST_ABSENCE: Final = dt.timedelta(hours=24)
"""A secret that was not used for so long is good no more."""
REFRESH = 600.0
"""Seconds after which the file is written anew at the latest, to say who was seen."""
SOON = 0.05
"""Seconds in which what need not be kept at once comes together."""
SHARE, BURST = 100_000.0, 250_000.0
"""Microseconds that writing at once may take: of each second, and after a quiet time. So no app can keep us busy."""

STANDING: Final = frozenset(
    {
        m.AddContextListenerRequest,
        m.ContextListenerUnsubscribeRequest,
        m.AddEventListenerRequest,
        m.EventListenerUnsubscribeRequest,
        m.AddIntentListenerRequest,
        m.IntentListenerUnsubscribeRequest,
        m.JoinUserChannelRequest,
        m.LeaveCurrentChannelRequest,
        m.CreatePrivateChannelRequest,
        m.PrivateChannelAddEventListenerRequest,
        m.PrivateChannelDisconnectRequest,
    }
)
"""What a program asks for to last: it is in the file before it is answered, unless that gets too much."""
PASSING: Final = frozenset({m.RaiseIntentRequest, m.RaiseIntentForContextRequest, m.IntentResultRequest})
"""What changes which results are awaited, too often to be written each time."""


class KeptSession(msgspec.Struct, frozen=True):
    app_id: str
    secret: bytes
    """Its digest."""
    seen: dt.datetime
    dialect: Literal["2.2", "3.0"]
    instance: KeptInstance | None
    """None: it had left, or has not come yet."""


class Kept(msgspec.Struct, frozen=True):
    version: Literal[1]
    port: int
    sessions: dict[str, KeptSession]


class Keeper:
    """Writes the file, unless there is none. All on the host's event loop: to write it takes a fraction of a
    millisecond."""

    def __init__(
        self,
        path: Path | None,
        broker: Broker,
        sessions: dict[str, Session],
        clock: Callable[[], dt.datetime],
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path, self._broker, self._sessions, self._clock = path, broker, sessions, clock
        self._monotonic = monotonic
        self._allowance = Allowance(SHARE, BURST, clock=monotonic)
        self._rested = 0.0
        self._port: int | None = None
        self._soon: asyncio.TimerHandle | None = None
        self._refresh: asyncio.TimerHandle | None = None
        self._failed = False

    def read(self) -> Kept | None:
        """What the agent before has left; None if there is nothing that can be used."""
        if self._path is None:
            return None
        try:
            kept = msgspec.json.decode(self._path.read_bytes(), type=Kept)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.MsgspecError, UnicodeError, RecursionError) as reason:
            logger.warning("What was kept of the programs cannot be read, so they have to be started anew: %s", reason)
            return None
        now = self._clock()
        known = {key: each for key, each in kept.sessions.items() if _is_fresh(each.seen, now)}
        return msgspec.structs.replace(kept, sessions=known)

    def begin(self, port: int) -> None:
        """From now on the file says how things are."""
        if self._path is not None:
            self._port = port
            self.save()

    def close(self) -> None:
        """Writes it a last time."""
        self.save()
        self._port = None
        self._stop(self._refresh)

    def changed(self, request: type[m.Request], *, program: bool) -> None:
        """An app was given what it asked for, and will be told so."""
        if request in STANDING and program and self._monotonic() >= self._rested:
            self.save()
        elif request in STANDING or request in PASSING:
            self.save_soon()

    def save_soon(self) -> None:
        if self._soon is None and self._port is not None:
            pause = max(SOON, self._rested - self._monotonic())
            self._soon = asyncio.get_running_loop().call_later(pause, self.save)

    def save(self) -> None:
        """Also takes from those that were away for too long what they were known by."""
        if self._path is None or self._port is None:
            return
        self._stop(self._soon)
        self._soon = None
        self._stop(self._refresh)
        self._refresh = asyncio.get_running_loop().call_later(REFRESH, self.save)
        began, now = self._monotonic(), self._clock()
        kept: dict[str, KeptSession] = {}
        for instance_id, session in list(self._sessions.items()):
            if session.secret is None or session.seen is None:
                continue
            if session.outlet is not None:
                session.seen = now
            elif not _is_fresh(session.seen, now):
                del self._sessions[instance_id]
                continue
            dialect: Literal["2.2", "3.0"] = "3.0" if session.dialect is FDC3_3_0 else "2.2"
            instance = self._broker.keep(instance_id)
            kept[instance_id] = KeptSession(session.app_id, session.secret, session.seen, dialect, instance)
        self._write(self._path, Kept(1, self._port, kept))
        ended = self._monotonic()
        self._rested = ended + self._allowance.spend(0, round((ended - began) * 1e6))

    def _write(self, path: Path, kept: Kept) -> None:
        try:
            write_private(path, msgspec.json.encode(kept))
        except OSError as reason:
            if not self._failed:
                logger.error("Programs will not find their way back if the agent is started anew: %s", reason)
            self._failed = True
        else:
            self._failed = False

    @staticmethod
    def _stop(timer: asyncio.TimerHandle | None) -> None:
        if timer is not None:
            timer.cancel()


def session_of(kept: KeptSession) -> Session:
    dialect = FDC3_3_0 if kept.dialect == "3.0" else FDC3_2_2
    return Session(kept.app_id, kept.secret, kept.seen, dialect)


def _is_fresh(seen: dt.datetime, now: dt.datetime) -> bool:
    return abs(now - seen) <= LONGEST_ABSENCE
