"""Reads a ticket: what each field means, what is wrong with it, and what the checks say. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

from app.brokerage.credit import CreditCheck, Money, Rates, check, choose_line, exposure
from app.brokerage.entry import EntryError, Quantity, off_market, parse_price, parse_quantity
from app.brokerage.settlement import parse_value_date, product_for
from plugins.deals.ticket import AccountChoice, Heard, Security, Ticket
from resources.calendars import settles

_YEAR = Decimal("365.25")
# FX moves little within a day, so a slipped digit shows early; other prices need more room.
_TOLERANCE = {"fx": Decimal("0.01"), "bond": Decimal("0.03")}
_OTHER_TOLERANCE = Decimal("0.05")


@dataclass(frozen=True, slots=True)
class Market:
    """The two-way price of the ticket's instrument, as far as there is one."""

    bid: Decimal | None = None
    ask: Decimal | None = None
    stale: bool = False

    @property
    def mid(self) -> Decimal | None:
        return None if self.bid is None or self.ask is None else (self.bid + self.ask) / 2

    def price(self, client_side: str | None) -> Decimal | None:
        """Where the client deals: sells at the bid, buys at the offer."""
        return {"sell": self.bid, "buy": self.ask}.get(client_side or "")


@dataclass(frozen=True, slots=True)
class CheckLine:
    """One row of the pre-trade checks."""

    name: str
    result: Literal["pass", "refer", "fail", "waiting"]
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class Reading:
    """A ticket understood. ``errors`` are by field name; a deal can be written only without any."""

    quantity: Quantity | None
    quantity_ccy: str | None
    price: Decimal | None
    value_date: dt.date | None
    product: str | None
    account: AccountChoice | None
    source: str
    errors: Mapping[str, str]
    credit: CreditCheck | None
    checks: tuple[CheckLine, ...]

    @property
    def complete(self) -> bool:
        return not self.errors and self.credit is not None

    @property
    def ready(self) -> bool:
        """Complete, and no check refuses it; a referral may still ask for a reason."""
        return self.complete and self.credit is not None and self.credit.bookable

    @property
    def problem(self) -> str:
        """The first thing that stands in the way, as a sentence; empty when ready."""
        if self.errors:
            return next(iter(self.errors.values()))
        if self.credit is not None and not self.credit.bookable:
            return self.credit.reason
        return ""


def read(ticket: Ticket, market: Market, rates: Rates, today: dt.date) -> Reading:
    """Understands the ticket against today's market."""
    errors: dict[str, str] = {}
    if ticket.client is None:
        errors["client"] = "Choose the client."
    if ticket.security is None:
        errors["instrument"] = "Choose the instrument."
    if ticket.side is None:
        errors["side"] = "Choose whether the client buys or sells."
    quantity, currency = _quantity(ticket, errors)
    price = _price(ticket, errors)
    settles, product = _settlement(ticket, today, errors)
    account = _account(ticket, errors)
    credit = None
    if not errors and ticket.client and ticket.security and quantity and price is not None and product:
        line = choose_line(ticket.client.lines, product)
        deal = measure(ticket.security, product, quantity, currency, price, settles, today)
        credit = check(line, deal, rates=rates, today=today, value_date=settles)
    return Reading(
        quantity,
        currency,
        price,
        settles,
        product,
        account,
        ticket.text("source") or "voice",
        errors,
        credit,
        _checks(ticket, credit, price, market),
    )


def plausible(heard: Heard, market: Market, security: Security | None) -> Heard:
    """What is asked for without a price that the market belies: half a talk is easily misheard, and a blank is filled
    by the market. A deal that was agreed keeps its price, and the check names the difference."""
    if heard.done or heard.price is None or security is None:
        return heard
    away = off_market(heard.price, market.mid, _TOLERANCE.get(security.kind, _OTHER_TOLERANCE))
    return replace(heard, price=None) if away is not None and heard.price_type == security.price_type else heard


def measure(
    security: Security,
    product: str,
    quantity: Quantity,
    currency: str | None,
    price: Decimal,
    settles: dt.date | None,
    today: dt.date,
) -> Money:
    """What the deal adds to a credit line. A swap runs to the instrument's maturity, others to their value date."""
    end = security.maturity if product == "irs" and security.maturity else settles
    years = Decimal(max((end - today).days, 0)) / _YEAR if end else Decimal(0)
    return exposure(
        product,
        quantity.amount,
        currency or security.currency,
        price,
        security.price_type,
        security.currency,
        years=years,
        by_unit=security.quantity_unit is not None,
    )


def _quantity(ticket: Ticket, errors: dict[str, str]) -> tuple[Quantity | None, str | None]:
    try:
        quantity = parse_quantity(ticket.text("quantity"))
    except EntryError as error:
        errors["quantity"] = str(error)
        return None, None
    security = ticket.security
    if security is None:
        return quantity, quantity.currency
    if security.quantity_unit is not None:
        if quantity.currency or (quantity.unit and quantity.unit != security.quantity_unit):
            errors["quantity"] = f"{security.symbol} is dealt in {security.quantity_unit}."
        return quantity, None
    currencies = security.quantity_currencies
    if quantity.unit or (quantity.currency and quantity.currency not in currencies):
        errors["quantity"] = f"{security.symbol} is dealt in {' or '.join(currencies)}."
        return quantity, None
    return quantity, quantity.currency or currencies[0]


def _price(ticket: Ticket, errors: dict[str, str]) -> Decimal | None:
    try:
        return parse_price(ticket.text("price"), ticket.security.price_type if ticket.security else "price")
    except EntryError as error:
        errors["price"] = str(error)
        return None


def _settlement(ticket: Ticket, today: dt.date, errors: dict[str, str]) -> tuple[dt.date | None, str | None]:
    security = ticket.security
    if security is None:
        return None, None
    typed = ticket.text("value_date")
    spot = settles(today, security.settle_days, security.calendars)
    try:
        value = parse_value_date(typed, today, security.settle_days, security.calendars)
    except EntryError as error:
        errors["value_date"] = str(error)
        return None, None
    product = ticket.text("product") or product_for(security.kind, value, spot)
    if product not in security.products:
        errors["product"] = f"{security.symbol} cannot be dealt as {product}."
    return value, product


def _account(ticket: Ticket, errors: dict[str, str]) -> AccountChoice | None:
    if ticket.client is None:
        return None
    number = ticket.text("account")
    account = next((choice for choice in ticket.client.accounts if choice.number == number), None)
    if account is None and (number or ticket.client.accounts):
        errors["account"] = "Choose one of the client's accounts."
    return account


def _checks(ticket: Ticket, credit: CreditCheck | None, price: Decimal | None, market: Market) -> tuple[CheckLine, ...]:
    if ticket.client is None or ticket.security is None:
        return ()
    if credit is None:
        limit = CheckLine("Client limit", "waiting", "Credit", "Waits for quantity and price.")
    else:
        limit = CheckLine("Client limit", credit.result, "Credit", credit.reason)
    return (limit, _price_check(ticket.security, price, market))


def _price_check(security: Security, price: Decimal | None, market: Market) -> CheckLine:
    name = "Price near the market"
    if price is None:
        return CheckLine(name, "waiting", "Desk", "Waits for a price.")
    if market.mid is None:
        return CheckLine(name, "waiting", "Desk", f"There is no market price for {security.symbol} to compare with.")
    away = off_market(price, market.mid, _TOLERANCE.get(security.kind, _OTHER_TOLERANCE))
    if away is not None:
        return CheckLine(name, "refer", "Desk", f"The price is {away:.1%} away from the market. Check it.")
    return CheckLine(name, "pass", "Desk", "The last market price is old." if market.stale else "")
