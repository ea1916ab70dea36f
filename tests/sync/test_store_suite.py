"""What every desk's store does, whatever it keeps its records in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby
from pathlib import Path

import pytest

from app.records.codec import compact
from app.records.hlc import ZERO
from app.records.log import GENESIS
from app.sync import replica
from app.sync.chain import ChainEnd, check_chain
from app.sync.desk_store import Position, SnapshotAt
from app.sync.protocol import Stored
from app.sync.replica import View
from tests.sync.desks import DESKS, HOUSE, Desk, Edit, house, item, own_items, take


@pytest.fixture(params=DESKS)
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    opened = DESKS[request.param](tmp_path / "desk")
    yield opened
    opened.close()


def _row(desk: Desk, number: int) -> dict[str, object] | None:
    view = desk.store.views([house(number)]).get(house(number), View())
    return None if view.row is None else dict(view.row)


def test_a_new_desk_has_nothing_to_say(desk: Desk) -> None:
    store = desk.store
    assert (store.written(), store.position(), store.outgoing(0, 10).entries) == (0, Position(), ())
    assert store.views([house(1)]) == {}
    assert store.unsettled([house(1)]) == {}


def test_what_was_written_is_offered_in_whole_transactions_that_prove_themselves(desk: Desk) -> None:
    desk.write(Edit("insert", house(1), HOUSE), Edit("insert", house(2), HOUSE))
    desk.write(Edit("update", house(1), {"tier": 1}), Edit("update", house(2), {"tier": 1}))
    desk.write(Edit("delete", house(2)))
    assert desk.store.written() == 5
    after, entries = 0, []
    while page := desk.store.outgoing(after, 3).entries:
        assert all(len(list(group)) in (1, 2) for _, group in groupby(page, key=lambda entry: entry.transaction))
        entries += page
        after = page[-1].site_seq
    assert [entry.op for entry in entries] == ["insert", "insert", "update", "update", "delete"]
    assert len({entry.transaction for entry in entries}) == 3
    check_chain(entries, desk.store.site, ChainEnd(0, GENESIS, ZERO))


def test_a_transaction_longer_than_a_push_goes_whole(desk: Desk) -> None:
    desk.write(*(Edit("insert", house(number), HOUSE) for number in range(7)))
    desk.write(Edit("insert", house(7), HOUSE))
    assert len(desk.store.outgoing(0, 2).entries) >= 7


def test_what_came_is_there_after_a_restart(desk: Desk) -> None:
    take(desk.store, [item(5, house(1), HOUSE)])
    desk.reopen()
    assert desk.store.position().cursor == 5
    view = desk.store.views([house(1)])[house(1)]
    assert (view.seq, view.scope, view.aside, view.server) == (5, "*", False, None)
    assert _row(desk, 1) == {"id": house(1)[1], **HOUSE}


def test_what_came_is_not_offered_again(desk: Desk) -> None:
    take(desk.store, [item(5, house(1), HOUSE)])
    assert (desk.store.written(), desk.store.outgoing(0, 10).entries) == (0, ())


def test_a_field_and_a_deletion_come_after_the_record(desk: Desk) -> None:
    take(desk.store, [item(1, house(1), HOUSE), item(2, house(2), HOUSE)])
    take(desk.store, [item(3, house(1), {"tier": 1}, whole=False, op="update"), item(4, house(2), None, op="delete")])
    assert _row(desk, 1) == {"id": house(1)[1], **HOUSE, "tier": 1}
    assert desk.store.views([house(2)])[house(2)] == View(None, None, False, 4, "*")


def test_own_changes_stay_on_top_until_they_come_back(desk: Desk) -> None:
    take(desk.store, [item(1, house(1), HOUSE)])
    desk.write(Edit("update", house(1), {"tier": 1}))
    assert [each.after for each in desk.store.unsettled([house(1)])[house(1)]] == [{"tier": 1}]
    assert desk.store.counts().to_sync == 1
    take(desk.store, [item(2, house(1), {"tier": 3, "city": "Leeds"}, whole=False, op="update")])
    desk.reopen()
    view = desk.store.views([house(1)])[house(1)]
    assert view.aside
    assert view.row is not None
    assert view.server is not None
    assert (view.row["tier"], view.row["city"], view.server["tier"]) == (1, "Leeds", 3)
    take(desk.store, own_items(desk.store, 3, fields='{"tier":1}'))
    view = desk.store.views([house(1)])[house(1)]
    assert (view.aside, view.server, view.seq) == (False, None, 3)
    assert desk.store.unsettled([house(1)]) == {}
    assert (desk.store.counts().to_sync, desk.store.position().settled) == (0, 1)


def test_what_comes_back_as_it_was_written_needs_no_more_than_its_place(desk: Desk) -> None:
    desk.write(Edit("insert", house(1), HOUSE), Edit("insert", house(2), HOUSE))
    desk.write(Edit("update", house(2), {"tier": 1}))
    (alone,) = desk.store.standing([house(1), house(2)]).items()
    assert alone[0] == house(1)
    assert (alone[1].site_seq, alone[1].op, alone[1].seq) == (1, "insert", None)
    plan = take(desk.store, own_items(desk.store, 5))
    assert (set(plan.confirmed), set(plan.views)) == ({house(1)}, {house(2)})
    desk.reopen()
    row = {"id": house(1)[1], **HOUSE}
    assert desk.store.views([house(1)])[house(1)] == View(row, None, False, 5, "*")
    assert desk.store.standing([house(1), house(2)]) == {}
    desk.write(Edit("update", house(1), {"tier": 1}))
    assert desk.store.standing([house(1)])[house(1)].seq == 5


def test_what_comes_back_once_more_after_a_restore_goes_the_whole_way(desk: Desk) -> None:
    desk.write(Edit("insert", house(1), HOUSE))
    written = own_items(desk.store, 5)
    take(desk.store, written)
    take(desk.store, [item(6, house(1), {"tier": 1}, whole=False, op="update")])
    at = desk.store.position()
    desk.store.begin_epoch(replace(at, epoch="epoch-2", cursor=0, settled=0, accepted=1))
    assert desk.store.standing([house(1)]) == {}
    take(desk.store, written)
    assert _row(desk, 1) == {"id": house(1)[1], **HOUSE}


def test_what_was_taken_away_is_not_confirmed(desk: Desk) -> None:
    desk.write(Edit("insert", house(1), HOUSE))
    plan = replica.purge([house(1)], "epoch-1", 0, desk.store.views([house(1)]))
    desk.store.commit(plan, desk.store.position())
    assert desk.store.standing([house(1)]) == {}


def test_a_refused_change_is_undone_kept_and_not_offered_again(desk: Desk) -> None:
    take(desk.store, [item(1, house(1), HOUSE)])
    desk.write(Edit("update", house(1), {"tier": 1}))
    take(desk.store, own_items(desk.store, 2, outcome="rejected", fields='{"tier":2}', reason="No."))
    desk.reopen()
    assert _row(desk, 1) == {"id": house(1)[1], **HOUSE}
    assert desk.store.counts().quarantine == 1
    going = desk.store.outgoing(0, 10)
    assert going.withdrawn == (going.entries[0].transaction,)
    desk.store.begin_epoch(replace(desk.store.position(), epoch="epoch-2", settled=0))
    assert desk.store.unsettled([house(1)]) == {}  # it is not tried again


def test_what_this_version_does_not_know_is_kept(desk: Desk) -> None:
    take(desk.store, [item(1, house(1), {**HOUSE, "mood": {"is": "good"}}), item(2, ("mood", "1"), {"name": "good"})])
    desk.reopen()
    assert _row(desk, 1) == {"id": house(1)[1], **HOUSE, "mood": {"is": "good"}}
    assert desk.store.views([("mood", "1")])[("mood", "1")].row == {"id": "1", "name": "good"}
    desk.write(Edit("update", house(1), {"tier": 1}))
    take(desk.store, [item(3, house(1), {"mood": {"is": "bad"}}, whole=False, op="update")])
    assert _row(desk, 1) == {"id": house(1)[1], **HOUSE, "mood": {"is": "bad"}, "tier": 1}
    take(desk.store, [item(4, house(1), HOUSE), item(5, ("mood", "1"), None, op="delete")])
    assert "mood" not in (_row(desk, 1) or {})
    assert desk.store.views([("mood", "1")])[("mood", "1")].row is None


def test_in_another_epoch_every_place_counts_anew(desk: Desk) -> None:
    take(desk.store, [item(1, house(1), HOUSE), item(2, house(2), HOUSE), item(3, house(3), HOUSE)])
    desk.write(Edit("update", house(2), {"tier": 1}))
    at = SnapshotAt("*", anew=True)
    desk.store.begin_epoch(Position("epoch-2", 1, 0, ("*",), at))
    desk.reopen()
    assert desk.store.position() == Position("epoch-2", 1, 0, ("*",), at)
    assert sorted(desk.store.keys_unseen()) == [house(1), house(3)]
    store = desk.store
    stored = [Stored(*house(1), compact({"id": house(1)[1], **HOUSE}), "*", 1)]
    plan = replica.take_up(stored, "epoch-2", 0, store.views([house(1)]), store.unsettled([house(1)]))
    store.commit(plan, store.position())
    assert store.keys_unseen() == [house(3)]


def test_a_purged_scope_leaves_nothing(desk: Desk) -> None:
    take(desk.store, [item(1, house(1), HOUSE, scope="book:x"), item(2, house(2), HOUSE)])
    keys = desk.store.keys_in(["book:x"])
    assert keys == [house(1)]
    plan = replica.purge(keys, "epoch-1", 0, desk.store.views(keys))
    desk.store.commit(plan, replace(desk.store.position(), scopes=("*",)))
    desk.reopen()
    assert desk.store.views([house(1)]).get(house(1), View()) == View()
    assert (desk.store.keys_in(["book:x"]), desk.store.position().scopes) == ([], ("*",))
    assert _row(desk, 2) is not None


def test_a_wiped_desk_is_empty(desk: Desk) -> None:
    desk.write(Edit("insert", house(1), HOUSE))
    take(desk.store, [item(1, house(2), HOUSE)])
    desk.store.wipe()
    desk.reopen()
    store = desk.store
    assert (store.written(), store.position(), store.outgoing(0, 10).entries) == (0, Position(), ())
    assert store.views([house(1), house(2)]) == {}
    desk.write(Edit("insert", house(1), HOUSE))
    check_chain(store.outgoing(0, 10).entries, store.site, ChainEnd(0, GENESIS, ZERO))
