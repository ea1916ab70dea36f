"""One Postgres, one server and one event loop for the whole room, and a firm of its own for each test."""

from __future__ import annotations

import asyncio
import itertools
import socket
import tempfile
from collections.abc import AsyncIterator, Collection, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
import uvicorn
from argon2 import PasswordHasher
from sqlalchemy.ext.asyncio import AsyncEngine

from app.server import tokens
from app.server.administration import Administration
from app.server.database import connect, migrate
from app.server.postgres import EmbeddedPostgres
from app.server.postgres_ledger import create_firm
from app.server.rights import Role
from app.server.run import Server, access_tokens
from app.server.web import Doors
from app.sync.protocol import MAX_FRAME
from tests.server.desks import Desk, Site


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All on one loop, that of the server."""
    for item in items:
        if pytest_asyncio.is_async_test(item) and Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    # Not pytest's own folder: another run of pytest takes away the right to pass through it.
    with tempfile.TemporaryDirectory(prefix="deskline-test-") as folder:
        embedded = EmbeddedPostgres(Path(folder))
        embedded.start()
        yield embedded
        embedded.stop()


@pytest.fixture(scope="session", autouse=True)
def cheap_passwords() -> Iterator[None]:
    """Argon2 as ever, with next to no memory: what the shipped cost is good for, no test here looks at."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tokens, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        patch.setattr(tokens, "_NOBODY", tokens.hash_password("nobody"))
        yield


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def engine(postgres: EmbeddedPostgres) -> AsyncIterator[AsyncEngine]:
    made = connect(postgres.url)
    await migrate(made)
    yield made
    await made.dispose()


@pytest.fixture(scope="session")
def database_url(postgres: EmbeddedPostgres) -> str:
    return postgres.url


@pytest.fixture
async def firm(engine: AsyncEngine) -> str:
    async with engine.begin() as connection:
        return await create_firm(connection, "Northgate Brokers")


@dataclass
class Office:
    """A server on a socket of this machine, and its administrator."""

    url: str
    doors: Doors
    administration: Administration
    client: httpx.AsyncClient

    async def enrolled(
        self, name: str = "desk", desk: str = "rates", books: Collection[str] = (), *, brings_history: bool = False
    ) -> Desk:
        site = Site()
        device, code = await self.administration.add_device(name, desk, books, brings_history=brings_history)
        answer = await self.client.post("/enrol", json={"code": code, "site": site.id, "written": 0})
        assert answer.status_code == 200, answer.text
        return Desk(self.url, self.client, site, device, answer.json()["secret"])

    async def user(self, login: str, *roles: Role, scope: str = "*") -> str:
        """The user's id; the password is the login four times."""
        user, once = await self.administration.add_user(login, login.title(), "rates", roles, scope)
        desk = await self.enrolled("password change")
        answer = await self.client.post(
            "/auth/password",
            json={"device": desk.device, "secret": desk.secret, "login": login, "password": once, "new": login * 4},
        )
        assert answer.status_code == 200, answer.text
        return user


@asynccontextmanager
async def served(doors: Doors) -> AsyncIterator[str]:
    """The address of a server with these doors."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = Server(uvicorn.Config(doors.application, log_config=None, ws_max_size=MAX_FRAME), doors)
    running = asyncio.create_task(server.serve([listener]))
    async with asyncio.timeout(20):
        while not server.started:
            await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.stop()
        await running
        listener.close()


@dataclass
class Running:
    url: str
    doors: Doors


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def running(engine: AsyncEngine, database_url: str) -> AsyncIterator[Running]:
    doors = Doors(database_url, engine, await access_tokens(engine))
    async with served(doors) as url:
        yield Running(url, doors)


_addresses = itertools.count(1)


@pytest.fixture
async def office(running: Running, engine: AsyncEngine, firm: str) -> AsyncIterator[Office]:
    """On the server of all, from an address of its own, as no two firms share one."""
    doors, number = running.doors, next(_addresses)
    transport = httpx.AsyncHTTPTransport(local_address=f"127.2.{number // 250}.{number % 250 + 1}")
    async with httpx.AsyncClient(base_url=running.url, timeout=60, transport=transport) as client:
        yield Office(running.url, doors, Administration(engine, doors.ledger, firm, "admin:test"), client)
