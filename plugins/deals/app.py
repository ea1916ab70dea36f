"""The deals app: a ticket per customer, prefilled from context and from the conversation; registering; the blotter."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy.orm import Session

from app.brokerage.credit import Rates
from app.brokerage.entry import format_price
from app.records.errors import StoreError
from app.records.ids import new_id
from app.services import CommitWatch, Notice, Services, State
from fdc3.client import DesktopAgent
from fdc3.types import Context, ContextMetadata, Organization
from fdc3.types.errors import Fdc3Error
from plugins.deals import booking
from plugins.deals.blotter import Scope
from plugins.deals.booking import NeedsReason, NotRegistered, Order, Registered
from plugins.deals.contexts import instrument_context, trade_context
from plugins.deals.dealt import Dealt
from plugins.deals.directory import read_client, read_client_of, read_directory
from plugins.deals.hearing import Talks, proposed
from plugins.deals.prices import DealingPrices
from plugins.deals.reading import Market, plausible, read
from plugins.deals.reserves import Reserves
from plugins.deals.state import DealsState
from plugins.deals.ticket import Client, FieldName, Heard, Side, Ticket

log = logging.getLogger(__name__)

CONVERSATION = "deskline.conversation"
DEALS = "deskline.deals"
PRICE_SECONDS = 0.25


class DealsApp:
    """All methods run on the I/O loop. What the trader types arrives in order and before ``register``."""

    def __init__(self, fdc3: DesktopAgent, desk: Services) -> None:
        self._fdc3 = fdc3
        self._desk = desk
        self._prices = DealingPrices(desk.prices)
        self._tickets: dict[str | None, Ticket] = {}
        self._talks = Talks()
        self._following = asyncio.Lock()  # contexts take effect in the order in which they came
        self._turning = asyncio.Lock()
        blank = Ticket(new_id())
        self.state: State[DealsState] = State(DealsState(blank, read(blank, Market(), Rates({}), self._today())))
        self._watch = CommitWatch(desk.records, {"deal", "credit_line", "account"}, self.refresh)
        self._directory_watch = CommitWatch(desk.records, {"instrument", "organization"}, self._read_directory)
        self._reserves = Reserves(desk, self._watch.soon)
        self.dealt = Dealt(fdc3, desk, self.state, at=lambda: self._reserves.at, refresh=self.refresh, tell=self._tell)
        self._following_prices: asyncio.Task[None] | None = None

    async def listen(self) -> None:
        await self._read_directory()
        await self._fdc3.add_intent_listener("ViewOrders", self._view_orders)
        await self._fdc3.add_context_listener("fdc3.contact", self._contact_in_focus)
        await self._fdc3.add_context_listener("fdc3.organization", self._organization_in_focus)
        await self._fdc3.add_context_listener("fdc3.instrument", self._instrument_in_focus)
        channel = await self._fdc3.get_or_create_channel(CONVERSATION)
        await channel.add_context_listener("deskline.conversation.state", self._conversation)
        await channel.add_context_listener("deskline.conversation.facts", self._facts)
        deals = await self._fdc3.get_or_create_channel(DEALS)
        await deals.add_context_listener("deskline.deal.proposal", self._proposed)
        await self.refresh()
        self._following_prices = asyncio.create_task(self._follow_prices())

    async def close(self) -> None:
        self._watch.close()
        self._directory_watch.close()
        self._reserves.close()
        if self._following_prices is not None:
            self._following_prices.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._following_prices

    # What other apps say

    async def _contact_in_focus(self, context: Context, metadata: ContextMetadata | None = None) -> None:
        contact_id = context.id.get("deskline")
        async with self._following:
            if contact_id:
                await self._turn(lambda session: read_client_of(session, contact_id, self._reserves.at))

    async def _organization_in_focus(self, context: Context, metadata: ContextMetadata | None = None) -> None:
        organization_id = context.id.get("deskline")
        async with self._following:
            standing = self.state.value.ticket.client
            if organization_id and (standing is None or standing.organization_id != organization_id):
                await self.turn_to(organization_id)

    async def _instrument_in_focus(self, context: Context, metadata: ContextMetadata | None = None) -> None:
        async with self._following:
            directory = self.state.value.directory
            security = directory.security(context.id.get("deskline")) or next(
                (found for text in context.id.values() if (found := directory.find_security(text)) is not None), None
            )
            if security is not None:
                self._put(self.state.value.ticket.deal_in(security, "context"))

    async def _view_orders(self, context: Context, metadata: ContextMetadata | None = None) -> None:
        if context.type == "fdc3.contact":
            await self._contact_in_focus(context)
        elif context.type == "fdc3.organization":
            await self._organization_in_focus(context)
        else:
            await self._instrument_in_focus(context)
        state = self.state.value
        self._set(page="blotter", page_asked=state.page_asked + 1)
        await self.show("today" if context.type == "fdc3.instrument" else "customer")

    async def _conversation(self, context: Context, metadata: ContextMetadata | None = None) -> None:
        if self._talks.conversation(context, self._desk.clock()):
            self._offer_heard()

    async def _facts(self, context: Context, metadata: ContextMetadata | None = None) -> None:
        if self._talks.facts(context, self.state.value.directory):
            self._offer_heard()

    async def _proposed(self, context: Context, metadata: ContextMetadata | None = None) -> None:
        """A report asks to have a deal registered that was heard: its ticket, in front, ready for the trader."""
        heard = proposed(context, self.state.value.directory)
        if heard is None:
            return
        async with self._following:
            organization_id, contact_id = context.get("organization_id"), context.get("contact_id")
            if isinstance(organization_id, str):
                await self.turn_to(organization_id, contact_id if isinstance(contact_id, str) else None)
            self._talks.propose(heard)
            self._take_heard(heard)
            self._offer_heard()
            self._set(page="ticket", page_asked=self.state.value.page_asked + 1)

    # The ticket

    async def turn_to(self, organization_id: str, contact_id: str | None = None) -> None:
        """This customer's ticket: the one begun earlier or a new one. One begun without a client becomes theirs."""
        await self._turn(lambda session: read_client(session, organization_id, contact_id, self._reserves.at))

    async def _turn(self, find: Callable[[Session], Client | None]) -> None:
        async with self._turning:
            client = await self._desk.records.query(find)
            if client is None:
                return
            ticket, organization_id = self.state.value.ticket, client.organization_id
            standing = ticket.client
            if standing is not None and standing.organization_id == organization_id:
                kept = replace(client, contact_id=client.contact_id or standing.contact_id)
                self._put(ticket.for_client(kept))
            else:
                self._tickets[standing.organization_id if standing else None] = ticket
                begun = self._tickets.pop(organization_id, None)
                if begun is None and standing is None:
                    begun = ticket
                self._put((begun or Ticket(new_id())).for_client(client), fresh=True)
            self._offer_heard()
            if self.state.value.scope == "customer":
                await self._read_rows()

    async def type(self, name: FieldName, text: str) -> None:
        self._put(self.state.value.ticket.put(name, text, "typed"))

    async def choose_side(self, side: Side) -> None:
        self._put(self.state.value.ticket.for_side(side, "typed"))

    async def choose_client(self, text: str) -> None:
        found = self.state.value.directory.find_customer(text)
        if found is None:
            self._not_found("client", f"There is no customer called “{text.strip()[:40]}”." if text.strip() else "")
            return
        await self.turn_to(found.id)
        await self._tell(Organization(name=found.name, id={"deskline": found.id}))

    async def choose_instrument(self, text: str) -> None:
        found = self.state.value.directory.find_security(text)
        if found is None:
            self._not_found(
                "instrument", f"There is no instrument called “{text.strip()[:40]}”." if text.strip() else ""
            )
            return
        self._put(self.state.value.ticket.deal_in(found, "typed"))
        await self._tell(instrument_context(found))

    async def accept_heard(self) -> None:
        """Makes what was said the ticket, the trader's own words giving way where they name another instrument."""
        state = self.state.value
        heard = state.ticket.heard or next(iter(state.heard), None)
        if heard is not None:
            self._take_heard(heard)

    def _take_heard(self, heard: Heard) -> None:
        state = self.state.value
        ticket = state.ticket
        security = state.directory.security(heard.instrument_id)
        if security is not None and ticket.security is not None and security.id != ticket.security.id:
            ticket = Ticket(new_id())
            ticket = ticket.for_client(state.ticket.client) if state.ticket.client else ticket
        self._put(ticket.prefilled(heard, security).accepted(), fresh=ticket.id != state.ticket.id)

    async def dismiss_heard(self) -> None:
        """Takes what was said out of the ticket; it is not offered again."""
        ticket = self.state.value.ticket
        if ticket.heard is not None:
            self._talks.settle(ticket.heard.key)
            self._put(ticket.without_heard(), fresh=True)
            self._offer_heard()

    async def clear(self) -> None:
        """A new ticket for the same customer."""
        ticket = self.state.value.ticket
        blank = Ticket(new_id(), interaction_id=self._talk_with(ticket.client))
        self._put(blank.for_client(ticket.client) if ticket.client else blank, fresh=True)

    # Dealing

    async def register(self, seen: Ticket, shown: Mapping[FieldName, str], refer_reason: str = "") -> None:
        """Writes the deal as the trader saw it: the ``seen`` ticket with the texts ``shown`` in its fields.

        Called again for the same ticket it changes nothing. A ticket that turned to something else meanwhile is not
        registered: nobody deals what they did not read.
        """
        state = self.state.value
        if state.busy:
            return
        ticket = state.ticket
        if (ticket.id, ticket.side, ticket.names) != (seen.id, seen.side, seen.names):
            self._set(refused="The ticket changed as you pressed Register. Read it and press again.")
            return
        for name, text in shown.items():
            if ticket.text(name) != text:
                ticket = ticket.put(name, text, "typed")
        ticket = replace(ticket, interaction_id=ticket.interaction_id or self._talk_with(ticket.client))
        order = self._order(ticket, refer_reason)
        if not order.reading.complete:
            self._set(refused=order.reading.problem)
            return
        self._set(busy=True, refused="", needs_reason="")
        try:
            done = await self._desk.records.write(self._desk.user.actor, lambda change: booking.register(change, order))
        except NeedsReason as wanted:
            self._set(busy=False, needs_reason=str(wanted))
        except (NotRegistered, StoreError) as refused:
            self._set(busy=False, refused=str(refused))
            await self._read_client_again()
        except BaseException:
            self._set(busy=False, refused="The deal was not registered. Try again.")
            raise
        else:
            self._set(busy=False)
            await self._registered(order, done)

    async def show(self, scope: Scope) -> None:
        """The blotter of today, or of the customer."""
        self.dealt.choose(scope)
        await self._read_rows()

    # Keeping it fresh

    async def refresh(self) -> None:
        """Reads the blotter and the client's lines again."""
        await self._read_rows()
        await self._read_client_again()

    async def _read_directory(self) -> None:
        self._set(directory=await self._desk.records.query(read_directory))

    async def _read_rows(self) -> None:
        await self.dealt.read()
        rows = self.state.value.rows
        self._talks.settle(*(row.heard_key for row in rows if row.interaction_id and not row.cancelled))
        self._offer_heard()

    async def _read_client_again(self) -> None:
        client = self.state.value.ticket.client
        if client is None:
            return

        known, at = client, self._reserves.at
        fresh = await self._desk.records.query(lambda s: read_client(s, known.organization_id, known.contact_id, at))
        ticket = self.state.value.ticket
        if fresh is not None and ticket.client is not None and ticket.client.organization_id == fresh.organization_id:
            self._put(replace(ticket, client=fresh))

    async def _follow_prices(self) -> None:
        """The ticket follows the market four times a second, and only when its price moved."""
        seen = Market()
        while True:
            await asyncio.sleep(PRICE_SECONDS)
            market = self._prices.market(self.state.value.ticket.security)
            if market != seen:
                seen = market
                self._put(self.state.value.ticket)

    # Parts

    def _put(self, ticket: Ticket, *, fresh: bool = False) -> None:
        """Shows a ticket: its price follows the market until someone names one, and it is read and checked anew."""
        market = self._prices.market(ticket.security)
        dealing = market.price(ticket.side)
        if ticket.security is not None and dealing is not None:
            ticket = ticket.put("price", format_price(dealing, ticket.security.decimals), "market")
        kind = self._talks.kind(ticket.interaction_id or self._talk_with(ticket.client))
        ticket = ticket.put("source", "chat" if kind == "chat" else "voice", "context")
        before = self.state.value
        changes: dict[str, Any] = {}
        if fresh or ticket.id != before.ticket.id or ticket.entries != before.ticket.entries:
            changes = {"refused": "", "needs_reason": "", "not_found": {}}
        reading = read(ticket, market, self._rates(), self._today())
        self._set(ticket=ticket, market=market, reading=reading, **changes)
        self._reserves.want(ticket.client)

    def _offer_heard(self) -> None:
        """Puts the next deal heard from this customer into the ticket, as far as the trader left room."""
        ticket = self.state.value.ticket
        interaction_id = self._talk_with(ticket.client) or (ticket.heard.interaction_id if ticket.heard else None)
        waiting = self._talks.waiting(interaction_id)
        self._set(heard=waiting)
        if not waiting:
            if ticket.heard is not None and ticket.heard.interaction_id == interaction_id:
                self._put(ticket.without_heard())  # corrected away in the conversation
            return
        current = next((heard for heard in waiting if ticket.heard and heard.key == ticket.heard.key), waiting[0])
        if ticket.heard is not None and ticket.heard.key != current.key:
            ticket = ticket.without_heard()
        security = self.state.value.directory.security(current.instrument_id)
        self._put(ticket.prefilled(plausible(current, self._prices.market(security), security), security))

    def _talk_with(self, client: Client | None) -> str | None:
        return self._talks.with_customer(client.organization_id, self._desk.clock()) if client is not None else None

    async def _registered(self, order: Order, done: Registered) -> None:
        ticket = order.ticket
        if ticket.heard is not None:
            self._talks.settle(ticket.heard.key)
        self._reserves.used(done.credit.line_id)
        blank = Ticket(new_id())
        self._put(blank.for_client(ticket.client) if ticket.client else blank, fresh=True)
        await self.refresh()
        if done.first:
            trade = trade_context(order)
            self._desk.notify(Notice(f"Registered: {trade.name}.", "success"))
            await self._tell(trade)
            try:
                await (await self._fdc3.get_or_create_channel(DEALS)).broadcast(trade)
            except Fdc3Error:
                log.exception("a registered deal was not broadcast")

    def _order(self, ticket: Ticket, refer_reason: str) -> Order:
        market, rates, today = (
            self._prices.market(ticket.security),
            self._rates(),
            self._today(),
        )
        reading = read(ticket, market, rates, today)
        user, at = self._desk.user.id, self._reserves.at
        return Order(ticket, reading, market, rates, self._desk.clock(), today, user, at, refer_reason)

    def _rates(self) -> Rates:
        return self._prices.rates(self.state.value.directory.securities)

    def _today(self) -> dt.date:
        return self._desk.clock().astimezone().date()

    def _not_found(self, name: str, text: str) -> None:
        self._set(not_found={**self.state.value.not_found, name: text})

    def _set(self, **changes: Any) -> None:
        self.state.set(replace(self.state.value, **changes))

    async def _tell(self, context: Context) -> None:
        try:
            await self._fdc3.broadcast(context)
        except Fdc3Error:
            log.exception("a %s was not broadcast", context.type)


async def start(fdc3: DesktopAgent, desk: Services) -> DealsApp:
    app = DealsApp(fdc3, desk)
    await app.listen()
    return app
