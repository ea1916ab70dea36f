"""What administrators do: firms, users, roles, desks. Each act stands in a log of its own, which is never changed.

Whoever can open the database is an administrator: ``deskline admin`` works on it directly, beside running servers,
which hear of changes by notification.
"""

from __future__ import annotations

import datetime as dt
import getpass
from collections.abc import Collection, Mapping, Sequence
from typing import Any, get_args

from sqlalchemy import RowMapping, and_, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.records.hlc import utc_now
from app.records.ids import new_id
from app.records.migrations import CURRENT
from app.server import tables, tokens, tries
from app.server.accounts import end_sign_ins
from app.server.ledger import Ledger
from app.server.postgres_ledger import CHANNEL, create_firm, driver_of
from app.server.rights import EVERYWHERE, Role
from app.sync import authority
from app.sync.ground import Wanted
from app.sync.policies import EVERYBODY
from app.sync.scopes import book_scope, desk_scope

CODE_LIFETIME = dt.timedelta(days=3)


class NotDone(Exception):
    """``str()`` says why and what to do."""


class Administration:
    """``actor``: who does it, for the log: the system's user at the server."""

    def __init__(self, engine: AsyncEngine, ledger: Ledger, firm: str, actor: str | None = None) -> None:
        self._engine = engine
        self._ledger = ledger
        self._firm = firm
        self.actor = actor or f"admin:{getpass.getuser()}"

    # -- users

    async def add_user(
        self, login: str, name: str, desk: str, roles: Collection[Role], scope: str = EVERYWHERE, *, local: bool = True
    ) -> tuple[str, str]:
        """The new user's id and one-time password (empty where ``local`` is False: they sign in elsewhere)."""
        login, account, password = login.strip().lower(), tables.account, tokens.new_code()
        _check_roles(roles)
        user = new_id()
        async with self._engine.begin() as connection:
            taken = select(account.c.id).where(account.c.firm == self._firm, account.c.login == login)
            if (await connection.execute(taken)).first() is not None:
                raise NotDone(f"There is a user {login} already.")
            await connection.execute(
                insert(account).values(
                    firm=self._firm, id=user, login=login, name=name, created=utc_now(), must_change=local,
                    password=tokens.hash_password(password) if local else None,
                )
            )  # fmt: skip
            await self._grant(connection, user, roles, scope)
            await self._log(connection, "user added", {"user": user, "roles": sorted(roles), "scope": scope})
        initials = "".join(word[0] for word in name.split()[:3]).upper()
        values = {
            "id": user, "name": name, "initials": initials, "desk": desk, "email": login, "roles": sorted(roles),
        }  # fmt: skip
        await self._write_user(user, values)
        return user, password if local else ""

    async def set_roles(self, login: str, roles: Collection[Role], scope: str = EVERYWHERE) -> None:
        """In place of those that the user had for ``scope``."""
        _check_roles(roles)
        grant = tables.grant
        async with self._engine.begin() as connection:
            user = await self._user(connection, login)
            mine = and_(grant.c.firm == self._firm, grant.c.account == user, grant.c.scope == scope)
            await connection.execute(delete(grant).where(mine))
            await self._grant(connection, user, roles, scope)
            await self._log(connection, "roles set", {"user": user, "roles": sorted(roles), "scope": scope})
            await self._tell(connection)
            rows = await connection.scalars(
                select(grant.c.role).where(grant.c.firm == self._firm, grant.c.account == user).distinct()
            )
            all_roles = sorted(rows)
        await self._write_user(user, {"roles": all_roles})

    async def set_active(self, login: str, active: bool) -> None:
        async with self._engine.begin() as connection:
            user = await self._user(connection, login)
            mine = and_(tables.account.c.firm == self._firm, tables.account.c.id == user)
            await connection.execute(update(tables.account).where(mine).values(active=active))
            if not active:
                await end_sign_ins(connection, self._firm, account=user)
            await self._log(connection, "user enabled" if active else "user disabled", {"user": user})
            await self._tell(connection)

    async def reset_password(self, login: str) -> str:
        """A new one-time password; all sign-ins of the user end."""
        password = tokens.new_code()
        async with self._engine.begin() as connection:
            user = await self._user(connection, login)
            mine = and_(tables.account.c.firm == self._firm, tables.account.c.id == user)
            await connection.execute(
                update(tables.account).where(mine).values(
                    password=tokens.hash_password(password), must_change=True
                )
            )  # fmt: skip
            await end_sign_ins(connection, self._firm, account=user)
            await tries.forget_all(connection, self._firm, login.strip().lower())
            await self._log(connection, "password reset", {"user": user})
        return password

    async def users(self) -> Sequence[RowMapping]:
        account, grant = tables.account, tables.grant
        shut = tries.shut_until(account.c.firm, account.c.login)
        held = func.array_agg(grant.c.role + "@" + grant.c.scope).filter(grant.c.role.is_not(None))
        query = (
            select(account.c.login, account.c.name, account.c.active, shut.label("shut_until"), held.label("roles"))
            .join(grant, and_(grant.c.firm == account.c.firm, grant.c.account == account.c.id), isouter=True)
            .where(account.c.firm == self._firm)
            .group_by(account.c.firm, account.c.id)
            .order_by(account.c.login)
        )
        async with self._engine.connect() as connection:
            return (await connection.execute(query)).mappings().all()

    # -- devices

    async def add_device(
        self, name: str, desk: str, books: Collection[str] = (), *, brings_history: bool = False
    ) -> tuple[str, str]:
        """The device's id, and the code with which it is enrolled once."""
        device, code = new_id(), tokens.new_code()
        scopes = _scopes(desk, books)
        async with self._engine.begin() as connection:
            await connection.execute(
                insert(tables.device).values(
                    firm=self._firm, id=device, name=name, desk=desk, scopes=scopes, created=utc_now(),
                    code=tokens.digest(code), code_until=utc_now() + CODE_LIFETIME, history=-1 if brings_history else 0,
                )
            )  # fmt: skip
            await self._log(connection, "device added", {"device": device, "scopes": scopes, "history": brings_history})
        return device, code

    async def set_scopes(self, device: str, desk: str, books: Collection[str]) -> None:
        scopes = _scopes(desk, books)
        async with self._engine.begin() as connection:
            changes = tables.device.c.changes + 1
            await self._change_device(connection, device, desk=desk, scopes=scopes, changes=changes)
            await self._log(connection, "device scopes set", {"device": device, "scopes": scopes})

    async def revoke_device(self, device: str) -> None:
        """At its next contact it removes all that it holds; nothing it says counts from now on."""
        async with self._engine.begin() as connection:
            await self._change_device(connection, device, revoked=utc_now(), code=None)
            await self._log(connection, "device revoked", {"device": device})

    async def devices(self) -> Sequence[RowMapping]:
        device = tables.device
        query = select(
            device.c.id, device.c.name, device.c.desk, device.c.scopes, device.c.site, device.c.revoked,
            device.c.purged, device.c.seen, device.c.app_version,
        ).where(device.c.firm == self._firm).order_by(device.c.created)  # fmt: skip
        async with self._engine.connect() as connection:
            return (await connection.execute(query)).mappings().all()

    # -- the log

    async def log(self) -> Sequence[RowMapping]:
        kept = tables.administration
        async with self._engine.connect() as connection:
            query = select(kept).where(kept.c.firm == self._firm).order_by(kept.c.seq)
            return (await connection.execute(query)).mappings().all()

    # -- parts

    async def _log(self, connection: AsyncConnection, what: str, detail: Mapping[str, Any]) -> None:
        await log_act(connection, self._firm, self.actor, what, detail)

    async def _tell(self, connection: AsyncConnection, device: str = "") -> None:
        await notify(connection, self._firm, device)

    async def _user(self, connection: AsyncConnection, login: str) -> str:
        account = tables.account
        query = select(account.c.id).where(account.c.firm == self._firm, account.c.login == login.strip().lower())
        found: str | None = await connection.scalar(query)
        if found is None:
            raise NotDone(f"There is no user {login}.")
        return found

    async def _grant(self, connection: AsyncConnection, user: str, roles: Collection[Role], scope: str) -> None:
        for role in roles:
            await connection.execute(
                insert(tables.grant).values(firm=self._firm, account=user, role=role, scope=scope)
            )  # fmt: skip

    async def _change_device(self, connection: AsyncConnection, device: str, **values: object) -> None:
        mine = and_(tables.device.c.firm == self._firm, tables.device.c.id == device)
        changed = await connection.execute(update(tables.device).where(mine).values(**values))
        if changed.rowcount != 1:
            raise NotDone(f"There is no device {device}.")
        await self._tell(connection, device)

    async def _write_user(self, user: str, values: dict[str, Any]) -> None:
        """The user as a record, which every desk has: their name stands beside what they did."""
        key = ("user", user)
        async with self._ledger.locked(self._firm) as turn:
            ground, own = await turn.ground(Wanted(frozenset({key}))), await turn.own()
            occasion = authority.Occasion(None, own.new_id(), CURRENT)
            verdict = authority.write_own(key, values, EVERYBODY, None, occasion, ground, own)
            await turn.keep(verdict, own.site)


async def found_firm(engine: AsyncEngine, name: str) -> tuple[str, bool]:
    """The firm of this database, and whether it was made just now."""
    async with engine.begin() as connection:
        await (await driver_of(connection)).execute("LOCK TABLE firm IN EXCLUSIVE MODE")
        found: str | None = await connection.scalar(select(tables.firm.c.id).order_by(tables.firm.c.id))
        if found is not None:
            return found, False
        return await create_firm(connection, name), True


async def firm_of(engine: AsyncEngine, named: str | None) -> str:
    """The id of the firm with that name or id; of the only one, if none is named. Raises NotDone."""
    async with engine.connect() as connection:
        rows = await connection.execute(select(tables.firm.c.id, tables.firm.c.name).order_by(tables.firm.c.id))
        firms: dict[str, str] = {row.id: row.name for row in rows}
    found = [firm for firm, name in firms.items() if named in (None, firm, name)]
    if len(found) == 1:
        return found[0]
    there = "; ".join(f"{name} ({firm})" for firm, name in firms.items()) or "none yet: start the server once"
    raise NotDone(f"Name one firm of this database with --firm, by its name or id. There are: {there}.")


async def log_act(connection: AsyncConnection, firm: str, actor: str, what: str, detail: Mapping[str, Any]) -> None:
    kept = tables.administration
    # One at a time per firm: places are without gaps, so that one that is taken away shows.
    await (await driver_of(connection)).execute("SELECT pg_advisory_xact_lock(hashtext(%s))", (f"log {firm}",))
    last = await connection.scalar(select(func.coalesce(func.max(kept.c.seq), 0)).where(kept.c.firm == firm))
    await connection.execute(
        insert(kept).values(firm=firm, seq=(last or 0) + 1, at=utc_now(), actor=actor, what=what, detail=dict(detail))
    )


async def notify(connection: AsyncConnection, firm: str, device: str = "") -> None:
    """Tells running servers that something about a device changed; empty: about any of the firm's."""
    await (await driver_of(connection)).execute("SELECT pg_notify(%s, %s)", (CHANNEL, f"{firm} device {device}"))


def _scopes(desk: str, books: Collection[str]) -> list[str]:
    return [EVERYBODY, desk_scope(desk), *map(book_scope, books)]


def _check_roles(roles: Collection[str]) -> None:
    unknown = sorted(set(roles) - set(get_args(Role)))
    if unknown:
        raise NotDone(f"There is no role {', '.join(unknown)}; there are: {', '.join(get_args(Role))}.")
