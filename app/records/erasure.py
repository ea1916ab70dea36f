"""Personal data leaves the records for good: rows are emptied, texts and salts leave the log, recordings are removed.

The log still verifies: an entry's hash covers a commitment to its texts, which says nothing without the salt. Where
texts are missing, a later entry of cause ``erase`` or ``purge`` must say so; the audit looks for it.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from app.records.codec import compact
from app.records.recordings import Recordings
from app.records.rows import Key, by_table

if TYPE_CHECKING:
    from app.records.store import Records

CAUSES = ("erase", "purge")
"""Of entries that stand for texts which were taken out of the log."""

_SAYS = '("before" IS NOT NULL OR "after" IS NOT NULL)'
_STANDING = (
    " AND NOT (site = ? AND site_seq > ?)"
    " AND transaction_id NOT IN (SELECT transaction_id FROM sync_quarantine WHERE status = 'open')"
)
_FIND = (
    "SELECT seq, table_name, record_id FROM change_log WHERE table_name = ?"
    f" AND record_id IN (SELECT value FROM json_each(?)) AND {_SAYS}"
)
_ERASE = 'UPDATE change_log SET "before" = NULL, "after" = NULL, salt = NULL WHERE seq = ?'
_RECORDED = "SELECT recording FROM interaction WHERE id IN (SELECT value FROM json_each(?)) AND recording IS NOT NULL"


def erase_texts(connection: Connection, keys: Collection[Key], unsettled: tuple[str, int] | None = None) -> set[Key]:
    """Takes what the log says of these records out of it; returns those of which it said something.

    ``unsettled``: what this site wrote after this place of its chain stays, and so does what was refused and waits for
    the user.
    """
    found: set[Key] = set()
    entries: list[tuple[int]] = []
    for table, ids in by_table(keys).items():
        values = (table, compact(ids), *(unsettled or ()))
        for seq, *key in connection.exec_driver_sql(_FIND + (_STANDING if unsettled else ""), values):
            entries.append((seq,))
            found.add((key[0], key[1]))
    if entries:
        connection.exec_driver_sql(_ERASE, entries)
    return found


def remove_recordings(records: Records, keys: Collection[Key]) -> None:
    """Of the interactions among ``keys``. Before their rows go: a crash in between must not leave sound behind."""
    ids = [record_id for table, record_id in keys if table == "interaction"]
    if not ids:
        return
    with records.read() as session:
        names = [name for (name,) in session.connection().exec_driver_sql(_RECORDED, (compact(ids),))]
    recordings = Recordings.beside(records)
    for name in names:
        recordings.remove(name)
