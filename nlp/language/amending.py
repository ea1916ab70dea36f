"""Orders that are changed or called off: a new level, another amount, one of two pulled."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from nlp.language import levels, resting, topics, vocabulary
from nlp.language.channels import channels_named
from nlp.language.frames import Frame
from nlp.language.model import OrderType
from nlp.language.placing import all_placed, placed
from nlp.language.resting import Resting
from nlp.language.tasks import sentences
from nlp.language.topics import Topic

if TYPE_CHECKING:
    from nlp.language.talk import Talk

_PHRASES = vocabulary.section("phrases", "orders")
STAYS: tuple[str, ...] = tuple(_PHRASES["stays"])
ACCEPTED: tuple[str, ...] = tuple(_PHRASES["accepted"])
ALL: tuple[str, ...] = tuple(_PHRASES["all_of_them"])
NOT_GONE: tuple[str, ...] = tuple(_PHRASES["not_gone"])
LASTS: tuple[str, ...] = (*_PHRASES["till_cancelled"], *resting.LASTING)
REFUSED: tuple[str, ...] = tuple(_PHRASES["refused"])
ORDERED: frozenset[str] = frozenset(_PHRASES["ordered"])
"""Words by which an order is called off that was left long ago; one left a while ago is "it"."""
NOTHING: tuple[str, ...] = tuple(_PHRASES["nothing_left"])
POINTED = {"it", "that", "this", "them", "those", "one"}
THE_STOP = re.compile(
    r"\b(?:the|my|our|your|ur|that|this) (?:\w+ )?stop\b|\bstop (?:(?:'s|is|was|has been) )?"
    r"(?:pulled|cancelled|canceled|off|out|gone|away|loss|order|cxld|removed|taken)\b"
)
ENDS = re.compile("|".join(_PHRASES["ends"]))
"""Said of an order that will be taken off at some later time: how long it stands."""
UNFILLED = ("remaining", "remainder", "balance", "the rest")
A_WHILE = 10
MORE: tuple[str, ...] = tuple(_PHRASES["done_more"])
NEXT = 3
"""Turns within which the trader takes a change as said."""


def gone(talk: Talk, i: int, found: list[Resting]) -> tuple[list[Resting], Frame]:
    """The orders that stay after a turn, and what of the turn does not call one off."""
    whole = talk.frames[i]
    if (
        not whole.has(*levels.GONE)
        or whole.has(*NOT_GONE)
        or channels_named(whole)
        or not (found or whole.has(*UNFILLED))
    ):
        return found, whole  # "no WhatsApp, the company made us take it off"
    kept: list[tuple[int, int]] = []
    for first, last in _clauses(whole):
        clause = whole.part(first, last)
        named = levels.kind(clause.lows) in ("stop", "take_profit") or ORDERED & set(clause.lows)
        lasts = clause.has(*LASTS) or ENDS.search(" ".join(clause.lows)) is not None
        if not clause.has(*levels.GONE) or lasts or whole.has(*LASTS) and not named:
            kept.append((first, last))
            continue
        off = _called_off(talk, i, clause, found)
        found = [order for order in found if not any(order is other for other in off)]
    rest = max(kept, key=lambda span: span[1] - span[0], default=(0, 0))
    return found, whole.part(*rest)


def _called_off(talk: Talk, i: int, clause: Frame, found: list[Resting]) -> list[Resting]:
    """Whose order is called off, and of which kind where only one is ("forget the stop")."""
    named = [t for m in clause.mentions if (t := talk.find(m.instrument, i)) is not None]
    codes = {money.code for money in clause.monies}
    by_currency = [o.topic for o in found if o.topic.kind == "fx" and any(c in o.topic.instrument.code for c in codes)]
    if not named and not by_currency and clause.has(*ALL):
        return found
    topic = named[0] if named else by_currency[-1] if by_currency else talk.topic_at[i]
    kind = levels.kind(clause.lows)
    halted = clause.has("order", "orders", "stop it", "stop working", *ALL)
    only = kind if kind in ("stop", "take_profit") and not halted else None
    spoken = THE_STOP.search(" ".join(clause.lows)) is not None
    if only == "stop" and not spoken and (talk.frames[i].has(*STAYS) or not any(o.kind == "stop" for o in found)):
        only = None  # "stop pls, cancel the balance" is no stop order
    lows = set(clause.lows)
    within = A_WHILE if lows & POINTED else NEXT
    dealt = {done.deal.quantity for done in talk.dealing.done if done.topic is topic}
    counted = [size for size in clause.sizes if topics.size_of(size, topic.instrument)[0] not in dealt]
    if clause.mentions or by_currency or lows & ORDERED or clause.has(*NOTHING) or counted:
        within = len(talk.turns)
    return [o for o in found if o.topic is topic and only in (None, o.kind) and i - o.turn <= within]


def _clauses(frame: Frame) -> list[tuple[int, int]]:
    """Sentences, cut at commas that part two instruments: "chf cancelled, eurusd stays at 1.1480"."""
    result = []
    for first, last in sentences(frame):
        start = first
        for k in range(first, last):
            after = frame.part(k + 1, last)
            if frame.words[k].low in (",", "and", "but", ";", "-") and (after.mentions or after.has(*resting.CUES)):
                result.append((start, k))
                start = k + 1
        result.append((start, last))
    return result


def amended(talk: Talk, i: int, frame: Frame, found: list[Resting]) -> Resting | None:
    """An order of `found` with the level or the amount that a turn gives it; None where it changes none."""
    topic = talk.topic_at[i] = _spoken_of(talk, i, frame, found)
    changes = resting.changes(talk, i, frame, topic)
    if not found or not (changes or _echoed(talk, i, frame, found)):
        return None
    if talk.turns[i].who == "client" and not _taken(talk, i, frame, topic):
        return None
    said = levels.levels(frame, topic)
    level = said[0][0] if len(said) == 1 else None
    if changes:
        level = _beside_the_old(frame, topic, found) or level
    asked = resting.change_asked(talk, i, topic) if talk.turns[i].who == "trader" else None
    wanted = {price for price, _ in levels.levels(talk.frames[asked], topic)} if asked is not None else set()
    if asked is not None and not wanted and not frame.has(*resting.AMENDED) and _of_the_clock(talk.frames[asked]):
        return None
    if wanted and level not in {None, *wanted}:
        return None  # "the market's 147.60"
    order = _meant(talk, i, frame, [o for o in found if o.topic is topic], level)
    if order is None or (level is None and not frame.sizes):
        return None
    if level is None and frame.prices:
        return None  # a level that could not be placed
    size, ccy, unit = order.size, order.ccy, order.unit
    if len(frame.sizes) == 1:
        size, ccy, unit = topics.size_of(frame.sizes[0], topic.instrument)
    new = order.level if level is None else level
    return replace(order, level=new, size=size, ccy=ccy, unit=unit, turn=i, evidence=order.evidence | {i, order.turn})


def _beside_the_old(frame: Frame, topic: Topic, found: list[Resting]) -> Decimal | None:
    """The new level beside one that rests: "from 4140 to 4155", "tp now 4155, sl unchanged 4025"."""
    known = {order.level for order in found if order.topic is topic}
    lows = [word.low for word in frame.words]
    figures = [figure for figure in frame.prices if not levels.percent(lows, figure)]
    told = {price for figure in figures if (price := placed(topic, frame, figure)) is not None}
    new = told - known
    return new.pop() if len(new) == 1 and told & known else None


def _of_the_clock(frame: Frame) -> bool:
    """ "Make it after four": numbers, but neither a level nor an amount."""
    return bool(frame.prices) and not frame.sizes


def _spoken_of(talk: Talk, i: int, frame: Frame, found: list[Resting]) -> Topic:
    """The enquiry of turn `i`; that of the only order whose level a change names, where it has come to another one."""
    topic = talk.topic_at[i]
    if any(order.topic is topic for order in found) or not frame.has(*resting.AMENDS, *resting.AMENDED):
        return topic
    other = {order.topic.instrument.code: order.topic for order in found if _names(order, frame)}
    return next(iter(other.values())) if len(other) == 1 and not frame.mentions else topic


def _names(order: Resting, frame: Frame) -> bool:
    return order.level in all_placed(order.topic, frame)


def _echoed(talk: Talk, i: int, frame: Frame, found: list[Resting]) -> bool:
    """ "Ok, go 33.35" and "33.35 now for the 20k": the level of a resting order, named anew and said again."""
    topic = talk.topic_at[i]
    mine = [order for order in found if order.topic is topic]
    if len(mine) != 1 or talk.turns[i].who != "trader" or not i or talk.turns[i - 1].who != "client":
        return False
    if any(done.turn == i for done in talk.dealing.done) or talk.topic_at.get(i - 1) is not topic:
        return False
    asked = resting.without_alerts(talk.frames[i - 1])
    if resting.instructed(asked) or not {levels.kind(part.lows) for part in (frame, asked)} <= {"limit", mine[0].kind}:
        return False  # another order
    said, wanted = ({level for level, _ in levels.levels(part, topic)} for part in (frame, asked))
    sizes = [{topics.size_of(size, topic.instrument)[0] for size in part.sizes} for part in (frame, asked)]
    if not (frame.prices or asked.prices) and len(sizes[0]) == 1:
        return sizes[0] == sizes[1] and not frame.has(*MORE)  # "half that, 20k" and "20k then, same level"
    return len(said) == 1 and said == wanted and all(size == {mine[0].size} for size in sizes if size)


def _meant(talk: Talk, i: int, frame: Frame, mine: list[Resting], level: Decimal | None) -> Resting | None:
    """The order that is changed: of the kind that was said, else the one whose level is nearest."""
    kind = next((k for n in (i, i - 1) if n >= 0 and (k := _kind(talk.frames[n])) is not None), None)
    of_kind = [o for o in mine if o.kind == kind] or mine
    if level is None or any(o.level is None for o in of_kind):
        return of_kind[-1] if of_kind else None
    return min(of_kind, key=lambda o: abs((o.level or level) - level), default=None)


def _kind(frame: Frame) -> OrderType | None:
    kind = levels.kind(frame.lows)
    return kind if kind in ("stop", "take_profit") else None


def _taken(talk: Talk, i: int, frame: Frame, topic: Topic) -> bool:
    """The trader's next words take the client's change, and do not say another level."""
    said = {level for level, _ in levels.levels(frame, topic)}
    for k in range(i + 1, min(len(talk.turns), i + 1 + NEXT)):
        answer = talk.frames[k]
        if talk.turns[k].who == "client":
            continue
        if any(done.turn == k for done in talk.dealing.done):
            return False
        again = {level for level, _ in levels.levels(answer, topic)}
        if again:
            return bool(again & said)
        return answer.has(*ACCEPTED, *resting.AMENDED) and not answer.has(*REFUSED)
    return False
