"""From words with times to turns: split where the speaker pauses or the other one speaks, both sides interleaved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from nlp.language.model import Turn, Who
from nlp.speech.words import Word, written

PAUSE = 0.9
"""Seconds of silence after which the same speaker's words are a new turn, whoever speaks meanwhile."""
BREATH = 0.25
"""A shorter gap splits a turn only if the other side spoke in it."""


def interleave(sides: Mapping[Who, Sequence[Word]]) -> list[Turn]:
    """The turns of a call in the order in which they began."""
    turns: list[Turn] = []
    for who, words in sides.items():
        others = [word for other, said in sides.items() if other != who for word in said]
        for group in _groups(sorted(words, key=lambda word: word.start), others):
            start = max(group[0].start, group[0].end - _longest(group[0]))
            end = max(start, min(group[-1].end, group[-1].start + _longest(group[-1])))
            group[0] = replace(group[0], start=start)
            group[-1] = replace(group[-1], end=max(end, group[-1].start))
            text, times = written(group)
            if any(character.isalnum() for character in text):
                turns.append(Turn(who, round(start, 2), round(end, 2), text, times))
    return merged(sorted(turns, key=lambda turn: (turn.start, turn.end)))


def _longest(word: Word) -> float:
    """Whisper counts the silence around a stretch to its first and last word; this is how long a word may take."""
    return 0.3 + 0.08 * len(word.text.strip())


def _groups(words: Sequence[Word], others: Sequence[Word]) -> Iterable[list[Word]]:
    group: list[Word] = []
    for word in words:
        if group:
            gap = word.start - group[-1].end
            if gap >= PAUSE or (gap >= BREATH and _spoken(others, group[-1].end, word.start)):
                yield group
                group = []
        group.append(word)
    if group:
        yield group


def _spoken(words: Sequence[Word], start: float, end: float) -> bool:
    return any(start <= (word.start + word.end) / 2 <= end for word in words)


def merged(turns: Sequence[Turn], pause: float = 2.5) -> list[Turn]:
    """Joins neighbours of the same speaker with less than ``pause`` seconds between them."""
    result: list[Turn] = []
    for turn in turns:
        last = result[-1] if result else None
        if last is not None and last.who == turn.who and turn.start - last.end < pause:
            text = f"{last.text} {turn.text}"
            words = last.words + turn.words if last.words and turn.words else ()
            result[-1] = Turn(turn.who, last.start, max(last.end, turn.end), text, words, last.guessed or turn.guessed)
        else:
            result.append(turn)
    return result


def talk_share(turns: Iterable[Turn]) -> float | None:
    """The trader's share of the spoken time, 0 to 1; None if nobody spoke."""
    spoken = {"trader": 0.0, "client": 0.0}
    for turn in turns:
        spoken[turn.who] += max(0.0, turn.end - turn.start)
    total = spoken["trader"] + spoken["client"]
    return round(spoken["trader"] / total, 3) if total else None
