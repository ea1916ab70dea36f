"""A promise while it is being agreed, and the thoughts of a turn in which one may stand."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from nlp.language import vocabulary
from nlp.language.frames import Frame
from nlp.language.model import Who

JOINTS = {"and", "but", ",", "so", "then", "--", "-", "n"}
BEGINNINGS: tuple[tuple[str, ...], ...] = tuple(
    tuple(phrase.split()) for phrase in vocabulary.section("phrases", "promises")["beginnings"]
)
STOPS = {".", "?", "!", ";", "...", "--"}


@dataclass
class Promise:
    """One thing to do while it is being agreed."""

    owner: Who
    kind: str
    turn: int
    words: tuple[int, int]
    stated: bool  # promised, not only asked for
    conditional: bool = False
    evidence: set[int] = field(default_factory=set)
    vague: bool = False
    needs_day: bool = False  # a thing asked for by its name only: the answer must say when it comes
    days: list[date] = field(default_factory=list)
    thing: int | None = None  # where its thing is named, of what is owed without a verb
    again: bool = False  # comes again and again, as what was promised before
    beside: bool = False  # the day stands elsewhere in the turn, so the answer may set another


def sentences(frame: Frame) -> list[tuple[int, int]]:
    """(first, last) token of each sentence of a turn."""
    result, start = [], 0
    for k, word in enumerate(frame.words):
        if word.low in STOPS:
            result.append((start, k + 1))
            start = k + 1
    return [*result, (start, len(frame.words))] if start < len(frame.words) else result


def thoughts(frame: Frame) -> list[tuple[int, int]]:
    """Sentences, cut again where another promise or request begins ("..., and I'll call you back", ", you'll get")."""
    lows, result = [word.low for word in frame.words], []
    for first, last in sentences(frame):
        start = first
        for k in range(first + 2, last - 2):
            if lows[k] in JOINTS and k > start + 1 and _begins(frame, lows, k + 1):
                result.append((start, k))
                start = k + 1
        result.append((start, last))
    return result


def _begins(frame: Frame, lows: list[str], at: int) -> bool:
    """A subject with its verb, or the words of a request: another thought."""
    at += lows[at] in ("so", "then", "and", "but", "also")
    if any(tuple(lows[at : at + len(phrase)]) == phrase for phrase in BEGINNINGS):
        return True
    subject, verb = lows[at : at + 1], frame.words[at + 1] if at + 1 < len(lows) else None
    if verb is None or subject[0] not in ("i", "we", "you", "u", "she", "he", "they", "will"):
        return False
    return verb.low in ("'ll", "will", "ll", "'d") or subject[0] in ("i", "will") and verb.pos == "VERB"
