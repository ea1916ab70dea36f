"""Appends entries to this site's chain and keeps its head, in the database and beside it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, func, insert, select
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.orm import Session

from app.records.anchor import Anchor
from app.records.change import Change, Draft
from app.records.codec import compact
from app.records.hlc import ZERO, HybridClock
from app.records.ids import new_id
from app.records.log import GENESIS, Entry, Head, change_log, entry_hash, log_head, meta_table, tail_cursor
from app.records.migrations import CURRENT


@dataclass(frozen=True, slots=True)
class Commit:
    """What becomes true when the transaction commits."""

    entries: Sequence[Entry]
    head: Head
    seq: int


class Chain:
    """``key`` authenticates the heads; ``anchor`` is the one kept beside the database."""

    def __init__(self, head: Head, seq: int, anchor: Anchor, key: bytes, clock: HybridClock) -> None:
        self._head = head
        self._seq = seq
        self.anchor = anchor
        self.key = key
        self._clock = clock

    @classmethod
    def open(cls, writer: Engine, anchor: Anchor, wall: Callable[[], dt.datetime]) -> Chain:
        with writer.begin() as connection:
            meta = {row.key: row.value for row in connection.execute(select(meta_table))}
            site = meta.get("site")
            if site is None:
                site = new_id()
                connection.execute(insert(meta_table).values(key="site", value=site))
            row = connection.execute(select(log_head).where(log_head.c.site == site)).mappings().first()
            head = Head(site, row["count"], row["hash"], row["hlc"]) if row else Head(site, 0, GENESIS, ZERO)
            seq = connection.execute(select(func.max(change_log.c.seq))).scalar() or 0
            latest = connection.execute(select(func.max(log_head.c.hlc))).scalar() or ZERO
            alarm = anchor.alarm(head)
            if alarm and "anchor_alarm" not in meta:
                # Kept for the audit: the next commit overwrites the file that shows it.
                connection.execute(insert(meta_table).values(key="anchor_alarm", value=alarm))
        anchor.open()
        if anchor.read() is None:
            anchor.write(head)
        return cls(head, seq, anchor, anchor.key, HybridClock(wall, latest))

    @property
    def site(self) -> str:
        return self._head.site

    def append(self, session: Session, change: Change, drafts: Sequence[Draft]) -> Commit:
        """Writes the entries, the head and the moved cursors in the change's transaction."""
        connection = session.connection()
        rows: list[dict[str, Any]] = []
        entries: list[Entry] = []
        previous, site_seq, hlc = self._head.hash, self._head.count, self._head.hlc
        for draft in drafts:
            site_seq += 1
            hlc = self._clock.tick()
            row = {
                "seq": self._seq + len(rows) + 1,
                "id": new_id(),
                "site": self.site,
                "site_seq": site_seq,
                "hlc": hlc,
                "actor": change.actor,
                "cause": change.cause.kind,
                "cause_reference": change.cause.reference,
                "transaction_id": change.transaction,
                "table_name": draft.table,
                "record_id": draft.record_id,
                "op": draft.op,
                "before": None if draft.before is None else compact(draft.before),
                "after": None if draft.after is None else compact(draft.after),
                "schema_version": CURRENT,
            }
            row["hash"] = previous = entry_hash(previous, row)
            rows.append(row)
            entries.append(_entry(row, change, draft))
        head = Head(self.site, site_seq, previous, hlc)
        if rows:
            connection.execute(insert(change_log), rows)
            values = {"count": head.count, "hash": head.hash, "hlc": head.hlc, "mac": head.mac(self.key)}
            statement = upsert(log_head).values(site=head.site, **values)
            connection.execute(statement.on_conflict_do_update(index_elements=["site"], set_=values))
        for name, seq in change.cursors.items():
            cursor = upsert(tail_cursor).values(name=name, seq=seq)
            further = cursor.excluded.seq > tail_cursor.c.seq
            connection.execute(cursor.on_conflict_do_update(index_elements=["name"], set_={"seq": seq}, where=further))
        return Commit(entries, head, self._seq + len(rows))

    def adopt(self, commit: Commit) -> None:
        """After the commit."""
        if commit.entries:
            self._head, self._seq = commit.head, commit.seq
            self.anchor.write(commit.head)

    def close(self) -> None:
        self.anchor.close()


def _entry(row: dict[str, Any], change: Change, draft: Draft) -> Entry:
    return Entry(
        seq=row["seq"],
        id=row["id"],
        site=row["site"],
        site_seq=row["site_seq"],
        hlc=row["hlc"],
        actor=change.actor,
        cause=change.cause,
        transaction=change.transaction,
        table=draft.table,
        record_id=draft.record_id,
        op=draft.op,
        before=draft.before,
        after=draft.after,
        schema_version=CURRENT,
        hash=row["hash"],
    )
