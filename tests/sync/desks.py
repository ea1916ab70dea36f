"""Desks for the suite of ``DeskStore``: one way to write at a desk, whatever keeps its records."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from app.records.codec import compact, decode_values, models
from app.records.ids import new_id
from app.records.store import Records
from app.sync import replica
from app.sync.desk_store import DeskStore
from app.sync.protocol import Item, Op
from app.sync.replica import Key, Plan
from app.sync.store import RecordsStore
from tests.simulation.disk import Draft, MemoryDesk

KEY = bytes(range(32))
NOW = dt.datetime(2026, 11, 20, 9, 30, tzinfo=dt.UTC)
HOUSE = {
    "name": "Tolland Castings plc", "short_name": "Tolland", "kind": "corporate", "tier": 2, "status": "active",
    "country": None, "city": None, "lei": None, "mifid_category": None, "owner_id": None, "desk": None, "book": None,
    "since": None, "notes": "",
}  # fmt: skip


@dataclass(frozen=True)
class Edit:
    """What a user does to one record; ``values``: all of a new one, or the fields to set."""

    op: Op
    key: Key
    values: Mapping[str, Any] = field(default_factory=dict)


class Desk(Protocol):
    @property
    def store(self) -> DeskStore: ...

    def write(self, *edits: Edit) -> None:
        """One transaction of the desk's own."""

    def reopen(self) -> None:
        """Ends the program and starts it again."""

    def close(self) -> None: ...


class RecordsDesk:
    """The real one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open()

    def _open(self) -> None:
        self.records = Records.open(self._folder, KEY, clock=lambda: NOW)
        self.store = RecordsStore(self.records)

    def write(self, *edits: Edit) -> None:
        with self.records.change("user:1") as change:
            for edit in edits:
                table, record_id = edit.key
                model = models()[table]
                if edit.op == "insert":
                    change.add(model(**decode_values(model, {"id": record_id, **edit.values})))
                elif edit.op == "update":
                    change.update(model, record_id, **decode_values(model, edit.values))
                else:
                    change.delete(model, record_id)

    def reopen(self) -> None:
        self.close()
        self._open()

    def close(self) -> None:
        self.records.close()


class InMemory:
    """That of the simulation."""

    def __init__(self, folder: Path) -> None:
        self.store = MemoryDesk(lambda: NOW, new_id, batch=1000)

    def write(self, *edits: Edit) -> None:
        self.store.write("user:1", [Draft(edit.key, edit.op, edit.values) for edit in edits])

    def reopen(self) -> None:
        pass

    def close(self) -> None:
        pass


DESKS: Mapping[str, Callable[[Path], Desk]] = {"records": RecordsDesk, "memory": InMemory}


def house(number: int) -> Key:
    return ("organization", f"019aa000-0000-7000-8000-{number:012d}")


def item(seq: int, key: Key, values: Mapping[str, Any] | None, **changes: Any) -> Item:
    """What another site did to a record, as the server's order has it."""
    whole = {"id": key[1]} if changes.get("whole", True) else {}
    text = None if values is None else compact({**whole, **values})
    made = Item(
        seq, new_id(), "site-2", seq, "019aa0000000-0000", "user:2", "user", None, f"transaction-{seq}", *key, "insert",
        "applied", text, True, "*",
    )  # fmt: skip
    return Item(**{**{name: getattr(made, name) for name in made.__struct_fields__}, **changes})


def take(store: DeskStore, items: Sequence[Item]) -> Plan:
    """What the session does with a page."""
    keys = {(each.table, each.record_id) for each in items}
    at = store.position()
    confirmed = replica.confirmed(store.site, items, store.standing(keys))
    rest = [each for each in items if (each.table, each.record_id) not in confirmed]
    keys -= confirmed.keys()
    plan = replica.plan(store.site, at.settled, rest, store.views(keys), store.unsettled(keys), confirmed)
    cursor = max([at.cursor, *(each.seq for each in items)])
    store.commit(plan, replace(at, epoch="epoch-1", cursor=cursor, settled=plan.settled))
    return plan


def own_items(store: DeskStore, seq: int, **changes: Any) -> list[Item]:
    """The desk's own entries that are not settled, as they come back accepted, from place ``seq`` on."""
    entries = store.outgoing(store.position().settled, 1000).entries
    return [
        item(
            seq + number,
            (entry.table, entry.record_id),
            {},
            **{
                "entry_id": entry.id,
                "site": store.site,
                "site_seq": entry.site_seq,
                "actor": entry.actor,
                "transaction": entry.transaction,
                "op": entry.op,
                "fields": entry.after,
                "whole": entry.op == "insert",
                **changes,
            },
        )
        for number, entry in enumerate(entries)
    ]
