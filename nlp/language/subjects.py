"""What else is spoken of: the things and people that a talk names, beside its business."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field

from nlp.language import vocabulary
from nlp.language.attitude import NEGATIVE
from nlp.language.frames import Frame
from nlp.language.model import Header, Turn, Who
from nlp.language.tasks import STOPS
from nlp.language.words import Word

_WORDS = vocabulary.section("phrases", "subjects")
EVERYDAY: frozenset[str] = frozenset(_WORDS["everyday"])
PLAIN: frozenset[str] = frozenset(_WORDS["plain_adjectives"])
WEIGHTS: dict[str, int] = vocabulary.section("phrases", "salience")["weights"]
LONGEST_MATTER = 4  # words, or letters where it is spelled
_NAMED = [tuple(str(phrase).split()) for phrase in (*_WORDS["matters"], *_WORDS["places"])]
MATTERS: frozenset[tuple[str, ...]] = frozenset(_NAMED) | frozenset(
    tuple(phrase[0]) for phrase in _NAMED if len(phrase) == 1 and len(phrase[0]) <= LONGEST_MATTER
)  # and spelled aloud: "L E I"
SPELLED = re.compile(r"\b([A-Z]) (?=[A-Z]\b)")
NOMINAL = ("NOUN", "PROPN")
LONGEST = 3  # words of a name
GREETING = 8  # tokens with which a desk answers
ENOUGH = 4.0  # of a score below this a subject was only touched
MOST = 8
MANY_TURNS = 12  # of a longer talk one subject more is told for each of these
HAILING: frozenset[str] = frozenset(vocabulary.section("phrases", "subjects")["hailing"])
MATTER = 3.0  # what a matter of the desk's work is worth more than another noun


@dataclass
class Subject:
    """A thing spoken of, in its fullest words so far."""

    text: str
    first: int
    score: float = 0.0
    turns: set[int] = field(default_factory=set)
    sides: set[Who] = field(default_factory=set)


def subjects(
    header: Header, turns: tuple[Turn, ...], frames: list[Frame], weighty: Collection[int], *, thin: bool
) -> tuple[str, ...]:
    """The things most spoken of, in the order of the talk; no instruments, amounts, days nor the speakers' names.

    `weighty`: turns that something was asked for or promised in. Of a `thin` talk, one without business, more is told.
    """
    people = " ".join((header.client.contact, header.client.organization, header.trader.name)).lower().split()
    answered = frames[:1] if turns and turns[0].who == "trader" and len(frames[0].words) <= GREETING else []
    people += [word.low for frame in answered for word in frame.words if word.pos == "PROPN"]  # "Hannah speaking"
    left_out = EVERYDAY | set(people) | {low for frame in frames for low in _addressed(frame)}
    found: dict[str, Subject] = {}
    for i, (turn, frame) in enumerate(zip(turns, frames, strict=True)):
        if i < 2 and turn.who == "trader" and len(frame.words) <= GREETING:
            continue
        business = _business(frame)
        weight = 1.0 * (i in weighty) + 1.0 * frame.has(*NEGATIVE)
        matters = _matters(frame)
        names = [n for n in _names(frame, business, left_out) if not any(_overlap(n, m) for m in matters)]
        for first, last in (*names, *matters):
            words = frame.words[first:last]
            text = SPELLED.sub(r"\1", turn.text[words[0].start : words[-1].end])
            plain = (
                first == 0 or frame.lows[first - 1] in STOPS and words[0].pos != "PROPN"
            )  # a capital as any sentence's
            subject = found.setdefault(words[-1].lemma, Subject(text, i))
            subject.text = text if len(text.split()) > len(subject.text.split()) else subject.text
            subject.turns.add(i)
            subject.sides.add(turn.who)
            worth = _worth(words, first, plain) + weight + MATTER * ((first, last) in matters)
            subject.score = max(subject.score, worth)
    ranked = sorted(found.values(), key=lambda s: (-_total(s), s.first))
    enough = ENOUGH - 1 if thin else ENOUGH
    most = MOST + len(turns) // MANY_TURNS
    best = [subject for subject in ranked[:most] if _total(subject) >= enough]
    return tuple(subject.text for subject in sorted(best, key=lambda s: s.first))


def _addressed(frame: Frame) -> list[str]:
    """Who is greeted or thanked by name: "Morning, Hannah.", "cheers Hannah"."""
    lows = (*frame.lows, ".")
    return [
        low
        for k, low in enumerate(frame.lows)
        if k
        and lows[k + 1] in (".", ",", "!", "?")
        and {lows[k - 1], lows[k - 2] if lows[k - 1] == "," else ""} & HAILING
    ]


def _matters(frame: Frame) -> list[tuple[int, int]]:
    """(first, last) token of each document, service, analysis, event or place that is named, however it is written."""
    found: list[tuple[int, int]] = []
    at = 0
    while at < len(frame.lows):
        lengths = range(min(LONGEST_MATTER, len(frame.lows) - at), 0, -1)
        length = next((n for n in lengths if frame.lows[at : at + n] in MATTERS), 0)
        if length:
            found.append((at, at + length))
        at += max(length, 1)
    return found


def _overlap(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def _total(subject: Subject) -> float:
    return subject.score + len(subject.turns) + len(subject.sides)


def _worth(words: tuple[Word, ...], first: int, plain: bool) -> float:
    """Names, abbreviations and fuller phrases say more than a bare noun; words of the trade more than others."""
    named = any(
        w.text[:1].isupper() and (not plain or n or w.text.isupper()) for n, w in enumerate(words) if len(w.text) > 1
    )
    weight = max(WEIGHTS.get(form, 0) for w in words for form in (w.low, w.lemma))
    return 1.5 * named + min(weight, 3) + 0.5 * (len(words) > 1)


def _names(frame: Frame, business: set[int], left_out: frozenset[str]) -> list[tuple[int, int]]:
    """(first, last) token of each run of nouns with their adjectives."""
    result, start = [], None
    for k in range(len(frame.words) + 1):
        if k < len(frame.words) and k not in business and _part(frame.words[k], left_out):
            start = k if start is None else start
            continue
        if start is not None and frame.words[k - 1].pos in NOMINAL:
            result.append((max(start, k - LONGEST), k))
        start = None
    return result


def _part(word: Word, left_out: frozenset[str]) -> bool:
    if not word.low.isalpha() or len(word.low) < 3 or {word.low, word.lemma} & left_out:
        return False
    return word.pos in NOMINAL or word.pos == "ADJ" and word.low not in PLAIN


def _business(frame: Frame) -> set[int]:
    """Tokens of days, terms, amounts, prices and instruments: told by the facts."""
    spans = [(x.first, x.last) for group in (frame.days, frame.months, frame.tenors, frame.mentions) for x in group]
    spans += [(x.first, x.last) for x in frame.monies] + [(x.first, x.last) for x in frame.prices]
    spans += [(x.figure.first, x.figure.last) for x in frame.sizes] + [(x.first, x.last) for x in frame.prices]
    return {k for first, last in spans for k in range(first, last)}
