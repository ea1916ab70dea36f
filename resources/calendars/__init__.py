"""The days on which a trade can settle: whose calendar is which (``calendars.yaml``), and how to count by it.

A calendar is named by its currency, or by an exchange; the holidays themselves come with the package ``holidays``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

_SATURDAY = 5
_ONE_DAY = dt.timedelta(days=1)


def calendars_of(kind: str, symbol: str, currency: str | None) -> tuple[str, ...]:
    """The calendars by which an instrument settles: of a pair (``EURUSD``, ``EUR/USD``) both currencies'."""
    letters = symbol.replace("/", "").upper()
    if kind in ("fx", "metal", "commodity") and len(letters) == 6:
        return letters[:3], letters[3:]
    if kind == "equity" and currency == "USD":
        return ("NYSE",)
    return (currency,) if currency else ()


def closed(day: dt.date, calendars: Collection[str]) -> str:
    """Why nothing settles on that day ("a Saturday", "Thanksgiving Day (USD)"); empty on a business day."""
    if day.weekday() >= _SATURDAY:
        return f"a {day:%A}"
    named = ((_holidays(each, day.year).get(day), each) for each in calendars)
    return next((f"{name} ({each})" for name, each in named if name), "")


def following(day: dt.date, calendars: Collection[str]) -> dt.date:
    """The day itself or the next business day."""
    while closed(day, calendars):
        day += _ONE_DAY
    return day


def preceding(day: dt.date, calendars: Collection[str]) -> dt.date:
    """The day itself or the business day before it."""
    while closed(day, calendars):
        day -= _ONE_DAY
    return day


def settles(traded: dt.date, days: int, calendars: Collection[str]) -> dt.date:
    """``days`` business days after the trade.

    Of a pair with the dollar only the other currency's days count on the way, as the FX market does; on the last day
    both must be open.
    """
    between = [each for each in calendars if each != "USD"] or calendars
    day = following(traded, between)
    for _ in range(days):
        day = following(day + _ONE_DAY, between)
    return following(day, calendars)


@cache
def _holidays(calendar: str, year: int) -> Mapping[dt.date, str]:
    import holidays  # a tenth of the time in which the desk starts, and not needed for that

    rule = _rules().get(calendar, {})
    found: dict[dt.date, str] = {}
    if country := rule.get("country"):
        kinds = ("public", *rule.get("also", ()))
        found |= holidays.country_holidays(
            country, subdiv=rule.get("part"), years=year, categories=kinds, language="en_US"
        )
    for market in rule.get("markets", ()):
        found |= holidays.financial_holidays(market, years=year, language="en_US")
    return found


@cache
def _rules() -> Mapping[str, Mapping[str, Any]]:
    text = (files("resources.calendars") / "calendars.yaml").read_text(encoding="utf-8")
    rules: dict[str, dict[str, Any]] = yaml.safe_load(text)
    return rules
