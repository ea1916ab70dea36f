"""When each word of a line sounded, and which one sounds now. Pure.

The records have the times of the words as they were heard; where they have none, a line's time is shared among its
words by their length, which is right to half a second or so.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from plugins.transcript.script import Line

_WORD = re.compile(r"\S+")
_STOPS = ' .,?!;:“”"()…'


class Sounding(NamedTuple):
    """A word: its characters in the line's text, and its seconds in the call."""

    first: int
    last: int
    start: float
    end: float


def words_of(line: Line) -> tuple[Sounding, ...]:
    """The words of a line in order."""
    found = [match.span() for match in _WORD.finditer(line.text)]
    if len(line.times) == len(found):
        return tuple(
            Sounding(first, last, start, end) for (first, last), (start, end) in zip(found, line.times, strict=True)
        )
    whole = sum(last - first + 1 for first, last in found)
    share = max(0.0, line.end - line.start) / whole if whole else 0.0
    made, at = [], line.start
    for first, last in found:
        until = at + (last - first + 1) * share
        made.append(Sounding(first, last, at, until))
        at = until
    return tuple(made)


def sounding(lines: Sequence[Line], seconds: float) -> tuple[tuple[int, Sounding], ...]:
    """The words that sound at a moment: (index of the line, word). Both sides may speak at once."""
    last = bisect_right(lines, seconds, key=lambda line: line.start)
    found = []
    for at in range(max(0, last - 6), last):
        if lines[at].end >= seconds:
            word = next((word for word in words_of(lines[at]) if word.start <= seconds < word.end), None)
            if word is not None:
                found.append((at, word))
    return tuple(found)


def moment_of(line: Line, character: int) -> float:
    """When the word at a character of the line, or the one after it, began to sound."""
    words = words_of(line)
    return next((word.start for word in words if character < word.last), line.start)


def next_line(lines: Sequence[Line], seconds: float, by: int) -> float | None:
    """The beginning of the line after (``by`` 1) or before (-1) a moment; None if there is none."""
    starts = sorted({line.start for line in lines})
    if by > 0:
        return next((start for start in starts if start > seconds + 0.05), None)
    # Within a line's first second one goes on to the line before it, as music players do.
    return next((start for start in reversed(starts) if start < seconds - 1.0), starts[0] if starts else None)


def word_bounds(text: str, first: int, last: int) -> tuple[int, int]:
    """The whole words that characters ``first`` to ``last`` touch, without the stops around them."""
    while first > 0 and not text[first - 1].isspace():
        first -= 1
    while last < len(text) and not text[last].isspace():
        last += 1
    words = text[first:last]
    first += len(words) - len(words.lstrip(_STOPS))
    return first, max(first, last - (len(words) - len(words.rstrip(_STOPS))))
