"""Settlement and value dates by product convention, on the business days of an instrument's calendars.

Conventions: spot FX is T+2, T+1 for USDCAD, USDTRY and USDPHP; shares of the US and Canada T+1 (since May 2024),
elsewhere T+2; government bonds of the US and the UK T+1, other bonds T+2. An instrument's own ``settle_days`` wins.
"""

from __future__ import annotations

import calendar
import datetime as dt
import re
from collections.abc import Collection

from app.brokerage.entry import EntryError
from resources.calendars import closed, following, preceding, settles

_NEAR = 5
"""Business days after the trade up to which a date is shown as T plus so many."""
_ONE_DAY_PAIRS = frozenset({"USDCAD", "USDTRY", "USDPHP"})
_ONE_DAY_SHARES = frozenset({"USD", "CAD"})
_TENOR = re.compile(r"(?P<count>\d{1,3})\s*(?P<unit>d|w|m|y)", re.ASCII)
_TRADE_PLUS = re.compile(r"t\s*\+\s*(?P<days>\d{1,3})", re.ASCII)
_DAY_FIRST = re.compile(
    r"(?P<day>\d{1,2})(?:[/. ]|st |nd |rd |th )(?P<month>[a-z]{3,9}|\d{1,2})(?:[/. ](?P<year>\d{4}|\d{2}))?"
)
_MONTHS = {name.lower(): number for number, name in enumerate(calendar.month_abbr) if name}


def settle_days(product: str, symbol: str, currency: str, issuer_is_sovereign: bool = False) -> int:
    """Business days from trade to settlement by convention, for an instrument that does not say."""
    if product in ("fx-spot", "fx-forward", "fx-swap", "ndf"):
        return 1 if symbol.replace("/", "").upper() in _ONE_DAY_PAIRS else 2
    if product == "equity":
        return 1 if currency in _ONE_DAY_SHARES else 2
    if product == "bond":
        return 1 if issuer_is_sovereign and currency in ("USD", "GBP") else 2
    if product in ("future", "option"):
        return 1
    return 2


def add_tenor(spot: dt.date, tenor: str, calendars: Collection[str]) -> dt.date:
    """Forward date from spot: "1w", "3m", "2y". Months roll modified-following, and from month end to month end."""
    match = _TENOR.fullmatch(tenor.strip().lower())
    if match is None:
        raise EntryError(f"“{tenor}” is not a tenor. Write 1w, 3m or 2y.")
    count, unit = int(match["count"]), match["unit"]
    if unit in ("d", "w"):
        return following(spot + dt.timedelta(days=count * (7 if unit == "w" else 1)), calendars)
    months = spot.month - 1 + count * (12 if unit == "y" else 1)
    year, month = spot.year + months // 12, months % 12 + 1
    end = _month_end(year, month)
    if spot == preceding(_month_end(spot.year, spot.month), calendars):
        return preceding(end, calendars)
    day = dt.date(year, month, min(spot.day, end.day))
    rolled = following(day, calendars)
    return rolled if rolled.month == month else preceding(day, calendars)


def parse_value_date(text: str, traded: dt.date, days: int, calendars: Collection[str]) -> dt.date:
    """Reads "spot", "today", "tom", "T+2", "3m", "25 Nov", "25/11/2026" or an ISO date.

    Refuses weekends, holidays and the past.
    """
    cleaned = " ".join(text.lower().replace("·", " ").split())
    day = _named_date(cleaned, traded, days, calendars)
    if day < traded:
        raise EntryError(f"{day:%d %b %Y} has passed.")
    if why := closed(day, calendars):
        raise EntryError(f"{day:%d %b %Y} is {why}. The next business day is {following(day, calendars):%d %b}.")
    return day


def _named_date(cleaned: str, traded: dt.date, days: int, calendars: Collection[str]) -> dt.date:
    if cleaned in ("", "spot", "regular"):
        return settles(traded, days, calendars)
    if cleaned in ("today", "tod", "cash"):
        return following(traded, calendars)
    if cleaned in ("tom", "tomorrow"):
        return settles(traded, 1, calendars)
    plus = _TRADE_PLUS.match(cleaned)
    if plus:
        # The field shows "T+2 · 25 Nov 2026": the first part is what was meant.
        return settles(traded, int(plus["days"]), calendars)
    if _TENOR.fullmatch(cleaned):
        return add_tenor(settles(traded, days, calendars), cleaned, calendars)
    try:
        return dt.date.fromisoformat(cleaned)
    except ValueError:
        pass
    match = _DAY_FIRST.fullmatch(cleaned)
    if match is None:
        raise EntryError(f"“{cleaned[:24]}” is not a date. Write spot, T+2, 3m, 25 Nov or 2026-11-25.")
    month = int(match["month"]) if match["month"].isdigit() else _MONTHS.get(match["month"][:3], 0)
    try:
        if match["year"]:
            year = int(match["year"])
            return dt.date(year + 2000 if year < 100 else year, month, int(match["day"]))
        day = dt.date(traded.year, month, int(match["day"]))
        return day if day >= traded else day.replace(year=traded.year + 1)
    except ValueError:
        raise EntryError(f"“{cleaned[:24]}” is not a day of the calendar.") from None


def describe(day: dt.date, traded: dt.date, calendars: Collection[str]) -> str:
    """ "T+2 · 25 Nov 2026" for a near date, the date alone for a far one."""
    written = f"{day.day} {day:%b %Y}"
    count = next((count for count in range(_NEAR + 1) if settles(traded, count, calendars) == day), None)
    return written if count is None else f"T+{count} · {written}"


def product_for(kind: str, day: dt.date, spot: dt.date) -> str:
    """The deal's product for an instrument kind: FX beyond its spot date is a forward."""
    if kind == "fx":
        return "fx-forward" if day > spot else "fx-spot"
    return kind


def _month_end(year: int, month: int) -> dt.date:
    return dt.date(year, month, calendar.monthrange(year, month)[1])
