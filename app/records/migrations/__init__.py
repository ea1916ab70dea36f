"""Schema migrations, in order. A released migration is never edited: a change of the tables is a new one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection

from app.records.migrations import v0001, v0002, v0003, v0004


@dataclass(frozen=True, slots=True)
class Migration:
    """``apply`` is given the connection and the key that authenticates the heads of the log."""

    version: int
    name: str
    apply: Callable[[Connection, bytes], None]


MIGRATIONS: tuple[Migration, ...] = (
    Migration(1, "the first tables", v0001.apply),
    Migration(2, "full-text search", v0002.apply),
    Migration(3, "sync, and a log from which texts can be erased", v0003.apply),
    Migration(4, "times of words, corrections, the lexicon, stretches of recordings", v0004.apply),
)
CURRENT = MIGRATIONS[-1].version
