"""Words as they were heard. Knows no sound, so that whoever only reads turns loads no numbers library."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Word:
    text: str  # with its leading space
    start: float
    end: float


def unrepeated(text: str) -> str:
    """Cuts a phrase of one to eight words said four times or more in a row down to one."""
    words = text.split()
    at = 0
    while at < len(words):
        for size in range(1, 9):
            phrase = [word.lower().strip(".,!?") for word in words[at : at + size]]
            count = 1
            while [w.lower().strip(".,!?") for w in words[at + count * size : at + (count + 1) * size]] == phrase:
                count += 1
            if count >= 4 and len(phrase) == size:
                del words[at + size : at + count * size]
                break
        at += 1
    return " ".join(words)
