"""Everything the panel shows of one customer, read in one go into frozen rows. No Qt, no FDC3."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.brokerage.credit import Line
from app.brokerage.revenue import hit_ratio
from app.records.tables import (
    Consent,
    Contact,
    ContactEmail,
    ContactHandle,
    ContactPhone,
    CreditLine,
    Deal,
    Enquiry,
    FollowUp,
    Holding,
    Instrument,
    Interaction,
    Organization,
    User,
)

SHOWN = 60
"""Rows of a tab; older ones are found by search."""


@dataclass(frozen=True, slots=True)
class Person:
    id: str
    name: str
    title: str
    phones: tuple[str, ...]
    emails: tuple[str, ...]
    handles: tuple[str, ...]
    consents: tuple[tuple[str, bool], ...]  # channel and whether it is granted, by the newest word on it


@dataclass(frozen=True, slots=True)
class HoldingRow:
    id: str
    instrument_id: str
    symbol: str
    kind: str
    isin: str | None
    ticker: str | None
    decimals: int
    quantity: Decimal
    average_price: Decimal
    close: Decimal
    interest: str
    last_dealt: dt.datetime | None


@dataclass(frozen=True, slots=True)
class InteractionRow:
    id: str
    kind: str
    direction: str
    status: str
    started_at: dt.datetime
    minutes: float | None
    contact: str
    subject: str
    disposition: str
    report_status: str


@dataclass(frozen=True, slots=True)
class DealRow:
    id: str
    instrument_id: str
    symbol: str
    isin: str | None
    ticker: str | None
    decimals: int
    client_side: str
    quantity: Decimal
    price: Decimal
    value_date: dt.date | None
    traded_at: dt.datetime
    status: str
    revenue_usd: Decimal | None


@dataclass(frozen=True, slots=True)
class EnquiryRow:
    id: str
    instrument_id: str | None
    symbol: str
    isin: str | None
    ticker: str | None
    client_side: str
    quantity: Decimal | None
    bid: Decimal | None
    ask: Decimal | None
    decimals: int
    outcome: str
    at: dt.datetime


@dataclass(frozen=True, slots=True)
class FollowUpRow:
    id: str
    what: str
    owner: str
    due: dt.datetime | None
    interaction_id: str | None


@dataclass(frozen=True, slots=True)
class Figures:
    """The key figures. Hit ratios are 0..1 or None without a firm enquiry; the year before is up to the same day."""

    revenue_ytd: Decimal
    revenue_before: Decimal
    hit_ratio: Decimal | None
    hit_ratio_before: Decimal | None
    last_contact: dt.datetime | None
    last_contact_kind: str


@dataclass(frozen=True, slots=True)
class Customer:
    organization_id: str
    name: str
    short_name: str
    kind: str
    tier: int | None
    status: str
    city: str
    country: str
    lei: str | None
    mifid_category: str
    relationship_owner: str
    person: Person | None
    people: tuple[Person, ...]
    lines: tuple[Line, ...]
    figures: Figures
    holdings: tuple[HoldingRow, ...]
    interactions: tuple[InteractionRow, ...]
    interaction_count: int
    deals: tuple[DealRow, ...]
    deal_count: int
    enquiries: tuple[EnquiryRow, ...]
    enquiry_count: int
    follow_ups: tuple[FollowUpRow, ...]


def read_customer(session: Session, organization_id: str, contact_id: str | None, now: dt.datetime) -> Customer | None:
    """The customer as known now; None if there is no such organization. About a dozen small indexed reads."""
    found = session.execute(
        select(Organization, User.name)
        .outerjoin(User, Organization.owner_id == User.id)
        .where(Organization.id == organization_id)
    ).first()
    if found is None:
        return None
    organization, owner = found
    people = read_people(session, organization_id)
    interactions = _interactions(session, organization_id)
    return Customer(
        organization_id=organization.id,
        name=organization.name,
        short_name=organization.short_name,
        kind=organization.kind,
        tier=organization.tier,
        status=organization.status,
        city=organization.city or "",
        country=organization.country or "",
        lei=organization.lei,
        mifid_category=organization.mifid_category or "",
        relationship_owner=owner or "",
        person=next((person for person in people if person.id == contact_id), None),
        people=people,
        lines=_lines(session, organization_id),
        figures=_figures(session, organization_id, interactions, now),
        holdings=_holdings(session, organization_id),
        interactions=interactions,
        interaction_count=_count(session, Interaction, organization_id),
        deals=_deals(session, organization_id),
        deal_count=_count(session, Deal, organization_id),
        enquiries=_enquiries(session, organization_id),
        enquiry_count=_count(session, Enquiry, organization_id),
        follow_ups=_follow_ups(session, organization_id),
    )


def read_people(session: Session, organization_id: str) -> tuple[Person, ...]:
    """The active contacts of an organization with all that they can be reached by."""
    rows = session.execute(
        select(Contact.id, Contact.name, Contact.title)
        .where(Contact.organization_id == organization_id, Contact.status == "active")
        .order_by(Contact.name)
    ).all()
    return _people(session, [(contact_id, name, title or "") for contact_id, name, title in rows])


def read_person(session: Session, contact_id: str) -> Person | None:
    """One contact, whether or not they belong to an organization."""
    row = session.execute(select(Contact.id, Contact.name, Contact.title).where(Contact.id == contact_id)).first()
    if row is None:
        return None
    return _people(session, [(row[0], row[1], row[2] or "")])[0]


def _people(session: Session, rows: list[tuple[str, str, str]]) -> tuple[Person, ...]:
    ids = [contact_id for contact_id, _, _ in rows]
    reach: dict[tuple[str, str], list[str]] = defaultdict(list)
    for kind, query in (
        ("phone", select(ContactPhone.contact_id, ContactPhone.e164).where(ContactPhone.contact_id.in_(ids))),
        ("email", select(ContactEmail.contact_id, ContactEmail.address).where(ContactEmail.contact_id.in_(ids))),
        ("handle", select(ContactHandle.contact_id, ContactHandle.handle).where(ContactHandle.contact_id.in_(ids))),
    ):
        for contact_id, value in session.execute(query).tuples():
            reach[contact_id, kind].append(value)
    consents: dict[str, dict[str, bool]] = defaultdict(dict)
    given = select(Consent.contact_id, Consent.channel, Consent.granted).where(Consent.contact_id.in_(ids))
    for contact_id, channel, granted in session.execute(given.order_by(Consent.at)).tuples():
        consents[contact_id][channel] = granted
    return tuple(
        Person(
            contact_id,
            name,
            title,
            tuple(reach[contact_id, "phone"]),
            tuple(reach[contact_id, "email"]),
            tuple(reach[contact_id, "handle"]),
            tuple(sorted(consents[contact_id].items())),
        )
        for contact_id, name, title in rows
    )


def _lines(session: Session, organization_id: str) -> tuple[Line, ...]:
    rows = session.scalars(select(CreditLine).where(CreditLine.organization_id == organization_id))
    return tuple(Line(row.kind, row.currency, row.limit, row.used, row.expires, row.status, row.id) for row in rows)


def _figures(
    session: Session, organization_id: str, interactions: tuple[InteractionRow, ...], now: dt.datetime
) -> Figures:
    year = now.replace(month=1, day=1, hour=0, minute=0, second=0, microsecond=0)
    before = year.replace(year=year.year - 1)
    same_day = now - (year - before)
    earned: dict[bool, Decimal] = {True: Decimal(0), False: Decimal(0)}
    deals = select(Deal.traded_at, Deal.revenue_usd).where(
        Deal.organization_id == organization_id, Deal.traded_at >= before, Deal.status != "cancelled"
    )
    for traded_at, revenue in session.execute(deals).tuples():
        if revenue is not None and (traded_at >= year or traded_at <= same_day):
            earned[traded_at >= year] += revenue
    asked: dict[bool, list[str]] = {True: [], False: []}
    enquiries = select(Enquiry.at, Enquiry.outcome).where(
        Enquiry.organization_id == organization_id, Enquiry.at >= before
    )
    for at, outcome in session.execute(enquiries).tuples():
        if at >= year or at <= same_day:
            asked[at >= year].append(outcome)
    talked = next((row for row in interactions if row.status in ("ended", "interrupted")), None)
    return Figures(
        earned[True],
        earned[False],
        hit_ratio(asked[True]),
        hit_ratio(asked[False]),
        talked.started_at if talked else None,
        talked.kind if talked else "",
    )


def _holdings(session: Session, organization_id: str) -> tuple[HoldingRow, ...]:
    dealt = dict(
        session.execute(
            select(Deal.instrument_id, func.max(Deal.traded_at))
            .where(Deal.organization_id == organization_id, Deal.status != "cancelled")
            .group_by(Deal.instrument_id)
        )
        .tuples()
        .all()
    )
    rows = session.execute(
        select(Holding, Instrument)
        .join(Instrument, Holding.instrument_id == Instrument.id)
        .where(Holding.organization_id == organization_id)
    ).all()
    made = [
        HoldingRow(
            holding.id,
            instrument.id,
            instrument.symbol,
            instrument.kind,
            instrument.isin,
            instrument.ticker,
            instrument.price_decimals,
            holding.quantity,
            holding.average_price,
            instrument.reference_price,
            holding.interest,
            dealt.get(instrument.id),
        )
        for holding, instrument in rows
    ]
    return tuple(sorted(made, key=lambda row: (-abs(row.quantity), row.symbol)))


def _interactions(session: Session, organization_id: str) -> tuple[InteractionRow, ...]:
    rows = session.execute(
        select(Interaction, Contact.name)
        .outerjoin(Contact, Interaction.contact_id == Contact.id)
        .where(Interaction.organization_id == organization_id)
        .order_by(Interaction.started_at.desc())
        .limit(SHOWN)
    )
    return tuple(
        InteractionRow(
            row.id,
            row.kind,
            row.direction,
            row.status,
            row.started_at,
            (row.ended_at - row.started_at).total_seconds() / 60 if row.ended_at else None,
            contact or "",
            row.subject,
            row.disposition or "",
            row.report_status,
        )
        for row, contact in rows
    )


def _deals(session: Session, organization_id: str) -> tuple[DealRow, ...]:
    rows = session.execute(
        select(Deal, Instrument)
        .join(Instrument, Deal.instrument_id == Instrument.id)
        .where(Deal.organization_id == organization_id)
        .order_by(Deal.traded_at.desc())
        .limit(SHOWN)
    )
    return tuple(
        DealRow(
            deal.id,
            instrument.id,
            instrument.symbol,
            instrument.isin,
            instrument.ticker,
            instrument.price_decimals,
            deal.client_side,
            deal.quantity,
            deal.price,
            deal.value_date,
            deal.traded_at,
            deal.status,
            deal.revenue_usd,
        )
        for deal, instrument in rows
    )


def _enquiries(session: Session, organization_id: str) -> tuple[EnquiryRow, ...]:
    rows = session.execute(
        select(Enquiry, Instrument)
        .outerjoin(Instrument, Enquiry.instrument_id == Instrument.id)
        .where(Enquiry.organization_id == organization_id)
        .order_by(Enquiry.at.desc())
        .limit(SHOWN)
    ).tuples()
    return tuple(
        EnquiryRow(
            enquiry.id,
            enquiry.instrument_id,
            instrument.symbol if instrument else "–",
            instrument.isin if instrument else None,
            instrument.ticker if instrument else None,
            enquiry.client_side or "",
            enquiry.quantity,
            enquiry.bid,
            enquiry.ask,
            instrument.price_decimals if instrument else 2,
            enquiry.outcome,
            enquiry.at,
        )
        for enquiry, instrument in rows
    )


def _follow_ups(session: Session, organization_id: str) -> tuple[FollowUpRow, ...]:
    rows = session.scalars(
        select(FollowUp)
        .where(FollowUp.organization_id == organization_id, FollowUp.status == "open")
        .order_by(FollowUp.due.is_(None), FollowUp.due)
    )
    return tuple(FollowUpRow(row.id, row.what, row.owner, row.due, row.interaction_id) for row in rows)


def _count(session: Session, model: type[Interaction] | type[Deal] | type[Enquiry], organization_id: str) -> int:
    counted = select(func.count()).select_from(model).where(model.organization_id == organization_id)
    return session.scalar(counted) or 0
