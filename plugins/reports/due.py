"""When a follow-up is due, as a trader types and reads it. Pure: today and the zone are given.

Stored as an ISO date ("2026-11-25") or an ISO time with offset ("2026-11-25T14:00:00+00:00").
"""

from __future__ import annotations

import datetime as dt
import re

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
LONG_PAST = dt.timedelta(days=31)
TIME = re.compile(r"(?:^|\s)(?:at\s+|before\s+|by\s+)?(\d{1,2})(?::(\d{2})\s*(am|pm)?|\s*(am|pm))$", re.IGNORECASE)
DAY_MONTH = re.compile(r"^(\d{1,2})\.?\s*([a-z]{3})[a-z]*\.?(?:\s+(\d{4}))?$")


def parse(text: str, today: dt.date, zone: dt.tzinfo) -> str | None:
    """The ISO form of "today 14:00", "fri", "tomorrow 9am", "25 nov", "2026-11-25 14:00"; None if not understood."""
    words = " ".join(text.strip().lower().split())
    if not words:
        return None
    time, words = _split_time(words)
    day = _day(words, today) if words else today
    if day is None:
        return None
    if time is None:
        return day.isoformat()
    return dt.datetime.combine(day, time, zone).isoformat()


def show(due: str | None, today: dt.date, zone: dt.tzinfo) -> str:
    """ "Today 14:00", "Tomorrow", "Fri 27 Nov": what ``parse`` reads back to the same moment."""
    if not due:
        return ""
    day, time = split(due, zone)
    if day == today:
        name = "Today"
    elif day == today + dt.timedelta(days=1):
        name = "Tomorrow"
    else:
        name = f"{day.day} {MONTHS[day.month - 1].capitalize()}"
        if day.year != today.year or day < today - LONG_PAST:
            name += f" {day.year}"
    return f"{name} {time:%H:%M}" if time else name


def split(due: str, zone: dt.tzinfo) -> tuple[dt.date, dt.time | None]:
    """Local day and, where one was agreed, local time."""
    if len(due) <= 10:
        return dt.date.fromisoformat(due), None
    moment = dt.datetime.fromisoformat(due)
    local = moment.astimezone(zone) if moment.tzinfo else moment
    return local.date(), local.time()


def as_moment(due: str | None, zone: dt.tzinfo) -> dt.datetime | None:
    """The stored moment; a day without a time is due until its last minute."""
    if not due:
        return None
    day, time = split(due, zone)
    return dt.datetime.combine(day, time or dt.time(23, 59), zone).astimezone(dt.UTC)


def _split_time(words: str) -> tuple[dt.time | None, str]:
    match = TIME.search(words)
    if match is None:
        return None, words
    hour, minute = int(match[1]), int(match[2] or 0)
    half = (match[3] or match[4] or "").lower()
    if half:
        if not 1 <= hour <= 12:
            return None, words
        hour = hour % 12 + (12 if half == "pm" else 0)
    if hour > 23 or minute > 59:
        return None, words
    return dt.time(hour, minute), words[: match.start()].strip()


def _day(words: str, today: dt.date) -> dt.date | None:
    words = words.removeprefix("on ").removeprefix("by ").removeprefix("next ").strip()
    if words in ("today", "now", "before", "eod", "close"):
        return today
    if words in ("tomorrow", "tmrw", "tom"):
        return today + dt.timedelta(days=1)
    if words in _DAY_NAMES:
        ahead = (_DAY_NAMES[words] - today.weekday()) % 7 or 7
        return today + dt.timedelta(days=ahead)
    if match := DAY_MONTH.match(words):
        return _calendar_day(int(match[1]), match[2], match[3], today)
    try:
        return dt.date.fromisoformat(words)
    except ValueError:
        return None


def _calendar_day(day: int, month: str, year: str | None, today: dt.date) -> dt.date | None:
    if month not in MONTHS:
        return None
    try:
        found = dt.date(int(year) if year else today.year, MONTHS.index(month) + 1, day)
    except ValueError:
        return None
    # A day that is long past in this year means the next one: "3 jan" said in December.
    if year is None and found < today - LONG_PAST:
        return found.replace(year=found.year + 1) if (found.month, found.day) != (2, 29) else None
    return found


_DAY_NAMES = {name: index for index, full in enumerate(DAYS) for name in (full, full[:3], full[:4], full[:5])}
