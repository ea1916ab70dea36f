"""The server's judgement of what a site pushes: pure, on facts that were loaded beforehand.

``wanted`` says what to load, ``judge`` decides, the caller stores the verdict; all of it while the firm's order is
locked. A transaction is accepted whole or rejected whole; either way each of its entries gets a place in the order.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import groupby
from typing import Any

import msgspec

from app.records.hlc import pack
from app.sync import credit, erasure, scopes
from app.sync.chain import BadPush as BadPush
from app.sync.chain import ChainEnd as ChainEnd
from app.sync.chain import Occasion as Occasion
from app.sync.chain import Own as Own
from app.sync.chain import check_chain
from app.sync.chain import fresh as fresh
from app.sync.ground import Author as Author
from app.sync.ground import Ground as Ground
from app.sync.ground import Key as Key
from app.sync.ground import Placed as Placed
from app.sync.ground import Rights as Rights
from app.sync.ground import Verdict as Verdict
from app.sync.ground import Wanted as Wanted
from app.sync.hearing import NOWHERE, Court, key_of, read
from app.sync.merge import NotAccepted, stamp
from app.sync.policies import LINE, RESERVE, UNIQUE
from app.sync.protocol import Entry, Item


def visible(placed: Item, site_only: bool, site: str, holds: Collection[str]) -> Item | None:
    """The item as a device may see it, None where it may not know of it.

    A record that is, or came to be, outside what the device holds is shown as not there, and nowhere.
    """
    own = placed.site == site
    if site_only and not own:
        return None
    if placed.scope in holds:
        return placed if placed.left is None or placed.left in holds else msgspec.structs.replace(placed, left=None)
    if own or placed.left in holds:
        left = placed.left if placed.left in holds else None
        reason = placed.reason if own else None
        return msgspec.structs.replace(placed, fields=None, whole=True, scope=NOWHERE, left=left, reason=reason)
    return None


def wanted(entries: Sequence[Entry]) -> Wanted:
    """What ``judge`` needs to know of ``entries``."""
    keys: set[Key] = set()
    unique: set[tuple[str, str]] = set()
    below: set[Key] = set()
    again: set[Key] = set()
    for entry in entries:
        key = key_of(entry)
        values = read(entry.after)
        keys.add(key)
        keys.update(scopes.parents(entry.table, values))
        if entry.table == LINE:
            keys.add((RESERVE, entry.record_id))
        if entry.table in UNIQUE and isinstance(value := values.get(UNIQUE[entry.table]), str):
            unique.add((entry.table, value))
        if scopes.may_move(entry.table, entry.op, values):
            below.add(key)
        elif entry.op == "insert":  # brought back, it may hang on something else than before
            again.add(key)
    return Wanted(frozenset(keys), frozenset(unique), frozenset(below), frozenset(again))


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
    court = Court(author, ground, own)
    for transaction, group in groupby(entries, key=lambda entry: entry.transaction):
        if transaction in withdrawn:
            court.refuse(list(group), lambda _: "Withdrawn by its desk.")
        else:
            court.hear(list(group))
    site_end = end.after(entries[-1]) if entries else end
    return Verdict(court.placed, court.changed, site_end, court.own_end, court.head, court.erased)


def write_own(
    key: Key, values: dict[str, Any], scope: str, parent: Key | None, occasion: Occasion, ground: Ground, own: Own
) -> Verdict:
    """What to store where the server by itself sets fields of a record of its own."""
    court = Court(Author(own.site, scope, frozenset((scope,)), lambda *_: None), ground, own)
    court.write(occasion, key, values, scope, parent)
    return Verdict(court.placed, court.changed, None, court.own_end, court.head)


def erase(keys: Collection[Key], occasion: Occasion, ground: Ground, own: Own) -> Verdict:
    """What to store where records are erased; of those that are not there, earlier places may speak, and later ones."""
    court = Court(Author(own.site, NOWHERE, frozenset(), lambda *_: None), ground, own)
    by = stamp(pack(own.now, 0), own.site, "system:server")
    found = {
        key: erasure.emptied(key, ground.states[key], by) if key in ground.states else erasure.unheard_of(key, by)
        for key in sorted(keys)
    }
    court.changed.update(found)
    court.say_erased(occasion, found)
    return Verdict(court.placed, court.changed, None, court.own_end, court.head, keys)


def wanted_to_hold(line_id: str) -> Wanted:
    """What ``hold`` needs to know."""
    return Wanted(frozenset({(LINE, line_id), (RESERVE, line_id)}))


def hold(
    line_id: str, amount: str | None, author: Author, occasion: Occasion, ground: Ground, own: Own
) -> Verdict | None:
    """Holds a part of a credit line for the author's site; None where nothing comes of it."""
    line = ground.states.get((LINE, line_id))
    if line is None or line.scope not in author.holds:
        return None
    if author.closed or author.may("", LINE, "update", ("used",), line.scope) is not None:
        return None
    sites = credit.sites_of(ground.states.get((RESERVE, line_id)))
    try:
        granted = credit.grant(line, sites, author.site, None if amount is None else credit.number(amount))
    except NotAccepted:
        return None
    if granted == sites:
        return None
    values = {"line_id": line_id, "sites": granted}
    return write_own((RESERVE, line_id), values, line.scope, (LINE, line_id), occasion, ground, own)
