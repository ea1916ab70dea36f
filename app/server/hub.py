"""What is new, to all who wait for it: one listener per process, one read of new places per firm.

Nothing is queued for a desk. A desk asks for what follows its cursor and that question waits here; a desk that is slow
asks seldom and is given much at once.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import psycopg
from psycopg.conninfo import make_conninfo
from sqlalchemy.exc import SQLAlchemyError

from app.server.database import parameters
from app.server.ledger import Ledger
from app.server.postgres_ledger import CHANNEL
from app.server.sync import Connection, Device
from app.sync.protocol import MAX_BATCH, FromServer

log = logging.getLogger(__name__)

_PAUSES = (0.2, 0.5, 1.0, 2.0, 5.0)
"""Seconds between attempts to listen again."""
_LOOK = 10.0
"""Seconds after which it is looked whether something is new that was not told."""

Why = Literal["superseded", "going away"]
"""Why the server ends a connection: the desk has another one, or the server stops."""
Send = Callable[[Sequence[FromServer]], Awaitable[None]]


@dataclass(eq=False)
class Guest:
    """A connected desk. ``send`` waits until the desk has taken it; ``end`` ends the connection.

    ``shares``: it is one of several questions that a desk asks at once over ``POST``.
    """

    connection: Connection
    send: Send
    end: Callable[[Why], None] = lambda _: None
    shares: bool = False
    busy: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass
class _Firm:
    head: int = -1
    guests: set[Guest] = field(default_factory=set)
    reading: bool = False

    def waiting(self) -> list[int | None]:
        return [guest.connection.waiting_at for guest in self.guests]


class Hub:
    """``device_of`` reads a device as it is now, None if it is gone; ``answered`` hears what was told."""

    def __init__(
        self,
        url: str,
        ledger: Ledger,
        device_of: Callable[[str, str], Awaitable[Device | None]],
        answered: Callable[[Sequence[FromServer]], None] = lambda _: None,
    ) -> None:
        self._conninfo = make_conninfo("", **parameters(url))
        self._ledger = ledger
        self._device_of = device_of
        self._answered = answered
        self._firms: defaultdict[str, _Firm] = defaultdict(_Firm)
        self._tasks: set[asyncio.Task[None]] = set()
        self._listener: asyncio.Task[None] | None = None
        self._listening = asyncio.Event()
        self._going = False

    @property
    def listening(self) -> bool:
        return self._listening.is_set()

    @property
    def guests(self) -> int:
        return sum(len(firm.guests) for firm in self._firms.values())

    async def start(self) -> None:
        self._listener = asyncio.create_task(self._listen(), name="listen")
        await self._listening.wait()

    async def close(self) -> None:
        tasks = [*self._tasks, *([self._listener] if self._listener is not None else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def join(self, guest: Guest) -> None:
        """A desk has one connection; an older one of the same device ends."""
        firm = self._firms[guest.connection.device.firm]
        for other in tuple(firm.guests):
            if not guest.shares and other.connection.device.id == guest.connection.device.id:
                firm.guests.discard(other)
                other.end("superseded")
        firm.guests.add(guest)
        if self._going:
            guest.end("going away")

    def go(self) -> None:
        """The server stops: whoever waits is sent on their way at once, and whoever still comes."""
        self._going = True
        for firm in self._firms.values():
            for guest in tuple(firm.guests):
                guest.end("going away")

    def leave(self, guest: Guest) -> None:
        self._firms[guest.connection.device.firm].guests.discard(guest)

    def newest(self, firm: str) -> int:
        """The newest place that was heard of; -1 while nobody tells."""
        return self._firms[firm].head if self.listening else -1

    def waits(self, guest: Guest) -> None:
        """To be called when a guest's question has found nothing: something may have come meanwhile."""
        place = guest.connection.waiting_at
        if place is not None and place < self._firms[guest.connection.device.firm].head:
            self._do(self._catch_up(guest))

    # -- what is new

    async def _listen(self) -> None:
        failures = 0
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(self._conninfo, autocommit=True) as connection:
                    await connection.execute(f"LISTEN {CHANNEL}")
                    self._listening.set()
                    failures = 0
                    for firm in tuple(self._firms):  # what came while nobody listened
                        self._do(self._devices_changed(firm, ""))
                    while True:
                        await self.look()
                        async for notice in connection.notifies(timeout=_LOOK):
                            self.told(notice.payload)
            except (psycopg.Error, SQLAlchemyError, OSError, LookupError) as error:
                self._listening.clear()
                log.warning("the database does not tell what is new: %s", type(error).__name__)
                await asyncio.sleep(_PAUSES[min(failures, len(_PAUSES) - 1)])
                failures += 1

    async def look(self) -> None:
        """Whether something is new that nobody told."""
        for firm, known in tuple(self._firms.items()):
            if known.guests:
                self.heard(firm, (await self._ledger.head(firm)).place)

    def told(self, payload: str) -> None:
        """``<firm> <place>``: the order has grown; ``<firm> device <id>``: a device's rights may have changed."""
        firm, _, rest = payload.partition(" ")
        kind, _, device = rest.partition(" ")
        if kind == "device":
            self._do(self._devices_changed(firm, device))
        elif kind.isdecimal():
            self.heard(firm, int(kind))

    def heard(self, name: str, head: int) -> None:
        """That there is a place ``head``."""
        firm = self._firms.get(name)
        if firm is None:  # no desk of it is here
            return
        firm.head = max(firm.head, head)
        behind = any(place is not None and place < head for place in firm.waiting())
        if behind and not firm.reading:
            firm.reading = True
            self._do(self._spread(name, firm))

    async def _spread(self, name: str, firm: _Firm) -> None:
        try:
            # Those who wait further back are caught up each by themselves; most wait at the same place.
            place = max((place for place in firm.waiting() if place is not None), default=firm.head)
            for guest in tuple(firm.guests):
                at = guest.connection.waiting_at
                if at is not None and at < place:
                    self._do(self._catch_up(guest))
            while place < firm.head:
                batch = await self._ledger.items(name, place, MAX_BATCH)
                for guest in tuple(firm.guests):
                    if answers := guest.connection.news(batch):
                        self._do(self._send(guest, answers))
                if batch.upto <= place:
                    break
                place = batch.upto
        finally:
            firm.reading = False

    async def _catch_up(self, guest: Guest) -> None:
        async with guest.busy:
            answers = await guest.connection.catch_up()
        await self._send(guest, answers)

    async def _devices_changed(self, firm: str, device: str) -> None:
        for guest in tuple(self._firms[firm].guests):
            mine = guest.connection.device
            if device in ("", mine.id):
                now = await self._device_of(firm, mine.id)
                if now is not None:
                    async with guest.busy:
                        answers = await guest.connection.update(now)
                    await self._send(guest, answers)

    async def _send(self, guest: Guest, answers: Sequence[FromServer]) -> None:
        if answers:
            self._answered(answers)
            await guest.send(answers)

    def _do(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(self._quietly(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _quietly(self, work: Awaitable[None]) -> None:
        try:
            await work
        except asyncio.CancelledError:
            raise
        except Exception:
            # A guest that has gone, or a database that has: both come again.
            log.exception("what is new could not be told")
