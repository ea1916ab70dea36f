"""Devices as they come to the door: enrolment by code, and what became of a wipe."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sqlalchemy import and_, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from app.records.hlc import utc_now
from app.server import tables, tokens
from app.server.accounts import SignInRefused, device_of
from app.server.administration import log_act
from app.server.sync import Device

_SITE = re.compile("[0-9A-Za-z-]{8,64}")


@dataclass(frozen=True, slots=True)
class Enrolled:
    """``secret`` is shown once; the desk keeps it in its keyring. ``history``: it brings along what it has."""

    firm: str
    firm_name: str
    device: str
    secret: str
    desk: str
    scopes: tuple[str, ...]
    history: bool


class Devices:
    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def enrol(self, code: str, site: str, written: int) -> Enrolled:
        """Binds a desk's database to the device that the code was made for. Raises SignInRefused.

        ``written``: the length of its chain; it may bring that along if an administrator said so.
        """
        device, secret = tables.device, tokens.new_secret()
        if not _SITE.fullmatch(site):
            raise SignInRefused("code", "This is no name of a desk's records.")
        async with self._engine.begin() as connection:
            mine = device.c.code == tokens.digest(code.strip().upper())
            found = (await connection.execute(select(device).where(mine).with_for_update())).one_or_none()
            if found is None or found.code_until < utc_now() or found.revoked is not None:
                raise SignInRefused("code", "This code is not valid, or no longer. Ask an administrator for a new one.")
            taken = and_(device.c.firm == found.firm, device.c.site == site)
            servers = and_(tables.firm.c.id == found.firm, tables.firm.c.own_site == site)
            known = select(device.c.id).where(taken).union(select(tables.firm.c.id).where(servers))
            if (await connection.execute(known)).first() is not None:
                raise SignInRefused("code", "This desk is enrolled already. Ask an administrator to revoke it first.")
            await connection.execute(
                update(device).where(device.c.firm == found.firm, device.c.id == found.id).values(
                    site=site, secret=tokens.digest(secret), code=None, code_until=None,
                    history=written if found.history < 0 else 0,
                )
            )  # fmt: skip
            detail = {"device": found.id, "site": site}
            await log_act(connection, found.firm, f"device:{found.id}", "device enrolled", detail)
            name = await connection.scalar(select(tables.firm.c.name).where(tables.firm.c.id == found.firm))
        return Enrolled(found.firm, name or "", found.id, secret, found.desk, tuple(found.scopes), found.history < 0)

    async def get(self, firm: str, device: str) -> Device | None:
        async with self._engine.connect() as connection:
            return await device_of(connection, firm, device)

    async def seen(self, device: Device, app_version: str) -> None:
        mine = and_(tables.device.c.firm == device.firm, tables.device.c.id == device.id)
        async with self._engine.begin() as connection:
            await connection.execute(
                update(tables.device).where(mine).values(seen=utc_now(), app_version=app_version[:40])
            )

    async def purged(self, device: Device, scopes: tuple[str, ...]) -> None:
        """The device says that it has removed what it may no longer hold."""
        async with self._engine.begin() as connection:
            if device.revoked:
                mine = and_(tables.device.c.firm == device.firm, tables.device.c.id == device.id)
                await connection.execute(update(tables.device).where(mine).values(purged=utc_now()))
            detail = {"device": device.id, "scopes": list(scopes[:50]), "everything": device.revoked}
            await log_act(connection, device.firm, f"device:{device.id}", "device purged", detail)
