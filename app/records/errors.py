"""What can go wrong with the store. Each message is a sentence that says what the user can do."""

from __future__ import annotations

import errno
import sqlite3


class StoreError(Exception):
    """Any failure of the records store; ``str()`` is fit to be shown to the user."""


class WrongKey(StoreError):
    """The key does not open this database."""


class NewerDatabase(StoreError):
    """The database was written by a newer Deskline. It is left untouched."""


class StoreBusy(StoreError):
    """Another process has the records open."""


class DiskFull(StoreError):
    """No room to write. Nothing of the change was stored; the store works again once there is room."""


class CorruptDatabase(StoreError):
    """The database file is damaged."""


class StoreUnavailable(StoreError):
    """The file or its folder cannot be read or written."""


class MigrationFailed(StoreError):
    """The database could not be brought to this version's schema; it is as it was before."""


class Refused(StoreError):
    """A change breaks a rule of the tables (missing value, duplicate, unknown reference). Nothing was stored."""


class RecordMissing(StoreError):
    """No record with this id."""


class WrongThread(StoreError):
    """Records were asked for on a thread that must not wait for the disk."""


class OutsideTheLog(StoreError):
    """A write that would not appear in the change log."""


def translated(error: BaseException) -> StoreError | None:
    """The store's own error for one of the database driver, the operating system, or None if it is neither."""
    original = getattr(error, "orig", None) or error
    if isinstance(original, OSError):
        if original.errno in (errno.ENOSPC, errno.EDQUOT):
            return _disk_full()
        return _unavailable(original.strerror)
    if original is not error and isinstance(original, ValueError | TypeError):
        return Refused(f"The change was refused: {original}.")  # a column type would not store the value
    code = getattr(original, "sqlite_errorcode", None)
    if not isinstance(code, int):
        return None
    match code & 0xFF:
        case sqlite3.SQLITE_FULL:
            return _disk_full()
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return CorruptDatabase(
                "The records file is damaged. Close Deskline and restore the newest backup from its backups folder."
            )
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return StoreBusy("The records are in use by another program. Close it and try again.")
        case sqlite3.SQLITE_CONSTRAINT:
            return Refused(f"The change was refused: {original}.")
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM:
            return _unavailable(original)
        case sqlite3.SQLITE_IOERR:
            return StoreUnavailable(f"The disk reported a fault ({original}). Nothing of the change was stored.")
        case _:
            return None


def _unavailable(reason: object) -> StoreUnavailable:
    return StoreUnavailable(f"The records cannot be read or written ({reason}). Check the folder's rights.")


def _disk_full() -> DiskFull:
    return DiskFull("The disk is full: the last change was not stored. Free some space and repeat it.")
