"""Phrases that stand for something, found in a turn: the longest at each place."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Meaning = TypeVar("Meaning")


@dataclass(frozen=True)
class Found(Generic[Meaning]):
    """A phrase between two tokens, the last one excluded."""

    first: int
    last: int
    meaning: Meaning


class Phrases(Generic[Meaning]):
    """Phrases, tokens joined by spaces, with what each stands for; of two alike the later counts."""

    def __init__(self, meanings: Iterable[tuple[str, Meaning]]) -> None:
        known = {tuple(phrase.split()): meaning for phrase, meaning in meanings}
        self._by_first: defaultdict[str, list[tuple[tuple[str, ...], Meaning]]] = defaultdict(list)
        for words in sorted(known, key=len, reverse=True):
            self._by_first[words[0]].append((words, known[words]))

    def found(self, lows: Sequence[str], first: int = 0, last: int | None = None) -> Iterator[Found[Meaning]]:
        """The phrases from token `first` to before `last`, none over another."""
        k, end = first, len(lows) if last is None else last
        while k < end:
            here = next(
                (
                    Found(k, k + len(words), meaning)
                    for words, meaning in self._by_first.get(lows[k], ())
                    if k + len(words) <= end and tuple(lows[k : k + len(words)]) == words
                ),
                None,
            )
            if here is not None:
                yield here
            k = here.last if here is not None else k + 1
