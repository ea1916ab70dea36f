"""The desk's database as the session's store: log, listeners, search, erasure, and later versions."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from app.records.audit import verify
from app.records.codec import compact
from app.records.engine import connect
from app.records.errors import DiskFull
from app.records.log import Cause, Entry
from app.records.recordings import Recordings
from app.records.search import search
from app.records.store import DATABASE
from app.records.tables import Contact, Organization, SyncConflict
from app.sync import replica
from app.sync.replica import Plan
from tests.sync.desks import HOUSE, KEY, Edit, RecordsDesk, house, item, own_items, take

CONTACT = ("contact", "019aa000-0000-7000-8000-0000000000c1")
PHONE = ("contact_phone", "019aa000-0000-7000-8000-0000000000f1")
TALK = ("interaction", "019aa000-0000-7000-8000-0000000000d1")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[RecordsDesk]:
    opened = RecordsDesk(tmp_path / "desk")
    yield opened
    opened.close()


def test_what_came_stands_in_the_log_with_its_author_and_proves_itself(desk: RecordsDesk) -> None:
    desk.write(Edit("insert", house(1), HOUSE))
    take(desk.store, [*own_items(desk.store, 1), item(2, house(1), {"tier": 1}, whole=False, op="update")])
    own, received = desk.records.entries(*house(1))
    assert (own.site, received.site) == (desk.records.site, desk.records.chain.received_site)
    assert (received.actor, received.cause.kind, received.transaction) == ("user:2", "sync", "transaction-2")
    assert (received.before, received.after) == ({"tier": 2}, {"tier": 1})
    assert verify(desk.records).problems == []
    desk.reopen()
    take(desk.store, [item(3, house(1), {"tier": 3}, whole=False, op="update")])
    assert [entry.site_seq for entry in desk.records.entries(*house(1))] == [1, 1, 2]
    assert verify(desk.records).problems == []


def test_listeners_and_tails_hear_what_came(desk: RecordsDesk) -> None:
    heard: list[Sequence[Entry]] = []
    desk.records.on_commit(heard.append)
    tail = desk.records.tail("rules")
    take(desk.store, [item(1, house(1), HOUSE), item(2, house(2), HOUSE)])
    assert [[entry.record_id for entry in entries] for entries in heard] == [[house(1)[1], house(2)[1]]]
    assert [entry.cause for entry in tail.pending()] == [entry.cause for entry in heard[0]]


def test_a_reference_to_what_the_desk_does_not_hold_is_stored(desk: RecordsDesk) -> None:
    values = {"organization_id": house(9)[1], "name": "Gareth Moss", "title": None, "language": None, "notes": ""}
    take(desk.store, [item(1, CONTACT, {**values, "status": "active"})])
    with desk.records.read() as session:
        assert session.get_one(Contact, CONTACT[1]).organization_id == house(9)[1]
    desk.write(Edit("update", CONTACT, {"title": "Treasurer"}))  # and goes on being edited here


def test_what_came_is_found(desk: RecordsDesk) -> None:
    contact = {"organization_id": house(1)[1], "name": "Gareth Moss", "title": None, "language": None,
               "status": "active", "notes": ""}  # fmt: skip
    phone = {"contact_id": CONTACT[1], "e164": "+442079460017", "label": "work"}
    take(desk.store, [item(1, PHONE, phone), item(2, CONTACT, contact), item(3, house(1), HOUSE)])

    def found(text: str) -> list[str]:
        with desk.records.read() as session:
            return [hit.record_id for hit in search(session, text)]

    assert (found("tolland"), found("moss"), found("0017")) == ([house(1)[1], CONTACT[1]], [CONTACT[1]], [CONTACT[1]])
    take(desk.store, [item(4, PHONE, {"e164": "+442079469999"}, whole=False, op="update")])
    assert (found("0017"), found("9999")) == ([], [CONTACT[1]])
    take(desk.store, [item(5, CONTACT, None, op="delete"), item(6, house(1), {"name": "Ostley"}, whole=False)])
    assert (found("moss"), found("ostley")) == ([], [house(1)[1]])


def test_a_field_that_another_version_left_out_has_its_default(desk: RecordsDesk) -> None:
    take(desk.store, [item(1, house(1), {"name": "Tolland", "short_name": "T", "kind": "bank"})])
    with desk.records.read() as session:
        row = session.get_one(Organization, house(1)[1])
        assert (row.status, row.notes, row.tier) == ("active", "", None)
    assert verify(desk.records).problems == []
    take(desk.store, [item(2, house(1), {"name": "Tolland", "short_name": "T", "kind": "bank"})])
    assert len(desk.records.entries(*house(1))) == 1  # the same again changes nothing
    assert verify(desk.records).problems == []


@pytest.mark.parametrize(
    "values",
    [
        {"tier": "two"},
        {"tier": 2**70},
        {"since": "yesterday"},
        {"name": None},
        {"name": 5},
    ],
)
def test_a_record_that_cannot_be_a_row_here_is_kept_aside(desk: RecordsDesk, values: dict[str, object]) -> None:
    take(desk.store, [item(1, house(1), {**HOUSE, **values})])
    with desk.records.read() as session:
        assert session.get(Organization, house(1)[1]) is None
    assert desk.store.views([house(1)])[house(1)].row == {"id": house(1)[1], **HOUSE, **values}
    assert verify(desk.records).problems == []
    take(desk.store, [item(2, house(1), HOUSE)])
    with desk.records.read() as session:
        assert session.get_one(Organization, house(1)[1]).name == HOUSE["name"]
    assert verify(desk.records).problems == []


def test_a_later_version_takes_up_what_it_knows(desk: RecordsDesk, tmp_path: Path) -> None:
    """As an older version would have left it: fields and whole records aside, and the rows without."""
    take(desk.store, [item(1, house(1), {**HOUSE, "mood": "good"}), item(2, house(2), {**HOUSE, "mood": "bad"})])
    desk.close()
    raw = connect(tmp_path / "desk" / DATABASE, KEY)
    known = compact({"mood": "good", "city": "Leeds"})
    raw.execute("UPDATE sync_extra SET fields = ? WHERE record_id = ?", (known, house(1)[1]))
    whole = compact({"id": house(2)[1], **HOUSE, "name": "Ostley"})
    raw.execute("UPDATE sync_extra SET fields = ?, whole = 1 WHERE record_id = ?", (whole, house(2)[1]))
    raw.execute("DELETE FROM organization WHERE id = ?", (house(2)[1],))
    raw.execute("DELETE FROM meta WHERE key = 'extra_version'")
    raw.close()
    desk.reopen()
    with desk.records.read() as session:
        assert session.get_one(Organization, house(1)[1]).city == "Leeds"
        assert session.get_one(Organization, house(2)[1]).name == "Ostley"
        assert [hit.record_id for hit in search(session, "leeds")] == [house(1)[1]]
    row = desk.store.views([house(1)])[house(1)].row
    assert row is not None
    assert row["mood"] == "good"


def test_purging_takes_texts_and_sound_as_well(desk: RecordsDesk) -> None:
    talk = {"kind": "call", "direction": "inbound", "status": "ended", "started_at": "2026-11-20T09:30:00.000000+00:00",
            "report_status": "none", "subject": "secret", "recording": f"{TALK[1]}.rec"}  # fmt: skip
    with Recordings.beside(desk.records).writer(TALK[1], 8000, 1) as writer:
        writer.append(bytes(160))
    desk.write(Edit("insert", TALK, talk))
    take(desk.store, own_items(desk.store, 1, scope="book:x"))
    take(desk.store, [item(2, TALK, {"subject": "secret too"}, whole=False, op="update", scope="book:x")])
    keys = desk.store.keys_in(["book:x"])
    plan = replica.purge(keys, "epoch-1", desk.store.position().settled, desk.store.views(keys))
    desk.store.commit(plan, desk.store.position())
    entries = desk.records.entries(*TALK)
    assert [(entry.before, entry.after) for entry in entries] == [(None, None)] * 3
    assert (entries[-1].op, entries[-1].cause.kind) == ("delete", "purge")
    assert list(Recordings.beside(desk.records).folder.iterdir()) == []
    assert verify(desk.records).problems == []


def test_what_is_not_settled_survives_a_purge(desk: RecordsDesk) -> None:
    take(desk.store, [item(1, house(1), HOUSE, scope="book:x")])
    desk.write(Edit("update", house(1), {"notes": "mine"}))
    keys = desk.store.keys_in(["book:x"])
    plan = replica.purge(keys, "epoch-1", 0, desk.store.views(keys))
    desk.store.commit(plan, desk.store.position())
    assert [entry.after for entry in desk.store.outgoing(0, 10).entries] == ['{"notes":"mine"}']
    assert verify(desk.records).problems == []


def test_a_deletion_that_was_purged_leaves_its_mark(desk: RecordsDesk) -> None:
    take(desk.store, [item(1, house(1), HOUSE, scope="book:x"), item(2, house(1), None, op="delete", scope="book:x")])
    keys = desk.store.keys_in(["book:x"])
    desk.store.commit(replica.purge(keys, "epoch-1", 0, desk.store.views(keys)), desk.store.position())
    assert [entry.after for entry in desk.records.entries(*house(1))] == [None] * 3
    assert verify(desk.records).problems == []


def test_a_wiped_desk_starts_as_another_site(desk: RecordsDesk, tmp_path: Path) -> None:
    desk.write(Edit("insert", house(1), HOUSE))
    with Recordings.beside(desk.records).writer(TALK[1], 8000, 1) as writer:
        writer.append(bytes(160))
    site = desk.store.site
    desk.store.wipe()
    assert desk.store.site != site
    assert not (tmp_path / "desk" / "recordings").exists()
    assert verify(desk.records).problems == []
    desk.write(Edit("insert", house(1), HOUSE))
    desk.reopen()
    assert verify(desk.records).problems == []


def test_killed_within_a_wipe_the_head_file_raises_no_alarm(desk: RecordsDesk, tmp_path: Path) -> None:
    desk.write(Edit("insert", house(1), HOUSE))
    head = (tmp_path / "desk" / "deskline.head").read_bytes()
    desk.store.wipe()
    desk.close()
    (tmp_path / "desk" / "deskline.head").write_bytes(head)
    raw = connect(tmp_path / "desk" / DATABASE, KEY)
    raw.execute("INSERT INTO meta (key, value) VALUES ('wiped', '1')")
    raw.close()
    desk.reopen()
    assert verify(desk.records).problems == []


def test_nobody_writes_within_a_turn(desk: RecordsDesk) -> None:
    written = threading.Event()

    def write() -> None:
        desk.write(Edit("insert", house(2), HOUSE))
        written.set()

    thread = threading.Thread(target=write)
    with desk.store.turn():
        thread.start()
        take(desk.store, [item(1, house(1), HOUSE)])
        assert not written.wait(0.05)
    thread.join()
    assert written.is_set()


def test_conflicts_count_until_they_are_resolved(desk: RecordsDesk) -> None:
    key = ("sync_conflict", "019aa000-0000-7000-8000-0000000000e1")
    conflict = {"table_name": "organization", "record_id": house(1)[1], "field": "tier", "kept": {"value": 1},
                "lost": {"value": 3}, "kept_by": "a/b/c", "lost_by": "a/b/d",
                "at": "2026-11-20T09:30:00.000000+00:00", "status": "open"}  # fmt: skip
    take(desk.store, [item(1, key, conflict)])
    assert desk.store.counts().conflicts == 1
    with desk.records.change("user:1", Cause.user()) as change:
        change.update(SyncConflict, key[1], status="resolved", resolution="kept")
    assert desk.store.counts().conflicts == 0


def test_the_history_keeps_the_newest(desk: RecordsDesk) -> None:
    for number in range(1005):
        desk.store.note("online", f"{number}")
    assert [event.text for event in desk.store.events(2)] == ["1004", "1003"]
    assert len(desk.store.events(5000)) == 1000


def test_a_page_that_breaks_half_way_leaves_all_as_it_was(desk: RecordsDesk) -> None:
    take(desk.store, [item(1, house(1), HOUSE)])
    at = desk.store.position()
    broken = Plan({house(2): replica.View({"id": house(2)[1], **HOUSE})}, [], [], 0)
    effect = replica.Effect(house(2), "insert", None, {"id": house(2)[1], **HOUSE, "odd": object()}, "user:2", "t", "")
    with pytest.raises(TypeError):
        desk.store.commit(replace(broken, effects=[effect]), replace(at, cursor=9))
    assert desk.store.position() == at
    desk.reopen()
    assert desk.store.position() == at
    with desk.records.read() as session:
        assert list(session.scalars(select(Organization.id))) == [house(1)[1]]
    take(desk.store, [item(2, house(2), HOUSE)])
    assert verify(desk.records).problems == []


def test_a_full_disk_stores_nothing_of_a_page_and_the_desk_goes_on_once_there_is_room(desk: RecordsDesk) -> None:
    take(desk.store, [item(1, house(1), HOUSE)])
    at = desk.store.position()
    with desk.records._bulk.begin() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 3}")
    page = [item(seq, house(seq), {**HOUSE, "notes": "x" * 3000}) for seq in range(2, 52)]
    with pytest.raises(DiskFull, match="disk is full"):
        take(desk.store, page)
    assert desk.store.position() == at
    assert desk.store.views([house(2)]) == {}
    with desk.records._bulk.begin() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 4294967294")
    take(desk.store, page)
    assert desk.store.position().cursor == 51
    assert verify(desk.records).problems == []


def test_what_the_server_erased_is_erased_here(desk: RecordsDesk) -> None:
    values = {"organization_id": None, "name": "Gareth Moss", "title": None, "language": None, "status": "active",
              "notes": ""}  # fmt: skip
    take(desk.store, [item(1, CONTACT, values)])
    empty = {"name": "", "status": "erased"}
    erased = item(2, CONTACT, empty, whole=False, op="update", cause="erase")
    take(desk.store, [erased, item(3, CONTACT, {"title": "CFO"}, whole=False, op="update")])
    first, last, _ = desk.records.entries(*CONTACT)
    assert (first.after, last.before, last.after, last.cause.kind) == (None, None, empty, "erase")
    assert verify(desk.records).problems == []
