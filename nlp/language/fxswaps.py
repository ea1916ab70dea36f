"""FX swaps: which way round, and the points. The client's side is that of the base currency on the far leg."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import pairwise

from nlp.language.figures import Figure
from nlp.language.frames import Frame
from nlp.language.model import Side
from nlp.language.prices import place
from nlp.language.saying import far_side
from nlp.language.topics import Topic
from nlp.language.vocabulary import Instrument

SIGNS = {"-", "minus", "negative", "plus", "+"}
UNITS = {"points", "point", "pips", "pip", "pts"}


def points(topic: Topic, frame: Frame, figure: Figure) -> Decimal | None:
    """The figure as points; None where it is a rate of the pair."""
    lows = [word.low for word in frame.words]
    figure = _with_tenth(figure)
    named = bool(set(lows[figure.last : figure.last + 1]) & UNITS)
    signed = (
        lows[max(0, figure.first - 1) : figure.first] == ["-"] and lows[max(0, figure.first - 2) : figure.first - 1]
    )
    if signed in (["/"], ["at"], ["@"], ["points"], ["pts"]) or (figure.first == 1 and lows[0] == "-"):
        return -figure.value
    if any(shown is not None and abs(shown) == figure.value for shown in (topic.bid, topic.ask)):
        return figure.value
    low, high = topic.instrument.low, topic.instrument.high
    rate = low is not None and high is not None and figure.pointed and low <= figure.value <= high
    if (rate and not named) or (len(figure.digits.replace(".", "")) > 4 and not named):
        return None
    if lows[max(0, figure.first - 2) : figure.first][-1:] in (["spot"], ["ref"]) and not named:
        return None
    minus = bool({"minus", "-", "negative", "discount"} & set(lows[max(0, figure.first - 1) : figure.first]))
    return -figure.value if minus else figure.value


def _with_tenth(figure: Figure) -> Figure:
    """ "Thirty-five seven" is 35.7 points."""
    if len(figure.chunks) != 2 or figure.pointed or figure.scaled or figure.fraction:
        return figure
    whole, tenth = figure.chunks
    if len(whole) < 2 or len(tenth) != 1 or not (whole + tenth).isdecimal():
        return figure
    return replace(figure, chunks=(f"{whole}.{tenth}",), value=Decimal(f"{whole}.{tenth}"), pointed=True)


def read_points(topic: Topic, frame: Frame, figures: Sequence[Figure], turn: int) -> None:
    """Note the points that the trader shows: two-way, or for the side the client asked."""
    found = [(figure, value) for figure in figures if (value := points(topic, frame, figure)) is not None]
    lows = [word.low for word in frame.words]
    discount = frame.has("discount", "negative", "minus", "left hand side")
    for (one, bid), (other, ask) in pairwise(found):
        gap = lows[one.last : other.first]
        gap = gap[:-1] if len(gap) > 1 and gap[-1] in SIGNS else gap  # "-0.8 / -0.5", "minus forty-six, minus ..."
        if gap in ([","], ["/"], ["-"], [], ["to"], ["at"]) and abs(bid - ask) <= max(Decimal(5), abs(bid) / 2):
            if abs(bid) > abs(ask) or (discount and bid > 0):
                bid, ask = -abs(bid), -abs(ask)
            topic.bid, topic.ask, topic.mid = bid, ask, None
            topic.price_type = "points"
            topic.shown(turn)
            return
    if topic.bid is not None and topic.ask is not None:  # "seventeen five or fifty-three four": another date's
        likely = max(abs(topic.bid), abs(topic.ask))
        found = [pair for pair in found if likely < 2 or likely / 2 <= abs(pair[1]) <= likely * 2]
    if found and not frame.question:
        value = -abs(found[-1][1]) if discount else found[-1][1]
        if -value in (topic.bid, topic.ask):
            value = -value  # the same said again without its sign
        if topic.bid is not None and topic.ask is not None and topic.bid < 0:
            value = -abs(value)
        if topic.side == "sell":
            topic.bid = value
        elif topic.side == "buy":
            topic.ask = value
        else:
            return
        topic.price_type = "points"
        topic.shown(turn)


def rate(pair: Instrument, figures: Sequence[Figure]) -> Decimal | None:
    """The first of the figures that is a rate of the pair."""
    return next((p for figure in figures if (p := place(figure, pair, "rate")) is not None), None)


@dataclass(frozen=True)
class SwapTerms:
    """A swap as read back: the far side, the points, and the near rate where it was said."""

    side: Side
    points: Decimal
    near: Decimal | None
    figure: Figure | None


def read_back(topic: Topic, frame: Frame) -> SwapTerms | None:
    """The swap that a trader's turn states; None where it says no points or contradicts itself."""
    side = far_side(frame, trader=True) or topic.side
    low, high = topic.instrument.low, topic.instrument.high
    if side is None or low is None or high is None:
        return None
    said = [(figure, value) for figure in frame.prices if (value := points(topic, frame, figure)) is not None]
    rates = [p for f in frame.prices if (p := place(f, topic.instrument, "rate")) is not None and f not in dict(said)]
    scale = 2 if topic.instrument.code.endswith("JPY") else 4
    difference = (rates[1] - rates[0]).scaleb(scale) if len(rates) >= 2 else None
    taken = topic.bid if side == "sell" else topic.ask
    value = next((v for _, v in said if taken is not None and abs(v) == abs(taken)), said[-1][1] if said else None)
    if difference is not None and value is not None and abs(abs(difference) - abs(value)) > Decimal("0.1"):
        return None
    if value is not None:
        like = difference if difference is not None else taken
        agreed = -abs(value) if like is not None and like < 0 else value
    elif difference is not None:
        agreed = difference
    else:
        return None
    shown = taken if topic.price_type == "points" else None
    if shown is not None and abs(abs(agreed) - abs(shown)) > max(Decimal(5), abs(shown) / 2):
        return None  # not the points that were shown
    figure = said[-1][0] if said else None
    return SwapTerms(side, agreed, rates[0] if rates else None, figure)


def meant(enquiries: Sequence[Topic], topic: Topic, frame: Frame) -> Topic:
    """Of several swaps of a pair the one whose points a turn says, or whose tenor it names."""
    alike = _alike(enquiries, topic)
    said = {abs(value) for figure in frame.prices if (value := points(topic, frame, figure)) is not None}
    by_points = [t for t in alike if said & {abs(p) for p in (t.bid, t.ask) if p is not None}]
    named = {tenor.code for tenor in frame.tenors}
    by_tenor = [t for t in alike if t.tenor in named]
    found = by_points if len(by_points) == 1 else by_tenor
    return found[0] if len(found) == 1 else topic


def shown_in(enquiries: Sequence[Topic], topic: Topic, price: Decimal) -> Topic | None:
    """The swap of the same pair for which these points were shown."""
    found = [t for t in _alike(enquiries, topic) if any(p is not None and abs(p - price) < 1 for p in (t.bid, t.ask))]
    return found[0] if len(found) == 1 else None


def _alike(enquiries: Sequence[Topic], topic: Topic) -> list[Topic]:
    return [t for t in enquiries if t.instrument.code == topic.instrument.code and t.price_type == "points"]
