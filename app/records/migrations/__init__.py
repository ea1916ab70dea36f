"""Schema migrations, in order. A released migration is never edited: a change of the tables is a new one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection

from app.records.migrations import v0001, v0002


@dataclass(frozen=True, slots=True)
class Migration:
    version: int
    name: str
    apply: Callable[[Connection], None]


MIGRATIONS: tuple[Migration, ...] = (
    Migration(1, "the first tables", v0001.apply),
    Migration(2, "full-text search", v0002.apply),
)
CURRENT = MIGRATIONS[-1].version
