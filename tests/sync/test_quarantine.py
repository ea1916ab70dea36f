"""What the server refused: sent again on top of what is there now, or discarded; and why a record is not in step."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.records.audit import verify
from app.records.errors import Refused
from app.sync import replica
from app.sync.quarantine import Quarantine, why
from tests.sync.desks import HOUSE, Edit, RecordsDesk, house, item, own_items, take

LINE = ("credit_line", "019aa000-0000-7000-8000-0000000000b1")
CREDIT = {"organization_id": house(1)[1], "kind": "settlement", "currency": "EUR", "limit": "100", "used": "10",
          "expires": "2027-01-01", "status": "active"}  # fmt: skip


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[RecordsDesk]:
    opened = RecordsDesk(tmp_path / "desk")
    take(opened.store, [item(1, house(1), HOUSE), item(2, LINE, CREDIT)])
    yield opened
    opened.close()


@pytest.fixture
def quarantine(desk: RecordsDesk) -> Quarantine:
    return Quarantine(desk.records)


def _refuse(desk: RecordsDesk, fields: str | None, **changes: object) -> str:
    """Every change that is not settled comes back refused; returns the transaction."""
    took = own_items(
        desk.store, desk.store.position().cursor + 1, outcome="rejected", fields=fields, reason="No.", **changes
    )
    take(desk.store, took)
    return took[0].transaction


def _row(desk: RecordsDesk, key: tuple[str, str]) -> dict[str, object]:
    row = desk.store.views([key])[key].row
    assert row is not None
    return dict(row)


def test_a_refusal_is_listed_with_its_reason(desk: RecordsDesk, quarantine: Quarantine) -> None:
    desk.write(Edit("update", house(1), {"tier": 1}))
    transaction = _refuse(desk, '{"tier":2}')
    (refusal,) = quarantine.refusals()
    assert (refusal.transaction, refusal.reason, (refusal.table, refusal.record_id)) == (transaction, "No.", house(1))


def test_sent_again_it_is_a_change_anew(desk: RecordsDesk, quarantine: Quarantine) -> None:
    desk.write(Edit("update", house(1), {"tier": 1}), Edit("insert", house(2), HOUSE))
    transaction = _refuse(desk, None)
    take(desk.store, [item(9, house(1), {**HOUSE, "tier": 3, "city": "Leeds"})])
    quarantine.resend(transaction, "user:1")
    assert (_row(desk, house(1))["tier"], _row(desk, house(1))["city"]) == (1, "Leeds")
    assert _row(desk, house(2))["name"] == HOUSE["name"]
    again = desk.store.outgoing(desk.store.position().settled, 10)
    assert [(entry.op, entry.before) for entry in again.entries] == [("update", '{"tier":3}'), ("insert", None)]
    assert again.entries[0].cause_reference == transaction
    assert again.withdrawn == ()
    assert (quarantine.refusals(), desk.store.counts().quarantine) == ([], 0)
    assert [each.transaction for each in quarantine.refusals("resent")] == [transaction]


def test_a_counter_sent_again_adds_its_difference(desk: RecordsDesk, quarantine: Quarantine) -> None:
    desk.write(Edit("update", LINE, {"used": "40"}))
    transaction = _refuse(desk, '{"used":"10"}')
    take(desk.store, [item(9, LINE, {"used": "25"}, whole=False, op="update")])
    quarantine.resend(transaction, "user:1")
    assert _row(desk, LINE)["used"] == "55"


def test_what_another_desk_did_meanwhile_is_not_done_twice(desk: RecordsDesk, quarantine: Quarantine) -> None:
    desk.write(Edit("update", LINE, {"status": "frozen"}), Edit("update", house(1), {"tier": 1}))
    transaction = _refuse(desk, None)
    take(desk.store, [item(9, LINE, {**CREDIT, "status": "frozen"}), item(10, house(1), HOUSE)])
    with pytest.raises(Refused, match="Somebody has made this change of the credit line meanwhile"):
        quarantine.resend(transaction, "user:1")
    assert _row(desk, house(1))["tier"] == HOUSE["tier"], "nothing was half done"


def test_a_deletion_is_sent_again(desk: RecordsDesk, quarantine: Quarantine) -> None:
    desk.write(Edit("delete", LINE))
    transaction = _refuse(desk, None)
    take(desk.store, [item(9, LINE, CREDIT)])
    quarantine.resend(transaction, "user:1")
    assert desk.store.views([LINE])[LINE].row is None


def test_what_is_about_a_record_that_is_gone_cannot_be_sent_again(desk: RecordsDesk, quarantine: Quarantine) -> None:
    desk.write(Edit("update", LINE, {"status": "frozen"}))
    transaction = _refuse(desk, None)
    with pytest.raises(Refused, match="credit line that this change is about is no longer there"):
        quarantine.resend(transaction, "user:1")
    assert [each.status for each in quarantine.refusals()] == ["open"]  # nothing was half done


def test_what_was_discarded_is_not_sent(desk: RecordsDesk, quarantine: Quarantine) -> None:
    desk.write(Edit("update", house(1), {"tier": 1}))
    transaction = _refuse(desk, '{"tier":2}')
    quarantine.withdraw(transaction, "user:1")
    assert quarantine.refusals() == []
    for way_out in (quarantine.withdraw, quarantine.resend):
        with pytest.raises(Refused, match="no longer waiting"):
            way_out(transaction, "user:1")


def test_what_was_kept_for_a_refusal_alone_goes_with_it(desk: RecordsDesk, quarantine: Quarantine) -> None:
    """The desk lost the scope of a record that it had changed meanwhile."""
    take(desk.store, [item(3, house(2), HOUSE, scope="book:x")])
    desk.write(Edit("update", house(2), {"notes": "mine"}))
    keys = desk.store.keys_in(["book:x"])
    desk.store.commit(replica.purge(keys, "epoch-1", 0, desk.store.views(keys)), desk.store.position())
    transaction = _refuse(desk, None, scope="")
    assert [entry.after for entry in desk.records.entries(*house(2)) if entry.after] == [{"notes": "mine"}]
    quarantine.withdraw(transaction, "user:1")
    assert [entry.after for entry in desk.records.entries(*house(2)) if entry.after] == []
    assert verify(desk.records).problems == []


def test_what_was_discarded_of_a_record_that_is_held_stays_in_the_log(
    desk: RecordsDesk, quarantine: Quarantine
) -> None:
    desk.write(Edit("update", house(1), {"notes": "mine"}))
    quarantine.withdraw(_refuse(desk, '{"notes":""}'), "user:1")
    assert {"notes": "mine"} in [entry.after for entry in desk.records.entries(*house(1))]


def test_why_a_record_is_not_in_step(desk: RecordsDesk, quarantine: Quarantine) -> None:
    def said() -> str:
        return why(desk.records, desk.store, *house(1))

    assert said() == "It is in step with the server."
    desk.write(Edit("update", house(1), {"tier": 1}))
    assert said() == "1 change has not come back from the server yet."
    transaction = _refuse(desk, '{"tier":2}')
    assert said().startswith("The server refused a change: No.")
    quarantine.withdraw(transaction, "user:1")
    conflict = {"table_name": "organization", "record_id": house(1)[1], "field": "tier", "kept": {"value": 1},
                "lost": {"value": 3}, "kept_by": "a/b/c", "lost_by": "a/b/d",
                "at": "2026-11-20T09:30:00.000000+00:00", "status": "open"}  # fmt: skip
    take(desk.store, [item(20, ("sync_conflict", "019aa000-0000-7000-8000-0000000000e1"), conflict)])
    assert "changed at two desks" in said()
    assert why(desk.records, desk.store, *house(7)).startswith("Nothing of it")


def test_a_desk_that_never_met_its_server_says_so(tmp_path: Path) -> None:
    desk = RecordsDesk(tmp_path / "alone")
    desk.write(Edit("insert", house(1), HOUSE))
    assert "has not met its server" in why(desk.records, desk.store, *house(1))
    desk.close()
