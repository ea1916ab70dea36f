"""The merge: one record, one entry, and what comes of it. Pure.

Values are those of the change log: column name -> JSON value. A stamp is the text ``clock/site/actor`` of who wrote a
field last; text order is clock order, and the site decides between equal readings.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec
from msgspec.structs import replace

from app.sync.policies import kind_of
from app.sync.protocol import Op, Outcome

Values = Mapping[str, Any]
_LARGEST_AMOUNT = 18  # power of ten
_LONGEST_AMOUNT = 50  # characters; no calculation with it takes a while, or loses a digit


class NotAccepted(Exception):
    """The entry cannot be; ``str()`` is the sentence that its author reads."""


# Structs: a push makes thousands of them, and a frozen dataclass takes five times as long to make.
class State(msgspec.Struct, frozen=True, gc=False):
    """A record as the server holds it. A deleted one keeps its fields, so that it can be restored.

    ``parent`` is the record it hangs on (its table and id), whose scope it shares. ``erased``: it holds no personal
    data any more, and takes none.
    """

    fields: Values
    stamps: Mapping[str, str]
    deleted: str | None = None
    scope: str = ""
    parent: tuple[str, str] | None = None
    seq: int = 0
    erased: bool = False


class Edit(msgspec.Struct, frozen=True, gc=False):
    """What the merge needs of an entry: ``before`` and ``after`` hold the changed columns, or None."""

    op: Op
    before: Values | None
    after: Values | None
    stamp: str


class Loser(msgspec.Struct, frozen=True, gc=False):
    """A value that gave way. ``field`` is empty where a whole record was deleted while it was changed."""

    field: str
    kept: Any
    lost: Any
    kept_stamp: str
    lost_stamp: str


class Merged(msgspec.Struct, frozen=True, gc=False):
    state: State
    outcome: Outcome
    losers: tuple[Loser, ...] = ()


def stamp(hlc: str, site: str, actor: str) -> str:
    return f"{hlc}/{site}/{actor}"


def merge(table: str, state: State | None, edit: Edit) -> Merged:
    """The record after ``edit``. Raises NotAccepted."""
    if edit.op == "insert":
        return _insert(table, state, edit)
    if state is None:
        raise NotAccepted(f"There is no such {_words(table)} on the server.")
    if edit.op == "delete":
        return _delete(table, state, edit)
    return _update(table, state, edit)


def _insert(table: str, state: State | None, edit: Edit) -> Merged:
    after = dict(edit.after or {})
    if state is None:
        return Merged(State(after, dict.fromkeys(after, edit.stamp)), "applied")
    if state.deleted is None and kind_of(table, "") == "command":
        raise NotAccepted(f"The {_words(table)} is there already.")
    # As an update of one who saw nothing of what is there: the record comes back, and what differs is a conflict.
    # What was counted stands: no desk can know all of it.
    differing = {
        name: value
        for name, value in after.items()
        if kind_of(table, name) != "counter" and (name not in state.fields or state.fields[name] != value)
    }
    merged = _update(table, replace(state, deleted=None), replace(edit, op="update", before={}, after=differing))
    alike = {name for name in after.keys() - differing.keys() if kind_of(table, name) != "counter"}
    stamps = {name: max(by, edit.stamp) if name in alike else by for name, by in merged.state.stamps.items()}
    return replace(merged, state=replace(merged.state, stamps=stamps))


def _delete(table: str, state: State, edit: Edit) -> Merged:
    if state.deleted is not None:
        if kind_of(table, "") == "command":
            raise NotAccepted(f"The {_words(table)} was deleted meanwhile.")
        return Merged(replace(state, deleted=max(state.deleted, edit.stamp)), "merged")
    seen = edit.before or {}
    changed = {
        name: value
        for name, value in state.fields.items()
        if name in seen and kind_of(table, name) != "counter" and value != seen[name]
    }
    if changed and kind_of(table, "") == "command":
        raise NotAccepted(
            f"The {_words(table)} was changed meanwhile ({_list(changed)}); look at it and delete it again."
        )
    gone = replace(state, deleted=edit.stamp)
    if not changed:
        return Merged(gone, "applied")
    last = max(state.stamps.get(name, "") for name in changed)
    return Merged(gone, "merged", (Loser("", None, changed, edit.stamp, last),))


def _update(table: str, state: State, edit: Edit) -> Merged:
    before, after = edit.before or {}, edit.after or {}
    if state.deleted is not None:
        if kind_of(table, "") == "command":
            raise NotAccepted(f"The {_words(table)} was deleted meanwhile.")
        return Merged(state, "merged", (Loser("", None, dict(after), state.deleted, edit.stamp),))
    fields, stamps = dict(state.fields), dict(state.stamps)
    losers: list[Loser] = []
    for name, value in after.items():
        held, held_stamp = fields.get(name), stamps.get(name, "")
        kind = kind_of(table, name)
        if kind == "counter":
            fields[name] = _counted(table, name, held, before.get(name), value)
        elif name not in fields or (name in before and held == before[name]):
            fields[name] = value
        elif kind == "command":
            # Also where both want the same: what goes with it (credit, money) must not happen twice.
            raise NotAccepted(
                f"The {_words(table)} was changed meanwhile ({_list([name])}). Look at it and make the change again."
            )
        elif held == value:
            stamps[name] = max(held_stamp, edit.stamp)
            continue
        elif _site(held_stamp) == _site(edit.stamp):
            fields[name] = value  # its own earlier value, which it knew whatever came between
        elif edit.stamp > held_stamp:
            losers.append(Loser(name, value, held, edit.stamp, held_stamp))
            fields[name] = value
        else:
            losers.append(Loser(name, held, value, held_stamp, edit.stamp))
            continue
        stamps[name] = _later(held_stamp, edit.stamp)
    merged = replace(state, fields=fields, stamps=stamps)
    return Merged(merged, "merged" if losers else "applied", tuple(losers))


def _site(stamp: str) -> str:
    return stamp.split("/", 2)[1] if stamp else ""


def _later(held: str, by: str) -> str:
    """The stamp of who wrote now. A writer whose clock is behind what it saw gets the clock of that."""
    if by > held:
        return by
    return f"{held.split('/', 1)[0]}/{by.split('/', 1)[1]}"


def _counted(table: str, name: str, held: Any, before: Any, after: Any) -> str:
    try:
        return counted(amount_of(held), amount_of(before), amount_of(after))
    except ValueError as error:
        raise NotAccepted(f"{name.replace('_', ' ')} of the {_words(table)} is not a number.") from error


def counted(held: Decimal, before: Decimal, after: Decimal) -> str:
    """A counter after somebody moved it from ``before`` to ``after``; it never falls below nothing."""
    return format(max(held + after - before, Decimal(0)), "f")


def amount_of(value: Any) -> Decimal:
    """An amount as records hold it: decimal text, or a number; nothing is 0. Raises ValueError."""
    text = str(value or 0)
    if isinstance(value, bool | list | dict) or len(text) > _LONGEST_AMOUNT or not text.isascii():
        raise ValueError("not an amount")
    try:
        number = Decimal(text)
    except InvalidOperation as error:
        raise ValueError("not an amount") from error
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int) or exponent < -_LONGEST_AMOUNT or number.adjusted() > _LARGEST_AMOUNT:
        raise ValueError("not an amount")
    return number


def _words(table: str) -> str:
    return table.replace("_", " ")


def _list(names: Any) -> str:
    return ", ".join(sorted(name.replace("_", " ") for name in names))
