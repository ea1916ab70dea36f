"""What "it" is: the thing that was named before, else the sentence that names it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from nlp.language import vocabulary
from nlp.language.frames import Frame
from nlp.language.model import Turn
from nlp.language.phrases import Phrases
from nlp.language.tasks import Promise, sentences
from nlp.language.things import things

NOMINAL = ("NOUN", "PROPN", "ADJ")
LINKS = {"for", "of", "on", "with", "-", "to", "from"}  # between the words of a thing's name
FURTHER = LINKS - {"to", "-"} | {"w", "behind", "about", "and", "+", "n", "&"}
INNER = {"-", "/", "+", "+/-", "all"}
CONDITIONS = {"if", "when", "once", "inside", "through", "below", "above", "under", "over", "better", "past"}
ASKING = Phrases((phrase, None) for phrase in vocabulary.section("owed", "asking"))
DETERMINERS = set("a an any some your ur our my their his her its that this those these another the".split())
RENEWED: frozenset[str] = frozenset(vocabulary.section("owed", "renewed"))
POLITE = {"pls", "plz", "please", "thx", "ta"}
BACK = 4  # turns
FAR = 12  # turns
LONGEST = 24  # tokens of a sentence that is quoted


@dataclass(frozen=True)
class Antecedent:
    """The sentence that says what is meant, and the thing it names, "" where none is sure."""

    said: str
    thing: str = ""


def antecedent(promise: Promise, frames: list[Frame], turns: tuple[Turn, ...], *, alert: bool) -> Antecedent | None:
    """The condition of an alert; what is named before its verb; the nearest sentence before that names two things,
    else what was asked."""
    told = _condition(promise, frames, turns) if alert or promise.kind == "call" else ""
    told = told or _fronted(promise, frames[promise.turn], turns[promise.turn].text)
    told = told or (_instrument(promise, frames, turns) if alert else "")
    if told:
        return Antecedent(told)
    if alert and CONDITIONS & set(frames[promise.turn].lows[slice(*promise.words)]):
        return None
    near = range(promise.turn, max(-1, promise.turn - BACK), -1)
    return _naming(2, near, promise, frames, turns) or _naming(1, sorted(promise.evidence), promise, frames, turns)


def fuller(promise: Promise, frames: list[Frame], turns: tuple[Turn, ...]) -> tuple[str, str] | None:
    """(as promised, as first named) of a thing that is renewed: "a fresh list", of "the authorised dealer list"."""
    frame = frames[promise.turn]
    for k in range(promise.words[0] + 1, promise.words[1]):
        if frame.lows[k - 1] not in RENEWED or frame.words[k].pos not in NOMINAL[:2]:
            continue
        for i in range(promise.turn, max(-1, promise.turn - FAR), -1):
            name = _compound(frames[i], frame.words[k].lemma, turns[i].text)
            if name:
                return frame.words[k].text, name
    return None


def _compound(frame: Frame, lemma: str, text: str) -> str:
    """The noun with the nouns and adjectives before it, "" where it stands alone."""
    dated = {n for day in frame.days for n in range(day.first, day.last)}
    for k, word in enumerate(frame.words):
        start = k
        while start and start not in dated and frame.words[start - 1].pos in NOMINAL and _shapes(frame, start - 1):
            start -= 1
        if word.lemma == lemma and k - start in (1, 2, 3):
            return text[frame.words[start].start : word.end]
    return ""


def _shapes(frame: Frame, k: int) -> bool:
    return frame.lows[k].isalpha() and frame.lows[k] not in RENEWED


def _condition(promise: Promise, frames: list[Frame], turns: tuple[Turn, ...]) -> str:
    """On what the other side is to be told: "if they come inside two hundred on the bid then tell me"."""
    for i in sorted(promise.evidence) if promise.kind == "call" and not promise.days else ():
        for start, end in sentences(frames[i]):
            own = i == promise.turn and start <= promise.words[0] < end
            stop = promise.words[0] if own else end  # what stands after it is told in its wording
            if CONDITIONS & set(frames[i].lows[start:stop]):
                words = frames[i].words
                return turns[i].text[words[start].start : words[stop - 1].end].strip(" .?!,;-")
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


def _instrument(promise: Promise, frames: list[Frame], turns: tuple[Turn, ...]) -> str:
    """What an alert is about, where its words say only "they": the instrument named last."""
    for i in range(promise.turn, max(-1, promise.turn - FAR), -1):
        said = [m for m in frames[i].mentions if i != promise.turn or m.last <= promise.words[0]]
        found = [m for m in said if not m.weak] or said
        if found:
            words = frames[i].words
            return turns[i].text[words[found[-1].first].start : words[found[-1].last - 1].end]
    return ""


def _naming(
    count: int, where: Iterable[int], promise: Promise, frames: list[Frame], turns: tuple[Turn, ...]
) -> Antecedent | None:
    for i in where:
        frame = frames[i]
        last = promise.words[0] if i == promise.turn else len(frame.words)
        dated = {k for day in frame.days for k in range(day.first, day.last)}
        for start, end in reversed(sentences(frame)):
            if end > last and i == promise.turn:
                continue
            name = named(promise, frame, start, end, turns[i].text)
            things_there = i != promise.turn and things(frame, start, end)
            nouns = [k for k in range(start, end) if frame.words[k].pos in NOMINAL[:2] and len(frame.words[k].low) > 2]
            back = bool({"it", "them"} & set(frame.lows[start:end])) and i == promise.turn  # points back itself
            enough = not back and len(nouns) >= count and len(set(nouns) - dated) >= count - 1
            if name or things_there or enough and not _priced(frame, start, end):
                until = frame.words[min(end, start + LONGEST) - 1].end
                return Antecedent(turns[i].text[frame.words[start].start : until].strip(" .?!,;-"), name)
    return None


def _priced(frame: Frame, first: int, last: int) -> bool:
    """A price is shown, and nothing asked for but that."""
    return any(first <= price.first < last and (price.pointed or len(price.chunks) > 1) for price in frame.prices)


def named(promise: Promise, frame: Frame, first: int, last: int, text: str) -> str:
    """The thing that a sentence names for the promise, with its article: one that the side hands over by its nature,
    or whatever is asked for in so many words ("they'll want the signed agreement")."""
    if promise.kind != "send":
        return ""
    found = [
        (thing.at, thing.at + len(thing.name.split()))
        for thing in things(frame, first, last)
        if thing.owner in (None, promise.owner) and not _place(frame, thing.at)
    ]
    asked = [cue.last for cue in ASKING.found(frame.lows, first, last)]
    heads = [at for cue in asked if (at := _head(frame, cue, last)) is not None] or _only(frame, first, last)
    spans = found or [(at, at + 1) for at in heads]
    return _phrase(frame, *spans[-1], first, last, text) if spans else ""


def _place(frame: Frame, at: int) -> bool:
    """ "The one in the file": where something stands."""
    before = frame.lows[max(0, at - 2) : at]
    return bool({"in", "on"} & set(before[-1:] if before[-1:] and before[-1] not in DETERMINERS else before[:1]))


def _only(frame: Frame, first: int, last: int) -> list[int]:
    """The noun of a sentence that is nothing but a name ("The parent guarantee."), or a name with "that you owe us"."""
    at = first + (frame.lows[first] in ("and", "so", "oh"))
    if frame.lows[at : at + 1] not in (("the",), ("our",), ("your",), ("ur",), ("my",)):
        return []
    head = _head(frame, at, last)
    after = frame.lows[head + 1 : head + 2] if head is not None else ()
    bare = not any(word.pos in ("VERB", "AUX") for word in frame.words[at:last])
    return [head] if head is not None and (bare or after in (("u",), ("you",), ("i",), ("we",))) else []


def _head(frame: Frame, at: int, last: int) -> int | None:
    """The noun that a phrase beginning at a token is about."""
    k = at
    while k < last and (frame.lows[k] in DETERMINERS or frame.words[k].pos in ("ADJ", "NUM") or _shaped(frame, k)):
        k += 1
    if k >= last or frame.words[k].pos not in NOMINAL[:2]:
        return None
    while k + 1 < last and frame.words[k + 1].pos in NOMINAL[:2]:
        k += 1
    return k if not any(day.first <= k < day.last for day in frame.days) else None


def _shaped(frame: Frame, k: int) -> bool:
    """ "The signed agreement"."""
    return frame.words[k].pos == "VERB" and frame.lows[k].endswith("ed")


def _phrase(frame: Frame, at: int, end: int, first: int, last: int, text: str) -> str:
    """The whole of a name around its noun, as "the ..."."""
    words = frame.words
    dated = {k for day in frame.days for k in range(day.first, day.last)}
    start = at
    while start - 1 >= first and _before(frame, start - 1) and start - 1 not in dated:
        start -= 1
        if frame.lows[start] in DETERMINERS:
            break
    while end < last and words[end].pos in NOMINAL[:2] and end not in dated and frame.lows[end] not in POLITE:
        end += 1
    while end + 1 < last and frame.lows[end] in FURTHER and not dated & {end, end + 1}:
        stop = end + 1
        while stop < last and stop not in dated and (_before(frame, stop) or frame.lows[stop] in INNER):
            stop += 1
        if words[stop - 1].pos not in (*NOMINAL[:2], "NUM"):
            break
        end = stop
    while start < at and (frame.lows[start] in DETERMINERS or frame.lows[start] == "one"):
        start += 1
    name = text[words[start].start : words[end - 1].end]
    owned = any(frame.lows[k] == "'s" for k in range(start, at))
    return name if owned and words[start].pos == "PROPN" else f"the {name}"


def _before(frame: Frame, k: int) -> bool:
    word = frame.words[k]
    owns = word.low == "'s" and k > 0 and frame.words[k - 1].pos in NOMINAL[:2]
    return word.pos in (*NOMINAL, "NUM") or word.low in DETERMINERS or _shaped(frame, k) or owns
