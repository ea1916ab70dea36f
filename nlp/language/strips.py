"""Outrights to several dates, each an enquiry of its own: "1.2m 15 jul, 1.5m 15 sep", "1.3409 jul, 1.3413 sep"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nlp.language import topics
from nlp.language.amounts import Size
from nlp.language.frames import Frame
from nlp.language.model import Turn
from nlp.language.topics import Topic

if TYPE_CHECKING:
    from nlp.language.talk import Talk

LOOK_BACK = 12
"""Turns in which the amounts of the dates were said."""


def by_month(talk: Talk, i: int, turn: Turn, frame: Frame, current: Topic) -> Topic | None:
    """The outright of the month that this part names; the dealer's price for another month opens one beside it."""
    named = months(talk, frame)
    if current.kind != "fx" or topics.swapped(current) or len(named) != 1:
        return None
    month = named.pop()
    known = dated(talk, current, month)
    if known is not None:
        return known
    several = len(months(talk, talk.frames[i])) > 1
    if turn.who != "trader" or not several or not frame.prices or current.status == "dealt" or frame.sizes:
        return None
    if current.month is None and current.quoted_at in (None, i):
        strip = current
    else:
        strip = talk.opened(i, current.instrument)
        strip.side, strip.hints = current.side, set(current.hints)
        strip.evidence |= {k for k in current.evidence if talk.turns[k].who == "client"}
    strip.month = month
    strip.hints.add("forward")
    size = _asked(talk, i, month)
    if size is not None:
        strip.size, strip.ccy, strip.unit = topics.size_of(size, strip.instrument)
    elif strip is not current:
        strip.size, strip.ccy = current.size, current.ccy
    return strip


def dated(talk: Talk, topic: Topic, month: int) -> Topic | None:
    """The enquiry of a strip to that month."""
    return next((t for t in talk.topics if t.month == month and t.instrument.code == topic.instrument.code), None)


def months(talk: Talk, frame: Frame) -> set[int]:
    """The months of a turn, of its days too."""
    days = {day.resolve(talk.today) for day in frame.days if day.month}
    return {span.begin for span in frame.months if span.begin == span.end} | {day.month for day in days if day}


def _asked(talk: Talk, i: int, month: int) -> Size | None:
    """The amount that the client named for the month."""
    for k in range(i - 1, max(-1, i - 1 - LOOK_BACK), -1):
        frame = talk.frames[k]
        if talk.turns[k].who != "client" or len(frame.sizes) < 2:
            continue
        ends = [*(size.first for size in frame.sizes[1:]), frame.begin + len(frame.lows)]
        for size, end in zip(frame.sizes, ends, strict=True):
            if month in months(talk, frame.part(size.first, end)):
                return size
    return None
