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
from app.sync.protocol import Op

Key = tuple[str, str]
_DEEPEST = 6
_HUNG_ON = frozenset(parent for _, parent in PARENTS)
_PARENT_NAMES = frozenset(name for name, _ in PARENTS)
_PLACING = {table: fields | _PARENT_NAMES for table, fields in RESCOPING.items()}


def desk_scope(name: str) -> str:
    return f"desk:{name}"


def book_scope(name: str) -> str:
    return f"book:{name}"


def parents(table: str, values: Mapping[str, Any]) -> list[Key]:
    """The records that one with these values names as what it hangs on; it hangs on the first."""
    if table == CONFLICT:
        return [(str(values["table_name"]), str(values["record_id"]))] if "record_id" in values else []
    return [(parent, values[name]) for name, parent in PARENTS if isinstance(values.get(name), str)]


def may_move(table: str, op: Op, values: Mapping[str, Any]) -> bool:
    """Whether an entry that sets these fields can bring records that are there already into another scope.

    An insertion can: what hangs on the record may have arrived before it.
    """
    if op == "insert":
        return table in _HUNG_ON
    return op == "update" and not _PLACING.get(table, _PARENT_NAMES).isdisjoint(values)


def place(key: Key, state: State, look_up: Callable[[Key], State | None], default: str) -> tuple[str, Key | None]:
    """The scope of a record and the record it hangs on, which may be missing: then it stays where it is.

    ``default`` takes what is new and hangs on nothing that is there.
    """
    above = _above(key[0], state.fields)
    return _scope(key, state, above, look_up, _DEEPEST) or default, above


def _scope(key: Key, state: State, above: Key | None, look_up: Callable[[Key], State | None], deepest: int) -> str:
    if key[0] in SHARED_TABLES:
        return EVERYBODY
    if key[0] in RESCOPING:
        return _named(state)
    found = look_up(above) if above is not None and deepest else None
    # A parent of the same transaction may not have its own scope yet: it is found the same way.
    if above is None or found is None:
        return state.scope
    return _scope(above, found, _above(above[0], found.fields), look_up, deepest - 1)


def _above(table: str, values: Mapping[str, Any]) -> Key | None:
    """The first of its parents."""
    if table == CONFLICT:
        return next(iter(parents(table, values)), None)
    for name, parent in PARENTS:
        if isinstance(value := values.get(name), str):
            return parent, value
    return None


def _named(state: State) -> str:
    if state.fields.get("book"):
        return book_scope(str(state.fields["book"]))
    return desk_scope(str(state.fields["desk"])) if state.fields.get("desk") else EVERYBODY


def iso_time(milliseconds: int) -> str:
    """As times stand in the log: UTC, fixed width."""
    return dt.datetime.fromtimestamp(milliseconds / 1000, dt.UTC).isoformat(timespec="microseconds")
