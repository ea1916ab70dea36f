"""Which deal is undone: called off by a word for it, or walked away from in whatever words."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from nlp.language import identity, resting, saying, topics, vocabulary
from nlp.language.clauses import ORDER_WORDS, sentence_with
from nlp.language.frames import Frame
from nlp.language.hearing import Done
from nlp.language.topics import Topic

if TYPE_CHECKING:
    from nlp.language.talk import Talk

_WORDS = vocabulary.section("phrases", "undoing")
VOID, GONE, FREE, NOT_SO = (tuple(_WORDS[part]) for part in ("void", "gone", "free", "not_so"))
NEAR = 6
"""Turns in which it is said what the undoing costs."""
SINCE = 30
"""Turns after a deal in which it may be undone."""
RECENT = 12
"""Turns within which a deal is called off that is not named by its instrument."""
LATELY_DEALT = 3
"""Turns within which "bust it" means what was just dealt, whatever was named since."""
UNFILLED: tuple[str, ...] = tuple(_WORDS["unfilled"])
REMAINDER = (*UNFILLED, "the other")
REFUSING: tuple[str, ...] = tuple(_WORDS["refusing"])
GRANTING: tuple[str, ...] = tuple(_WORDS["granting"])


def undone(talk: Talk, i: int, frame: Frame) -> Done | None:
    """The deal that the trader's turn `i` says is no more, also once again; None where none is."""
    standing = [done for done in talk.dealing.done if done.standing and 1 < i - done.turn <= SINCE]
    if not standing or talk.turns[i].who != "trader":
        return None
    lately = [done for done in talk.dealing.done if done.undone_at is not None and i - done.undone_at <= RECENT]
    for sentence in saying.sentences(frame):
        for clause in _clauses(sentence):
            if clause.question or clause.has(*NOT_SO, *ORDER_WORDS):
                continue
            void = clause.has(*VOID)
            if void or _ends(clause, GONE) and _free(talk, i):
                told = clause if _names(clause) or not void else sentence
                again = [done for done in lately if _named(told, done)]
                if again:
                    return again[-1]
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
    """By its amount and its instrument, as far as either is said; else by one of its currencies."""
    instrument = done.topic.instrument
    if clause.sizes and all(topics.size_of(size, instrument)[0] != done.deal.quantity for size in clause.sizes):
        return False
    if clause.mentions:
        return any(identity.same(mention.instrument, instrument) for mention in clause.mentions)
    in_currency = instrument.kind == "fx" and any(money.code in instrument.code for money in clause.monies)
    return in_currency or bool(clause.sizes)


def _spoken_of(talk: Talk, i: int, standing: list[Done]) -> Done | None:
    """The deal that was last named before: "It's gone, Astrid. Nothing to pay"."""
    for k in range(i - 1, standing[0].turn, -1):
        named = [done for done in standing if done.turn < k and _named(talk.frames[k], done)]
        if named:
            return named[-1]
    return standing[-1] if standing[-1].topic is talk.current else None


def called_off(talk: Talk, i: int, frame: Frame, topic: Topic) -> Done | None:
    """The standing deal that turn `i` calls off by a word for it: "cancel that", "bust it"; None where none is."""
    if not frame.has(*topics.CANCEL) or frame.has(*resting.LASTING):
        return None
    if talk.turns[i].who == "client" and frame.question and _refused(talk, i):
        return None
    sentence = sentence_with(frame, topics.CANCEL)
    if talk.turns[i].who == "client" and saying.supposes(sentence):
        return None  # "if there's no taker by then, scrap it"
    said = _clause_with(sentence, topics.CANCEL)
    refused = said.has(*REFUSING) and not said.has("no cost", "not hedged")  # "we can't have it cancelled"
    if talk.turns[i].who == "trader" and (refused or said.has(*ORDER_WORDS)):
        return None
    before = talk.frames[max(0, i - 1)]
    if said.has(*REMAINDER) or (before.has(*UNFILLED) and not said.mentions):
        return None  # what was not filled is called off, not what was
    named = [done for done in talk.dealing.done if _named(said, done)]
    if named and not any(done.standing for done in named):
        return None  # "you're short the Footsie, and the Canada is void": said again of what is off already
    meant = named or [done for done in talk.dealing.done if not any(size.sure for size in said.sizes)]
    by_name = bool(named and said.mentions)
    standing = [d for d in meant if d.standing and (by_name or d.topic is topic and i - d.turn <= RECENT)]
    if not (standing or _names(said) or any(done.topic is topic for done in talk.dealing.done)):
        standing = [done for done in talk.dealing.done if done.standing and i - done.turn <= LATELY_DEALT][-1:]
    if not standing or not by_name and _of_an_order(talk, standing[-1].turn, i):
        return None
    return standing[-1]


def _refused(talk: Talk, i: int) -> bool:
    """The trader does not undo what the client asks to undo."""
    answer = next((k for k in range(i + 1, min(len(talk.turns), i + 3)) if talk.turns[k].who == "trader"), 0)
    after = talk.frames[answer]
    return answer > i and after.has(*REFUSING) and not after.has(*GRANTING)


def _of_an_order(talk: Talk, done: int, i: int) -> bool:
    """An order was left since the deal: it is what is called off."""
    since = range(done + 1, i + 1)
    theirs = [talk.frames[k] for k in since if talk.turns[k].who == "client"]
    said = (frame for frame in theirs if frame.sizes or frame.prices)
    return any(resting.instructed(frame) or frame.has(*ORDER_WORDS, "work") for frame in said)


def _clause_with(sentence: Frame, phrases: tuple[str, ...]) -> Frame:
    """The clause of a sentence that holds one of the phrases: ", and the Canada is void"."""
    pairs = enumerate(pairwise(sentence.lows), sentence.begin)
    clauses = sentence.cut(k for k, (low, after) in pairs if low == "," and after in ("and", "but"))
    return next((clause for clause in clauses if clause.has(*phrases)), sentence)
