"""In which scope a record is."""

from __future__ import annotations

from typing import Any

import pytest

from app.sync import scopes
from app.sync.merge import State
from app.sync.replica import Key


def place(
    key: Key, fields: dict[str, Any], there: dict[Key, State] | None = None, was: str = ""
) -> tuple[str, Key | None]:
    return scopes.place(key, State(fields, {}, scope=was), (there or {}).get, "desk:emea")


@pytest.mark.parametrize(
    ("fields", "scope"),
    [
        ({}, "*"),
        ({"desk": None, "book": None}, "*"),
        ({"desk": "apac"}, "desk:apac"),
        ({"desk": "apac", "book": "flow"}, "book:flow"),
    ],
)
def test_a_customer_is_for_its_book_or_its_desk_or_for_everybody(fields: dict[str, Any], scope: str) -> None:
    assert place(("organization", "o"), fields) == (scope, None)


def test_what_hangs_on_a_customer_shares_its_scope_however_far_down() -> None:
    there = {
        ("organization", "o"): State({"book": "flow"}, {}, scope="book:flow"),
        ("contact", "c"): State({"organization_id": "o"}, {}, scope="book:flow"),
        ("interaction", "i"): State({"contact_id": "c"}, {}, scope="book:flow"),
    }
    assert place(("contact", "x"), {"organization_id": "o"}, there) == ("book:flow", ("organization", "o"))
    assert place(("call_report", "x"), {"interaction_id": "i"}, there) == ("book:flow", ("interaction", "i"))
    conflict = {"table_name": "contact", "record_id": "c"}
    assert place(("sync_conflict", "x"), conflict, there) == ("book:flow", ("contact", "c"))


def test_the_scope_is_that_of_the_transaction_where_a_customer_moves_in_it() -> None:
    there = {
        ("organization", "o"): State({"book": "flow"}, {}, scope="desk:apac"),
        ("contact", "c"): State({"organization_id": "o"}, {}, scope="desk:apac"),
    }
    assert place(("contact_email", "x"), {"contact_id": "c"}, there, was="desk:apac")[0] == "book:flow"


def test_reference_data_is_for_everybody_and_so_are_conflicts_over_it() -> None:
    assert place(("instrument", "i"), {}) == ("*", None)
    there = {("user", "u"): State({}, {}, scope="*")}
    assert place(("sync_conflict", "x"), {"table_name": "user", "record_id": "u"}, there)[0] == "*"


def test_what_hangs_on_nothing_is_for_the_desk_that_made_it_and_stays_there() -> None:
    assert place(("interaction", "i"), {}) == ("desk:emea", None)
    assert place(("interaction", "i"), {}, was="desk:apac") == ("desk:apac", None)


def test_what_hangs_on_a_record_that_is_not_there_stays_where_it_is_and_names_it() -> None:
    assert place(("contact", "c"), {"organization_id": "o"}) == ("desk:emea", ("organization", "o"))
    assert place(("contact", "c"), {"organization_id": "o"}, was="*") == ("*", ("organization", "o"))


def test_records_in_a_ring_come_to_an_end() -> None:
    ring = {("contact", "c"): State({"contact_id": "c"}, {}, scope="*")}
    assert place(("contact", "c"), {"contact_id": "c"}, ring, was="*")[0] == "*"


@pytest.mark.parametrize(
    ("table", "op", "values", "may"),
    [
        ("organization", "update", {"desk": None}, True),
        ("organization", "update", {"name": "x"}, False),
        ("contact", "update", {"organization_id": None}, True),
        ("contact", "update", {"name": "x"}, False),
        ("contact", "insert", {"name": "x"}, True),
        ("contact_email", "insert", {"address": "x"}, False),
        ("organization", "delete", {}, False),
    ],
)
def test_only_some_changes_can_move_records_to_another_scope(table: str, op: Any, values: Any, may: bool) -> None:
    assert scopes.may_move(table, op, values) is may
