"""Which of a turn's bare numbers are amounts and which are levels, once it is known what is spoken of.

A turn is read without its context, where "a hundred and twenty" may be either. Beside an index near five thousand it
counts contracts; "two thousand seven hundred and twelve" is a price of zinc, not so many tonnes of it.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from nlp.language import topics
from nlp.language import vocabulary as v
from nlp.language.amounts import Size
from nlp.language.calendar import MONTHS
from nlp.language.figures import Figure
from nlp.language.frames import Frame
from nlp.language.placing import placed
from nlp.language.topics import Topic
from nlp.language.twoway import two_way

COUNTED = ("future", "equity", "option", "commodity", "metal")
DONE_AFTER: frozenset[str] = frozenset(v.section("phrases", "frames")["counted_by"])
NEAR = Decimal("0.1")
FEWEST = 2
ROUND = 500


def told_apart(frame: Frame, topic: Topic) -> Frame:
    """The frame with bare numbers as what they can only be in this enquiry."""
    if topic.kind not in COUNTED or v.pair_of(topic.instrument.form):
        return frame
    priced = [size for size in frame.sizes if _level(frame, topic, size)]
    counted = [figure for figure in frame.prices if _count(frame, topic, figure)]
    if not (priced or counted):
        return frame
    sizes = [size for size in frame.sizes if size not in priced] + [Size(f, None, None, True) for f in counted]
    prices = [figure for figure in frame.prices if figure not in counted] + [size.figure for size in priced]
    return replace(
        frame,
        sizes=tuple(sorted(sizes, key=lambda size: size.first)),
        prices=tuple(sorted(prices, key=lambda figure: figure.first)),
    )


def _level(frame: Frame, topic: Topic, size: Size) -> bool:
    """A number without a unit that is a likely price, where the amount is known or said beside it."""
    low, high, value = topic.instrument.low, topic.instrument.high, size.figure.value
    if size.unit or size.ccy not in (None, topic.instrument.currency) or low is None or high is None:
        return False
    if (
        topics.size_of(size, topic.instrument)[0] == topic.size
        or size.figure.scale_word not in ("", "thousand")
        or not low <= value <= high
    ):
        return False
    shown = [price for price in (topic.bid, topic.ask, topic.mid, *topic.anchors[-2:]) if price]
    if shown:
        return any(abs(value / price - 1) < NEAR for price in shown)
    others = [other for other in frame.sizes if other is not size]
    return (topic.size is not None or bool(others)) and value % ROUND != 0


def _count(frame: Frame, topic: Topic, figure: Figure) -> bool:
    """A whole number that is the amount asked for, that something was done in, or that can be no price."""
    plain = not (figure.pointed or figure.fraction or figure.scaled) and figure.digits.isdecimal()
    if not plain or figure.value < FEWEST or len(figure.chunks) > 2:
        return False
    if frame.words[figure.first - 1].low in ("at", "@") and figure.first:
        return False
    if len(figure.chunks) == 1 and (_told(frame, figure) or _of_the_month(frame, topic, figure)):
        return True
    if figure.value == topic.size and topic.size > 31:
        return True
    low, high = topic.instrument.low, topic.instrument.high
    in_range = low is not None and high is not None and low <= figure.value <= high
    if two_way(topic, frame) is not None or len(figure.digits) < 2 or topic.instrument.low is None:
        return False
    if topic.size is not None:
        return False
    dealt = any(verb.at == figure.first - 1 for verb in frame.verbs) and len(figure.digits) > 2  # "take 400"
    return dealt and not in_range or placed(topic, frame, figure) is None


def _of_the_month(frame: Frame, topic: Topic, figure: Figure) -> bool:
    """ "Offering fifteen November", where the November contract is spoken of."""
    after = frame.words[figure.last].low if figure.last < frame.begin + len(frame.lows) else ""
    return topic.instrument.maturity is not None and MONTHS.get(after) == topic.instrument.maturity[1]


def _told(frame: Frame, figure: Figure) -> bool:
    """ "700 done", "thirty-one gone": what was done is counted."""
    end = frame.begin + len(frame.lows)
    return figure.last < end and frame.words[figure.last].low in DONE_AFTER and figure.value >= FEWEST
