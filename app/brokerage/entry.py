"""Quantities and prices as a trader types them, and how they are written back.

The one place that knows "10m", "5mm", "1yd", "99-16+": the ticket, the palette and imports all read through it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

LARGEST_QUANTITY = Decimal(10) ** 13
"""Ten thousand billion: above it a zero was typed too many, whatever the currency."""

LARGEST_PRICE = Decimal(10) ** 9

_MULTIPLIER = {
    "": Decimal(1),
    "k": Decimal(1_000),
    "m": Decimal(1_000_000),
    "mm": Decimal(1_000_000),
    "mio": Decimal(1_000_000),
    "mln": Decimal(1_000_000),
    "million": Decimal(1_000_000),
    "b": Decimal(1_000_000_000),
    "bn": Decimal(1_000_000_000),
    "bio": Decimal(1_000_000_000),
    "billion": Decimal(1_000_000_000),
    "y": Decimal(1_000_000_000),
    "yd": Decimal(1_000_000_000),
    "yard": Decimal(1_000_000_000),
    "yards": Decimal(1_000_000_000),
}
_UNITS = ("shares", "lots", "oz", "bbl", "mt", "t co2")
_NUMBER = r"(?:\d{1,3}(?:,\d{3})+|\d{1,3}(?: \d{3})+|\d+)?(?:\.\d+)?"
_QUANTITY = re.compile(
    rf"(?:(?P<before>[a-z]{{3}})\s+)?(?P<number>{_NUMBER})\s*"
    rf"(?P<multiplier>k|mm|mio|mln|million|m|billion|bio|bn|b|yards|yard|yd|y)?"
    rf"(?:\s+(?P<after>{'|'.join(_UNITS)}|[a-z]{{3}}))?",
    re.ASCII,
)
# US Treasury convention: points, then 32nds of a point, then "+" for a half 32nd or one digit of eighths of a 32nd.
_THIRTY_SECONDS = re.compile(r"(?P<points>\d{1,4})-(?P<ticks>\d{1,2})(?P<eighth>[0-7+])?", re.ASCII)
_FRACTION = re.compile(r"(?P<points>\d{1,4})[ -](?P<top>\d{1,2})/(?P<bottom>2|4|8|16|32|64)", re.ASCII)
_VULGAR = {"⅛": ".125", "¼": ".25", "⅜": ".375", "½": ".5", "⅝": ".625", "¾": ".75", "⅞": ".875"}
_DECIMAL = re.compile(rf"(?P<sign>[+-]?)(?P<number>{_NUMBER})", re.ASCII)
_SIGNED_TYPES = frozenset({"spread_bp", "points", "yield", "rate"})


class EntryError(ValueError):
    """What was typed cannot be read; the text says what would be."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """An amount in units (10m is 10000000), with the currency or unit if the trader wrote one."""

    amount: Decimal
    currency: str | None = None
    unit: str | None = None


def parse_quantity(text: str) -> Quantity:
    """Reads "10m", "5mm", "2.5k", "1yd", "10,000,000", "usd 10m", "500 lots".

    Always positive and in whole hundredths.
    """
    cleaned = " ".join(text.lower().split())
    if not cleaned:
        raise EntryError("Type a quantity, for example 10m.")
    match = _QUANTITY.fullmatch(cleaned)
    if match is None or not any(character.isdigit() for character in match["number"]):
        raise EntryError(f"“{_shown(text)}” is not a quantity. Write 10m, 2.5k, 1bn or 10,000,000.")
    before, after = match["before"], match["after"]
    if before and after:
        raise EntryError(f"“{_shown(text)}” names two currencies or units. Write it once.")
    digits = _plain(match["number"])
    if len(digits) > 30:
        raise EntryError("That quantity has too many digits. Check it.")
    amount = Decimal(digits) * _MULTIPLIER[match["multiplier"] or ""]
    if amount <= 0:
        raise EntryError("A quantity must be more than zero.")
    if amount > LARGEST_QUANTITY:
        raise EntryError(f"{format_short(amount)} is larger than any deal. Check the zeros.")
    if amount != round(amount, 2):
        raise EntryError(f"“{_shown(text)}” has a fraction of a cent. Give at most two decimals.")
    tag = before or after
    if tag in _UNITS:
        return Quantity(_trim(amount), unit="t CO2" if tag == "t co2" else tag)
    return Quantity(_trim(amount), currency=tag.upper() if tag else None)


def parse_price(text: str, price_type: str = "price") -> Decimal:
    """Reads "1.0922", "98.412", "99-16+", "99-162", "101 3/8", "+96", "4.25%".

    ``price_type`` is one of the deal's: only a spread, points, a rate or a yield may be zero or negative.
    """
    cleaned = " ".join(text.strip().split()).removesuffix("%").removesuffix("bp").rstrip()
    if not cleaned:
        raise EntryError("Type a price.")
    if price_type == "price":
        treasury = _thirty_seconds(cleaned)
        if treasury is not None:
            return treasury
    if cleaned[-1] in _VULGAR and cleaned[:-1].strip().isdigit():
        cleaned = cleaned[:-1].strip() + _VULGAR[cleaned[-1]]
    match = _DECIMAL.fullmatch(cleaned)
    if match is None or not any(character.isdigit() for character in match["number"]):
        raise EntryError(f"“{_shown(text)}” is not a price. Write 1.0922, 98.412 or, in 32nds, 99-16+.")
    digits = _plain(match["number"])
    if len(digits) > 24:
        raise EntryError("That price has too many digits. Check it.")
    price = Decimal(match["sign"] + digits)
    if price <= 0 and price_type not in _SIGNED_TYPES:
        raise EntryError("A price must be more than zero.")
    if abs(price) > LARGEST_PRICE:
        raise EntryError(f"{_shown(text)} is larger than any price. Check the decimal point.")
    return price


def _thirty_seconds(text: str) -> Decimal | None:
    match = _FRACTION.fullmatch(text)
    if match:
        top, bottom = int(match["top"]), int(match["bottom"])
        if top >= bottom:
            raise EntryError(f"“{_shown(text)}” has a fraction of one or more. Check it.")
        return _trim(Decimal(match["points"]) + Decimal(top) / bottom)
    match = _THIRTY_SECONDS.fullmatch(text)
    if match is None:
        return None
    ticks = int(match["ticks"])
    if len(match["ticks"]) == 1 and match["eighth"]:
        raise EntryError(f"“{_shown(text)}” is not clear. Write 32nds with two digits, as in 99-08+.")
    if ticks > 31:
        raise EntryError(f"“{_shown(text)}” has {ticks} 32nds; there are at most 31.")
    eighth = {"+": 4, None: 0}.get(match["eighth"])
    eighths = int(match["eighth"]) if eighth is None else eighth
    return _trim(Decimal(match["points"]) + Decimal(ticks * 8 + eighths) / 256)


def off_market(price: Decimal, market: Decimal | None, tolerance: Decimal = Decimal("0.03")) -> Decimal | None:
    """The share by which a price is away from the market if that is more than ``tolerance``, else None.

    A slipped decimal point is the commonest mistake on a ticket, and the most expensive.
    """
    if market is None or market == 0:
        return None
    away = abs(price - market) / abs(market)
    return away if away > tolerance else None


def format_quantity(amount: Decimal) -> str:
    """10,000,000 or 2,500.50."""
    return f"{_trim(amount):,f}" if amount == amount.to_integral_value() else f"{amount:,.2f}"


def format_short(amount: Decimal) -> str:
    """10mm, 2.5mm, 750k, 1.2bn, 640: what fits in a column or a sentence."""
    size = abs(amount)
    for unit, suffix in ((Decimal(10) ** 9, "bn"), (Decimal(10) ** 6, "mm"), (Decimal(10) ** 3, "k")):
        if size >= unit:
            return f"{_trim(round(amount / unit, 2)):,f}{suffix}"
    return f"{_trim(round(amount, 2)):,f}"


def format_price(price: Decimal, decimals: int) -> str:
    """With the instrument's number of decimals, more if the price has more."""
    exponent = _trim(price).as_tuple().exponent
    own = -exponent if isinstance(exponent, int) and exponent < 0 else 0
    return f"{price:.{max(decimals, min(own, 8))}f}"


def _plain(number: str) -> str:
    return number.replace(",", "").replace(" ", "")


def _trim(amount: Decimal) -> Decimal:
    """Without trailing zeros and without an exponent."""
    whole = amount.to_integral_value()
    return whole.quantize(Decimal(1)) if amount == whole else amount.normalize()


def _shown(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 24 else text[:23] + "…"
