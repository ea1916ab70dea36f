"""Which scope a record is in: the unit in which desks may hold records. Pure.

A scope is ``*`` (every desk of the firm), ``desk:<name>`` or ``book:<name>``. A customer names a book or a desk, or is
for everybody; what hangs on a customer, contact, interaction or credit line shares its scope.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

from app.sync.merge import State
from app.sync.policies import CONFLICT, EVERYBODY, PARENTS, RESCOPING, SHARED_TABLES

Key = tuple[str, str]
_DEEPEST = 6


def desk_scope(name: str) -> str:
    return f"desk:{name}"


def book_scope(name: str) -> str:
    return f"book:{name}"


def parents(table: str, values: Mapping[str, Any]) -> list[Key]:
    """The records that one with these values may hang on, the nearest first."""
    if table == CONFLICT:
        return [(str(values["table_name"]), str(values["record_id"]))] if "record_id" in values else []
    return [(parent, values[name]) for name, parent in PARENTS if isinstance(values.get(name), str)]


def may_move(table: str, values: Mapping[str, Any]) -> bool:
    """Whether setting these fields of a record can bring it, and all that hangs on it, into another scope."""
    return bool(RESCOPING.get(table, frozenset()) & values.keys()) or bool(parents(table, values))


def place(key: Key, state: State, look_up: Callable[[Key], State | None], default: str) -> tuple[str, Key | None]:
    """The scope of a record and the record it hangs on. ``default`` takes what hangs on nothing."""
    first: Key | None = None
    for _ in range(_DEEPEST):
        if key[0] in SHARED_TABLES:
            return EVERYBODY, first
        if key[0] in RESCOPING:
            return _named(state), first
        above = [(parent, found) for parent in parents(key[0], state.fields) if (found := look_up(parent)) is not None]
        if not above:
            break
        # A parent of the same transaction may not have its own scope yet: it is found the same way.
        key, state = above[0]
        first = first or key
    return state.scope or default, first


def _named(state: State) -> str:
    if state.fields.get("book"):
        return book_scope(str(state.fields["book"]))
    return desk_scope(str(state.fields["desk"])) if state.fields.get("desk") else EVERYBODY


def iso_time(milliseconds: int) -> str:
    """As times stand in the log: UTC, fixed width."""
    return dt.datetime.fromtimestamp(milliseconds / 1000, dt.UTC).isoformat(timespec="microseconds")
