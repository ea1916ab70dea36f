"""The server's ledger in memory: the same interface as over Postgres, cheap to copy, and it can fail at a commit."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any, TypeVar

import msgspec

from app.records.codec import compact
from app.records.hlc import ZERO
from app.records.log import GENESIS
from app.records.personal import OF_CONTACT, OF_INTERACTION
from app.server.ledger import Batch, Head, Listed, SnapshotPage
from app.sync import authority, scopes
from app.sync.authority import ChainEnd, Ground, Key, Occasion, Own, Placed, Verdict, Wanted
from app.sync.merge import State
from app.sync.policies import CONFLICT, UNIQUE
from app.sync.protocol import Stored

T = TypeVar("T")
START = ChainEnd(0, GENESIS, ZERO)


def run(work: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that never waits."""
    try:
        work.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    raise AssertionError("something waited in a world where nothing does")


@dataclass
class Firm:
    """What one firm's database holds. ``epochs``: each with the place from which on it is its own."""

    site: str
    epochs: dict[str, int]
    placed: list[Placed] = field(default_factory=list)
    states: dict[Key, State] = field(default_factory=dict)
    ends: dict[str, ChainEnd] = field(default_factory=dict)
    own_end: ChainEnd = START
    links: set[tuple[Key, Key]] = field(default_factory=set)  # what ever hung on what, as the real one keeps it
    back: frozenset[str] | None = None  # who has returned since a restore; None where none is missing

    @property
    def epoch(self) -> str:
        return next(reversed(self.epochs))

    def copy(self) -> Firm:
        return replace(
            self, epochs=dict(self.epochs), placed=list(self.placed), states=dict(self.states), ends=dict(self.ends),
            links=set(self.links),
        )  # fmt: skip

    def keys_of_person(self, contact: str) -> set[Key]:
        person = ("contact", contact)
        keys = {person} | {key for above, key in self.links if above == person and key[0] in OF_CONTACT}
        talks = {key for key in keys if key[0] == "interaction"}
        keys |= {key for above, key in self.links if above in talks and key[0] in OF_INTERACTION}
        return keys | {key for above, key in self.links if above in keys and key[0] == CONFLICT}


class MemoryLedger:
    """``commit_point`` is called before (False) and after (True) each commit, and may raise."""

    def __init__(
        self,
        now: Callable[[], int],
        new_id: Callable[[], str],
        commit_point: Callable[[bool], None] = lambda done: None,
        page: int = 1000,
    ) -> None:
        self._now, self._new_id, self._commit_point, self._page = now, new_id, commit_point, page
        self.firms: dict[str, Firm] = {}
        self.enrolled: Callable[[], set[str]] = set

    def found(self, firm: str, epoch: str) -> None:
        self.firms[firm] = Firm(self._new_id(), {epoch: 0})

    def restore(self, firm: str, backup: Firm, epoch: str) -> None:
        """Puts an older copy in place."""
        restored = backup.copy()
        restored.epochs[epoch] = len(restored.placed)
        restored.back = frozenset()
        self.firms[firm] = restored

    @asynccontextmanager
    async def locked(self, firm: str) -> AsyncIterator[MemoryTurn]:
        firm_now = self.firms[firm]
        if firm_now.back is not None and self.enrolled() <= firm_now.back:
            firm_now.back = None
        turn = MemoryTurn(
            self.firms[firm].copy(), Own(self.firms[firm].site, self.firms[firm].own_end, self._now(), *self._draws())
        )
        yield turn
        if turn.kept:
            self._commit_point(False)
            self.firms[firm] = turn.firm
            self._commit_point(True)

    async def erase(self, firm: str, contact: str) -> None:
        """As an administrator does."""
        async with self.locked(firm) as turn:
            keys = turn.firm.keys_of_person(contact)
            own = await turn.own()
            ground, occasion = await turn.ground(Wanted(frozenset(keys))), Occasion(None, self._new_id(), 3)
            await turn.keep(authority.erase(keys, occasion, ground, own), own.site)

    async def head(self, firm: str) -> Head:
        return Head(self.firms[firm].epoch, len(self.firms[firm].placed))

    async def away(self, firm: str, site: str) -> bool:
        back = self.firms[firm].back
        return back is not None and site not in back

    async def base(self, firm: str, epoch: str) -> int:
        """The place up to which the order of ``epoch`` and of now are the same, 0 if nobody knows."""
        for (name, _), (_, place) in pairwise(self.firms[firm].epochs.items()):
            if name == epoch:
                return place
        return 0

    async def end(self, firm: str, site: str) -> ChainEnd:
        return self.firms[firm].ends.get(site, START)

    async def items(self, firm: str, after: int, limit: int) -> Batch:
        placed = self.firms[firm].placed
        upto = min(after + min(limit, self._page), len(placed))
        while 0 < upto < len(placed) and placed[upto].item.transaction == placed[upto - 1].item.transaction:
            upto += 1
        listed = [Listed(each.item, each.site_only) for each in placed[after:upto]]
        return Batch(listed, after, max(upto, after), len(placed))

    async def snapshot(self, firm: str, scope: str, after: tuple[str, str], limit: int) -> SnapshotPage:
        states = self.firms[firm].states
        keys = sorted(key for key, state in states.items() if state.scope == scope and state.deleted is None)
        wanted, limit = [key for key in keys if key > after], min(limit, self._page)
        records = [Stored(*key, compact(dict(states[key].fields)), scope, states[key].seq) for key in wanted[:limit]]
        return SnapshotPage(records, len(self.firms[firm].placed), len(wanted) > limit, len(keys))

    def _draws(self) -> tuple[Callable[[], str], Callable[[], str]]:
        return self._new_id, self._new_id


class MemoryTurn:
    def __init__(self, firm: Firm, own: Own) -> None:
        self.firm = firm
        self.kept = False
        self._own = own

    async def end(self, site: str) -> ChainEnd:
        return self.firm.ends.get(site, START)

    async def own(self) -> Own:
        return replace(self._own, end=self.firm.own_end)

    async def gathering(self) -> bool:
        return self.firm.back is not None

    async def away(self, site: str) -> bool:
        return self.firm.back is not None and site not in self.firm.back

    async def returned(self, site: str) -> None:
        self.kept = True
        self.firm.back = (self.firm.back or frozenset()) | {site}

    async def ground(self, wanted: Wanted) -> Ground:
        tops = wanted.below | (wanted.again & self.firm.states.keys())
        below = {key: self._below(key) for key in sorted(tops)}
        states: dict[Key, State] = {}
        missing = set(wanted.keys).union(*below.values())
        while missing:
            found = {key: self.firm.states[key] for key in missing if key in self.firm.states}
            states |= found
            above = {up for (table, _), state in found.items() for up in scopes.parents(table, state.fields)}
            missing = above - states.keys() - missing
        unique = {
            (table, value): record_id
            for (table, record_id), state in self.firm.states.items()
            if table in UNIQUE
            and state.deleted is None
            and (table, value := str(state.fields.get(UNIQUE[table]))) in wanted.unique
        }
        return Ground(len(self.firm.placed), states, unique, below)

    async def keep(self, verdict: Verdict, site: str) -> None:
        self.kept = True
        if verdict.erased:
            self.firm.placed = [_forgotten(each, verdict.erased) for each in self.firm.placed]
        self.firm.placed += verdict.placed
        self.firm.states.update(verdict.states)
        for key, state in verdict.states.items():
            self.firm.links |= {(above, key) for above in scopes.parents(key[0], state.fields)}
        self.firm.own_end = verdict.own_end
        if verdict.site_end is not None:
            self.firm.ends[site] = verdict.site_end
        assert len(self.firm.placed) == verdict.head

    def _below(self, key: Key) -> list[Key]:
        found: dict[Key, None] = {}
        level = {key}
        while level:
            level = {each for above, each in self.firm.links if above in level and each not in found}
            found |= dict.fromkeys(sorted(level))
        return list(found)


def _forgotten(placed: Placed, keys: Collection[Key]) -> Placed:
    if (placed.entry.table, placed.entry.record_id) not in keys:
        return placed
    entry = msgspec.structs.replace(placed.entry, before=None, after=None, salt="")
    item = msgspec.structs.replace(placed.item, fields=None, whole=True)
    return msgspec.structs.replace(placed, entry=entry, item=item)
