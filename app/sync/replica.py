"""The desk's side of the order: what the server's items and snapshots make of the desk's own records. Pure.

The desk shows the server's record with its own unsettled entries on top. An entry is settled when its item comes back,
accepted or rejected; then the server's record alone counts. Values are JSON values by column, as in the change log.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import msgspec

from app.records.codec import read_values
from app.sync.merge import counted
from app.sync.policies import kind_of
from app.sync.protocol import Item, Op, Stored

Key = tuple[str, str]
Values = Mapping[str, Any]


# Structs: a frozen dataclass takes five times as long, and a page is a thousand of each.
class Unsettled(msgspec.Struct, frozen=True, gc=False):
    """An entry of this site's chain that no item has come back for."""

    site_seq: int
    transaction: str
    op: Op
    before: Values | None
    after: Values | None


class Standing(msgspec.Struct, frozen=True, gc=False):
    """The only entry of this site's chain that stands on a record and has never come back; ``after`` as it was logged.

    ``seq``: the server's place that the record beneath is from; None if it never came from there, 0 if it came in an
    earlier epoch.
    """

    site_seq: int
    op: Op
    after: str | None
    seq: int | None


class View(msgspec.Struct, frozen=True, gc=False):
    """What the desk has of a record.

    ``row``: as it shows, None where it does not. ``server``: as the server has it, kept only while unsettled entries
    stand on top and the two cannot be told apart otherwise; ``aside`` says that it is kept. ``seq``: the server's place
    it is from, 0 if it never came from there.
    """

    row: Values | None = None
    server: Values | None = None
    aside: bool = False
    seq: int = 0
    scope: str = ""


_NOTHING = View()


class Effect(msgspec.Struct, frozen=True, gc=False):
    """A change that shows at the desk, to be logged as received: of which item, and the changed columns."""

    key: Key
    op: Op
    before: Values | None
    after: Values | None
    actor: str
    transaction: str
    reference: str  # the id of the entry it came from; empty for a snapshot


@dataclass(frozen=True, slots=True)
class Refused:
    """A transaction of this desk that the server rejected, and why."""

    transaction: str
    reason: str
    entry_id: str
    table: str
    record_id: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What one page comes to; stored whole or not at all.

    ``views``: of every record it touched, as they are afterwards. ``settled``: how much of this site's chain has come
    back. ``gone``: records that the desk may no longer hold, or that were erased: what the log says of them leaves it,
    and of those that were ``erased`` also what waits in quarantine.
    ``unseen``: records that the server shows no more, perhaps because it was restored: what was received of them leaves
    the log, but what the desk wrote itself may have to be offered again. ``confirmed``: records that show as they did;
    the item says from which place they are now.
    """

    views: Mapping[Key, View]
    effects: Sequence[Effect]
    refused: Sequence[Refused]
    settled: int
    gone: frozenset[Key] = frozenset()
    unseen: frozenset[Key] = frozenset()
    confirmed: Mapping[Key, Item] = field(default_factory=dict)
    erased: frozenset[Key] = frozenset()


class _Record(msgspec.Struct, gc=False):
    """A record while a page is gone through: a ``View`` in pieces."""

    row: Values | None
    server: Values | None
    seq: int
    scope: str
    unsettled: list[Unsettled]


def confirmed(site: str, items: Iterable[Item], standing: Mapping[Key, Standing]) -> dict[Key, Item]:
    """The items of a page that change nothing that shows: of a record they bring back what this desk wrote as it wrote
    it, and neither the page nor the desk says anything else of it. Most of what a desk writes comes back so."""
    only: dict[Key, Item | None] = {}
    for item in items:
        key = (item.table, item.record_id)
        only[key] = None if key in only else item
    return {
        key: found
        for key, entry in standing.items()
        if (found := only.get(key)) is not None and found.site == site and _as_written(found, entry)
    }


def _as_written(item: Item, entry: Standing) -> bool:
    if item.site_seq != entry.site_seq or item.outcome != "applied" or item.cause == "erase" or not item.scope:
        return False
    alike = item.fields is not None and item.fields == entry.after and item.whole == (entry.op == "insert")
    beneath = entry.op == "insert" if entry.seq is None else 0 < entry.seq < item.seq
    return alike and beneath


def plan(
    site: str,
    settled: int,
    items: Iterable[Item],
    views: Mapping[Key, View],
    unsettled: Mapping[Key, Sequence[Unsettled]],
    confirmed: Mapping[Key, Item] | None = None,
) -> Plan:
    """What a page of items makes of the records that it names; ``views`` holds those that the desk has. ``confirmed``:
    items of the page beside these."""
    confirmed = confirmed or {}
    settled = max([settled, *(item.site_seq for item in confirmed.values())])
    records: dict[Key, _Record] = {}
    effects: list[Effect] = []
    refused: dict[str, Refused] = {}
    gone: set[Key] = set()
    unseen: set[Key] = set()
    erased: set[Key] = set()
    for item in items:
        key = (item.table, item.record_id)
        record = records.get(key)
        if record is None:
            record = records[key] = _record(key[0], views.get(key, _NOTHING), unsettled.get(key, ()))
        if item.site == site:
            settled = max(settled, item.site_seq)
            record.unsettled = [each for each in record.unsettled if each.site_seq > item.site_seq]
            if item.outcome == "rejected":
                found = Refused(item.transaction, item.reason or "", item.entry_id, *key)
                refused.setdefault(item.transaction, found)
        values = None if item.fields is None else read_values(item.fields)
        # Some fields of a record that is not here, or not as this epoch has it: a snapshot is still to bring it.
        headless = values is not None and not item.whole and (record.server is None or not record.seq)
        # That the server refused to know a record is no news of one that a snapshot has brought meanwhile.
        stale = item.outcome == "rejected" and not item.scope and bool(record.seq)
        if item.seq > record.seq and not headless and not stale:
            if values is not None and not item.whole:
                values = {**(record.server or {}), **values}
            # Of a record that is out of sight nothing is known: a snapshot may bring it from an earlier place.
            known = values is not None or bool(item.scope)
            record.server = values
            record.seq, record.scope = (item.seq if known else 0), item.scope
            if known:
                gone.discard(key)
                unseen.discard(key)
            else:
                (unseen if item.outcome == "rejected" else gone).add(key)
        if item.cause == "erase":
            erased.add(key)
        actor = item.actor if item.site != site else "system:sync"
        effects += _show(key, record, actor, item.transaction, item.entry_id)
    views = {key: _stored(each) for key, each in records.items()}
    lost = frozenset(gone | erased), frozenset(unseen), confirmed, frozenset(erased)
    return Plan(views, effects, list(refused.values()), settled, *lost)


def take_up(
    stored: Iterable[Stored],
    transaction: str,
    settled: int,
    views: Mapping[Key, View],
    unsettled: Mapping[Key, Sequence[Unsettled]],
) -> Plan:
    """What a page of a snapshot makes of the records that it names."""
    records: dict[Key, _Record] = {}
    effects: list[Effect] = []
    for each in stored:
        key = (each.table, each.record_id)
        record = records[key] = _record(key[0], views.get(key, _NOTHING), unsettled.get(key, ()))
        if each.seq > record.seq:
            record.server = read_values(each.fields)
            record.seq, record.scope = each.seq, each.scope
        effects += _show(key, record, "system:sync", transaction, "")
    return Plan({key: _stored(each) for key, each in records.items()}, effects, [], settled)


def purge(
    keys: Collection[Key], transaction: str, settled: int, views: Mapping[Key, View], *, unseen: bool = False
) -> Plan:
    """Takes away records that the desk may no longer hold, or (``unseen``) that the server does not show."""
    effects = [
        Effect(key, "delete", views[key].row, None, "system:sync", transaction, "")
        for key in keys
        if key in views and views[key].row is not None
    ]
    lost, forgotten = ((), keys) if unseen else (keys, ())
    return Plan({key: View() for key in keys}, effects, [], settled, frozenset(lost), frozenset(forgotten))


def on_top(table: str, server: Values | None, unsettled: Iterable[Unsettled]) -> Values | None:
    """The record as the desk shows it: the server's, with the desk's unsettled entries on top."""
    row = server
    for entry in unsettled:
        after = entry.after or {}
        if entry.op == "delete":
            row = None
        elif entry.op == "insert":
            row = {**(row or {}), **after}
        elif row is not None:
            row = {**row, **{name: _laid(table, name, row.get(name), entry) for name in after}}
    return row


def beneath(row: Values | None, unsettled: Sequence[Unsettled]) -> Values | None:
    """The inverse: the server's record, where nothing has come from there since the desk's entries were made."""
    for entry in reversed(unsettled):
        if entry.op == "insert":
            row = None
        elif entry.op == "delete":
            row = entry.before
        elif row is not None:
            row = {**row, **(entry.before or {})}
    return row


def _record(table: str, view: View, unsettled: Sequence[Unsettled]) -> _Record:
    server = view.server if view.aside else beneath(view.row, unsettled)
    return _Record(view.row, server, view.seq, view.scope, list(unsettled))


def _show(key: Key, record: _Record, actor: str, transaction: str, reference: str) -> list[Effect]:
    """Brings the shown row up to date; the change, if there is one."""
    old, new = record.row, on_top(key[0], record.server, record.unsettled)
    record.row = new
    if old == new:
        return []
    if old is None:
        return [Effect(key, "insert", None, new, actor, transaction, reference)]
    if new is None:
        return [Effect(key, "delete", old, None, actor, transaction, reference)]
    names = [name for name, value in new.items() if old.get(name) != value]
    names += [name for name, value in old.items() if value is not None and name not in new]
    if not names:
        return []
    before, after = {name: old.get(name) for name in names}, {name: new.get(name) for name in names}
    return [Effect(key, "update", before, after, actor, transaction, reference)]


def _stored(record: _Record) -> View:
    if not record.unsettled:
        return View(record.row, None, False, record.seq, record.scope)
    return View(record.row, record.server, True, record.seq, record.scope)


def _laid(table: str, name: str, held: Any, entry: Unsettled) -> Any:
    value, before = (entry.after or {})[name], (entry.before or {}).get(name)
    if kind_of(table, name) != "counter" or held == before:
        return value
    return counted(Decimal(held or 0), Decimal(before or 0), Decimal(value or 0))
