"""By when: the days and hours that are said of something to be done."""

from __future__ import annotations

from datetime import date, timedelta

from nlp.language.figures import figure_at, is_number
from nlp.language.frames import Frame


def days(frame: Frame, first: int, last: int, today: date) -> list[date]:
    """Days said in a span; "in ten minutes" and "straight away" are today."""
    result = [
        day
        for d in frame.days
        if first <= d.first < last
        and not _past(frame, d.first)
        and (day := d.resolve(today)) is not None
        and day >= today
    ]
    lows = [word.low for word in frame.words[first:last]]
    clock = any(low in ("by", "before", "at", "until") and _hour(lows, k + 1) for k, low in enumerate(lows))
    if not result and (
        clock
        or any(f" {phrase} " in f" {' '.join(lows)} " for phrase in TODAY)
        or {"minutes", "mins", "hour", "inbox"} & set(lows)
        or {"shortly", "soon"} & set(lows)
        or "straight away" in " ".join(lows)
        or "right away" in " ".join(lows)
        or "half twelve" in " ".join(lows)
    ):
        result = [today]
    return result


def rough(frame: Frame, first: int, last: int, today: date) -> list[date]:
    """A time without a day: "this week" and "by the end of next week" are over on Friday, "in two days"."""
    lows = [word.low for word in frame.words[first:last]]
    return _in_week(lows, today) or _in_time(lows, today)


TODAY = (
    "close of play",
    "end of play",
    "cob",
    "c o b",
    "in a bit",
    "in a sec",
    "in a moment",
    "right now",
    "in a minute",
)
FRIDAY = 4


def _in_week(lows: list[str], today: date) -> list[date]:
    """ "This week" and "by the end of next week" are over on Friday; "early next week" is Monday."""
    for k in range(1, len(lows)):
        if lows[k] != "week" or lows[k - 1] not in ("this", "next", "the", "of"):
            continue
        if lows[k - 1] in ("the", "of") and "end" not in lows[max(0, k - 4) : k]:
            continue
        monday = today - timedelta(today.weekday()) + timedelta(7 * (lows[k - 1] == "next"))
        early = {"early", "beginning", "start", "first"} & set(lows[max(0, k - 5) : k])
        return [max(today, monday + timedelta(0 if early else FRIDAY))]
    return []


def _in_time(lows: list[str], today: date) -> list[date]:
    """ "In two days", "within a fortnight", "in a couple of weeks"."""
    for k, low in enumerate(lows):
        if low not in ("in", "within"):
            continue
        figure = figure_at(lows, k + 1)
        count, at = (figure.value, figure.last) if figure is not None else (1, k + 2)
        if lows[k + 1 : k + 4] == ["a", "couple", "of"]:
            count, at = 2, k + 4
        unit = lows[at] if at < len(lows) else ""
        if unit == "fortnight":
            return [today + timedelta(14)]
        if unit in ("day", "days", "week", "weeks") and 0 < count <= 12 and lows[k + 1] not in ("the", "this"):
            due = today + timedelta(int(count) * (7 if unit.startswith("week") else 1))
            return [due + timedelta((7 - due.weekday()) % 7 if due.weekday() > FRIDAY else 0)]
    return []


def _hour(lows: list[str], at: int) -> bool:
    """An hour of this day: "before five", "at half past four", "by 3pm", "by noon"."""
    word, after = (*lows[at : at + 2], "", "")[:2]
    if word in ("noon", "midday", "lunch", "lunchtime") or (word == "half" and (after == "past" or is_number(after))):
        return True
    whole = is_number(word) and (not word.isdecimal() or 1 <= int(word) <= 18)
    return whole and (
        not after.isalpha() or after in ("pm", "am", "p", "o'clock", "with", "then", "today", "your", "my")
    )


def _past(frame: Frame, at: int) -> bool:
    """ "Last Tuesday", "came out on Monday", "as of the end of October"."""
    back = [word.low for word in frame.words[max(0, at - 4) : at]]
    return bool(set(back) & {"last", "of", "since", "was", "expires", "came"}) and "end" not in back[-1:]
