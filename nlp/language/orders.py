"""Orders left resting: limit, stop, take profit, fixing, VWAP and the like.

The trader's words count: an order stands when the trader repeats it with its level, or accepts what the client typed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from decimal import Decimal

from nlp.language import saying, topics, vocabulary
from nlp.language.evidence import supported
from nlp.language.figures import Figure
from nlp.language.frames import Frame
from nlp.language.model import Order, OrderType, Side
from nlp.language.quoting import placed
from nlp.language.readback import legs
from nlp.language.settlement import enquired
from nlp.language.talk import Talk
from nlp.language.tasks import sentences
from nlp.language.topics import Topic

_PHRASES = vocabulary.section("phrases", "orders")
CUES: tuple[str, ...] = tuple(_PHRASES["cues"])
TYPES: dict[OrderType, tuple[str, ...]] = {kind: tuple(words) for kind, words in _PHRASES["types"].items()}
GONE: tuple[str, ...] = tuple(_PHRASES["gone"])
ACCEPTED: tuple[str, ...] = tuple(_PHRASES["accepted"])
UNPRICED: tuple[OrderType, ...] = ("fixing", "moc", "vwap", "twap")  # these may stand without a level


@dataclass
class Resting:
    """An order while it is being agreed."""

    topic: Topic
    side: Side
    size: Decimal
    ccy: str | None
    unit: str | None
    level: Decimal | None
    kind: OrderType
    turn: int
    expiry: str | None = None
    oco: bool = False
    evidence: set[int] = field(default_factory=set)
    product: str = ""


def orders_left(talk: Talk) -> list[Order]:
    """The orders that rest at the end, in their final state."""
    found: list[Resting] = []
    for i, (turn, whole) in enumerate(zip(talk.turns, talk.frames, strict=True)):
        if i not in talk.topic_at:
            continue
        if whole.has(*GONE) and not whole.has(*NOT_GONE):
            found = [o for o in found if o.topic is not talk.topic_at[i]]
            continue
        if _dealt_at(talk, i):
            whole = _after_deal(whole)
            dealt = {done.deal.price for done in talk.dealing.done if done.turn == i}
            if any(placed(talk.topic_at[i], whole, figure) in dealt for figure in whole.prices):
                continue
        if not whole.has(*CUES) or saying.past(whole):
            continue
        if turn.who == "client" and not _acknowledged(talk, i):
            continue
        for topic, frame in _statements(talk, i, whole):
            for order in _stated(talk, i, frame, topic):
                found = [o for o in found if not (o.topic is topic and o.kind == order.kind and o.side == order.side)]
                found.append(order)
    found = _with_limits([order for order in found if not _filled(talk, order)])
    typed = {(id(o.topic), o.side, o.level) for o in found if o.kind != "limit"}
    found = [o for o in found if o.kind != "limit" or (id(o.topic), o.side, o.level) not in typed]
    for order in found:
        _terms(talk, order)
    return [
        supported(talk, order.topic, _order(talk, order))
        for order in found
        if order.level is not None or order.kind in UNPRICED
    ]


def _with_limits(found: list[Resting]) -> list[Resting]:
    """ "VWAP to the close, five oh five limit" is one order: the limit is the level of the other."""
    result = list(found)
    for order in found:
        same = (o for o in result if o is not order and o.topic is order.topic and o.side == order.side)
        worked = next((o for o in same if o.kind in WORKED and o.level is None and o.size == order.size), None)
        if order.kind == "limit" and worked is not None:
            worked.level, worked.turn = order.level, order.turn
            worked.evidence |= order.evidence
            result.remove(order)
    return result


WORKED: tuple[OrderType, ...] = ("vwap", "twap", "moc")
NOT_GONE = ("one cancels", "oco", "if", "till cancelled", "til cancelled", "until cancelled", "till canceled")


def _after_deal(frame: Frame) -> Frame:
    """What a turn that reads back a deal says after it: ", and I'm working the other half"."""
    for k in range(len(frame.lows) - 1, 0, -1):
        tail = frame.part(k, len(frame.lows))
        if frame.lows[k] in ("and", ".", ";", ",") and tail.has(*CUES) and tail.sizes:
            return tail
    return frame.part(0, 0)


def _acknowledged(talk: Talk, i: int) -> bool:
    """The trader's next turn takes the client's order as said."""
    after = next((k for k in range(i + 1, min(len(talk.turns), i + 3)) if talk.turns[k].who == "trader"), None)
    if after is None or talk.frames[i].question:
        return False
    answer = talk.frames[after]
    return not answer.question and answer.has(*ACCEPTED) and not _dealt_at(talk, after)


def _statements(talk: Talk, i: int, whole: Frame) -> list[tuple[Topic, Frame]]:
    """The turn whole, or each sentence that names an instrument and an amount of its own."""
    found: list[tuple[Topic, Frame]] = []
    for first, last in sentences(whole):
        part = whole.part(first, last)
        named = [t for m in part.mentions if (t := talk.find(m.instrument, i)) is not None]
        if part.sizes and named:
            found.append((named[-1], part))
    if len(found) > 1:
        return found
    stated = legs(whole) if len(whole.sizes) > 1 else []
    parts = [whole.part(leg.at, leg.last) for leg in stated]
    named_parts = [
        (t, part) for part in parts for m in part.mentions[:1] if (t := talk.find(m.instrument, i)) and part.sizes
    ]
    if len({id(t) for t, _ in named_parts}) > 1:
        cues = whole.part(0, parts[0].begin)
        return [(t, replace(part, lows=(*cues.lows, *part.lows))) for t, part in named_parts]
    return [(talk.topic_at[i], whole)]


def _dealt_at(talk: Talk, i: int) -> bool:
    return any(done.turn == i for done in talk.dealing.done)


def _filled(talk: Talk, order: Resting) -> bool:
    return any(
        d.standing and d.topic is order.topic and d.turn > order.turn and d.deal.client_side == order.side
        for d in talk.dealing.done
    )


def _stated(talk: Talk, i: int, frame: Frame, topic: Topic) -> list[Resting]:
    """The orders a trader's turn repeats."""
    if frame.has("would", "'d be", "can", "shall", "do you", "want") and not frame.sizes:
        return []
    before = [k for k in range(max(0, i - 12), i) if talk.turns[k].who == "client"]
    levels = _levels(frame, topic)
    result = []
    stated: list[tuple[Decimal | None, OrderType]] = [*levels]
    if not levels and _kind(frame.lows) in UNPRICED:
        stated = [(None, _kind(frame.lows))]
    for level, kind in stated:
        side = _side(talk, i, frame, topic, level, before)
        size = next((s for s in frame.sizes if s.sure or topic.kind in ("fx", "bond", "irs")), None)
        if size is None:
            k = next((k for k in reversed(before) if talk.frames[k].sizes and talk.topic_at.get(k) is topic), None)
            size = talk.frames[k].sizes[-1] if k is not None else None
        if side is None or size is None:
            continue
        quantity, ccy, unit = topics.size_of(size, topic.instrument)
        evidence = {i} | {k for k in before[-2:] if talk.frames[k].prices or talk.frames[k].sizes}
        result.append(Resting(topic, side, quantity, ccy, unit, level, kind, i, evidence=evidence))
    return result


def _levels(frame: Frame, topic: Topic) -> list[tuple[Decimal, OrderType]]:
    """Levels with their kinds; a kind said right before or after a level belongs to it."""
    lows = [word.low for word in frame.words]
    found: list[tuple[Decimal, OrderType]] = []
    seen: set[Decimal] = set()
    for figure in frame.prices:
        price = placed(topic, frame, figure)
        if price is None or price in seen or _percent(lows, figure):
            continue
        if topic.anchors and not Decimal("0.75") < price / topic.anchors[-1] < Decimal("1.34"):
            continue  # no level of this market: misheard, or another number
        seen.add(price)
        near = tuple(lows[max(0, figure.first - 4) : figure.first])
        found.append(
            (price, _kind(near) if _kind(near) != "limit" else _kind(tuple(lows) if len(frame.prices) == 1 else near))
        )
    return (
        found
        if len(found) <= 2 and (len(found) < 2 or {kind for _, kind in found} == {"stop", "take_profit"})
        else found[-1:]
        if len(seen) == 1
        else []
    )


def _percent(lows: list[str], figure: Figure) -> bool:
    return bool(set(lows[figure.last : figure.last + 1]) & {"%", "percent", "pct"})


FIXING = re.compile(
    r" (?:at|on|for|same|into) (?:(?:the|today|'s|this|same|four|4|pm|o'clock|london|ecb|wm|w|m|r|wmr|boe|noon|month"
    r"|end|-|afternoon) )*(?:fix|(?<=the )fixing) | fixing order | wmr (?:fix )?"
)


def _kind(lows: tuple[str, ...]) -> OrderType:
    text = f" {' '.join(lows)} "
    if FIXING.search(text):
        return "fixing"
    return next((kind for kind, phrases in TYPES.items() if any(f" {phrase} " in text for phrase in phrases)), "limit")


def _side(talk: Talk, i: int, frame: Frame, topic: Topic, level: Decimal | None, before: list[int]) -> Side | None:
    if frame.has("bid for", "buyer", "your bid"):
        return "buy"
    if frame.has("offer for", "seller", "your offer"):
        return "sell"
    sides = {
        topics.of_base(verb.side, frame, verb.at, topic.instrument)
        for verb in frame.verbs
        if verb.low in ("buy", "sell", "buying", "selling", "buys", "sells")
    }
    if len(sides) == 1:
        return sides.pop()
    for k in reversed(before[-5:]):
        if talk.topic_at.get(k) is not topic:
            continue
        said = topics.client_side(talk.frames[k], topic.instrument)
        if said is not None:
            return said
        if talk.frames[k].has("bid"):
            return "buy"
    return None


def _terms(talk: Talk, order: Resting) -> None:
    """Expiry and one-cancels-other, said a few turns before or after."""
    last = len(talk.turns)
    for k in range(max(0, order.turn - 4), min(last, order.turn + 6)):
        frame = talk.frames[k]
        if talk.topic_at.get(k) is not order.topic:
            continue
        if frame.has("oco", "one cancels"):
            order.oco = True
        if order.expiry:
            continue
        expiry = _expiry(talk, k, frame)
        if expiry:
            order.expiry = expiry
            order.evidence.add(k)


def _expiry(talk: Talk, k: int, frame: Frame) -> str | None:
    if frame.has("gtc", "good till cancelled", "good til cancelled", "good until cancelled"):
        return "GTC"
    if frame.has(
        "day order", "just today", "just for today", "for the day", "today only", "for today", "good for the day"
    ):
        return "day"
    for day in frame.days:
        back = [word.low for word in frame.words[max(0, day.first - 3) : day.first]]
        if set(back) & {"till", "until", "til", "thru", "through"}:
            resolved = day.resolve(talk.today)
            return resolved.isoformat() if resolved else None
    return None


def _order(talk: Talk, order: Resting) -> Order:
    topic, instrument = order.topic, order.topic.instrument
    price_type = "rate" if instrument.kind in ("fx", "irs") else topic.price_type or "price"
    return Order(
        client_side=order.side,
        product=enquired(topic, talk.today),
        instrument=instrument.code,
        description=instrument.description,
        instrument_id=instrument.id,
        quantity=order.size,
        quantity_ccy=None if order.unit else order.ccy,
        quantity_unit=order.unit,
        level=order.level,
        order_type=order.kind,
        expiry=order.expiry,
        oco=order.oco,
        price_type=price_type,
        price_ccy=instrument.price_ccy,
        tenor=instrument.tenor or instrument.period or (topic.tenor if instrument.kind == "fx" else None),
        evidence=tuple(sorted(order.evidence)),
    )
