"""Orders left resting: limit, stop, take profit, fixing, VWAP and the like.

The trader's words count: an order stands when the trader repeats it with its level, or accepts what the client typed.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal

from nlp.language import levels, resting, saying, topics, vocabulary
from nlp.language.evidence import supported
from nlp.language.frames import Frame
from nlp.language.model import Order, OrderType, Side
from nlp.language.quoting import placed
from nlp.language.readback import legs
from nlp.language.settlement import enquired
from nlp.language.talk import Talk
from nlp.language.tasks import sentences
from nlp.language.topics import Topic

_PHRASES = vocabulary.section("phrases", "orders")
OPEN_ENDED: tuple[str, ...] = tuple(_PHRASES["open_ended"])
FOR_THE_DAY: tuple[str, ...] = tuple(_PHRASES["for_the_day"])
GONE: tuple[str, ...] = tuple(_PHRASES["gone"])
ACCEPTED: tuple[str, ...] = tuple(_PHRASES["accepted"])
STAYS: tuple[str, ...] = tuple(_PHRASES["stays"])
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
            gone = _gone(talk, i, whole)
            off = [o for o in found if o.topic is gone[0]]
            if gone[1] is not None and not whole.has(*STAYS):  # "stop pls, cancel the balance" is no stop order
                off = [o for o in off if o.kind == gone[1]]
            found = [o for o in found if o not in off]
            continue
        if _dealt_at(talk, i):
            whole = _after_deal(whole)
            dealt = {done.deal.price for done in talk.dealing.done if done.turn == i}
            if any(placed(talk.topic_at[i], whole, figure) in dealt for figure in whole.prices):
                continue
        if saying.past(whole) or not (_ordered(talk, i, whole) or _again(talk, i, whole, found)):
            continue
        if turn.who == "client" and not _acknowledged(talk, i):
            continue
        for topic, frame in _statements(talk, i, whole):
            for order in _stated(talk, i, frame, topic, found):
                found = [o for o in found if not _replaced(talk, o, order)]
                found.append(order)
    found = _with_limits([left for order in found if (left := _unfilled(talk, order)) is not None])
    typed = {(id(o.topic), o.side, o.level) for o in found if o.kind != "limit"}
    found = [o for o in found if o.kind != "limit" or (id(o.topic), o.side, o.level) not in typed]
    for order in found:
        _terms(talk, order)
    return [
        supported(talk, order.topic, _order(talk, order))
        for order in found
        if order.level is not None or order.kind in UNPRICED
    ]


def _ordered(talk: Talk, i: int, whole: Frame) -> bool:
    if talk.turns[i].who == "client":
        return whole.has(*resting.CUES) or resting.instructed(whole)
    return resting.about_an_order(talk, i, whole, talk.topic_at[i])


def _again(talk: Talk, i: int, whole: Frame, found: list[Resting]) -> bool:
    """The trader says a resting order's level again, with an amount: "es now 60 lots at 6410"."""
    topic = talk.topic_at[i]
    known = {order.level for order in found if order.topic is topic}
    said = talk.turns[i].who == "trader" and whole.sizes and not saying.done(whole)
    return bool(said) and any(placed(topic, whole, figure) in known for figure in whole.prices)


def _gone(talk: Talk, i: int, whole: Frame) -> tuple[Topic, OrderType | None]:
    """Whose order is called off, and of which kind where only one is ("forget the stop")."""
    named = [t for m in whole.mentions if (t := talk.find(m.instrument, i)) is not None]
    kind = levels.kind(whole.lows)
    only = kind if kind in ("stop", "take_profit") and not whole.has("order", "orders", "both", "everything") else None
    return (named[0] if named else talk.topic_at[i]), only


def _replaced(talk: Talk, old: Resting, new: Resting) -> bool:
    """The same order said again, or changed; not one more beside it ("and another four at 10.89")."""
    if old.topic is not new.topic or old.side != new.side or old.kind != new.kind:
        return False
    if old.level == new.level:
        return True
    between = range(old.turn, new.turn + 1)
    more = any(talk.frames[k].has(*MORE) for k in between)
    return old.turn != new.turn and not more


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
MORE: tuple[str, ...] = ("another", "also", "as well", "second", "too", "both", "a further", "additional", "and then")
NOT_GONE = (
    "one cancels",
    "oco",
    "if",
    "till cancelled",
    "til cancelled",
    "until cancelled",
    "till canceled",
    *resting.LASTING,
)


def _after_deal(frame: Frame) -> Frame:
    """What a turn that reads back a deal says after it: ", and I'm working the other half"."""
    for k in range(len(frame.lows) - 1, 0, -1):
        tail = frame.part(k, len(frame.lows))
        if frame.lows[k] in ("and", ".", ";", ",") and tail.has(*resting.CUES) and tail.sizes:
            return tail
    return frame.part(0, 0)


def _acknowledged(talk: Talk, i: int) -> bool:
    """The trader's next turn takes the client's order as said."""
    answers = [k for k in range(i + 1, min(len(talk.turns), i + 5)) if talk.turns[k].who == "trader"]
    answers = answers[1:] if answers and resting.asks_how_long(talk.frames[answers[0]]) else answers
    if not answers or answers[0] > i + 4 or (talk.frames[i].question and not talk.frames[i].has("please", "pls")):
        return False
    after, answer = answers[0], talk.frames[answers[0]]
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


def _unfilled(talk: Talk, order: Resting) -> Resting | None:
    """The order as it rests after its fills; None where nothing of it is said to stay."""
    fills = [
        d
        for d in talk.dealing.done
        if d.standing and d.topic is order.topic and d.turn > order.turn and d.deal.client_side == order.side
    ]
    if not fills:
        return order
    filled = sum((d.deal.quantity or Decimal(0) for d in fills), Decimal(0))
    after = talk.frames[fills[-1].turn : fills[-1].turn + 6]
    if filled >= order.size or not any(frame.has(*STAYS) for frame in after):
        return None
    evidence = order.evidence | {d.turn for d in fills}
    return replace(order, size=order.size - filled, evidence=evidence)


def _stated(talk: Talk, i: int, frame: Frame, topic: Topic, found: list[Resting]) -> list[Resting]:
    """The orders a turn states; what a change leaves unsaid is that of the order `found` before."""
    if frame.has("would", "'d be", "can", "shall", "do you", "want") and not frame.sizes:
        return []
    pieces = levels.pieces(frame)
    if len(pieces) > 1:
        return [order for piece in pieces for order in _stated(talk, i, piece, topic, found)]
    before = [k for k in range(max(0, i - 12), i) if talk.turns[k].who == "client"]
    said = levels.levels(frame, topic)
    result = []
    stated: list[tuple[Decimal | None, OrderType]] = [*said]
    if not said and levels.kind(frame.lows) in UNPRICED:
        stated = [(None, levels.kind(frame.lows))]
    for level, kind in stated:
        kind = _meant_kind(talk, kind, before, topic)
        mine = [o for o in found if o.topic is topic]
        stated_here = frame.sizes or frame.verbs or levels.kind(frame.lows) != "limit" or frame.has(*CHANGED)
        if mine and not stated_here and level not in {o.level for o in mine}:
            continue  # "GTC. We're ninety-four twenty-two at the moment": the market, not the order
        changed = next((o for o in reversed(mine) if o.kind == kind), mine[-1] if mine else None)
        if topic.instrument.form == vocabulary.NEW_ISSUE:
            kind = "ioi"
        side = _side(talk, i, frame, topic, level, before) or (changed.side if changed else None)
        size = next((s for s in frame.sizes if s.sure or topic.kind in ("fx", "bond", "irs")), None)
        if size is None:
            k = next((k for k in reversed(before) if talk.frames[k].sizes and talk.topic_at.get(k) is topic), None)
            size = talk.frames[k].sizes[-1] if k is not None else next(iter(frame.sizes), None)
        if side is None or size is None:
            continue
        quantity, ccy, unit = topics.size_of(size, topic.instrument)
        evidence = {i} | {k for k in before[-2:] if talk.frames[k].prices or talk.frames[k].sizes}
        result.append(Resting(topic, side, quantity, ccy, unit, level, kind, i, evidence=evidence))
    return result


CHANGED = (
    "limit",
    "order",
    "then",
    "instead",
    "make it",
    "changed",
    "amended",
    "moved",
    "now at",
    "it 's now",
    "its now",
)
REST = ("rest", "other", "balance", "remaining", "remainder", "leftover")
HOLDING = (
    "i 'm long",
    "im long",
    "we 're long",
    "we are long",
    "i am long",
    "stop me out of my long",
    "my longs",
    "our longs",
)
PAYING = ("pay", "pays", "paying", "receive", "receives", "receiving", "rec", "recs", "rcv")


def _meant_kind(talk: Talk, kind: OrderType, before: list[int], topic: Topic) -> OrderType:
    """ "I'd like to take profit" a moment ago makes the level that the trader repeats a take profit."""
    for k in reversed(before[-2:]):
        said = levels.kind(talk.frames[k].lows)
        if kind == "limit" and said in ("take_profit", "stop") and talk.topic_at.get(k) is topic:
            return said
    return kind


def _side(talk: Talk, i: int, frame: Frame, topic: Topic, level: Decimal | None, before: list[int]) -> Side | None:
    if topic.instrument.form == vocabulary.NEW_ISSUE:
        return "buy"
    if frame.has("bid for", "buyer", "your bid"):
        return "buy"
    if frame.has("offer for", "seller", "your offer"):
        return "sell"
    sides = {
        topics.of_base(verb.side, frame, verb.at, topic.instrument)
        for verb in frame.verbs
        if verb.low in (levels.VERBS + PAYING if topic.kind == "irs" else levels.VERBS)
    }
    if len(sides) == 1:
        return sides.pop()
    dealt = [d for d in talk.dealing.done if d.standing and d.topic is topic and 0 <= i - d.turn <= 3]
    if dealt and any(talk.frames[k].has(*REST) for k in (*before[-2:], i)):
        return dealt[-1].deal.client_side  # the rest of what was done in part
    for k in reversed(before[-5:]):
        if talk.topic_at.get(k) is not topic:
            continue
        said = topics.client_side(talk.frames[k], topic.instrument)
        if said is not None:
            return said
        if (
            talk.frames[k].has("bid")
            and not talk.frames[k].question
            and not talk.frames[k].has("you bid", "u bid", "your bid", "show me a bid", "a bid for")
        ):
            return "buy"
        if talk.frames[k].has(*HOLDING) and levels.kind(frame.lows) in ("stop", "take_profit"):
            return "sell"  # what they own, they can only sell
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
        expiry = _expiry(talk, k, frame)
        if expiry and (order.expiry is None or k >= order.turn):
            order.expiry = expiry
            order.evidence.add(k)


def _expiry(talk: Talk, k: int, frame: Frame) -> str | None:
    said = [low for low in frame.lows if low.isalpha()]
    if resting.asks_how_long(frame) and not frame.prices:
        return None
    if frame.has(*OPEN_ENDED):
        return "GTC"
    if frame.has(*FOR_THE_DAY) or said[-1:] == ["day"] and (len(said) == 1 or bool(frame.prices)):
        return "day"
    for day in frame.days:
        back = [word.low for word in frame.words[max(0, day.first - 3) : day.first]]
        answers = k > 0 and resting.asks_how_long(talk.frames[k - 1])
        if answers or set(back) & {"till", "until", "til", "thru", "through"}:
            resolved = day.resolve(talk.today)
            return None if resolved is None else "day" if resolved == talk.today else resolved.isoformat()
    return None


def _order(talk: Talk, order: Resting) -> Order:
    topic, instrument = order.topic, order.topic.instrument
    price_type = "rate" if instrument.kind in ("fx", "irs") else topic.price_type or "price"
    if instrument.form == vocabulary.NEW_ISSUE:
        price_type = "spread_bp"
        instrument = vocabulary.new_issue(instrument.issuer, instrument.tenor or topic.tenor)
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
