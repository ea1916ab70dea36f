"""The records: open, read, change, and hear of changes.

One process has the folder (a lock file). One change at a time; any number of readers, each seeing one state.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import logging
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, Engine, delete, insert, select
from sqlalchemy.orm import Session

from app.records import schema
from app.records.anchor import Anchor
from app.records.chain import Authored, Chain
from app.records.change import Change, LoggedSession
from app.records.engine import reader_engine, writer_engine
from app.records.errors import DiskFull, StoreError, StoreUnavailable, WrongThread, translated
from app.records.hlc import utc_now
from app.records.indexing import forget, maintain
from app.records.lock import FolderLock
from app.records.log import HEAD_KEY, Cause, Entry, change_log, derived_key, entry_of, meta_table
from app.records.tails import Tail

T = TypeVar("T")
Listener = Callable[[Sequence[Entry]], None]
log = logging.getLogger(__name__)

DATABASE = "deskline.db"
_LEAST_FREE = 1_000_000
_KEPT = "kept."
"""What others name is set apart from what the store itself writes in the same table."""


class Records:
    """Make one with ``open``; close it when done (it is a context manager)."""

    def __init__(
        self,
        folder: Path,
        key: bytes,
        writer: Engine,
        bulk: Engine,
        reader: Engine,
        chain: Chain,
        lock: FolderLock,
        clock: Callable[[], dt.datetime],
    ) -> None:
        self.folder = folder
        self._key = key
        self._writer = writer
        self._bulk = bulk
        self._reader = reader
        self._chain = chain
        self.now = clock
        self._lock = lock
        self._write_lock = threading.RLock()
        self._writing_thread: int | None = None
        self._forbidden: set[int] = set()
        self._listeners: list[Listener] = []
        self._write_pool = ThreadPoolExecutor(1, "records-writer")
        self._read_pool = ThreadPoolExecutor(1, "records-reader")
        self._closed = False

    @classmethod
    def open(cls, folder: Path, key: bytes, *, clock: Callable[[], dt.datetime] = utc_now) -> Records:
        """Opens the records in ``folder``, creating or migrating them as needed.

        ``key``: 32 bytes. Raises StoreBusy, WrongKey, NewerDatabase, CorruptDatabase, MigrationFailed, DiskFull,
        StoreUnavailable; none of them changes what was there.
        """
        with _translating():
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = FolderLock(folder / "deskline.lock")
            writer: Engine | None = None
            bulk: Engine | None = None
            try:
                path = folder / DATABASE
                anchor = Anchor(folder / "deskline.head", derived_key(key, HEAD_KEY))
                found = schema.check(path, key, key_is_known=anchor.read() is not None)
                writer = writer_engine(path, key)
                with contextlib.closing(writer.raw_connection()) as raw:
                    raw.cursor().execute("PRAGMA journal_mode = WAL")
                path.chmod(0o600)
                schema.prepare(path, key, found, writer)
                bulk = writer_engine(path, key, references=False)
                schema.take_up_extra(bulk)
                schema.fill_search(writer)
                chain = Chain.open(writer, anchor, clock)
                return cls(folder, key, writer, bulk, reader_engine(path, key), chain, lock, clock)
            except BaseException as error:
                for engine in (bulk, writer):
                    if engine is not None:
                        engine.dispose()
                lock.release()
                known = error if isinstance(error, StoreError) else translated(error)
                if isinstance(known, StoreUnavailable) and shutil.disk_usage(folder).free < _LEAST_FREE:
                    # SQLite calls it an I/O error when it has no room for the file its connections share.
                    raise DiskFull("The disk is full: the records cannot be opened. Free some space first.") from error
                raise

    @property
    def site(self) -> str:
        """The id of this database in the change log."""
        return self._chain.site

    @property
    def chain(self) -> Chain:
        """For the audit."""
        return self._chain

    def derived_key(self, purpose: str) -> bytes:
        """A key for files that belong to the records, for example recordings."""
        return derived_key(self._key, purpose)

    def forbid_thread(self) -> None:
        """From now on ``change`` and ``read`` raise WrongThread on the calling thread (the UI's)."""
        self._forbidden.add(threading.get_ident())

    # -- writing

    @contextlib.contextmanager
    def change(self, actor: str, cause: Cause | None = None) -> Iterator[Change]:
        """A unit of work: stored and logged whole when the block ends, or not at all if it raises.

        Waits for other changes to end. Raises Refused, DiskFull, CorruptDatabase, StoreUnavailable.
        """
        with self._alone():
            try:
                with LoggedSession(self._writer, expire_on_commit=False) as session:
                    with _translating():
                        session.connection()  # takes the database's write lock
                    change = Change(session, actor, cause or Cause.user())
                    yield change
                    with _translating():
                        drafts = change.drafts()
                        maintain(session.connection(), drafts)
                        if change.erases:
                            forget(session.connection())
                        commit = self._chain.append(session.connection(), change, drafts)
                        session.commit()
                self._chain.adopt(commit)
                if commit.entries:
                    self._notify(commit.entries)
            except StoreError:
                raise
            except Exception as error:
                known = _driver_error(error)
                if known is None:
                    raise
                raise known from error

    def receive(self, work: Callable[[Connection], Sequence[Authored]], *, erases: bool = False) -> None:
        """Stores what came from the server, whole or not at all; ``work`` writes the rows and says what to log.

        In bulk: no mapped objects, and references are not checked, since a desk need not hold what a record refers to.
        ``erases``: contents leave for good, so that the search may not remember them either.
        Raises DiskFull, CorruptDatabase, StoreUnavailable.
        """
        with self._alone(), _translating():
            with self._bulk.begin() as connection:
                received = work(connection)
                maintain(connection, [each.draft for each in received])
                if erases:
                    forget(connection)
                commit = self._chain.receive(connection, received)
            self._chain.adopt(commit)
            if commit.entries:
                self._notify(commit.entries)

    def remove_copies(self) -> None:
        """Those made before migrations: they hold what is erased here. Raises StoreUnavailable."""
        with _translating():
            self._remove("backups")

    def _remove(self, name: str) -> None:
        if (self.folder / name).exists():
            shutil.rmtree(self.folder / name)

    def wipe(self) -> None:
        """Nothing that was here stays: records, log, recordings, copies. What remains is a new, empty database."""
        with self._alone(), _translating():
            self._remove("recordings")
            self._remove("backups")
            with self._bulk.begin() as connection:
                schema.empty(connection)
            self._chain.close()
            self._chain = Chain.open(self._writer, self._chain.anchor, self.now)
            with contextlib.closing(self._bulk.raw_connection()) as raw:
                raw.cursor().execute("VACUUM")
                raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Nobody else changes anything meanwhile; the caller's thread may read and change."""
        self._check_thread()
        with self._write_lock:
            yield

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        self._check_thread()
        if self._writing_thread == threading.get_ident():
            raise RuntimeError("a change within a change: pass the outer one along")
        with self._write_lock:
            self._writing_thread = threading.get_ident()
            try:
                yield
            finally:
                self._writing_thread = None

    async def write(self, actor: str, work: Callable[[Change], T], cause: Cause | None = None) -> T:
        """Runs ``work`` in a change on the writer thread. Cancelling the wait does not cancel the change."""

        def run() -> T:
            with self.change(actor, cause) as change:
                return work(change)

        return await asyncio.get_running_loop().run_in_executor(self._write_pool, run)

    # -- reading

    @contextlib.contextmanager
    def read(self) -> Iterator[Session]:
        """A session that sees one state of the records and cannot write. Its rows stay usable afterwards."""
        self._check_thread()
        with Session(self._reader, expire_on_commit=False, autoflush=False) as session:
            try:
                yield session
            except StoreError:
                raise
            except Exception as error:
                known = _driver_error(error)
                if known is None:
                    raise
                raise known from error

    async def query(self, work: Callable[[Session], T]) -> T:
        """Runs ``work`` with a reading session on a reader thread."""

        def run() -> T:
            with self.read() as session:
                return work(session)

        return await asyncio.get_running_loop().run_in_executor(self._read_pool, run)

    # -- beside the records

    async def keep(self, name: str, text: str) -> None:
        """Keeps a text of the desk's own under a name, in place of the one before. No record: nothing is logged."""

        def run() -> None:
            with self._write_lock, _translating(), self._writer.begin() as connection:
                connection.execute(delete(meta_table).where(meta_table.c.key == _KEPT + name))
                connection.execute(insert(meta_table).values(key=_KEPT + name, value=text))

        await asyncio.get_running_loop().run_in_executor(self._write_pool, run)

    async def kept(self, name: str) -> str | None:
        """The text that ``keep`` was given last."""
        found = select(meta_table.c.value).where(meta_table.c.key == _KEPT + name)
        return await self.query(lambda session: session.execute(found).scalar())

    # -- hearing of changes

    def on_commit(self, listener: Listener) -> Callable[[], None]:
        """Calls ``listener`` after each commit, on the thread that wrote, in commit order; returns what ends this.

        The listener must be quick and must not write. What it raises is logged.
        """
        self._listeners.append(listener)

        def unsubscribe() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return unsubscribe

    def tail(self, name: str) -> Tail:
        """A reader of the change log with a place that outlives the program."""
        return Tail(self, name)

    def entries(self, table: str, record_id: str) -> list[Entry]:
        """The history of one record, oldest first."""
        where = (change_log.c.table_name == table) & (change_log.c.record_id == record_id)
        with self.read() as session:
            rows = session.execute(select(change_log).where(where).order_by(change_log.c.seq)).mappings()
            return [entry_of(row) for row in rows]

    # -- ending

    def close(self) -> None:
        """Waits for running work, then closes the file and releases the folder. Harmless when called again."""
        if self._closed:
            return
        self._closed = True
        self._write_pool.shutdown()
        self._read_pool.shutdown()
        with self._write_lock:
            self._reader.dispose()
            self._bulk.dispose()
            self._writer.dispose()  # the last connection to close moves the write-ahead log into the file
            self._chain.close()
            self._lock.release()

    def __enter__(self) -> Records:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _check_thread(self) -> None:
        if threading.get_ident() in self._forbidden:
            raise WrongThread("Records are not read or written on this thread: await records.query or records.write.")

    def _notify(self, entries: Sequence[Entry]) -> None:
        for listener in tuple(self._listeners):
            try:
                listener(entries)
            except Exception:
                log.exception("a listener to the change log failed")


def _driver_error(error: BaseException) -> StoreError | None:
    """Only for what the database raised: an OSError of the caller's own work is the caller's."""
    return None if isinstance(error, OSError) else translated(error)


@contextlib.contextmanager
def _translating() -> Iterator[None]:
    try:
        yield
    except StoreError:
        raise
    except Exception as error:
        known = translated(error)
        if known is None:
            raise
        raise known from error
