"""Orders that are filled, whole or in part, in the course of the talk."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from nlp.language import levels, resting, saying, topics, vocabulary
from nlp.language.frames import Frame
from nlp.language.resting import Resting

if TYPE_CHECKING:
    from nlp.language.talk import Talk

_WORDS = vocabulary.section("phrases", "orders")
STAYS: tuple[str, ...] = tuple(_WORDS["stays"])
TOLD: frozenset[str] = frozenset(_WORDS["told"])
LEFT: frozenset[str] = frozenset(_WORDS["left"])


def told(frame: Frame) -> bool:
    """A fill is told and nothing that stays: "you sold 450 at 110-22+", "bought 12k of 30k, avg 22.41"."""
    lows = set(frame.lows)
    if frame.question or saying.NOT_TOLD & lows or {"buy", "sell"} & lows:
        return False
    return bool(TOLD & lows or frame.has(*saying.FILLED)) and not LEFT & lows and not frame.has(*resting.LASTING)


def dealt_at(talk: Talk, i: int) -> bool:
    """A deal was read in this turn."""
    return any(done.turn == i for done in talk.dealing.done)


def after_deal(frame: Frame) -> Frame:
    """What a turn that reads back a deal says after it: ", and I'm working the other half"."""
    for k in range(len(frame.lows) - 1, 0, -1):
        tail = frame.part(k, len(frame.lows))
        if frame.lows[k] in ("and", ".", ";", ",") and resting.worded(tail) and tail.sizes:
            return tail
    return frame.part(0, 0)


def unfilled(talk: Talk, order: Resting) -> Resting | None:
    """The order as it rests after its fills; None where nothing of it is said to stay."""
    fills = {
        done.turn: done.deal.quantity or Decimal(0)
        for done in talk.dealing.done
        if done.standing
        and done.topic is order.topic
        and done.turn > order.turn
        and done.deal.client_side == order.side
    }
    for k in range(order.turn + 1, len(talk.turns)):
        if k not in fills and (size := _fill(talk, k, order)) is not None:
            fills[k] = size
    if not fills:
        return order
    last = max(fills)
    filled = max(fills.values()) if order.kind in levels.WORKED else sum(fills.values(), Decimal(0))  # told as totals
    after = talk.frames[last : last + 6]
    if filled >= order.size or not any(frame.has(*STAYS) for frame in after):
        return None
    return replace(order, size=order.size - filled, evidence=order.evidence | set(fills))


def _fill(talk: Talk, k: int, order: Resting) -> Decimal | None:
    """The amount of an order that a trader's turn tells as filled, at its level."""
    frame = talk.frames[k]
    if (
        talk.turns[k].who != "trader"
        or talk.topic_at.get(k) is not order.topic
        or not (told(frame) or order.kind in levels.WORKED and frame.has(*resting.PROGRESS))
    ):
        return None
    if any(figure.value == order.size for figure in (*frame.prices, *(size.figure for size in frame.sizes))):
        return order.size  # all of it, whatever the price in the end
    if order.kind in levels.WORKED and frame.sizes:
        return topics.size_of(frame.sizes[0], order.topic.instrument)[0]
    if (
        frame.prices
        and order.level is not None
        and order.level not in {x for x, _ in levels.levels(frame, order.topic)}
    ):
        return None
    if frame.has("so far", "of the", "out of") and not frame.sizes:
        return None
    return topics.size_of(frame.sizes[0], order.topic.instrument)[0] if frame.sizes else order.size
