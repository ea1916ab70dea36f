"""The same days of trouble over the stores that ship."""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from app.server.postgres import EmbeddedPostgres
from tests.simulation.real import RealWorld
from tests.simulation.scenario import play_in


@pytest.fixture(scope="module")
def postgres() -> Iterator[EmbeddedPostgres]:
    with tempfile.TemporaryDirectory(prefix="deskline-test-") as folder:
        embedded = EmbeddedPostgres(Path(folder))
        embedded.start()
        yield embedded
        embedded.stop()


@pytest.fixture
def database_url(postgres: EmbeddedPostgres) -> str:
    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return postgres.url.replace("/postgres?", f"/{name}?")


@pytest.mark.parametrize("seed", range(2))
def test_the_real_stores_live_through_the_same(seed: int, tmp_path: Path, database_url: str) -> None:
    _play(seed, tmp_path, database_url)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(2, 62))
def test_the_real_stores_live_through_much_more(seed: int, tmp_path: Path, database_url: str) -> None:
    _play(seed, tmp_path, database_url)


def _play(seed: int, folder: Path, url: str) -> None:
    world = RealWorld(seed, folder, url)
    try:
        play_in(world)
    finally:
        world.close()
