"""The analytics app: follows the customer and the instrument in focus."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

from sqlalchemy.orm import Session

from app.records.errors import StoreError
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
        """The customer's business, and the instrument in focus if it matters to them too, else what matters most."""
        named, is_contact = context.id.get("deskline"), context.type == "fdc3.contact"
        if not named:
            return
        state, now = self.state.value, self._desk.clock()
        shown = state.business.organization_id if state.business else None
        standing = state.focus.instrument_id if state.focus else None

        def work(session: Session) -> tuple[Business | None, Focus | None] | None:
            organization_id = organization_of(session, named) if is_contact else named
            if organization_id is None or organization_id == shown:
                return None
            return _figures(session, organization_id, lambda business: _what_matters(business, standing), now)

        found = await self._desk.records.query(work)
        if found is not None:
            self._set(phase="ready", business=found[0], focus=found[1], text="")

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
        business, focus = await self._desk.records.query(
            lambda session: _figures(session, organization_id, lambda _: instrument_id, now)
        )
        self._set(phase="ready", business=business, focus=focus, text="")

    def _set(self, **changes: Any) -> None:
        self.state.set(replace(self.state.value, **changes))


def _figures(
    session: Session,
    organization_id: str | None,
    instrument: Callable[[Business | None], str | None],
    now: dt.datetime,
) -> tuple[Business | None, Focus | None]:
    """A customer's business, and what there is on the instrument that is chosen by it."""
    today = now.astimezone().date()
    business = read_business(session, organization_id, today) if organization_id else None
    instrument_id = instrument(business)
    return business, read_focus(session, instrument_id, organization_id, now - HISTORY) if instrument_id else None


def _what_matters(business: Business | None, standing: str | None) -> str | None:
    """The instrument in focus if it matters to the customer too, or if nothing does; else what matters most."""
    matters = [each.id for each in business.matters] if business is not None else []
    return standing if standing in matters or not matters else matters[0]


async def start(fdc3: DesktopAgent, desk: Services) -> AnalyticsApp:
    app = AnalyticsApp(fdc3, desk)
    await app.listen()
    return app
