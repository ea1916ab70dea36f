"""A real Postgres for the whole run, and a database of its own for each test."""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy.ext.asyncio import AsyncEngine

from app.server.database import connect, migrate
from app.server.postgres import EmbeddedPostgres
from app.server.postgres_ledger import create_firm


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    # Not pytest's own folder: another run of pytest takes away the right to pass through it.
    with tempfile.TemporaryDirectory(prefix="deskline-test-") as folder:
        embedded = EmbeddedPostgres(Path(folder))
        embedded.start()
        yield embedded
        embedded.stop()


@pytest.fixture
def database_url(postgres: EmbeddedPostgres) -> Iterator[str]:
    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    yield postgres.url.replace("/postgres?", f"/{name}?")
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    made = connect(database_url)
    await migrate(made)
    yield made
    await made.dispose()


@pytest.fixture
async def firm(engine: AsyncEngine) -> str:
    async with engine.begin() as connection:
        return await create_firm(connection, "Northgate Brokers")
