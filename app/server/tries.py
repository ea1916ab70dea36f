"""Wrong passwords are counted, and too many make one wait: by firm, login and desk, so that who tries at one desk shuts
out nobody at another.

At desks where the user has never signed in, all tries for a login are counted together too, and only slowed down: many
desks do not guess faster than a few. A login that nobody has is counted like any other, and so tells nothing.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, and_, case, delete, func, literal, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.records.hlc import utc_now
from app.server import tables, tokens

_KEPT = dt.timedelta(days=1)
_ANYWHERE = ""
"""In a device's place: all desks at which the user has never signed in."""


@dataclass(frozen=True, slots=True)
class _Rule:
    """From so many wrong passwords on one waits, in seconds: each time twice as long as before."""

    tries: int
    first: int
    longest: int


_AT_ONE_DESK = _Rule(5, 15, 900)
_AT_ALL = _Rule(10, 1, 30)


async def take(connection: AsyncConnection, firm: str, login: str, device: str, *, is_familiar: bool) -> int:
    """Counts a try, before anybody looks at the password: many at once are many tries. ``is_familiar``: the user has
    signed in at that desk.

    0, or the seconds to wait; the caller then rolls back, so that nothing is counted.
    """
    if not is_familiar and (wait := await _count(connection, (firm, login, _ANYWHERE), _AT_ALL)):
        return wait
    return await _count(connection, (firm, login, device), _AT_ONE_DESK)


async def forget(connection: AsyncConnection, firm: str, login: str, device: str) -> None:
    """After a right password."""
    await _forget(connection, firm, login, device, _ANYWHERE)


async def forget_all(connection: AsyncConnection, firm: str, login: str) -> None:
    await _forget(connection, firm, login)


async def forget_old(connection: AsyncConnection, firm: str) -> None:
    await connection.execute(
        delete(tables.sign_in_try).where(tables.sign_in_try.c.firm == firm, tables.sign_in_try.c.at < utc_now() - _KEPT)
    )


def shut_until(firm: ColumnElement[str], login: ColumnElement[str]) -> ScalarSelect[Any]:
    """Until when somebody has to wait with a login at one desk or other, for a query over logins."""
    tried = tables.sign_in_try
    digest = func.encode(func.sha256(func.convert_to(login, "UTF8")), "hex")
    mine = and_(tried.c.firm == firm, tried.c.login == digest, tried.c.shut_until > utc_now())
    return select(func.max(tried.c.shut_until)).where(mine).scalar_subquery()


async def _count(connection: AsyncConnection, key: tuple[str, str, str], rule: _Rule) -> int:
    tried, now = tables.sign_in_try, utc_now()
    firm, login, device = key
    login = tokens.digest(login)  # what is typed in that place may be a password
    number = tried.c.failures + 1
    pause = func.least(rule.longest, rule.first * func.power(2, func.least(number - rule.tries, 10)))
    until = case((number >= rule.tries, literal(now) + func.make_interval(0, 0, 0, 0, 0, 0, pause)), else_=None)
    new = insert(tried).values(firm=firm, login=login, device=device, failures=1, at=now)
    counted = await connection.scalar(
        new.on_conflict_do_update(
            index_elements=["firm", "login", "device"],
            set_={"failures": number, "at": now, "shut_until": until},
            where=tried.c.shut_until.is_(None) | (tried.c.shut_until <= now),
        ).returning(tried.c.failures)
    )
    if counted is not None:
        return 0
    mine = and_(tried.c.firm == firm, tried.c.login == login, tried.c.device == device)
    ends: dt.datetime | None = await connection.scalar(select(tried.c.shut_until).where(mine))
    return 0 if ends is None else max(1, round((ends - now).total_seconds()))


async def _forget(connection: AsyncConnection, firm: str, login: str, *devices: str) -> None:
    tried = tables.sign_in_try
    mine = and_(tried.c.firm == firm, tried.c.login == tokens.digest(login))
    where = and_(mine, tried.c.device.in_(devices)) if devices else mine
    await connection.execute(delete(tried).where(where))
