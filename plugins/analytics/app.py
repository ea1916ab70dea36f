"""The analytics app: follows the customer and the instrument in focus."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from dataclasses import dataclass, replace
from typing import Any, Literal

from sqlalchemy.orm import Session

from app.records.errors import StoreError
from app.records.queries import instruments_that_matter
from app.services import CommitWatch, Services, State
from fdc3.client import DesktopAgent
from fdc3.types import Context, ContextMetadata
from plugins.analytics.business import Business, Focus, find_instrument, organization_of, read_business, read_focus

log = logging.getLogger(__name__)

HISTORY = dt.timedelta(days=370)


@dataclass(frozen=True, slots=True)
class AnalyticsState:
    """``text`` says what failed or could not be found. ``asked`` counts the intents that want the panel seen."""

    phase: Literal["empty", "loading", "ready", "failed"] = "empty"
    business: Business | None = None
    focus: Focus | None = None
    text: str = ""
    asked: int = 0


class AnalyticsApp:
    """All methods run on the I/O loop."""

    def __init__(self, fdc3: DesktopAgent, desk: Services) -> None:
        self.state: State[AnalyticsState] = State(AnalyticsState())
        self.prices = desk.prices
        self._fdc3 = fdc3
        self._desk = desk
        self._following = asyncio.Lock()  # contexts take effect in the order in which they came
        self._watch = CommitWatch(desk.records, {"deal", "enquiry", "holding"}, self.refresh, pause=0.5)

    async def listen(self) -> None:
        for intent in ("ViewAnalysis", "ViewInstrument", "ViewChart"):
            await self._fdc3.add_intent_listener(intent, self._asked_for)
        for kind in ("fdc3.contact", "fdc3.organization", "fdc3.instrument"):
            await self._fdc3.add_context_listener(kind, self._in_focus)

    async def close(self) -> None:
        self._watch.close()

    async def _asked_for(self, context: Context, metadata: ContextMetadata | None = None) -> None:
        await self._in_focus(context)
        self._set(asked=self.state.value.asked + 1)

    async def _in_focus(self, context: Context, metadata: ContextMetadata | None = None) -> None:
        async with self._following:
            try:
                if context.type == "fdc3.instrument":
                    await self._show_instrument(context)
                else:
                    await self._show_customer(context)
            except StoreError as error:
                self._set(phase="failed", text=f"The figures could not be read. {error}")

    async def _show_customer(self, context: Context) -> None:
        organization_id = context.id.get("deskline")
        if organization_id and context.type == "fdc3.contact":
            contact_id = organization_id
            organization_id = await self._desk.records.query(lambda session: organization_of(session, contact_id))
        if not organization_id:
            return
        state = self.state.value
        if state.business is not None and state.business.organization_id == organization_id:
            return
        await self._read(organization_id, await self._matters_to(organization_id, state.focus))

    async def _matters_to(self, organization_id: str, focus: Focus | None) -> str | None:
        """The instrument in focus if it matters to this customer too, else the one that matters most to them."""
        found = await self._desk.records.query(
            lambda session: [each.id for each in instruments_that_matter(session, organization_id)]
        )
        standing = focus.instrument_id if focus else None
        return standing if standing in found or not found else found[0]

    async def _show_instrument(self, context: Context) -> None:
        instrument_id = await self._desk.records.query(lambda session: find_instrument(session, context.id))
        state = self.state.value
        if instrument_id is None:
            name = context.name or next(iter(context.id.values()), "this instrument")
            self._set(text=f"The desk has no data on {name[:40]}.")
            return
        await self._read(state.business.organization_id if state.business else None, instrument_id)

    async def refresh(self) -> None:
        async with self._following:
            state = self.state.value
            if state.phase == "ready":
                await self._read(
                    state.business.organization_id if state.business else None,
                    state.focus.instrument_id if state.focus else None,
                )

    async def _read(self, organization_id: str | None, instrument_id: str | None) -> None:
        now = self._desk.clock()
        today, since = now.astimezone().date(), now - HISTORY

        def work(session: Session) -> tuple[Business | None, Focus | None]:
            return (
                read_business(session, organization_id, today) if organization_id else None,
                read_focus(session, instrument_id, organization_id, since) if instrument_id else None,
            )

        business, focus = await self._desk.records.query(work)
        self._set(phase="ready", business=business, focus=focus, text="")

    def _set(self, **changes: Any) -> None:
        self.state.set(replace(self.state.value, **changes))


async def start(fdc3: DesktopAgent, desk: Services) -> AnalyticsApp:
    app = AnalyticsApp(fdc3, desk)
    await app.listen()
    return app
