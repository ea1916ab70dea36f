from __future__ import annotations

import pytest

from tests.sync.sites import Server, Site


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def ann(server: Server) -> Site:
    return Site(server)


@pytest.fixture
def bob(server: Server) -> Site:
    return Site(server)
