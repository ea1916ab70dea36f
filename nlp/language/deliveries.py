"""Enquiries beside the one spoken of: the same commodity for another delivery, the same instrument in another size."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import pairwise
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

DELIVERED = ("mt", "bbl", "MWh", "therm")
_WORDS = section("phrases", "dealing")
ASKS: tuple[str, ...] = tuple(_WORDS["asks"])


OUTRIGHT: tuple[str, ...] = tuple(_WORDS["outright"])
LATER: tuple[str, ...] = tuple(_WORDS["outright_later"])


def by_period(talk: Talk, i: int, turn: Turn, frame: Frame, current: Topic) -> Topic | None:
    """ "Q3 702.50, q4 708": the same commodity for another delivery."""
    corrected = turn.who == "client" and frame.has(*topics.CORRECTION, "hang on", "wait")
    span = (frame.months[-1] if corrected else frame.months[0]) if frame.months else None
    if span is None and current.kind == "option" and turn.who == "client" and frame.has(*OUTRIGHT):
        return _outright(talk, i, current)
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
    outright = outright_asked(talk, i, frame)  # "April to December, an average swap would be ...", after an option
    instrument = commodity(current.instrument.form, when, "" if outright else current.instrument.issuer)
    known = talk.find(instrument, i)
    if known is not None:
        return known
    opened = talk.opened(i, instrument)
    opened.hints, opened.side = set(current.hints), current.side
    opened.size, opened.unit = current.size, current.unit
    opened.evidence |= {k for k in current.evidence if i - 12 <= k < i and talk.turns[k].who == "client"}
    return opened


def as_one(frame: Frame) -> Frame:
    """ "August three thousand tonnes, September two thousand, October two thousand": one strip, not three enquiries."""
    spans, sizes = frame.months, frame.sizes
    single = len(spans) > 1 and all(span.begin == span.end for span in spans)
    follows = single and all((other.begin - one.begin) % 12 == 1 for one, other in pairwise(spans))
    counted = len(sizes) == len(spans) and any(size.unit in DELIVERED for size in sizes)
    prices = [figure for figure in frame.prices if not 2020 <= figure.value <= 2040]
    if not (follows and counted) or len(prices) > 1:
        return frame
    total = sum((size.figure.value for size in sizes), Decimal(0))
    figure = replace(sizes[0].figure, value=total, chunks=(format(total.normalize(), "f"),))
    whole = replace(spans[0], last=spans[-1].last, end=spans[-1].begin, year=spans[-1].year)
    unit = next(size.unit for size in sizes if size.unit in DELIVERED)
    mentions = tuple(
        replace(m, instrument=commodity(m.instrument.form, period(whole), m.instrument.issuer))
        if m.instrument.kind == "commodity"
        else m
        for m in frame.mentions
    )
    sizes = (replace(sizes[0], figure=figure, unit=unit),)
    return replace(frame, months=(whole,), sizes=sizes, prices=tuple(prices), mentions=mentions)


def _outright(talk: Talk, i: int, current: Topic) -> Topic | None:
    """ "And plain swaps for the same months?", after an option that was priced."""
    if current.shown_at is None or not current.instrument.period:
        return None
    instrument = commodity(current.instrument.form, current.instrument.period)
    return talk.find(instrument, i) or talk.opened(i, instrument)


def outright_asked(talk: Talk, i: int, frame: Frame) -> bool:
    """The swap, not the option: said now, or just before ("do you need a level for the swap?")."""
    before = talk.frames[max(0, i - 2) : i]
    return frame.has(*OUTRIGHT) or not frame.options and any(other.has(*OUTRIGHT) for other in before)


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
    said = {size.figure.value for size in frame.sizes if size.unit == mention.instrument.unit}
    earlier = (talk.frames[k] for k in range(max(0, i - ASKED_BEFORE), i) if talk.turns[k].who == "client")
    if any(size.figure.value in said for other in earlier for size in other.sizes):
        return False  # "four hundred tonnes a month, October to December, LME copper": what was asked for without it
    lately = any(talk.frames[k].months or talk.frames[k].sizes for k in range(max(0, i - 2), i))
    return not (frame.question and asked and lately and not frame.prices)


ASKED_BEFORE = 8
"""Turns within which the client asked for an amount of something not named yet."""


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
