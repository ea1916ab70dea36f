"""The CRM app: answers "who is this?", keeps the customer in focus fresh, and tells the other apps about them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from sqlalchemy.orm import Session

from app.records.lines import ContactCard, InteractionLine
from app.records.queries import contact_card
from app.records.search import Hit, search
from app.records.tables import Instrument as InstrumentRecord
from app.records.tables import Interaction as InteractionRecord
from app.services import CommitWatch, Notice, Services, State
from fdc3.client import DesktopAgent
from fdc3.types import Contact, Context, ContextMetadata, Instrument, Interaction, Organization, TimeRange
from plugins.crm.contacts import NewContact, NotSaved, add_contact, add_way_to_reach, organization_names
from plugins.crm.customer import Customer, read_customer
from plugins.crm.identity import Asked, Match, Resolution, asked_of, resolve

log = logging.getLogger(__name__)

TABLES = frozenset(
    {
        "organization", "contact", "contact_phone", "contact_email", "contact_handle", "consent", "credit_line",
        "holding", "deal", "enquiry", "interaction", "follow_up",
    }
)  # fmt: skip
"""What the panel shows, and therefore what it has to follow."""

Phase = Literal["empty", "loading", "known", "several", "unknown", "failed"]
Tab = Literal["holdings", "interactions", "deals", "enquiries", "contacts", "follow_ups"]


@dataclass(frozen=True, slots=True)
class CrmState:
    """What the panel shows. ``customer`` stays while the next one loads, so that nothing flickers.

    ``person`` is the contact in focus, also where they belong to no organization. ``tab`` is a tab that was asked for,
    with ``tab_asked`` counting the requests. ``text`` says what failed.
    """

    phase: Phase = "empty"
    customer: Customer | None = None
    person: ContactCard | None = None
    resolution: Resolution | None = None
    organizations: tuple[str, ...] = ()
    tab: Tab = "holdings"
    tab_asked: int = 0
    text: str = ""


@dataclass(frozen=True, slots=True)
class _Found:
    resolution: Resolution
    customer: Customer | None
    person: ContactCard | None
    organizations: tuple[str, ...]


class CrmApp:
    """Shows one customer at a time. All methods run on the I/O loop."""

    def __init__(self, fdc3: DesktopAgent, desk: Services) -> None:
        self.state: State[CrmState] = State(CrmState())
        self._fdc3 = fdc3
        self._desk = desk
        self._latest = 0
        self._asked = Asked()
        # Contact and organization arrive together: the second must see what the first has shown.
        self._following = asyncio.Lock()
        self._watch = CommitWatch(desk.records, TABLES, self.refresh)

    async def listen(self) -> None:
        await self._fdc3.add_intent_listener("ViewProfile", self._view_profile)
        await self._fdc3.add_intent_listener("ViewContact", self._view_profile)
        await self._fdc3.add_intent_listener("ViewHoldings", self._view_holdings)
        await self._fdc3.add_intent_listener("ViewInteractions", self._view_interactions)
        await self._fdc3.add_context_listener("fdc3.contact", self._contact_in_focus)
        await self._fdc3.add_context_listener("fdc3.organization", self._organization_in_focus)

    async def close(self) -> None:
        self._watch.close()

    # What other apps ask

    async def _view_profile(self, context: Context, metadata: ContextMetadata | None = None) -> Contact:
        resolution = await self.view(asked_of(context))
        return self._answer(context, resolution)

    async def _view_holdings(self, context: Context, metadata: ContextMetadata | None = None) -> None:
        await self.view(asked_of(context), tab="holdings")

    async def _view_interactions(self, context: Context, metadata: ContextMetadata | None = None) -> None:
        await self.view(asked_of(context), tab="interactions")

    async def _contact_in_focus(self, context: Context, metadata: ContextMetadata | None = None) -> None:
        asked = asked_of(context)
        async with self._following:
            person = self.state.value.person
            if asked.empty or (person is not None and asked.contact_id == person.contact.id):
                return
            # A contact in passing that nobody knows is no reason to ask the trader who it is.
            resolution = await self._desk.records.query(lambda session: resolve(session, asked))
            if resolution.kind == "known":
                await self.view(asked, tell_contact=asked.contact_id is None)

    async def _organization_in_focus(self, context: Context, metadata: ContextMetadata | None = None) -> None:
        asked = asked_of(context)
        async with self._following:
            customer = self.state.value.customer
            if asked.organization_id is None or (customer and customer.id == asked.organization_id):
                return
            await self.view(asked, tell=False)

    # What the trader does

    async def view(
        self, asked: Asked, *, tab: Tab | None = None, tell: bool = True, tell_contact: bool = True
    ) -> Resolution:
        """Finds and shows a customer, and broadcasts them. A later call wins over an earlier one still reading."""
        self._latest += 1
        ticket = self._latest
        self._asked = asked
        self._set(phase="loading", text="")
        try:
            found = await self._desk.records.query(lambda session: self._find(session, asked))
        except Exception as error:
            log.exception("reading a customer failed")
            if ticket == self._latest:
                self._set(phase="failed", text=f"The customer could not be read. {error}")
            raise
        if ticket != self._latest:
            return found.resolution
        self._show(found, tab)
        if tell and found.resolution.kind == "known":
            await self._tell(found.customer, found.person if tell_contact else None, asked)
        return found.resolution

    async def view_contact(self, contact_id: str) -> None:
        await self.view(Asked(contact_id=contact_id))

    async def view_organization(self, organization_id: str) -> None:
        await self.view(Asked(organization_id=organization_id))

    async def choose(self, match: Match, seen: Resolution | None = None) -> None:
        """One of several matches: the person is this one, for this call (``seen`` as in ``adopt``)."""
        resolution = seen or self.state.value.resolution
        asked = resolution.asked if resolution is not None else Asked()
        await self.view(replace(asked, contact_id=match.contact_id))

    async def adopt(self, match: Match, seen: Resolution | None = None) -> None:
        """A near match is the caller: the unknown number (or address, or handle) becomes theirs.

        ``seen`` is what the trader had before them: the next caller's number must not become this one's.
        """
        resolution = seen or self.state.value.resolution
        if resolution is None:
            return
        asked = resolution.asked
        await self._desk.records.write(
            self._desk.user.actor, lambda change: add_way_to_reach(change, match.contact_id, asked)
        )
        self._desk.notify(Notice(f"{asked.label} is now known as {match.name}.", "success"))
        await self.view(replace(asked, contact_id=match.contact_id))

    async def create_contact(self, new: NewContact, seen: Resolution | None = None) -> None:
        """Saves a contact made from an unknown call, with the number they called from (``seen`` as in ``adopt``).

        Raises ``NotSaved``.
        """
        resolution = seen or self.state.value.resolution
        asked = resolution.asked if resolution is not None else Asked()
        user, today = self._desk.user, self._desk.clock().date()
        contact_id = await self._desk.records.write(
            user.actor, lambda change: add_contact(change, new, asked, user.id, today)
        )
        self._desk.notify(Notice(f"{' '.join(new.name.split())} is now a contact.", "success"))
        await self.view(replace(asked, contact_id=contact_id))

    async def focus_instrument(self, instrument: InstrumentRecord) -> None:
        """Turns the other apps to an instrument."""
        ids = {"deskline": instrument.id, "ISIN": instrument.isin, "ticker": instrument.ticker}
        given = {key: value for key, value in ids.items() if value}
        await self._fdc3.broadcast(Instrument(id=given, name=instrument.symbol))

    async def focus_interaction(self, line: InteractionLine) -> None:
        """Turns the apps that show interactions to this one."""
        person = self.state.value.person
        row = line.interaction
        await self._fdc3.broadcast(
            Interaction(
                participants=[_contact_context(person, None)] if person else [],
                interaction_type="Phone Call" if row.kind == "call" else "Instant Message",
                time_range=TimeRange(start=row.started_at, end=row.ended_at),
                id={"deskline": row.id},
                description=row.subject,
            )
        )

    async def find(self, text: str) -> Sequence[Hit]:
        """Customers, contacts and interactions for the palette."""
        return await self._desk.records.query(lambda session: search(session, text, limit=12))

    async def open_hit(self, hit: Hit) -> None:
        """Shows what a palette line stands for."""
        if hit.kind == "organization":
            await self.view_organization(hit.record_id)
        elif hit.kind == "contact":
            await self.view_contact(hit.record_id)
        elif hit.kind == "instrument":
            instrument = await self._desk.records.query(lambda session: session.get(InstrumentRecord, hit.record_id))
            if instrument is not None:
                await self.focus_instrument(instrument)
        else:
            await self.open_interaction(hit.record_id)

    async def retry(self) -> None:
        """After a failure: the same customer again."""
        await self.view(self._asked)

    async def open_interaction(self, interaction_id: str | None) -> None:
        """Shows the customer of an interaction and turns the other apps to it."""
        if interaction_id is None:
            return

        def owner(session: Session) -> tuple[str | None, str | None]:
            row = session.get(InteractionRecord, interaction_id)
            return (row.contact_id, row.organization_id) if row is not None else (None, None)

        contact_id, organization_id = await self._desk.records.query(owner)
        asked = Asked(contact_id=contact_id) if contact_id else Asked(organization_id=organization_id)
        if asked.empty:
            return
        await self.view(asked, tab="interactions")
        customer = self.state.value.customer
        row = (
            next((row for row in customer.interactions if row.interaction.id == interaction_id), None)
            if customer
            else None
        )
        if row is not None:
            await self.focus_interaction(row)

    # Keeping it fresh

    async def refresh(self) -> None:
        """Reads the customer in focus again; nothing is broadcast."""
        state, ticket = self.state.value, self._latest
        if state.phase != "known":
            return
        customer, person = state.customer, state.person
        if customer is not None:
            organization_id, now = customer.id, self._desk.clock()
            person_id = person.contact.id if person else None
            fresh = await self._desk.records.query(lambda session: read_customer(session, organization_id, now))
            if ticket == self._latest and fresh is not None:
                self._set(customer=fresh, person=fresh.person(person_id))
        elif person is not None:
            person_id = person.contact.id
            again = await self._desk.records.query(lambda session: contact_card(session, person_id))
            if ticket == self._latest:
                self._set(person=again)

    def _find(self, session: Session, asked: Asked) -> _Found:
        now = self._desk.clock()
        if asked.organization_id and not asked.contact_id:
            customer = read_customer(session, asked.organization_id, now)
            kind: Literal["known", "unknown"] = "known" if customer else "unknown"
            return _Found(Resolution(asked, kind), customer, None, ())
        resolution = resolve(session, asked)
        if resolution.kind != "known":
            return _Found(resolution, None, None, organization_names(session) if resolution.kind == "unknown" else ())
        match = resolution.matches[0]
        if match.organization_id is not None:
            customer = read_customer(session, match.organization_id, now)
            if customer is not None:
                return _Found(resolution, customer, customer.person(match.contact_id), ())
        return _Found(resolution, None, contact_card(session, match.contact_id), ())

    def _show(self, found: _Found, tab: Tab | None) -> None:
        state = self.state.value
        self._set(
            phase=found.resolution.kind,
            customer=found.customer,
            person=found.person,
            resolution=found.resolution,
            organizations=found.organizations,
            tab=tab or state.tab,
            tab_asked=state.tab_asked + (tab is not None),
        )

    def _set(self, **changes: Any) -> None:
        self.state.set(replace(self.state.value, **changes))

    # What the other apps hear

    async def _tell(self, customer: Customer | None, person: ContactCard | None, asked: Asked) -> None:
        if person is not None:
            await self._fdc3.broadcast(_contact_context(person, asked))
        if customer is not None:
            await self._fdc3.broadcast(_organization_context(customer))

    def _answer(self, context: Context, resolution: Resolution) -> Contact:
        """The contact asked about, enriched; of an unknown one, what was known before and ``resolution``."""
        state = self.state.value
        if resolution.kind != "known":
            answer = Contact(name=context.name, id=context.id)
            answer["resolution"] = resolution.kind
            return answer
        match = resolution.matches[0] if resolution.matches else None
        if state.person is not None and match is not None and state.person.contact.id == match.contact_id:
            answer = _contact_context(state.person, resolution.asked)
        elif match is not None:
            answer = Contact(name=match.name, id={"deskline": match.contact_id})
        else:
            answer = Contact(id={}, name=None)
        # Another caller may be in the panel by now.
        theirs = match is None or (state.customer is not None and state.customer.id == match.organization_id)
        if state.customer is not None and theirs:
            answer["organization"] = _organization_context(state.customer)
        elif match is not None and match.organization_id is not None:
            answer["organization"] = Organization(name=match.organization, id={"deskline": match.organization_id})
        answer["resolution"] = "known"
        return answer


def _contact_context(card: ContactCard, asked: Asked | None) -> Contact:
    """Carries the number that was asked about, so that whoever asked recognises its caller in the broadcast."""
    asked = asked or Asked()
    ids = {
        "deskline": card.contact.id,
        "phone": asked.phone or next((phone.e164 for phone in card.phones), None),
        "email": asked.email or next((email.address for email in card.emails), None),
        "handle": asked.handle or next((handle.handle for handle in card.handles), None),
    }
    return Contact(name=card.contact.name, id={key: value for key, value in ids.items() if value})


def _organization_context(customer: Customer) -> Organization:
    ids = {"deskline": customer.id, "LEI": customer.organization.lei}
    return Organization(name=customer.organization.name, id={key: value for key, value in ids.items() if value})


async def start(fdc3: DesktopAgent, desk: Services) -> CrmApp:
    app = CrmApp(fdc3, desk)
    await app.listen()
    return app


__all__ = ["CrmApp", "CrmState", "NotSaved", "start"]
