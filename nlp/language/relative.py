"""Days told from others: "a week on Monday", "the first Friday in July", "quarter end", "the day after tomorrow"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from nlp.language.calendar import DAYS, MONTHS, TODAY, TOMORROW, Day, Period, ordinal_at

WEEK = {"week", "wk"}
SPANS = WEEK | {"weeks", "wks", "fortnight", "day", "days"}
COUNTS = {"a": 1, "an": 1, "one": 1, "1": 1, "two": 2, "2": 2, "three": 3, "3": 3, "four": 4, "4": 4}
WORKING = {"working", "business", "trading", "bus"}
EVERY = {"the", "each", "every", "this", "next", "any"}
MONTH = {"month", "mth"}
PERIODS: dict[str, Period] = {
    "month": "month",
    "mth": "month",
    "quarter": "quarter",
    "qtr": "quarter",
    "half": "half",
    "year": "year",
}
ENDS: dict[str, Period] = {"eom": "month", "eoq": "quarter", "eoy": "year"}
WEEKDAYS_PLURAL = {f"{name}s": i for name, i in DAYS.items() if name.endswith("day") or name in ("thur", "tue")}


def relative_day_at(words: Sequence[str], i: int) -> Day | None:
    """The day that is told from another, from token i on; None if there is none."""
    return _after_tomorrow(words, i) or _weeks_on(words, i) or _nth(words, i) or _end(words, i) or _recurring(words, i)


def _after_tomorrow(words: Sequence[str], i: int) -> Day | None:
    start = i + (words[i] == "the")
    if list(words[start : start + 2]) == ["day", "after"] and start + 2 < len(words) and words[start + 2] in TOMORROW:
        return Day(i, start + 3, shift=2)
    return None


def _weeks_on(words: Sequence[str], i: int) -> Day | None:
    """ "Friday week", "Monday fortnight", "a week on Friday", "two weeks today", "a fortnight from Monday"."""
    if words[i] in DAYS:
        after = list(words[i + 1 : i + 3])
        if after[:1] in (["week"], ["wk"]) or after == ["after", "next"]:
            return Day(i, i + 1 + (2 if after[0] == "after" else 1), weekday=DAYS[words[i]], later=1)
        return Day(i, i + 2, weekday=DAYS[words[i]], later=2) if after[:1] == ["fortnight"] else None
    counted = words[i] in COUNTS
    count, at = (COUNTS[words[i]], i + 1) if counted else (1, i)
    if at >= len(words) or words[at] not in SPANS or not counted and words[at] not in WEEK:
        return None
    size = 1 if words[at].startswith("day") else 14 if words[at] == "fortnight" else 7
    on = at + 1
    linked = on < len(words) and words[on] in ("on", "from", "after")
    last = on + linked
    if last >= len(words):
        return None
    base = 0 if words[last] in TODAY else 1 if words[last] in TOMORROW else None
    if base is not None and (counted or linked):
        return Day(i, last + 1, shift=count * size + base)
    if linked and size > 1 and words[last] in DAYS and (counted or words[on] == "on"):
        return Day(i, last + 1, weekday=DAYS[words[last]], later=count * size // 7)
    return None


def _nth(words: Sequence[str], i: int) -> Day | None:
    """ "The first Friday in July", "the last working day of the month", "the 5th of every month"."""
    start = i + (words[i] == "the")
    day, length = ordinal_at(words, start)
    nth = -1 if words[start : start + 1] == ["last"] else day if 1 <= day <= 4 else None
    at = start + (length or 1)
    if nth is None and not day or at + 1 >= len(words):
        return None
    month = _within(words, at)
    if nth is None or month is not None:  # "the 5th of every month"
        return Day(i, month.last, day) if day and month is not None and words[month.last - 1] in MONTH else None
    weekday = DAYS.get(words[at])
    month = _within(words, at + 1 if weekday is not None else at + 2)
    if month is None:
        last_day = words[at] == "day" and _within(words, at + 1)
        if not last_day or nth not in (1, -1):
            return None
        return replace(last_day, first=i) if nth == -1 else replace(last_day, first=i, period_end=None, day=1)
    if weekday is None and not (words[at] in WORKING and words[at + 1] in ("day", "d")):
        return None
    return Day(i, month.last, month=month.month, weekday=weekday, nth=nth)


def _within(words: Sequence[str], at: int) -> Day | None:
    """The end of the month or period named by "in July", "of the month", "of next quarter", from token `at` on."""
    if at + 1 >= len(words) or words[at] not in ("of", "in"):
        return None
    if words[at + 1] in MONTHS:
        return Day(at, at + 2, month=MONTHS[words[at + 1]], period_end="month")
    if at + 2 < len(words) and words[at + 1] in EVERY and words[at + 2] in PERIODS:
        return Day(at, at + 3, period_end=PERIODS[words[at + 2]], later=int(words[at + 1] == "next"))
    if words[at + 1 : at + 2] == ["next"] or words[at + 1] not in PERIODS:
        return None
    return Day(at, at + 2, period_end=PERIODS[words[at + 1]])


def _end(words: Sequence[str], i: int) -> Day | None:
    """ "Month end", "quarter-end", "end June", "the end of the quarter", "eom", "mid-July", "the middle of July"."""
    if words[i] in ENDS:
        return Day(i, i + 1, period_end=ENDS[words[i]])
    gap = 2 if list(words[i + 1 : i + 2]) == ["-"] else 1
    after = words[i + gap] if i + gap < len(words) else ""
    if words[i] in PERIODS and after == "end":
        return Day(i, i + gap + 1, period_end=PERIODS[words[i]])
    if words[i] in ("end", "mid") and after in MONTHS and after != "may":
        month = MONTHS[after]
        return (
            Day(i, i + gap + 1, month=month, period_end="month")
            if words[i] == "end"
            else Day(i, i + gap + 1, 15, month)
        )
    within = _within(words, i + 1) if words[i] in ("end", "middle") else None
    if within is None:
        return None
    if words[i] == "end":
        return replace(within, first=i)
    return Day(i, within.last, 15, within.month) if within.month is not None else None


def _recurring(words: Sequence[str], i: int) -> Day | None:
    """ "Tuesdays, after ten": the next of them."""
    weekday = WEEKDAYS_PLURAL.get(words[i])
    return Day(i, i + 1, weekday=weekday) if weekday is not None else None
