"""A firm moves to another Postgres, and its desks go on there where they stood."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import httpx
import psycopg
from psycopg import sql
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from app.server import audit, tables
from app.server.database import connect, migrate
from app.server.postgres_ledger import create_firm
from app.server.run import access_tokens
from app.server.web import Doors
from app.sync.protocol import Hello, Welcome
from tests.server.conftest import Office, served
from tests.server.desks import Desk, organization

ROOT = Path(__file__).parents[2]


async def run(command: list[str]) -> str:
    """What it says."""
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, env={"PYTHONPATH": str(ROOT)}
    )
    return (await process.communicate())[0].decode()


async def test_a_firm_moves_with_all_it_has_and_its_desks_go_on(
    engine: AsyncEngine, database_url: str, firm: str, office: Office
) -> None:
    async with engine.begin() as connection:
        other = await create_firm(connection, "Somebody else")
    await office.user("ann", "trader")
    desk = await office.enrolled()
    async with desk.talk((await desk.sign_in("ann"))["access"]) as talk:
        await talk.hello()
        for name in ("Tolland", "Arden"):
            desk.site.insert("organization", organization(name))
        await talk.push()

    target_url = database_url.replace("/postgres?", f"/moved_{firm}?")
    name = target_url.partition("?")[0].rpartition("/")[2]
    with psycopg.connect(database_url, autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    target = connect(target_url)
    try:
        await migrate(target)
        command = [sys.executable, str(ROOT / "packaging" / "move_firm.py"), firm, database_url, target_url]
        assert " 3 item" in await run(command)
        assert "no firm" in await run(command)
        async with engine.connect() as connection:
            left = set(await connection.scalars(select(tables.firm.c.id)))
            assert other in left
            assert firm not in left
            assert not await connection.scalar(select(func.count()).where(tables.item.c.firm == firm))

        doors = Doors(target_url, target, await access_tokens(target))
        async with served(doors) as url, httpx.AsyncClient(base_url=url, timeout=60, trust_env=False) as client:
            moved = Desk(url, client, desk.site, desk.device, desk.secret)
            async with moved.talk((await moved.sign_in("ann"))["access"]) as talk:
                welcome = await talk.ask(Hello(desk.site.id, "1.0", 3, "", 0, 2), Welcome)
                assert welcome.received == 2
                desk.site.insert("organization", organization("Bexley"))
                receipt = await talk.push(2)
                assert (receipt.received, receipt.head) == (3, welcome.head + 1)
        assert (await audit.check(target, firm)).entries >= 3
    finally:
        await target.dispose()
        with psycopg.connect(database_url, autocommit=True) as admin:
            admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
