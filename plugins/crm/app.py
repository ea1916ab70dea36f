"""The CRM app: answers "who is this?", keeps the customer in focus fresh, and tells the other apps about them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from sqlalchemy.orm import Session

from app.records.lines import ContactCard
from app.records.queries import contact_card
from app.records.search import Hit, search
from app.records.tables import Instrument as InstrumentRecord
from app.records.tables import Interaction as InteractionRecord
from app.records.tables import Organization as OrganizationRecord
from app.services import CommitWatch, Notice, Services, State
from fdc3.client import DesktopAgent
from fdc3.types import Contact, Context, ContextMetadata, Instrument, Interaction, Organization, TimeRange
from plugins.crm.contacts import NewContact, NotSaved, add_contact, add_way_to_reach, organization_names
from plugins.crm.customer import Customer, Past, read_customer, read_past
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

    ``past`` follows the customer a moment later: what is seen first is not kept waiting for tabs that stand behind.
    ``person`` is the contact in focus, also where they belong to no organization. ``tab`` is a tab that was asked for,
    with ``tab_asked`` counting the requests. ``text`` says what failed.
    """

    phase: Phase = "empty"
    customer: Customer | None = None
    past: Past | None = None
    person: ContactCard | None = None
    resolution: Resolution | None = None
    organizations: tuple[str, ...] = ()
    tab: Tab = "holdings"
    tab_asked: int = 0
    text: str = ""


LOADING_SHOWN = 0.15
"""Seconds of reading after which the panel says so; before, a word that comes and goes only flickers."""
PAST_PAUSE = 0.06
"""Seconds in which the panels paint the customer undisturbed; what stands behind their tabs is read after that."""


@dataclass(frozen=True, slots=True)
class _Identified:
    """Who it is, known long before all that is known about them. ``organizations`` are for making a new contact."""

    resolution: Resolution
    organization: OrganizationRecord | None = None
    person: ContactCard | None = None
    organizations: tuple[str, ...] = ()


class CrmApp:
    """Shows one customer at a time. All methods run on the I/O loop."""

    def __init__(self, fdc3: DesktopAgent, desk: Services) -> None:
        self.state: State[CrmState] = State(CrmState())
        self._fdc3 = fdc3
        self._desk = desk
        self.past_in_front = False
        """Whether the panel's tab in front shows something of the past: then it is not kept waiting."""
        self._latest = 0
        self._past: asyncio.Task[None] | None = None
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

    async def explain_sync(self, organization_id: str) -> None:
        """Asks the sync panel why a customer is not in step with the server."""
        context = Context(type="deskline.record", id={"deskline": organization_id}, table="organization")
        await self._fdc3.raise_intent("deskline.ExplainSync", context)

    async def close(self) -> None:
        self._watch.close()
        if self._past is not None:
            self._past.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._past

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
        slow = asyncio.get_running_loop().call_later(LOADING_SHOWN, self._say_loading, ticket)
        try:
            found = await self._desk.records.query(lambda session: self._identify(session, asked))
            # The other panels begin to read while this one does.
            if tell and ticket == self._latest and found.resolution.kind == "known":
                await self._tell(found.organization, found.person if tell_contact else None, asked)
            customer = await self._read(found.organization)
        except Exception as error:
            self._failed(ticket, error)
            raise
        finally:
            slow.cancel()
        if ticket == self._latest:
            self._show(found, customer, tab)
            if self._past is not None:
                self._past.cancel()
            if customer is not None:
                self._past = asyncio.create_task(self._read_past(customer, ticket))
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

    async def focus_interaction(self, row: InteractionRecord) -> None:
        """Turns the apps that show interactions to this one."""
        person = self.state.value.person
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

        row = await self._desk.records.query(lambda session: session.get(InteractionRecord, interaction_id))
        if row is None:
            return
        asked = Asked(contact_id=row.contact_id) if row.contact_id else Asked(organization_id=row.organization_id)
        if not asked.empty:
            await self.view(asked, tab="interactions")
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

            def again_whole(session: Session) -> tuple[Customer | None, Past]:
                return read_customer(session, organization_id, now), read_past(session, organization_id)

            fresh, past = await self._desk.records.query(again_whole)
            if ticket == self._latest and fresh is not None and self.state.value.customer is customer:
                self._set(customer=fresh, past=past, person=fresh.person(person_id))
        elif person is not None:
            person_id = person.contact.id
            again = await self._desk.records.query(lambda session: contact_card(session, person_id))
            if ticket == self._latest and self.state.value.person is person:
                self._set(person=again)

    def _identify(self, session: Session, asked: Asked) -> _Identified:
        if asked.organization_id and not asked.contact_id:
            organization = session.get(OrganizationRecord, asked.organization_id)
            return _Identified(Resolution(asked, "known" if organization else "unknown"), organization)
        resolution = resolve(session, asked)
        if resolution.kind == "unknown":
            return _Identified(resolution, organizations=organization_names(session))
        if resolution.kind == "several":
            return _Identified(resolution)
        match = resolution.matches[0]
        organization = session.get(OrganizationRecord, match.organization_id) if match.organization_id else None
        return _Identified(resolution, organization, contact_card(session, match.contact_id))

    async def _read(self, organization: OrganizationRecord | None) -> Customer | None:
        if organization is None:
            return None
        now = self._desk.clock()
        return await self._desk.records.query(lambda session: read_customer(session, organization.id, now))

    async def _read_past(self, customer: Customer, ticket: int) -> None:
        if not self.past_in_front:
            await asyncio.sleep(PAST_PAUSE)
        try:
            past = await self._desk.records.query(lambda session: read_past(session, customer.id))
        except Exception as error:
            self._failed(ticket, error)
            return
        if self.state.value.customer is customer:
            self._set(past=past)

    def _failed(self, ticket: int, error: Exception) -> None:
        log.error("reading a customer failed", exc_info=error)
        if ticket == self._latest:
            self._set(phase="failed", text=f"The customer could not be read. {error}")

    def _say_loading(self, ticket: int) -> None:
        if ticket == self._latest:
            self._set(phase="loading", text="")

    def _show(self, found: _Identified, customer: Customer | None, tab: Tab | None) -> None:
        state = self.state.value
        self._set(
            phase=found.resolution.kind,
            customer=customer,
            past=None,
            person=found.person,
            resolution=found.resolution,
            organizations=found.organizations,
            tab=tab or state.tab,
            tab_asked=state.tab_asked + (tab is not None),
            text="",
        )

    def _set(self, **changes: Any) -> None:
        self.state.set(replace(self.state.value, **changes))

    # What the other apps hear

    async def _tell(self, organization: OrganizationRecord | None, person: ContactCard | None, asked: Asked) -> None:
        if person is not None:
            await self._fdc3.broadcast(_contact_context(person, asked))
        if organization is not None:
            await self._fdc3.broadcast(_organization_context(organization))

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
            answer["organization"] = _organization_context(state.customer.organization)
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


def _organization_context(organization: OrganizationRecord) -> Organization:
    ids = {"deskline": organization.id, "LEI": organization.lei}
    return Organization(name=organization.name, id={key: value for key, value in ids.items() if value})


async def start(fdc3: DesktopAgent, desk: Services) -> CrmApp:
    app = CrmApp(fdc3, desk)
    await app.listen()
    return app


__all__ = ["CrmApp", "CrmState", "NotSaved", "start"]
