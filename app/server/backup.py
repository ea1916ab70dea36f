"""A copy of the server's whole database in one file, and back. A restored server begins a new epoch.

The copy is one moment's, whatever is written meanwhile. Restoring is one transaction, the new epoch with it: a desk
never meets an older order under the epoch that it knows.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from sqlalchemy import RowMapping, select, text
from sqlalchemy.exc import SQLAlchemyError

from app.server import again, tables
from app.server.administration import NotDone, log_act
from app.server.database import connect, migrate
from app.server.postgres import BINARIES
from app.server.postgres_ledger import new_epoch

_Done = subprocess.CompletedProcess[bytes]
_NEW_EPOCH = """
INSERT INTO epoch (firm, number, epoch, began)
SELECT f.id, 1 + (SELECT max(number) FROM epoch e WHERE e.firm = f.id), '{epoch}', f.head FROM firm f;
UPDATE firm SET epoch = '{epoch}';
"""


def backup(url: str, target: Path) -> None:
    """Raises NotDone. The file holds everything, in clear: keep it as well as the database."""
    partial = target.with_name(target.name + ".partial")
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        done = _run("pg_dump", "--format=custom", "--no-owner", "--no-privileges", url=url, stdout=file)
    if done.returncode != 0:
        partial.unlink()
        raise NotDone(f"The database could not be copied. {_last_line(done)}")
    partial.replace(target)


@dataclass(frozen=True, slots=True)
class Restored:
    """``log``: where the log of what was replaced was written to, None where there was none; ``undone``: its acts that
    the backup lacks."""

    epoch: str
    log: Path | None
    undone: list[again.Act]


async def restore(url: str, source: Path) -> Restored:
    """Puts the copy in place of what the database holds. Raises NotDone, and then nothing changed."""
    if not source.exists():
        raise NotDone(f"There is no file {source}.")
    await _nobody_else(url)
    epoch, acts, log = new_epoch(), await _log(url), None
    if acts:
        log = source.with_name(f"{source.name}.before-{epoch}.log.csv")
        with os.fdopen(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            again.write(acts, file)
    await asyncio.to_thread(_restore, url, source, epoch)
    engine = connect(url, connections=1)
    try:
        await migrate(engine)
        async with engine.begin() as connection:
            for firm in (await connection.scalars(text("SELECT id FROM firm"))).all():
                await log_act(connection, firm, "admin:restore", "restored", {"epoch": epoch})
        known = [again.Act(act["firm"], act["at"], act["what"], act["detail"]) for act in acts]
        return Restored(epoch, log, await again.undone(engine, known))
    finally:
        await engine.dispose()


async def _log(url: str) -> Sequence[RowMapping]:
    """What administrators did, of all firms; nothing where there is no such log."""
    engine = connect(url, connections=1)
    try:
        async with engine.connect() as connection:
            query = select(tables.administration).order_by(tables.administration.c.firm, tables.administration.c.seq)
            return (await connection.execute(query)).mappings().all()
    except SQLAlchemyError:  # an empty database, or a broken one: it is to be replaced
        return []
    finally:
        await engine.dispose()


def _restore(url: str, source: Path, epoch: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "restore.sql"
        made = _run(
            "pg_restore", "--clean", "--if-exists", "--no-owner", "--no-privileges", "-f", str(script), str(source)
        )
        if made.returncode != 0:
            raise NotDone(f"{source} is no backup of a Deskline server. {_last_line(made)}")
        with script.open("a", encoding="utf-8") as file:
            # pg_restore leaves an empty search path behind.
            file.write("SET search_path = public;" + _NEW_EPOCH.format(epoch=epoch))
        done = _run("psql", "-X", "-q", "-1", "-v", "ON_ERROR_STOP=1", "-f", str(script), url=url)
    if done.returncode != 0:
        raise NotDone(f"The backup could not be put in place; nothing was changed. {_last_line(done)}")


async def _nobody_else(url: str) -> None:
    async with await psycopg.AsyncConnection.connect(url) as connection:
        found = await connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
            "AND backend_type = 'client backend'"
        )
        (others,) = await found.fetchone() or (0,)
    if others:
        raise NotDone("The database is in use. Stop every server first.")


def _run(program: str, *arguments: str, url: str = "", stdout: int | IO[bytes] = subprocess.DEVNULL) -> _Done:
    # Others see a program's arguments: the password goes by its environment.
    place = {name: str(value) for name, value in conninfo_to_dict(url).items()}
    password = place.pop("password", "")
    where = ["--dbname", make_conninfo("", **place)] if url else []
    return subprocess.run(
        [BINARIES / program, *where, *arguments],
        env={**os.environ, "PGPASSWORD": password},
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        check=False,
    )


def _last_line(done: _Done) -> str:
    lines = done.stderr.decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else ""
