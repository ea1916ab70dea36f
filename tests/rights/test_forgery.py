"""What a desk says that is not true: whose change it is, whose record, whose chain."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from app.records.hlc import pack
from app.records.ids import new_id
from app.server.postgres_ledger import create_firm, wall_clock
from app.sync.protocol import Failure, Hello, Page, Pull, Purge, Push, Receipt, Reserve, SnapshotWanted, Welcome, encode
from tests.rights.conftest import House
from tests.rights.hostile import Desk, Office, forged


async def signed_in(office: Office, *roles: str, name: str = "ann", desk: str = "rates") -> tuple[Desk, str]:
    device = await office.desk(name, desk)
    user = await office.user(name, *roles)  # type: ignore[arg-type]
    return device, (await device.sign_in(user)).access


def customer(desk: str | None = "rates", **more: object) -> dict[str, object]:
    return {"name": "Meridian", "status": "active", "desk": desk, "book": None, **more}


async def test_nobody_acts_in_the_name_of_another_or_of_the_server(office: Office) -> None:
    desk, access = await signed_in(office, "trader")
    boss = await office.user("boss", "sales-manager")
    other = await office.desk("other")
    await other.sign_in(boss)
    actors = [f"user:{boss}", "user:", "user:system", "system:server", "system:", "admin:test", "device:" + desk.id]
    for actor in actors:
        desk.site.insert("contact", {"name": "Ines"}, actor=actor)
    async with desk.talk(access) as talk:
        items = await talk.fates()
    assert {item.outcome for item in items} == {"rejected"}
    assert {item.reason for item in items} == {
        "This was done in the name of somebody who has not signed in on this desk."
    }


async def test_an_erased_entry_puts_nothing_in_anothers_mouth(office: Office) -> None:
    desk, access = await signed_in(office, "trader")
    other, theirs = await signed_in(office, "trader", name="bob")
    mine, foreign = new_id(), new_id()
    await office.stands(
        ("contact", mine, {"name": "Ines"}, "desk:rates"), ("contact", foreign, {"name": "Omar"}, "desk:fx")
    )
    for record_id, actor in ((mine, "user:boss"), (foreign, desk.site.actor)):
        entry = desk.site.insert("contact", {"name": "x"}, record_id, actor=actor)
        forged(desk.site, entry, before=None, after=None, salt="", commitment="0" * 64)
    async with desk.talk(access) as talk, other.talk(theirs) as listener:
        head = (await listener.hello()).head
        assert [item.outcome for item in await talk.fates()] == ["rejected", "rejected"]
        assert not [item for item in await listener.items(head - 1) if item.site == desk.site.id]


async def test_another_site_than_the_enrolled_one_is_shown_the_door(office: Office) -> None:
    desk, access = await signed_in(office, "trader")
    async with desk.talk(access) as talk:
        failure = await talk.ask(Hello(new_id(), "1.0", 3, "", 0, 0), Failure)
        assert failure.code == "not-allowed"
        assert (await talk.ask(Push(()), Failure)).code == "malformed", "it has not been greeted"


async def test_the_chain_of_another_desk_is_none_of_ones_own(office: Office) -> None:
    desk, access = await signed_in(office, "trader")
    other, _ = await signed_in(office, "trader", name="bob")
    other.site.insert("contact", {"name": "Ines"})
    async with desk.talk(access) as talk:
        await talk.hello()
        assert (await talk.refused(*other.site.chain)).code == "broken-chain"
        assert await talk.ask(SnapshotWanted("desk:fx"), Purge) == Purge(("desk:fx",)), "the desk goes on"
    assert (await office.ledger.end(office.firm, desk.site.id)).received == 0


@pytest.mark.parametrize("change", ["after", "actor", "hash", "commitment", "order", "gap", "id"])
async def test_a_chain_that_was_touched_is_refused_whole(office: Office, change: str) -> None:
    desk, access = await signed_in(office, "trader")
    first, second, third = [desk.site.insert("contact", {"name": name}) for name in ("a", "b", "c")]
    other = {"after": '{"name":"x"}', "actor": "user:x", "hash": "0" * 64, "commitment": "0" * 64, "id": new_id()}
    sent = {"order": [first, third, second], "gap": [first, third]}.get(change)
    if sent is None:
        sent = [first, msgspec.structs.replace(second, **{change: other[change]}), third]
    async with desk.talk(access) as talk:
        await talk.hello()
        failure = await talk.refused(*sent)
    assert failure.code == ("out-of-order" if change in ("order", "gap") else "broken-chain")
    assert failure.reason
    assert await office.state("contact", first.record_id) is None


async def test_a_repeated_entry_with_other_content_changes_nothing(office: Office) -> None:
    desk, access = await signed_in(office, "trader")
    entry = desk.site.insert("contact", {"name": "Ines"})
    async with desk.talk(access) as talk:
        await talk.fates()
        again = forged(desk.site, entry, after='{"name":"Mallory"}')
        assert (await talk.ask(Push((again,)), Receipt)).received == 1
    state = await office.state("contact", entry.record_id)
    assert state is not None
    assert state.fields["name"] == "Ines"


async def test_an_id_of_anothers_entry_does_not_stand_for_that_entry(office: Office) -> None:
    desk, access = await signed_in(office, "trader")
    other, theirs = await signed_in(office, "trader", name="bob")
    entry = other.site.insert("contact", {"name": "Ines"})
    async with other.talk(theirs) as talk:
        assert [item.outcome for item in await talk.fates()] == ["applied"]
    mine = desk.site.insert("contact", {"name": "Omar"})
    mine = forged(desk.site, mine, id=entry.id, transaction=entry.transaction)
    async with desk.talk(access) as talk:
        (item,) = await talk.fates()
        assert (item.site, item.site_seq, item.record_id) == (desk.site.id, 1, mine.record_id)
    async with other.talk(theirs) as talk:
        await talk.hello()
        assert [(item.site, item.site_seq) for item in await talk.items()][-2:] == [
            (other.site.id, 1), (desk.site.id, 1),
        ]  # fmt: skip


async def test_records_are_not_hung_on_customers_of_another_scope(office: Office) -> None:
    desk, access = await signed_in(office, "trader")
    mine, theirs, contact = new_id(), new_id(), new_id()
    await office.stands(
        ("organization", mine, customer(), "desk:rates"),
        ("organization", theirs, customer("fx"), "desk:fx"),
        ("contact", contact, {"name": "Ines", "organization_id": mine}, "desk:rates"),
    )
    desk.site.update("contact", contact, {"organization_id": mine}, {"organization_id": theirs})
    desk.site.insert("contact", {"name": "Omar", "organization_id": theirs})
    async with desk.talk(access) as talk:
        assert {item.reason for item in await talk.fates()} == {"There is no such contact on the server."}
    state = await office.state("contact", contact)
    assert state is not None
    assert state.scope == "desk:rates"


async def test_the_reason_for_a_foreign_record_is_that_of_one_that_is_not_there(office: Office) -> None:
    desk, access = await signed_in(office, "trader")
    foreign = new_id()
    await office.stands(("contact", foreign, {"name": "Omar"}, "desk:fx"))
    for record_id in (foreign, new_id()):
        desk.site.update("contact", record_id, {"name": "Omar"}, {"name": "Ines"})
    async with desk.talk(access) as talk:
        assert {item.reason for item in await talk.fates()} == {"There is no such contact on the server."}


async def test_what_waits_for_its_customer_is_not_taken_by_who_makes_one_up(office: Office) -> None:
    desk, access = await signed_in(office, "trader")
    missing, contact = new_id(), new_id()
    fields = {"name": "Ines", "organization_id": missing}
    other, theirs = await signed_in(office, "trader", name="bob", desk="fx")
    other.site.insert("contact", fields, contact)
    async with other.talk(theirs) as talk:
        assert [item.outcome for item in await talk.fates()] == ["applied"]
    desk.site.insert("organization", customer(), missing)
    async with desk.talk(access) as talk:
        assert [item.outcome for item in await talk.fates()] == ["rejected"]
    state = await office.state("contact", contact)
    assert state is not None
    assert state.scope == "desk:fx"


@pytest.mark.parametrize(("role", "outcome"), [("trader", "rejected"), ("sales-manager", "applied")])
async def test_a_customer_is_handed_to_another_desk_by_who_may(office: Office, role: str, outcome: str) -> None:
    desk, access = await signed_in(office, role)
    mine, theirs = new_id(), new_id()
    await office.stands(
        ("organization", mine, customer(), "desk:rates"), ("organization", theirs, customer("fx"), "desk:fx")
    )
    desk.site.update("organization", mine, {"desk": "rates"}, {"desk": "fx"})
    desk.site.update("organization", theirs, {"desk": "fx"}, {"desk": "rates"})
    async with desk.talk(access) as talk:
        assert [item.outcome for item in await talk.fates()] == [outcome, "rejected"], "and never fetched from one"


async def test_a_scope_that_is_not_held_is_not_shown_and_that_is_logged(office: Office, house: House) -> None:
    desk, access = await signed_in(office, "trader")
    line = new_id()
    await office.stands(("credit_line", line, {"limit": "100", "used": "0"}, "desk:fx"))
    async with desk.talk(access) as talk:
        await talk.hello()
        for scope in ("desk:fx", "book:oil", "", "desk:rates' OR '1'='1", "*\n"):
            assert await talk.ask(SnapshotWanted(scope), Purge) == Purge((scope,))
        await talk.send(Reserve(line, "10"))
        await talk.send(Reserve(new_id(), "10"))
        await talk.hello()
    assert await office.state("credit_reserve", line) is None
    refused = [each for each in house.logged() if each["message"] == "refused" and each.get("device") == desk.id]
    assert len(refused) == 7


async def test_another_firm_is_another_world(office: Office) -> None:
    desk, _ = await signed_in(office, "trader")
    line = new_id()
    await office.stands(("contact", line, {"name": "hidden"}, "*"))
    async with office.engine.begin() as connection:
        elsewhere = await create_firm(connection, "Elsewhere")
    # A token that is good, of a device that is not there.
    token, _ = office.accounts.access.issue("nobody", desk.id, elsewhere)
    answer = await office.client.post("/sync", content=b"\x01\x00\x90", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code in (401, 403) or b"malformed" in answer.content
    answer = await office.client.post("/sync", content=encode(Pull(0)), headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 403
    assert b"hidden" not in answer.content


async def test_an_epoch_that_was_never_here_says_nothing_of_this_one(office: Office) -> None:
    desk, access = await signed_in(office, "trader")
    async with desk.talk(access) as talk:
        welcome = await talk.ask(Hello(desk.site.id, "1.0", 3, "deadbeef' --", 10**12, 10**12), Welcome)
    assert welcome.base == 0
    assert welcome.received == 0


async def test_a_clock_far_ahead_wins_for_now_only(office: Office) -> None:
    desk, access = await signed_in(office, "trader")
    contact = new_id()
    await office.stands(("contact", contact, {"name": "Ines"}, "desk:rates"))
    for hlc in (pack(wall_clock() + 10 * 365 * 24 * 3600 * 1000, 0), "f" * 17, "-0000000000-0001", "x" * 100):
        entry = desk.site.update("contact", contact, {"name": "Ines"}, {"name": "Ines"})
        forged(desk.site, entry, hlc=hlc)
    async with desk.talk(access) as talk:
        outcomes = [item.outcome for item in await talk.fates()]
    assert outcomes[0] == "applied"
    assert set(outcomes[1:]) == {"rejected"}
    state = await office.state("contact", contact)
    assert state is not None
    assert state.stamps["name"] < pack(wall_clock() + 1000, 0)


async def test_a_site_is_named_so_that_it_can_be_no_other(office: Office) -> None:
    own = (await office.ledger.head(office.firm)).epoch
    async with office.ledger.locked(office.firm) as turn:
        own = (await turn.own()).site
    for site in (own, f"{new_id()}/user:ann", "", "x" * 100, "a b", "é"):
        _, code = await office.administration.add_device("desk", "rates")
        answer = await office.client.post("/enrol", json={"code": code, "site": site})
        assert answer.status_code in (403, 422), site


async def test_a_pull_from_the_future_keeps_nothing_from_others(office: Office) -> None:
    desk, access = await signed_in(office, "trader")
    other, theirs = await signed_in(office, "trader", name="bob")
    third, thirds = await signed_in(office, "trader", name="eve")
    async with desk.talk(access) as ann, other.talk(theirs) as bob, third.talk(thirds) as eve, asyncio.timeout(5):
        head = (await bob.hello()).head
        await ann.hello()
        await eve.hello()
        await eve.send(Pull(2**62))
        await bob.send(Pull(head))
        await bob.hello()  # heard after the pull
        await eve.hello()
        desk.site.insert("contact", {"name": "Ines"})
        await ann.push()
        assert len((await bob.receive(Page)).items) == 1
