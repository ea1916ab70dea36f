"""Who may write what: roles as data, and the question that the judgement of a push asks. Pure.

Reading is by scope alone: a device holds scopes, and what is in them is on it. Writing is by the roles of the user who
did it, each granted for one scope or for all.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from app.sync.ground import Rights
from app.sync.policies import EVERYBODY
from app.sync.protocol import Op

Role = Literal["trader", "sales-manager", "credit-officer", "compliance", "administrator", "viewer"]
EVERYWHERE = "*"
"""As the scope of a grant: all of the firm's. (As that of a record: every desk's, where any grant counts.)"""


@dataclass(frozen=True, slots=True)
class Allowed:
    """On one table. ``update`` None: every field; those of ``never`` not even so."""

    insert: bool = False
    delete: bool = False
    update: frozenset[str] | None = frozenset()
    never: frozenset[str] = frozenset()


def _fields(names: str) -> Allowed:
    return Allowed(update=frozenset(names.split()))


_ALL = Allowed(insert=True, delete=True, update=None)
_KEPT = Allowed(insert=True, update=None)  # never deleted: what was said and dealt stays
_CUSTOMER = frozenset({"status", "kind", "mifid_category", "lei", "tier", "owner_id", "desk", "book"})

_TRADER: Mapping[str, Allowed] = {
    "organization": Allowed(insert=True, update=None, never=_CUSTOMER),
    "contact": _KEPT,
    "contact_phone": _ALL,
    "contact_email": _ALL,
    "contact_handle": _ALL,
    "consent": Allowed(insert=True),
    "holding": _ALL,
    "interaction": _KEPT,
    "transcript_segment": _KEPT,
    "transcript_edit": _ALL,
    "recording_span": _KEPT,
    "lexicon_entry": _ALL,
    "call_report": _KEPT,
    "follow_up": _ALL,
    "deal": Allowed(insert=True, update=None, never=frozenset({"credit"})),
    "enquiry": _KEPT,
    "credit_line": _fields("used"),
    "sync_conflict": _fields("status resolution"),
}

ROLES: Mapping[Role, Mapping[str, Allowed]] = {
    "trader": _TRADER,
    "sales-manager": {
        **_TRADER,
        "organization": Allowed(insert=True, update=None, never=frozenset({"status", "kind", "mifid_category", "lei"})),
        "account": _KEPT,
        "contact": _ALL,
    },
    "credit-officer": {
        "credit_line": Allowed(insert=True, delete=True, update=None),
        "sync_conflict": _fields("status resolution"),
    },
    "compliance": {
        "organization": Allowed(update=None),
        "contact": Allowed(update=None, delete=True),
        "contact_phone": Allowed(delete=True),
        "contact_email": Allowed(delete=True),
        "contact_handle": Allowed(delete=True),
        "consent": _KEPT,
        "account": _KEPT,
        "sync_conflict": _fields("status resolution"),
    },
    "administrator": {
        "user": _KEPT,
        "instrument": _ALL,
        "price_source": _ALL,
    },
    "viewer": {},
}

# What the program writes by itself, whoever sits at the desk: calls, what was said, what follows from it.
THE_DESK: Mapping[str, Allowed] = {
    "interaction": _KEPT,
    "transcript_segment": _KEPT,
    "recording_span": _KEPT,
    "call_report": _KEPT,
    "follow_up": _KEPT,
    "enquiry": _KEPT,
}
KNOWN_TABLES = frozenset(table for tables in ROLES.values() for table in tables)
_REMEMBERED = 100
_PROGRAMS = ("program:", "app:", "rule:", "system:desk")


@dataclass(frozen=True, slots=True)
class Grant:
    role: Role
    scope: str = EVERYWHERE


def rights(users: Mapping[str, Collection[Grant]]) -> Rights:
    """What those may do who have signed in on a device: user id -> what is granted to them."""

    @lru_cache(_REMEMBERED)  # the same for nearly all of a push
    def known_of(actor: str, table: str, scope: str) -> list[Allowed] | None:
        kind, _, user = actor.partition(":")
        if kind == "user" and user in users:
            tables = [ROLES[grant.role] for grant in users[user] if _covers(grant.scope, scope)]
        elif actor.startswith(_PROGRAMS):
            tables = [THE_DESK]
        else:
            return None
        return [each[table] for each in tables if table in each]

    def may(actor: str, table: str, op: Op, fields: Collection[str], scope: str) -> str | None:
        known = known_of(actor, table, scope)
        if known is None:
            return "This was done in the name of somebody who has not signed in on this desk."
        if any(_allows(each, op, fields) for each in known):
            return None
        return _refusal(table, op, fields, known)

    return may


def everything(*_: object) -> None:
    """The rights of a desk that brings along what it wrote before it came to the server."""


def _covers(granted: str, scope: str) -> bool:
    return granted in (EVERYWHERE, scope) or scope == EVERYBODY


def _allows(allowed: Allowed, op: Op, fields: Collection[str]) -> bool:
    if op == "insert":
        return allowed.insert
    if op == "delete":
        return allowed.delete
    names = set(fields)
    return names.isdisjoint(allowed.never) and (allowed.update is None or names <= allowed.update)


_KINDS = {"organization": "customer", "interaction": "call or chat"}
"""What is called otherwise on the screen."""


def _refusal(table: str, op: Op, fields: Collection[str], known: Collection[Allowed]) -> str:
    words = _KINDS.get(table) or table.replace("_", " ")
    words = f"{'an' if words[0] in 'aeio' else 'a'} {words}"
    if op == "update" and known:
        names = ", ".join(sorted(name.replace("_", " ") for name in fields))
        return f"Your role does not allow this change of {words} ({names}). Ask somebody who may, or an administrator."
    verb = {"insert": "add", "update": "change", "delete": "delete"}[op]
    return f"Your role does not allow you to {verb} {words}. Ask somebody who may, or an administrator."
