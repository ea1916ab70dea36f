"""Two years of deals, and a year of enquiries."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal

from app.records.demo.customers import Customer, House
from app.records.demo.draw import Draw, workdays_after
from app.records.demo.market import Market, Security
from app.records.tables import Contact, Deal, Enquiry

_DEALS = {1: 140, 2: 85, 3: 50}  # in two years, by tier
_SIZES: dict[str, tuple[int, ...]] = {
    "fx": (1_000_000, 2_000_000, 3_000_000, 5_000_000, 10_000_000, 15_000_000, 25_000_000),
    "ndf": (1_000_000, 2_000_000, 3_000_000, 5_000_000, 10_000_000),
    "government": (1_000_000, 2_000_000, 5_000_000, 10_000_000, 20_000_000),
    "corporate": (500_000, 1_000_000, 2_000_000, 3_000_000, 5_000_000),
    "equity": (5_000, 10_000, 20_000, 40_000, 75_000),
    "future": (20, 50, 100, 200, 400),
    "irs": (10_000_000, 25_000_000, 50_000_000, 100_000_000),
}
_COMMODITY = {"oz": (500, 1000, 2000, 5000), "bbl": (5000, 10000, 25000), "mt": (50, 100, 250), "t CO2": (5000, 20000)}
# Sales credit in basis points of the dollar amount; treasurers pay more than funds.
_CREDIT_BP = {"fx": 0.8, "ndf": 2.5, "government": 0.6, "corporate": 6.0, "equity": 7.0, "irs": 0.3, "commodity": 2.0}
_OPENS = {"US": 12.0, "AU": 5.0, "AE": 5.5}
_PRODUCT = {"ndf": "ndf", "government": "bond", "corporate": "bond"}


@dataclass
class Business:
    """A deal or a quote that came to nothing, with what a talk about it needs to know."""

    customer: Customer
    contact: Contact
    security: Security
    at: dt.datetime
    row: Deal | Enquiry


@dataclass
class Book:
    business: list[Business] = field(default_factory=list)  # by voice and chat, in order of time
    deals: list[Deal] = field(default_factory=list)
    enquiries: list[Enquiry] = field(default_factory=list)


def trading(draw: Draw, market: Market, house: House) -> Book:
    book = Book()
    year_ago = draw.workdays[len(draw.workdays) // 2]
    for customer in house.customers:
        count = round(_DEALS[customer.row.tier or 3] * draw.chance.uniform(0.8, 1.2))
        for _ in range(count):
            place = int(len(draw.workdays) * draw.chance.random() ** 0.85)  # business has grown a little
            deal = _deal(draw, market, customer, min(place, len(draw.workdays) - 1))
            book.deals.append(deal.row)  # type: ignore[arg-type]  # a deal
            if isinstance(deal.row, Deal) and deal.row.source != "electronic":
                book.business.append(deal)
                if deal.at.date() >= year_ago:
                    book.enquiries.append(_dealt(draw, deal))
                    for missed in _missed(draw, market, customer, place):
                        book.enquiries.append(missed.row)  # type: ignore[arg-type]  # an enquiry
                        book.business.append(missed)
    book.deals.sort(key=lambda deal: (deal.traded_at, deal.id))
    book.enquiries.sort(key=lambda enquiry: (enquiry.at, enquiry.id))
    book.business.sort(key=lambda each: (each.at, each.row.id))
    return book


def _deal(draw: Draw, market: Market, customer: Customer, place: int) -> Business:
    contact, security, day, at = _occasion(draw, customer, place)
    side = draw.pick(("buy", "sell"))
    quantity = _quantity(draw, customer, security)
    price = _dealt_at(security, place, side)
    product = _PRODUCT.get(security.group, security.group)
    value = workdays_after(day, security.row.settle_days)
    if security.group == "fx":
        product = draw.weighted({"fx-spot": 7.0, "fx-forward": 3.0})
    if product in ("fx-forward", "ndf"):
        value = workdays_after(day + dt.timedelta(days=draw.pick((30, 61, 91, 182))), 2)
    elif product == "irs":
        value = workdays_after(day, security.row.settle_days)
    is_amount = security.row.quantity_unit is None
    row = Deal(
        id=draw.id(at),
        organization_id=customer.row.id,
        contact_id=contact.id,
        account_id=draw.pick(customer.accounts).id,
        instrument_id=security.row.id,
        interaction_id=None,
        trader_id=customer.owner.id,
        product=product,
        client_side=side,
        quantity=quantity,
        quantity_ccy=_amount_currency(security) if is_amount else None,
        quantity_unit=security.row.quantity_unit,
        price=price,
        price_type=security.row.price_type,
        value_date=value,
        traded_at=at,
        status="cancelled" if draw.likely(0.006) else "registered",
        source=draw.weighted({"voice": 0.45, "chat": 0.3, "electronic": 0.25}),
        revenue_usd=_revenue(draw, market, customer, security, quantity, price),
        credit={},
    )
    return Business(customer, contact, security, at, row)


def _occasion(draw: Draw, customer: Customer, place: int) -> tuple[Contact, Security, dt.date, dt.datetime]:
    group = draw.weighted(customer.trades)
    choices = customer.favourites[group]
    security = draw.weighted({each: each.weight for each in choices})
    day = draw.workdays[min(place, len(draw.workdays) - 1)]
    at = draw.moment(day, _OPENS.get(customer.row.country or "", 7.0))
    present = [contact for contact in customer.contacts if contact.status == "active"]
    return draw.pick(present), security, day, at


def _quantity(draw: Draw, customer: Customer, security: Security) -> Decimal:
    unit = security.row.quantity_unit or ""
    sizes = _COMMODITY[unit] if security.group == "commodity" else _SIZES[security.group]
    # Small customers draw from the small end.
    reach = max(2, round(len(sizes) * min(1.0, 0.35 + 0.4 * customer.scale)))
    return Decimal(sizes[min(len(sizes), reach) - 1 - int(reach * draw.chance.random() ** 0.7)])


def _dealt_at(security: Security, place: int, side: str) -> Decimal:
    middle = security.prices[min(place, len(security.prices) - 1)]
    half = middle * {"fx": 0.0001, "ndf": 0.0004, "irs": 0.001, "equity": 0.0004}.get(security.group, 0.0006)
    return _rounded(middle + half if side == "buy" else middle - half, security)


def _rounded(price: float, security: Security) -> Decimal:
    return Decimal(price).quantize(Decimal(1).scaleb(-security.row.price_decimals))


def _amount_currency(security: Security) -> str:
    return security.row.symbol[:3] if security.row.kind == "fx" else security.row.currency


def _revenue(
    draw: Draw, market: Market, customer: Customer, security: Security, quantity: Decimal, price: Decimal
) -> Decimal:
    if security.group == "future":
        return Decimal(round(float(quantity) * draw.chance.uniform(0.8, 1.6), 2)).quantize(Decimal("0.01"))
    dollars = float(quantity) * market.in_dollars(_amount_currency(security))
    if security.row.quantity_unit:
        dollars *= float(price) / (100 if security.row.currency == "GBP" else 1)  # London shares are quoted in pence
    basis = _CREDIT_BP[security.group] * (3.5 if customer.row.kind == "corporate" else 1.0)
    if security.years:
        basis *= security.years
    return Decimal(dollars * basis / 10_000 * draw.chance.uniform(0.6, 1.4)).quantize(Decimal("0.01"))


def _dealt(draw: Draw, business: Business) -> Enquiry:
    deal = business.row
    assert isinstance(deal, Deal)
    bid, ask = _two_way(float(deal.price), business.security, deal.client_side)
    return Enquiry(
        id=draw.id(business.at),
        organization_id=deal.organization_id,
        contact_id=deal.contact_id,
        instrument_id=deal.instrument_id,
        interaction_id=None,
        client_side=deal.client_side,
        quantity=deal.quantity,
        bid=bid,
        ask=ask,
        outcome="dealt",
        at=business.at,
    )


def _missed(draw: Draw, market: Market, customer: Customer, near: int) -> list[Business]:
    """Quotes around a deal that came to nothing, so many that the customer's hit ratio comes out."""
    missed = []
    expected = (1 - customer.hit) / customer.hit
    count = int(expected) + draw.likely(expected % 1)
    for _ in range(min(count, 4)):
        place = min(len(draw.workdays) - 1, max(0, near + draw.chance.randint(-15, 15)))
        contact, security, _day, at = _occasion(draw, customer, place)
        side = draw.pick(("buy", "sell"))
        bid, ask = _two_way(security.prices[place], security, side if draw.likely(0.6) else None)
        outcome = draw.weighted({"passed": 6.0, "traded_away": 3.0, "indicative": 0.7, "no_quote": 0.3})
        row = Enquiry(
            id=draw.id(at),
            organization_id=customer.row.id,
            contact_id=contact.id,
            instrument_id=security.row.id,
            interaction_id=None,
            client_side=side,
            quantity=_quantity(draw, customer, security),
            bid=None if outcome == "no_quote" else bid,
            ask=None if outcome == "no_quote" else ask,
            outcome=outcome,
            at=at,
        )
        missed.append(Business(customer, contact, security, at, row))
    return missed


def _two_way(middle: float, security: Security, side: str | None) -> tuple[Decimal | None, Decimal | None]:
    half = max(middle * 0.0002, 10.0**-security.row.price_decimals)
    bid, ask = _rounded(middle - half, security), _rounded(middle + half, security)
    return (bid if side != "buy" else None), (ask if side != "sell" else None)
