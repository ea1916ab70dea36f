"""Credit between desks: what each may deal against while nobody can ask. Pure.

A reserve is a part of a line that the server holds for one site: ``granted`` and ``consumed`` count up. The used amount
and all that is outstanding together never exceed the limit, so that offline desks cannot either.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import ROUND_DOWN, Decimal
from typing import Any

from app.brokerage.credit import TOLERANCE
from app.records.codec import read_values
from app.sync.merge import NotAccepted, State, amount_of
from app.sync.policies import LINE, RESERVE
from app.sync.protocol import Entry

Key = tuple[str, str]
Sites = dict[str, dict[str, str]]
_CENT = Decimal("0.01")
CANCELLED = "cancelled"
USUAL_SHARE = Decimal("0.25")
"""Of what is free on a line, the part that a site is given that names no amount."""


def outstanding(sites: Mapping[str, Mapping[str, str]], site: str | None = None) -> Decimal:
    """What is held and not used yet: for one site, or for all of them."""
    wanted = sites.values() if site is None else [sites.get(site, {})]
    return sum((number(each.get("granted")) - number(each.get("consumed")) for each in wanted), Decimal(0))


def sites_of(reserve: State | None) -> Sites:
    found = reserve.fields.get("sites", {}) if reserve is not None else {}
    return {site: dict(values) for site, values in found.items()}


def free(line: State, sites: Mapping[str, Mapping[str, str]]) -> Decimal:
    """What may still be used or granted, zero or more."""
    room = number(line.fields.get("limit")) - number(line.fields.get("used")) - outstanding(sites)
    return max(room, Decimal(0))


def grant(line: State, sites: Sites, site: str, amount: Decimal | None) -> Sites:
    """The reserves after ``site`` asked to hold ``amount`` (None: the usual share), or what there is of it.

    It never holds less than before: a desk that asked may deal on what it holds before the answer comes.
    """
    held = outstanding(sites, site)
    usable = line.fields.get("status", "active") == "active" and line.deleted is None
    room = free(line, sites) if usable else Decimal(0)
    target = ((room + held) * USUAL_SHARE).quantize(_CENT, ROUND_DOWN) if amount is None else amount
    more = min(target - held, room)
    if more <= 0:
        return sites
    mine = sites.get(site, {"granted": "0", "consumed": "0"})
    return {**sites, site: {**mine, "granted": _text(number(mine["granted"]) + more)}}


def left(held: Mapping[str, str], entries: Iterable[Entry]) -> dict[str, str]:
    """What is left of what a site held, by line id, where its ``entries`` have been counted since."""
    amounts = {line_id: number(amount) for line_id, amount in held.items()}
    for entry in entries:
        if entry.table == LINE and entry.op == "update" and entry.record_id in amounts:
            before, after = read_values(entry.before), read_values(entry.after)
            more = number(after["used"]) - number(before.get("used")) if "used" in after else Decimal(0)
            amounts[entry.record_id] -= max(more, Decimal(0))
    return {line_id: _text(max(amount, Decimal(0))) for line_id, amount in amounts.items()}


def settle(
    entries: Sequence[Entry],
    states: Mapping[Key, State],
    look_up: Callable[[Key], State | None],
    site: str,
    by_hand: Callable[[Entry], bool],
    closed: bool = False,
) -> dict[str, dict[str, Any]]:
    """Checks a transaction's use of credit and returns the reserves it changes, by line id. Raises NotAccepted.

    ``states``: the records after the transaction; ``look_up``: those before it. What the site held is used first; the
    rest must be free. Credit is used by deals and freed by their cancellation, and by nothing else, unless who did it
    may set it ``by_hand``. ``closed``: deals get no more than what the site held.
    """
    dealt, freed, tolerance = _dealt(entries, states, look_up)
    changed: dict[str, dict[str, Any]] = {}
    used: dict[str, Decimal] = {}
    handled: set[str] = set()
    for entry in entries:
        if entry.table == LINE and entry.op == "update":
            before, after = read_values(entry.before), read_values(entry.after)
            if "used" in after:
                more = number(after["used"]) - number(before.get("used"))
                used[entry.record_id] = used.get(entry.record_id, Decimal(0)) + more
                if by_hand(entry):
                    handled.add(entry.record_id)
    for line_id in {**dealt, **used}:
        amount, least = used.get(line_id, Decimal(0)), dealt.get(line_id, Decimal(0))
        if least > 0 and amount < least - freed.get(line_id, Decimal(0)):
            raise NotAccepted("The deal does not count against its credit line. Register it again.")
        if line_id not in handled and not least - freed.get(line_id, Decimal(0)) <= amount <= least:
            raise NotAccepted("Credit is used by deals and freed by their cancellation only. Ask Credit to change it.")
    for line_id, amount in used.items():
        if amount <= 0:
            continue
        line, sites = states[LINE, line_id], sites_of(look_up((RESERVE, line_id)))
        taken = min(amount, outstanding(sites, site))
        if taken > 0:
            mine = sites[site]
            sites[site] = {**mine, "consumed": _text(number(mine["consumed"]) + taken)}
            changed[line_id] = {"line_id": line_id, "sites": sites}
        if taken < amount:
            if closed and (line_id in dealt or line_id not in handled):
                raise NotAccepted(
                    "The server was restored from a backup and has not heard from every desk since. Until then a deal "
                    "is borne by what was reserved for its desk alone; send it again later."
                )
            limit = number(line.fields.get("limit")) * (1 + (TOLERANCE if line_id in tolerance else 0))
            excess = number(line.fields.get("used")) + outstanding(sites) - limit
            if excess > 0:
                currency = line.fields.get("currency", "")
                raise NotAccepted(
                    f"The credit line does not bear this deal: {currency} {excess:,.0f} too much, with what others "
                    "used or hold. Cancel it with the customer, or ask Credit for a higher limit and send it anew."
                )
            if line.fields.get("status", "active") != "active":
                raise NotAccepted("The credit line is frozen. Ask Credit to release it, then send the deal again.")
    return changed


def _dealt(
    entries: Sequence[Entry], states: Mapping[Key, State], look_up: Callable[[Key], State | None]
) -> tuple[dict[str, Decimal], dict[str, Decimal], set[str]]:
    """By line, what the deals of a transaction take and free; and where Credit's tolerance was asked for."""
    dealt: dict[str, Decimal] = {}
    freed: dict[str, Decimal] = {}
    tolerance: set[str] = set()
    for entry in entries:
        if entry.table != "deal" or entry.op == "delete":
            continue
        if entry.op == "insert":
            check, into = read_values(entry.after).get("credit"), dealt
        else:
            key = (entry.table, entry.record_id)
            was, now = ((state.fields if state else {}) for state in (look_up(key), states.get(key)))
            gone, back = was.get("status") == CANCELLED, now.get("status") != CANCELLED
            if gone != back:  # it stands as it stood
                continue
            check, into = was.get("credit"), dealt if back else freed
        check = check if isinstance(check, dict) else {}
        line_id = str(check.get("line_id") or "")
        if not line_id or (entry.op == "update" and look_up((LINE, line_id)) is None):
            continue
        taken = number(check.get("this_deal"))
        if taken < 0:
            raise NotAccepted("A deal cannot take less than nothing of its credit line.")
        into[line_id] = into.get(line_id, Decimal(0)) + taken
        if check.get("result") == "refer":
            tolerance.add(line_id)
    return dealt, freed, tolerance


def number(value: Any) -> Decimal:
    try:
        return amount_of(value)
    except ValueError as error:
        raise NotAccepted("An amount of the change is not a number.") from error


def _text(number: Decimal) -> str:
    return format(number, "f")
