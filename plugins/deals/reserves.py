"""Credit with a central server: what other desks hold of a line, what this desk may use offline, and asking for it."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.brokerage.credit import Line
from app.records.tables import CreditLine, CreditReserve, Deal
from app.services import Services, Standing
from app.sync import own
from app.sync.credit import outstanding
from plugins.deals.ticket import Client

_ONLINE = frozenset({"online", "first sync"})
_CUSTOMERS_OF = dt.timedelta(days=60)
"""The desk's customers are those it dealt with so lately."""
_MOST_LINES = 100
_SPREAD = 0.05
"""Seconds between two requests, so that they never crowd out changes."""


@dataclass(frozen=True, slots=True)
class AtDesk:
    """``offline``: there is a server, and it cannot be asked."""

    site: str
    offline: bool


def lines_at(session: Session, lines: Sequence[Line], at: AtDesk) -> tuple[Line, ...]:
    """The lines with what others hold of them and, offline, what this desk may use."""
    if not lines or not own.has_server(session):
        return tuple(lines)
    ids = [line.id for line in lines]
    rows = session.scalars(select(CreditReserve).where(CreditReserve.line_id.in_(ids)))
    held = {row.line_id: outstanding(row.sites) - outstanding(row.sites, at.site) for row in rows}
    hand = own.at_hand(session, at.site, ids) if at.offline else {}
    return tuple(replace(line, held=held.get(line.id, Decimal(0)), at_hand=hand.get(line.id)) for line in lines)


class Reserves:
    """Asks while the server is there, so that the desk can deal when it is not. Lives on the I/O loop.

    ``changed`` is called when the server comes or goes, or has settled something.
    """

    def __init__(self, desk: Services, changed: Callable[[], None]) -> None:
        self._desk, self._changed = desk, changed
        self._standing = desk.server.state.value if desk.server is not None else Standing()
        self._asked: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.get_running_loop()
        self._unsubscribe = desk.server.state.subscribe(self._stands) if desk.server is not None else lambda: None
        if self._standing.state in _ONLINE:
            self._spawn_usual()

    @property
    def at(self) -> AtDesk:
        return AtDesk(self._desk.records.site, self._standing.state not in ("local", *_ONLINE))

    def want(self, client: Client | None) -> None:
        """A ticket turned to this customer: the desk should hold enough to go on alone."""
        if client is not None and self._standing.state in _ONLINE:
            for line in client.lines:
                self._ask(line.id)

    def used(self, line_id: str) -> None:
        """A deal has taken some of what the desk held: it is filled up when the customer is next wanted."""
        self._asked.discard(line_id)

    def close(self) -> None:
        self._unsubscribe()
        for task in self._tasks:
            task.cancel()

    # -- parts

    def _stands(self, standing: Standing) -> None:
        before, self._standing = self._standing, standing
        if standing.state in _ONLINE and before.state not in _ONLINE:
            self._asked.clear()
            self._spawn_usual()
        if replace(before, since=None) != replace(standing, since=None):
            self._changed()

    def _ask(self, line_id: str) -> None:
        """Once per connection: what was granted stays ours until it is used."""
        server = self._desk.server
        if server is not None and line_id not in self._asked:
            self._asked.add(line_id)
            self._spawn(server.reserve(line_id))

    def _spawn_usual(self) -> None:
        self._spawn(self._hold_usual())

    async def _hold_usual(self) -> None:
        """The usual share of the lines of the customers whom this user deals with."""
        since, trader = self._desk.clock() - _CUSTOMERS_OF, self._desk.user.id

        def lines(session: Session) -> list[str]:
            ours = select(Deal.organization_id).where(Deal.trader_id == trader, Deal.traded_at >= since)
            wanted = select(CreditLine.id).where(CreditLine.status == "active", CreditLine.organization_id.in_(ours))
            return list(session.scalars(wanted.limit(_MOST_LINES)))

        for line_id in await self._desk.records.query(lines):
            self._ask(line_id)
            await asyncio.sleep(_SPREAD)

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
