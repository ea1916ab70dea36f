"""Personal data leaves rows, log, recordings, search and copies; the log still verifies."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from app.records.audit import verify
from app.records.erasure import erase, keys_of_person
from app.records.log import Entry
from app.records.recordings import Recordings
from app.records.retention import KINDS, due, retain
from app.records.rows import read_rows
from app.records.search import search
from app.records.store import Records
from app.records.tables import (
    CallReport,
    Contact,
    ContactPhone,
    Deal,
    Enquiry,
    FollowUp,
    Instrument,
    Interaction,
    Organization,
    TranscriptSegment,
)

NOW = dt.datetime(2026, 11, 20, 9, 30, tzinfo=dt.UTC)
SECRET = "zanzibar"
PERIODS = dict.fromkeys(KINDS, dt.timedelta(days=365))


@dataclass
class Person:
    contact: str
    phone: str
    talk: str
    recording: str


@pytest.fixture
def person(records: Records, house: Callable[..., Organization]) -> Person:
    """Somebody who called, whose report was written, who dealt, and one of whose numbers was deleted since."""
    with records.change("user:1") as change:
        firm = change.add(house("Tolland"))
        contact = change.add(Contact(name=f"Gareth {SECRET}", organization_id=firm.id, notes=SECRET))
        phone = change.add(ContactPhone(contact_id=contact.id, e164="+442079460017", label=SECRET))
        kept = change.add(ContactPhone(contact_id=contact.id, e164="+442079460018"))
        talk = change.add(
            Interaction(
                kind="call", direction="inbound", status="ended", started_at=NOW, number="+442079460017",
                contact_id=contact.id, subject=SECRET,
            )
        )  # fmt: skip
        change.update(Interaction, talk.id, recording=f"{talk.id}.rec")
        change.add(
            TranscriptSegment(
                interaction_id=talk.id, seq=1, pass_="final", who="client", start=0.0, end=1.0, text=SECRET
            )
        )
        change.add(CallReport(interaction_id=talk.id, fields={"summary": SECRET}, updated_at=NOW))
        change.add(FollowUp(interaction_id=talk.id, owner="trader", what=f"send {SECRET}", due=NOW, status="done"))
        eurusd = change.add(_instrument())
        change.add(_deal(firm.id, contact.id, eurusd.id))
        change.add(
            Enquiry(organization_id=firm.id, contact_id=contact.id, instrument_id=eurusd.id, outcome="dealt", at=NOW)
        )
    with records.change("user:1") as change:
        change.delete(ContactPhone, phone.id)
        change.update(Contact, contact.id, notes="")
    with Recordings.beside(records).writer(talk.id, 8000, 1) as writer:
        writer.append(bytes(160))
    assert kept.id
    return Person(contact.id, phone.id, talk.id, f"{talk.id}.rec")


@pytest.fixture
def says(records: Records, raw: Callable[[], Any]) -> Callable[[], list[str]]:
    """The tables of the database in which the secret still stands, the index's own among them."""

    def look() -> list[str]:
        connection = raw()
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found = []
        for table in tables:
            for row in connection.execute(f'SELECT * FROM "{table}"'):
                if any(_holds(value) for value in row):
                    found.append(table)
                    break
        connection.close()
        return found

    return look


def _holds(value: object) -> bool:
    # The index stores words without the beginning that they share with the one before.
    data = value if isinstance(value, bytes) else str(value).encode()
    return SECRET.encode()[2:] in data


def test_everything_about_a_person_is_found(records: Records, person: Person) -> None:
    with records.read() as session:
        keys = keys_of_person(session, person.contact)
        rows = read_rows(session.connection(), keys)
    assert ("contact_phone", person.phone) in keys  # though it was deleted
    assert sorted(table for table, _ in rows) == [
        "call_report", "contact", "contact_phone", "follow_up", "interaction", "transcript_segment",
    ]  # fmt: skip


def test_an_erased_person_is_nowhere_any_more(records: Records, person: Person, says: Callable[[], list[str]]) -> None:
    assert says()
    with records.read() as session:
        keys = keys_of_person(session, person.contact)
    erase(records, keys, "user:1")
    assert says() == []
    with records.read() as session:
        contact, talk = session.get_one(Contact, person.contact), session.get_one(Interaction, person.talk)
        assert (contact.name, contact.status, talk.number, talk.recording) == ("", "erased", None, None)
        assert search(session, SECRET) == []
        assert session.query(Deal).one().contact_id == person.contact  # deals stay
    assert not (Recordings.beside(records).folder / person.recording).exists()
    assert verify(records).problems == []


def test_the_log_says_who_erased_what_and_nothing_else(records: Records, person: Person) -> None:
    heard: list[Entry] = []
    records.on_commit(heard.extend)
    with records.read() as session:
        keys = keys_of_person(session, person.contact)
    erase(records, keys, "user:7")
    assert {(entry.table, entry.record_id) for entry in heard} == set(keys)
    assert {(entry.actor, entry.cause.kind, entry.before) for entry in heard} == {("user:7", "erase", None)}
    assert all(entry.after is None for entry in records.entries("contact_phone", person.phone))


def test_copies_from_before_go_too(records: Records, person: Person) -> None:
    (records.folder / "backups").mkdir()
    (records.folder / "backups" / "deskline-schema-2.db").write_bytes(b"older")
    erase(records, [("contact", person.contact)], "user:1")
    assert not (records.folder / "backups").exists()


def test_what_was_erased_goes_on_being_used(records: Records, person: Person, folder: Path) -> None:
    erase(records, [("contact", person.contact)], "user:1")
    with records.change("user:1") as change:
        change.update(Contact, person.contact, name="Somebody else")
    assert verify(records).problems == []
    records.close()
    with Records.open(folder, bytes(range(32))) as again:
        assert verify(again).problems == []


def test_the_dry_run_counts_and_changes_nothing(records: Records, person: Person) -> None:
    with records.read() as session:
        assert all(not each.keys for each in due(session, PERIODS, NOW))
        later = due(session, PERIODS, NOW + dt.timedelta(days=366))
    assert {each.kind: len(each.keys) for each in later} == dict.fromkeys(KINDS, 1)
    with records.read() as session:
        assert session.get_one(Interaction, person.talk).subject == SECRET


def test_what_is_older_than_its_period_goes(records: Records, person: Person) -> None:
    later = NOW + dt.timedelta(days=366)
    assert sum(len(each.keys) for each in retain(records, PERIODS, later, "user:1")) == len(KINDS)
    with records.read() as session:
        assert all(not each.keys for each in due(session, PERIODS, later))
        assert session.query(Deal).count() == session.query(TranscriptSegment).count() == 0
        assert session.get_one(Contact, person.contact).name == f"Gareth {SECRET}"  # a customer is not a talk
    assert not (Recordings.beside(records).folder / person.recording).exists()
    assert verify(records).problems == []


def test_a_kind_that_there_is_not_is_refused(records: Records) -> None:
    with records.read() as session, pytest.raises(ValueError, match="no kind of record called memo"):
        due(session, {"memo": dt.timedelta(days=1)}, NOW)


def _instrument() -> Instrument:
    return Instrument(
        kind="fx", symbol="EURUSD", name="Euro", currency="USD", price_type="rate", price_decimals=4,
        reference_price=Decimal("1.08"),
    )  # fmt: skip


def _deal(organization_id: str, contact_id: str, instrument_id: str) -> Deal:
    return Deal(
        organization_id=organization_id, contact_id=contact_id, instrument_id=instrument_id, product="fx-spot",
        client_side="buy", quantity=Decimal(1), price=Decimal("1.08"), price_type="rate", traded_at=NOW, source="voice",
    )  # fmt: skip
