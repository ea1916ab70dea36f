"""What is left of a record that is erased, and what counts as saying something of it again. Pure.

A desk that has not heard of an erasure may still write about the person. What it writes is not kept: the record is
emptied once more, the texts of the entry are not stored, and an entry of cause ``erase`` lets the desk do the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec.structs import replace

from app.records.personal import EMPTIED, OF_CONTACT, OF_INTERACTION
from app.sync.merge import State
from app.sync.policies import EVERYBODY

Key = tuple[str, str]
_OF = (("contact", "contact_id", frozenset(OF_CONTACT)), ("interaction", "interaction_id", frozenset(OF_INTERACTION)))


def unheard_of(key: Key, by: str) -> State:
    """Stands for a record that is erased and not there, or not yet: what comes of it is about somebody erased."""
    return State({"id": key[1]}, {"id": by}, deleted=by, scope=EVERYBODY, erased=True)


def emptied(key: Key, state: State, by: str) -> State:
    """What is left of the record; ``by`` is the stamp of who erases it."""
    empty = EMPTIED.get(key[0])
    if empty is None:  # nobody refers to it: it is deleted
        return replace(state, fields={"id": key[1]}, stamps={"id": by}, deleted=state.deleted or by, erased=True)
    names = empty.keys() & state.fields.keys()
    fields = {**state.fields, **{name: empty[name] for name in names}}
    return replace(state, fields=fields, stamps={**state.stamps, **dict.fromkeys(names, by)}, erased=True)


def emptying(key: Key, state: State) -> dict[str, Any] | None:
    """The fields that an erased record's own entry says it has now; None where it is deleted."""
    if state.deleted is not None or key[0] not in EMPTIED:
        return None
    return {name: value for name, value in EMPTIED[key[0]].items() if name in state.fields}


def is_personal(table: str, field: str) -> bool:
    """Whether an erased record of this table keeps nothing in the field; ``""`` stands for several at once."""
    return table not in EMPTIED or not field or field in EMPTIED[table]


def says_something(table: str, *values: Mapping[str, Any]) -> bool:
    """Whether the texts of an entry, about a record that was erased, hold what was to go."""
    empty = EMPTIED.get(table)
    if empty is None:
        return any(values)
    return any(name in each and each[name] != value for each in values for name, value in empty.items())


def is_of_erased(table: str, fields: Mapping[str, Any], look_up: Callable[[Key], State | None]) -> bool:
    """Whether a record is part of what is known of somebody who was erased."""
    for above, name, tables in _OF:
        if table in tables and isinstance(record_id := fields.get(name), str):
            owner = look_up((above, record_id))
            if owner is not None and owner.erased:
                return True
    return False
