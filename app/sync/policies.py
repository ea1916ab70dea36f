"""How each table and field behaves when several sites write it: data, no logic.

A table that is not named merges field by field. A field that no desk's version knows yet does so too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

Kind = Literal["merge", "command", "counter", "server"]
"""``merge``: the later clock wins and the loser is kept as a conflict. ``command``: accepted only if the field still is
what the desk saw. ``counter``: the difference is added. ``server``: only the server writes it."""

EVERYBODY = "*"
"""The scope of what every desk of the firm may hold."""

TABLES: Mapping[str, Kind] = {
    "deal": "command",
    "account": "command",
    "credit_line": "command",
    "credit_reserve": "server",
    "sync_conflict": "server",
}

FIELDS: Mapping[tuple[str, str], Kind] = {
    ("credit_line", "used"): "counter",
    ("sync_conflict", "status"): "merge",
    ("sync_conflict", "resolution"): "merge",
}

SERVERS = frozenset(table for table, kind in TABLES.items() if kind == "server")
"""Tables of which desks may write some fields at most."""

# The record that another one hangs on: whose scope it shares, and whose data it is. The first that is set counts.
PARENTS: tuple[tuple[str, str], ...] = (
    ("organization_id", "organization"),
    ("contact_id", "contact"),
    ("interaction_id", "interaction"),
    ("line_id", "credit_line"),
)

# Reference data: for every desk of the firm.
SHARED_TABLES = frozenset({"user", "instrument", "price_source", "lexicon_entry"})

UNIQUE: Mapping[str, str] = {"call_report": "interaction_id"}
"""Table -> the field of which no two records may have the same value."""

CONFLICT = "sync_conflict"
RESERVE = "credit_reserve"
LINE = "credit_line"


RESCOPING: Mapping[str, frozenset[str]] = {"organization": frozenset({"desk", "book"})}
"""The fields that decide a record's scope by themselves; a customer's is that of all that hangs on it."""


def kind_of(table: str, field: str) -> Kind:
    return FIELDS.get((table, field)) or TABLES.get(table, "merge")


def is_command(table: str) -> bool:
    """Whether a change of the table stands as requested until the server has accepted it."""
    return TABLES.get(table) == "command"
