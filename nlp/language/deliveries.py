"""Enquiries beside the one spoken of: the same commodity for another delivery, the same instrument in another size."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from nlp.language import resting, saying, topics
from nlp.language.calendar import MONTHS
from nlp.language.frames import Frame
from nlp.language.model import Turn
from nlp.language.periods import Months
from nlp.language.terms import Mention, period
from nlp.language.topics import Topic
from nlp.language.vocabulary import Instrument, commodities, commodity, section

if TYPE_CHECKING:
    from nlp.language.talk import Talk

ASKS: tuple[str, ...] = tuple(section("phrases", "dealing")["asks"])


OUTRIGHT: tuple[str, ...] = ("swap", "swaps", "outright", "forward", "average swap", "future", "futures")
LATER: tuple[str, ...] = ("outright", "forward", "all - in", "all in")


def by_period(talk: Talk, i: int, turn: Turn, frame: Frame, current: Topic) -> Topic | None:
    """ "Q3 702.50, q4 708": the same commodity for another delivery."""
    span = next(iter(frame.months), None)
    when = period(_coming(span, talk.today)) if span is not None and not frame.mentions else ""
    asked = turn.who == "client" and (frame.question or frame.has(*ASKS, *topics.INDICATIVE))
    priced = span is not None and any(0 <= figure.first - span.last <= 3 for figure in frame.prices)
    if span is not None and _within(span, current.instrument.period) and not (frame.question or priced):
        return None  # "there's a shutdown planned for November", of a fourth quarter
    said = frame.prices or frame.sizes or asked
    if not when or not said or not current.instrument.form or (current.instrument.period or "").startswith(when):
        return None
    if current.instrument.period is None and current.quoted_at is None:
        current.instrument = commodity(current.instrument.form, when, current.instrument.issuer)
        return current
    if not frame.prices and not asked:
        return None
    outright = frame.has(*OUTRIGHT)  # "April to December, an average swap would be ...", after an option
    instrument = commodity(current.instrument.form, when, "" if outright else current.instrument.issuer)
    known = talk.find(instrument, i)
    if known is not None:
        return known
    opened = talk.opened(i, instrument)
    opened.hints, opened.side = set(current.hints), current.side
    opened.size, opened.unit = current.size, current.unit
    opened.evidence |= {k for k in current.evidence if i - 12 <= k < i and talk.turns[k].who == "client"}
    return opened


def dated(instrument: Instrument, today: date) -> Instrument:
    """A commodity whose delivery is said without a year is for the next one to come: "Brent swap Oct-Dec 2026"."""
    ends = [MONTHS[word.lower()] for word in re.findall("[A-Za-z]+", instrument.period or "") if word.lower() in MONTHS]
    if instrument.form not in commodities() or not ends or re.search(r"\d", instrument.period or ""):
        return instrument
    span = _coming(Months(0, 0, ends[0], ends[-1], None), today)
    return commodity(instrument.form, period(span), instrument.issuer)


def _within(span: Months, period: str | None) -> bool:
    """One month of the months that are spoken of."""
    ends = [MONTHS[word.lower()] for word in re.findall("[A-Za-z]+", period or "") if word.lower() in MONTHS]
    if len(ends) != 2 or span.begin != span.end:
        return False
    return (span.begin - ends[0]) % 12 <= (ends[1] - ends[0]) % 12


def _coming(span: Months, today: date) -> Months:
    """A delivery without a year is the next one to come."""
    if span.year:
        return span
    begun = span.begin <= today.month if span.begin < span.end else span.begin <= span.end < today.month
    return replace(span, year=today.year + begun)  # a quarter that has begun is next year's


def colour(talk: Talk, i: int, turn: Turn, frame: Frame, mention: Mention) -> bool:
    """The trader's word on another commodity; not "WTI swap, same as last year?", which names what was asked for."""
    if turn.who == "client" or not mention.weak or mention.instrument.kind != "commodity":
        return False
    asked = talk.current is None or talk.current.kind == "commodity" and talk.current.quoted_at is None
    theirs = [talk.frames[k] for k in range(max(0, i - 2), i) if talk.turns[k].who == "client"]
    if any(size.unit == mention.instrument.unit for other in theirs if not other.mentions for size in other.sizes):
        return False  # "800 t a month" has no name yet
    lately = any(talk.frames[k].months or talk.frames[k].sizes for k in range(max(0, i - 2), i))
    return not (frame.question and asked and lately and not frame.prices)


def in_another_size(frame: Frame, topic: Topic) -> bool:
    """After a price was turned down, or a deal done, the trader shows one for another amount: "in 100,000 I'd pay
    18.40", "so the six million, outright to the fifteenth of July: eleven fifty-four twenty"."""
    if topic.status not in ("passed", "dealt") or topic.size is None or saying.done(frame):
        return False
    if frame.has(*topics.CORRECTION) or resting.cued(frame):
        return False
    sizes = {topics.size_of(size, topic.instrument)[0] for size in frame.sizes if size.sure}
    if not sizes or topic.size in sizes or not frame.prices:
        return False
    return topic.status == "passed" or frame.has(*LATER) and not frame.question and not saying.past(frame)
