"""Readers of the change log that remember how far they came."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from app.records.log import Cause, Entry, change_log, entry_of, tail_cursor

if TYPE_CHECKING:
    from app.records.store import Records


class Tail:
    """``pending`` entries stay pending until ``advance``: a reader that dies in between sees them again.

    Work that must happen exactly once moves the cursor in its own change: ``change.advance(tail.name, entry.seq)``.
    Entries become visible in order here (one writer, and the sequence number is given out inside its transaction), so
    ``seq > cursor`` misses nothing. On a server with many writers it would.
    """

    def __init__(self, records: Records, name: str) -> None:
        self._records = records
        self.name = name

    @property
    def position(self) -> int:
        """The sequence number of the last entry dealt with; 0 at first."""
        with self._records.read() as session:
            return session.execute(select(tail_cursor.c.seq).where(tail_cursor.c.name == self.name)).scalar() or 0

    def pending(self, limit: int = 1000) -> list[Entry]:
        with self._records.read() as session:
            cursor = select(tail_cursor.c.seq).where(tail_cursor.c.name == self.name)
            position = session.execute(cursor).scalar() or 0
            statement = select(change_log).where(change_log.c.seq > position).order_by(change_log.c.seq).limit(limit)
            return [entry_of(row) for row in session.execute(statement).mappings()]

    def count(self) -> int:
        """How many entries are pending."""
        with self._records.read() as session:
            cursor = select(tail_cursor.c.seq).where(tail_cursor.c.name == self.name)
            position = session.execute(cursor).scalar() or 0
            waiting = select(func.count()).select_from(change_log).where(change_log.c.seq > position)
            return session.execute(waiting).scalar_one()

    def advance(self, seq: int) -> None:
        """Everything up to and including ``seq`` is dealt with. Never moves back."""
        with self._records.change(f"tail:{self.name}", Cause.program()) as change:
            change.advance(self.name, seq)
