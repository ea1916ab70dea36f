"""A restored backup brings back what was erased and who was shut out; the log of what it replaced does that again."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.server import audit, backup, tables
from app.server.administration import Administration
from app.server.database import connect, migrate
from app.server.personal import PersonalData
from app.server.postgres import EmbeddedPostgres
from app.server.postgres_ledger import PostgresLedger, create_firm
from tests.server.desks import Site, organization
from tests.server.test_administration import admin
from tests.server.test_ledger import push


@dataclass
class Own:
    """A database of the test's own, with a customer, two contacts, users and devices."""

    url: str
    firm: str = ""
    devices: tuple[str, ...] = ()

    def engine(self) -> AsyncEngine:
        return connect(self.url)

    async def fill(self) -> None:
        engine = self.engine()
        await migrate(engine)
        async with engine.begin() as connection:
            self.firm = await create_firm(connection, "Northgate Brokers")
        acts = self.administration(engine)
        for login in ("ann", "bob", "eve"):
            await acts.add_user(login, login.title(), "rates", ["trader"])
        self.devices = tuple([(await acts.add_device(name, "rates", ["gilts"]))[0] for name in ("lost", "kept")])
        site = Site()
        site.insert("organization", organization("Meridian"), "customer")
        for contact, name in (("ines", "Ines Quell"), ("otto", "Otto Bahr")):
            fields = {"organization_id": "customer", "name": name, "status": "active"}
            site.insert("contact", fields, contact)
        await push(PostgresLedger(engine), self.firm, site)
        await engine.dispose()

    def administration(self, engine: AsyncEngine) -> Administration:
        return Administration(engine, PostgresLedger(engine), self.firm, "admin:test")

    async def undo(self) -> None:
        """What an administrator does after the backup."""
        engine = self.engine()
        acts = self.administration(engine)
        ledger, site = PostgresLedger(engine), Site()
        site.insert("contact", {"name": "Mia Quell", "status": "active"}, "mia")
        await push(ledger, self.firm, site)
        for contact in ("ines", "mia"):
            await PersonalData(engine, ledger, self.firm, "admin:test").erase(contact)
        await acts.revoke_device(self.devices[0])
        await acts.set_scopes(self.devices[1], "rates", [])
        await acts.set_active("eve", False)
        await acts.set_roles("bob", ["viewer"])
        await acts.reset_password("ann")
        await acts.add_user("late", "Late", "rates", ["trader"])
        await acts.set_roles("late", ["viewer"])
        await engine.dispose()

    async def stands(self) -> dict[str, object]:
        engine = self.engine()
        try:
            async with engine.connect() as connection:
                rows = [*(await connection.execute(text("SELECT fields FROM record")))]
                rows += [*(await connection.execute(text("SELECT fields, before, after FROM item")))]
                passwords = await connection.execute(select(tables.account.c.login, tables.account.c.password))
                password = {row.login: row.password for row in passwords}
            acts = self.administration(engine)
            users = {user["login"]: user for user in await acts.users()}
            devices = {device["id"]: device for device in await acts.devices()}
            await audit.check(engine, self.firm)
            return {
                "Ines": any("Quell" in str(row) for row in rows),
                "Otto": any("Bahr" in str(row) for row in rows),
                "lost": devices[self.devices[0]]["revoked"] is not None,
                "kept": devices[self.devices[1]]["scopes"],
                "eve": users["eve"]["active"],
                "bob": users["bob"]["roles"],
                "late": "late" in users,
                "ann's": password["ann"],
            }
        finally:
            await engine.dispose()


@pytest.fixture
async def own(postgres: EmbeddedPostgres) -> AsyncIterator[Own]:
    name = sql.Identifier("again")
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(name))
    made = Own(postgres.url.replace("/postgres?", "/again?"))
    await made.fill()
    yield made
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


async def test_what_was_done_since_the_backup_is_listed_and_done_again(own: Own, tmp_path: Path) -> None:
    copy = tmp_path / "copy.dump"
    backup.backup(own.url, copy)
    before = await own.stands()
    await own.undo()
    after = await own.stands()
    assert after == {
        "Ines": False, "Otto": True, "lost": True, "kept": ["*", "desk:rates"], "eve": False,
        "bob": ["viewer@*"], "late": True, "ann's": after["ann's"],
    }  # fmt: skip
    assert after["ann's"] != before["ann's"]

    code, said = await admin(own.url, "restore", str(copy))
    assert code == 0, said
    assert await own.stands() == before, "all of it is back"
    for words in ("person erased", "contact", "device revoked", own.devices[0], "user disabled", "password reset"):
        assert words in said
    (log,) = tmp_path.glob("copy.dump.*.log.csv")
    assert str(log) in said
    assert log.stat().st_mode & 0o077 == 0

    code, said = await admin(own.url, "again", str(log))
    assert code == 0, said
    assert "person erased" in said
    assert "1 records of contact mia" in said, "whom the backup does not know"
    found = re.search(r"one-time password of ann is (\S+)", said)
    assert found is not None
    assert re.search(r"user added, .*: to be done by hand", said)
    assert "not done again. The user was added after the backup." in said
    again = await own.stands()
    assert again["ann's"] not in (before["ann's"], after["ann's"])
    assert {**again, "ann's": "", "late": False} == {**after, "ann's": "", "late": False}

    code, said = await admin(own.url, "log", "--csv")
    newer = tmp_path / "kept elsewhere.csv"
    newer.write_text(said)
    assert await admin(own.url, "again", str(newer)) == (0, ""), "nothing of it is missing"
    await admin(own.url, "restore", str(copy))
    await admin(own.url, "again", str(newer))
    assert {**await own.stands(), "ann's": ""} == {**again, "ann's": ""}, "it does as well"


async def test_what_is_no_log_is_refused(own: Own, tmp_path: Path) -> None:
    bad = tmp_path / "bad.csv"
    for content in ("firm,at\n1,2\n", "firm,seq,at,actor,what,detail\na,1,yesterday,b,c,{}\n"):
        bad.write_text(content)
        code, said = await admin(own.url, "again", str(bad))
        assert (code, "no log as" in said) == (1, True)
    code, said = await admin(own.url, "again", str(tmp_path / "none"))
    assert (code, "there is no file" in said) == (1, True)
