"""Swaps ended before their time: who paid fixed receives on the offset, which is the side that is dealt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nlp.language import vocabulary as v
from nlp.language.frames import Frame
from nlp.language.model import Side
from nlp.language.topics import Topic

if TYPE_CHECKING:
    from nlp.language.talk import Talk

ENDING: tuple[str, ...] = tuple(v.section("phrases", "readback")["ending"])
_WORDS = v.section("phrases", "swaps")
PAYS: frozenset[str] = frozenset(_WORDS["pays"])
RECEIVES: frozenset[str] = frozenset(_WORDS["receives"])
TO_COME = {"'d", "would", "will", "'ll", "to", "id", "wanna"}
SUBJECTS = {"client": {"i", "we", "my", "our"}, "trader": {"you", "u", "ya", "your", "ur"}}


def offset(talk: Talk, i: int, who: str, frame: Frame, topic: Topic) -> Side | None:
    """The side that takes off the swap of which the turn says which way round it stands; None where it says nothing."""
    near = talk.frames[max(0, topic.opened - 4) : i + 1]
    if topic.kind != "irs" or not any(other.has(*ENDING) for other in near):
        return None
    for at, low in enumerate(frame.lows):
        if low not in PAYS | RECEIVES:
            continue
        lead = set(frame.lows[max(0, at - 5) : at])
        if not lead & SUBJECTS[who]:
            continue
        says: Side = "buy" if low in PAYS else "sell"
        told = low in ("paid", "received", "recd") or (who == "client" and topic.quoted_at is None)
        if told and not lead & TO_COME:
            return "sell" if says == "buy" else "buy"
        if frame.has("offset", "offsetting") or (who == "client" and lead & TO_COME):
            return says
    return None
