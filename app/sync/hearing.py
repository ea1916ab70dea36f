"""How one transaction of a push is heard: merged, given its scopes, held against rights and credit, and placed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from app.records.codec import compact, read_values
from app.records.hlc import is_reading, pack
from app.sync import credit, erasure, scopes
from app.sync.chain import BadPush, Occasion, Own, is_erased
from app.sync.ground import Author, Ground, Key, Placed
from app.sync.merge import Edit, Loser, NotAccepted, State, merge, stamp
from app.sync.policies import CONFLICT, LINE, PARENTS, RESERVE, SERVERS, UNIQUE, kind_of
from app.sync.protocol import LONGEST_NAME, Entry, Item, Op, Outcome

LARGEST_RECORD = 1_000_000
"""Characters of a record's JSON text: a page, and a desk, must be able to take it."""
_DEEPEST_VALUE = 32
_SMALL = 1000
_NAMING = frozenset({name for name, _ in PARENTS} | set(UNIQUE.values()) | {"desk", "book"})
"""Fields by which records are found."""
MAX_SKEW = 5 * 60 * 1000
"""Milliseconds that a desk's clock may lead ours; a later stamp counts as of now."""


NOWHERE = ""
"""The scope shown with a record that is not there, or that its reader may not see: the same, so it tells nothing."""


class Court:
    """The records as they stand while transactions are heard one after the other."""

    def __init__(self, author: Author, ground: Ground, own: Own) -> None:
        self.author = author
        self.ground = ground
        self.own = own
        self.unique = dict(ground.unique)
        self.placed: list[Placed] = []
        self.changed: dict[Key, State] = {}
        self.own_end = own.end
        self.head = ground.head
        self.now, self.latest = pack(own.now, 0), pack(own.now + MAX_SKEW, 0xFFFF)
        self.erased: dict[Key, None] = {}
        self._hanging: dict[Key, dict[Key, None]] = {}  # on what -> what may hang on it
        for key, state in ground.states.items():
            if state.parent is not None:
                self._hanging.setdefault(state.parent, {})[key] = None

    def hear(self, entries: Sequence[Entry]) -> None:
        """One transaction."""
        case = _Case(self)
        try:
            case.settle([entry for entry in entries if case.take(entry)])
            case.erase(entries)
        except NotAccepted as refusal:
            at, why = case.at, str(refusal)
            part = f"Part of a change that was refused: {why}"
            self.refuse(entries, lambda entry: why if at is entry or at is None else part)
            return
        for entry in entries:
            key = key_of(entry)
            state = case.states.get(key) or self.state(key)
            self._place(entry, self.author.site, case.outcomes[entry.id], state, left=case.left.pop(key, None))
        last = entries[-1]
        for key, left in case.left.items():  # hangs on a record that moved to another scope
            moved = self._own_entry(last, key, "update", None)
            self._place(moved, self.own.site, "applied", case.states[key], left=left)
        self._keep(case.states)
        self.unique.update(case.unique)
        for (table, record_id), loser in case.losers:
            if (table, record_id) in case.erased and erasure.is_personal(table, loser.field):
                continue
            values = _conflict(table, record_id, loser, scopes.iso_time(self.own.now))
            scope = case.states[table, record_id].scope
            self.write(last, (CONFLICT, self.own.new_id()), values, scope, (table, record_id))
        for line_id, values in case.reserves.items():
            line = case.states[LINE, line_id]
            self.write(last, (RESERVE, line_id), values, line.scope, (LINE, line_id))
        self.say_erased(last, case.erased)

    def refuse(self, entries: Sequence[Entry], why: Callable[[Entry], str]) -> None:
        erased: dict[Key, None] = {}
        for entry in entries:
            said, state = entry, self.state(key_of(entry))
            if self._is_about_erased(entry, state):
                said = _unsaid(entry)
                if state is not None and state.erased:
                    erased[key_of(entry)] = None
            if state is not None and state.scope not in self.author.holds:
                state = None
            self._place(said, self.author.site, "rejected", state, reason=why(entry))
        self.say_erased(entries[-1], erased)

    def write(self, cause: Entry | Occasion, key: Key, values: dict[str, Any], scope: str, parent: Key | None) -> None:
        """A record of the server's own."""
        standing = self.state(key)
        entry = self._own_entry(cause, key, "update" if standing else "insert", values)
        by = stamp(entry.hlc, self.own.site, entry.actor)
        fields = {**(standing.fields if standing else {"id": key[1]}), **values}
        erased = standing is not None and standing.erased
        state = State(fields, dict.fromkeys(fields, by), None, scope, parent, erased=erased)
        self._place(entry, self.own.site, "applied", state)
        self._keep({key: state})

    def say_erased(self, cause: Entry | Occasion, keys: Collection[Key]) -> None:
        """Of records that are emptied: takes back what this push has said of them, and lets every desk do the same."""
        if keys:
            self.placed = [_forgotten(each) if key_of(each.entry) in keys else each for each in self.placed]
        for key in keys:
            state = self.changed.get(key) or self.ground.states[key]
            after = erasure.emptying(key, state)
            entry = self._own_entry(cause, key, "delete" if after is None else "update", after, "erase")
            self._place(entry, self.own.site, "applied", state)
            self._keep({key: state})
            self.erased[key] = None

    def _is_about_erased(self, entry: Entry, state: State | None) -> bool:
        before, after = read(entry.before), read(entry.after)
        if state is not None and state.erased:
            return erasure.says_something(entry.table, before, after)
        fields = {**(state.fields if state is not None else before), **after}
        return erasure.is_of_erased(entry.table, fields, self.state)

    def state(self, key: Key) -> State | None:
        return self.changed.get(key) or self.ground.states.get(key)

    def hanging(self, key: Key) -> Mapping[Key, None]:
        """What may hang on a record by what was loaded and heard so far."""
        return self._hanging.get(key, {})

    def _keep(self, states: Mapping[Key, State]) -> None:
        for key, state in states.items():
            self.changed[key] = replace(state, seq=self.head)
            if state.parent is not None:
                self._hanging.setdefault(state.parent, {})[key] = None

    def _own_entry(
        self, cause: Entry | Occasion, key: Key, op: Op, after: dict[str, Any] | None, kind: str = "sync"
    ) -> Entry:
        entry = self.own.entry(self.own_end, cause, key, op, after, kind)
        self.own_end = self.own_end.after(entry)
        return entry

    def _place(
        self,
        entry: Entry,
        site: str,
        outcome: Outcome,
        state: State | None,
        *,
        left: str | None = None,
        reason: str | None = None,
    ) -> None:
        self.head += 1
        # What a rejected deletion took away must come back whole; what came from elsewhere may be new to its reader.
        whole = entry.op != "update" or left is not None or site == self.own.site
        fields: str | None = None
        if state is not None and state.deleted is None:
            shown = state.fields
            if not whole:
                touched = read(entry.before).keys() | read(entry.after).keys()
                shown = {name: value for name, value in shown.items() if name in touched}
            fields = compact(shown)
        item = Item(
            self.head, entry.id, site, entry.site_seq, entry.hlc, entry.actor, entry.cause, entry.cause_reference,
            entry.transaction, entry.table, entry.record_id, entry.op, outcome, fields, whole,
            NOWHERE if state is None else state.scope, left, reason,
        )  # fmt: skip
        self.placed.append(Placed(entry, item, site_only=outcome == "rejected"))


class _Case:
    """One transaction on trial: nothing of it counts until it has been accepted whole."""

    def __init__(self, court: Court) -> None:
        self._court = court
        self.at: Entry | None = None
        self.states: dict[Key, State] = {}
        self.outcomes: dict[str, Outcome] = {}
        self.losers: list[tuple[Key, Loser]] = []
        self.left: dict[Key, str] = {}
        self.reserves: dict[str, dict[str, Any]] = {}
        self.unique: dict[tuple[str, str], str] = {}
        self.erased: dict[Key, None] = {}
        self._said: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {}  # entry -> before, after
        self._hanging: dict[Key, dict[Key, None]] = {}  # on what -> what may hang on it

    def take(self, entry: Entry) -> bool:
        """Merges it; False for an erased one, of which nothing is known and nothing comes."""
        self.at = entry
        court, key = self._court, key_of(entry)
        standing = self._standing(key)
        if standing is not None and standing.scope not in court.author.holds and key not in self.states:
            raise _no_such(entry)
        if is_erased(entry) and entry.op != "delete":
            place = court.author.scope if standing is None else standing.scope
            self._check_rights(entry, None, place)
            self.outcomes[entry.id] = "merged"
            return False
        before, after = _fit(entry.before), _fit(entry.after)
        self._said[entry.id] = before, after
        if entry.table in SERVERS and any(kind_of(entry.table, name) == "server" for name in after or [""]):
            raise NotAccepted(f"Only the server writes {_words(entry)}.")
        if entry.table in UNIQUE:
            self._check_unique(entry, after)
        merged = merge(
            entry.table,
            standing,
            Edit(entry.op, before, after, stamp(self._clamped(entry.hlc), court.author.site, entry.actor)),
        )
        fields = merged.state.fields
        if (len(fields) > _SMALL or len(entry.after or "") > _SMALL) and len(compact(fields)) > LARGEST_RECORD:
            raise NotAccepted(f"The {_words(entry)} would be too large. Shorten it.")
        self._hold(key, merged.state)
        self.outcomes[entry.id] = merged.outcome
        self.losers += [(key, loser) for loser in merged.losers]
        return True

    def settle(self, entries: Sequence[Entry]) -> None:
        """Scopes, rights and credit, once all records of the transaction are known."""
        court = self._court
        for entry in entries:
            self.at = entry
            key = key_of(entry)
            old = court.state(key)
            scope, parent = scopes.place(key, self.states[key], self._standing, court.author.scope)
            new = self.states[key]
            self._hold(key, replace(new, scope=scope, parent=parent))
            if old is None and scope not in court.author.holds:
                # The same words as for a record that does not exist: who may not see it learns nothing.
                raise _no_such(entry)
            self._check_parent(entry, old, parent)
            for place in {scope} if old is None else {old.scope, scope}:
                self._check_rights(entry, old, place)
            if old is not None and old.scope != scope:
                self.left[key] = old.scope
            if old is None or old.scope != scope:
                self._move_below(key)
            if old is None and any(state not in court.author.holds for state in self._taken_from(key)):
                raise _no_such(entry)
        self.at = None
        self.reserves = credit.settle(
            entries, self.states, court.state, court.author.site, self._by_hand, court.author.closed
        )

    def erase(self, entries: Sequence[Entry]) -> None:
        """Empties once more what was erased, and what came to be part of what is known of somebody who was."""
        court = self._court
        by = stamp(pack(court.own.now, 0), court.own.site, "system:server")
        said: dict[Key, list[Mapping[str, Any]]] = {}
        for entry in entries:
            said.setdefault(key_of(entry), []).extend(self._said.get(entry.id, ()))
        looking = [*said]
        while looking:
            key = looking.pop()
            old, state = court.state(key), self._standing(key)
            if key in self.erased or state is None:
                continue
            was = old is not None and old.erased
            if erasure.says_something(key[0], *said.get(key, ())) if was else self._is_of_erased(key, state):
                self.erased[key] = None
                self._hold(key, erasure.emptied(key, state, by))
                looking += [*said, *court.ground.below.get(key, ()), *court.hanging(key)]

    def _is_of_erased(self, key: Key, state: State) -> bool:
        return erasure.is_of_erased(key[0], state.fields, self._standing)

    def _taken_from(self, top: Key) -> list[str]:
        """The scopes out of which a new record would take what waits for it."""
        return [self.left[key] for key in self._court.ground.below.get(top, ()) if key in self.left]

    def _by_hand(self, entry: Entry) -> bool:
        scope = self.states[LINE, entry.record_id].scope
        return self._court.author.may(entry.actor, LINE, "update", ("limit",), scope) is None

    def _check_rights(self, entry: Entry, old: State | None, place: str) -> None:
        before, after = self._said.get(entry.id, ({}, {}))
        asked: list[tuple[Op, Collection[str]]] = [(entry.op, after or before)]
        if entry.op == "insert" and old is not None:  # over what is there: a change of what differs
            differing = [name for name, value in after.items() if old.fields.get(name) != value]
            asked += [("update", differing)] if differing else []
        for op, fields in asked:
            refusal = self._court.author.may(entry.actor, entry.table, op, fields, place)
            if refusal is not None:
                raise NotAccepted(refusal)

    def _check_parent(self, entry: Entry, old: State | None, parent: Key | None) -> None:
        """Nobody hangs a record on one that they may not see."""
        if parent is None or (old is not None and old.parent == parent):
            return
        above = self._court.state(parent)
        if above is not None and above.scope not in self._court.author.holds:
            raise _no_such(entry)

    def _move_below(self, top: Key) -> None:
        level, seen = [top], {top}
        while level:
            above = level.pop()
            for each in {**self._court.hanging(above), **self._hanging.get(above, {})}:
                state = self._standing(each)
                if each in seen or state is None or state.parent != above:
                    continue
                seen.add(each)
                scope, _ = scopes.place(each, state, self._standing, self._court.author.scope)
                if scope != state.scope:
                    self.left.setdefault(each, state.scope)
                    self._hold(each, replace(state, scope=scope))
                level.append(each)  # also where it moved by an entry of its own: what hangs on it may not have

    def _hold(self, key: Key, state: State) -> None:
        self.states[key] = state
        if state.parent is not None:
            self._hanging.setdefault(state.parent, {})[key] = None

    def _standing(self, key: Key) -> State | None:
        return self.states.get(key) or self._court.state(key)

    def _check_unique(self, entry: Entry, after: Mapping[str, Any]) -> None:
        name = UNIQUE[entry.table]
        value = after.get(name)
        if value is None:
            return
        place = (entry.table, str(value))
        holder = self.unique.get(place) or self._court.unique.get(place)
        if holder is not None and holder != entry.record_id:
            held = self._standing((entry.table, holder))
            if held is None or (held.deleted is None and held.fields.get(name) == value):
                raise NotAccepted(f"There already is a {_words(entry)} for this, written at another desk.")
        self.unique[place] = entry.record_id

    def _clamped(self, hlc: str) -> str:
        if not is_reading(hlc):
            raise NotAccepted("The time of this change cannot be read.")
        court = self._court
        return court.now if hlc > court.latest else hlc


def _unsaid(entry: Entry) -> Entry:
    """The entry as it is stored where nothing of what it says may be: the chain still verifies."""
    return msgspec.structs.replace(entry, before=None, after=None, salt="")


def _forgotten(placed: Placed) -> Placed:
    item = msgspec.structs.replace(placed.item, fields=None, whole=True)
    return replace(placed, entry=_unsaid(placed.entry), item=item)


def key_of(entry: Entry) -> Key:
    return (entry.table, entry.record_id)


def _words(entry: Entry) -> str:
    return entry.table.replace("_", " ")


def _no_such(entry: Entry) -> NotAccepted:
    return NotAccepted(f"There is no such {_words(entry)} on the server.")


def _fit(text: str | None) -> dict[str, Any]:
    """What a change says, if it can be kept and found again. Raises NotAccepted."""
    if text is None:
        return {}
    values = read(text)
    if text.count("[") + text.count("{") > _DEEPEST_VALUE and _is_deeper(values, _DEEPEST_VALUE):
        raise NotAccepted("The change is nested too deep.")
    for name in _NAMING & values.keys():
        if isinstance(value := values[name], str) and (len(value) > LONGEST_NAME or "\0" in value):
            raise NotAccepted(f"The {name.replace('_', ' ')} of the change is none.")
    return values


def _is_deeper(value: Any, levels: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    return not levels or any(
        _is_deeper(each, levels - 1) for each in (value.values() if isinstance(value, dict) else value)
    )


def read(text: str | None) -> dict[str, Any]:
    """Raises BadPush where a logged text is no JSON object, which no desk of ours writes."""
    try:
        return read_values(text)
    except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
        raise BadPush("malformed", "A change of the push cannot be read.") from error


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
