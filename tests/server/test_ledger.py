"""The ledger keeps what was judged, in one order, and gives it back."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.server.postgres_ledger import PostgresLedger
from app.sync.authority import Author, Verdict, fresh, judge, wanted
from app.sync.protocol import Entry
from tests.server.desks import Site, organization

EVERYTHING = frozenset({"*", "desk:rates", "desk:fx"})


@pytest.fixture
def ledger(engine: AsyncEngine) -> PostgresLedger:
    return PostgresLedger(engine)


async def push(ledger: PostgresLedger, firm: str, site: Site, entries: Sequence[Entry] | None = None) -> Verdict:
    author = Author(site.id, "desk:rates", EVERYTHING, lambda *_: None)
    async with ledger.locked(firm) as turn:
        end = await turn.end(site.id)
        new = fresh(site.chain if entries is None else entries, end)
        verdict = judge(new, end, author, await turn.ground(wanted(new)), await turn.own())
        await turn.keep(verdict, site.id)
    return verdict


async def test_what_one_site_pushes_another_reads_in_order(ledger: PostgresLedger, firm: str) -> None:
    site = Site()
    for number in range(5):
        site.insert("organization", organization(f"Bank {number}"))
    await push(ledger, firm, site)
    batch = await ledger.items(firm, 0, 100)
    assert [each.item.site_seq for each in batch.listed] == [1, 2, 3, 4, 5]
    assert (batch.after, batch.upto, batch.head) == (0, 5, 5)
    assert [each.item.fields for each in batch.listed] == [entry.after for entry in site.chain]
    page = await ledger.snapshot(firm, "*", ("", ""), 3)
    assert (len(page.records), page.more, page.total, page.at) == (3, True, 5, 5)
    last = page.records[-1]
    rest = await ledger.snapshot(firm, "*", (last.table, last.record_id), 3)
    assert (len(rest.records), rest.more) == (2, False)


async def test_a_push_that_comes_twice_counts_once(ledger: PostgresLedger, firm: str) -> None:
    site = Site()
    site.insert("organization", organization("Meridian"))
    await push(ledger, firm, site)
    await push(ledger, firm, site)
    assert (await ledger.head(firm)).place == 1
    assert (await ledger.end(firm, site.id)).received == 1


async def test_a_turn_that_fails_leaves_nothing(ledger: PostgresLedger, firm: str) -> None:
    site = Site()
    site.insert("organization", organization("Meridian"))

    async def fail() -> None:
        async with ledger.locked(firm) as turn:
            author = Author(site.id, "*", EVERYTHING, lambda *_: None)
            end, ground = await turn.end(site.id), await turn.ground(wanted(site.chain))
            await turn.keep(judge(site.chain, end, author, ground, await turn.own()), site.id)
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power"):
        await fail()
    assert (await ledger.head(firm)).place == 0
    assert (await ledger.end(firm, site.id)).received == 0


async def test_pages_hold_whole_transactions(ledger: PostgresLedger, firm: str) -> None:
    site = Site()
    site.insert("organization", organization("First"))
    for number in range(4):
        site.insert("organization", organization(f"Of one change {number}"), transaction="t")
    site.insert("organization", organization("Last"))
    await push(ledger, firm, site)
    batch = await ledger.items(firm, 0, 2)
    assert (len(batch.listed), batch.upto, batch.head) == (5, 5, 6)
    assert len((await ledger.items(firm, 5, 2)).listed) == 1


async def test_a_record_that_moves_takes_along_what_hangs_on_it(ledger: PostgresLedger, firm: str) -> None:
    site = Site()
    customer = site.insert("organization", organization("Meridian")).record_id
    contact = site.insert("contact", {"organization_id": customer, "name": "Ines"}).record_id
    site.insert("contact_phone", {"contact_id": contact, "e164": "+442079460001"})
    site.insert("interaction", {"contact_id": contact, "organization_id": customer, "kind": "call"})
    await push(ledger, firm, site)
    site.update("organization", customer, {"desk": None}, {"desk": "fx"})
    await push(ledger, firm, site)
    assert (await ledger.snapshot(firm, "*", ("", ""), 10)).total == 0
    moved = await ledger.snapshot(firm, "desk:fx", ("", ""), 10)
    assert [record.table for record in moved.records] == ["contact", "contact_phone", "interaction", "organization"]


async def test_two_reports_of_one_call_are_one_too_many(ledger: PostgresLedger, firm: str) -> None:
    one, other = Site(), Site()
    call = one.insert("interaction", {"kind": "call"}).record_id
    one.insert("call_report", {"interaction_id": call})
    await push(ledger, firm, one)
    other.insert("call_report", {"interaction_id": call})
    verdict = await push(ledger, firm, other)
    assert verdict.placed[0].item.outcome == "rejected"


async def test_turns_of_many_writers_miss_and_double_nothing(engine: AsyncEngine, firm: str) -> None:
    """Two processes' worth of ledgers write while a third reads by cursor."""
    ledgers = [PostgresLedger(engine), PostgresLedger(engine)]
    sites = [Site() for _ in range(4)]
    for site in sites:
        for number in range(30):
            site.insert("organization", organization(f"Bank {number}"))

    async def write(number: int, site: Site) -> None:
        for start in range(0, 30, 5):
            await push(ledgers[number % 2], firm, site, site.chain[start : start + 5])

    seen: list[str] = []

    async def read() -> None:
        cursor, reader = 0, PostgresLedger(engine)
        while len(seen) < 120:
            batch = await reader.items(firm, cursor, 7)
            cursor = batch.upto
            seen.extend(each.item.entry_id for each in batch.listed)

    async with asyncio.timeout(60):
        await asyncio.gather(read(), *(write(number, site) for number, site in enumerate(sites)))
    assert sorted(seen) == sorted(entry.id for site in sites for entry in site.chain)


async def test_fields_come_back_as_they_were_logged(ledger: PostgresLedger, firm: str, engine: AsyncEngine) -> None:
    site = Site()
    odd = {"name": "nul \x00 and \U0001f4c8", "rate": 1.10, "many": [1, {"z": None}], "amount": "1.50"}
    site.insert("organization", odd)
    await push(ledger, firm, site)
    async with engine.connect() as connection:
        fields = await connection.scalar(text("SELECT fields FROM record WHERE firm = :firm"), {"firm": firm})
    assert fields == site.chain[0].after
    async with ledger.locked(firm) as turn:
        key = ("organization", site.chain[0].record_id)
        state = (await turn.ground(wanted(site.chain))).states[key]
    assert state.fields == {"id": key[1], **odd}
    assert set(state.stamps) == set(state.fields)
