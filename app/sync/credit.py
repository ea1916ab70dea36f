"""Credit between desks: what each may deal against while nobody can ask. Pure.

A reserve is a part of a line that the server holds for one site: ``granted`` and ``consumed`` count up. The used amount
and all that is outstanding together never exceed the limit, so that offline desks cannot either.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import ROUND_DOWN, Decimal
from typing import Any

import msgspec

from app.brokerage.credit import TOLERANCE
from app.sync.merge import NotAccepted, State
from app.sync.policies import LINE, RESERVE
from app.sync.protocol import Entry

Key = tuple[str, str]
Sites = dict[str, dict[str, str]]
_CENT = Decimal("0.01")
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


def settle(
    entries: Sequence[Entry], states: Mapping[Key, State], look_up: Callable[[Key], State | None], site: str
) -> dict[str, dict[str, Any]]:
    """Checks a transaction's use of credit and returns the reserves it changes, by line id. Raises NotAccepted.

    ``states``: the records after the transaction. What the site held is used first; the rest must be free.
    """
    dealt, tolerance = _dealt(entries)
    changed: dict[str, dict[str, Any]] = {}
    used: dict[str, Decimal] = {}
    for entry in entries:
        if entry.table == LINE and entry.op == "update":
            before, after = _values(entry.before), _values(entry.after)
            if "used" in after:
                more = number(after["used"]) - number(before.get("used"))
                used[entry.record_id] = used.get(entry.record_id, Decimal(0)) + more
    for line_id, amount in dealt.items():
        if used.get(line_id, Decimal(0)) < amount:
            raise NotAccepted("The deal does not count against its credit line. Register it again.")
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


def _dealt(entries: Sequence[Entry]) -> tuple[dict[str, Decimal], set[str]]:
    """By line, what the deals of a transaction take; and the lines on which Credit's tolerance was asked for."""
    dealt: dict[str, Decimal] = {}
    tolerance: set[str] = set()
    for entry in entries:
        if entry.table == "deal" and entry.op == "insert":
            check = _values(entry.after).get("credit") or {}
            line_id = str(check.get("line_id") or "")
            if line_id:
                dealt[line_id] = dealt.get(line_id, Decimal(0)) + number(check.get("this_deal"))
                if check.get("result") == "refer":
                    tolerance.add(line_id)
    return dealt, tolerance


def _values(text: str | None) -> dict[str, Any]:
    return msgspec.json.decode(text, type=dict[str, Any]) if text else {}


def number(value: Any) -> Decimal:
    try:
        number = Decimal(str(value or 0))
    except ArithmeticError as error:
        raise NotAccepted("An amount of the change is not a number.") from error
    if not number.is_finite():
        raise NotAccepted("An amount of the change is not a number.")
    return number


def _text(number: Decimal) -> str:
    return format(number, "f")
