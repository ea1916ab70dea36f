"""What administrators did since a backup, done again once it is restored: erasures, revocations, rights, periods.

It is read from the log as ``deskline admin log --csv`` writes it; a restore writes that of the database it replaces.
"""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TextIO

import msgspec
from sqlalchemy import RowMapping, select
from sqlalchemy.ext.asyncio import AsyncEngine

from app.server import tables
from app.server.administration import Administration, NotDone
from app.server.personal import PersonalData

_CANNOT = frozenset({"user added", "device added", "device enrolled"})
"""Somebody has to do these by hand, with new passwords and codes."""


@dataclass(frozen=True, slots=True)
class Act:
    """One line of the log; ``detail`` by ``what``."""

    firm: str
    at: dt.datetime
    what: str
    detail: Mapping[str, Any]


def write(rows: Sequence[RowMapping], file: TextIO) -> None:
    """As comma-separated values, with what has parts as JSON."""
    if rows:
        writer = csv.writer(file)
        writer.writerow(rows[0].keys())
        writer.writerows(map(_cell, row.values()) for row in rows)


def read(file: TextIO) -> list[Act]:
    """Raises NotDone."""
    try:
        return [
            Act(
                row["firm"],
                dt.datetime.fromisoformat(row["at"]),
                row["what"],
                msgspec.json.decode(row["detail"], type=dict[str, Any]),
            )
            for row in csv.DictReader(file)
        ]
    except (KeyError, TypeError, ValueError, UnicodeError, csv.Error) as error:
        raise NotDone("This is no log as `deskline admin log --csv` writes it.") from error


async def undone(engine: AsyncEngine, acts: Iterable[Act]) -> list[Act]:
    """Those that the database's own log does not know, in order."""
    kept = tables.administration
    async with engine.connect() as connection:
        rows = await connection.execute(select(kept.c.firm, kept.c.at, kept.c.what))
        known = {(row.firm, row.at, row.what) for row in rows}
    return [act for act in acts if (act.firm, act.at, act.what) not in known]


async def do(engine: AsyncEngine, act: Act, administration: Administration, personal: PersonalData) -> str:
    """What came of it, in a sentence."""
    detail, name = act.detail, act.what
    try:
        match act.what:
            case "person erased":
                done = f"{await personal.erase(detail['contact'], again=True)} records of contact {detail['contact']}"
            case "period set":
                await personal.set_period(detail["kind"], detail["days"])
                done = f"{detail['kind']}, {detail['days']} days"
            case "period applied":
                await personal.apply({detail["kind"]: detail["days"]}, act.at)
                done = f"{detail['kind']}, {detail['days']} days before {act.at:%Y-%m-%d}"
            case "device revoked":
                await administration.revoke_device(detail["device"])
                done = f"device {detail['device']}"
            case "device scopes set":
                desk, books = _of(detail["scopes"], "desk:")[0], _of(detail["scopes"], "book:")
                await administration.set_scopes(detail["device"], desk, books)
                done = f"device {detail['device']}"
            case "roles set":
                login = await _login(engine, act)
                await administration.set_roles(login, detail["roles"], detail["scope"])
                done = login
            case "user disabled" | "user enabled":
                login = await _login(engine, act)
                await administration.set_active(login, act.what == "user enabled")
                done = login
            case "password reset":
                login = await _login(engine, act)
                done = f"the one-time password of {login} is {await administration.reset_password(login)}"
            case _:
                return f"{name}, {act.at:%Y-%m-%d %H:%M}: to be done by hand" if name in _CANNOT else ""
    except NotDone as error:
        return f"{name}, {act.at:%Y-%m-%d %H:%M}: not done again. {error}"
    return f"{name}, {act.at:%Y-%m-%d %H:%M}: done again, {done}"


def _of(scopes: Sequence[str], kind: str) -> list[str]:
    return [scope.removeprefix(kind) for scope in scopes if scope.startswith(kind)]


async def _login(engine: AsyncEngine, act: Act) -> str:
    account = tables.account
    query = select(account.c.login).where(account.c.firm == act.firm, account.c.id == act.detail["user"])
    async with engine.connect() as connection:
        found: str | None = await connection.scalar(query)
    if found is None:
        raise NotDone("The user was added after the backup.")
    return found


def _cell(value: object) -> object:
    return msgspec.json.encode(value).decode() if isinstance(value, dict | list) else value
