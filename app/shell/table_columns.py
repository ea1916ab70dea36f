"""The columns of a record table: what they show, how they are ordered, and how they share the room. No Qt."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Row = Any
"""A record of any kind: the table only hands it to the columns' functions."""
LEAST_STRETCH = 84
LEAST_SCALE = 0.72


@dataclass(frozen=True, slots=True)
class Column:
    """One column. ``color``, ``fill`` give token names; ``icon`` an icon name; ``pill`` a pill kind ("up", "warn").

    A width of 0 stretches. Short of room, text columns shrink, none below its ``least``, then columns with a ``drop``
    number go, 1 first; numbers are never cut. ``sort`` gives the key to order by; without it numbers in the text count
    as numbers.
    """

    title: str
    text: Callable[[Row], str]
    width: int = 80
    align: Literal["left", "right", "center"] = "left"
    color: Callable[[Row], str | None] | None = None
    fill: Callable[[Row], str | None] | None = None
    strong: bool = False
    sort: Callable[[Row], Any] | None = None
    icon: Callable[[Row], str | None] | None = None
    pill: Callable[[Row], str | None] | None = None
    tip: Callable[[Row], str] | None = None
    drop: int = 0
    least: int = 0


def fitting(columns: Sequence[Column], room: int) -> list[int | None]:
    """The width of each column in this much room, None for one that is left out."""
    stretched = {number for number, column in enumerate(columns) if column.width == 0} or {0}
    kept = set(range(len(columns)))
    going = sorted((number for number in kept if columns[number].drop), key=lambda number: columns[number].drop)
    shrink = [number for number in kept if columns[number].align == "left" and number not in stretched]

    def width_at(number: int, scale: float) -> int:
        column = columns[number]
        return max(int(column.width * scale), column.least) if number in shrink else column.width

    def least(number: int) -> int:
        return columns[number].least or LEAST_STRETCH

    def needed(scale: float) -> int:
        return sum(least(number) if number in stretched else width_at(number, scale) for number in kept)

    while going and needed(LEAST_SCALE) > room:
        kept.discard(going.pop(0))
    scale = 1.0 if needed(1.0) <= room else LEAST_SCALE
    left = room - needed(scale)
    extra = max(0, left) // max(1, len(stretched & kept))
    widths: list[int | None] = []
    for number in range(len(columns)):
        if number not in kept:
            widths.append(None)
        elif number in stretched:
            widths.append(least(number) + extra)
        else:
            widths.append(width_at(number, scale))
    return widths


_NUMBER = re.compile(r"^[^\d+\-−.]*([+\-−]?[\d,]*\.?\d+)")


def natural_key(text: str) -> tuple[int, float, str]:
    """Orders text with a leading number by the number ("+1,024.5" < "€2,000"), the rest by letters, blanks last."""
    stripped = text.strip()
    if not stripped:
        return (2, 0.0, "")
    found = _NUMBER.match(stripped)
    if found and len(found.group(0)) - len(found.group(1)) <= 2:
        return (0, float(found.group(1).replace(",", "").replace("−", "-")), stripped.casefold())
    return (1, 0.0, stripped.casefold())
