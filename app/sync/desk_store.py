"""What the desk's session needs of the desk's records: met by SQLCipher and, in simulations, by memory."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from app.sync.protocol import Entry
from app.sync.replica import Key, Plan, Standing, Unsettled, View


@dataclass(frozen=True, slots=True)
class SnapshotAt:
    """How far a snapshot came: the scope being read, the last record that was stored, and the scopes still to come.

    ``anew``: it began with another epoch, so that what it did not bring is gone at its end. ``done`` and ``total``
    count records.
    """

    scope: str
    table: str = ""
    record_id: str = ""
    left: tuple[str, ...] = ()
    anew: bool = False
    done: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True)
class Position:
    """Where the desk stands with the server. ``epoch`` is empty until they first met.

    ``cursor``: the place in the server's order up to which everything is stored here. ``settled``: how many entries of
    the desk's own chain have come back. After the server was restored: ``accepted`` entries had come back from an
    earlier epoch (0 once none of them waits that came early), and ``held`` is what that one reserved of credit lines
    for this desk (decimal text by line id), less what these entries use of it, until the server has taken note; then
    None.
    """

    epoch: str = ""
    cursor: int = 0
    settled: int = 0
    scopes: tuple[str, ...] = ()
    snapshot: SnapshotAt | None = None
    accepted: int = 0
    held: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Outgoing:
    """Entries of the desk's own chain, whole transactions; ``withdrawn``: those that were refused before."""

    entries: tuple[Entry, ...]
    withdrawn: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Counts:
    """``to_sync``: own entries that have not come back. ``conflicts`` and ``quarantine`` are the open ones."""

    to_sync: int
    conflicts: int
    quarantine: int


class DeskStore(Protocol):
    """Every call is atomic, and durable when it returns. Where it raises StoreError (full disk), nothing was stored."""

    @property
    def site(self) -> str: ...

    def turn(self) -> AbstractContextManager[None]:
        """The desk changes nothing meanwhile: around reading ``views`` and ``unsettled``, planning, and ``commit``."""

    def written(self) -> int:
        """The length of the desk's own chain."""

    def position(self) -> Position: ...

    def counts(self) -> Counts: ...

    def outgoing(self, after: int, limit: int) -> Outgoing:
        """The entries after place ``after`` of the own chain; at least one transaction where there is one."""

    def views(self, keys: Collection[Key]) -> Mapping[Key, View]:
        """Of those records that are here or were once."""

    def unsettled(self, keys: Collection[Key]) -> Mapping[Key, Sequence[Unsettled]]:
        """In the order of the chain, without withdrawn ones; ``position().settled`` says from where on."""

    def standing(self, keys: Collection[Key]) -> Mapping[Key, Standing]:
        """Of those records that show, on which one such entry stands and no more, which no earlier epoch had accepted,
        and of which nothing is kept aside: they show what it says."""

    def commit(self, plan: Plan, position: Position) -> None:
        """Rows, their entries in the received chain, views, places of what is confirmed, refused transactions (to
        quarantine) and the position.

        What the log says of the records in ``plan.gone`` leaves it, and so do their recordings; of those in
        ``plan.unseen`` what was received. What is not settled yet or waits in quarantine stays, so that its author
        learns what became of it; not so of those in ``plan.erased`` what waits in quarantine.
        """

    def begin_epoch(self, position: Position) -> None:
        """The server starts anew: no record's place counts any more (``seq`` 0); stores the position."""

    def held(self) -> Mapping[str, str]:
        """What of credit lines is reserved for this desk, by line id, as the server last said."""

    def make_again(self, upto: int) -> bool:
        """Changes of the own chain up to ``upto`` that were refused, for a restored server did not have what they are
        about yet: made once more where each record now is as they found it. Whether others still wait."""

    def keys_in(self, scopes: Collection[str]) -> Sequence[Key]:
        """The records that came from the server in these scopes."""

    def keys_unseen(self) -> Sequence[Key]:
        """Records known from an earlier epoch that the new one has not brought, and no unsettled entry stands on."""

    def wipe(self) -> None:
        """The device was revoked: nothing of the firm stays."""


def between(store: DeskStore, after: int, upto: int) -> Iterator[Entry]:
    """The entries of the desk's own chain after one place and up to another."""
    while after < upto:
        entries = store.outgoing(after, upto - after).entries
        yield from (entry for entry in entries if entry.site_seq <= upto)
        after = entries[-1].site_seq
