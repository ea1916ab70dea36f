"""Settlement and value dates by product convention. Weekends are skipped; public holidays are not known here.

Conventions: spot FX is T+2, T+1 for USDCAD, USDTRY and USDPHP; shares of the US and Canada T+1 (since May 2024),
elsewhere T+2; government bonds of the US and the UK T+1, other bonds T+2. An instrument's own ``settle_days`` wins.
"""

from __future__ import annotations

import calendar
import datetime as dt
import re

from app.brokerage.entry import EntryError

_ONE_DAY_PAIRS = frozenset({"USDCAD", "USDTRY", "USDPHP"})
_ONE_DAY_SHARES = frozenset({"USD", "CAD"})
_TENOR = re.compile(r"(?P<count>\d{1,3})\s*(?P<unit>d|w|m|y)", re.ASCII)
_TRADE_PLUS = re.compile(r"t\s*\+\s*(?P<days>\d{1,3})", re.ASCII)
_DAY_FIRST = re.compile(
    r"(?P<day>\d{1,2})(?:[/. ]|st |nd |rd |th )(?P<month>[a-z]{3,9}|\d{1,2})(?:[/. ](?P<year>\d{4}|\d{2}))?"
)
_MONTHS = {name.lower(): number for number, name in enumerate(calendar.month_abbr) if name}


def is_business_day(day: dt.date) -> bool:
    return day.weekday() < 5


def following(day: dt.date) -> dt.date:
    """The day itself or the next business day."""
    while not is_business_day(day):
        day += dt.timedelta(days=1)
    return day


def modified_following(day: dt.date) -> dt.date:
    """The following business day, or the preceding one where that would leave the month."""
    moved = following(day)
    if moved.month == day.month:
        return moved
    while not is_business_day(day):
        day -= dt.timedelta(days=1)
    return day


def add_business_days(day: dt.date, count: int) -> dt.date:
    """``count`` business days after ``day``; zero gives the first business day on or after it."""
    day = following(day)
    for _ in range(count):
        day = following(day + dt.timedelta(days=1))
    return day


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


def value_date(traded: dt.date, days: int) -> dt.date:
    """Spot or regular settlement: ``days`` business days after the trade date."""
    return add_business_days(traded, days)


def add_tenor(spot: dt.date, tenor: str) -> dt.date:
    """Forward date from spot: "1w", "3m", "2y". Months roll modified-following, and from month end to month end."""
    match = _TENOR.fullmatch(tenor.strip().lower())
    if match is None:
        raise EntryError(f"“{tenor}” is not a tenor. Write 1w, 3m or 2y.")
    count, unit = int(match["count"]), match["unit"]
    if unit in ("d", "w"):
        return following(spot + dt.timedelta(days=count * (7 if unit == "w" else 1)))
    months = spot.month - 1 + count * (12 if unit == "y" else 1)
    year, month = spot.year + months // 12, months % 12 + 1
    last = calendar.monthrange(year, month)[1]
    if spot == _last_business_day(spot.year, spot.month):
        return _last_business_day(year, month)
    return modified_following(dt.date(year, month, min(spot.day, last)))


def parse_value_date(text: str, traded: dt.date, days: int) -> dt.date:
    """Reads "spot", "today", "tom", "T+2", "3m", "25 Nov", "25/11/2026" or an ISO date.

    Refuses weekends and the past.
    """
    cleaned = " ".join(text.lower().replace("·", " ").split())
    day = _named_date(cleaned, traded, days)
    if day < traded:
        raise EntryError(f"{day:%d %b %Y} has passed.")
    if not is_business_day(day):
        raise EntryError(f"{day:%d %b %Y} is a {day:%A}. The next business day is {following(day):%d %b}.")
    return day


def _named_date(cleaned: str, traded: dt.date, days: int) -> dt.date:
    if cleaned in ("", "spot", "regular"):
        return value_date(traded, days)
    if cleaned in ("today", "tod", "cash"):
        return following(traded)
    if cleaned in ("tom", "tomorrow"):
        return add_business_days(traded, 1)
    plus = _TRADE_PLUS.match(cleaned)
    if plus:
        # The field shows "T+2 · 25 Nov 2026": the first part is what was meant.
        return add_business_days(traded, int(plus["days"]))
    if _TENOR.fullmatch(cleaned):
        return add_tenor(value_date(traded, days), cleaned)
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


def describe(day: dt.date, traded: dt.date) -> str:
    """ "T+2 · 25 Nov 2026" for a near date, the date alone for a far one."""
    count = 0
    step = following(traded)
    while step < day and count <= 5:
        step = following(step + dt.timedelta(days=1))
        count += 1
    written = f"{day.day} {day:%b %Y}"
    return f"T+{count} · {written}" if step == day and count <= 5 else written


def product_for(kind: str, day: dt.date, traded: dt.date, days: int) -> str:
    """The deal's product for an instrument kind: FX beyond its spot date is a forward."""
    if kind == "fx":
        return "fx-forward" if day > value_date(traded, days) else "fx-spot"
    return kind


def _last_business_day(year: int, month: int) -> dt.date:
    day = dt.date(year, month, calendar.monthrange(year, month)[1])
    while not is_business_day(day):
        day -= dt.timedelta(days=1)
    return day
