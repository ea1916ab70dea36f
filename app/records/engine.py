"""Connections to the encrypted file."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import sqlcipher3.dbapi2 as sqlcipher
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.pool import QueuePool

from app.records.codec import canonical

KEY_BYTES = 32
# A waiting reader or checkpoint gives up after this; the lock file already keeps other programs out.
_BUSY_MILLISECONDS = 5000
_READERS = 4

# Without these the driver looks for a way to adapt each None and bool that is bound: a microsecond for each.
sqlcipher.register_adapter(type(None), {}.get)  # None for None, without a frame
sqlcipher.register_adapter(bool, int)


def connect(path: Path, key: bytes, *, read_only: bool = False) -> Any:
    """A raw driver connection. The key is not tried until the first read.

    The key is given raw (64 hexadecimal digits), so SQLCipher runs no key derivation: 0.1 ms instead of 150 ms.
    """
    if len(key) != KEY_BYTES:
        raise ValueError(f"the database key must have {KEY_BYTES} bytes")
    mode = "ro" if read_only else "rwc"
    connection = sqlcipher.connect(
        f"{path.absolute().as_uri()}?mode={mode}", uri=True, isolation_level=None, check_same_thread=False
    )
    # SQLCipher would write key and page errors to standard error; they reach the user as exceptions.
    connection.execute("PRAGMA cipher_log_level = NONE")
    connection.execute(f"PRAGMA key = \"x'{key.hex()}'\"")
    connection.execute(f"PRAGMA busy_timeout = {_BUSY_MILLISECONDS}")
    return connection


def writer_engine(path: Path, key: bytes, *, references: bool = True) -> Engine:
    """One connection, on which every transaction takes the write lock at its start.

    ``references``: whether a row may only refer to rows that are there.

    synchronous=FULL: in WAL mode NORMAL keeps the file consistent but may lose the last commits when power fails; a
    deal or a draft that the trader saw saved must be there afterwards. It costs one fsync per commit.
    """

    def create() -> Any:
        connection = connect(path, key)
        connection.execute(f"PRAGMA foreign_keys = {'ON' if references else 'OFF'}")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA fullfsync = ON")  # macOS: fsync alone does not reach the platter
        connection.execute("PRAGMA journal_size_limit = 67108864")
        connection.execute("PRAGMA secure_delete = ON")  # what is erased is not left in unused pages
        return connection

    engine = _engine(create, pool_size=1)

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        # Rows of one change may refer to each other in any order; the references are checked at commit.
        connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")

    return engine


def reader_engine(path: Path, key: bytes) -> Engine:
    """A small pool of connections that cannot write; each transaction sees one state of the database."""

    def create() -> Any:
        connection = connect(path, key)
        connection.execute("PRAGMA query_only = ON")
        return connection

    engine = _engine(create, pool_size=_READERS)

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN")

    return engine


def is_wrong_key(error: BaseException) -> bool:
    """SQLCipher cannot tell a wrong key from a damaged first page: both look like another kind of file."""
    return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_NOTADB


def _engine(create: Any, pool_size: int) -> Engine:
    engine = create_engine(
        "sqlite://",
        module=sqlcipher,
        creator=create,
        poolclass=QueuePool,
        pool_size=pool_size,
        max_overflow=0,
        json_serializer=canonical,
        hide_parameters=True,  # errors reach the log; client data must not
    )

    @event.listens_for(engine, "checkin")
    def end(connection: Any, record: object) -> None:
        # A COMMIT that fails (full disk, broken reference) leaves the transaction open; SQLAlchemy takes it for done.
        if connection is not None and connection.in_transaction:
            connection.rollback()

    return engine
