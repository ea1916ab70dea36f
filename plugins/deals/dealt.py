"""What was dealt: the blotter's rows, and taking a deal back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from app.services import Notice, Services, State
from fdc3.client import DesktopAgent
from fdc3.types import Context
from plugins.deals import booking
from plugins.deals.blotter import BlotterRow, Scope, read_blotter
from plugins.deals.booking import NotRegistered
from plugins.deals.contexts import instrument_context
from plugins.deals.reserves import AtDesk
from plugins.deals.state import DealsState

NO_DEALS = {"today": "No deals today.", "customer": "No deals with this customer yet."}
NO_CUSTOMER = "No customer is in focus."


class Dealt:
    """On the I/O loop. ``refresh`` is called after a deal was taken back or restored, ``at`` tells whether the server
    can be asked, ``tell`` broadcasts."""

    def __init__(
        self,
        fdc3: DesktopAgent,
        desk: Services,
        state: State[DealsState],
        *,
        at: Callable[[], AtDesk],
        refresh: Callable[[], Awaitable[None]],
        tell: Callable[[Context], Awaitable[None]],
    ) -> None:
        self._fdc3, self._desk, self._state = fdc3, desk, state
        self._at, self._refresh, self._tell = at, refresh, tell

    async def read(self) -> None:
        """Reads the rows of the scope again."""
        state, since = self._state.value, dt.datetime.combine(self._today(), dt.time()).astimezone()
        client, scope, site = state.ticket.client, state.scope, self._desk.records.site
        organization_id = client.organization_id if client else None
        rows = await self._desk.records.query(
            lambda session: read_blotter(session, scope, organization_id, since, site)
        )
        text = NO_CUSTOMER if scope == "customer" and client is None else NO_DEALS[scope]
        self._set(rows=rows, blotter_text=text)

    def choose(self, scope: Scope) -> None:
        """Which rows are to be read."""
        self._set(scope=scope)

    async def cancel(self, row: BlotterRow) -> None:
        """Cancels a deal and releases its credit; ``undo`` is offered until the next one."""
        await self._desk.records.write(self._desk.user.actor, lambda change: booking.cancel(change, row.id))
        self._set(cancelled=row)
        await self._refresh()

    async def undo(self) -> None:
        """Restores the deal that was cancelled last, if its credit is still free."""
        row = self._state.value.cancelled
        if row is None:
            return
        self._set(cancelled=None)
        today, at = self._today(), self._at()
        try:
            await self._desk.records.write(
                self._desk.user.actor, lambda change: booking.restore(change, row.id, today, at)
            )
        except NotRegistered as refused:
            self._desk.notify(Notice(str(refused), "warning"))
        await self._refresh()

    async def focus(self, row: BlotterRow) -> None:
        """Turns the other apps to a deal's instrument."""
        security = self._state.value.directory.security(row.instrument_id)
        if security is not None:
            await self._tell(instrument_context(security))

    async def explain_sync(self, row: BlotterRow) -> None:
        """Asks the sync panel why a deal is not in step with the server."""
        context = Context(type="deskline.record", id={"deskline": row.id}, table="deal")
        await self._fdc3.raise_intent("deskline.ExplainSync", context)

    def _today(self) -> dt.date:
        return self._desk.clock().astimezone().date()

    def _set(self, **changes: Any) -> None:
        self._state.set(replace(self._state.value, **changes))
