"""Desks over real websockets and POSTs, a real server and a real Postgres."""

from __future__ import annotations

import asyncio
import time

import httpx
import psycopg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from websockets.exceptions import ConnectionClosed, InvalidStatus

from app.server import sync_doors, tokens
from app.server.postgres import EmbeddedPostgres
from app.server.run import access_tokens
from app.server.web import Doors
from app.sync.protocol import (
    Failure,
    Hello,
    Page,
    Pull,
    Purge,
    Purged,
    Push,
    Receipt,
    Renew,
    Renewed,
    SnapshotWanted,
    Welcome,
    encode,
)
from app.sync.protocol import read_from_server as read
from app.sync.transports import frames_in
from tests.server.conftest import Office, served
from tests.server.desks import organization


async def test_two_desks_exchange_changes(office: Office) -> None:
    await office.user("ann", "trader")
    await office.user("bob", "trader")
    one, two = await office.enrolled("one"), await office.enrolled("two")
    access = [(await one.sign_in("ann"))["access"], (await two.sign_in("bob"))["access"]]
    async with one.talk(access[0]) as ann, two.talk(access[1]) as bob, asyncio.timeout(30):
        await ann.hello()
        head = (await bob.hello()).head
        await bob.send(Pull(head))  # nothing yet: it waits
        one.site.insert("organization", organization("Meridian"))
        assert (await ann.push()).received == 1
        page = await bob.receive(Page)
        assert [item.entry_id for item in page.items] == [one.site.chain[0].id]
        two.site.update("organization", one.site.chain[0].record_id, {"name": "Meridian"}, {"name": "Meridian Life"})
        await bob.push()
        page = await ann.pull(head)
        assert [item.site for item in page.items] == [one.site.id, two.site.id]
        assert [item.outcome for item in page.items] == ["applied", "applied"]


async def test_a_pull_over_post_waits_for_news(office: Office) -> None:
    await office.user("ann", "trader")
    one, two = await office.enrolled("one"), await office.enrolled("two")
    first, second = [{"Authorization": f"Bearer {(await desk.sign_in('ann'))['access']}"} for desk in (one, two)]

    async def post(message: Hello | Pull | Push, headers: dict[str, str]) -> object:
        answer = await office.client.post("/sync", content=encode(message), headers=headers)
        assert answer.status_code == 200, answer.text
        (frame,) = frames_in(answer.content)
        return read(frame)

    welcome = await post(Hello(two.site.id, "1.0", 3, "", 0, 0), second)
    assert isinstance(welcome, Welcome)
    waiting = asyncio.create_task(post(Pull(welcome.head), second))
    async with asyncio.timeout(20):
        while office.doors.hub.guests < 1:
            await asyncio.sleep(0.01)
        one.site.insert("organization", organization("Meridian"))
        assert isinstance(await post(Push(tuple(one.site.chain)), first), Receipt)
        page = await waiting
    assert isinstance(page, Page)
    assert [item.entry_id for item in page.items] == [one.site.chain[0].id]


async def test_over_post_a_scope_that_was_taken_away_and_given_back_does_not_go_unnoticed(office: Office) -> None:
    await office.user("ann", "trader")
    desk = await office.enrolled(desk="rates", books=["gilts"])
    headers = {"Authorization": f"Bearer {(await desk.sign_in('ann'))['access']}"}

    async def post(message: Hello | Pull | Push | SnapshotWanted) -> object:
        answer = await office.client.post("/sync", content=encode(message), headers=headers)
        (frame,) = frames_in(answer.content)
        return read(frame)

    async with asyncio.timeout(20):
        welcome = await post(Hello(desk.site.id, "1.0", 3, "", 0, 0))
        assert isinstance(welcome, Welcome)
        await office.administration.set_scopes(desk.device, "rates", [])
        await office.administration.set_scopes(desk.device, "rates", ["gilts"])
        desk.site.insert("organization", organization("Meridian"))
        for question in (
            Pull(0, terms=welcome.terms),
            SnapshotWanted("book:gilts", terms=welcome.terms),
            Push(tuple(desk.site.chain), terms=welcome.terms),
        ):
            failure = await post(question)
            assert isinstance(failure, Failure)
            assert failure.code == "other-terms"
        again = await post(Hello(desk.site.id, "1.0", 3, welcome.epoch, 0, 1))
        assert isinstance(again, Welcome)
        assert again.scopes == welcome.scopes
        assert isinstance(await post(Push(tuple(desk.site.chain), terms=again.terms)), Receipt)
        page = await post(Pull(0, terms=again.terms))
        assert isinstance(page, Page)
        assert page.terms == again.terms


async def test_over_post_a_scope_that_is_taken_away_is_told_to_a_pull_that_waits(office: Office) -> None:
    await office.user("ann", "trader")
    desk = await office.enrolled(desk="rates", books=["gilts"])
    headers = {"Authorization": f"Bearer {(await desk.sign_in('ann'))['access']}"}

    async def post(message: Hello | Pull) -> object:
        answer = await office.client.post("/sync", content=encode(message), headers=headers)
        (frame,) = frames_in(answer.content)
        return read(frame)

    welcome = await post(Hello(desk.site.id, "1.0", 3, "", 0, 0))
    assert isinstance(welcome, Welcome)
    waiting = asyncio.create_task(post(Pull(welcome.head, terms=welcome.terms)))
    async with asyncio.timeout(20):
        while office.doors.hub.guests < 1:
            await asyncio.sleep(0.01)
        await office.administration.set_scopes(desk.device, "rates", [])
        told = await waiting
    assert isinstance(told, Welcome), "from which the desk sees what it lost, and asks on"
    assert set(told.scopes) == {"*", "desk:rates"}


async def test_without_a_valid_token_nobody_comes_in(office: Office) -> None:
    await office.user("ann", "trader")
    desk = await office.enrolled()
    access = (await desk.sign_in("ann"))["access"]
    for token in ("none", "nonsense", access[:-3], access.split(".")[0] + ".." + access.split(".")[2]):
        with pytest.raises(InvalidStatus) as refused:
            async with desk.talk(token):
                pass
        assert refused.value.response.status_code == 401
        answer = await office.client.post("/sync", content=b"", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 401


async def test_an_access_token_that_expires_ends_an_open_connection(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    await office.user("ann", "trader")
    desk = await office.enrolled()
    access = (await desk.sign_in("ann"))["access"]
    claims = office.doors.accounts.access.read(access)
    for seconds in (2, 8, 32):  # as many as this machine needs to come so far
        async with desk.talk(access) as talk, asyncio.timeout(90):
            head = (await talk.hello()).head
            monkeypatch.setattr(tokens, "ACCESS_LIFETIME", seconds)
            short, expires = office.doors.accounts.access.issue(claims.account, claims.device, claims.firm)
            await talk.send(Renew(short))
            answer = read(await talk.socket.recv(decode=False))
            if isinstance(answer, Renewed):
                assert answer.expires == expires
                await talk.send(Pull(head))  # it waits there, and says nothing more
                with pytest.raises(ConnectionClosed) as closed:
                    await talk.socket.recv()
                break
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4401
    assert time.time() >= expires
    with pytest.raises(InvalidStatus):
        async with desk.talk(short):
            pass


async def test_a_token_of_another_desk_renews_nothing(office: Office) -> None:
    await office.user("ann", "trader")
    one, two = await office.enrolled("one"), await office.enrolled("two")
    mine, theirs = (await one.sign_in("ann"))["access"], (await two.sign_in("ann"))["access"]
    async with one.talk(mine) as talk, asyncio.timeout(60):
        await talk.hello()
        assert (await talk.ask(Renew(theirs), Failure)).code == "token-expired"
        with pytest.raises(ConnectionClosed) as closed:
            await talk.socket.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4401


async def test_nonsense_on_the_wire_ends_the_connection(office: Office) -> None:
    await office.user("ann", "trader")
    desk = await office.enrolled()
    access = (await desk.sign_in("ann"))["access"]
    for frame in (b"", b"\x01\x00\xff\xff", b"\x07\x00\x90", bytes(100), b"\x01\x01" + bytes(50)):
        async with desk.talk(access) as talk:
            await talk.socket.send(frame)
            assert (await talk.receive(Failure)).code == "malformed"
            with pytest.raises(ConnectionClosed) as closed:
                await talk.socket.recv()
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 4400
    answer = await office.client.post("/sync", content=b"\x07\x00\x90", headers={"Authorization": f"Bearer {access}"})
    assert [type(read(frame)) for frame in frames_in(answer.content)] == [Failure]


async def test_what_postgres_cannot_hold_is_refused_and_does_no_harm(office: Office) -> None:
    await office.user("ann", "trader")
    desk = await office.enrolled()
    access = (await desk.sign_in("ann"))["access"]
    async with desk.talk(access) as talk:
        await talk.hello()
        desk.site.insert("follow\x00up", {"what": "x"})
        failure = await talk.ask(Push(tuple(desk.site.chain)), Failure)
        assert failure.code == "malformed"
    desk.site.chain.clear()
    async with desk.talk(access) as talk:
        await talk.hello()
        desk.site.insert("follow_up", {"what": "x"})
        assert (await talk.push()).received == 1


async def test_a_revoked_device_removes_everything_and_is_shown_out(office: Office) -> None:
    await office.user("ann", "trader")
    desk = await office.enrolled()
    signed_in = await desk.sign_in("ann")
    async with desk.talk(signed_in["access"]) as talk, asyncio.timeout(20):
        await talk.hello()
        await office.administration.revoke_device(desk.device)
        assert (await talk.receive(Purge)).everything
        await talk.send(Purged(()))
        with pytest.raises(ConnectionClosed) as closed:
            await talk.socket.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4403
    (known,) = [each for each in await office.administration.devices() if each["id"] == desk.device]
    assert known["purged"] is not None
    # A desk that was away comes later, with tokens of its own still good: it hears the same.
    fresh = await desk.form("/auth/refresh", refresh=signed_in["refresh"])
    async with desk.talk(fresh.json()["access"]) as talk:
        assert (await talk.ask(Hello(desk.site.id, "1.0", 3, "", 0, 0), Purge)).everything


async def test_a_scope_that_is_taken_away_is_purged_at_once(office: Office) -> None:
    await office.user("ann", "trader")
    desk = await office.enrolled(desk="rates", books=["gilts"])
    async with desk.talk((await desk.sign_in("ann"))["access"]) as talk, asyncio.timeout(20):
        assert set((await talk.hello()).scopes) == {"*", "desk:rates", "book:gilts"}
        await office.administration.set_scopes(desk.device, "rates", [])
        assert set((await talk.receive(Welcome)).scopes) == {"*", "desk:rates"}


async def test_a_second_connection_of_a_desk_replaces_the_first(office: Office) -> None:
    await office.user("ann", "trader")
    desk = await office.enrolled()
    access = (await desk.sign_in("ann"))["access"]
    async with desk.talk(access) as first, desk.talk(access) as second, asyncio.timeout(20):
        await second.hello()
        with pytest.raises(ConnectionClosed) as closed:
            await first.socket.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4409


async def test_a_server_that_stops_sends_every_desk_on_its_way_at_once(
    office: Office, engine: AsyncEngine, database_url: str
) -> None:
    await office.user("ann", "trader")
    desks = [await office.enrolled(name) for name in ("one", "two", "three")]
    access = [(await desk.sign_in("ann"))["access"] for desk in desks]
    doors = Doors(database_url, engine, await access_tokens(engine))
    # It waits for its desks without limit, so that this ends only if they go.
    async with served(doors) as url, httpx.AsyncClient(base_url=url, timeout=120, trust_env=False) as client:
        for desk in desks:
            desk.url = url
        async with desks[0].talk(access[0]) as idle, desks[1].talk(access[1]) as waiting, asyncio.timeout(60):
            await idle.hello()
            head = (await waiting.hello()).head
            await waiting.send(Pull(head))
            headers = {"Authorization": f"Bearer {access[2]}"}
            posted = asyncio.create_task(client.post("/sync", content=encode(Pull(head)), headers=headers))
            while doors.hub.guests < 3:
                await asyncio.sleep(0.01)
            doors.hub.go()
            async with desks[2].talk(access[2]) as late:
                for talk in (idle, waiting, late):
                    with pytest.raises(ConnectionClosed) as closed:
                        await talk.socket.recv()
                    assert closed.value.rcvd is not None
                    assert closed.value.rcvd.code == 1001
            answer = await posted
            (page,) = [read(frame) for frame in frames_in(answer.content)]
            assert isinstance(page, Page)
            assert (page.items, page.upto) == ((), head)


async def test_how_the_server_is(office: Office) -> None:
    assert (await office.client.get("/health")).json() == {"service": "deskline", "status": "ok"}
    assert (await office.client.get("/ready")).json() == {"ready": True}
    async with asyncio.timeout(30):  # desks of before are still going
        while "deskline_connections 0.0" not in (await office.client.get("/metrics")).text:
            await asyncio.sleep(0.05)


async def test_a_body_that_is_too_large_is_not_read(office: Office) -> None:
    answer = await office.client.post("/auth/login", content=b"x" * 100_000)
    assert answer.status_code == 413
    await office.user("ann", "trader")
    access = (await (await office.enrolled()).sign_in("ann"))["access"]
    headers = {"Authorization": f"Bearer {access}"}
    assert (await office.client.post("/sync", content=bytes(9_000_000), headers=headers)).status_code == 413


async def test_posts_come_no_faster_than_they_may(
    engine: AsyncEngine, database_url: str, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sync_doors, "_POSTS", 0.0)
    monkeypatch.setattr(sync_doors, "_POST_BURST", 3)
    await office.user("ann", "trader")
    access = [(await (await office.enrolled(name)).sign_in("ann"))["access"] for name in ("one", "two")]
    doors = Doors(database_url, engine, await access_tokens(engine))
    async with served(doors) as url, httpx.AsyncClient(base_url=url, trust_env=False) as client:

        async def post(token: str) -> list[str]:
            headers = {"Authorization": f"Bearer {token}"}
            answer = await client.post("/sync", content=encode(Push(())), headers=headers)
            failures = [read(frame) for frame in frames_in(answer.content)]
            return [each.code for each in failures if isinstance(each, Failure)]

        assert [await post(access[0]) for _ in range(5)] == [[], [], [], ["busy"], ["busy"]]
        assert await post(access[1]) == [], "each desk for itself"


async def test_servers_over_one_database_tell_each_others_desks(
    office: Office, engine: AsyncEngine, database_url: str
) -> None:
    """A second server, which shares nothing with the first but Postgres."""
    await office.user("ann", "trader")
    one, two = await office.enrolled("one"), await office.enrolled("two")
    doors = Doors(database_url, engine, await access_tokens(engine))
    async with served(doors) as url, httpx.AsyncClient(base_url=url, trust_env=False) as client:
        two.url, two.client = url, client
        access = [(await one.sign_in("ann"))["access"], (await two.sign_in("ann"))["access"]]
        async with one.talk(access[0]) as here, two.talk(access[1]) as there, asyncio.timeout(30):
            await here.hello()
            await there.send(Pull((await there.hello()).head))
            one.site.insert("organization", organization("Meridian"))
            await here.push()
            assert (await there.receive(Page)).items[0].entry_id == one.site.chain[0].id


async def test_what_came_while_nobody_listened_is_told_afterwards(office: Office, postgres: EmbeddedPostgres) -> None:
    await office.user("ann", "trader")
    one, two = await office.enrolled("one"), await office.enrolled("two")
    access = [(await desk.sign_in("ann"))["access"] for desk in (one, two)]
    async with one.talk(access[0]) as here, two.talk(access[1]) as there, asyncio.timeout(60):
        await here.hello()
        await there.send(Pull((await there.hello()).head))
        # The listener's connection is cut, as a database that changes its master does.
        async with await psycopg.AsyncConnection.connect(postgres.url, autocommit=True) as connection:
            await connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'"
            )
        one.site.insert("organization", organization("Meridian"))
        await here.push()
        assert (await there.receive(Page)).items[0].entry_id == one.site.chain[0].id
