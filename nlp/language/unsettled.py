"""Business that seems done, but that the talk does not settle: what it leaves open is asked of the trader."""

from __future__ import annotations

import msgspec

from nlp.language import topics
from nlp.language.asking import described
from nlp.language.evidence import supported
from nlp.language.model import FieldSpan, Unclear
from nlp.language.readback import READING
from nlp.language.talk import Talk
from nlp.language.topics import Topic

CONFIRMED_WITHIN = 4
"""Turns after the client's word in which the trader says that it is done."""


def unclear(talk: Talk) -> list[Unclear]:
    """The enquiries that the client took and the trader confirmed, and that no deal was understood from."""
    return [_left_open(talk, topic) for topic in talk.topics if _seems_done(talk, topic)]


def _seems_done(talk: Talk, topic: Topic) -> bool:
    taken = topic.accepted_at
    if topic.status != "open" or taken is None:
        return False
    if any(done.turn >= taken and topics.same(done.topic.instrument, topic.instrument) for done in talk.dealing.done):
        return False
    after = range(taken + 1, min(len(talk.turns), taken + 1 + CONFIRMED_WITHIN))
    trader = [talk.frames[k] for k in after if talk.turns[k].who == "trader"]
    return any(
        (set(frame.lows) & topics.DONE or frame.has(*READING, "confirm", "you 've got"))
        and not frame.question
        and not frame.has("nothing done", "not done")
        for frame in trader
    )


def _left_open(talk: Talk, topic: Topic) -> Unclear:
    """What both sides said stands; the trader confirmed something that was not understood, so the rest is open."""
    known = described(talk, topic)
    found = supported(talk, topic, Unclear(**known))
    fields = {"client_side": found.client_side, "quantity": found.quantity, "price": found.price}
    doubtful = tuple(name for name, value in fields.items() if value is None or not _both_said(talk, found.spans, name))
    return msgspec.structs.replace(found, doubtful=doubtful or tuple(fields))


def _both_said(talk: Talk, spans: tuple[FieldSpan, ...], name: str) -> bool:
    return len({talk.turns[span.turn].who for span in spans if span.field == name}) > 1
