"""What must hold: always of credit and of what a desk shows; when all is quiet, of everything."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from app.records.personal import EMPTIED
from app.sync import credit, replica, scopes
from app.sync.again import EARLY
from app.sync.authority import Key, visible
from app.sync.chain import BadPush, check_chain
from app.sync.erasure import is_personal, says_something
from app.sync.merge import State
from app.sync.policies import CONFLICT, LINE, RESERVE, kind_of
from app.sync.protocol import Entry
from tests.simulation.disk import MemoryDesk, Values, read
from tests.simulation.ledger import START, Firm
from tests.simulation.world import Broken, SimDesk, World


class Watch:
    """Looks after every commit anywhere."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._exposed: dict[str, tuple[Decimal, Decimal]] = {}
        self._epoch = ""
        world.watch = self.look

    def look(self, desk: SimDesk | None) -> None:
        self._credit()
        if desk is not None:
            _shows_what_was_typed(desk)

    def _credit(self) -> None:
        """What is used, held for desks, or what they believe to hold, is within the limit, or does not grow.

        That counts what an earlier epoch of the server gave, and this one does not know of yet.
        """
        firm = self._world.ledger.firms[self._world.firm]
        if firm.epoch != self._epoch:  # a backup may know another limit than the one that counted
            self._epoch, self._exposed = firm.epoch, {}
        for (table, line_id), line in firm.states.items():
            if table != LINE or (self._world.restored and any(_is_purged(desk, line_id) for desk in self._world.desks)):
                continue
            total = Decimal(line.fields["used"])
            sites = credit.sites_of(firm.states.get((RESERVE, line_id)))
            for desk in self._world.desks:
                outstanding = credit.outstanding(sites, desk.site)
                if desk.revoked:
                    total += outstanding
                    continue
                total -= _given_back(desk, line_id, firm) if self._world.restored else 0
                total += _exposed(desk, line_id, firm, outstanding)
            limit = Decimal(line.fields["limit"])
            before, exposed = self._exposed.get(line_id, (limit, Decimal(0)))
            known = firm.back is None or line_id in self._exposed
            if known and total > max(limit, before, exposed):  # one push may use the line and then lower its limit
                raise Broken(f"Line {line_id}: {total} of {limit} used or usable.")
            self._exposed[line_id] = limit, total


def _is_purged(desk: SimDesk, line_id: str) -> bool:
    """Whether a desk did something to a line and lost sight of it: to a restored server it cannot say again what."""
    return any((each.table, each.record_id) == (LINE, line_id) and not each.salt for each in desk.disk.chain.entries)


def _exposed(desk: SimDesk, line_id: str, firm: Firm, outstanding: Decimal) -> Decimal:
    """What a desk can still make of a line: of what is held for it, and of what a restored server has forgotten."""
    usable = _usable(desk, line_id, firm)
    if firm.back is None or desk.disk.site in firm.back:
        return max(usable, outstanding)
    position = desk.disk.position()
    accepted = max(position.accepted, position.settled if position.epoch != firm.epoch else 0)
    received = firm.ends.get(desk.disk.site, START).received
    if position.held is not None:  # as of the place it had been accepted to: what came after has used of it since
        held = Decimal(position.held.get(line_id, 0))
        for entry in desk.disk.chain.entries[position.accepted : max(received, accepted)]:
            held -= max(_delta(entry, line_id), Decimal(0))
        usable = max(usable if position.epoch != firm.epoch else Decimal(0), held)
    forgotten = Decimal(0)
    for entry in desk.disk.chain.entries[received:accepted]:
        if entry.transaction not in desk.disk.quarantine:
            forgotten += max(_delta(entry, line_id), Decimal(0))
    return max(usable + forgotten, outstanding)


def _given_back(desk: SimDesk, line_id: str, firm: Firm) -> Decimal:
    """What cancellations free that a restored server has not heard of, or refused for want of the deal."""
    received = firm.ends.get(desk.disk.site, START).received
    early = {
        placed.item.transaction
        for placed in firm.placed
        if placed.item.outcome == "rejected" and EARLY in (placed.item.reason or "")
    }
    done = {transaction for transaction, each in desk.disk.quarantine.items() if each.status != "open"}
    for entry in desk.disk.chain.entries:  # of a deal that another desk has cancelled nothing more is freed
        deal = firm.states.get((entry.table, entry.record_id)) if entry.table == "deal" else None
        if deal is not None and deal.fields.get("status") == credit.CANCELLED:
            done.add(entry.transaction)
    cancelled = {
        entry.transaction: entry.record_id
        for entry in desk.disk.chain.entries
        if entry.table == "deal" and (read(entry.after) or {}).get("status") == credit.CANCELLED
    }
    to_come = [
        entry
        for entry in desk.disk.chain.entries
        if entry.transaction not in done
        and (
            entry.transaction in early or (entry.site_seq > received and entry.transaction not in desk.disk.quarantine)
        )
    ]
    freed: dict[str, Decimal] = {}
    for entry in to_come:  # a cancellation that is made again, and not yet marked as such, frees once
        deal_or_other = cancelled.get(entry.transaction, entry.transaction)
        freed[deal_or_other] = max(freed.get(deal_or_other, Decimal(0)), -_delta(entry, line_id))
    return sum(freed.values(), Decimal(0))


def _delta(entry: Entry, line_id: str) -> Decimal:
    """By how much an entry changes what is used of a line."""
    if (entry.table, entry.record_id, entry.op) != (LINE, line_id, "update"):
        return Decimal(0)
    before, after = read(entry.before) or {}, read(entry.after) or {}
    return Decimal(after.get("used", 0)) - Decimal(before.get("used", 0))


def _usable(desk: SimDesk, line_id: str, firm: Firm) -> Decimal:
    """What a desk believes to hold of a line, less what the server has counted already."""
    row = desk.disk.rows.get((RESERVE, line_id))
    held = credit.outstanding(row["sites"], desk.disk.site) if row else Decimal(0)
    received = firm.ends.get(desk.disk.site, START).received
    for entry in desk.disk.unsettled([(LINE, line_id)]).get((LINE, line_id), ()):
        if entry.site_seq <= received:
            held -= max(replica_delta(entry), Decimal(0))
    return max(held, Decimal(0))


def replica_delta(entry: replica.Unsettled) -> Decimal:
    after, before = entry.after or {}, entry.before or {}
    return Decimal(after["used"]) - Decimal(before["used"]) if "used" in after and "used" in before else Decimal(0)


def _shows_what_was_typed(desk: SimDesk) -> None:
    disk = desk.disk
    keys = {(each.table, each.record_id) for each in disk.chain.entries[disk.position().settled :]}
    for key, entries in disk.unsettled(keys).items():
        row = disk.rows.get(key)
        if key in disk.known and not disk.known[key].seq:
            continue  # another epoch has begun, or the record went out of sight
        if entries[-1].op == "delete" and row is not None:
            raise Broken(f"{desk.name} shows {key}, which it deleted.")
        if row is None:
            if entries[-1].op == "insert":
                raise Broken(f"{desk.name} does not show {key}, which it made.")
            continue
        typed: dict[str, Any] = {}
        for each in entries:
            typed = {} if each.op == "delete" else {**typed, **(each.after or {})}
        for name, value in typed.items():
            if kind_of(key[0], name) != "counter" and row.get(name) != value:
                raise Broken(f"{desk.name} typed {value!r} in {name} of {key} and shows {row.get(name)!r}.")


def at_quiet(world: World) -> None:
    """Raises Broken."""
    firm = world.ledger.firms[world.firm]
    _order_is_whole(world, firm)
    for desk in world.desks:
        if desk.revoked:
            _is_wiped(desk)
    for desk in world.serving:
        _is_in_step(desk, world, firm)
        _hears_of_refusals(desk, firm)
        _came_early_and_is_made_again(desk)
    _nothing_is_lost(world, firm)
    _the_erased_are_nowhere(world, firm)
    _conflicts_are_fair(firm)
    _credit_adds_up(firm)
    scopes_are_right(firm)


def _order_is_whole(world: World, firm: Firm) -> None:
    """Every entry of every site once, in its order, and each chain verifies."""
    for number, placed in enumerate(firm.placed, 1):
        if placed.item.seq != number:
            raise Broken(f"Place {number} holds {placed.item.seq}.")
    chains: dict[str, list[Entry]] = {}
    for placed in firm.placed:
        chains.setdefault(placed.item.site, []).append(placed.entry)
    for site, entries in chains.items():
        _verify(entries, site, "the server")
    for desk in world.serving:
        _verify(desk.disk.chain.entries, desk.disk.site, desk.name)
        _verify(desk.disk.heard.entries, desk.disk.heard.site, desk.name)
        here, there = desk.disk.chain.entries, chains.get(desk.disk.site, [])
        if [each.hash for each in here] != [each.hash for each in there]:
            raise Broken(f"{desk.name} wrote {len(here)} entries, the server has {len(there)}.")


def _verify(entries: Iterable[Entry], site: str, where: str) -> None:
    try:
        check_chain(entries, site, START)
    except BadPush as wrong:
        raise Broken(f"The chain of {site} at {where}: {wrong}") from wrong


def _is_wiped(desk: SimDesk) -> None:
    """Nothing of the firm is left on a device that was revoked."""
    disk = desk.disk
    if disk.rows or disk.known or disk.chain.entries or disk.heard.entries or disk.quarantine:
        raise Broken(f"{desk.name} was revoked and still holds {[*disk.rows][:3]}, {len(disk.chain.entries)} entries.")
    desk.world.tally["wiped"] += 1


def _is_in_step(desk: SimDesk, world: World, firm: Firm) -> None:
    holds = world.devices[desk.disk.site].holds
    position = desk.disk.position()
    if desk.session is None or desk.session.status.state != "online":
        raise Broken(f"{desk.name} is {desk.session.status if desk.session else 'dead'}.")
    if desk.disk.counts().to_sync or position.epoch != firm.epoch or position.snapshot is not None:
        raise Broken(f"{desk.name} stands at {position} of {len(firm.placed)} in {firm.epoch}.")
    there = {key: _set(each.fields) for key, each in firm.states.items() if not each.deleted and each.scope in holds}
    here = {key: _set(row) for key, row in desk.disk.rows.items()}
    if here != there:
        wrong = sorted(key for key in {**here, **there} if here.get(key) != there.get(key))
        pairs = "; ".join(f"{key}: {here.get(key)} is {there.get(key)}" for key in wrong[:3])
        raise Broken(f"{desk.name} is not as the server: {pairs}")
    for entry in desk.disk.heard.entries:
        state = firm.states.get((entry.table, entry.record_id))
        own = entry.transaction in desk.disk.quarantine
        if (entry.before or entry.after) and not own and state is not None and state.scope not in holds:
            raise Broken(
                f"{desk.name} still knows what {entry.table} {entry.record_id} said ({entry.cause}, {entry.op})."
            )


def _set(fields: Values) -> Values:
    """A field that is not there, as an older desk leaves it, and an empty one are the same."""
    return {name: value for name, value in fields.items() if value is not None}


def _hears_of_refusals(desk: SimDesk, firm: Firm) -> None:
    refused = {
        placed.item.transaction
        for placed in firm.placed
        if placed.item.site == desk.disk.site and placed.item.outcome == "rejected"
    }
    if missing := refused - desk.disk.quarantine.keys():
        raise Broken(f"{desk.name} never heard that {sorted(missing)} were refused.")


def _came_early_and_is_made_again(desk: SimDesk) -> None:
    """What a restored server refused because another desk had not brought the record yet needs no person."""
    disk = desk.disk
    if isinstance(disk, MemoryDesk):
        for transaction, entries in disk.early(disk.once_accepted).items():
            if disk.fits(entries):
                raise Broken(f"{desk.name} could make {transaction} again, and waits for a person.")


def _nothing_is_lost(world: World, firm: Firm) -> None:
    """Each value that a desk wrote stands, or was seen by who replaced it, or is shown as the loser of a conflict."""
    seen: dict[tuple[Key, str], list[Any]] = {}
    for placed in firm.placed:
        if placed.item.outcome != "rejected":
            key = (placed.entry.table, placed.entry.record_id)
            for name, value in (read(placed.entry.before) or {}).items():
                seen.setdefault((key, name), []).append(value)
    lost: dict[tuple[Key, str], list[Any]] = {}
    for (table, _), state in firm.states.items():
        if table == CONFLICT:
            fields = state.fields
            if state.erased:
                continue
            key, value = (fields["table_name"], fields["record_id"]), fields["lost"]["value"]
            values = {fields["field"]: value} if fields["field"] else value
            for name, each in values.items():
                lost.setdefault((key, name), []).append(each)
    for desk in world.serving:
        later: set[tuple[Key, str]] = set()  # what the desk itself wrote after the entry
        for entry in reversed(desk.disk.chain.entries):
            if entry.transaction in desk.disk.quarantine:
                continue
            key = (entry.table, entry.record_id)
            if key in firm.states and firm.states[key].erased:
                continue
            stands: Values = firm.states[key].fields if key in firm.states else {}
            for name, value in (read(entry.after) or {}).items():
                if kind_of(entry.table, name) == "counter" or stands.get(name) == value or (key, name) in later:
                    continue
                if value not in seen.get((key, name), ()) and value not in lost.get((key, name), ()):
                    raise Broken(f"{desk.name} wrote {value!r} to {name} of {key}; nothing is left of it.")
            later |= {(key, name) for name in read(entry.after) or {}}


def _the_erased_are_nowhere(world: World, firm: Firm) -> None:
    """Neither server nor desks know anything of them, but where a desk's person has still to look at a refusal."""
    for contact in world.erased:
        for key in firm.keys_of_person(contact):
            state = firm.states.get(key)
            if state is None or (key[0] == CONFLICT and not _is_about_a_person(state.fields)):
                continue
            if not state.erased or says_something(key[0], {**state.fields, "id": ""} if key[0] in EMPTIED else {}):
                raise Broken(f"The server still knows of {key}: {state}")
            entries = [each.entry for each in firm.placed]
            for desk in world.serving:
                # Who could not see the record when it was erased keeps what waits in quarantine, until it is discarded.
                refused = _to_look_at(firm, key, desk)
                both = [*desk.disk.chain.entries, *desk.disk.heard.entries]
                entries += [each for each in both if each.transaction not in refused]
                row = desk.disk.rows.get(key)
                if row is not None and says_something(key[0], row):
                    raise Broken(f"{desk.name} still shows {key}: {row}")
            for entry in entries:
                texts = read(entry.before) or {}, read(entry.after) or {}
                if (entry.table, entry.record_id) == key and says_something(key[0], *texts):
                    raise Broken(f"Somebody's log still says of {key}: {texts}")


def _to_look_at(firm: Firm, key: Key, desk: SimDesk) -> set[str]:
    """Refused transactions of a desk that was shown no erasure of the record since."""
    if desk.site in desk.world.entitled:
        return set(desk.disk.quarantine)
    holds, shown = desk.world.devices[desk.site].holds, 0
    for placed in firm.placed:
        item = placed.item
        if item.cause == "erase" and (item.table, item.record_id) == key:
            shown = item.seq if visible(item, placed.site_only, desk.site, holds) else shown
    since = [placed.item for placed in firm.placed[shown:]]
    return {item.transaction for item in since if item.site == desk.disk.site and item.outcome == "rejected"}


def _is_about_a_person(conflict: Values) -> bool:
    table, field = conflict["table_name"], conflict["field"]
    return is_personal(table, field) if field else says_something(table, conflict["lost"].get("value") or {})


def _conflicts_are_fair(firm: Firm) -> None:
    """Between two values of a field the later clock wins."""
    for (table, _), state in firm.states.items():
        if state.erased:
            continue
        if table == CONFLICT and state.fields["field"] and state.fields["kept_by"] <= state.fields["lost_by"]:
            raise Broken(f"The earlier clock won: {state.fields}")


def _credit_adds_up(firm: Firm) -> None:
    """What is used is the sum of the deals that stand: none counted twice, none forgotten."""
    used: dict[str, Decimal] = {}
    for (table, _), state in firm.states.items():
        if table == "deal" and state.fields["status"] == "registered":
            check = state.fields["credit"]
            used[check["line_id"]] = used.get(check["line_id"], Decimal(0)) + Decimal(check["this_deal"])
    for (table, record_id), state in firm.states.items():
        if table == LINE and Decimal(state.fields["used"]) != used.get(record_id, Decimal(0)):
            raise Broken(f"Line {record_id} says {state.fields['used']}, its deals {used.get(record_id, 0)}.")


def scopes_are_right(firm: Firm) -> None:
    def look_up(key: Key) -> State | None:
        return firm.states.get(key)

    for key, state in firm.states.items():
        if state.erased and state.deleted:  # it no longer says what it hung on
            continue
        scope, parent = scopes.place(key, state, look_up, state.scope)
        if (scope, parent) != (state.scope, state.parent):
            raise Broken(f"{key} is in {state.scope} under {state.parent}, not in {scope} under {parent}.")


def count(world: World) -> None:
    """What came of it all, by the server's books."""
    firm = world.ledger.firms[world.firm]
    for placed in firm.placed:
        world.tally["refused"] += placed.item.outcome == "rejected"
        world.tally["withdrawn"] += placed.item.reason == "Withdrawn by its desk."
        world.tally["moved"] += placed.item.left is not None
        world.tally["deleted"] += placed.item.op == "delete"
        world.tally["conflict"] += placed.item.table == CONFLICT and placed.item.op == "insert"
    for (table, _), state in firm.states.items():
        world.tally["cancelled"] += table == "deal" and state.fields["status"] == "cancelled"
        if table == RESERVE:
            world.tally["reserve"] += 1
            world.tally["used reserve"] += any(each["consumed"] != "0" for each in state.fields["sites"].values())
    for desk in world.desks:
        world.tally["erased"] += any(not entry.salt for entry in desk.disk.heard.entries)
