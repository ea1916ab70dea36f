"""Reading a price shown by the trader: two-way, one-sided, mid or choice."""

from __future__ import annotations

import re
from decimal import Decimal

from nlp.language import saying
from nlp.language import vocabulary as v
from nlp.language.figures import Figure
from nlp.language.frames import Frame
from nlp.language.fxswaps import read_points
from nlp.language.model import Side
from nlp.language.placing import placed, price_type
from nlp.language.remarks import ANEW, meant, other_scale, premiums, remark
from nlp.language.sides import of_base, restated_side
from nlp.language.topics import CANCEL, Topic
from nlp.language.twoway import handle_of, of_ticks, two_way

INFORMS: tuple[str, ...] = tuple(v.section("phrases", "topics")["informs"])


def read_quote(topic: Topic, frame: Frame, turn: int, before: Frame | None = None) -> None:
    """Note what the trader shows. Prices inside questions and remarks on the screen are only anchors. `before` is what
    the client said just before: one number after the first price is another one only if it was asked for or offered."""
    figures = [figure for figure in meant(frame, premiums(topic, frame)) if not remark(topic, frame, figure)]
    if not figures or topic.status == "dealt" or frame.has(*CANCEL):
        return
    if topic.shown_at is not None and (saying.done(frame) or saying.past(frame)) and not frame.question:
        return  # what was dealt is said again
    if frame.question and len(figures) > 2 and two_way(topic, frame, figures[-2:]) is None:
        return  # "oil at what, forty-five, fifty-five, sixty-five?"
    counted = frame.sizes or any(figure.value == topic.size for figure in figures)
    if topic.shown_at is None and counted and any(verb.low in ("sold", "bought") for verb in frame.verbs):
        return  # what was done at the market
    if topic.status == "passed" and not frame.has(*ANEW) and two_way(topic, frame, figures) is None:
        return  # a number on the way out: a level to watch, what was paid last time
    if topic.kind == "fx" and "swap" in topic.hints:
        read_points(topic, frame, figures, turn)
        return
    handle = handle_of(frame) or (
        of_ticks([word.low for word in frame.words], figures) if topic.instrument.ticks else None
    )
    if handle is not None:
        figures = [figure for figure in figures if figure.value != handle or figure.last >= len(frame.words)]
    if "spot" in frame.lows and "points" in frame.lows or "all-in" in " ".join(frame.lows).replace(" - ", "-"):
        _all_in(topic, frame, figures, turn)
        return
    pair = two_way(topic, frame, figures, handle)
    if pair is not None and topic.price_type == "points" and other_scale(topic, pair[0], "points"):
        return  # the same in volatilities
    if pair is None and topic.quoted_at is not None and frame.has(*INFORMS) and len(figures) == 1:
        return  # "through seventy I'll ring you": a level to watch
    if pair is not None:
        topic.bid, topic.ask, topic.mid = pair[0], pair[1], None
        shown = [pair[0], pair[1]]
    else:
        last = next(
            (p for figure in reversed(figures) if (p := placed(topic, frame, figure, handle=handle)) is not None), None
        )
        offered = frame.has("could do", "can do", "could show", "how about", "can show")
        if (
            last is None
            or (frame.question and not offered)
            or other_scale(topic, last, price_type(topic, frame, figures[-1]))
        ):
            return
        if topic.shown_at is not None and before is not None and not _shows_again(topic, frame, before, last):
            return
        _one_way(topic, frame, last)
        shown = [last]
    topic.anchors += shown
    kinds = {price_type(topic, frame, figure) for figure in figures}
    topic.price_type = "spread_bp" if "spread_bp" in kinds else price_type(topic, frame, figures[0])
    topic.shown(turn)


def _shows_again(topic: Topic, frame: Frame, before: Frame, price: Decimal) -> bool:
    """After the first price another one is asked for or offered, and is not the client's own turned down."""
    return (frame.has(*ANEW) or _asks(before)) and not _refuses(topic, frame, before, price)


def _refuses(topic: Topic, frame: Frame, before: Frame, price: Decimal) -> bool:
    """The trader says the client's own number again, and does not agree to it: "not seventy-two", "at 60 you'd be
    looking at nearer 1.14"."""
    theirs = {placed(topic, before, figure) for figure in before.prices}
    return price in theirs - {topic.bid, topic.ask} and (frame.has(*REFUSING) or not frame.has(*AGREEING, *ANEW))


REFUSING: tuple[str, ...] = tuple(v.section("phrases", "dealing")["refusing"])

AGREEING: tuple[str, ...] = tuple(v.section("phrases", "dealing")["accept_after"])


def _asks(frame: Frame) -> bool:
    """The client asks for a price, names one of their own, or complains of the one that was shown."""
    return (
        "?" in frame.lows
        or bool(frame.prices or frame.sizes or frame.verbs)
        or frame.has(*ASKED)
        or len(frame.lows) < 8
    )


ASKED: tuple[str, ...] = tuple(v.section("phrases", "topics")["level_asked"])


_MODAL = r"(?: (?:'d|would|could|can|will|'ll|'re|are|were|want to|would have to|'d have to|be|just|also|now))*"

_OURS = r" (?:i|we|he|she|they|desk|bank|trader)"

OFFERS = re.compile(
    rf" (?:you|u){_MODAL} (?:pay|paying|buy|buying|lift) |{_OURS}{_MODAL} (?:sell|selling|offer|offering|offers|sells) "
    r"| paying fixed | to pay | sell you | offer you | to buy (?:\.|,|it|them|one)"
)

BIDS = re.compile(
    rf" (?:you|u){_MODAL} (?:receive|receiving|sell|selling|hit|give) "
    rf"|{_OURS}{_MODAL} (?:buy|buying|pay|paying|bid|bidding|buys|pays|bids) "
    r"| receiving fixed | to receive | from you | bid you "
)


OPENS = {".", ",", "!", ":", "you", "u", "be", "so", "for"}


def _side_shown(topic: Topic, frame: Frame) -> Side | None:
    """The client's side that a price is said to be for: "you'd be paying", "I can sell them at"."""
    said = f" {' '.join(frame.lows)} "
    for side, pattern in (("buy", OFFERS), ("sell", BIDS)):
        found = pattern.search(said)
        if found is not None:
            at = frame.begin + said[: found.end()].strip().count(" ")
            return of_base(side, frame, at, topic.instrument)  # type: ignore[arg-type]
    return None


def _one_way(topic: Topic, frame: Frame, price: Decimal) -> None:
    side = _side_shown(topic, frame)
    if side is None and topic.side is None:  # "selling dollars three months out, eighteen sixty-two"
        opens = any(verb.at == frame.begin or frame.words[verb.at - 1].low in OPENS for verb in frame.verbs)
        side = topic.side = restated_side(frame, topic.instrument) if topic.kind == "fx" and opens else None
    if side == "buy":
        topic.ask, topic.mid = price, None
    elif side == "sell":
        topic.bid, topic.mid = price, None
    elif frame.has("mid", "middle"):
        topic.mid = price
    elif frame.has("choice"):
        topic.bid = topic.ask = price
    elif frame.has("my bid", "my offer") and topic.side is not None:  # "that's through my bid, 68 I can show"
        if topic.side == "sell":
            topic.bid, topic.mid = price, None
        else:
            topic.ask, topic.mid = price, None
    elif frame.has("bid", "pay you") or topic.side == "sell" and not frame.has("offer", "offered"):
        topic.bid, topic.mid = price, None
    elif frame.has("offer", "offered", "ask") or topic.side == "buy" or topic.hints & {"offer", "bid"} == {"offer"}:
        topic.ask, topic.mid = price, None
    elif topic.hints & {"offer", "bid"} == {"bid"}:
        topic.bid, topic.mid = price, None
    elif topic.kind == "option":
        topic.ask = price  # who asks what an option costs, asks to buy it
    elif topic.bid is None and topic.ask is None:
        topic.mid = price
    elif (
        topic.bid is not None
        and topic.ask is not None
        and min(topic.bid, topic.ask) < price < max(topic.bid, topic.ask)
    ):  # one level within a two-way price improves the side that it is nearer to
        if abs(price - topic.bid) < abs(price - topic.ask):
            topic.bid = price
        elif abs(price - topic.ask) < abs(price - topic.bid):
            topic.ask = price


def _all_in(topic: Topic, frame: Frame, figures: list[Figure], turn: int) -> None:
    """ "Spot fifty-two, points plus five, so all-in ...": the last figure is the price, the first the spot."""
    prices = [p for figure in figures if (p := placed(topic, frame, figure)) is not None]
    if not prices:
        return
    topic.anchors += prices[:1] + prices[-1:]
    if topic.side == "sell":
        topic.bid = prices[-1]
    elif topic.side == "buy":
        topic.ask = prices[-1]
    topic.hints.add("forward")
    topic.price_type = "rate"
    topic.shown(turn)
