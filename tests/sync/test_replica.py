"""What the server's items and snapshots make of a desk's records."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.records.codec import compact
from app.sync import replica
from app.sync.protocol import Item, Op, Stored
from app.sync.replica import Plan, Standing, Unsettled, View

KEY = ("contact", "c")


def item(
    seq: int,
    fields: Any,
    *,
    site: str = "other",
    site_seq: int = 0,
    op: Op = "update",
    outcome: Any = "applied",
    whole: bool = False,
    scope: str = "*",
    left: str | None = None,
) -> Item:
    text = None if fields is None else compact(fields)
    return Item(
        seq, f"e{seq}", site, site_seq or seq, "", "user:2", "user", None, f"t{seq}", *KEY, op, outcome, text, whole,
        scope, left, "Why." if outcome == "rejected" else None,
    )  # fmt: skip


def own(site_seq: int, op: Op = "update", before: Any = None, after: Any = None) -> Unsettled:
    return Unsettled(site_seq, f"t{site_seq}", op, before, after)


def plan(items: Sequence[Item], view: View, unsettled: Sequence[Unsettled] = (), settled: int = 0) -> Plan:
    return replica.plan("me", settled, items, {KEY: view}, {KEY: unsettled})


def test_what_others_changed_shows_and_is_logged_as_theirs() -> None:
    made = plan([item(5, {"title": "Dr"})], View({"name": "Ann", "title": "Ms"}, seq=3, scope="*"))
    assert made.views[KEY] == View({"name": "Ann", "title": "Dr"}, seq=5, scope="*")
    (effect,) = made.effects
    assert (effect.op, effect.before, effect.after) == ("update", {"title": "Ms"}, {"title": "Dr"})
    assert (effect.actor, effect.reference) == ("user:2", "e5")


def test_own_changes_stay_on_top_until_they_come_back() -> None:
    typed = own(4, before={"name": "Ann"}, after={"name": "Eve"})
    made = plan([item(5, {"name": "Bob", "title": "Dr"})], View({"name": "Eve"}, seq=3, scope="*"), [typed])
    view = made.views[KEY]
    assert view.row == {"name": "Eve", "title": "Dr"}
    assert (view.server, view.aside) == ({"name": "Bob", "title": "Dr"}, True)
    back = plan([item(6, {"name": "Bob"}, site="me", site_seq=4, outcome="merged")], view, [typed], settled=3)
    assert back.views[KEY].row == {"name": "Bob", "title": "Dr"}
    assert not back.views[KEY].aside
    assert back.settled == 4


def test_of_several_own_changes_only_what_came_back_is_settled() -> None:
    typed = [
        own(4, before={"name": "Ann"}, after={"name": "Eve"}),
        own(5, before={"name": "Eve"}, after={"name": "Zoe"}),
    ]
    made = plan([item(6, {"name": "Eve"}, site="me", site_seq=4)], View({"name": "Zoe"}, seq=3, scope="*"), typed)
    assert made.views[KEY].row == {"name": "Zoe"}
    assert made.views[KEY].server == {"name": "Eve"}
    assert not made.effects


def test_a_refused_change_is_taken_back_and_said() -> None:
    typed = own(4, before={"name": "Ann"}, after={"name": "Eve"})
    refused = item(6, {"name": "Ann"}, site="me", site_seq=4, outcome="rejected")
    made = plan([refused], View({"name": "Eve"}, seq=3, scope="*"), [typed])
    assert made.views[KEY].row == {"name": "Ann"}
    assert [(each.transaction, each.reason) for each in made.refused] == [("t6", "Why.")]


def test_an_item_that_comes_twice_or_late_changes_nothing() -> None:
    now = View({"name": "Ann"}, seq=9, scope="*")
    made = plan([item(5, {"name": "Old"}), item(9, {"name": "Ann"})], now)
    assert made.views[KEY] == now
    assert not made.effects


def test_some_fields_of_an_unknown_record_wait_for_its_snapshot() -> None:
    assert plan([item(5, {"title": "Dr"})], View()).views[KEY] == View()
    of_another_epoch = View({"name": "Ann", "title": "Ms"}, seq=0, scope="*")
    assert plan([item(5, {"title": "Dr"})], of_another_epoch).views[KEY] == of_another_epoch


def test_a_record_that_left_is_gone_with_its_texts_and_may_come_again_from_an_earlier_place() -> None:
    made = plan([item(8, None, scope="", left="*")], View({"name": "Ann"}, seq=3, scope="*"))
    assert made.views[KEY] == View()
    assert made.gone == {KEY}
    back = replica.take_up([Stored(*KEY, '{"name":"Ann"}', "*", 7)], "t", 0, made.views, {})
    assert back.views[KEY].row == {"name": "Ann"}


def test_a_deleted_record_is_not_forgotten() -> None:
    made = plan([item(8, None, op="delete")], View({"name": "Ann"}, seq=3, scope="*"))
    assert made.views[KEY] == View(None, seq=8, scope="*")
    assert not made.gone


def test_a_refusal_to_know_a_record_is_no_news_of_one_that_is_here() -> None:
    here = View({"name": "Ann"}, seq=3, scope="*")
    assert plan([item(8, None, site="me", outcome="rejected", scope="")], here).views[KEY] == here


def test_of_a_record_that_the_server_shows_no_more_own_entries_stay() -> None:
    refused = item(8, None, site="me", outcome="rejected", scope="")
    made = plan([refused], View({"name": "Ann"}, seq=0, scope="*"))
    assert (made.gone, made.unseen) == (set(), {KEY})
    forgotten = replica.purge([KEY], "t", 0, {KEY: View({"name": "Ann"})}, unseen=True)
    assert (forgotten.gone, forgotten.unseen) == (set(), {KEY})
    lost = replica.purge([KEY], "t", 0, {KEY: View({"name": "Ann"})})
    assert (lost.gone, lost.unseen) == ({KEY}, set())


def test_a_snapshot_goes_beneath_own_changes() -> None:
    typed = own(4, before={"name": "Ann"}, after={"name": "Eve"})
    stored = Stored(*KEY, '{"name":"Bob","title":"Dr"}', "*", 7)
    made = replica.take_up([stored], "t", 3, {KEY: View({"name": "Eve"})}, {KEY: [typed]})
    assert made.views[KEY].row == {"name": "Eve", "title": "Dr"}
    assert made.settled == 3


def test_what_is_counted_is_counted_on_top_of_what_others_counted() -> None:
    typed = own(4, before={"used": "100"}, after={"used": "130.5"})
    assert replica.on_top("credit_line", {"used": "160"}, [typed]) == {"used": "190.5"}


NAMES = st.sampled_from(["name", "title", "notes"])
STEPS = st.lists(
    st.one_of(st.just("delete"), st.just("insert"), st.dictionaries(NAMES, st.text(max_size=2), min_size=1))
)


def _typed(start: dict[str, Any] | None, steps: Any) -> tuple[Any, list[Unsettled]]:
    """What a desk would log, and its row then."""
    row, entries = start, []
    for number, step in enumerate(steps, 1):
        if step == "delete" and row is not None:
            entries.append(own(number, "delete", row, None))
            row = None
        elif step == "insert" and row is None:
            row = {"name": "new", "title": "", "notes": ""}
            entries.append(own(number, "insert", None, row))
        elif isinstance(step, dict) and row is not None:
            entries.append(own(number, "update", {name: row[name] for name in step}, step))
            row = {**row, **step}
    return row, entries


@given(st.one_of(st.none(), st.just({"name": "a", "title": "b", "notes": "c"})), STEPS)
def test_what_lies_beneath_own_changes_is_what_they_were_made_on(start: Any, steps: Any) -> None:
    row, entries = _typed(start, steps)
    assert replica.beneath(row, entries) == start
    assert replica.on_top("contact", start, entries) == row


@given(
    st.lists(st.dictionaries(NAMES, st.text(max_size=2), min_size=1), min_size=1, max_size=8),
    st.lists(st.tuples(st.integers(0, 8), st.integers(1, 4)), max_size=20),
)
def test_all_desks_come_to_the_same_however_pages_were_cut_and_repeated(
    changes: Any, pages: list[tuple[int, int]]
) -> None:
    items = [item(1, {"name": "", "title": "", "notes": ""}, op="insert", whole=True)]
    items += [item(number, change) for number, change in enumerate(changes, 2)]
    end: dict[str, Any] = {"name": "", "title": "", "notes": ""}
    for change in changes:
        end |= change
    view, reached = View(), 0
    for start, length in pages:  # from somewhere before what was reached, and perhaps beyond it
        page = [each for each in items if min(start, reached) < each.seq <= start + length]
        view = plan(page, view).views.get(KEY, view)
        reached = max(reached, *(each.seq for each in page)) if page else reached
    assert plan(items, view).views[KEY].row == end


def test_what_comes_back_as_it_was_written_is_confirmed_as_the_whole_way_would_have_it() -> None:
    mine = Standing(4, "update", compact({"name": "Eve"}), 3)
    back = item(6, {"name": "Eve"}, site="me", site_seq=4)
    assert replica.confirmed("me", [back], {KEY: mine}) == {KEY: back}
    typed = own(4, before={"name": "Ann"}, after={"name": "Eve"})
    made = plan([back], View({"name": "Eve"}, seq=3, scope="*"), [typed], settled=3)
    assert (made.views[KEY], made.effects, made.settled) == (View({"name": "Eve"}, None, False, 6, "*"), [], 4)
    short = replica.plan("me", 3, [], {}, {}, {KEY: back})
    assert (short.settled, short.confirmed) == (4, {KEY: back})


@pytest.mark.parametrize(
    "items",
    [
        [item(6, {"name": "Bob"}, site="me", site_seq=4, outcome="merged")],
        [item(6, {"name": "Eve"}, site="me", site_seq=4, outcome="rejected")],
        [item(6, {"name": "Eve"}, site="me", site_seq=3)],
        [item(6, {"name": "Eve"}, site="other", site_seq=4)],
        [item(6, {"name": "Eve"}, site="me", site_seq=4, whole=True, left="book:gilts")],
        [item(6, None, site="me", site_seq=4, scope="")],
        [item(2, {"name": "Eve"}, site="me", site_seq=4)],
        [item(5, {"title": "Dr"}), item(6, {"name": "Eve"}, site="me", site_seq=4)],
    ],
    ids=["merged", "rejected", "an earlier one", "another's", "moved", "out of sight", "known", "not alone"],
)
def test_anything_else_goes_the_whole_way(items: list[Item]) -> None:
    assert replica.confirmed("me", items, {KEY: Standing(4, "update", compact({"name": "Eve"}), 3)}) == {}


@pytest.mark.parametrize(("op", "seq"), [("update", 0), ("update", None), ("insert", 0)])
def test_what_stands_on_a_record_that_this_epoch_has_not_brought_is_not_confirmed(op: Op, seq: int | None) -> None:
    back = item(6, {"name": "Eve"}, site="me", site_seq=4, op=op, whole=op == "insert")
    assert replica.confirmed("me", [back], {KEY: Standing(4, op, compact({"name": "Eve"}), seq)}) == {}
