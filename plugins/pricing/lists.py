"""Which instruments matter: to a customer (holds, axes, dealt, asked for), else to the desk. Read from the records."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.records.tables import Contact, Deal, Enquiry, Holding, Instrument, Organization

CUSTOMER_DAYS = 365
DESK_DAYS = 90
LONGEST = 60
DESK_LONGEST = 24

_INTEREST = {
    "axe_buyer": (0, "Axe: buyer"),
    "axe_seller": (0, "Axe: seller"),
    "held": (2, "Held"),
    "watch": (3, "Watch"),
}


@dataclass(frozen=True, slots=True)
class PriceLine:
    """An instrument of the list and why it is there."""

    id: str
    symbol: str
    name: str
    kind: str
    decimals: int
    unit: str | None
    why: str


_LINE = select(
    Instrument.id,
    Instrument.symbol,
    Instrument.name,
    Instrument.kind,
    Instrument.price_decimals,
    Instrument.quantity_unit,
)


@dataclass(frozen=True, slots=True)
class PriceList:
    organization_id: str | None
    title: str
    lines: tuple[PriceLine, ...]


def customer_list(session: Session, organization_id: str, now: dt.datetime) -> PriceList | None:
    """Axes first, then what was dealt or asked for (newest first), then holdings and watched names."""
    organization = session.get(Organization, organization_id)
    if organization is None:
        return None
    ranked: dict[str, tuple[int, float, str]] = {}

    def consider(instrument_id: str | None, rank: int, order: float, why: str) -> None:
        if instrument_id is not None and (instrument_id not in ranked or (rank, order) < ranked[instrument_id][:2]):
            ranked[instrument_id] = (rank, order, why)

    for holding in session.scalars(select(Holding).where(Holding.organization_id == organization_id)):
        rank, why = _INTEREST.get(holding.interest, (3, "Held"))
        consider(holding.instrument_id, rank, -float(abs(holding.quantity)), why)
    since = now - dt.timedelta(days=CUSTOMER_DAYS)
    asked = (
        select(Enquiry.instrument_id, func.max(Enquiry.at))
        .where(Enquiry.organization_id == organization_id, Enquiry.at >= since)
        .group_by(Enquiry.instrument_id)
    )
    for instrument_id, at in session.execute(asked):
        consider(instrument_id, 1, -at.timestamp(), f"Asked {at:%d %b}")
    dealt = (
        select(Deal.instrument_id, func.max(Deal.traded_at))
        .where(Deal.organization_id == organization_id, Deal.traded_at >= since, Deal.status == "registered")
        .group_by(Deal.instrument_id)
    )
    for instrument_id, at in session.execute(dealt):
        consider(instrument_id, 1, -at.timestamp(), f"Dealt {at:%d %b}")
    order = sorted(ranked, key=lambda instrument_id: ranked[instrument_id][:2])[:LONGEST]
    lines = _lines(session, {instrument_id: ranked[instrument_id][2] for instrument_id in order})
    return PriceList(organization_id, organization.short_name or organization.name, lines)


def desk_list(session: Session, now: dt.datetime) -> PriceList:
    """What the desk dealt most in the last months, filled up by symbol."""
    since = now - dt.timedelta(days=DESK_DAYS)
    most = (
        select(Deal.instrument_id, func.count().label("deals"))
        .where(Deal.traded_at >= since, Deal.status == "registered")
        .group_by(Deal.instrument_id)
        .order_by(func.count().desc(), Deal.instrument_id)
        .limit(DESK_LONGEST)
    )
    why = {instrument_id: f"{count} deals in {DESK_DAYS} days" for instrument_id, count in session.execute(most)}
    if len(why) < DESK_LONGEST:
        for instrument_id in session.scalars(select(Instrument.id).order_by(Instrument.symbol).limit(DESK_LONGEST)):
            if len(why) < DESK_LONGEST:
                why.setdefault(instrument_id, "")
    return PriceList(None, "Desk runs", _lines(session, why))


def organization_of(session: Session, context_id: Mapping[str, object], kind: str) -> str | None:
    """The organization that an fdc3.organization or fdc3.contact context names; None where it is not ours."""
    own = context_id.get("deskline")
    if kind == "fdc3.contact":
        contact = session.get(Contact, own) if isinstance(own, str) else None
        return None if contact is None else contact.organization_id
    if isinstance(own, str):
        return own
    lei = context_id.get("LEI")
    if not isinstance(lei, str):
        return None
    return session.scalar(select(Organization.id).where(Organization.lei == lei))


def find_instrument(session: Session, context_id: Mapping[str, object], name: str | None) -> PriceLine | None:
    """The instrument that an fdc3.instrument context names, by our id, ISIN, ticker or symbol."""
    own, isin, ticker = (context_id.get(key) for key in ("deskline", "ISIN", "ticker"))
    for given, where in (
        (own, Instrument.id == own),
        (isin, Instrument.isin == isin),
        (ticker, (Instrument.ticker == ticker) | (Instrument.symbol == ticker)),
        (name, (Instrument.ticker == name) | (Instrument.symbol == name)),
    ):
        row = session.execute(_LINE.where(where)).first() if isinstance(given, str) and given else None
        if row is not None:
            return PriceLine(*row, "")
    return None


def context_of(session: Session, instrument_id: str) -> dict[str, object] | None:
    """The fdc3.instrument context of an instrument."""
    row = session.get(Instrument, instrument_id)
    if row is None:
        return None
    named = {"deskline": row.id, "ISIN": row.isin, "ticker": row.ticker}
    return {"type": "fdc3.instrument", "name": row.symbol, "id": {key: text for key, text in named.items() if text}}


def _lines(session: Session, why: Mapping[str, str]) -> tuple[PriceLine, ...]:
    rows = {row.id: row for row in session.execute(_LINE.where(Instrument.id.in_(list(why))))}
    return tuple(
        PriceLine(*rows[instrument_id], reason) for instrument_id, reason in why.items() if instrument_id in rows
    )
