"""How amounts, prices and days are written."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from nlp.language.model import Terms

THOUSAND = 1000
LARGE_RATE = 20
NAMES = "January February March April May June July August September October November December".split()


def amount(value: Decimal) -> str:
    """15 million, 22.5 million, 300,000."""
    if value >= 1_000_000_000 and value % 10_000_000 == 0:
        return f"{_plain(value / 1_000_000_000)} billion"
    if value >= 1_000_000 and value % 10_000 == 0:
        return f"{_plain(value / 1_000_000)} million"
    return f"{value.normalize():,f}"


def price(value: Decimal | None, fact: Terms | None) -> str:
    """A price as dealers write it: FX rates with at least four decimals, of the yen and above twenty with two,
    treasuries in 32nds."""
    if value is None:
        return ""
    if fact is not None and fact.product == "bond" and fact.price_type == "price" and fact.instrument.startswith("UST"):
        return _ticks(value)
    text = _plain(value)
    if fact is not None and fact.price_type == "rate" and fact.product != "irs":
        if value >= THOUSAND and value == value.to_integral_value():
            return text
        places = 2 if fact.instrument.endswith("JPY") or value >= LARGE_RATE else 4
        shown = len(text.split(".")[1]) if "." in text else 0
        return f"{value:.{places}f}" if shown < places else text
    return text


def level(value: Decimal, fact: Terms) -> str:
    """A price with the words that say what kind it is."""
    text = price(value, fact)
    if fact.price_type == "spread_bp":
        return f"{text} bp over {fact.benchmark}" if fact.benchmark else f"{text} bp"
    if fact.price_type == "yield":
        return f"a yield of {text}%"
    if fact.price_ccy == "GBX":
        return f"{text} pence"
    return f"{fact.price_ccy} {text}" if fact.price_ccy and fact.product != "fx-spot" else text


def day(when: date | str | None, started: date) -> str:
    """17 September, with the year where it is not the conversation's."""
    if when is None:
        return ""
    value = date.fromisoformat(when[:10]) if isinstance(when, str) else when
    year = f" {value.year}" if value.year != started.year else ""
    return f"{value.day} {NAMES[value.month - 1]}{year}"


def tenor(code: str) -> str:
    """7Y as 7-year."""
    units = {"Y": "year", "M": "month", "W": "week", "D": "day"}
    return f"{code[:-1]}-{units[code[-1]]}" if code[-1:] in units and code[:-1].isdecimal() else code


def _plain(value: Decimal) -> str:
    return format(value.normalize(), "f")


def _ticks(value: Decimal) -> str:
    """99.515625 is 99-16+; fractions finer than a half 32nd stay decimal."""
    handle = int(value)
    halves = (value - handle) * 64
    if halves != halves.to_integral_value():
        return _plain(value)
    return f"{handle}-{int(halves) // 2:02d}{'+' if int(halves) % 2 else ''}"
