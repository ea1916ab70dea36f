"""More business beside an enquiry, which takes over from it what is not said again: in another size, to another date,
or once more after the deal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nlp.language import saying, swaps, topics, vocabulary
from nlp.language.deliveries import ASKS, in_another_size
from nlp.language.frames import Frame
from nlp.language.model import Turn
from nlp.language.supposing import SUPPOSED, supposed
from nlp.language.topics import Topic

if TYPE_CHECKING:
    from nlp.language.talk import Talk

_WORDS = vocabulary.section("phrases", "again")
RESTING: tuple[str, ...] = tuple(_WORDS["resting"])
MORE: tuple[str, ...] = tuple(_WORDS["more"])


def afresh(talk: Talk, i: int, turn: Turn, frame: Frame, before: Topic, *, named: bool) -> Topic:
    """The enquiry that turn `i` opens beside `before`, else `before`; `named` where the turn says which it means."""
    if turn.who == "trader":
        return before if named or not in_another_size(frame, before) else _resized(talk, i, before)
    anew = _anew(talk, i, frame, before)
    started = swaps.from_another_start(frame, before)
    other_size = supposed(before, frame)
    if not (anew or started or other_size is not None):
        return before
    opened = talk.opened(i, before.instrument)
    if other_size is not None:
        opened.side, opened.size, opened.ccy = before.side, other_size, before.ccy
        opened.hints.add(SUPPOSED)
    plain = frame.has("spot", "outright") and saying.far_side(frame) is None
    opened.hints |= before.hints & (
        ({"ndf"} if plain else {"swap", "ndf"}) if anew else {"swap", "ndf", "bid", "offer", *topics.PRICED_ON}
    )
    if started and "indicative" in before.hints:
        opened.hints.add("indicative")
        opened.indicative_at = i
    opened.anchors = before.anchors[-2:]
    sizes = {topics.size_of(size, before.instrument)[0] for size in frame.sizes}
    once_more = frame.has("again") and before.size in sizes
    if once_more or frame.has("same side", "same way", "same direction", "same again"):
        opened.side = before.side
    return opened


def _resized(talk: Talk, i: int, before: Topic) -> Topic:
    """The same in the other size that the trader shows a price for."""
    opened = talk.opened(i, before.instrument)
    opened.side, opened.hints = before.side, set(before.hints)
    opened.anchors = before.anchors[-2:]
    opened.evidence |= {k for k in before.evidence if talk.turns[k].who == "client"}
    return opened


def _anew(talk: Talk, i: int, frame: Frame, topic: Topic) -> bool:
    """More business in an instrument that has dealt, or again after it was called off."""
    if topic.status not in ("dealt", "cancelled") or topic.opened == i or saying.past(frame):
        return False
    last = max((done.turn for done in talk.dealing.done if done.topic is topic), default=i)
    if topic.kind == "fx" and frame.sizes and len(frame.days) > 1 and saying.far_side(frame) is not None:
        return not frame.prices  # "and roll it: b/s 4m, 12 June against 14 September"
    if topic.status == "cancelled":
        return bool(frame.sizes or frame.verbs) and not frame.has(*topics.CANCEL)
    if (i <= last + 1 and not frame.has(*MORE)) or frame.has(*topics.CORRECTION):
        return False
    if any(f.has(*RESTING) for f in talk.frames[max(last + 1, i - 5) : i + 1]):
        return False
    asks = frame.question or frame.has(*ASKS) or frame.has(*MORE)
    return asks and bool(frame.sizes or frame.tenors or frame.days) and not any(p.value >= 10 for p in frame.prices)
