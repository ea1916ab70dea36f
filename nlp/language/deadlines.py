"""By when: the days and hours that are said of something to be done."""

from __future__ import annotations

from datetime import date

from nlp.language.figures import is_number
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
        or {"minutes", "mins", "hour", "inbox"} & set(lows)
        or {"shortly", "soon"} & set(lows)
        or "straight away" in " ".join(lows)
        or "right away" in " ".join(lows)
        or "half twelve" in " ".join(lows)
    ):
        result = [today]
    return result


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
