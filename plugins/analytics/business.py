"""A customer's business in numbers, and an instrument with its dealt prices. Reads; decides nothing."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.records import queries
from app.records.lines import HitRatio, Named, Revenue
from app.records.tables import Contact, Deal, Instrument, Organization

MARKS = 2000
"""Deals drawn in a chart at most; older ones are left out."""


@dataclass(frozen=True, slots=True)
class Share:
    """A product's part of the business: sales credit in dollars, number of deals, and its part of the credit, 0..1."""

    product: str
    revenue_usd: Decimal
    deals: int
    part: float


@dataclass(frozen=True, slots=True)
class Business:
    """Twelve months of one customer. ``months`` has every month, oldest first; ``products`` the largest first."""

    organization_id: str
    name: str
    months: tuple[tuple[dt.date, Revenue], ...]
    products: tuple[Share, ...]
    total: Revenue
    hit_ratio: HitRatio
    matters: tuple[Named, ...]  # what matters to them, the most first

    @property
    def sentence(self) -> str:
        """What stands out, in words."""
        if not self.total.deals:
            return "No deals in the last twelve months."
        largest = self.products[0]
        text = f"{self.total.deals} deals, of whose sales credit {largest.part:.0%} is {largest.product}."
        if self.hit_ratio.ratio is not None:
            text += f" {self.hit_ratio.dealt} of {self.hit_ratio.asked} firm enquiries dealt."
        return text


@dataclass(frozen=True, slots=True)
class Mark:
    """A deal in a chart. ``theirs``: it was the customer in focus who dealt."""

    at: float  # Unix time
    price: float
    side: str
    theirs: bool


@dataclass(frozen=True, slots=True)
class Focus:
    """The instrument in focus with all its dealt prices, oldest first."""

    instrument_id: str
    symbol: str
    name: str
    currency: str
    decimals: int
    close: Decimal
    isin: str | None
    ticker: str | None
    deals: tuple[Mark, ...] = ()


def read_business(session: Session, organization_id: str, today: dt.date) -> Business | None:
    organization = session.get(Organization, organization_id)
    if organization is None:
        return None
    revenue = queries.revenue(session, organization_id, today=today)
    since = dt.datetime.combine(revenue.by_month[0][0], dt.time(), dt.UTC)
    total = revenue.total.usd
    return Business(
        organization.id,
        organization.short_name,
        revenue.by_month,
        tuple(
            Share(product, part.usd, part.deals, float(part.usd / total) if total else 0.0)
            for product, part in revenue.by_product
        ),
        revenue.total,
        queries.hit_ratio(session, organization_id, since=since),
        tuple(queries.instruments_that_matter(session, organization_id)),
    )


def read_focus(session: Session, instrument_id: str, organization_id: str | None, since: dt.datetime) -> Focus | None:
    """The instrument, with the deals of the whole desk in it since a time."""
    instrument = session.get(Instrument, instrument_id)
    if instrument is None:
        return None
    rows = session.execute(
        select(Deal.traded_at, Deal.price, Deal.client_side, Deal.organization_id)
        .where(Deal.instrument_id == instrument_id, Deal.traded_at >= since, Deal.status != "cancelled")
        .order_by(Deal.traded_at.desc())
        .limit(MARKS)
    ).all()
    marks = tuple(
        Mark(at.timestamp(), float(price), side, organization_id is not None and owner == organization_id)
        for at, price, side, owner in reversed(rows)
    )
    return Focus(
        instrument.id,
        instrument.symbol,
        instrument.name,
        instrument.currency,
        instrument.price_decimals,
        instrument.reference_price,
        instrument.isin,
        instrument.ticker,
        marks,
    )


def find_instrument(session: Session, ids: dict[str, str]) -> str | None:
    """The instrument of an ``fdc3.instrument``, by our id, then ISIN, then ticker or symbol."""
    ours = ids.get("deskline")
    if ours and session.get(Instrument, ours) is not None:
        return ours
    if ids.get("ISIN"):
        found = session.scalar(select(Instrument.id).where(Instrument.isin == ids["ISIN"]).limit(1))
        if found is not None:
            return found
    ticker = ids.get("ticker")
    if not ticker:
        return None
    named = (Instrument.ticker == ticker) | (Instrument.symbol == ticker)
    return session.scalar(select(Instrument.id).where(named).limit(1))


def organization_of(session: Session, contact_id: str) -> str | None:
    contact = session.get(Contact, contact_id)
    return contact.organization_id if contact is not None else None


def daily(marks: tuple[Mark, ...], since: float) -> tuple[list[float], list[float]]:
    """The last dealt price of each day, at the time of that deal: times and prices."""
    last: dict[int, Mark] = {}
    for mark in marks:
        if mark.at >= since:
            last[int(mark.at // 86400)] = mark
    days = [last[day] for day in sorted(last)]
    return [mark.at for mark in days], [mark.price for mark in days]


def moving_average(prices: list[float], span: int) -> list[float]:
    """Over the last ``span`` values, fewer at the start; as long as ``prices``."""
    averages: list[float] = []
    running = 0.0
    for number, price in enumerate(prices):
        running += price
        if number >= span:
            running -= prices[number - span]
        averages.append(running / min(number + 1, span))
    return averages
