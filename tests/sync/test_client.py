"""Two desks' records in step over a real server: its own process, its own Postgres, TLS, websockets."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from app.records.store import Records
from app.records.tables import Organization, SyncConflict
from tests.sync.serving import PASSWORD, Server, Station, served

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with served() as running:
        yield running


@pytest.fixture
async def station(tmp_path: Path, server: Server) -> AsyncIterator[Callable[[str], Coroutine[Any, Any, Station]]]:
    made: list[Station] = []

    async def make(login: str) -> Station:
        each = Station(tmp_path / login, server)
        made.append(each)
        await each.enrol(login)
        await each.start()
        return each

    yield make
    for each in made:
        await each.close()


def customers(records: Records) -> dict[str, str]:
    with records.read() as session:
        return {row.short_name: row.notes for row in session.scalars(select(Organization))}


def customer(name: str) -> Organization:
    return Organization(name=f"{name} plc", short_name=name, kind="corporate", status="active")


async def in_step(*stations: Station) -> None:
    for each in stations:
        await each.until(
            lambda each=each: each.statuses and each.status.state == "online" and not each.status.counts.to_sync, "rest"
        )


async def test_what_was_changed_at_two_desks_meets_when_the_network_is_back(
    server: Server, station: Callable[[str], Coroutine[Any, Any, Station]]
) -> None:
    one, two = await station("ann"), await station("bob")
    made = customer("Tolland")
    await one.write(lambda change: change.add(made))
    await two.until(lambda: "Tolland" in customers(two.records), "the customer at the other desk")
    await in_step(one, two)

    await asyncio.to_thread(server.kill)
    for each in (one, two):
        await each.until(lambda each=each: each.status.state == "offline", "the end of the connection")
    await one.write(lambda change: change.update(Organization, made.id, notes="calls on Mondays"))
    await two.write(lambda change: change.update(Organization, made.id, notes="calls on Fridays"))
    await one.write(lambda change: change.add(customer("Arden")))
    await two.write(lambda change: change.add(customer("Bexley")))
    await one.until(lambda: one.status.counts.to_sync == 2, "both changes waiting")

    await asyncio.to_thread(server.start)
    for each in (one, two):
        await each.client.retry()
        await each.until(lambda each=each: set(customers(each.records)) == {"Tolland", "Arden", "Bexley"}, "all three")
    await in_step(one, two)
    await one.until(lambda: customers(one.records) == customers(two.records), "both desks alike")
    for each in (one, two):
        await each.until(lambda each=each: each.status.counts.conflicts == 1, "a conflict that shows")
        with each.records.read() as session:
            conflict = session.scalars(select(SyncConflict)).one()
        assert {conflict.kept["value"], conflict.lost["value"]} == {"calls on Mondays", "calls on Fridays"}
        assert conflict.kept["value"] == customers(each.records)["Tolland"]


async def test_nothing_is_dropped_because_a_sign_in_ended(
    station: Callable[[str], Coroutine[Any, Any, Station]],
) -> None:
    one, two = await station("cyd"), await station("dee")
    await in_step(one, two)
    await one.who.sign_out()
    await one.client.reconnect()
    await one.until(lambda: one.status.state == "signed out", "the sign-in to be missing")
    assert "Sign in again" in one.status.problem
    await one.write(lambda change: change.add(customer("Farrow")))
    await one.until(lambda: one.status.counts.to_sync == 1, "the change waiting")

    await one.who.sign_in("cyd", PASSWORD)
    await one.client.retry()
    await two.until(lambda: "Farrow" in customers(two.records), "the customer at the other desk")
    await in_step(one)


async def test_a_device_that_was_revoked_keeps_nothing(
    server: Server, station: Callable[[str], Coroutine[Any, Any, Station]]
) -> None:
    one = await station("eve")
    await one.write(lambda change: change.add(customer("Gable")))
    await in_step(one)
    await asyncio.to_thread(server.revoke_all)
    await one.until(lambda: one.status.state == "wiped", "the wipe")
    assert not customers(one.records)
    assert one.status.problem
    async with asyncio.timeout(30):
        while not await asyncio.to_thread(server.purged):
            pass


async def test_where_websockets_do_not_get_through_plain_requests_do(tmp_path: Path) -> None:
    with served(plain=True) as server:
        port = int(server.url.rpartition(":")[2])
        async with await without_websockets(port) as proxy:
            server.url = f"http://127.0.0.1:{proxy.sockets[0].getsockname()[1]}"
            one, two = Station(tmp_path / "one", server), Station(tmp_path / "two", server)
            for each, login in ((one, "fay"), (two, "gus")):
                await each.enrol(login)
                await each.start()
            await one.write(lambda change: change.add(customer("Tolland")))
            await two.until(lambda: "Tolland" in customers(two.records), "the customer at the other desk")
            await two.write(lambda change: change.add(customer("Arden")))
            await one.until(lambda: "Arden" in customers(one.records), "what came while a question waited")
            await in_step(one, two)
            for each in (one, two):
                await each.close()


async def without_websockets(port: int) -> asyncio.Server:
    """A proxy before the server that knows no websockets."""

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            if b"upgrade: websocket" in head.lower():
                writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                writer.close()
                return
            there, back = await asyncio.open_connection("127.0.0.1", port)
            back.write(head)
            await asyncio.gather(copy(reader, back), copy(there, writer))

    return await asyncio.start_server(serve, "127.0.0.1", 0)
