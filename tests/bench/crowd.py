"""Many desks of the firm in one process, each with a connection of its own and nothing behind it: they hear all that
happens. Told how many changes there were, they say when each of them heard of each.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import defaultdict
from pathlib import Path

from app.records.ids import new_id
from app.server.accounts import Accounts
from app.server.administration import Administration
from app.server.database import connect
from app.server.devices import Devices
from app.server.postgres_ledger import PostgresLedger
from app.server.run import access_tokens, database_of, let_many_in
from app.sync import enrolment, transports
from app.sync.protocol import FromDesk, Hello, Page, Pull, Welcome, encode, read_from_server
from app.sync.transports import Connection

heard: defaultdict[str, list[float]] = defaultdict(list)
"""Record -> when a desk was told of it, on the clock that all processes of a machine share."""


async def _enrolled(folder: Path, count: int) -> list[tuple[str, str]]:
    """Site and access token of new desks, with nobody's forms in between: a server bears five of them a second."""
    with database_of(folder, None) as (url, _):
        engine = connect(url)
        try:
            async with engine.connect() as connection:
                firm = (await connection.exec_driver_sql("SELECT id FROM firm")).scalar_one()
            acts = Administration(engine, PostgresLedger(engine), firm, "admin:bench")
            account, _ = await acts.add_user("crowd", "Crowd", "Rates", ("trader",))
            devices, accounts = Devices(engine), Accounts(engine, await access_tokens(engine))
            desks = []
            for number in range(count):
                device, code = await acts.add_device(f"Desk {number}", "Rates")
                site = new_id()
                await devices.enrol(code, site, 0)
                desks.append((site, (await accounts.admit(firm, account, device)).access))
            return desks
        finally:
            await engine.dispose()


class _Desk:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def greet(self, site: str) -> None:
        await self._send(Hello(site, "1.0", 3, "", 0, 0))
        welcome = read_from_server(await self._connection.receive())
        assert isinstance(welcome, Welcome), welcome
        await self._send(Pull(welcome.head))

    async def listen(self) -> None:
        while True:
            page = read_from_server(await self._connection.receive())
            now = time.monotonic()
            assert isinstance(page, Page), page
            for item in page.items:
                heard[item.record_id].append(now)
            await self._send(Pull(page.upto))

    async def _send(self, message: FromDesk) -> None:
        await self._connection.send(encode(message))


async def main(folder: Path, url: str, count: int) -> None:
    let_many_in()
    desks = await _enrolled(folder, count)
    trusted = enrolment.tls(await enrolment.self_made_certificate(url))
    print("enrolled", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    tasks = []
    for site, token in desks:
        desk = _Desk(await transports.connect(url, token, trusted))
        await desk.greet(site)
        tasks.append(asyncio.create_task(desk.listen()))
    print("connected", flush=True)
    told = int(await asyncio.to_thread(sys.stdin.readline))
    async with asyncio.timeout(300):
        while sum(map(len, heard.values())) < told * count:
            done, _ = await asyncio.wait(tasks, timeout=0.1, return_when=asyncio.FIRST_COMPLETED)
            for ended in done:
                ended.result()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    print(json.dumps(heard), flush=True)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
