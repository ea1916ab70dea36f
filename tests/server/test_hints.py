"""Two processes of a server that tell each other over NATS what is new: faster than looking, and never needed."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import httpx
import psycopg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from app.server import hub
from app.server.administration import Administration
from app.server.postgres_ledger import CHANNEL
from app.server.run import access_tokens
from app.server.web import Doors
from app.sync.protocol import Page, Pull
from tests.server.conftest import Office, served
from tests.server.desks import Talk, organization

LOOK = 1.0


@contextmanager
def nats_server(port: int, folder: Path) -> Iterator[int]:
    """Its port; 0: a free one."""
    program = Path(sys.executable).with_name("nats-server")
    process = subprocess.Popen([program, "-a", "127.0.0.1", "-p", str(port or -1), "-l", folder / "log"], cwd=folder)
    try:
        log = folder / "log"
        while not (log.exists() and "Server is ready" in log.read_text()):
            assert process.poll() is None
        line = next(line for line in log.read_text().splitlines() if "Listening for client connections" in line)
        yield int(line.rpartition(":")[2])
    finally:
        process.kill()
        process.wait()
        (folder / "log").unlink()


@asynccontextmanager
async def opened(engine: AsyncEngine, database_url: str, firm: str, nats: str = "") -> AsyncIterator[Office]:
    doors = Doors(database_url, engine, await access_tokens(engine), nats=nats)
    async with served(doors) as url, httpx.AsyncClient(base_url=url, timeout=60, trust_env=False) as client:
        yield Office(url, doors, Administration(engine, doors.ledger, firm, "admin:test"), client)


async def connected(office: Office) -> None:
    async with asyncio.timeout(30):
        while office.doors.ledger.hints is None or not office.doors.ledger.hints.connected:
            await asyncio.sleep(0.01)


@pytest.fixture
def no_looking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "_LOOK", 3600.0)


async def news(writer: Talk, reader: Talk, name: str) -> str:
    """What the writer pushes at one server, as it reaches the reader at the other."""
    welcome = await reader.hello()
    await reader.send(Pull(welcome.head))
    await writer.hello()
    start = len(writer.site.chain)
    writer.site.insert("organization", organization(name))
    await writer.push(start)
    page = await reader.receive(Page)
    return str(page.items[-1].fields)


@pytest.fixture
async def nats(tmp_path: Path) -> AsyncIterator[int]:
    with nats_server(0, tmp_path) as port:
        yield port


async def test_what_is_new_is_told_over_nats_and_not_by_the_database(
    engine: AsyncEngine, database_url: str, firm: str, nats: int, no_looking: None
) -> None:
    url = f"nats://127.0.0.1:{nats}"
    async with opened(engine, database_url, firm, url) as one, opened(engine, database_url, firm, url) as two:
        await connected(one)
        await connected(two)
        await one.user("ann", "trader")
        here, there = await one.enrolled("here"), await two.enrolled("there")
        async with (
            here.talk((await here.sign_in("ann"))["access"]) as writer,
            there.talk((await there.sign_in("ann"))["access"]) as reader,
            await psycopg.AsyncConnection.connect(database_url, autocommit=True) as listener,
        ):
            await listener.execute(f"LISTEN {CHANNEL}")
            assert "Tolland" in await news(writer, reader, "Tolland")
            await listener.execute("SELECT pg_notify(%s, 'the end')", (CHANNEL,))
            async for notice in listener.notifies(stop_after=1):
                assert notice.payload == "the end"


async def test_without_nats_the_database_tells_and_with_it_again_nats_does(
    engine: AsyncEngine, database_url: str, firm: str, tmp_path: Path, no_looking: None
) -> None:
    with nats_server(0, tmp_path) as port:
        pass
    url = f"nats://127.0.0.1:{port}"
    async with opened(engine, database_url, firm, url) as one, opened(engine, database_url, firm, url) as two:
        await one.user("ann", "trader")
        here, there = await one.enrolled("here"), await two.enrolled("there")
        first, second = (await here.sign_in("ann"))["access"], (await there.sign_in("ann"))["access"]
        async with here.talk(first) as writer, there.talk(second) as reader:
            assert "Tolland" in await news(writer, reader, "Tolland")
            with nats_server(port, tmp_path):
                await connected(one)
                await connected(two)
                assert "Arden" in await news(writer, reader, "Arden")


async def test_a_hint_that_was_lost_is_found_by_looking(
    engine: AsyncEngine, database_url: str, firm: str, nats: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "_LOOK", LOOK)
    # The other server has no NATS, so that it hears nothing.
    async with (
        opened(engine, database_url, firm, f"nats://127.0.0.1:{nats}") as one,
        opened(engine, database_url, firm) as two,
    ):
        await connected(one)
        await one.user("ann", "trader")
        here, there = await one.enrolled("here"), await two.enrolled("there")
        first, second = (await here.sign_in("ann"))["access"], (await there.sign_in("ann"))["access"]
        async with here.talk(first) as writer, there.talk(second) as reader:
            assert "Tolland" in await news(writer, reader, "Tolland")
