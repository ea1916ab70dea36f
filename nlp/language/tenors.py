"""The enquiry in the same instrument for another time: a tenor, a month, a delivery."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nlp.language import identity, saying, topics
from nlp.language.deliveries import ASKS, by_period, outright_asked
from nlp.language.frames import Frame
from nlp.language.model import Turn
from nlp.language.placing import says_price
from nlp.language.shorttenors import decided
from nlp.language.strips import by_month
from nlp.language.topics import Topic
from nlp.language.vocabulary import commodities, swap

if TYPE_CHECKING:
    from nlp.language.talk import Talk


def by_tenor(talk: Talk, i: int, turn: Turn, frame: Frame, chosen: Topic | None) -> Topic | None:
    """ "And ten years, where would that be?" opens the ten-year next to the seven-year."""
    current = chosen or talk.current
    optional = current is not None and current.kind == "option" and current.instrument.form in commodities()
    if current is not None and (current.kind == "commodity" or optional and outright_asked(talk, i, frame)):
        return by_period(talk, i, turn, frame, current)
    if current is not None and (strip := by_month(talk, i, turn, frame, current)) is not None:
        return strip
    if current is not None and (dated := _to_another_day(talk, i, turn, frame, current)) is not None:
        return dated
    outright = current is not None and current.kind == "fx" and bool(current.hints & {"forward", "ndf"})
    if (
        current is None
        or not frame.tenors
        or not (
            current.kind in ("irs", "option") or topics.swapped(current) or outright or _forward(talk, i, frame, turn)
        )
    ):
        return None
    if current.kind != "irs" and saying.takes(frame):
        return _shown_to(talk, current, frame)
    code = decided(frame) if turn.who == "client" and current.kind != "irs" else frame.tenors[0].code
    if current.kind == "irs" and not code.endswith("Y") or code == current.tenor_named:
        return None
    if current.kind != "irs" and current.tenor is None and not _forward(talk, i, frame, turn):
        return current
    same = [
        t for t in talk.topics if identity.same(t.instrument, current.instrument) or t.kind == "irs" == current.kind
    ]
    known = next((t for t in reversed(same) if t.tenor_named == code), None)
    if known is not None:
        return known
    if not (frame.question or bool(frame.prices) or turn.who == "client"):
        return None
    instrument = swap(current.instrument.form, code) if current.kind == "irs" else current.instrument
    opened = talk.opened(i, instrument)
    opened.tenor = code
    if _forward(talk, i, frame, turn):
        opened.hints.add("forward")
    elif i - current.opened <= 12:
        opened.hints, opened.side = set(current.hints), current.side
    if frame.has("same amount", "same size", "same amt", "same again"):
        opened.size, opened.ccy = current.size, current.ccy
    if i - current.opened <= 12 and turn.who == "trader":  # several tenors asked in one breath
        opened.size, opened.ccy, opened.day = current.size, current.ccy, current.day
        opened.evidence |= {k for k in current.evidence if i - 12 <= k < i and talk.turns[k].who == "client"}
    return opened


def _to_another_day(talk: Talk, i: int, turn: Turn, frame: Frame, current: Topic) -> Topic | None:
    """ "For the thirtieth of September 13.4180 all-in, for the thirty-first of December 13.4310": a price each."""
    shown = turn.who == "trader" and current.kind == "fx" and current.quoted_at == i and not topics.swapped(current)
    days = {day.resolve(talk.today) for day in frame.days}
    if not shown or len(days) != 1 or not frame.prices or current.day is None:
        return None
    if days == {current.day.resolve(talk.today)}:
        return None
    opened = talk.opened(i, current.instrument)
    opened.hints, opened.side, opened.day = set(current.hints), current.side, frame.days[0]
    opened.size, opened.ccy, opened.anchors = current.size, current.ccy, current.anchors[-1:]
    opened.evidence |= {k for k in current.evidence if k < i and talk.turns[k].who == "client"}
    return opened


def _shown_to(talk: Talk, current: Topic, frame: Frame) -> Topic | None:
    """ "I'll do the one month.": of several dates that were shown the one that is named."""
    codes = {tenor.code for tenor in frame.tenors}
    same = (topic for topic in talk.topics if topic.instrument.code == current.instrument.code)
    named = [topic for topic in same if topic.tenor in codes and topic.quoted_at is not None]
    if len(named) != 1 or frame.prices and not says_price(named[0], frame):
        return None  # "the ones I skip, I'll do the forty-five and a half"
    return named[0]


def _forward(talk: Talk, i: int, frame: Frame, turn: Turn) -> bool:
    """After spot was dealt or passed the client asks for a date: "and what's the six-month at the moment?" """
    current = talk.current
    asks = turn.who == "client" and (frame.question or frame.has(*ASKS)) and not saying.past(frame)
    over = current is not None and current.kind == "fx" and current.tenor is None and not topics.swapped(current)
    return asks and over and current is not None and current.quoted_at is not None and current.quoted_at < i
