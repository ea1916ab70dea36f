"""Sales credit and hit ratio: what the desk earned from a customer, and how often a price became a deal."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal

from app.brokerage.credit import Rates

DEALT = "dealt"
_COUNTED = frozenset({DEALT, "passed", "traded_away"})


def hit_ratio(outcomes: Iterable[str]) -> Decimal | None:
    """Dealt over firm enquiries, 0..1, None without any; indicative levels and unquoted enquiries do not count."""
    firm = [outcome for outcome in outcomes if outcome in _COUNTED]
    if not firm:
        return None
    return Decimal(firm.count(DEALT)) / len(firm)


def sales_credit_usd(
    client_side: str,
    price: Decimal,
    mid: Decimal | None,
    quantity: Decimal,
    currency: str,
    rates: Rates,
    *,
    per_hundred: bool = False,
) -> Decimal | None:
    """What the price earned over mid, in dollars and cents; never negative, None where the market is not known.

    ``currency`` is the one the price is in. ``per_hundred`` is for bonds, whose price is in percent of par.
    """
    if mid is None:
        return None
    edge = price - mid if client_side == "buy" else mid - price
    earned = max(edge, Decimal(0)) * quantity / (100 if per_hundred else 1)
    dollars = rates.convert(earned, currency, "USD")
    return None if dollars is None else dollars.quantize(Decimal("0.01"), ROUND_HALF_UP)
