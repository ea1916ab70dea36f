"""Business that seems done, but that the talk does not settle: what it leaves open is asked of the trader."""

from __future__ import annotations

import msgspec

from nlp.language import identity, resting, saying
from nlp.language.asking import described
from nlp.language.evidence import supported
from nlp.language.model import FieldSpan, Unclear
from nlp.language.readback import READING
from nlp.language.talk import Talk
from nlp.language.topics import Topic

CONFIRMED_WITHIN = 4
"""Turns after the client's word in which the trader says that it is done."""


def unsettled(talk: Talk) -> dict[int, Topic]:
    """The enquiries that the client took and the trader confirmed and that no deal was understood from, by the turn of
    the confirmation."""
    found = ((_confirmed(talk, topic), topic) for topic in talk.topics)
    return {turn: topic for turn, topic in found if turn is not None}


def left_open(talk: Talk, topic: Topic, confirmed: int) -> Unclear:
    """What both sides said stands; the trader confirmed something that was not understood, so the rest is open."""
    known = described(talk, topic)
    known["evidence"] = tuple(sorted({*topic.evidence, confirmed}))
    found = supported(talk, topic, Unclear(**known))
    fields = {"client_side": found.client_side, "quantity": found.quantity, "price": found.price}
    doubtful = tuple(name for name, value in fields.items() if value is None or not _both_said(talk, found.spans, name))
    return msgspec.structs.replace(found, doubtful=doubtful or tuple(fields))


def _confirmed(talk: Talk, topic: Topic) -> int | None:
    taken = topic.accepted_at
    if topic.status != "open" or taken is None:
        return None
    if any(done.turn >= taken and identity.same(done.topic.instrument, topic.instrument) for done in talk.dealing.done):
        return None
    for k in range(taken + 1, min(len(talk.turns), taken + 1 + CONFIRMED_WITHIN)):
        frame = talk.frames[k]
        said = saying.done(frame) or frame.has(*READING, "confirm", "you 've got")
        resting_order = resting.shows_no_price(talk, k, frame, topic)
        elsewhere = any(done.turn == k for done in talk.dealing.done)  # the word is for other business
        said = said and not (resting_order or elsewhere or frame.question)
        if talk.turns[k].who == "trader" and said and not frame.has("nothing done", "not done"):
            return k
    return None


def _both_said(talk: Talk, spans: tuple[FieldSpan, ...], name: str) -> bool:
    return len({talk.turns[span.turn].who for span in spans if span.field == name}) > 1
