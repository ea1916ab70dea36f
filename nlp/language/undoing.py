"""A deal that both sides walk away from, in whatever words: it is named and said to be gone, or to cost nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nlp.language import saying, topics, vocabulary
from nlp.language.clauses import ORDER_WORDS
from nlp.language.frames import Frame
from nlp.language.hearing import Done

if TYPE_CHECKING:
    from nlp.language.talk import Talk

_WORDS = vocabulary.section("phrases", "undoing")
VOID, GONE, FREE, NOT_SO = (tuple(_WORDS[part]) for part in ("void", "gone", "free", "not_so"))
NEAR = 6
"""Turns in which it is said what the undoing costs."""
SINCE = 30
"""Turns after a deal in which it may be undone."""


def undone(talk: Talk, i: int, frame: Frame) -> Done | None:
    """The standing deal that the trader's turn `i` says is no more; None where none is."""
    standing = [done for done in talk.dealing.done if done.standing and 1 < i - done.turn <= SINCE]
    if not standing or talk.turns[i].who != "trader":
        return None
    lately = [done for done in talk.dealing.done if done.undone_at is not None and i - done.undone_at <= NEAR]
    for sentence in saying.sentences(frame):
        for clause in _clauses(sentence):
            if clause.question or clause.has(*NOT_SO, *ORDER_WORDS):
                continue
            void = clause.has(*VOID)
            if void or _ends(clause, GONE) and _free(talk, i):
                told = clause if _names(clause) or not void else sentence
                if any(_named(told, done) for done in lately):
                    return None  # said again
                named = [done for done in standing if _named(told, done)]
                if named:
                    return named[-1]
                if not (_names(told) or lately) and frame.has(*FREE):
                    return _spoken_of(talk, i, standing)
    return None


def _free(talk: Talk, i: int) -> bool:
    return any(frame.has(*FREE) for frame in talk.frames[max(0, i - NEAR) : i + 1])


def _clauses(sentence: Frame) -> list[Frame]:
    """A sentence, cut at its commas."""
    return sentence.cut(k + 1 for k, low in enumerate(sentence.lows, sentence.begin) if low == ",")


def _ends(clause: Frame, phrases: tuple[str, ...]) -> bool:
    """One of the phrases is the last word but one or the last: "it's gone", not "it's gone to the clearer"."""
    words = [low for low in clause.lows if low[0].isalpha() or low[0] == "'"]
    text = " ".join(words)
    return any(text.endswith(f" {phrase}") or " ".join(words[:-1]).endswith(f" {phrase}") for phrase in phrases)


def _names(clause: Frame) -> bool:
    return bool(clause.sizes or clause.mentions or clause.monies)


def _named(clause: Frame, done: Done) -> bool:
    """By its amount, else by its instrument, else by one of its currencies."""
    instrument = done.topic.instrument
    if clause.sizes:
        return any(topics.size_of(size, instrument)[0] == done.deal.quantity for size in clause.sizes)
    if clause.mentions:
        return any(topics.same(mention.instrument, instrument) for mention in clause.mentions)
    return instrument.kind == "fx" and any(money.code in instrument.code for money in clause.monies)


def _spoken_of(talk: Talk, i: int, standing: list[Done]) -> Done | None:
    """The deal that was last named before: "It's gone, Astrid. Nothing to pay"."""
    for k in range(i - 1, standing[0].turn, -1):
        named = [done for done in standing if done.turn < k and _named(talk.frames[k], done)]
        if named:
            return named[-1]
    return standing[-1] if standing[-1].topic is talk.current else None
