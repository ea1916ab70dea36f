"""A person's data: all of it in one file, all of it gone, and the chains still whole."""

from __future__ import annotations

import datetime as dt

import msgspec
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.server.administration import NotDone
from app.server.audit import check
from app.server.personal import Due, PersonalData
from app.server.postgres_ledger import PostgresLedger
from tests.server.desks import Site, organization
from tests.server.test_ledger import push

TODAY = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)


@pytest.fixture
def ledger(engine: AsyncEngine) -> PostgresLedger:
    return PostgresLedger(engine)


@pytest.fixture
def personal(engine: AsyncEngine, ledger: PostgresLedger, firm: str) -> PersonalData:
    return PersonalData(engine, ledger, firm, "admin:test")


@pytest.fixture
async def site(ledger: PostgresLedger, firm: str) -> Site:
    """A customer with two contacts, and a call with the first."""
    site = Site()
    customer = site.insert("organization", organization("Meridian"), "customer").record_id
    ines = site.insert(
        "contact", {"organization_id": customer, "name": "Ines Quell", "status": "active", "notes": ""}, "ines"
    ).record_id
    site.insert("contact", {"organization_id": customer, "name": "Otto Bahr", "status": "active"}, "otto")
    phone = site.insert("contact_phone", {"contact_id": ines, "e164": "+442079460001"}, "phone").record_id
    call = site.insert(
        "interaction",
        {"contact_id": ines, "organization_id": customer, "number": "+442079460001", "subject": "Quell on gilts",
         "started_at": "2020-03-01T09:00:00.000000+00:00", "handle": None, "recording": "a.rec"},
        "call",
    ).record_id  # fmt: skip
    site.insert("transcript_segment", {"interaction_id": call, "text": "Quell here"}, "said")
    site.insert("deal", {"organization_id": customer, "contact_id": ines, "interaction_id": call}, "deal")
    site.update("contact", ines, {"notes": ""}, {"notes": "Quell prefers mornings"})
    site.log("contact_phone", phone, "delete", {"id": phone, "contact_id": ines, "e164": "+442079460001"}, None)
    await push(ledger, firm, site)
    return site


async def everything(engine: AsyncEngine, firm: str) -> str:
    queries = (
        "SELECT record_id, fields, stamps FROM record WHERE firm = :firm",
        "SELECT record_id, fields, before, after, salt FROM item WHERE firm = :firm",
    )
    async with engine.connect() as connection:
        rows = [row for query in queries for row in await connection.execute(text(query), {"firm": firm})]
    return "\n".join(map(repr, rows))


async def test_all_that_is_known_of_a_person_comes_in_one_file(personal: PersonalData, site: Site) -> None:
    found = msgspec.json.decode(await personal.export("ines"))
    records = {record["id"]: record for record in found["records"]}
    assert set(records) == {"ines", "phone", "call", "said"}
    assert [change["op"] for change in records["ines"]["changes"]] == ["insert", "update"]
    assert records["phone"]["deleted"]
    assert records["said"]["fields"]["text"] == "Quell here"
    with pytest.raises(NotDone):
        await personal.export("nobody")


async def test_an_erased_person_is_nowhere_and_every_chain_is_whole(
    personal: PersonalData, ledger: PostgresLedger, firm: str, site: Site, engine: AsyncEngine
) -> None:
    head = (await ledger.head(firm)).place
    assert await personal.erase("ines") == 4
    left = await everything(engine, firm)
    for word in ("Quell", "9460001", "a.rec", "mornings"):
        assert word not in left
    assert "Otto Bahr" in left
    assert (await check(engine, firm)).sites == 2
    batch = await ledger.items(firm, head, 100)
    told = {each.item.record_id: each.item for each in batch.listed}
    assert {item.cause for item in told.values()} == {"erase"}
    assert {key: item.op for key, item in told.items()} == {
        "ines": "update", "phone": "delete", "call": "update", "said": "delete",
    }  # fmt: skip
    assert msgspec.json.decode(told["ines"].fields or "")["status"] == "erased"
    snapshot = await ledger.snapshot(firm, "*", ("", ""), 100)
    assert {record.record_id for record in snapshot.records} == {"customer", "ines", "otto", "call", "deal"}


async def test_what_a_period_would_erase_is_shown_before_it_is(
    personal: PersonalData, site: Site, firm: str, engine: AsyncEngine
) -> None:
    await personal.set_period("interaction", 5 * 365)
    periods = await personal.periods()
    due = [Due("interaction", 1825, 1, "2020-03-01T09:00:00.000000+00:00")]
    assert await personal.due(periods, TODAY) == due
    assert "Quell here" in await everything(engine, firm), "a look changes nothing"
    assert await personal.apply(periods, TODAY) == due
    left = await everything(engine, firm)
    assert "Quell here" not in left
    assert "Quell on gilts" not in left
    assert "Ines Quell" in left, "the contact is no call"
    assert await personal.due(periods, TODAY) == [Due("interaction", 1825, 0, None)]
    with pytest.raises(NotDone):
        await personal.set_period("deal", 1)


async def test_what_a_desk_that_had_not_heard_writes_of_an_erased_person_is_not_kept(
    personal: PersonalData, ledger: PostgresLedger, firm: str, site: Site, engine: AsyncEngine
) -> None:
    await personal.erase("ines")
    head = (await ledger.head(firm)).place
    site.update("contact", "ines", {"notes": "Quell prefers mornings"}, {"notes": "Quell has a new number"})
    site.insert("contact_phone", {"contact_id": "ines", "e164": "+442079460002"}, "late phone")
    site.insert("transcript_segment", {"interaction_id": "late call", "text": "Quell again"}, "early word")
    site.insert("interaction", {"contact_id": "ines", "subject": "Quell calls", "status": "ended"}, "late call")
    site.insert("interaction", {"contact_id": None, "subject": "Who was it? Quell!"}, "somebody's call")
    site.insert("transcript_segment", {"interaction_id": "somebody's call", "text": "Quell, hello"}, "late word")
    site.update("interaction", "somebody's call", {"contact_id": None}, {"contact_id": "ines"})
    site.update("contact", "ines", {"organization_id": "customer"}, {"organization_id": None})
    site.insert("deal", {"contact_id": "ines", "interaction_id": "late call", "price": "101.25"}, "late deal")
    await push(ledger, firm, site)
    left = await everything(engine, firm)
    assert "Quell" not in left
    assert "9460002" not in left
    assert (await check(engine, firm)).sites == 2
    batch = await ledger.items(firm, head, 100)
    assert {each.item.outcome for each in batch.listed} <= {"applied", "merged"}, "nothing waits for a person"
    told = {each.item.record_id: each.item.op for each in batch.listed if each.item.cause == "erase"}
    assert told == {
        "ines": "update", "late phone": "delete", "late call": "update", "early word": "delete",
        "somebody's call": "update", "late word": "delete",
    }  # fmt: skip
    records = {each.record_id: each for each in (await ledger.snapshot(firm, "*", ("", ""), 100)).records}
    assert msgspec.json.decode(records["ines"].fields)["organization_id"] is None, "what says nothing of her counts"
    assert msgspec.json.decode(records["late call"].fields)["status"] == "ended"
    assert msgspec.json.decode(records["late deal"].fields)["price"] == "101.25"


async def test_who_was_erased_and_is_not_here_comes_back_empty(
    personal: PersonalData, ledger: PostgresLedger, firm: str, engine: AsyncEngine
) -> None:
    """A backup from before they were known, and a desk that brings them along."""
    assert await personal.erase("ines", again=True) == 1
    site = Site()
    site.insert("interaction", {"contact_id": "ines", "subject": "Quell calls", "status": "ended"}, "call")
    site.insert("call_report", {"interaction_id": "call", "fields": {"said": "Quell"}}, "report")
    site.insert("contact", {"name": "Ines Quell", "status": "active"}, "ines")
    await push(ledger, firm, site)
    assert "Quell" not in await everything(engine, firm)
    records = (await ledger.snapshot(firm, "*", ("", ""), 100)).records
    records += (await ledger.snapshot(firm, "desk:rates", ("", ""), 100)).records
    assert {record.record_id for record in records} == {"call", "report", "ines"}


async def test_what_hangs_on_somebody_who_is_not_here_can_be_erased(
    personal: PersonalData, ledger: PostgresLedger, firm: str, engine: AsyncEngine
) -> None:
    site = Site()
    site.insert("interaction", {"contact_id": "ines", "subject": "Quell calls", "status": "ended"}, "call")
    await push(ledger, firm, site)
    assert await personal.erase("ines") == 2
    assert "Quell" not in await everything(engine, firm)
    with pytest.raises(NotDone):
        await personal.erase("nobody")
