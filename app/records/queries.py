"""Shared read queries: who is calling, and everything about a customer. Results are frozen and may cross threads."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from typing import TypeVar

from sqlalchemy import Select, case, func, or_, select
from sqlalchemy.orm import Session

from app.records.lines import (
    ContactCard,
    ContactMatch,
    DealLine,
    FollowUpLine,
    HitRatio,
    HoldingLine,
    Identity,
    InteractionLine,
    Named,
    Revenue,
    RevenueSummary,
)
from app.records.tables import (
    Account,
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

__all__ = [
    "ContactCard",
    "ContactMatch",
    "DealLine",
    "FollowUpLine",
    "HitRatio",
    "HoldingLine",
    "Identity",
    "InteractionLine",
    "Named",
    "Revenue",
    "RevenueSummary",
    "accounts",
    "contact_card",
    "contact_cards",
    "credit_lines",
    "deals_page",
    "hit_ratio",
    "holdings",
    "identify",
    "instruments_that_matter",
    "interactions_page",
    "open_follow_ups",
    "revenue",
]

_NEAR_DIGITS = 7
Owned = TypeVar("Owned", ContactPhone, ContactEmail, ContactHandle, Consent)


def identify(
    session: Session, *, phone: str | None = None, email: str | None = None, handle: str | None = None
) -> Identity:
    """Contacts by E.164 number, e-mail address or chat handle.

    Near matches (for numbers only, when nothing matches exactly) share the last digits, as other extensions or another
    way of writing the number do.
    """
    exact: list[ContactMatch] = []
    near: list[ContactMatch] = []
    if phone:
        exact += _matches(session, select(ContactPhone.contact_id, ContactPhone.e164).where(ContactPhone.e164 == phone))
        digits = "".join(filter(str.isdigit, phone))[-_NEAR_DIGITS:]
        if not exact and len(digits) == _NEAR_DIGITS:
            # Either the number's tail, or all but its last two digits: another extension of the same house.
            ends = ContactPhone.e164.endswith(digits)
            begins = ContactPhone.e164.startswith(phone[:-2]) if len(phone) > _NEAR_DIGITS + 3 else ends
            near += _matches(session, select(ContactPhone.contact_id, ContactPhone.e164).where(or_(ends, begins)))
    if email:
        known = ContactEmail.address == email.strip().lower()
        exact += _matches(session, select(ContactEmail.contact_id, ContactEmail.address).where(known))
    if handle:
        same = ContactHandle.handle == handle.strip().lower()
        exact += _matches(session, select(ContactHandle.contact_id, ContactHandle.handle).where(same))
    unique = {match.contact.id: match for match in reversed(exact)}
    return Identity(tuple(reversed(unique.values())), tuple({match.contact.id: match for match in near}.values()))


def _matches(session: Session, found: Select[str, str]) -> list[ContactMatch]:
    hits = found.limit(20).subquery()
    statement = (
        select(Contact, Organization, hits.c[1])
        .join(hits, hits.c.contact_id == Contact.id)
        .outerjoin(Organization, Organization.id == Contact.organization_id)
        .order_by(case((Contact.status == "active", 0), else_=1), Contact.name)
    )
    return [ContactMatch(contact, organization, value) for contact, organization, value in session.execute(statement)]


def contact_cards(session: Session, organization_id: str) -> list[ContactCard]:
    contacts = session.scalars(
        select(Contact)
        .where(Contact.organization_id == organization_id)
        .order_by(case((Contact.status == "active", 0), else_=1), Contact.name)
    ).all()
    return _cards(session, contacts)


def contact_card(session: Session, contact_id: str) -> ContactCard | None:
    contact = session.get(Contact, contact_id)
    return None if contact is None else _cards(session, [contact])[0]


def _cards(session: Session, contacts: Sequence[Contact]) -> list[ContactCard]:
    ids = [contact.id for contact in contacts]

    def of(model: type[Owned]) -> Select[Owned]:
        return select(model).where(model.contact_id.in_(ids))

    phones: dict[str, list[ContactPhone]] = defaultdict(list)
    emails: dict[str, list[ContactEmail]] = defaultdict(list)
    handles: dict[str, list[ContactHandle]] = defaultdict(list)
    consents: dict[str, dict[str, Consent]] = defaultdict(dict)
    for phone in session.scalars(of(ContactPhone).order_by("label", "e164")):
        phones[phone.contact_id].append(phone)
    for email in session.scalars(of(ContactEmail).order_by("address")):
        emails[email.contact_id].append(email)
    for handle in session.scalars(of(ContactHandle).order_by("handle")):
        handles[handle.contact_id].append(handle)
    for consent in session.scalars(of(Consent).order_by("at")):
        consents[consent.contact_id][consent.channel] = consent
    return [
        ContactCard(
            contact,
            tuple(phones[contact.id]),
            tuple(emails[contact.id]),
            tuple(handles[contact.id]),
            tuple(sorted(consents[contact.id].values(), key=lambda each: each.channel)),
        )
        for contact in contacts
    ]


def accounts(session: Session, organization_id: str) -> list[Account]:
    return list(
        session.scalars(select(Account).where(Account.organization_id == organization_id).order_by(Account.number))
    )


def holdings(session: Session, organization_id: str) -> list[HoldingLine]:
    """Positions first, then what the customer watches or wants to trade."""
    statement = (
        select(Holding, Instrument, Account)
        .join(Instrument, Instrument.id == Holding.instrument_id)
        .outerjoin(Account, Account.id == Holding.account_id)
        .where(Holding.organization_id == organization_id)
        .order_by(case((Holding.interest == "held", 0), else_=1), Instrument.kind, Instrument.symbol)
    )
    return [HoldingLine(*row) for row in session.execute(statement)]


def deals_page(
    session: Session,
    organization_id: str | None = None,
    *,
    limit: int = 50,
    before: dt.datetime | None = None,
    since: dt.datetime | None = None,
    interaction_id: str | None = None,
) -> list[DealLine]:
    """Newest first. The next page: ``before`` the last line's ``traded_at``."""
    statement = (
        select(Deal, Instrument, Organization, Contact, User)
        .join(Instrument, Instrument.id == Deal.instrument_id)
        .join(Organization, Organization.id == Deal.organization_id)
        .outerjoin(Contact, Contact.id == Deal.contact_id)
        .outerjoin(User, User.id == Deal.trader_id)
        .order_by(Deal.traded_at.desc())
        .limit(limit)
    )
    if organization_id is not None:
        statement = statement.where(Deal.organization_id == organization_id)
    if interaction_id is not None:
        statement = statement.where(Deal.interaction_id == interaction_id)
    if before is not None:
        statement = statement.where(Deal.traded_at < before)
    if since is not None:
        statement = statement.where(Deal.traded_at >= since)
    return [DealLine(*row) for row in session.execute(statement)]


def interactions_page(
    session: Session,
    organization_id: str | None = None,
    *,
    limit: int = 50,
    before: dt.datetime | None = None,
    contact_id: str | None = None,
    kind: str | None = None,
) -> list[InteractionLine]:
    """Newest first. The next page: ``before`` the last line's ``started_at``."""
    statement = (
        select(Interaction, Organization, Contact, User)
        .outerjoin(Organization, Organization.id == Interaction.organization_id)
        .outerjoin(Contact, Contact.id == Interaction.contact_id)
        .outerjoin(User, User.id == Interaction.trader_id)
        .order_by(Interaction.started_at.desc())
        .limit(limit)
    )
    if organization_id is not None:
        statement = statement.where(Interaction.organization_id == organization_id)
    if contact_id is not None:
        statement = statement.where(Interaction.contact_id == contact_id)
    if kind is not None:
        statement = statement.where(Interaction.kind == kind)
    if before is not None:
        statement = statement.where(Interaction.started_at < before)
    return [InteractionLine(*row) for row in session.execute(statement)]


def open_follow_ups(
    session: Session, organization_id: str | None = None, *, assignee_id: str | None = None, limit: int = 200
) -> list[FollowUpLine]:
    """The most urgent first, those without a date last."""
    statement = (
        select(FollowUp, Organization, Contact)
        .outerjoin(Organization, Organization.id == FollowUp.organization_id)
        .outerjoin(Contact, Contact.id == FollowUp.contact_id)
        .where(FollowUp.status == "open")
        .order_by(FollowUp.due.is_(None), FollowUp.due)
        .limit(limit)
    )
    if organization_id is not None:
        statement = statement.where(FollowUp.organization_id == organization_id)
    if assignee_id is not None:
        statement = statement.where(FollowUp.assignee_id == assignee_id)
    return [FollowUpLine(*row) for row in session.execute(statement)]


def credit_lines(session: Session, organization_id: str) -> list[CreditLine]:
    statement = select(CreditLine).where(CreditLine.organization_id == organization_id).order_by(CreditLine.kind)
    return list(session.scalars(statement))


def hit_ratio(
    session: Session, organization_id: str, *, since: dt.datetime | None = None, until: dt.datetime | None = None
) -> HitRatio:
    statement = select(Enquiry.outcome, func.count().label("number")).where(Enquiry.organization_id == organization_id)
    if since is not None:
        statement = statement.where(Enquiry.at >= since)
    if until is not None:
        statement = statement.where(Enquiry.at <= until)
    counts = {row.outcome: row.number for row in session.execute(statement.group_by(Enquiry.outcome))}
    dealt = counts.get("dealt", 0)
    return HitRatio(dealt + counts.get("passed", 0) + counts.get("traded_away", 0), dealt)


def revenue(session: Session, organization_id: str, *, today: dt.date, months: int = 12) -> RevenueSummary:
    """Over the last ``months`` calendar months up to and with that of ``today``. Cancelled deals do not count."""
    first = _months_before(today, months - 1)
    rows = session.execute(
        select(Deal.traded_at, Deal.product, Deal.revenue_usd).where(
            Deal.organization_id == organization_id,
            Deal.status != "cancelled",
            Deal.traded_at >= dt.datetime.combine(first, dt.time(), dt.UTC),
        )
    ).all()
    # Summed here: SQLite would sum the exact decimals as floats.
    month_of = {_months_before(today, back): Revenue() for back in range(months - 1, -1, -1)}
    products: dict[str, Revenue] = {}
    for traded_at, product, usd in rows:
        month = traded_at.date().replace(day=1)
        if month in month_of:
            month_of[month] = _plus(month_of[month], usd)
            products[product] = _plus(products.get(product, Revenue()), usd)
    total = Revenue(sum((each.usd for each in month_of.values()), Decimal(0)), sum(e.deals for e in month_of.values()))
    ranked = sorted(products.items(), key=lambda item: (-item[1].usd, item[0]))
    return RevenueSummary(tuple(month_of.items()), tuple(ranked), total)


def instruments_that_matter(session: Session, organization_id: str, *, limit: int = 24) -> list[Named]:
    """What the customer wants to trade, asks for, deals in and holds; the most important first."""
    scores: dict[str, float] = defaultdict(float)
    weight = {"axe_buyer": 12.0, "axe_seller": 12.0, "watch": 6.0, "held": 4.0}
    for instrument_id, interest in session.execute(
        select(Holding.instrument_id, Holding.interest).where(Holding.organization_id == organization_id)
    ):
        scores[instrument_id] += weight.get(interest, 1.0)
    deals = select(Deal.instrument_id).where(Deal.organization_id == organization_id).order_by(Deal.traded_at.desc())
    asked = select(Enquiry.instrument_id).where(
        Enquiry.organization_id == organization_id, Enquiry.instrument_id.is_not(None)
    )
    for found in (session.scalars(deals.limit(60)), session.scalars(asked.order_by(Enquiry.at.desc()).limit(60))):
        for place, recent in enumerate(found):
            scores[str(recent)] += 1.0 - place / 80  # the latest count most
    best = sorted(scores, key=lambda each: (-scores[each], each))[:limit]
    symbols = dict(session.execute(select(Instrument.id, Instrument.symbol).where(Instrument.id.in_(best))).all())
    return [Named(each, symbols[each]) for each in best if each in symbols]


def _months_before(day: dt.date, months: int) -> dt.date:
    number = day.year * 12 + day.month - 1 - months
    return dt.date(number // 12, number % 12 + 1, 1)


def _plus(revenue: Revenue, usd: Decimal | None) -> Revenue:
    return Revenue(revenue.usd + (usd or 0), revenue.deals + 1)
