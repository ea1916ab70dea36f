"""What an earlier epoch had accepted and a restored server refused, for it did not have the records yet: made again."""

from __future__ import annotations

from sqlalchemy import select

from app.records.codec import read_values
from app.records.errors import Refused
from app.records.log import change_log
from app.records.rows import by_table, read_rows
from app.records.store import Records
from app.records.sync_tables import sync_quarantine, sync_row
from app.sync.merge import Values, amount_of
from app.sync.policies import kind_of
from app.sync.quarantine import Quarantine

EARLY = "There is no such "
"""In the reason of a change that came before what it is about."""


def as_found(table: str, op: str, before: Values | None, after: Values | None, row: Values | None) -> bool:
    """Whether a change would find its record as it did when it was made.

    What was counted may be another sum, but not one that the change would bring below nothing: then not all that was
    counted is here yet.
    """
    if op == "insert" or row is None:
        return op == "insert" and row is None
    seen = before or {}
    counters = {name for name in after or {} if kind_of(table, name) == "counter"}
    return all(row.get(name) == value for name, value in seen.items() if kind_of(table, name) != "counter") and all(
        amount_of(row.get(name)) + amount_of((after or {})[name]) >= amount_of(seen.get(name)) for name in counters
    )


def make_again(records: Records, upto: int) -> bool:
    """Those of the own chain up to ``upto`` that were refused for coming early, and now find all as it was.

    Whether others still wait.
    """
    waiting = _waiting(records, upto)
    made = 0
    for transaction in waiting:
        actor = _would_fit(records, transaction)
        if actor is not None:
            try:
                Quarantine(records).resend(transaction, actor)
            except Refused:
                continue  # it waits for its author, who reads why
            made += 1
    return made < len(waiting)


def _waiting(records: Records, upto: int) -> list[str]:
    with records.read() as session:
        open_ = select(sync_quarantine.c.transaction_id).where(
            sync_quarantine.c.status == "open", sync_quarantine.c.reason.contains(EARLY)
        )
        rows = session.execute(
            select(change_log.c.transaction_id)
            .where(change_log.c.transaction_id.in_(open_), change_log.c.site == records.site)
            .where(change_log.c.site_seq <= upto)
            .order_by(change_log.c.site_seq)
        )
        return list(dict.fromkeys(rows.scalars()))


def _would_fit(records: Records, transaction: str) -> str | None:
    """Its author, if each of its records is as this epoch has it and as the change found it."""
    with records.read() as session:
        entries = session.execute(
            select(change_log)
            .where(change_log.c.transaction_id == transaction, change_log.c.site == records.site)
            .order_by(change_log.c.site_seq)
        ).all()
        keys = {(entry.table_name, entry.record_id) for entry in entries}
        rows = read_rows(session.connection(), keys)
        known = {
            (table, record_id)
            for table, ids in by_table(keys).items()
            for record_id in session.scalars(
                select(sync_row.c.record_id).where(
                    sync_row.c.table_name == table, sync_row.c.record_id.in_(ids), sync_row.c.seq > 0
                )
            )
        }
    for entry in entries:
        key = (entry.table_name, entry.record_id)
        before, after = read_values(entry.before), read_values(entry.after)
        if entry.salt is None or (entry.op != "insert" and key not in known):
            return None
        if not as_found(entry.table_name, entry.op, before, after, rows.get(key)):
            return None
    return str(entries[0].actor)
