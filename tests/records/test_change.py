from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select, text, update

from app.records.audit import verify
from app.records.errors import OutsideTheLog, RecordMissing, Refused
from app.records.log import Cause, Entry
from app.records.store import Records
from app.records.tables import CallReport, Contact, CreditLine, Interaction, Organization

House = Callable[..., Organization]
NOW = dt.datetime(2026, 11, 20, 9, 30, tzinfo=dt.UTC)


@pytest.fixture
def heard(records: Records) -> list[Entry]:
    entries: list[Entry] = []
    records.on_commit(entries.extend)
    return entries


@pytest.fixture
def report(records: Records) -> CallReport:
    with records.change("user:1") as change:
        talk = change.add(Interaction(kind="call", direction="inbound", status="ended", started_at=NOW))
        return change.add(CallReport(interaction_id=talk.id, updated_at=NOW, fields={"summary": "first"}))


def test_a_new_record_is_logged_with_all_its_values(records: Records, house: House, heard: list[Entry]) -> None:
    with records.change("user:1", Cause.rule("run-7")) as change:
        row = change.add(house(tier=2))
    (entry,) = heard
    assert (entry.table, entry.record_id, entry.op, entry.before) == ("organization", row.id, "insert", None)
    assert entry.after is not None
    assert (entry.after["tier"], entry.after["status"], entry.after["notes"]) == (2, "active", "")
    assert (entry.actor, entry.cause, entry.site) == ("user:1", Cause("rule", "run-7"), records.site)


def test_an_update_is_logged_with_the_changed_fields_only(records: Records, house: House, heard: list[Entry]) -> None:
    with records.change("user:1") as change:
        row = change.add(house(tier=2))
    with records.change("user:2") as change:
        change.update(Organization, row.id, tier=1, name=row.name)
    assert (heard[1].op, heard[1].before, heard[1].after) == ("update", {"tier": 2}, {"tier": 1})


def test_several_updates_of_a_record_in_one_change_are_one_entry(
    records: Records, house: House, heard: list[Entry]
) -> None:
    with records.change("user:1") as change:
        row = change.add(house(tier=3))
    with records.change("user:1") as change:
        change.update(Organization, row.id, tier=2)
        change.session.flush()
        change.update(Organization, row.id, tier=1, city="Leeds")
    assert heard[1].before == {"tier": 3, "city": None}
    assert heard[1].after == {"tier": 1, "city": "Leeds"}
    assert len(heard) == 2


def test_writing_what_is_already_there_logs_nothing(records: Records, house: House, heard: list[Entry]) -> None:
    with records.change("user:1") as change:
        row = change.add(house(tier=2))
    with records.change("user:1") as change:
        change.update(Organization, row.id, tier=2)
    with records.change("user:1") as change:
        change.update(Organization, row.id, tier=1)
        change.session.flush()
        change.update(Organization, row.id, tier=2)
    assert len(heard) == 1


def test_a_record_added_and_deleted_in_one_change_leaves_no_trace(
    records: Records, house: House, heard: list[Entry]
) -> None:
    with records.change("user:1") as change:
        row = change.add(house())
        change.session.flush()
        change.delete(Organization, row.id)
    assert heard == []


def test_a_deletion_keeps_what_was_there(records: Records, house: House, heard: list[Entry]) -> None:
    with records.change("user:1") as change:
        row = change.add(house(city="Leeds"))
    with records.change("user:1") as change:
        change.delete(Organization, row.id)
    assert heard[1].op == "delete"
    assert heard[1].before is not None
    assert heard[1].before["city"] == "Leeds"
    assert heard[1].after is None


def test_a_row_altered_in_place_is_logged(records: Records, house: House, heard: list[Entry]) -> None:
    with records.change("user:1") as change:
        row = change.add(house())
    with records.change("user:1") as change:
        change.require(Organization, row.id).city = "Leeds"
    assert heard[1].after == {"city": "Leeds"}


def test_json_altered_in_place_is_stored_and_logged(records: Records, report: CallReport, heard: list[Entry]) -> None:
    with records.change("user:1") as change:
        change.require(CallReport, report.id).fields["summary"] = "second"
    assert heard[0].before == {"fields": {"summary": "first"}}
    assert heard[0].after == {"fields": {"summary": "second"}}
    with records.read() as session:
        assert session.get_one(CallReport, report.id).fields == {"summary": "second"}


def test_json_of_a_new_row_altered_after_a_flush_is_stored(records: Records, report: CallReport) -> None:
    with records.change("user:1") as change:
        talk = change.add(Interaction(kind="call", direction="inbound", status="ended", started_at=NOW))
        row = change.add(CallReport(interaction_id=talk.id, updated_at=NOW))
        change.session.flush()
        row.fields["notes"] = "kept"
    with records.read() as session:
        assert session.get_one(CallReport, row.id).fields == {"notes": "kept"}
    assert verify(records).ok


def test_decimals_are_exact_in_row_and_log(records: Records, house: House, heard: list[Entry]) -> None:
    exact = Decimal("12345678901234567890.123456789")
    with records.change("user:1") as change:
        customer = change.add(house())
        line = change.add(
            CreditLine(
                organization_id=customer.id, kind="settlement", currency="EUR", limit=exact, used=Decimal("0.10"),
                expires=dt.date(2027, 1, 1),
            )
        )  # fmt: skip
    with records.read() as session:
        assert session.get_one(CreditLine, line.id).limit == exact
    assert heard[1].after is not None
    assert (heard[1].after["limit"], heard[1].after["used"]) == (str(exact), "0.10")


def test_a_change_that_raises_stores_nothing(records: Records, house: House, heard: list[Entry]) -> None:
    with pytest.raises(ZeroDivisionError), records.change("user:1") as change:  # noqa: PT012
        change.add(house())
        change.session.flush()
        _ = 1 / 0
    with records.read() as session:
        assert session.scalars(select(Organization)).all() == []
    assert heard == []


@pytest.mark.parametrize(
    "row",
    [
        lambda: Contact(name=None),
        lambda: Contact(name="A", organization_id="nobody"),
        lambda: Contact(name=7),
        lambda: Contact(id="taken", name="A"),
        lambda: Interaction(kind="call", direction="in", status="live", started_at=NOW.replace(tzinfo=None)),
        lambda: Interaction(kind="call", direction="in", status="live", started_at=NOW, talk_share=float("nan")),
        lambda: CreditLine(kind="settlement", currency="EUR", limit=Decimal("NaN")),
    ],
    ids=["missing", "dangling", "not text", "duplicate", "no zone", "not a number", "NaN"],
)
def test_bad_values_are_refused_whole(records: Records, house: House, row: Callable[[], Any]) -> None:
    with records.change("user:1") as change:
        change.add(Contact(id="taken", name="First"))
    with pytest.raises(Refused), records.change("user:1") as change:  # noqa: PT012
        change.add(house("Innocent Bystander"))
        change.add(row())
    with records.change("user:1") as change:
        change.add(house("Next"))
    with records.read() as session:
        assert [each.name for each in session.scalars(select(Organization))] == ["Next"]
    assert verify(records).ok


def test_rows_of_one_change_may_refer_to_each_other_in_any_order(records: Records, house: House) -> None:
    customer = house(id="00000000-0000-7000-8000-000000000001")
    with records.change("user:1") as change:
        change.add(Contact(name="First", organization_id=customer.id))
        change.session.flush()
        change.add(customer)


def test_sql_that_writes_past_the_log_is_refused(records: Records) -> None:
    with records.change("user:1") as change:
        with pytest.raises(OutsideTheLog):
            change.session.execute(update(Organization).values(tier=1))
        with pytest.raises(OutsideTheLog):
            change.session.execute(text("DELETE FROM organization"))


def test_a_row_from_elsewhere_cannot_be_smuggled_in(records: Records, house: House) -> None:
    with records.change("user:1") as change:
        row = change.add(house())
    with pytest.raises(OutsideTheLog), records.change("user:1") as change:
        change.add(row)
    with pytest.raises(OutsideTheLog), records.change("user:1") as change:
        change.session.add(row)


def test_updating_nothing_is_an_error(records: Records, house: House) -> None:
    with pytest.raises(RecordMissing), records.change("user:1") as change:
        change.update(Organization, "nobody", tier=1)
    with pytest.raises(TypeError), records.change("user:1") as change:
        change.update(Organization, change.add(house()).id, teir=1)


def test_the_history_of_a_record_is_its_entries_in_order(records: Records, house: House) -> None:
    with records.change("user:1") as change:
        row = change.add(house(tier=3))
    for tier in (2, 1):
        with records.change("user:1") as change:
            change.update(Organization, row.id, tier=tier)
    history = records.entries("organization", row.id)
    assert [entry.op for entry in history] == ["insert", "update", "update"]
    assert [entry.after["tier"] for entry in history if entry.after] == [3, 2, 1]
    assert [entry.hlc for entry in history] == sorted({entry.hlc for entry in history})
