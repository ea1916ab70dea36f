"""Where each field of a fact was said, and how sure that makes it.

A field said by both sides is all but certain, by one side likely; one that only follows from the rest (the ordinary
settlement date, the difference of two rates) less so. What was not said at all has no span.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, TypeVar

import msgspec

from nlp.language import identity, topics
from nlp.language.figures import Figure
from nlp.language.frames import Frame
from nlp.language.model import FieldSpan, Terms, Turn
from nlp.language.placing import placed

if TYPE_CHECKING:
    from nlp.language.talk import Talk
    from nlp.language.topics import Topic

Fact = TypeVar("Fact", bound=Terms)
PRICES = ("price", "bid", "ask", "mid", "level")
BOTH, ONE, FOLLOWS, UNSAID = 0.98, 0.9, 0.75, 0.5
SIDE_WORDS = frozenset({"mine", "yours", "urs", "urz", "buyer", "seller", "bid", "offer"})


def span(field: str, turns: tuple[Turn, ...], turn: int, start: int, end: int) -> FieldSpan:
    """The words from character `start` to `end` of a turn, with their times."""
    said = turns[turn]
    if said.words:
        first = len(said.text[:start].split()) - (start > 0 and not said.text[start - 1].isspace())
        last = first + len(said.text[start:end].split())
        timed = said.words[first:last]
        if timed:
            return FieldSpan(field, turn, start, end, said.text[start:end], timed[0].start, timed[-1].end)
    length = max(1, len(said.text))
    seconds = said.end - said.start
    began, ended = (round(said.start + seconds * at / length, 2) for at in (start, end))
    return FieldSpan(field, turn, start, end, said.text[start:end], began, ended)


def supported(talk: Talk, topic: Topic, fact: Fact) -> Fact:
    """The fact with the spans of its fields and its confidence."""
    spans = [
        span(field, talk.turns, k, frame.words[first].start, frame.words[last - 1].end)
        for k in fact.evidence
        for frame in (talk.frames[k],)
        for field, first, last in _said(talk, topic, fact, frame)
    ]
    needed = ["instrument", "quantity", *(name for name in PRICES if getattr(fact, name, None) is not None)]
    if fact.client_side is not None:
        needed.append("client_side")
    sure = min((_sure(talk, name, spans) for name in needed if getattr(fact, name) is not None), default=UNSAID)
    if talk.header.kind == "call":
        sure = round(sure * 0.95, 3)
    return msgspec.structs.replace(fact, spans=tuple(spans), confidence=sure)


def _sure(talk: Talk, field: str, spans: list[FieldSpan]) -> float:
    speakers = {talk.turns[s.turn].who for s in spans if s.field == field}
    return (FOLLOWS, ONE, BOTH)[len(speakers)]


def _said(talk: Talk, topic: Topic, fact: Terms, frame: Frame) -> Iterator[tuple[str, int, int]]:
    """(field, first token, last token) of what one turn says of the fact."""
    instrument = topic.instrument
    for mention in frame.mentions:
        if not mention.benchmark and mention.instrument.code and identity.same(mention.instrument, instrument):
            yield "instrument", mention.first, mention.last
    for first, last, isin in frame.isins:
        if isin == instrument.isin:
            yield "instrument", first, last
    for size in frame.sizes:
        if topics.size_of(size, instrument)[0] == fact.quantity:
            yield "quantity", size.figure.first, size.figure.last
    for figure in frame.prices:
        price = placed(topic, frame, figure)
        for field in PRICES:
            value = getattr(fact, field, None)
            if value is not None and _says(figure, price, value):
                yield field, figure.first, figure.last
    for at, low in enumerate(frame.lows):
        if low in SIDE_WORDS:
            yield "client_side", at, at + 1
    for verb in frame.verbs:
        yield "client_side", verb.at, verb.at + 1
    for day in frame.days:
        resolved = day.resolve(talk.today)
        for field in ("value_date", "near_date", "fixing_date"):
            if resolved is not None and resolved == getattr(fact, field):
                yield field, day.first, day.last


def _says(figure: Figure, price: Decimal | None, value: Decimal) -> bool:
    """True for the price itself and for its last digits ("at forty-two")."""
    if value in (price, figure.value):
        return True
    digits = "".join(c for c in format(value.normalize(), "f") if c.isdecimal())
    tail = figure.digits.replace(".", "")
    return len(tail) >= 2 and not figure.fraction and digits.endswith(tail)
