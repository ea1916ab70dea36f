"""A promise, and how it is worded as a task."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from nlp.language.frames import Frame
from nlp.language.model import Turn, Who

FILLERS = {"um", "uh", "er", "you know", "just", "also", "please", "pls", "yes", "yeah", "ok"}


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
    days: list[date] = field(default_factory=list)


def sentences(frame: Frame) -> list[tuple[int, int]]:
    result, start = [], 0
    for k, word in enumerate(frame.words):
        if word.low in STOPS:
            result.append((start, k + 1))
            start = k + 1
    return [*result, (start, len(frame.words))] if start < len(frame.words) else result


def task(promise: Promise, frames: list[Frame], turns: tuple[Turn, ...]) -> str:
    """The wording, with the sentence that says what "it" is."""
    first, last = promise.words
    frame = frames[promise.turn]
    what = wording(promise, frame, turns[promise.turn].who)
    if promise.vague or _PRONOUNS & {word.low for word in frame.words[first:last]}:
        about = _antecedent(promise, frames, turns)
        return f"{what} (re: {about})" if about else what
    return what


_PRONOUNS = {"it", "that", "him", "her", "them", "this", "ones"}


def _antecedent(promise: Promise, frames: list[Frame], turns: tuple[Turn, ...]) -> str:
    """The sentence that says what "it" is: the nearest earlier one that names at least two things."""
    for i in range(promise.turn, max(-1, promise.turn - 4), -1):
        frame = frames[i]
        last = promise.words[0] if i == promise.turn else len(frame.words)
        for start, end in reversed(sentences(frame)):
            if end > last and i == promise.turn:
                continue
            nouns = [w for w in frame.words[start:end] if w.pos in ("NOUN", "PROPN") and len(w.low) > 2]
            if len(nouns) >= 2:
                return (
                    turns[i].text[frame.words[start].start : frame.words[min(end, start + 24) - 1].end].strip(" .?!,;-")
                )
    return ""


def wording(promise: Promise, frame: Frame, speaker: Who) -> str:
    """The promise as a task: "Send a corrected confirmation to the client today"."""
    first, last = promise.words
    other = "the client" if promise.owner == "trader" else "the desk"
    if speaker == promise.owner:
        swap = {"you": other, "u": other, "your": "their", "ur": "their"}
    else:
        swap = {"me": other, "us": other, "my": "their", "our": "their"}
    result: list[str] = []
    for k in range(first, last):
        word = frame.words[k]
        if word.low in FILLERS or word.low in STOPS or (word.low == "," and result and result[-1] == ","):
            continue
        text = word.lemma if k == first and word.low.endswith("ing") else swap.get(word.low, word.text)
        glue = not result or word.start == frame.words[k - 1].end
        result.append(text if glue else f" {text}")
    sentence = "".join(result).strip(" ,-")
    return sentence[:1].upper() + sentence[1:180]
