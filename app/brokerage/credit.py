"""The credit check of one deal against one line: pure arithmetic on facts handed in.

A settlement line bears what the client has to pay or deliver. A pre-settlement line bears what replacing the deal
would cost, estimated by the add-on factors of the Basel Committee's current exposure method (Basel II, annex 4).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

from app.brokerage.entry import format_short

Result = Literal["pass", "refer", "fail"]

TOLERANCE = Decimal("0.05")
"""An excess of up to this share of the limit may be referred to Credit; more is refused."""

_CENT = Decimal("0.01")
_PRE_SETTLEMENT = frozenset({"fx-forward", "fx-swap", "ndf", "irs", "option", "future"})
# Add-on factors by residual maturity: up to one year, one to five years, over five years.
_ADD_ON: dict[str, tuple[Decimal, Decimal, Decimal]] = {
    "irs": (Decimal("0.005"), Decimal("0.005"), Decimal("0.015")),
    "fx-forward": (Decimal("0.01"), Decimal("0.05"), Decimal("0.075")),
    "fx-swap": (Decimal("0.01"), Decimal("0.05"), Decimal("0.075")),
    "ndf": (Decimal("0.01"), Decimal("0.05"), Decimal("0.075")),
    "option": (Decimal("0.06"), Decimal("0.08"), Decimal("0.10")),
    "future": (Decimal("0.10"), Decimal("0.12"), Decimal("0.15")),
}


@dataclass(frozen=True, slots=True)
class Money:
    amount: Decimal
    currency: str

    def __str__(self) -> str:
        return f"{self.currency} {format_short(self.amount)}"


@dataclass(frozen=True, slots=True)
class Line:
    """A credit line as agreed and as used when it was read.

    ``held``: what is reserved for other desks. ``at_hand``: the most that this desk may use now, since the server that
    keeps the line cannot be asked; None where nothing bounds it.
    """

    kind: str  # settlement, pre-settlement
    currency: str
    limit: Decimal
    used: Decimal
    expires: dt.date
    status: str = "active"  # active, frozen
    id: str = ""
    held: Decimal = Decimal(0)
    at_hand: Decimal | None = None


@dataclass(frozen=True, slots=True)
class CreditCheck:
    """The answer: amounts in the line's currency, and a sentence. Without a line all amounts are zero."""

    result: Result
    reason: str
    currency: str = ""
    limit: Decimal = Decimal(0)
    used: Decimal = Decimal(0)
    this_deal: Decimal = Decimal(0)
    available: Decimal = Decimal(0)
    line_id: str = ""
    line_kind: str = ""

    @property
    def bookable(self) -> bool:
        return self.result != "fail"

    def to_json(self) -> dict[str, str]:
        """As it is kept with the deal: what was known when it was registered."""
        return {
            "result": self.result,
            "reason": self.reason,
            "currency": self.currency,
            "limit": str(self.limit),
            "used": str(self.used),
            "this_deal": str(self.this_deal),
            "available": str(self.available),
            "line_id": self.line_id,
            "line_kind": self.line_kind,
        }


@dataclass(frozen=True, slots=True)
class Rates:
    """FX mid rates by six-letter pair, quote currency per unit of base."""

    pairs: Mapping[str, Decimal]

    def convert(self, amount: Decimal, source: str, target: str) -> Decimal | None:
        """In ``target``, directly, by the inverse pair or across the dollar or the euro; None without a rate."""
        if source == target:
            return amount
        direct = self._rate(source, target)
        if direct is not None:
            return amount * direct
        for pivot in ("USD", "EUR"):
            first, second = self._rate(source, pivot), self._rate(pivot, target)
            if first is not None and second is not None:
                return amount * first * second
        return None

    def _rate(self, source: str, target: str) -> Decimal | None:
        rate = self.pairs.get(source + target)
        if rate is not None and rate > 0:
            return rate
        rate = self.pairs.get(target + source)
        return 1 / rate if rate is not None and rate > 0 else None


def line_kind(product: str) -> str:
    """The kind of line that bears a product."""
    return "pre-settlement" if product in _PRE_SETTLEMENT else "settlement"


def exposure(
    product: str,
    quantity: Decimal,
    quantity_ccy: str,
    price: Decimal,
    price_type: str,
    price_ccy: str,
    *,
    years: Decimal = Decimal(0),
    by_unit: bool = False,
) -> Money:
    """What one deal adds to its line.

    ``quantity_ccy`` is the currency of the fixed amount; ``by_unit`` says that the quantity counts shares, lots or
    ounces, each worth ``price`` in ``price_ccy``. ``years`` is the time to the value date, for the add-on factor.
    """
    if by_unit:
        notional = Money(quantity * abs(price), price_ccy)
    elif product == "bond" and price_type == "price":
        notional = Money(quantity * price / 100, quantity_ccy)
    else:
        notional = Money(quantity, quantity_ccy)
    factors = _ADD_ON.get(product)
    if factors is None:
        return notional
    factor = factors[0] if years <= 1 else factors[1] if years <= 5 else factors[2]
    return Money(notional.amount * factor, notional.currency)


def choose_line(lines: list[Line] | tuple[Line, ...], product: str) -> Line | None:
    """The line of the product's kind, a usable one first; another kind stands in where the customer has only that."""
    wanted = line_kind(product)
    ranked = sorted(lines, key=lambda line: (line.kind != wanted, line.status != "active", -line.expires.toordinal()))
    return ranked[0] if ranked else None


def check(
    line: Line | None, deal: Money, *, rates: Rates, today: dt.date, value_date: dt.date | None = None
) -> CreditCheck:
    """Whether ``deal`` fits in ``line`` today. ``deal.amount`` must not be negative."""
    if deal.amount < 0:
        raise ValueError("an exposure cannot be negative")
    if line is None:
        return CreditCheck("fail", "This customer has no credit line. Ask Credit to open one.")
    converted = rates.convert(deal.amount, deal.currency, line.currency)
    amount = Decimal(0) if converted is None else converted.quantize(_CENT, ROUND_HALF_UP)
    if line.status != "active" or line.expires < today:
        return _answer(line, "fail", amount, _unusable(line))
    if converted is None:
        return _answer(
            line,
            "refer",
            amount,
            f"There is no rate from {deal.currency} to {line.currency}, so the deal could not be measured.",
        )
    if line.at_hand is not None and amount > line.at_hand:
        reserved = f"{_in(line, line.at_hand)} of this line are" if line.at_hand else "nothing of this line is"
        return _answer(
            line, "fail", amount, f"Offline: {reserved} reserved for this desk; this deal needs {_in(line, amount)}."
        )
    excess = line.used + line.held + amount - line.limit
    if excess > line.limit * TOLERANCE:
        others = f", with {_in(line, line.held)} that other desks hold" if line.held else ""
        return _answer(
            line,
            "fail",
            amount,
            f"The deal exceeds the limit of {_in(line, line.limit)} by {_in(line, excess)}{others}.",
        )
    if excess > 0:
        return _answer(
            line,
            "refer",
            amount,
            f"The deal is {_in(line, excess)} over the limit, within the {TOLERANCE:.0%} that Credit may allow.",
        )
    if value_date is not None and value_date > line.expires:
        return _answer(
            line,
            "refer",
            amount,
            f"The line expires on {_day(line.expires)}, before the deal settles on {_day(value_date)}.",
        )
    return _answer(line, "pass", amount, f"{_in(line, -excess)} of {_in(line, line.limit)} stay available.")


def _unusable(line: Line) -> str:
    if line.status != "active":
        return f"The {line.kind} line is {line.status}. Ask Credit to release it."
    return f"The {line.kind} line expired on {_day(line.expires)}. Ask Credit to renew it."


def _answer(line: Line, result: Result, amount: Decimal, reason: str) -> CreditCheck:
    return CreditCheck(
        result,
        reason,
        line.currency,
        line.limit,
        line.used,
        amount,
        line.limit - line.used - line.held - amount,
        line.id,
        line.kind,
    )


def _in(line: Line, amount: Decimal) -> str:
    return str(Money(amount, line.currency))


def _day(day: dt.date) -> str:
    return f"{day.day} {day:%b %Y}"
