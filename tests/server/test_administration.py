"""``deskline admin`` on a database, without a server."""

from __future__ import annotations

import asyncio
import io
from contextlib import redirect_stderr, redirect_stdout

from sqlalchemy.ext.asyncio import AsyncEngine

from app.__main__ import main
from app.server.postgres_ledger import create_firm


async def admin(database_url: str, *arguments: str) -> tuple[int, str]:
    """Its exit status, and what it says."""
    with redirect_stdout(io.StringIO()) as said, redirect_stderr(io.StringIO()) as complained:
        code = await asyncio.to_thread(main, ["admin", "--database", database_url, *arguments])
    return code, said.getvalue() + complained.getvalue()


async def test_of_several_firms_one_is_named(engine: AsyncEngine, database_url: str, firm: str) -> None:
    async with engine.begin() as connection:
        other = await create_firm(connection, f"Harbour {firm}")
    code, said = await admin(database_url, "users")
    assert code == 1
    assert f"Northgate Brokers ({firm})" in said
    assert f"Harbour {firm} ({other})" in said
    code, said = await admin(database_url, "--firm", f"Harbour {firm}", "add-user", "ann", "Ann", "--role", "trader")
    assert (code, "one-time password" in said) == (0, True)
    code, said = await admin(database_url, "--firm", other, "users")
    assert (code, "login=ann" in said) == (0, True)
    assert await admin(database_url, "--firm", firm, "users") == (0, "")
    assert (await admin(database_url, "--firm", "nobody", "users"))[0] == 1
