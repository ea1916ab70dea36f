"""What a customer's conversation is likely to mention: the securities and names that the language room reads with."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.conversation.correcting import lexicon
from app.records.tables import Contact, Deal, Holding, Instrument, Organization, User
from nlp.language.model import Reference, ReferenceInstrument

if TYPE_CHECKING:
    from app.market.book import PriceBook

RECENT_DEALS = 200


def build(session: Session, organization_id: str | None, prices: PriceBook | None = None) -> Reference:
    """All instruments of the desk, what this customer holds and deals in first, the names that may be spoken, and what
    the desk's lexicon has learned.

    An instrument's price is the live mid, else the last close: it places the decimals of what is said.
    """
    likely = _likely(session, organization_id) if organization_id else {}
    instruments = session.scalars(select(Instrument)).all()
    ordered = sorted(instruments, key=lambda row: (-likely.get(row.id, 0), row.symbol))
    return Reference(
        tuple(_instrument(row, prices) for row in ordered), _names(session, organization_id), lexicon(session)
    )


def _likely(session: Session, organization_id: str) -> dict[str, int]:
    """How much speaks for each instrument: a holding counts like ten recent deals."""
    weights: dict[str, int] = {}
    for held in session.scalars(select(Holding.instrument_id).where(Holding.organization_id == organization_id)):
        weights[held] = weights.get(held, 0) + 10
    dealt = (
        select(Deal.instrument_id)
        .where(Deal.organization_id == organization_id)
        .order_by(Deal.traded_at.desc())
        .limit(RECENT_DEALS)
    )
    for instrument_id in session.scalars(dealt):
        weights[instrument_id] = weights.get(instrument_id, 0) + 1
    return weights


def _instrument(row: Instrument, prices: PriceBook | None) -> ReferenceInstrument:
    quote = prices.quote(row.id) if prices is not None else None
    price: Decimal = quote.mid if quote is not None else row.reference_price
    return ReferenceInstrument(
        id=row.id,
        kind=row.kind,
        symbol=row.symbol,
        name=row.name,
        currency=row.currency,
        isin=row.isin,
        ticker=row.ticker,
        aliases=tuple(row.aliases),
        coupon=row.coupon,
        maturity=row.maturity,
        settle_days=row.settle_days,
        price=price,
        decimals=row.price_decimals,
        quantity_unit=row.quantity_unit,
    )


def _names(session: Session, organization_id: str | None) -> tuple[str, ...]:
    """The customer's people and house first, then the desk's own."""
    names: list[str] = []
    if organization_id is not None:
        names += session.scalars(select(Contact.name).where(Contact.organization_id == organization_id))
        organization = session.get(Organization, organization_id)
        if organization is not None:
            names += [organization.name, organization.short_name]
    names += session.scalars(select(User.name))
    return tuple(dict.fromkeys(name for name in names if name))
