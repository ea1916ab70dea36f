"""The server's judgement of what a site pushes: pure, on facts that were loaded beforehand.

``wanted`` says what to load, ``judge`` decides, the caller stores the verdict; all of it while the firm's order is
locked. A transaction is accepted whole or rejected whole; either way each of its entries gets a place in the order.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any

import msgspec

from app.records.codec import compact
from app.records.hlc import pack, unpack
from app.records.log import commitment_of, entry_hash
from app.sync import credit, scopes
from app.sync.merge import Edit, Loser, Merged, NotAccepted, State, merge, stamp
from app.sync.policies import CONFLICT, LINE, RESERVE, UNIQUE, kind_of
from app.sync.protocol import Entry, Item, Op, Outcome

Key = tuple[str, str]
"""Table and record id."""

Rights = Callable[[str, str, Op, Collection[str], str], str | None]
"""``(actor, table, op, fields, scope)`` -> the sentence why not, or None if it is allowed."""

MAX_SKEW = 5 * 60 * 1000
"""Milliseconds that a desk's clock may lead ours; a later stamp counts as of now."""


class BadPush(Exception):
    """The push as a whole cannot be judged: ``code`` as in ``protocol.Failure``. Nothing of it was taken."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


@dataclass(frozen=True, slots=True)
class ChainEnd:
    """How long a site's chain is here, the hash of its last entry, and its clock."""

    received: int
    hash: str
    hlc: str


@dataclass(frozen=True, slots=True)
class Author:
    """The site that pushes. ``scope`` takes what hangs on no customer; ``holds`` are the scopes of its device."""

    site: str
    scope: str
    holds: frozenset[str]
    may: Rights


@dataclass(frozen=True, slots=True)
class Own:
    """The server as a site of its own in this firm: it writes conflicts, credit reserves and moves between scopes."""

    site: str
    end: ChainEnd
    now: int  # milliseconds since 1970
    new_id: Callable[[], str]
    new_salt: Callable[[], str]


@dataclass(frozen=True, slots=True)
class Wanted:
    """``unique``: table and value of its unique field. ``below``: records of which all that hangs on them is needed."""

    keys: frozenset[Key]
    unique: frozenset[tuple[str, str]] = frozenset()
    below: frozenset[Key] = frozenset()


@dataclass(frozen=True, slots=True)
class Ground:
    """What was loaded. Records that are not there are absent from ``states``."""

    head: int
    states: Mapping[Key, State]
    unique: Mapping[tuple[str, str], str] = field(default_factory=dict)  # -> record id
    below: Mapping[Key, Sequence[Key]] = field(default_factory=dict)  # nearest first; their states are in ``states``


@dataclass(frozen=True, slots=True)
class Placed:
    """An entry with its place in the firm's order. ``site_only``: nobody but the site that wrote it sees the item."""

    entry: Entry
    item: Item
    site_only: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to store: the entries in order, the records that changed, the ends of both chains, the new head."""

    placed: Sequence[Placed]
    states: Mapping[Key, State]
    site_end: ChainEnd
    own_end: ChainEnd
    head: int


def visible(placed: Item, site_only: bool, site: str, holds: Collection[str]) -> Item | None:
    """The item as a device may see it, None where it may not know of it.

    A record that is, or came to be, outside what the device holds is shown as not there.
    """
    own = placed.site == site
    if site_only and not own:
        return None
    if placed.scope in holds:
        return placed
    if own or placed.left in holds:
        return msgspec.structs.replace(placed, fields=None, reason=placed.reason if own else None)
    return None


def fresh(entries: Sequence[Entry], end: ChainEnd) -> Sequence[Entry]:
    """Those that are not here yet: a push that is repeated changes nothing."""
    return [entry for entry in entries if entry.site_seq > end.received]


def wanted(entries: Sequence[Entry]) -> Wanted:
    """What ``judge`` needs to know of ``entries``."""
    keys: set[Key] = set()
    unique: set[tuple[str, str]] = set()
    below: set[Key] = set()
    for entry in entries:
        key = (entry.table, entry.record_id)
        values = _read(entry.after)
        keys.add(key)
        keys.update(scopes.parents(entry.table, values))
        if entry.table == LINE:
            keys.add((RESERVE, entry.record_id))
        if entry.table in UNIQUE and isinstance(value := values.get(UNIQUE[entry.table]), str):
            unique.add((entry.table, value))
        if entry.op == "update" and scopes.may_move(entry.table, values):
            below.add(key)
    return Wanted(frozenset(keys), frozenset(unique), frozenset(below))


def judge(
    entries: Sequence[Entry],
    end: ChainEnd,
    author: Author,
    ground: Ground,
    own: Own,
    withdrawn: Collection[str] = frozenset(),
) -> Verdict:
    """Judges ``entries``, which begin where the site's chain ends here. Raises BadPush.

    ``withdrawn``: transactions that were refused once and are not offered again; they only keep their place in the
    chain.
    """
    check_chain(entries, author.site, end)
    court = _Court(author, ground, own)
    for transaction, group in groupby(entries, key=lambda entry: entry.transaction):
        if transaction in withdrawn:
            court.refuse(list(group), "Withdrawn by its desk.")
        else:
            court.hear(list(group))
    last = entries[-1] if entries else None
    site_end = end if last is None else ChainEnd(last.site_seq, last.hash, max(end.hlc, last.hlc))
    return Verdict(court.placed, court.changed, site_end, court.own_end, court.head)


def check_chain(entries: Iterable[Entry], site: str, end: ChainEnd) -> None:
    """Raises BadPush where the entries do not continue the site's chain."""
    previous, expected = end.hash, end.received + 1
    for entry in entries:
        if entry.site_seq != expected:
            raise BadPush("out-of-order", f"Entry {expected} was expected, {entry.site_seq} came.")
        erased = not entry.salt
        if not erased and commitment_of(entry.salt, entry.before, entry.after) != entry.commitment:
            raise BadPush("broken-chain", f"Entry {entry.site_seq} is not what was logged.")
        if entry_hash(previous, site, entry) != entry.hash:
            raise BadPush("broken-chain", f"Entry {entry.site_seq} does not continue the log of this desk.")
        previous, expected = entry.hash, expected + 1


@dataclass(frozen=True, slots=True)
class Occasion:
    """What an entry of the server's own is written for."""

    id: str | None
    transaction: str
    schema_version: int


def write_own(
    key: Key, values: dict[str, Any], scope: str, parent: Key, occasion: Occasion, ground: Ground, own: Own
) -> Verdict:
    """What to store where the server by itself sets fields of a record of its own; ``site_end`` says nothing here."""
    court = _Court(Author(own.site, scope, frozenset((scope,)), lambda *_: None), ground, own)
    court.write(occasion, key, values, scope, parent)
    return Verdict(court.placed, court.changed, own.end, court.own_end, court.head)


class _Court:
    def __init__(self, author: Author, ground: Ground, own: Own) -> None:
        self.author = author
        self.ground = ground
        self.own = own
        self.unique = dict(ground.unique)
        self.placed: list[Placed] = []
        self.changed: dict[Key, State] = {}
        self.own_end = own.end
        self.head = ground.head

    def hear(self, entries: Sequence[Entry]) -> None:
        """One transaction."""
        case = _Case(self)
        try:
            for entry in entries:
                case.take(entry)
            case.settle()
        except NotAccepted as refusal:
            for entry in entries:
                why = (
                    str(refusal)
                    if case.at is entry or case.at is None
                    else f"Part of a change that was refused: {refusal}"
                )
                self._place(entry, self.author.site, "rejected", self.state(_key(entry)), reason=why)
            return
        for entry in entries:
            key = _key(entry)
            self._place(
                entry, self.author.site, case.outcomes[entry.id], case.states[key], left=case.left.pop(key, None)
            )
        self.changed.update({key: replace(state, seq=self.head) for key, state in case.states.items()})
        self.unique.update(case.unique)
        for key, left in case.left.items():  # hangs on a record that moved to another scope
            moved = self._own_entry(entries[-1], key, "update", None)
            self._place(moved, self.own.site, "applied", case.states[key], left=left, whole=True)
        for (table, record_id), loser in case.losers:
            values = _conflict(table, record_id, loser, self._now())
            scope = case.states[table, record_id].scope
            self.write(entries[-1], (CONFLICT, self.own.new_id()), values, scope, (table, record_id))
        for line_id, values in case.reserves.items():
            self.write(entries[-1], (RESERVE, line_id), values, case.states[LINE, line_id].scope, (LINE, line_id))

    def refuse(self, entries: Sequence[Entry], reason: str) -> None:
        for entry in entries:
            self._place(entry, self.author.site, "rejected", self.state(_key(entry)), reason=reason)

    def state(self, key: Key) -> State | None:
        return self.changed.get(key) or self.ground.states.get(key)

    def _now(self) -> str:
        return scopes.iso_time(self.own.now)

    def write(self, cause: Entry | Occasion, key: Key, values: dict[str, Any], scope: str, parent: Key) -> None:
        """A record of the server's own."""
        standing = self.state(key)
        entry = self._own_entry(cause, key, "update" if standing else "insert", values)
        by = stamp(entry.hlc, self.own.site, entry.actor)
        fields = {**(standing.fields if standing else {}), **values}
        state = State(fields, dict.fromkeys(fields, by), None, scope, parent)
        self._place(entry, self.own.site, "applied", state, whole=True)
        self.changed[key] = replace(state, seq=self.head)

    def _own_entry(self, cause: Entry | Occasion, key: Key, op: Op, after: dict[str, Any] | None) -> Entry:
        end, own = self.own_end, self.own
        clock = max(pack(own.now, 0), end.hlc)
        milliseconds, counter = unpack(clock)
        hlc = pack(milliseconds, counter + 1) if counter < 0xFFFF else pack(milliseconds + 1, 0)
        salt, text = own.new_salt(), None if after is None else compact(after)
        entry = Entry(
            own.new_id(), end.received + 1, hlc, "system:server", "sync", cause.id, cause.transaction, *key, op, None,
            text, cause.schema_version, salt, commitment_of(salt, None, text), "",
        )  # fmt: skip
        entry = msgspec.structs.replace(entry, hash=entry_hash(end.hash, own.site, entry))
        self.own_end = ChainEnd(entry.site_seq, entry.hash, hlc)
        return entry

    def _place(
        self,
        entry: Entry,
        site: str,
        outcome: Outcome,
        state: State | None,
        *,
        left: str | None = None,
        whole: bool = False,
        reason: str | None = None,
    ) -> None:
        self.head += 1
        gone = state is None or state.deleted is not None
        whole = whole or entry.op == "insert" or left is not None
        touched = set(_read(entry.after)) | set(_read(entry.before))
        fields: str | None = None
        if state is not None and not gone:
            # What a rejected deletion took away must come back whole.
            whole = whole or entry.op == "delete"
            fields = compact({n: v for n, v in state.fields.items() if whole or n in touched})
        item = Item(
            self.head, entry.id, site, entry.site_seq, entry.hlc, entry.actor, entry.cause, entry.cause_reference,
            entry.transaction, entry.table, entry.record_id, entry.op, outcome, fields, whole,
            state.scope if state is not None else self.author.scope, left, reason,
        )  # fmt: skip
        self.placed.append(Placed(entry, item, site_only=outcome == "rejected"))


class _Case:
    """One transaction on trial: nothing of it counts until it has been accepted whole."""

    def __init__(self, court: _Court) -> None:
        self._court = court
        self._entries: list[Entry] = []
        self.at: Entry | None = None
        self.states: dict[Key, State] = {}
        self.outcomes: dict[str, Outcome] = {}
        self.losers: list[tuple[Key, Loser]] = []
        self.left: dict[Key, str] = {}
        self.reserves: dict[str, dict[str, Any]] = {}
        self.unique: dict[tuple[str, str], str] = {}

    def take(self, entry: Entry) -> None:
        self.at = entry
        court, key = self._court, _key(entry)
        before, after = _read(entry.before), _read(entry.after)
        if any(kind_of(entry.table, name) == "server" for name in after or [""]):
            raise NotAccepted(f"Only the server writes {entry.table.replace('_', ' ')}.")
        standing = self._standing(key)
        edit = Edit(entry.op, before, after, stamp(self._clamped(entry.hlc), court.author.site, entry.actor))
        if entry.table in UNIQUE:
            self._check_unique(entry, after)
        merged: Merged = merge(entry.table, standing, edit)
        self._entries.append(entry)
        self.states[key] = merged.state
        self.outcomes[entry.id] = merged.outcome
        self.losers += [(key, loser) for loser in merged.losers]

    def settle(self) -> None:
        """Scopes, rights and credit, once all records of the transaction are known."""
        court = self._court
        for entry in self._entries:
            self.at = entry
            key = _key(entry)
            old = court.state(key)
            scope, parent = scopes.place(key, self.states[key], self._standing, court.author.scope)
            self.states[key] = replace(self.states[key], scope=scope, parent=parent)
            fields = set(_read(entry.after)) or set(_read(entry.before))
            if (scope if old is None else old.scope) not in court.author.holds:
                # The same words as for a record that does not exist: who may not see it learns nothing.
                raise NotAccepted(f"There is no such {entry.table.replace('_', ' ')} on the server.")
            refusal = court.author.may(entry.actor, entry.table, entry.op, fields, scope)
            if refusal is not None:
                raise NotAccepted(refusal)
            if old is not None and old.scope != scope:
                self.left[key] = old.scope
                self._move_below(key)
        self.at = None
        self.reserves = credit.settle(self._entries, self.states, self._standing, court.author.site)

    def _move_below(self, key: Key) -> None:
        for each in self._court.ground.below.get(key, ()):
            state = self._standing(each)
            if state is None:
                continue
            scope, parent = scopes.place(each, state, self._standing, self._court.author.scope)
            if scope != state.scope:
                self.left.setdefault(each, state.scope)
                self.states[each] = replace(state, scope=scope, parent=parent)

    def _standing(self, key: Key) -> State | None:
        return self.states.get(key) or self._court.state(key)

    def _check_unique(self, entry: Entry, after: Mapping[str, Any]) -> None:
        value = after.get(UNIQUE[entry.table])
        if value is None:
            return
        place = (entry.table, str(value))
        holder = self.unique.get(place) or self._court.unique.get(place)
        if holder is not None and holder != entry.record_id:
            raise NotAccepted(f"There already is a {entry.table.replace('_', ' ')} for this, written at another desk.")
        self.unique[place] = entry.record_id

    def _clamped(self, hlc: str) -> str:
        try:
            milliseconds, _ = unpack(hlc)
        except ValueError as error:
            raise NotAccepted("The time of this change cannot be read.") from error
        now = self._court.own.now
        return pack(now, 0) if milliseconds > now + MAX_SKEW else hlc


def _key(entry: Entry) -> Key:
    return (entry.table, entry.record_id)


def _read(text: str | None) -> dict[str, Any]:
    """Raises BadPush where a logged text is no JSON object, which no desk of ours writes."""
    if text is None:
        return {}
    try:
        values: dict[str, Any] = msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
        raise BadPush("malformed", "A change of the push cannot be read.") from error
    return values


def _conflict(table: str, record_id: str, loser: Loser, at: str) -> dict[str, Any]:
    return {
        "table_name": table,
        "record_id": record_id,
        "field": loser.field,
        "kept": {"value": loser.kept},
        "lost": {"value": loser.lost},
        "kept_by": loser.kept_stamp,
        "lost_by": loser.lost_stamp,
        "at": at,
        "status": "open",
    }
