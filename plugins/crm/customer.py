"""Everything the panel shows of one customer: first what is always seen, then the past. Rows are detached."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.records import queries
from app.records.lines import ContactCard, FollowUpLine, HoldingLine, InteractionLine
from app.records.tables import CreditLine, Deal, Enquiry, Instrument, Interaction, Organization, User

SHOWN = 40
"""Rows of a tab; older ones are found by search."""
COMPARABLE = 10
"""With fewer enquiries the year before, a change in the hit ratio says nothing."""


@dataclass(frozen=True, slots=True)
class DealtLine:
    deal: Deal
    instrument: Instrument


@dataclass(frozen=True, slots=True)
class EnquiryLine:
    enquiry: Enquiry
    instrument: Instrument | None


@dataclass(frozen=True, slots=True)
class Figures:
    """The key figures. Hit ratios are 0..1, None without a firm enquiry; "before" is last year up to the same day."""

    revenue_ytd: Decimal
    revenue_before: Decimal
    hit_ratio: float | None
    hit_ratio_before: float | None
    last_contact: dt.datetime | None
    last_contact_kind: str


@dataclass(frozen=True, slots=True)
class Customer:
    """What is seen at once. ``last_dealt`` is by instrument id; counts are of all rows of the past."""

    organization: Organization
    owner: str
    people: tuple[ContactCard, ...]
    lines: tuple[CreditLine, ...]
    figures: Figures
    holdings: tuple[HoldingLine, ...]
    last_dealt: dict[str, dt.datetime]
    follow_ups: tuple[FollowUpLine, ...]
    interaction_count: int
    deal_count: int
    enquiry_count: int

    @property
    def id(self) -> str:
        return self.organization.id

    def person(self, contact_id: str | None) -> ContactCard | None:
        return next((card for card in self.people if card.contact.id == contact_id), None)


@dataclass(frozen=True, slots=True)
class Past:
    """The newest of each kind, newest first."""

    interactions: tuple[InteractionLine, ...]
    deals: tuple[DealtLine, ...]
    enquiries: tuple[EnquiryLine, ...]


def read_customer(session: Session, organization_id: str, now: dt.datetime) -> Customer | None:
    """The customer as known now; None if there is no such organization. A dozen small indexed reads."""
    organization = session.get(Organization, organization_id)
    if organization is None:
        return None
    owner = session.get(User, organization.owner_id) if organization.owner_id else None
    return Customer(
        organization=organization,
        owner=owner.name if owner else "",
        people=tuple(queries.contact_cards(session, organization_id)),
        lines=tuple(queries.credit_lines(session, organization_id)),
        figures=_figures(session, organization_id, now),
        holdings=tuple(
            sorted(queries.holdings(session, organization_id), key=lambda line: -abs(line.holding.quantity))
        ),
        last_dealt=_last_dealt(session, organization_id),
        follow_ups=tuple(queries.open_follow_ups(session, organization_id)),
        interaction_count=_count(session, Interaction, organization_id),
        deal_count=_count(session, Deal, organization_id),
        enquiry_count=_count(session, Enquiry, organization_id),
    )


def read_past(session: Session, organization_id: str) -> Past:
    """The talks, deals and enquiries: most of the reading, for tabs that stand behind the first."""
    return Past(
        tuple(queries.interactions_page(session, organization_id, limit=SHOWN)),
        tuple(DealtLine(*row) for row in _newest(session, Deal, Deal.traded_at, organization_id)),
        tuple(EnquiryLine(*row) for row in _newest(session, Enquiry, Enquiry.at, organization_id)),
    )


def _figures(session: Session, organization_id: str, now: dt.datetime) -> Figures:
    year = now.replace(month=1, day=1, hour=0, minute=0, second=0, microsecond=0)
    before = year.replace(year=year.year - 1)
    same_day = before + (now - year)
    earned: dict[bool, Decimal] = {True: Decimal(0), False: Decimal(0)}
    deals = select(Deal.traded_at, Deal.revenue_usd).where(
        Deal.organization_id == organization_id, Deal.traded_at >= before, Deal.status != "cancelled"
    )
    for traded_at, revenue in session.execute(deals):
        if revenue is not None and (traded_at >= year or traded_at <= same_day):
            earned[traded_at >= year] += revenue
    hits = queries.hit_ratio(session, organization_id, since=year)
    hits_before = queries.hit_ratio(session, organization_id, since=before, until=same_day)
    talked = session.execute(
        select(Interaction.started_at, Interaction.kind)
        .where(Interaction.organization_id == organization_id, Interaction.status.in_(("ended", "interrupted")))
        .order_by(Interaction.started_at.desc())
        .limit(1)
    ).first()
    return Figures(
        earned[True],
        earned[False],
        hits.ratio,
        hits_before.ratio if hits_before.asked >= COMPARABLE else None,
        talked.started_at if talked else None,
        talked.kind if talked else "",
    )


def _last_dealt(session: Session, organization_id: str) -> dict[str, dt.datetime]:
    rows = session.execute(
        select(Deal.instrument_id, func.max(Deal.traded_at))
        .where(Deal.organization_id == organization_id, Deal.status != "cancelled")
        .group_by(Deal.instrument_id)
    )
    return dict(rows.all())


def _newest(session: Session, kind: type[Deal] | type[Enquiry], at: Any, organization_id: str) -> Sequence[Any]:
    """The newest rows of a kind, each with its instrument, if it has one."""
    return session.execute(
        select(kind, Instrument)
        .outerjoin(Instrument, kind.instrument_id == Instrument.id)
        .where(kind.organization_id == organization_id)
        .order_by(at.desc())
        .limit(SHOWN)
    ).all()


def _count(session: Session, model: type[Interaction] | type[Deal] | type[Enquiry], organization_id: str) -> int:
    counted = select(func.count()).select_from(model).where(model.organization_id == organization_id)
    return session.scalar(counted) or 0
