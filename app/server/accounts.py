"""Who comes in: sign-in, sign-out, and the tokens that carry it on. Database only; the doors are elsewhere."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections import defaultdict
from dataclasses import dataclass

from sqlalchemy import and_, delete, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.records.hlc import utc_now
from app.records.ids import new_id
from app.server import tables, tokens, tries
from app.server.rights import Grant, rights
from app.server.sync import Device
from app.server.tokens import AccessTokens

_LOST_ANSWER = 60
"""Seconds in which the token before the newest is taken once more: the answer with the newest may have been lost."""
_NEITHER = "The name or the password is not right."


class SignInRefused(Exception):
    """``code`` for the program: ``wrong``, ``locked``, ``change-password``, ``device``, ``expired``, ``weak``."""

    def __init__(self, code: str, reason: str, retry_after: int = 0) -> None:
        super().__init__(reason)
        self.code = code
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class User:
    id: str
    name: str
    login: str
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SignedIn:
    """``expires``: of the access token, seconds since 1970."""

    user: User
    access: str
    expires: int
    refresh: str


class Accounts:
    def __init__(self, engine: AsyncEngine, access: AccessTokens) -> None:
        self._engine = engine
        self.access = access
        # Each takes 64 MiB and a processor for a moment.
        self._hashing = asyncio.Semaphore(2)

    async def sign_in(self, device: str, secret: str, login: str, password: str) -> SignedIn:
        """Raises SignInRefused."""
        async with self._engine.begin() as connection:
            firm = await firm_of_device(connection, device, secret)
        found = await self._checked(firm, device, login, password)
        if found.must_change:
            raise SignInRefused("change-password", "Choose a password of your own first.")
        return await self.admit(firm, found.id, device)

    async def change_password(self, device: str, secret: str, login: str, password: str, new: str) -> SignedIn:
        """Raises SignInRefused. All other sign-ins of the user end."""
        async with self._engine.begin() as connection:
            firm = await firm_of_device(connection, device, secret)
        found = await self._checked(firm, device, login, password)
        if len(new) < tokens.SHORTEST_PASSWORD or new == password:
            raise SignInRefused(
                "weak",
                f"A new password has at least {tokens.SHORTEST_PASSWORD} characters and differs from the old one.",
            )
        async with self._hashing:
            hashed = await asyncio.to_thread(tokens.hash_password, new)
        mine = and_(tables.account.c.firm == firm, tables.account.c.id == found.id)
        async with self._engine.begin() as connection:
            await connection.execute(update(tables.account).where(mine).values(password=hashed, must_change=False))
            await end_sign_ins(connection, firm, account=found.id)
        return await self.admit(firm, found.id, device)

    async def admit(self, firm: str, account: str, device: str) -> SignedIn:
        """Signs in a user who has shown who they are."""
        family, refresh, now = new_id(), tokens.new_secret(), utc_now()
        async with self._engine.begin() as connection:
            user = await _user(connection, firm, account)
            await _forget_old(connection, firm)
            await connection.execute(
                insert(tables.token_family).values(
                    firm=firm, id=family, account=account, device=device, newest=tokens.digest(refresh), rotated=now,
                    until=now + dt.timedelta(seconds=tokens.REFRESH_LIFETIME),
                )
            )  # fmt: skip
            seen = upsert(tables.device_account).values(firm=firm, device=device, account=account, last=now)
            await connection.execute(
                seen.on_conflict_do_update(index_elements=["firm", "device", "account"], set_={"last": now})
            )
        return self._signed_in(firm, user, device, f"{family}.{refresh}")

    async def refresh(self, device: str, secret: str, token: str) -> SignedIn:
        """New tokens for an old one. Raises SignInRefused."""
        family_id, _, refresh = token.partition(".")
        family, now = tables.token_family, utc_now()
        async with self._engine.begin() as connection:
            firm = await firm_of_device(connection, device, secret)
            mine = and_(family.c.firm == firm, family.c.id == family_id, family.c.device == device)
            found = (await connection.execute(select(family).where(mine).with_for_update())).one_or_none()
            if found is None or found.revoked is not None or found.until < now:
                raise SignInRefused("expired", "Please sign in again.")
            lost = tokens.is_secret(refresh, found.previous) and now - found.rotated < dt.timedelta(
                seconds=_LOST_ANSWER
            )
            copied = not lost and not tokens.is_secret(refresh, found.newest)
            if not copied:
                user = await _user(connection, firm, found.account)
                new = tokens.new_secret()
                await connection.execute(
                    update(family).where(mine).values(
                        newest=tokens.digest(new),
                        previous=None if lost else found.newest,
                        rotated=now,
                        until=now + dt.timedelta(seconds=tokens.REFRESH_LIFETIME),
                    )
                )  # fmt: skip
            else:
                await connection.execute(update(family).where(mine).values(revoked=now))
        if copied:
            raise SignInRefused("expired", "This sign-in was used from two places and has been ended. Sign in again.")
        return self._signed_in(firm, user, device, f"{family_id}.{new}")

    async def sign_out(self, token: str) -> None:
        family_id, _, refresh = token.partition(".")
        family = tables.token_family
        async with self._engine.begin() as connection:
            await connection.execute(
                update(family)
                .where(family.c.id == family_id, family.c.newest == tokens.digest(refresh))
                .values(revoked=utc_now())
            )

    async def is_account(self, firm: str, login: str) -> str | None:
        """The id of an active account."""
        account = tables.account
        async with self._engine.connect() as connection:
            return await connection.scalar(
                select(account.c.id).where(account.c.firm == firm, account.c.login == login.lower(), account.c.active)
            )

    def _signed_in(self, firm: str, user: User, device: str, refresh: str) -> SignedIn:
        access, expires = self.access.issue(user.id, device, firm)
        return SignedIn(user, access, expires, refresh)

    async def _checked(self, firm: str, device: str, login: str, password: str) -> _Found:
        """Does the same work whether or not there is such a user. Raises SignInRefused."""
        login = login.strip().lower()
        account, seen = tables.account, tables.device_account
        there = and_(seen.c.firm == account.c.firm, seen.c.account == account.c.id, seen.c.device == device)
        query = (
            select(account, seen.c.device.is_not(None).label("is_familiar"))
            .join(seen, there, isouter=True)
            .where(account.c.firm == firm, account.c.login == login)
        )
        async with self._engine.begin() as connection:
            found = (await connection.execute(query)).one_or_none()
            is_familiar = found is not None and found.is_familiar
            wait = await tries.take(connection, firm, login, device, is_familiar=is_familiar)
            if wait:
                raise SignInRefused("locked", f"Too many wrong passwords. Try again in {_words(wait)}.", wait)
        async with self._hashing:
            right = await asyncio.to_thread(tokens.is_password, password, found.password if found else None)
        if not right or found is None or not found.active:
            raise SignInRefused("wrong", _NEITHER)
        async with self._engine.begin() as connection:
            await tries.forget(connection, firm, login, device)
        return _Found(found.id, found.must_change)


@dataclass(frozen=True, slots=True)
class _Found:
    id: str
    must_change: bool


async def end_sign_ins(
    connection: AsyncConnection, firm: str, *, account: str | None = None, device: str | None = None
) -> None:
    family = tables.token_family
    which = family.c.account == account if account is not None else family.c.device == device
    await connection.execute(update(family).where(family.c.firm == firm, which).values(revoked=utc_now()))


async def _forget_old(connection: AsyncConnection, firm: str) -> None:
    family = tables.token_family
    await connection.execute(delete(family).where(family.c.firm == firm, family.c.until < utc_now()))
    await tries.forget_old(connection, firm)


async def device_of(connection: AsyncConnection, firm: str, device: str) -> Device | None:
    """An enrolled device with the rights of all who ever signed in on it, as far as they still have them."""
    row = (
        await connection.execute(
            select(tables.device, tables.firm.c.epoch)
            .join(tables.firm, tables.firm.c.id == tables.device.c.firm)
            .where(tables.device.c.firm == firm, tables.device.c.id == device)
        )
    ).one_or_none()
    if row is None or row.site is None:
        return None
    seen, grant, account = tables.device_account, tables.grant, tables.account
    users: defaultdict[str, list[Grant]] = defaultdict(list)
    rows = await connection.execute(
        select(account.c.id, account.c.active, grant.c.role, grant.c.scope)
        .join(seen, and_(seen.c.firm == account.c.firm, seen.c.account == account.c.id))
        .join(grant, and_(grant.c.firm == account.c.firm, grant.c.account == account.c.id), isouter=True)
        .where(account.c.firm == firm, seen.c.device == device)
    )
    active: set[str] = set()
    for each in rows:
        grants = users[each.id]
        active |= {each.id} if each.active else set()
        if each.active and each.role is not None:
            grants.append(Grant(each.role, each.scope))
    return Device(
        firm,
        row.id,
        row.site,
        row.desk,
        frozenset(row.scopes),
        rights(users),
        row.revoked is not None,
        row.history,
        frozenset(active),
        f"{row.epoch} {row.changes}",
    )


async def firm_of_device(connection: AsyncConnection, device: str, secret: str) -> str:
    """Also of a revoked one: it must come in to hear that it is."""
    row = (
        await connection.execute(
            select(tables.device.c.firm, tables.device.c.secret).where(tables.device.c.id == device)
        )
    ).one_or_none()  # fmt: skip
    if row is None or not tokens.is_secret(secret, row.secret):
        raise SignInRefused("device", "This desk is not enrolled with the server, or no longer. Enrol it again.")
    return str(row.firm)


async def _user(connection: AsyncConnection, firm: str, account_id: str) -> User:
    account, grant = tables.account, tables.grant
    row = (
        await connection.execute(select(account).where(account.c.firm == firm, account.c.id == account_id))
    ).one_or_none()
    if row is None or not row.active:
        raise SignInRefused("wrong", "This user may not sign in any more. Ask an administrator.")
    roles = await connection.scalars(
        select(grant.c.role)
        .where(grant.c.firm == firm, grant.c.account == account_id)
        .distinct()
        .order_by(grant.c.role)
    )
    return User(row.id, row.name, row.login, tuple(roles))


def _words(seconds: int) -> str:
    return f"{seconds} seconds" if seconds < 120 else f"{(seconds + 59) // 60} minutes"
