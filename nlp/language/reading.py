"""The order of understanding a dialogue."""

from __future__ import annotations

from nlp.language.model import Analysis, Dialogue, Reference
from nlp.language.orders import orders_left
from nlp.language.pipe import reader_for
from nlp.language.promises import follow_ups
from nlp.language.quotes import quotes_not_dealt
from nlp.language.talk import Talk


def read(dialogue: Dialogue, reference: Reference) -> Analysis:
    """Everything understood from the turns so far."""
    turns = dialogue.turns
    frames = reader_for(reference).frames([turn.text for turn in turns])
    talk = Talk(dialogue.header, turns, frames)
    talk.walk()
    deals = tuple(done.deal for done in talk.dealing.done if done.standing)
    return Analysis(
        turns=turns,
        deals=deals,
        quotes_not_dealt=tuple(quotes_not_dealt(talk)),
        orders_left=tuple(orders_left(talk)),
        follow_ups=tuple(follow_ups(turns, frames, dialogue.header.started.date())),
    )
