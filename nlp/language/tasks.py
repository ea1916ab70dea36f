"""A promise, and how it is worded as a task."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise

from nlp.language import vocabulary
from nlp.language.acts import base
from nlp.language.calendar import PARTS
from nlp.language.frames import Frame
from nlp.language.model import Turn, Who
from nlp.language.things import things

FILLERS = {"um", "uh", "er", "just", "also", "please", "pls", "yes", "yeah", "ok"}
SHORTHAND: dict[str, str] = vocabulary.section("phrases", "promises")["shorthand"]
CLITICS = {"'ll": " will", "'re": " is", "'ve": " has", "'d": " would"}
# After a comma these begin another thought.
ENDS = {
    "i",
    "we",
    "its",
    "it",
    "he",
    "she",
    "so",
    "because",
    "cos",
    "which",
    "everyone",
}  # after a comma: another thought
JOINTS = {"and", "but", ",", "so", "then", "--", "-", "n"}
BEGINNINGS: tuple[tuple[str, ...], ...] = tuple(
    tuple(phrase.split()) for phrase in vocabulary.section("phrases", "promises")["beginnings"]
)
DAY_LINKS = {"end", "of", "close", "latest", "by", "on", "before", "until", "till", "for", "the", ",", "from", "and"}


LINKS = {"for", "of", "on", "with", "-", "to", "from"}  # between the words of a thing's name
CONDITIONS = {"if", "when", "once", "inside", "through", "below", "above", "under", "over", "better", "past"}
HANDED_OVER = {"get", "have", "receive", "owe"}  # by whom it is owed: "you'll get it", "I owe you the form"
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


def task(promise: Promise, frames: list[Frame], turns: tuple[Turn, ...], lines: Mapping[str, str]) -> str:
    """The wording, with the sentence that says what "it" is. `lines`: what the numbers of a typed list stand for."""
    first, last = promise.words
    frame = frames[promise.turn]
    if promise.kind == "meet":
        return f"Meet the client (“{turns[promise.turn].text[frame.words[first].start :].strip(' .?!,;-')[:120]}”)"
    what = _thing(promise, frame) or wording(promise, frame, turns[promise.turn].who, lines)
    if promise.kind == "send" and promise.thing is None and frame.words[first].pos in ("PRON", "SCONJ", "CCONJ", "ADP"):
        what = "Send it"  # "it'll be in your inbox"
    listed = any(word.low in lines for word in frame.words[first:last])
    alert = promise.kind == "call" and promise.conditional
    if not listed and promise.vague or alert or _points_back(promise, frame, first, last):
        about = _antecedent(promise, frames, turns)
        return f"{what} (“{about}”)" if about else what
    return what


def _thing(promise: Promise, frame: Frame) -> str:
    """ "Send the contract note for the gilts", of "contract note for the gilts goes out to you today"."""
    if promise.thing is None:
        return ""
    first = last = promise.thing
    while first - 1 >= promise.words[0] and frame.words[first - 1].pos in (*NOMINAL, "DET", "NUM"):
        first -= 1
    while last < promise.words[1] and (frame.words[last].pos in (*NOMINAL, "DET", "NUM") or frame.lows[last] in LINKS):
        last += 1
    while last > promise.thing + 1 and frame.words[last - 1].pos not in NOMINAL:
        last -= 1
    dated = {k for day in frame.days for k in range(day.first, day.last)}
    words = [w for k, w in enumerate(frame.words[first:last], first) if k not in dated]
    if not words:
        return ""
    gaps = ["" if a.end == b.start else " " for a, b in pairwise(words)]
    name = "".join(w.text + gap for w, gap in zip(words, [*gaps, ""], strict=True))
    return "Send " + (name[:1].lower() + name[1:] if words and words[0].pos in ("DET", "ADJ") else name)


def _points_back(promise: Promise, frame: Frame, first: int, last: int) -> bool:
    """True when a word of the task stands for something said before ("it", "the ones"; not "this afternoon")."""
    dated = _dated(promise, frame, first, last)
    for k in range(first, last):
        follows = frame.words[k + 1].pos if k + 1 < last else ""
        determiner = k + 2 < last and frame.words[k].low in ("that", "this", "her") and follows in NOMINAL
        if frame.words[k].low in _PRONOUNS and k not in dated and not determiner:
            return True
    return False


NOMINAL = ("NOUN", "PROPN", "ADJ")
_PRONOUNS = {"it", "that", "him", "her", "them", "this", "ones"}


def _antecedent(promise: Promise, frames: list[Frame], turns: tuple[Turn, ...]) -> str:
    """The sentence that says what "it" is: the nearest earlier one that names two things, else what was asked."""
    near = range(promise.turn, max(-1, promise.turn - 4), -1)
    return (
        _condition(promise, frames, turns)
        or _naming(2, near, promise, frames, turns)
        or _naming(1, sorted(promise.evidence), promise, frames, turns)
    )


def _condition(promise: Promise, frames: list[Frame], turns: tuple[Turn, ...]) -> str:
    """On what the other side is to be told: "if they come inside two hundred on the bid then tell me"."""
    for i in sorted(promise.evidence) if promise.kind == "call" and not promise.days else ():
        for start, end in sentences(frames[i]):
            if CONDITIONS & set(frames[i].lows[start:end]) and not (
                i == promise.turn and start <= promise.words[0] < end
            ):
                words = frames[i].words
                return turns[i].text[words[start].start : words[end - 1].end].strip(" .?!,;-")
    return ""


def _fronted(promise: Promise, frame: Frame, text: str) -> str:
    """What is named before its verb: "the split I mail you this evening"."""
    first = promise.words[0]
    start = next((a for a, b in sentences(frame) if a <= first < b), first)
    subject = next((k for k in range(first - 1, start, -1) if frame.lows[k] in ("i", "we", "you", "u")), start)
    words = frame.words[start:subject]
    if any(w.pos in ("VERB", "AUX", "SCONJ") for w in words) or not any(w.pos in NOMINAL[:2] for w in words):
        return ""
    dated = {k for day in frame.days for k in range(day.first, day.last)}
    if dated & set(range(start, subject)):
        return ""
    return text[words[0].start : words[-1].end].strip(" .?!,;-")


def _naming(count: int, where: Iterable[int], promise: Promise, frames: list[Frame], turns: tuple[Turn, ...]) -> str:
    fronted = _fronted(promise, frames[promise.turn], turns[promise.turn].text)
    if fronted:
        return fronted
    for i in where:
        frame = frames[i]
        last = promise.words[0] if i == promise.turn else len(frame.words)
        dated = {k for day in frame.days for k in range(day.first, day.last)}
        for start, end in reversed(sentences(frame)):
            if end > last and i == promise.turn:
                continue
            things_there = i != promise.turn and things(frame, start, end)
            nouns = [k for k in range(start, end) if frame.words[k].pos in NOMINAL[:2] and len(frame.words[k].low) > 2]
            if things_there or len(nouns) >= count and len(set(nouns) - dated) >= count - 1:
                until = frame.words[min(end, start + 24) - 1].end
                return turns[i].text[frame.words[start].start : until].strip(" .?!,;-")
    return ""


def wording(promise: Promise, frame: Frame, speaker: Who, lines: Mapping[str, str]) -> str:
    """The promise as a task: "Send a corrected confirmation to the client". The day stands in its own field."""
    first, last = promise.words
    last = _one_thought(frame, first, last)
    other = "the client" if promise.owner == "trader" else "the desk"
    if speaker == promise.owner:
        swap = {"you": other, "u": other, "your": "their", "ur": "their"}
    else:
        swap = {"me": other, "us": other, "my": "their", "our": "their"}
    dated = _dated(promise, frame, first, last)
    result = ""
    for k in range(first, last):
        word = frame.words[k]
        before = frame.words[k - 1] if k > first else None
        filler = word.low in FILLERS and (before is None or before.low not in ("a", "or"))
        if k in dated or filler or word.low in STOPS or (word.low == "," and result.endswith(",")):
            continue
        text = base(word) if k == first and word.low.endswith("ing") else swap.get(word.low, word.text)
        text = "Send" if k == first and promise.kind == "send" and word.lemma in HANDED_OVER else text
        text = SHORTHAND.get(word.low, text)
        if before is not None and before.low in ("for", "on", "of", "in", "line", "number") and word.low in lines:
            text = lines[word.low]
        if word.low in CLITICS and before is not None and before.low in swap:
            text = CLITICS[word.low]
        elif result and (before is None or word.start != before.end or k - 1 in dated) and word.low != ",":
            text = f" {text}"
        if text.strip().lower() != result.rsplit(" ", 1)[-1].lower():  # "the the"
            result += text
    sentence = re.sub(r",? (?:by|on|for),? not\b.*$", "", result.strip(" ,-"))
    sentence = re.sub(r"\.{2,}", ",", sentence)  # "to my alias.. no, my work mail"
    sentence = re.sub(r" from (?:me|us)\b", "", sentence)
    sentence = re.sub(r"(?:,| and| or| by| on| before)+$", "", sentence)
    return sentence[:1].upper() + sentence[1:180]


def _one_thought(frame: Frame, first: int, last: int) -> int:
    """Where the task ends: a comma and a new subject begin another thought ("..., the chairman always asks")."""
    lows = [word.low for word in frame.words[:last]]
    for k in range(first + 2, last - 1):
        if lows[k] == "," and (lows[k + 1] in ENDS or lows[k + 1] == "the" and _clause(frame, k + 1, last)):
            return k
    return last


def _clause(frame: Frame, first: int, last: int) -> bool:
    """A subject followed at once by its verb."""
    return any(frame.words[k].pos in ("VERB", "AUX") for k in range(first + 2, min(last, first + 4)))


def _dated(promise: Promise, frame: Frame, first: int, last: int) -> set[int]:
    """The tokens that name the day it is due, with the words that lead to it."""
    skip: set[int] = set()
    if not promise.days or promise.conditional:
        return skip
    for day in frame.days:
        if not first < day.first < last or frame.words[day.first].low == "close":
            continue
        at = day.first
        while at - 1 > first and frame.words[at - 1].low in DAY_LINKS:
            at -= 1
        skip.update(range(at, day.last))
        if day.last < last and frame.words[day.last].low in PARTS | {"lunch", "am", "pm"}:
            skip.add(day.last)
    return skip
