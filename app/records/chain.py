"""Appends entries to the chains of this database and keeps their heads, in the database and beside it.

There are two: what was done at this desk, which is what the desk offers the server, and what came from the server. Each
is a site of its own in the log, so that each has its own unbroken count.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Connection, Engine, delete, func, insert, select
from sqlalchemy.dialects.sqlite import insert as upsert

from app.records.anchor import Anchor
from app.records.bulk import BulkInsert
from app.records.change import Change, Draft
from app.records.codec import compact
from app.records.hlc import ZERO, HybridClock
from app.records.ids import new_id
from app.records.log import (
    GENESIS,
    Cause,
    Entry,
    Head,
    Op,
    change_log,
    commitment_of,
    entry_hash,
    log_head,
    meta_table,
    new_salts,
    tail_cursor,
)
from app.records.migrations import CURRENT


class Authored(msgspec.Struct, frozen=True, gc=False):
    """A draft with whose it is."""

    draft: Draft
    actor: str
    cause: Cause
    transaction: str


@dataclass(frozen=True, slots=True)
class Commit:
    """What becomes true when the transaction commits."""

    entries: Sequence[Entry]
    head: Head
    seq: int


class _Link(msgspec.Struct, frozen=True, gc=False):
    id: str
    site_seq: int
    hlc: str
    actor: str
    cause: str
    cause_reference: str | None
    transaction: str
    table: str
    record_id: str
    op: Op
    commitment: str
    schema_version: int


class Chain:
    """``key`` authenticates the heads; ``anchor`` is the one kept beside the database, of this desk's own chain."""

    def __init__(self, own: Head, received: Head, seq: int, anchor: Anchor, key: bytes, clock: HybridClock) -> None:
        self._own = own
        self._received = received
        self._seq = seq
        self.anchor = anchor
        self.key = key
        self._clock = clock

    @classmethod
    def open(cls, writer: Engine, anchor: Anchor, wall: Callable[[], dt.datetime]) -> Chain:
        with writer.begin() as connection:
            meta = {row.key: row.value for row in connection.execute(select(meta_table))}
            if "wiped" in meta:
                anchor.forget()
                connection.execute(delete(meta_table).where(meta_table.c.key == "wiped"))
            for name in ("site", "received_site"):
                if name not in meta:
                    meta[name] = new_id()
                    connection.execute(insert(meta_table).values(key=name, value=meta[name]))
            rows = connection.execute(select(log_head)).mappings()
            heads = {row["site"]: Head(row["site"], row["count"], row["hash"], row["hlc"]) for row in rows}
            own, received = (heads.get(meta[name], _empty(meta[name])) for name in ("site", "received_site"))
            seq = connection.execute(select(func.max(change_log.c.seq))).scalar() or 0
            latest = max((head.hlc for head in heads.values()), default=ZERO)
            alarm = anchor.alarm(own)
            if alarm and "rehashed" in meta:  # the file may not have followed a migration yet
                alarm = anchor.alarm(Head(*json.loads(meta["rehashed"])))
            if alarm and "anchor_alarm" not in meta:
                # Kept for the audit: the next commit overwrites the file that shows it.
                connection.execute(insert(meta_table).values(key="anchor_alarm", value=alarm))
        anchor.open()
        if anchor.read() is None:
            anchor.write(own)
        if "rehashed" in meta:
            for _ in range(2):  # both slots: the other one remembers the old hash
                anchor.write(own)
            with writer.begin() as connection:
                connection.execute(delete(meta_table).where(meta_table.c.key == "rehashed"))
        return cls(own, received, seq, anchor, anchor.key, HybridClock(wall, latest))

    @property
    def site(self) -> str:
        """Whose chain it is that holds what was done here."""
        return self._own.site

    @property
    def received_site(self) -> str:
        """Of the chain that holds what came from the server."""
        return self._received.site

    @property
    def written(self) -> int:
        """The length of this desk's own chain."""
        return self._own.count

    def append(self, connection: Connection, change: Change, drafts: Sequence[Draft]) -> Commit:
        """Writes the entries, the head and the moved cursors in the change's transaction.

        Something as large as a demo desk is logged as several transactions: no server takes so much at once.
        """
        parts = [change.transaction, *(new_id() for _ in range(len(drafts) // _LARGEST))]
        authored = [
            Authored(draft, change.actor, change.cause, parts[place // _LARGEST]) for place, draft in enumerate(drafts)
        ]
        commit = self._extend(connection, self._own, authored)
        for name, seq in change.cursors.items():
            cursor = upsert(tail_cursor).values(name=name, seq=seq)
            further = cursor.excluded.seq > tail_cursor.c.seq
            connection.execute(cursor.on_conflict_do_update(index_elements=["name"], set_={"seq": seq}, where=further))
        return commit

    def receive(self, connection: Connection, authored: Sequence[Authored]) -> Commit:
        """The same for what came from the server."""
        return self._extend(connection, self._received, authored)

    def adopt(self, commit: Commit) -> None:
        """After the commit."""
        if not commit.entries:
            return
        self._seq = commit.seq
        if commit.head.site == self._received.site:
            self._received = commit.head
        else:
            self._own = commit.head
            self.anchor.write(commit.head)

    def close(self) -> None:
        self.anchor.close()

    def _extend(self, connection: Connection, head: Head, authored: Sequence[Authored]) -> Commit:
        rows: list[tuple[Any, ...]] = []
        entries: list[Entry] = []
        previous, site_seq, seq = head.hash, head.count, self._seq
        readings, salts = self._clock.ticks(len(authored)), new_salts(len(authored))
        for each, hlc, salt in zip(authored, readings, salts, strict=True):
            draft = each.draft
            seq, site_seq = seq + 1, site_seq + 1
            before = None if draft.before is None else compact(draft.before)
            after = None if draft.after is None else compact(draft.after)
            link = _Link(
                new_id(), site_seq, hlc, each.actor, each.cause.kind, each.cause.reference, each.transaction,
                draft.table, draft.record_id, draft.op, commitment_of(salt, before, after), CURRENT,
            )  # fmt: skip
            previous = entry_hash(previous, head.site, link)
            rows.append(
                (seq, link.id, head.site, site_seq, hlc, link.actor, link.cause, link.cause_reference, link.transaction,
                 link.table, link.record_id, link.op, before, after, CURRENT, previous, salt, link.commitment)
            )  # fmt: skip
            entry = Entry(
                seq, link.id, head.site, site_seq, hlc, each.actor, each.cause, each.transaction, draft.table,
                draft.record_id, draft.op, draft.before, draft.after, CURRENT, previous,
            )  # fmt: skip
            entries.append(entry)
        if not rows:
            return Commit((), head, seq)
        _INSERT.run(connection, rows)
        new = Head(head.site, site_seq, previous, readings[-1])
        values = {"count": new.count, "hash": new.hash, "hlc": new.hlc, "mac": new.mac(self.key)}
        statement = upsert(log_head).values(site=new.site, **values)
        connection.execute(statement.on_conflict_do_update(index_elements=["site"], set_=values))
        return Commit(entries, new, seq)


_LARGEST = 2000
"""Entries of one transaction in the log."""

# By the driver alone: a first sync logs a hundred thousand of them.
_COLUMNS = [f'"{column.name}"' for column in change_log.columns]
_INSERT = BulkInsert(f"INSERT INTO change_log ({', '.join(_COLUMNS)})", len(_COLUMNS))


def _empty(site: str) -> Head:
    return Head(site, 0, GENESIS, ZERO)
