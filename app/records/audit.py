"""Proves the change log against itself, its head, and the rows it led to.

Found: altered, missing, moved and cut-off entries, and rows that differ from what was last logged. Whoever has the
database key and rewrites log, heads and the head file together is not found from this folder alone; the copy of the log
that other sites hold is what shows that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, RowMapping, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app.records.codec import JsonValue, fields_of, models
from app.records.errors import StoreError, translated
from app.records.log import (
    GENESIS,
    Head,
    change_log,
    commitment_of,
    entry_hash,
    entry_of,
    log_head,
    meta_table,
    sealed_columns,
)
from app.records.store import Records
from app.records.sync_tables import sync_extra
from app.records.tables import Record

_MOST_LISTED = 200
_TAKEN_OUT = (
    "SELECT table_name, record_id FROM change_log WHERE salt IS NULL"
    " EXCEPT SELECT table_name, record_id FROM change_log WHERE cause IN ('erase', 'purge')"
)
_ALARMS = ("anchor_alarm", "rehash_alarm")
Values = dict[str, JsonValue]


@dataclass
class AuditResult:
    """``problems``: sentences, in the order of the log, at most 200 and a closing one for the rest."""

    ok: bool = True
    entries: int = 0
    problems: list[str] = field(default_factory=list)


def verify(records: Records) -> AuditResult:
    """Reads the whole log and all rows in one state of the database. Not on the UI thread."""
    result = AuditResult()
    # Before the snapshot: the file may lag behind the database, but what it says must be in the snapshot.
    anchored = records.chain.anchor.read()
    found: list[str] = []
    try:
        with records.read() as session:
            found += _pages(session)
            found += _log(session, records, anchored, result)
            for model in models().values():
                found += _rows(session, model)
    except StoreError as error:
        found.append(str(error))
    result.ok = not found
    result.problems = found[:_MOST_LISTED]
    if len(found) > _MOST_LISTED:
        result.problems.append(f"... and {len(found) - _MOST_LISTED} more")
    return result


def _pages(session: Session) -> Iterable[str]:
    return [str(row[0]) for row in session.connection().exec_driver_sql("PRAGMA cipher_integrity_check")]


def _log(session: Session, records: Records, anchored: Head | None, result: AuditResult) -> Iterator[str]:
    heads = {row["site"]: row for row in session.execute(select(log_head)).mappings()}
    sites = set(session.scalars(select(change_log.c.site).distinct())) | set(heads)
    for site in sorted(sites):
        walk = _Walk(site, anchored if anchored is not None and anchored.site == site else None)
        rows = select(*sealed_columns).where(change_log.c.site == site).order_by(change_log.c.site_seq)
        for row in session.execute(rows.execution_options(yield_per=1000)):
            result.entries += 1
            yield from walk.step(row)
        yield from walk.end(heads.get(site), records.chain.key)
    for table, record_id in session.connection().exec_driver_sql(_TAKEN_OUT):
        yield f"What the log said of {table} {record_id} was taken out of it, and no erasure is on record."
    yield from session.scalars(select(meta_table.c.value).where(meta_table.c.key.in_(_ALARMS)))
    if anchored is None:
        yield "The head file beside the database is missing or cannot be authenticated."
    elif anchored.site not in sites and anchored.count:
        yield f"The log is empty, but had {anchored.count} entries."


class _Walk:
    """Along one site's chain."""

    def __init__(self, site: str, anchored: Head | None) -> None:
        self._site = site
        self._anchored = anchored
        self._count = 0
        self._hash: str | None = GENESIS
        self._seq = 0
        self._hlc = ""

    def step(self, row: Row[Any]) -> Iterator[str]:
        number = row.site_seq
        name = f"Entry {number} ({row.op} of {row.table} {row.record_id})"
        if number > self._count + 1:
            lost = f"{self._count + 1} to {number - 1}" if number > self._count + 2 else f"{number - 1}"
            yield f"Missing from the log: entry {lost}."
            self._hash = None  # unknown, so the next entry's link cannot be checked
        linked = self._hash is None or entry_hash(self._hash, self._site, row) == row.hash
        if not linked or not _kept(row):
            yield f"{name} was altered or moved."
        elif row.seq <= self._seq or row.hlc <= self._hlc:
            yield f"{name} is out of order."
        if self._anchored is not None and number == self._anchored.count and row.hash != self._anchored.hash:
            yield f"{name} is not the one that the head file remembers."
        self._count, self._hash, self._seq, self._hlc = number, row.hash, row.seq, row.hlc

    def end(self, head: RowMapping | None, key: bytes) -> Iterator[str]:
        if head is None:
            yield f"The log of site {self._site} has no head."
        elif not Head(self._site, head["count"], head["hash"], head["hlc"]).authentic(key, head["mac"]):
            yield f"The head of site {self._site} was altered."
        elif head["count"] > self._count:
            yield f"The end of the log is missing: it had {head['count']} entries, {self._count} are left."
        elif (head["count"], head["hash"]) != (self._count, self._hash):
            yield f"Entries were added to the log of site {self._site} from outside: its head does not know them."
        if self._anchored is not None and self._anchored.count > self._count:
            yield f"The log was cut: the head file remembers {self._anchored.count} entries, {self._count} are left."


def _kept(row: Row[Any]) -> bool:
    """Whether the texts are those that were logged, or were erased."""
    if row.salt is None:
        return row.before is None and row.after is None
    return bool(commitment_of(row.salt, row.before, row.after) == row.commitment)


def _rows(session: Session, model: type[Record]) -> Iterator[str]:
    name = model.__tablename__
    expected: dict[str, Values] = {}
    entries = select(change_log).where(change_log.c.table_name == name).order_by(change_log.c.seq)
    for row in session.execute(entries.execution_options(yield_per=1000)).mappings():
        try:
            entry = entry_of(row)
        except ValueError:
            yield f"Entry {row['site_seq']} of {name} {row['record_id']} cannot be read."
            continue
        if entry.op == "delete":
            expected.pop(entry.record_id, None)
        elif entry.op == "insert":
            expected[entry.record_id] = dict(entry.after or {})
        else:
            expected.setdefault(entry.record_id, {}).update(entry.after or {})
    fields = fields_of(model)
    try:
        for row in session.execute(select(model.__table__).execution_options(yield_per=1000)).mappings():
            logged = expected.pop(row["id"], None)
            if logged is None:
                yield f"A row of {name} is not in the log: {row['id']}."
                continue
            differing = [
                each.column
                for each in fields
                if each.column in logged and not each.same(each.encode(row[each.column]), logged[each.column])
            ]
            if differing:
                yield f"The row {name} {row['id']} was changed outside the log: {', '.join(differing)}."
    except (SQLAlchemyError, TypeError, ValueError) as error:
        if (known := translated(error)) is not None:
            raise known from error
        yield f"A row of {name} holds a value that Deskline never writes ({error})."
        return
    kept_whole = select(sync_extra.c.record_id).where(sync_extra.c.table_name == name, sync_extra.c.whole)
    for record_id in expected.keys() - set(session.scalars(kept_whole)):
        yield f"The row {name} {record_id} is in the log but gone from its table."
