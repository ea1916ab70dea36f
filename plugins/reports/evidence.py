"""The words that a field rests on: who said them, when, and which of them count. Pure.

Facts name turns of one pass over the talk. A later pass cuts the turns anew, so what is kept with a field is the words
themselves with their times, not the turns' numbers alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import msgspec

Json: TypeAlias = Any
BREAK = 8.0
"""Seconds between turns that are still heard as one stretch."""
LISTS = ("deals", "unclear", "quotes_not_dealt", "orders_left", "follow_ups", "consents", "matters")


class Said(msgspec.Struct, frozen=True):
    """One turn, or a part of it. Seconds count from the beginning; ``marks`` are the characters that matter most."""

    turn: int
    who: str
    start: float
    end: float
    text: str
    marks: tuple[tuple[int, int], ...] = ()


def with_words(facts: Mapping[str, Json]) -> Mapping[str, Json]:
    """The facts with ``said`` in every entry of their lists; facts without a transcript stay as they are."""
    if not facts.get("transcript"):
        return facts
    return {
        **facts,
        **{name: [_worded(facts, entry) for entry in facts.get(name) or ()] for name in LISTS if facts.get(name)},
    }


def words(facts: Mapping[str, Json], spans: Mapping[int, Sequence[tuple[int, int]]]) -> tuple[Said, ...]:
    """The turns named, in order; each with the characters marked in it. A turn that is not there is left out."""
    transcript = facts.get("transcript") or ()
    found = []
    for turn in sorted(spans):
        if 0 <= turn < len(transcript):
            said = transcript[turn]
            text = str(said.get("text") or "")
            marks = tuple(sorted({mark for mark in spans[turn] if 0 <= mark[0] < mark[1] <= len(text)}))
            start = float(said.get("start") or 0.0)
            end = float(said.get("end") or start)
            found.append(Said(turn, str(said.get("who") or ""), start, end, text, marks))
    return tuple(found)


def together(parts: Iterable[Sequence[Said]]) -> tuple[Said, ...]:
    """Several fields' words as one talk: each turn once, in the order of the talk, with the marks of all."""
    turns: dict[tuple[float, str, str], Said] = {}
    for part in parts:
        for said in part:
            key = (said.start, said.who, said.text)
            known = turns.get(key)
            marks = tuple(sorted({*(known.marks if known else ()), *said.marks}))
            turns[key] = msgspec.structs.replace(said, marks=marks)
    return tuple(sorted(turns.values(), key=lambda said: (said.start, said.turn)))


def stretch(said: Sequence[Said]) -> tuple[float, float]:
    """Seconds from and to which the words are worth hearing again: of those that count most, or else of all, the last
    ones that follow each other closely."""
    turns = [turn for turn in said if turn.marks] or list(said)
    first = last = turns[-1]
    for turn in reversed(turns):
        if first.start - turn.end > BREAK:
            break
        first = turn
    return first.start, last.end


def clock(seconds: float) -> str:
    """Minutes and seconds from the beginning of the talk."""
    minutes, rest = divmod(max(0, int(seconds)), 60)
    return f"{minutes:02}:{rest:02}"


def _worded(facts: Mapping[str, Json], entry: Json) -> Json:
    if not isinstance(entry, Mapping):
        return entry
    spans: dict[int, list[tuple[int, int]]] = {int(turn): [] for turn in entry.get("evidence") or ()}
    for span in entry.get("spans") or ():
        spans.setdefault(int(span["turn"]), []).append((int(span["start"]), int(span["end"])))
    return {**entry, "said": msgspec.to_builtins(words(facts, spans))}
