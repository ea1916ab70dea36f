"""One record, one entry: what comes of it."""

from __future__ import annotations

from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.records.hlc import pack
from app.sync.merge import Edit, NotAccepted, State, merge, stamp
from app.sync.protocol import Op

VALUES = st.sampled_from(["red", "green", "blue", None])


def edit(op: Op, before: Any = None, after: Any = None, *, at: int = 1, site: str = "a") -> Edit:
    return Edit(op, before, after, stamp(pack(at, 0), site, "user:1"))


def standing(table: str = "contact", **fields: Any) -> State:
    return merge(table, None, edit("insert", None, fields, at=0, site="first")).state


def test_different_fields_of_a_record_merge() -> None:
    state = standing(name="Ann", title="Ms")
    state = merge("contact", state, edit("update", {"name": "Ann"}, {"name": "Anna"}, at=5)).state
    merged = merge("contact", state, edit("update", {"title": "Ms"}, {"title": "Dr"}, at=3, site="b"))
    assert merged.state.fields == {"name": "Anna", "title": "Dr"}
    assert merged.outcome == "applied"
    assert not merged.losers


def test_of_two_values_the_later_clock_wins_and_the_loser_is_kept() -> None:
    state = merge("contact", standing(name="Ann"), edit("update", {"name": "Ann"}, {"name": "Anna"}, at=5)).state
    earlier = merge("contact", state, edit("update", {"name": "Ann"}, {"name": "Anne"}, at=4, site="b"))
    later = merge("contact", state, edit("update", {"name": "Ann"}, {"name": "Anne"}, at=6, site="b"))
    assert earlier.state.fields == {"name": "Anna"}
    assert [(each.kept, each.lost) for each in earlier.losers] == [("Anna", "Anne")]
    assert later.state.fields == {"name": "Anne"}
    assert [(each.kept, each.lost) for each in later.losers] == [("Anne", "Anna")]


def test_who_saw_the_value_replaces_it_whatever_the_clocks_say() -> None:
    state = merge("contact", standing(name="Ann"), edit("update", {"name": "Ann"}, {"name": "Anna"}, at=9)).state
    merged = merge("contact", state, edit("update", {"name": "Anna"}, {"name": "Anne"}, at=2, site="b"))
    assert merged.state.fields == {"name": "Anne"}
    assert not merged.losers
    assert merged.state.stamps["name"] == stamp(pack(9, 0), "b", "user:1")


def test_a_site_replaces_its_own_value_without_a_conflict_also_where_its_clock_stands() -> None:
    state = merge("contact", standing(name="Ann"), edit("update", {"name": "Ann"}, {"name": "Eve"}, at=5)).state
    merged = merge("contact", state, edit("update", {"name": "seen between"}, {"name": "Zoe"}, at=5))
    assert merged.state.fields == {"name": "Zoe"}
    assert not merged.losers


def test_two_who_wrote_the_same_do_not_conflict() -> None:
    state = merge("contact", standing(name="Ann"), edit("update", {"name": "Ann"}, {"name": "Eve"}, at=5)).state
    assert not merge("contact", state, edit("update", {"name": "Ann"}, {"name": "Eve"}, at=2, site="b")).losers


@given(st.lists(st.tuples(VALUES, st.integers(1, 5)), min_size=1, max_size=4))
def test_edits_that_did_not_see_each_other_come_to_the_same_in_any_order(writes: list[tuple[str | None, int]]) -> None:
    edits = [
        edit("update", {"name": "white"}, {"name": value}, at=at, site=f"site {number}")
        for number, (value, at) in enumerate(writes)
    ]
    ends, seen = set(), {value for value, _ in writes}
    for order in permutations(edits):
        state, lost = standing(name="white"), set()
        for each in order:
            merged = merge("contact", state, each)
            state = merged.state
            lost |= {loser.lost for loser in merged.losers}
        ends.add((state.fields["name"], state.stamps["name"].split("/")[0]))
        assert seen <= lost | {state.fields["name"]}, "a value is gone without a word"
    assert len({end for end, _ in ends}) == 1


@given(st.lists(st.integers(-50, 50), max_size=5), st.integers(250, 300))
def test_what_is_counted_adds_up_in_any_order(differences: list[int], start: int) -> None:
    edits = [edit("update", {"used": str(start)}, {"used": str(start + each)}) for each in differences]
    for order in (edits, edits[::-1]):
        state = standing("credit_line", used=str(start))
        for each in order:
            state = merge("credit_line", state, each).state
        assert Decimal(state.fields["used"]) == start + sum(differences)


def test_what_is_counted_is_a_number_and_never_below_nothing() -> None:
    line = standing("credit_line", used="10")
    assert merge("credit_line", line, edit("update", {"used": "50"}, {"used": "0"})).state.fields == {"used": "0"}
    for wrong in ("ten", "NaN", "Infinity", [1], {"a": 1}):
        with pytest.raises(NotAccepted, match="not a number"):
            merge("credit_line", line, edit("update", {"used": "10"}, {"used": wrong}))


def test_a_command_is_accepted_only_on_what_its_author_saw() -> None:
    deal = standing("deal", status="registered", price="1.1")
    assert merge("deal", deal, edit("update", {"price": "1.1"}, {"price": "1.2"})).outcome == "applied"
    with pytest.raises(NotAccepted, match="changed meanwhile"):
        merge("deal", deal, edit("update", {"price": "1.0"}, {"price": "1.2"}))


def test_two_who_cancel_one_deal_cancel_it_once() -> None:
    deal = merge(
        "deal", standing("deal", status="registered"), edit("update", {"status": "registered"}, {"status": "x"})
    )
    with pytest.raises(NotAccepted, match="changed meanwhile"):
        merge("deal", deal.state, edit("update", {"status": "registered"}, {"status": "x"}, at=7, site="b"))


def test_a_deleted_record_stays_deleted_and_shows_what_was_changed() -> None:
    state = merge("contact", standing(name="Ann"), edit("update", {"name": "Ann"}, {"name": "Eve"}, at=9)).state
    deleted = merge("contact", state, edit("delete", {"name": "Ann"}, at=2, site="b"))
    assert deleted.state.deleted
    assert [(each.field, each.lost) for each in deleted.losers] == [("", {"name": "Eve"})]
    late = merge("contact", deleted.state, edit("update", {"name": "Ann"}, {"name": "Joe"}, at=11, site="c"))
    assert late.state == deleted.state
    assert [(each.field, each.lost) for each in late.losers] == [("", {"name": "Joe"})]


def test_a_field_that_the_deleting_desk_does_not_know_is_no_conflict() -> None:
    assert not merge("contact", standing(name="Ann", nickname="A"), edit("delete", {"name": "Ann"})).losers


def test_a_deal_changed_meanwhile_is_not_deleted_and_none_is_deleted_twice() -> None:
    deal = standing("deal", status="registered")
    with pytest.raises(NotAccepted, match="changed meanwhile"):
        merge("deal", deal, edit("delete", {"status": "cancelled"}))
    gone = merge("deal", deal, edit("delete", {"status": "registered"})).state
    for again in (edit("delete", {"status": "registered"}), edit("update", {}, {"status": "x"})):
        with pytest.raises(NotAccepted, match="deleted meanwhile"):
            merge("deal", gone, again)


def test_a_record_comes_back_with_what_its_desk_did_not_know() -> None:
    gone = merge("contact", standing(name="Ann", nickname="A"), edit("delete", {"name": "Ann"})).state
    back = merge("contact", gone, edit("insert", None, {"name": "Ann"}, at=3))
    assert back.state.deleted is None
    assert back.state.fields == {"name": "Ann", "nickname": "A"}
    assert not back.losers


def test_who_brings_a_record_back_says_its_values_anew() -> None:
    gone = merge("contact", standing(name="Ann"), edit("delete", {"name": "Ann"}, at=2, site="b")).state
    back = merge("contact", gone, edit("insert", None, {"name": "Ann"}, at=5, site="b")).state
    merged = merge("contact", back, edit("update", {"name": "Amy"}, {"name": "Anna"}, at=4, site="first"))
    assert merged.state.fields == {"name": "Ann"}
    assert [(each.kept, each.lost) for each in merged.losers] == [("Ann", "Anna")]


def test_a_record_that_comes_back_otherwise_than_it_went_shows_the_difference() -> None:
    gone = merge("contact", standing(name="Ann", notes="new"), edit("delete", {"name": "Ann", "notes": "new"})).state
    back = merge("contact", gone, edit("insert", None, {"name": "Ann", "notes": "old"}, at=3))
    assert [(each.kept, each.lost) for each in back.losers] == [("old", "new")]


def test_what_was_counted_stands_when_a_line_comes_back() -> None:
    gone = merge("credit_line", standing("credit_line", used="70"), edit("delete", {"used": "50"})).state
    assert merge("credit_line", gone, edit("insert", None, {"used": "50"})).state.fields["used"] == "70"


def test_what_is_not_there_cannot_be_changed() -> None:
    for each in (edit("update", {}, {"name": "x"}), edit("delete", {"name": "x"})):
        with pytest.raises(NotAccepted, match="no such contact"):
            merge("contact", None, each)
