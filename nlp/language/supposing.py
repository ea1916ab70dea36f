"""The same business in another size, only supposed, beside the one that is asked for."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from nlp.language import identity, saying, topics
from nlp.language.amounts import Size
from nlp.language.frames import Frame
from nlp.language.topics import Topic

if TYPE_CHECKING:
    from nlp.language.talk import Talk

SUPPOSED = "supposed"
MOST = 1000  # a bare number above is a price


def supposed(topic: Topic | None, frame: Frame) -> Decimal | None:
    """The amount of "and supposing he wants forty?": the instrument of `topic` in another size than was quoted."""
    if topic is None or topic.quoted_at is None or topic.size is None or not frame.has(*topics.HYPOTHETICAL):
        return None
    others = _amounts(topic, frame) - {topic.size}
    return max(others) if others and topic.status in ("open", "passed") else None


def outdone(talk: Talk, topic: Topic) -> bool:
    """What was supposed beside `topic` became the deal: its level was one on the way to it."""
    dealt = (t for t in talk.topics if t.status == "dealt" and SUPPOSED in t.hints and t.opened > topic.opened)
    return any(identity.same(t.instrument, topic.instrument) for t in dealt)


def _amounts(topic: Topic, frame: Frame) -> set[Decimal]:
    """The amounts of a turn; bare numbers too ("what if I did twenty?")."""
    said = {topics.size_of(size, topic.instrument)[0] for size in frame.sizes}
    bare = [Size(f, None, None, False) for f in frame.prices if f.last - f.first == 1 and not (f.pointed or f.fraction)]
    return said or {topics.size_of(size, topic.instrument)[0] for size in bare if size.figure.value < MOST}


def returned(talk: Talk, frame: Frame) -> Topic | None:
    """The enquiry that is meant again once the supposed one is answered: by its amount, by a deal, or after "no"."""
    topic = talk.current
    if topic is None or SUPPOSED not in topic.hints or topic.quoted_at is None:
        return topic
    alike = (
        t for t in reversed(talk.topics) if SUPPOSED not in t.hints and identity.same(t.instrument, topic.instrument)
    )
    real = next((t for t in alike if t.opened < topic.opened), None)
    if real is None or real.status not in ("open", "passed"):
        return topic
    amounts = _amounts(topic, frame)
    again = real.size in amounts and topic.size not in amounts
    taken = saying.takes(frame) and topic.size not in amounts
    return real if again or taken or topic.status == "passed" else topic
