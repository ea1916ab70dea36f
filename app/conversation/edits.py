"""What a trader puts right in a transcript, and how it stands whatever is heard later. Pure.

An edit names who spoke, about when, what was heard and what is meant; so it can be made again on another pass over the
same sound, which cuts the turns anew and may hear something else there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher

from app.conversation.state import Segment
from nlp.language.model import Timed

_EDGE = 0.75
"""Seconds by which another pass may see the edge of a turn elsewhere."""
_WORD = re.compile(r"\S+")


@dataclass(frozen=True, slots=True)
class Edit:
    """``at``: the second at which the first word was said; ``id`` is that of its record."""

    id: str
    who: str
    at: float
    heard: str
    means: str


def spans(text: str, words: Sequence[Timed], start: float, end: float) -> list[tuple[int, int, float]]:
    """Each word of a text: first and last character and when it began; by its share of the time if that is unknown."""
    found = [match.span() for match in _WORD.finditer(text)]
    if len(words) == len(found):
        return [(first, last, word.start) for (first, last), word in zip(found, words, strict=True)]
    long = max(1, len(text))
    return [(first, last, start + (end - start) * first / long) for first, last in found]


def with_edits(segments: Iterable[Segment], edits: Sequence[Edit]) -> tuple[Segment, ...]:
    """The segments with every edit made in the turn that it belongs to."""
    made = list(segments)
    for edit in edits:
        near = [n for n, one in enumerate(made) if one.who == edit.who and _holds(one, edit.at)]
        if not near:
            continue
        said = [n for n in near if _find(made[n].text, edit.heard) or _find(made[n].text, edit.means)]
        place = min(said or near, key=lambda n: _distance(made[n], edit.at))
        made[place] = _edited(made[place], edit)
    return tuple(made)


def changed(segment: Segment, text: str) -> Segment:
    """The segment with another text; words that stayed keep their times."""
    return replace(segment, text=text, words=realigned(segment.text, segment.words, text))


def realigned(before: str, times: Sequence[Timed], after: str) -> tuple[Timed, ...]:
    """Times for the words of a changed text: changed words share the time of those they stand for. Empty if unknown."""
    old, new = before.split(), after.split()
    if len(times) != len(old) or not old:
        return ()
    made: list[Timed] = []
    for kind, first, last, begin, end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            made += times[first:last]
        elif begin < end:
            edge = made[-1].end if made else times[0].start
            start, until = (times[first].start, times[last - 1].end) if first < last else (edge, edge)
            share = (until - start) / (end - begin)
            sure = min((word.sure for word in times[first:last]), default=1.0)
            made += [
                Timed(round(start + share * at, 3), round(start + share * (at + 1), 3), sure)
                for at in range(end - begin)
            ]
    return tuple(made)


def _edited(segment: Segment, edit: Edit) -> Segment:
    began = [(first, at) for first, _, at in spans(segment.text, segment.words, segment.start, segment.end)]

    def distance(place: tuple[int, int]) -> float:
        at = max((each for each in began if each[0] <= place[0]), default=(0, segment.start))[1]
        return abs(at - edit.at)

    heard, right = _find(segment.text, edit.heard), _find(segment.text, edit.means)
    if right and min(map(distance, right)) <= min(map(distance, heard), default=float("inf")):
        return segment
    first, last = min(heard, key=distance) if heard else _by_time(segment, edit)
    return changed(segment, segment.text[:first] + edit.means + segment.text[last:])


def _by_time(segment: Segment, edit: Edit) -> tuple[int, int]:
    """As many words as were put right, where they were said; a stop at their end stays."""
    words = spans(segment.text, segment.words, segment.start, segment.end)
    if not words:
        return 0, len(segment.text)
    nearest = min(range(len(words)), key=lambda n: abs(words[n][2] - edit.at))
    last = words[min(nearest + len(edit.heard.split()), len(words)) - 1][1]
    stop = len(segment.text[:last]) - len(segment.text[:last].rstrip(".,?!;:"))
    return words[nearest][0], last - stop


def _find(text: str, phrase: str) -> list[tuple[int, int]]:
    pattern = r"(?<!\w)" + r"\s+".join(map(re.escape, phrase.split())) + r"(?!\w)"
    return [match.span() for match in re.finditer(pattern, text, re.IGNORECASE)] if phrase.strip() else []


def _holds(segment: Segment, at: float) -> bool:
    return segment.start - _EDGE <= at <= segment.end + _EDGE


def _distance(segment: Segment, at: float) -> float:
    return max(segment.start - at, at - segment.end, 0.0)
