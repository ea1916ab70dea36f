"""Words as they were heard. Knows no sound, so that whoever only reads turns loads no numbers library."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nlp.language.model import Timed


@dataclass(frozen=True, slots=True)
class Word:
    """One word, or a part of one: a part has no leading space. ``sure``: the recogniser's probability, 0 to 1."""

    text: str
    start: float
    end: float
    sure: float = 1.0


def written(words: Sequence[Word]) -> tuple[str, tuple[Timed, ...]]:
    """The text of words with loops cut, and the times of each of its words."""
    pieces: list[str] = []
    times: list[Timed] = []
    for word in words:
        text = word.text.strip()
        if not text:
            continue
        if pieces and not word.text[0].isspace():
            pieces[-1] += text
            times[-1] = Timed(times[-1].start, round(word.end, 2), min(times[-1].sure, round(word.sure, 2)))
        else:
            pieces.append(text)
            times.append(Timed(round(word.start, 2), round(word.end, 2), round(word.sure, 2)))
    kept = unlooped(pieces)
    return " ".join(pieces[at] for at in kept), tuple(times[at] for at in kept)


def unlooped(words: Sequence[str]) -> list[int]:
    """Places of the words that stay: a phrase of one to eight words, said four times in a row or more, is said once."""
    plain = [word.lower().strip(".,!?") for word in words]
    places = list(range(len(words)))
    at = 0
    while at < len(places):
        for size in range(1, 9):
            phrase = [plain[k] for k in places[at : at + size]]
            count = 1
            while [plain[k] for k in places[at + count * size : at + (count + 1) * size]] == phrase:
                count += 1
            if count >= 4 and len(phrase) == size:
                del places[at + size : at + count * size]
                break
        at += 1
    return places
