"""A desk's records in memory: its own chain with real hashes, what it received, rows; it can fail at every commit."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from app.records.codec import compact
from app.records.hlc import ZERO, HybridClock
from app.records.log import GENESIS, commitment_of, entry_hash
from app.sync.again import EARLY, as_found
from app.sync.credit import outstanding
from app.sync.desk_store import Counts, Outgoing, Position
from app.sync.policies import RESERVE
from app.sync.protocol import Entry, Op
from app.sync.replica import Key, Plan, Standing, Unsettled, View, on_top

Values = Mapping[str, Any]


@dataclass(frozen=True)
class Draft:
    """A change that a user makes to one record; ``after`` holds the fields to set."""

    key: Key
    op: Op
    after: Values = field(default_factory=dict)


@dataclass
class Quarantined:
    reason: str
    status: Literal["open", "resent", "discarded"] = "open"


class Chain:
    """One site's chain of entries."""

    def __init__(self, site: str, new_id: Callable[[], str]) -> None:
        self.site = site
        self.entries: list[Entry] = []
        self._new_id = new_id

    def append(
        self, hlc: str, actor: str, cause: tuple[str, str | None], transaction: str, key: Key, op: Op,
        before: Values | None, after: Values | None,
    ) -> Entry:  # fmt: skip
        salt = self._new_id()
        texts = [None if each is None else compact(dict(each)) for each in (before, after)]
        entry = Entry(
            self._new_id(), len(self.entries) + 1, hlc, actor, *cause, transaction, *key, op, *texts, 3, salt,
            commitment_of(salt, *texts), "",
        )  # fmt: skip
        previous = self.entries[-1].hash if self.entries else GENESIS
        entry = msgspec.structs.replace(entry, hash=entry_hash(previous, self.site, entry))
        self.entries.append(entry)
        return entry

    def erase(self, at: int) -> None:
        self.entries[at] = msgspec.structs.replace(self.entries[at], before=None, after=None, salt="")


class MemoryDesk:
    """Meets ``DeskStore``. ``commit_point`` is called before (False) and after (True) each commit, and may raise."""

    def __init__(
        self,
        wall: Callable[[], dt.datetime],
        new_id: Callable[[], str],
        commit_point: Callable[[bool], None] = lambda done: None,
        batch: int = 5,
    ) -> None:
        self._new_id, self._commit_point, self._batch = new_id, commit_point, batch
        self._clock = HybridClock(wall, ZERO)
        self.chain = Chain(new_id(), new_id)
        self.heard = Chain(new_id(), new_id)
        self.rows: dict[Key, Values] = {}
        self.known: dict[Key, View] = {}  # as the server has them; without ``row``
        self.quarantine: dict[str, Quarantined] = {}
        self._position = Position()
        self.once_accepted = 0  # of the own chain, by an earlier epoch

    # -- what a user does

    def write(self, actor: str, drafts: Sequence[Draft]) -> None:
        """One transaction."""
        self._commit_point(False)
        transaction = self._new_id()
        for draft in drafts:
            row = self.rows.get(draft.key)
            before: Values | None = None
            after: Values | None = None
            if draft.op == "insert":
                assert row is None
                after = self.rows[draft.key] = {"id": draft.key[1], **draft.after}
            elif draft.op == "delete":
                assert row is not None
                before = self.rows.pop(draft.key)
            else:
                assert row is not None
                after = {name: value for name, value in draft.after.items() if row.get(name) != value}
                if not after:
                    continue
                before = {name: row.get(name) for name in after}
                self.rows[draft.key] = {**row, **after}
            self.chain.append(
                self._clock.tick(), actor, ("user", None), transaction, draft.key, draft.op, before, after
            )
        self._commit_point(True)

    def reopen(self) -> None:
        """The program begins anew: all that there is is on the disk."""

    def discard(self, transaction: str) -> None:
        self.quarantine[transaction].status = "discarded"

    def resent(self, transaction: str) -> None:
        self.quarantine[transaction].status = "resent"

    # -- DeskStore

    @property
    def site(self) -> str:
        return self.chain.site

    def turn(self) -> AbstractContextManager[None]:
        return nullcontext()

    def written(self) -> int:
        return len(self.chain.entries)

    def position(self) -> Position:
        return self._position

    def counts(self) -> Counts:
        conflicts = sum(key[0] == "sync_conflict" and row["status"] == "open" for key, row in self.rows.items())
        quarantine = sum(each.status == "open" for each in self.quarantine.values())
        return Counts(self.written() - self._position.settled, conflicts, quarantine)

    def outgoing(self, after: int, limit: int) -> Outgoing:
        entries = self.chain.entries
        upto = min(after + min(limit, self._batch), len(entries))
        while upto < len(entries) and entries[upto].transaction == entries[upto - 1].transaction:
            upto += 1
        out = tuple(entries[after:upto])
        return Outgoing(out, tuple({each.transaction: None for each in out if each.transaction in self.quarantine}))

    def views(self, keys: Collection[Key]) -> Mapping[Key, View]:
        return {
            key: msgspec.structs.replace(self.known.get(key, View()), row=self.rows.get(key))
            for key in keys
            if key in self.known or key in self.rows
        }

    def unsettled(self, keys: Collection[Key]) -> Mapping[Key, Sequence[Unsettled]]:
        found: dict[Key, list[Unsettled]] = {}
        for each in self.chain.entries[self._position.settled :]:
            key = (each.table, each.record_id)
            if key in keys and each.transaction not in self.quarantine:
                found.setdefault(key, []).append(
                    Unsettled(each.site_seq, each.transaction, each.op, read(each.before), read(each.after))
                )
        return found

    def standing(self, keys: Collection[Key]) -> Mapping[Key, Standing]:
        return {
            key: Standing(
                only[0].site_seq,
                only[0].op,
                self.chain.entries[only[0].site_seq - 1].after,
                self.known[key].seq if key in self.known else None,
            )
            for key, only in self.unsettled(keys).items()
            if len(only) == 1 and only[0].site_seq > self._position.accepted and key in self.rows
            if not self.known.get(key, View()).aside
        }

    def commit(self, plan: Plan, position: Position) -> None:
        self._commit_point(False)
        for key, view in plan.views.items():
            self.known[key] = msgspec.structs.replace(view, row=None)
            if view.row is None:
                self.rows.pop(key, None)
            else:
                self.rows[key] = view.row
        for key, item in plan.confirmed.items():
            self.known[key] = View(seq=item.seq, scope=item.scope)
        for effect in plan.effects:
            cause = ("sync", effect.reference)
            self.heard.append(
                self._clock.tick(), effect.actor, cause, effect.transaction, effect.key, effect.op, effect.before,
                effect.after,
            )  # fmt: skip
        for refused in plan.refused:
            self.quarantine.setdefault(refused.transaction, Quarantined(refused.reason))
        self._position = position
        if plan.gone or plan.unseen:
            self._erase(plan)
        self._commit_point(True)

    def begin_epoch(self, position: Position) -> None:
        self._commit_point(False)
        self.known = {key: msgspec.structs.replace(view, seq=0) for key, view in self.known.items()}
        self.once_accepted = position.accepted
        self._position = position
        self._commit_point(True)

    def held(self) -> Mapping[str, str]:
        rows = [row for (table, _), row in self.rows.items() if table == RESERVE and self.site in row["sites"]]
        return {row["line_id"]: format(outstanding(row["sites"], self.site), "f") for row in rows}

    def make_again(self, upto: int) -> bool:
        for transaction, entries in self.early(upto).items():
            if self.fits(entries):
                self.write(entries[0].actor, [self._draft(each) for each in entries])
                self.quarantine[transaction].status = "resent"
        return bool(self.early(upto))

    def early(self, upto: int) -> dict[str, list[Entry]]:
        """Refused changes that may fit once what they are about is here."""
        found: dict[str, list[Entry]] = {}
        for entry in self.chain.entries[:upto]:
            refusal = self.quarantine.get(entry.transaction)
            if refusal is not None and refusal.status == "open" and EARLY in refusal.reason:
                found.setdefault(entry.transaction, []).append(entry)
        return found

    def fits(self, entries: Sequence[Entry]) -> bool:
        return all(map(self._fits, entries))

    def _fits(self, entry: Entry) -> bool:
        key = (entry.table, entry.record_id)
        here = entry.op == "insert" or bool(self.known.get(key, View()).seq)
        before, after = read(entry.before), read(entry.after)
        return here and bool(entry.salt) and as_found(entry.table, entry.op, before, after, self.rows.get(key))

    def _draft(self, entry: Entry) -> Draft:
        key = (entry.table, entry.record_id)
        unsettled = Unsettled(entry.site_seq, entry.transaction, "update", read(entry.before), read(entry.after))
        row = on_top(entry.table, self.rows.get(key, {}), [unsettled]) or {}
        return Draft(key, entry.op, {name: row[name] for name in read(entry.after) or {}})

    def keys_in(self, scopes: Collection[str]) -> Sequence[Key]:
        return [key for key, view in self.known.items() if view.scope in scopes]

    def keys_unseen(self) -> Sequence[Key]:
        keys = [key for key in {**self.known, **self.rows} if not self.known.get(key, View()).seq]
        standing = self.unsettled(keys)
        return [key for key in keys if key not in standing]

    def wipe(self) -> None:
        self._commit_point(False)
        self.chain, self.heard = Chain(self._new_id(), self._new_id), Chain(self._new_id(), self._new_id)
        self.rows, self.known, self.quarantine = {}, {}, {}
        self._position = Position()
        self._commit_point(True)

    def _erase(self, plan: Plan) -> None:
        """What is not settled yet stays, and what was refused: its author learns what became of it."""
        for chain, keys, upto in (
            (self.heard, plan.gone | plan.unseen, len(self.heard.entries)),
            (self.chain, plan.gone, self._position.settled),
        ):
            for at, each in enumerate(chain.entries[:upto]):
                key = (each.table, each.record_id)
                if key in plan.erased or (key in keys and each.transaction not in self.quarantine):
                    chain.erase(at)


def read(text: str | None) -> dict[str, Any] | None:
    return None if text is None else msgspec.json.decode(text, type=dict[str, Any])
