"""What is new goes to who waits, with one look at the ledger for all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial

from sqlalchemy.ext.asyncio import AsyncEngine

from app.server.hub import Guest, Hub
from app.server.ledger import Batch
from app.server.postgres_ledger import PostgresLedger, wall_clock
from app.server.sync import Connection, Device
from app.sync.protocol import FromServer, Hello, Page, Pull, Push
from tests.server.desks import Site, organization
from tests.server.test_sync import device


class Counting(PostgresLedger):
    def __init__(self, engine: AsyncEngine) -> None:
        super().__init__(engine)
        self.looks = 0

    async def items(self, firm: str, after: int, limit: int) -> Batch:
        self.looks += 1
        return await super().items(firm, after, limit)


async def nobody(firm: str, device: str) -> Device | None:
    return None


async def test_desks_that_wait_at_the_head_cost_one_look_together(
    engine: AsyncEngine, database_url: str, firm: str
) -> None:
    ledger = Counting(engine)
    hub = Hub(database_url, ledger, nobody)
    await hub.start()
    told: list[asyncio.Future[Sequence[FromServer]]] = []
    sites = [Site() for _ in range(20)]

    def connection(site: Site) -> Connection:
        return Connection(ledger, device(firm, site), now=wall_clock, schema_version=3, newest=lambda: hub.newest(firm))

    try:
        for site in sites:
            told.append(asyncio.get_running_loop().create_future())
            guest = Guest(connection(site), partial(_take, told[-1]))
            hub.join(guest)
            hub.heard(firm, 0)
            await guest.connection.handle(Hello(site.id, "1.0", 3, "", 0, 0))
            assert await guest.connection.handle(Pull(0)) == []
            hub.waits(guest)
        assert ledger.looks == 0, "what is known to be the newest place is not looked up"
        writer = Site()
        writing = connection(writer)
        await writing.handle(Hello(writer.id, "1.0", 3, "", 0, 0))
        writer.insert("organization", organization("Meridian"))
        await writing.handle(Push(tuple(writer.chain)))
        async with asyncio.timeout(20):
            pages = [(await each)[0] for each in told]
        assert all(isinstance(page, Page) and len(page.items) == 1 for page in pages)
        assert ledger.looks == 1
    finally:
        await hub.close()


async def _take(into: asyncio.Future[Sequence[FromServer]], answers: Sequence[FromServer]) -> None:
    into.set_result(answers)
