"""Personal data leaves the records for good: rows are emptied, texts and salts leave the log, recordings are removed.

The log still verifies: an entry's hash covers a commitment to its texts, which says nothing without the salt. Where
texts are missing, a later entry of cause ``erase`` or ``purge`` must say so; the audit looks for it.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from app.records.codec import compact, models
from app.records.log import Cause
from app.records.personal import EMPTIED, OF_CONTACT, OF_INTERACTION
from app.records.recordings import Recordings
from app.records.rows import Key, by_table

if TYPE_CHECKING:
    from app.records.store import Records

_SAYS = '("before" IS NOT NULL OR "after" IS NOT NULL)'
_SETTLED = " AND NOT (site = ? AND site_seq > ?)"
_UNDISPUTED = " AND transaction_id NOT IN (SELECT transaction_id FROM sync_quarantine WHERE status = 'open')"
_FIND = (
    "SELECT seq, table_name, record_id FROM change_log WHERE table_name = ?"
    f" AND record_id IN (SELECT value FROM json_each(?)) AND {_SAYS}"
)
_ERASE = 'UPDATE change_log SET "before" = NULL, "after" = NULL, salt = NULL WHERE seq = ?'
_ROWS_OF = "SELECT id FROM {table} WHERE {column} IN (SELECT value FROM json_each(?))"
_ENTRIES_OF = (
    "SELECT DISTINCT record_id FROM change_log WHERE table_name = ?"
    " AND (json_extract(\"after\", '$.{column}') IN (SELECT value FROM json_each(?))"
    " OR json_extract(\"before\", '$.{column}') IN (SELECT value FROM json_each(?)))"
)
_CONFLICTS_OF = "SELECT id FROM sync_conflict WHERE table_name = ? AND record_id IN (SELECT value FROM json_each(?))"
_RECORDED = "SELECT recording FROM interaction WHERE id IN (SELECT value FROM json_each(?)) AND recording IS NOT NULL"


def erase_texts(
    connection: Connection, keys: Collection[Key], unsettled: tuple[str, int] | None = None, *, refused: bool = False
) -> set[Key]:
    """Takes what the log says of these records out of it; returns those of which it said something.

    ``unsettled``: what this site wrote after this place of its chain stays, and so does what was refused and waits for
    the user, unless that is to go too (``refused``).
    """
    which = _FIND + (_SETTLED if unsettled else "") + (_UNDISPUTED if unsettled and not refused else "")
    found: set[Key] = set()
    entries: list[tuple[int]] = []
    for table, ids in by_table(keys).items():
        values = (table, compact(ids), *(unsettled or ()))
        for seq, *key in connection.exec_driver_sql(which, values):
            entries.append((seq,))
            found.add((key[0], key[1]))
    if entries:
        connection.exec_driver_sql(_ERASE, entries)
    return found


def erase(records: Records, keys: Collection[Key], actor: str) -> None:
    """Empties or deletes these records and takes them out of the log, the recordings and the copies of the database.

    At a desk of its own. Where there is a server, it erases, and its desks follow. Raises as ``Records.change`` does.
    """
    remove_recordings(records, keys)
    records.remove_copies()
    with records.change(actor, Cause("erase")) as change:
        logged = erase_texts(change.session.connection(), keys)
        for table, record_id in keys:
            model = models()[table]
            if (table, record_id) in logged or change.get(model, record_id) is not None:
                change.erase(model, record_id, EMPTIED.get(table))


def keys_of_person(session: Session, contact_id: str) -> list[Key]:
    """All records that hold data of this contact, those included that were deleted and live on in the log only."""
    connection = session.connection()
    found: dict[Key, None] = {("contact", contact_id): None}
    found.update(_hanging(connection, OF_CONTACT, "contact_id", [contact_id]))
    talks = [record_id for table, record_id in found if table == "interaction"]
    found.update(_hanging(connection, OF_INTERACTION, "interaction_id", talks))
    for table, ids in by_table(list(found)).items():
        conflicts = connection.exec_driver_sql(_CONFLICTS_OF, (table, compact(ids)))
        found.update({("sync_conflict", record_id): None for (record_id,) in conflicts})
    return list(found)


def _hanging(connection: Connection, tables: Collection[str], column: str, owners: Collection[str]) -> dict[Key, None]:
    found: dict[Key, None] = {}
    listed = compact(owners)
    for table in tables:
        for statement, values in (
            (_ROWS_OF.format(table=table, column=column), (listed,)),
            (_ENTRIES_OF.format(column=column), (table, listed, listed)),
        ):
            rows = connection.exec_driver_sql(statement, values)
            found.update({(table, record_id): None for (record_id,) in rows})
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
