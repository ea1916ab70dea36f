"""One ticking row: the texts of its cells, made once per price and read many times by the painter."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from app.market.book import Quote
from plugins.pricing.lists import PriceLine

FLASH_SECONDS = 0.45
_MINUS = "−"


def amount(size: int, unit: str | None) -> str:
    """1mm, 250k, 500 lots: amounts as a desk writes them."""
    if size <= 0:
        return ""
    if size >= 1_000_000:
        short = f"{size / 1_000_000:g}mm"
    elif size >= 1_000:
        short = f"{size / 1_000:g}k"
    else:
        short = str(size)
    # "t CO2" is told apart by the instrument; the column has room for "t".
    return short if unit is None or unit == "shares" else f"{short} {unit.split()[0]}"


def signed(value: Decimal, decimals: int) -> str:
    text = f"{abs(value):.{decimals}f}"
    if not value or not text.strip("0."):
        return text
    return f"{_MINUS if value < 0 else '+'}{text}"


def age(seconds: float) -> str:
    if seconds < 60:
        return f"{max(0, int(seconds))} s"
    return f"{int(seconds // 60)} m" if seconds < 3600 else f"{int(seconds // 3600)} h"


class PriceRow:
    """Cell texts and colours. ``id`` is the instrument's."""

    __slots__ = (
        "age",
        "ask",
        "ask_flash",
        "bid",
        "bid_flash",
        "change",
        "change_tone",
        "flash_until",
        "id",
        "line",
        "quote",
        "size",
        "spread",
        "tone",
    )

    def __init__(self, line: PriceLine) -> None:
        self.id = line.id
        self.line = line
        self.quote: Quote | None = None
        self.size = self.bid = self.ask = self.spread = self.change = self.age = ""
        self.tone: str | None = "tx3"
        self.change_tone: str | None = None
        self.bid_flash: str | None = None
        self.ask_flash: str | None = None
        self.flash_until = 0.0

    def take(self, quote: Quote, monotonic: float) -> None:
        """Shows a quote; a bid or ask that moved flashes with its direction until ``flash_until``."""
        last, self.quote = self.quote, quote
        self.tone = "tx3" if quote.stale else None
        if last is not None and last.bid == quote.bid and last.ask == quote.ask and last.size == quote.size:
            return
        # 64ths of a Treasury have six decimals; nobody reads more than four behind a two-figure price.
        decimals = min(self.line.decimals, 4 if quote.bid >= 10 else 5)
        self.size = amount(quote.size, self.line.unit)
        self.bid = f"{quote.bid:.{decimals}f}"
        self.ask = f"{quote.ask:.{decimals}f}"
        spread = quote.spread_bp
        self.spread = "" if spread is None else f"{spread:.1f}"
        change = quote.change
        self.change = signed(change, min(decimals, 4))
        # A change that rounds to nothing is none.
        self.change_tone = {"+": "up", _MINUS: "dn"}.get(self.change[:1], "tx3")
        if last is not None and not quote.stale:
            self.bid_flash = _direction(last.bid, quote.bid) or self.bid_flash
            self.ask_flash = _direction(last.ask, quote.ask) or self.ask_flash
            if last.bid != quote.bid or last.ask != quote.ask:
                self.flash_until = monotonic + FLASH_SECONDS

    def calm(self, monotonic: float) -> bool:
        """Ends a flash whose time is over; True when the row must be painted again."""
        if self.flash_until and monotonic >= self.flash_until:
            self.flash_until = 0.0
            self.bid_flash = self.ask_flash = None
            return True
        return False

    def grow_old(self, now: dt.datetime) -> bool:
        """Counts the age on; True when its text changed."""
        if self.quote is None:
            return False
        text = age((now - self.quote.moved_at).total_seconds())
        changed, self.age = text != self.age, text
        return changed


def _direction(before: Decimal, after: Decimal) -> str | None:
    return "upbg" if after > before else "dnbg" if after < before else None
