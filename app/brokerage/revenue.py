"""Sales credit: what the desk earned from a customer."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from app.brokerage.credit import Rates


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
