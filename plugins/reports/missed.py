"""Calls that rang and were never answered: pure functions from the turret's lines."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping

from plugins.reports.evidence import Json
from plugins.reports.intake import Announcement, moment

Rings = Mapping[str, Announcement]
"""The incoming calls that ring now, by line."""


def follow(before: Rings, lines: Iterable[Json], now: dt.datetime) -> tuple[Rings, tuple[Announcement, ...]]:
    """The calls that ring after a ``deskline.turret.lines``, and those that stopped ringing without an answer.

    A line that was answered is connected, or on hold when two messages came as one. Another call on the same line
    began at another time: then the one before was missed.
    """
    states = {str(line.get("line")): line for line in lines if isinstance(line, Mapping)}
    ringing = {
        name: Announcement(
            kind="call",
            direction="inbound",
            started=before[name].started if _same(before.get(name), line) else moment(line.get("since"), now),
            line=name,
            number=line.get("number") or None,
        )
        for name, line in states.items()
        if line.get("state") == "ringing" and line.get("direction") != "outbound"
    }
    missed = tuple(
        ring
        for name, ring in before.items()
        if ringing.get(name) != ring and states.get(name, {}).get("state") not in ("connected", "held")
    )
    return ringing, missed


def _same(ring: Announcement | None, line: Mapping[str, Json]) -> bool:
    """Whether a line still rings with the same call; without a time of its own it does."""
    if ring is None:
        return False
    return (line.get("number") or None) == ring.number and moment(line.get("since"), ring.started) == ring.started
