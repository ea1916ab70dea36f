"""Credit between desks: never more is used, or promised to be usable, than the line bears."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.records.codec import compact
from app.sync import credit
from app.sync.merge import NotAccepted, State
from app.sync.protocol import Entry

LINE = "line"


def line(used: object, limit: object = 1000, status: str = "active") -> State:
    return State({"limit": str(limit), "used": str(used), "status": status, "currency": "USD"}, {}, scope="*")


def reserve(**sites: tuple[int, int]) -> State:
    return State({"sites": {s: {"granted": str(g), "consumed": str(c)} for s, (g, c) in sites.items()}}, {}, scope="*")


def entry(table: str, op: Any, before: Any, after: Any) -> Entry:
    texts = [None if each is None else compact(each) for each in (before, after)]
    return Entry("e", 1, "", "user:1", "user", None, "t", table, LINE, op, *texts, 3, "s", "c", "h")


def deal(amount: object, result: str = "pass") -> Entry:
    check = {"line_id": LINE, "this_deal": str(amount), "result": result}
    return entry("deal", "insert", None, {"credit": check, "status": "registered"})


def settle(entries: list[Entry], after: State, held: State | None = None, site: str = "a") -> dict[str, dict[str, Any]]:
    states = {("credit_line", LINE): after}
    return credit.settle(entries, states, {**states, ("credit_reserve", LINE): held}.get, site, lambda _: True)


def used(before: object, after: object) -> Entry:
    return entry("credit_line", "update", {"used": str(before)}, {"used": str(after)})


def test_a_deal_within_the_line_is_accepted() -> None:
    assert settle([deal(100), used(0, 100)], line(100)) == {}


def test_a_deal_that_others_left_no_room_for_is_refused_with_the_excess() -> None:
    with pytest.raises(NotAccepted, match="USD 50 too much"):
        settle([deal(100), used(0, 100)], line(1050))
    with pytest.raises(NotAccepted, match="USD 100 too much"):
        settle([deal(100), used(0, 100)], line(900), reserve(b=(200, 0)))


def test_what_a_site_holds_is_its_own_even_where_the_line_was_cut_or_frozen() -> None:
    changed = settle([deal(100), used(0, 100)], line(100, limit=50, status="frozen"), reserve(a=(150, 20), b=(5, 0)))
    assert changed[LINE]["sites"] == {
        "a": {"granted": "150", "consumed": "120"},
        "b": {"granted": "5", "consumed": "0"},
    }


def test_what_goes_beyond_what_a_site_holds_must_be_free() -> None:
    assert settle([deal(100), used(0, 100)], line(100), reserve(a=(60, 0)))[LINE]["sites"]["a"]["consumed"] == "60"
    with pytest.raises(NotAccepted, match="too much"):
        settle([deal(100), used(0, 100)], line(1001), reserve(a=(60, 0)))
    with pytest.raises(NotAccepted, match="frozen"):
        settle([deal(100), used(0, 100)], line(100, status="frozen"), reserve(a=(60, 0)))


def test_a_deal_that_was_referred_may_use_the_tolerance() -> None:
    assert settle([deal(100, "refer"), used(0, 100)], line(1050)) == {}
    with pytest.raises(NotAccepted):
        settle([deal(100, "refer"), used(0, 100)], line(1051))


def test_a_deal_must_count_against_its_line() -> None:
    for entries in ([deal(100)], [deal(100), used(0, 99)], [deal(60), deal(60), used(0, 100)]):
        with pytest.raises(NotAccepted, match="does not count"):
            settle(entries, line(100))


def test_giving_credit_back_is_never_refused() -> None:
    assert settle([used(2000, 1900)], line(1900), reserve(b=(500, 0))) == {}


@pytest.mark.parametrize(
    ("asked", "free", "holds"),
    [(None, 800, "200.00"), ("500", 800, "500"), ("900", 800, "800"), ("0", 800, "0"), ("-5", 800, "0")],
)
def test_a_site_is_given_what_it_asks_for_or_what_there_is(asked: str | None, free: int, holds: str) -> None:
    granted = credit.grant(line(1000 - free), {}, "a", None if asked is None else Decimal(asked))
    assert credit.outstanding(granted, "a") == Decimal(holds)


def test_nobody_is_given_part_of_a_frozen_or_deleted_line() -> None:
    for closed in (line(0, status="frozen"), State(line(0).fields, {}, deleted="x")):
        assert credit.grant(closed, {}, "a", Decimal(10)) == {}


def test_asking_for_less_takes_nothing_back() -> None:
    sites = credit.sites_of(reserve(a=(100, 30)))
    assert credit.grant(line(30), sites, "a", Decimal(10)) == sites


@given(st.lists(st.tuples(st.sampled_from("abc"), st.one_of(st.none(), st.integers(0, 900)), st.integers(1, 400))))
def test_used_and_held_never_exceed_the_limit(steps: list[tuple[str, int | None, int]]) -> None:
    state, sites = line(0), {}
    for site, asked, amount in steps:
        sites = credit.grant(state, sites, site, None if asked is None else Decimal(asked))
        before = Decimal(state.fields["used"])
        after = line(before + amount)
        try:
            changed = settle([deal(amount), used(before, before + amount)], after, State({"sites": sites}, {}), site)
        except NotAccepted:
            assert before + amount + credit.outstanding(sites) - min(credit.outstanding(sites, site), amount) > 1000
        else:
            state, sites = after, changed.get(LINE, {"sites": sites})["sites"]
        assert Decimal(state.fields["used"]) + credit.outstanding(sites) <= 1000
