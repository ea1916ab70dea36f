"""How times stand to now, in the desk's words: "overdue 6m", "before 14:00", "tomorrow", "54 min", "2d".

Times are shown in the zone of ``now``: hand in a local time to get local words.
"""

from __future__ import annotations

import datetime as dt
from typing import Literal

Urgency = Literal["overdue", "today", "later", "open"]
"""``open`` has no date."""


def due_words(due: dt.datetime | None, now: dt.datetime) -> tuple[str, Urgency]:
    """A due time in words, and how urgent it is. A due time at midnight or 23:59 means the whole day."""
    if due is None:
        return "no date", "open"
    local = due.astimezone(now.tzinfo)
    whole_day = (local.hour, local.minute) in ((0, 0), (23, 59))
    days = (local.date() - now.date()).days
    if days < 0 or (days == 0 and not whole_day and local <= now):
        late = now - local
        return f"overdue {_short(late) if not whole_day else f'{-days}d'}", "overdue"
    if days == 0:
        return ("today" if whole_day else f"before {local:%H:%M}"), "today"
    if days == 1:
        return ("tomorrow" if whole_day else f"tomorrow {local:%H:%M}"), "later"
    if days < 7:
        return f"{local:%a}" if whole_day else f"{local:%a %H:%M}", "later"
    return f"{local.day} {local:%b}" + (f" {local:%Y}" if local.year != now.year else ""), "later"


def ago(then: dt.datetime, now: dt.datetime) -> str:
    """How long ago: "now", "54 min", "3 h", "2d", "5w", "14 Mar 2025"."""
    passed = now - then
    seconds = passed.total_seconds()
    if seconds < 60:
        return "now"
    if seconds < 3600:
        return f"{int(seconds // 60)} min"
    days = (now.date() - then.astimezone(now.tzinfo).date()).days
    if days < 1:
        return f"{int(seconds // 3600)} h"
    if days < 35:
        return f"{days}d"
    if days < 365:
        return f"{days // 7}w"
    local = then.astimezone(now.tzinfo)
    return f"{local.day} {local:%b %Y}"


def _short(passed: dt.timedelta) -> str:
    minutes = int(passed.total_seconds() // 60)
    if minutes < 60:
        return f"{max(minutes, 1)}m"
    return f"{minutes // 60}h" if minutes < 24 * 60 else f"{minutes // (24 * 60)}d"
