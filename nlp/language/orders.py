"""Orders left resting: limit, stop, take profit, fixing, VWAP and the like.

The trader's words count: an order stands when the trader repeats it with its level, or accepts what the client typed.
"""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal

from nlp.language import amending, filling, leaving, levels, resting, saying, standing, vocabulary
from nlp.language.evidence import supported
from nlp.language.frames import Frame
from nlp.language.model import Order, OrderType
from nlp.language.placing import placed
from nlp.language.readback import legs
from nlp.language.resting import Resting
from nlp.language.settlement import enquired
from nlp.language.talk import Talk
from nlp.language.tasks import sentences
from nlp.language.topics import Topic

_PHRASES = vocabulary.section("phrases", "orders")
ACCEPTED: tuple[str, ...] = tuple(_PHRASES["accepted"])
UNPRICED: tuple[OrderType, ...] = ("fixing", "moc", "vwap", "twap", "ioi")  # these may stand without a level


def orders_left(talk: Talk) -> list[Order]:
    """The orders that rest at the end, in their final state."""
    found: list[Resting] = []
    for i, (turn, whole) in enumerate(zip(talk.turns, talk.frames, strict=True)):
        if i not in talk.topic_at:
            continue
        found, whole = amending.gone(talk, i, found)
        whole = resting.without_alerts(whole)
        if filling.dealt_at(talk, i):
            whole = filling.after_deal(whole)
            dealt = {done.deal.price for done in talk.dealing.done if done.turn == i}
            if any(placed(talk.topic_at[i], whole, figure) in dealt for figure in whole.prices):
                continue
        changed = amending.amended(talk, i, whole, found)
        if changed is not None:
            same = (changed.topic, changed.kind, changed.side)
            found = [*(o for o in found if (o.topic, o.kind, o.side) != same), changed]
            continue
        if saying.past(whole) or not (_ordered(talk, i, whole) or _again(talk, i, whole, found)):
            continue
        if turn.who == "client" and not _acknowledged(talk, i):
            continue
        for topic, frame in _statements(talk, i, whole):
            for order in _stated(talk, i, frame, topic, found):
                found = [o for o in found if not _replaced(talk, o, order)]
                found.append(order)
    found = _with_limits([left for order in found if (left := filling.unfilled(talk, order)) is not None])
    typed = {(id(o.topic), o.side, o.level) for o in found if o.kind != "limit"}
    found = [o for o in found if o.kind != "limit" or (id(o.topic), o.side, o.level) not in typed]
    for order in found:
        standing.terms(talk, order)
    return [
        supported(talk, order.topic, _order(talk, order))
        for order in found
        if order.level is not None or order.kind in UNPRICED
    ]


def _ordered(talk: Talk, i: int, whole: Frame) -> bool:
    if talk.turns[i].who == "client":
        asked = whole.question and whole.has(*resting.STANDING) and bool(whole.sizes and whole.prices)
        return resting.worded(whole) or resting.instructed(whole) or asked
    return resting.about_an_order(talk, i, whole, talk.topic_at[i]) and not filling.told(whole)


def _again(talk: Talk, i: int, whole: Frame, found: list[Resting]) -> bool:
    """The trader says a resting order's level again, with an amount: "es now 60 lots at 6410"."""
    topic = talk.topic_at[i]
    known = {order.level for order in found if order.topic is topic}
    said = talk.turns[i].who == "trader" and whole.sizes and not saying.done(whole)
    return bool(said) and any(placed(topic, whole, figure) in known for figure in whole.prices)


def _replaced(talk: Talk, old: Resting, new: Resting) -> bool:
    """The same order said again, or changed; not one more beside it ("and another four at 10.89")."""
    if old.topic is not new.topic or old.side != new.side or old.kind != new.kind:
        return False
    if old.level == new.level:
        return True
    between = range(old.turn + 1, new.turn + 1)
    more = any(MORE.search(f" {' '.join(talk.frames[k].lows)} ") for k in between)
    return old.turn != new.turn and not more


def _with_limits(found: list[Resting]) -> list[Resting]:
    """ "VWAP to the close, five oh five limit" is one order: the limit is the level of the other."""
    result = list(found)
    for order in found:
        same = (o for o in result if o is not order and o.topic is order.topic and o.side == order.side)
        worked = next((o for o in same if o.kind in levels.WORKED and o.level is None and o.size == order.size), None)
        if order.kind == "limit" and worked is not None:
            worked.level, worked.turn = order.level, order.turn
            worked.evidence |= order.evidence
            result.remove(order)
    return result


MORE = re.compile(r" (?:another|also|(?<!might )as well|second|both|a further|additional|and then|too(?= [.,!?]|$)) ")


def _acknowledged(talk: Talk, i: int) -> bool:
    """The trader's next turn takes the client's order as said."""
    answers = [k for k in range(i + 1, min(len(talk.turns), i + 5)) if talk.turns[k].who == "trader"]
    answers = answers[1:] if answers and resting.asks_how_long(talk.frames[answers[0]]) else answers
    asked = talk.frames[i]
    asks = asked.question and not asked.has("please", "pls", *resting.STANDING)
    if not answers or answers[0] > i + 4 or asks:
        return False
    after, answer = answers[0], talk.frames[answers[0]]
    return not answer.question and answer.has(*ACCEPTED) and not filling.dealt_at(talk, after)


def _statements(talk: Talk, i: int, whole: Frame) -> list[tuple[Topic, Frame]]:
    """The turn whole, or each sentence that names an instrument and an amount of its own."""
    found: list[tuple[Topic, Frame]] = []
    for first, last in sentences(whole):
        part = whole.part(first, last)
        named = [t for m in part.mentions if (t := talk.find(m.instrument, i)) is not None]
        if part.sizes and named:
            found.append((named[-1], part))
    if len({id(topic) for topic, _ in found}) < 2 and len(whole.sizes) > 1:
        found = _listed(talk, i, whole) or found
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


def _listed(talk: Talk, i: int, whole: Frame) -> list[tuple[Topic, Frame]]:
    """ "5m eurusd buy 1.1380 gtc, 3m eurchf sell 0.9420 gtc": one instrument, amount and level between commas."""
    found = []
    for part in whole.cut(k for k, low in enumerate(whole.lows, whole.begin) if low in (",", ";", "and", ".")):
        named = [t for m in part.mentions if (t := talk.find(m.instrument, i)) is not None]
        if len(named) == 1 and part.sizes and part.prices:
            found.append((named[0], part))
    return found if len({id(topic) for topic, _ in found}) > 1 else []


def _stated(talk: Talk, i: int, frame: Frame, topic: Topic, found: list[Resting]) -> list[Resting]:
    """The orders a turn states; what a change leaves unsaid is that of the order `found` before."""
    if frame.has("would", "'d be", "can", "shall", "do you", "want") and not frame.sizes:
        return []
    frame = leaving.counted(frame, topic)
    pieces = levels.pieces(frame)
    if len(pieces) > 1:
        stated_before = list(found)
        for piece in pieces:
            stated_before += _stated(talk, i, piece, topic, stated_before)
        return stated_before[len(found) :]
    before = [k for k in range(max(0, i - 12), i) if talk.turns[k].who == "client"]
    said = levels.levels(frame, topic)
    result = []
    stated: list[tuple[Decimal | None, OrderType]] = [*said]
    kind = "ioi" if topic.instrument.form == vocabulary.NEW_ISSUE else levels.kind(frame.lows)
    if not said and kind in UNPRICED:
        stated = [(None, kind)]
    for level, kind in stated:
        kind = leaving.meant_kind(talk, level, kind, before, topic) if len(stated) == 1 else kind
        mine = [o for o in found if o.topic is topic]
        beside = len(stated) > 1 and {o.level for o in mine} & {other for other, _ in stated}
        if beside and not (frame.sizes or frame.verbs) and level not in {o.level for o in mine}:
            continue  # "stop at fifty-nine twenty, OCO with the sixty-one"
        if mine and not frame.sizes and (level in {o.level for o in mine} or level is None and not frame.has(*CHANGED)):
            continue  # "it becomes a market order when 46.10 bid trades": said of it, not another
        stated_here = frame.sizes or frame.verbs or levels.kind(frame.lows) != "limit" or frame.has(*CHANGED)
        if mine and not stated_here and level not in {o.level for o in mine}:
            continue  # "GTC. We're ninety-four twenty-two at the moment": the market, not the order
        changed = next((o for o in reversed(mine) if o.kind == kind), mine[-1] if mine else None)
        if topic.instrument.form == vocabulary.NEW_ISSUE:
            kind = "ioi"
        if level is None and changed is not None and changed.kind == kind and not frame.has("no limit", "no lim"):
            level = changed.level  # said before, and not again
        known = changed.side if changed else None
        unsaid = not frame.verbs and leaving.bid_or_offer(frame) is None
        again = known if changed is not None and changed.kind == kind and unsaid else None
        side = again or leaving.side(talk, i, frame, topic, before) or known
        side = side or leaving.side_of_fill(talk, i, topic, kind)
        size = leaving.amount(talk, frame, topic, before, mine)
        if side is None or size is None:
            continue
        quantity, ccy, unit = size
        evidence = {i} | {k for k in before[-2:] if talk.frames[k].prices or talk.frames[k].sizes}
        result.append(Resting(topic, side, quantity, ccy, unit, level, kind, i, evidence=evidence))
    return result


CHANGED: tuple[str, ...] = tuple(_PHRASES["changed"])


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
