"""Brings a database file to this version's schema, or refuses it and leaves it as it was."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, delete, insert, select, update

from app.records import indexing, rows
from app.records.engine import connect, is_wrong_key
from app.records.errors import CorruptDatabase, DiskFull, MigrationFailed, NewerDatabase, WrongKey, translated
from app.records.log import HEAD_KEY, derived_key, meta_table, store_tables
from app.records.migrations import CURRENT, MIGRATIONS, Migration
from app.records.tables import Record

_KEPT_BACKUPS = 3
log = logging.getLogger(__name__)


def check(path: Path, key: bytes, key_is_known: bool) -> int:
    """The schema version of the file, 0 for a new or empty one. Opens it read-only: a refused file is not touched.

    ``key_is_known``: something else was already authenticated with this key, so the file must be damaged if it
    does not open. Raises WrongKey, CorruptDatabase, NewerDatabase.
    """
    if not path.exists() or path.stat().st_size == 0:
        return 0
    connection = connect(path, key, read_only=True)
    try:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        version = _version(connection) if "meta" in tables else 0
    except Exception as error:
        if is_wrong_key(error) and not key_is_known:
            raise WrongKey(
                "The key does not open the records: it belongs to other records, or the file's first page is damaged. "
                "Check the passphrase or keyring entry, or restore a backup."
            ) from error
        known = translated(error)
        raise known if known is not None else error from error
    finally:
        connection.close()
    if tables and not version:
        raise CorruptDatabase("The records file has no schema version. Restore the newest backup.")
    if version > CURRENT:
        raise NewerDatabase(
            f"The records were written by a newer Deskline (schema {version}; this one knows {CURRENT}). "
            "Install the newer version; nothing was changed."
        )
    return version


def prepare(path: Path, key: bytes, found: int, writer: Engine, steps: Sequence[Migration] = MIGRATIONS) -> None:
    """Applies the missing migrations, each in its own transaction, after copying an existing database aside."""
    missing = [step for step in steps if step.version > found]
    head_key = derived_key(key, HEAD_KEY)
    if not missing:
        return
    backup = _back_up(path, key, found) if found else None
    for step in missing:
        try:
            with writer.begin() as connection:
                step.apply(connection, head_key)
                _set_version(connection, step.version)
        except Exception as error:
            known = translated(error)
            if isinstance(known, DiskFull):
                raise known from error
            where = f" The copy from before is {backup}." if backup else ""
            raise MigrationFailed(
                f"The records could not be brought to schema {step.version} ({step.name}); they are as they were."
                f"{where} Install the previous version again, or send the log to support."
            ) from error
        log.info("records are at schema %d (%s)", step.version, step.name)


def fill_search(writer: Engine) -> None:
    """Builds the full-text indexes if a migration asked for it."""
    asked = meta_table.c.key == "search_stale"
    with writer.begin() as connection:
        if connection.execute(select(meta_table).where(asked)).first() is not None:
            indexing.rebuild(connection)
            connection.execute(delete(meta_table).where(asked))


def take_up_extra(bulk: Engine) -> None:
    """After an update of Deskline: fields that came before they were known. ``bulk``: without checked references."""
    where = meta_table.c.key == "extra_version"
    with bulk.begin() as connection:
        if connection.scalar(select(meta_table.c.value).where(where)) != str(CURRENT):
            indexing.maintain(connection, rows.take_up_extra(connection))
            connection.execute(delete(meta_table).where(where))
            connection.execute(insert(meta_table).values(key="extra_version", value=str(CURRENT)))


def empty(connection: Connection) -> None:
    """Takes everything out, and says so to the head file beside the database, which remembers the log."""
    tables = [*Record.metadata.sorted_tables, *store_tables.sorted_tables, *indexing.index_tables.sorted_tables]
    for table in tables:
        if table is not meta_table:
            connection.execute(delete(table))
    connection.execute(delete(meta_table).where(meta_table.c.key.not_in(("schema_version", "extra_version"))))
    connection.execute(insert(meta_table).values(key="wiped", value="1"))


def _version(connection: Any) -> int:
    row = connection.execute("SELECT value FROM meta WHERE key = 'schema_version'").fetchone()
    return int(row[0]) if row else 0


def _set_version(connection: Connection, version: int) -> None:
    where = meta_table.c.key == "schema_version"
    if connection.execute(select(meta_table.c.value).where(where)).first() is None:
        connection.execute(insert(meta_table).values(key="schema_version", value=str(version)))
    else:
        connection.execute(update(meta_table).where(where).values(value=str(version)))


def _back_up(path: Path, key: bytes, version: int) -> Path:
    folder = path.parent / "backups"
    folder.mkdir(mode=0o700, exist_ok=True)
    target = folder / f"{path.stem}-schema-{version}{path.suffix}"
    unfinished = target.with_suffix(".part")
    connection = connect(path, key)
    try:
        # Everything into the one file; nobody else writes, we hold the folder's lock.
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    finally:
        connection.close()
    try:
        shutil.copyfile(path, unfinished)
        with unfinished.open("rb+") as copy:
            os.fsync(copy.fileno())
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        known = translated(error)
        raise known if known is not None else error from error
    unfinished.replace(target)
    for old in sorted(folder.glob(f"{path.stem}-schema-*"), key=lambda each: each.stat().st_mtime)[:-_KEPT_BACKUPS]:
        old.unlink()
    return target
