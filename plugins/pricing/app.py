"""The pricing panel's behaviour: which instruments it shows and which one is in focus. Prices come from the book."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from app.market.book import PriceBook
from app.services import Services, State
from fdc3.client import DesktopAgent
from fdc3.types import Context, ContextMetadata
from plugins.pricing import lists
from plugins.pricing.lists import PriceLine, PriceList

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PricingState:
    """``asked`` counts ViewQuote intents: the view comes to the front when it grows."""

    title: str = "Desk runs"
    organization_id: str | None = None
    lines: tuple[PriceLine, ...] = ()
    focus: str | None = None
    asked: int = 0
    loading: bool = True


class PricingApp:
    """Follows the customer and the instrument in focus."""

    def __init__(self, fdc3: DesktopAgent, desk: Services) -> None:
        self.state: State[PricingState] = State(PricingState())
        self._fdc3 = fdc3
        self._desk = desk
        # Contact and organization arrive together: the second must see what the first has shown.
        self._following = asyncio.Lock()

    @property
    def prices(self) -> PriceBook:
        return self._desk.prices

    async def start(self) -> None:
        await self._fdc3.add_context_listener("fdc3.organization", self._customer)
        await self._fdc3.add_context_listener("fdc3.contact", self._customer)
        await self._fdc3.add_context_listener("fdc3.instrument", self._instrument)
        await self._fdc3.add_intent_listener("ViewQuote", self._view_quote)
        await self.show_desk()

    async def close(self) -> None:
        """Nothing is held open: listeners go with the connection."""

    async def show_desk(self) -> None:
        """Shows what the desk deals most, for when no customer is in focus."""
        now = self._desk.clock()
        self._show(await self._desk.records.query(lambda session: lists.desk_list(session, now)))

    async def choose(self, instrument_id: str) -> None:
        """Puts an instrument in focus here and tells the other panels."""
        if self.state.value.focus == instrument_id:
            return
        self.state.set(replace(self.state.value, focus=instrument_id))
        context = await self._desk.records.query(lambda session: lists.context_of(session, instrument_id))
        if context is not None:
            await self._fdc3.broadcast(Context.parse(context))

    def _show(self, found: PriceList) -> None:
        state = self.state.value
        focus = state.focus if any(line.id == state.focus for line in found.lines) else None
        self.state.set(
            replace(
                state,
                title=found.title,
                organization_id=found.organization_id,
                lines=found.lines,
                focus=focus,
                loading=False,
            )
        )

    async def _customer(self, context: Context, metadata: ContextMetadata | None = None) -> None:
        kind, named, now = str(context.get("type")), _ids(context), self._desk.clock()

        def work(session: Session) -> PriceList | None:
            organization_id = lists.organization_of(session, named, kind)
            if organization_id is None:
                # A person without a house known to us: the desk's own list is more use than the last customer's.
                return lists.desk_list(session, now)
            if organization_id == self.state.value.organization_id:
                return None
            return lists.customer_list(session, organization_id, now)

        async with self._following:
            found = await self._desk.records.query(work)
            if found is not None:
                self._show(found)

    async def _instrument(self, context: Context, metadata: ContextMetadata | None = None) -> None:
        await self._focus(context)

    async def _view_quote(self, context: Context, metadata: ContextMetadata | None = None) -> Context:
        await self._focus(context)
        self.state.set(replace(self.state.value, asked=self.state.value.asked + 1))
        return context

    async def _focus(self, context: Context) -> None:
        named, name = _ids(context), context.get("name")
        line = await self._desk.records.query(
            lambda session: lists.find_instrument(session, named, name if isinstance(name, str) else None)
        )
        if line is None:
            log.info("an instrument that this desk does not know was put in focus")
            return
        state = self.state.value
        known = any(other.id == line.id for other in state.lines)
        lines = state.lines if known else (replace(line, why="In focus"), *state.lines)
        self.state.set(replace(state, lines=lines, focus=line.id))


def _ids(context: Context) -> dict[str, object]:
    named = context.get("id")
    return dict(named) if isinstance(named, dict) else {}


async def start(fdc3: DesktopAgent, desk: Services) -> PricingApp:
    app = PricingApp(fdc3, desk)
    await app.start()
    return app
