"""Options that differ by their expiry alone: "same strike but expiry 10 jul", "i leave the july"."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from nlp.language import identity
from nlp.language import vocabulary as v
from nlp.language.frames import Frame
from nlp.language.model import Turn
from nlp.language.topics import Topic

if TYPE_CHECKING:
    from nlp.language.talk import Talk

EXPIRING: frozenset[str] = frozenset(v.section("phrases", "options")["expiring"])
NEAREST = timedelta(days=5)
"""A day named without "expiry" that comes sooner is that of the premium."""


def by_expiry(talk: Talk, i: int, turn: Turn, frame: Frame, current: Topic) -> Topic | None:
    """The currency option with the expiry that a turn names; the client's words may open another beside it."""
    if current.kind != "option" or v.pair_of(current.instrument.form) is None:
        return None
    alike = [t for t in talk.topics if identity.same(t.instrument, current.instrument)]
    day = _expiry(talk, frame)
    if day is None and frame.tenors:
        return _of_tenor(talk, i, turn, frame, current, alike)
    if day is None:
        months = {span.begin for span in frame.months if span.begin == span.end}
        named = [t for t in alike if (until := _until(talk, t)) is not None and until.month in months]
        return named[0] if len(named) == 1 else None
    known = next((t for t in reversed(alike) if _until(talk, t) == day), None)
    if known is not None:
        return known
    if turn.who != "client" or current.quoted_at is None or _until(talk, current) is None:
        return None
    return _beside(talk, i, current)


def _beside(talk: Talk, i: int, current: Topic) -> Topic:
    """The same option to another day."""
    opened = talk.opened(i, current.instrument)
    opened.hints, opened.side, opened.price_type = set(current.hints), current.side, current.price_type
    opened.size, opened.ccy, opened.unit = current.size, current.ccy, current.unit
    return opened


def _of_tenor(talk: Talk, i: int, turn: Turn, frame: Frame, current: Topic, alike: list[Topic]) -> Topic | None:
    """The option to the tenor that a turn names, where the first is known by its day: "1m same strike is 17/21"."""
    code = frame.tenors[0].code
    until = _until(talk, current)
    if not code.endswith("M") or until is None or current.quoted_at is None:
        return None
    known = next((t for t in alike if t.tenor == code or code == _months(talk, _until(talk, t))), None)
    if known is not None or not (frame.prices or turn.who == "client" and frame.question):
        return known
    opened = _beside(talk, i, current)
    opened.tenor, opened.size = code, None
    opened.side = current.side if turn.who == "client" else None
    return opened


def _months(talk: Talk, day: date | None) -> str:
    """The tenor of a day: 10 September is "3M" in June."""
    return f"{round((day - talk.today).days / 30.4)}M" if day is not None else ""


def _until(talk: Talk, topic: Topic) -> date | None:
    return topic.day.resolve(talk.today) if topic.day else None


def _expiry(talk: Talk, frame: Frame) -> date | None:
    for day in frame.days:
        when = day.resolve(talk.today)
        lead = {word.low for word in frame.words[max(0, day.first - 3) : day.first]}
        if when is not None and (lead & EXPIRING or when > talk.today + NEAREST):
            return when
    return None
