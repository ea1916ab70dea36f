"""One server with a Postgres of its own, and an office of desks around it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from app.server.run import database_of
from tests.faults.office import Office
from tests.sync.serving import Server, served


@pytest.fixture
def server() -> Iterator[Server]:
    with served() as running:
        yield running


@pytest.fixture
async def small_office(server: Server, tmp_path: Path) -> AsyncIterator[Office]:
    with database_of(server.folder, None) as (url, _):
        made = Office(tmp_path, server.url, url)
        yield made
        await made.close()
