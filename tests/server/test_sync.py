"""One desk's conversation: what is answered, what is refused, and with which words."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import msgspec
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from app.server.postgres_ledger import PostgresLedger, wall_clock
from app.server.rights import Grant, rights
from app.server.sync import Connection, Device
from app.sync.protocol import (
    Entry,
    Failure,
    FromServer,
    Hello,
    Page,
    Pull,
    Purge,
    Push,
    Receipt,
    Reserve,
    Snapshot,
    SnapshotWanted,
    Welcome,
)
from tests.server.desks import Site, organization


@pytest.fixture
def ledger(engine: AsyncEngine) -> PostgresLedger:
    return PostgresLedger(engine)


def device(firm: str, site: Site, holds: Collection[str] = ("*", "desk:rates"), role: str = "trader") -> Device:
    may = rights({"ann": [Grant(role)], "cora": [Grant("credit-officer")]})  # type: ignore[arg-type]
    return Device(firm, f"device of {site.id}", site.id, "rates", frozenset(holds), may)


def connection(ledger: PostgresLedger, firm: str, site: Site, *holds: str) -> Connection:
    of = device(firm, site, holds) if holds else device(firm, site)
    return Connection(ledger, of, now=wall_clock, schema_version=3)


async def hello(to: Connection, site: Site) -> Welcome:
    (welcome,) = await to.handle(Hello(site.id, "1.0", 3, "", 0, len(site.chain)))
    assert isinstance(welcome, Welcome)
    return welcome


async def push(to: Connection, entries: Collection[Entry]) -> FromServer:
    (answer,) = await to.handle(Push(tuple(entries)))
    return answer


async def test_a_greeting_says_where_both_stand(ledger: PostgresLedger, firm: str) -> None:
    site = Site()
    welcome = await hello(connection(ledger, firm, site), site)
    assert (welcome.received, welcome.head, welcome.scopes) == (0, 0, ("*", "desk:rates"))


async def test_what_one_desk_pushes_reaches_a_waiting_pull_of_another(ledger: PostgresLedger, firm: str) -> None:
    site, other = Site(), Site()
    one, two = connection(ledger, firm, site), connection(ledger, firm, other)
    await hello(one, site)
    await hello(two, other)
    assert await two.handle(Pull(0)) == []
    assert two.waiting_at == 0
    site.insert("organization", organization("Meridian"))
    assert await push(one, site.chain) == Receipt(1, 1)
    (page,) = two.news(await ledger.items(firm, 0, 10))
    assert isinstance(page, Page)
    assert [item.entry_id for item in page.items] == [site.chain[0].id]
    assert (page.after, page.upto, page.head) == (0, 1, 1)
    assert two.waiting_at is None


async def test_places_of_other_desks_are_passed_over_in_silence(ledger: PostgresLedger, firm: str) -> None:
    site, other = Site(), Site()
    one, two = connection(ledger, firm, site, "*", "desk:rates"), connection(ledger, firm, other, "*")
    await hello(one, site)
    await hello(two, other)
    site.insert("follow_up", {"what": "call back", "owner": "trader"})  # of no customer: the desk's own
    await push(one, site.chain)
    assert await two.handle(Pull(0)) == []
    assert two.waiting_at == 1
    assert two.give_up_waiting() == [Page((), 0, 1, 1)]


async def test_a_foreign_scope_is_not_shown_in_a_snapshot(ledger: PostgresLedger, firm: str) -> None:
    site, other = Site(), Site()
    one, two = connection(ledger, firm, site), connection(ledger, firm, other, "*")
    await hello(one, site)
    await hello(two, other)
    site.insert("follow_up", {"what": "call back", "owner": "trader"})
    await push(one, site.chain)
    assert await two.handle(SnapshotWanted("desk:rates")) == [Purge(("desk:rates",))]
    (page,) = await one.handle(SnapshotWanted("desk:rates"))
    assert isinstance(page, Snapshot)
    assert len(page.records) == 1


@pytest.mark.parametrize("actor", ["user:bob", "system:server", "somebody"])
async def test_nobody_writes_in_the_name_of_another(ledger: PostgresLedger, firm: str, actor: str) -> None:
    site = Site()
    one = connection(ledger, firm, site)
    await hello(one, site)
    site.insert("follow_up", {"what": "x", "owner": "trader"}, actor=actor)
    assert isinstance(await push(one, site.chain), Receipt)
    (page,) = await one.handle(Pull(0))
    assert isinstance(page, Page)
    assert page.items[0].outcome == "rejected"
    assert "has not signed in" in (page.items[0].reason or "")


async def test_a_role_bounds_what_its_user_writes(ledger: PostgresLedger, firm: str) -> None:
    site = Site()
    one = connection(ledger, firm, site)
    await hello(one, site)
    line = site.insert("credit_line", {"limit": "100", "used": "0"}, actor="user:cora").record_id
    site.update("credit_line", line, {"limit": "100"}, {"limit": "100000"}, actor="user:ann")
    await push(one, site.chain)
    (page,) = await one.handle(Pull(0))
    assert isinstance(page, Page)
    assert [item.outcome for item in page.items] == ["applied", "rejected"]
    assert "limit" in (page.items[1].reason or "")


async def test_another_database_than_the_enrolled_one_is_refused(ledger: PostgresLedger, firm: str) -> None:
    site = Site()
    one = connection(ledger, firm, site)
    (answer,) = await one.handle(Hello("another", "1.0", 3, "", 0, 0))
    assert isinstance(answer, Failure)
    assert answer.code == "not-allowed"
    (answer,) = await one.handle(Pull(0))
    assert isinstance(answer, Failure), "nothing is said before a greeting"


async def test_a_desk_that_is_too_old_is_told_so(ledger: PostgresLedger, firm: str) -> None:
    site = Site()
    (answer,) = await connection(ledger, firm, site).handle(Hello(site.id, "0.1", 2, "", 0, 0))
    assert isinstance(answer, Failure)
    assert (answer.code, answer.retry) == ("too-old", False)


async def test_a_chain_that_was_tampered_with_is_refused_and_nothing_of_it_kept(
    ledger: PostgresLedger, firm: str
) -> None:
    site = Site()
    one = connection(ledger, firm, site)
    await hello(one, site)
    good = site.insert("organization", organization("Meridian"))
    bad = msgspec.structs.replace(good, after=(good.after or "").replace("Meridian", "Mammon"))
    answer = await push(one, [bad])
    assert isinstance(answer, Failure)
    assert (answer.code, answer.received) == ("broken-chain", 0)
    assert (await ledger.head(firm)).place == 0


async def test_a_gap_in_the_chain_says_where_to_go_on(ledger: PostgresLedger, firm: str) -> None:
    site = Site()
    one = connection(ledger, firm, site)
    await hello(one, site)
    for number in range(3):
        site.insert("organization", organization(f"Bank {number}"))
    await push(one, site.chain[:1])
    answer = await push(one, site.chain[2:])
    assert isinstance(answer, Failure)
    assert (answer.code, answer.received) == ("out-of-order", 1)


async def test_a_revoked_device_hears_nothing_but_to_remove_everything(ledger: PostgresLedger, firm: str) -> None:
    site = Site()
    one = connection(ledger, firm, site)
    await hello(one, site)
    assert await one.update(replace(one.device, revoked=True)) == [Purge((), everything=True)]
    site.insert("organization", organization("Meridian"))
    assert await push(one, site.chain) == Purge((), everything=True)
    assert (await ledger.head(firm)).place == 0


async def test_scopes_that_come_and_go_are_told_at_once(ledger: PostgresLedger, firm: str) -> None:
    site = Site()
    one = connection(ledger, firm, site)
    await hello(one, site)
    (welcome,) = await one.update(replace(one.device, holds=frozenset({"*", "book:gilts"}), terms="other"))
    assert isinstance(welcome, Welcome)
    assert (welcome.scopes, welcome.terms) == (("*", "book:gilts"), "other")


async def test_a_reserve_comes_as_a_record(ledger: PostgresLedger, firm: str) -> None:
    site = Site()
    one = connection(ledger, firm, site)
    await hello(one, site)
    line = site.insert("credit_line", {"limit": "100", "used": "0", "status": "active"}, actor="user:cora").record_id
    await push(one, site.chain)
    assert await one.handle(Reserve(line, "40")) == []
    (page,) = await one.handle(Pull(1))
    assert isinstance(page, Page)
    assert msgspec.json.decode(page.items[0].fields or "")["sites"] == {site.id: {"granted": "40", "consumed": "0"}}


async def test_a_desk_may_bring_along_what_it_wrote_before_it_came(ledger: PostgresLedger, firm: str) -> None:
    site = Site(actor="program:demo")
    site.insert("organization", organization("Meridian"))
    site.insert("instrument", {"symbol": "EURUSD"})
    one = Connection(ledger, replace(device(firm, site), history=1), now=wall_clock, schema_version=3)
    await hello(one, site)
    assert await push(one, site.chain) == Receipt(1, 1)
    assert await push(one, site.chain[1:]) == Receipt(2, 2)
    (page,) = await one.handle(Pull(0))
    assert isinstance(page, Page)
    assert [item.outcome for item in page.items] == ["applied", "rejected"]
