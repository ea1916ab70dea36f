"""Personal data on the server: all that is known of a person, its erasure, and how long what is kept.

What is erased leaves the records and the log's texts and salts; the chains still verify. Entries of the server's own
with cause ``erase`` tell desks to do the same. What a desk that had not heard of it writes of the person later goes too
(``app/sync/erasure.py``). Backups made before still hold it: after a restore erase again, before a desk is back.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from app.records.migrations import CURRENT
from app.records.personal import EMPTIED, OF_CONTACT, OF_INTERACTION
from app.server import tables
from app.server.administration import NotDone, log_act
from app.server.postgres_ledger import Driver, PostgresLedger, PostgresTurn, driver_of
from app.sync import authority
from app.sync.chain import Occasion
from app.sync.ground import Key, Wanted
from app.sync.policies import CONFLICT

AGES: Mapping[str, str] = {"interaction": "started_at", "follow_up": "due", "enquiry": "at", "consent": "at"}
"""Kinds of record with a period of their own, and the field that says how old one is. An interaction takes along its
recording, transcript and report."""

_HANGING = """
SELECT DISTINCT l.table_name, l.record_id FROM unnest(%b::text[], %b::text[]) AS k(t, i)
JOIN record_link l ON l.firm = %s AND l.parent_table = k.t AND l.parent_id = k.i
"""
_CHANGES = """
SELECT seq, at, actor, op, before, after FROM item
WHERE firm = %s AND table_name = %s AND record_id = %s AND outcome <> 'rejected' ORDER BY seq
"""


@dataclass(frozen=True, slots=True)
class Due:
    """What is older than its period: of this kind so many, the oldest from then."""

    kind: str
    days: int
    records: int
    oldest: str | None


class PersonalData:
    def __init__(self, engine: AsyncEngine, ledger: PostgresLedger, firm: str, actor: str) -> None:
        self._engine = engine
        self._ledger = ledger
        self._firm = firm
        self._actor = actor

    async def export(self, contact: str) -> bytes:
        """All that is known of a contact, as JSON: each record as it is, and what its log says. Raises NotDone."""
        async with self._engine.begin() as connection:
            driver = await driver_of(connection)
            keys = await self._known(driver, contact)
            records = []
            for table, record_id in sorted(keys):
                found = await self._record(driver, (table, record_id))
                changes = await (await driver.execute(_CHANGES, (self._firm, table, record_id))).fetchall()
                records.append(
                    {
                        "table": table,
                        "id": record_id,
                        "fields": found and msgspec.Raw(found[0].encode()),
                        "deleted": found is not None and found[1] is not None,
                        "changes": [
                            {
                                "place": seq,
                                "at": at,
                                "actor": actor,
                                "op": op,
                                "before": _raw(before),
                                "after": _raw(after),
                            }
                            for seq, at, actor, op, before, after in changes
                        ],
                    }
                )
            await log_act(connection, self._firm, self._actor, "personal data exported", {"contact": contact})
        return msgspec.json.encode({"contact": contact, "records": records})

    async def erase(self, contact: str, *, again: bool = False) -> int:
        """Erases a contact and all that hangs on them; how many records. Raises NotDone.

        ``again``: they were erased before, and a backup may be too old to know them: what desks bring of them is not
        kept.
        """
        async with self._ledger.locked(self._firm) as turn:
            find = self._keys_of_person if again else self._known
            keys = await find(turn.driver, contact)
            await self._erase(turn, keys)
        await self._note("person erased", {"contact": contact, "records": len(keys)})
        return len(keys)

    # -- periods

    async def periods(self) -> dict[str, int]:
        """Days by kind."""
        kept = tables.period
        async with self._engine.connect() as connection:
            rows = await connection.execute(select(kept.c.kind, kept.c.days).where(kept.c.firm == self._firm))
            return {row.kind: row.days for row in rows}

    async def set_period(self, kind: str, days: int) -> None:
        """0 days: kept for ever. Raises NotDone."""
        _check_kind(kind)
        kept = tables.period
        async with self._engine.begin() as connection:
            await connection.execute(delete(kept).where(kept.c.firm == self._firm, kept.c.kind == kind))
            if days > 0:
                await connection.execute(insert(kept).values(firm=self._firm, kind=kind, days=days))
            await log_act(connection, self._firm, self._actor, "period set", {"kind": kind, "days": days})

    async def due(self, periods: Mapping[str, int], today: dt.datetime) -> list[Due]:
        """What ``apply`` would erase; ``periods`` in days by kind. Raises NotDone."""
        found = []
        async with self._engine.connect() as connection:
            driver = await driver_of(connection)
            for kind, days in periods.items():
                old = [each async for each in self._older(driver, kind, today - dt.timedelta(days=days))]
                found.append(Due(kind, days, len(old), min((when for _, when in old), default=None)))
        return found

    async def apply(self, periods: Mapping[str, int], today: dt.datetime) -> list[Due]:
        """Erases what is older than its period, in steps. Raises NotDone."""
        done = await self.due(periods, today)
        for kind, days in periods.items():
            before = today - dt.timedelta(days=days)
            async with self._engine.connect() as connection:
                old = [key async for key, _ in self._older(await driver_of(connection), kind, before)]
            for start in range(0, len(old), 200):
                async with self._ledger.locked(self._firm) as turn:
                    some = set(old[start : start + 200])
                    some |= await self._hanging(turn.driver, some, OF_INTERACTION)
                    await self._erase(turn, some | await self._conflicts(turn.driver, some))
            await self._note("period applied", {"kind": kind, "days": days, "records": len(old)})
        return done

    async def _older(self, driver: Driver, kind: str, before: dt.datetime) -> AsyncIterator[tuple[Key, str]]:
        _check_kind(kind)
        limit, name = before.astimezone(dt.UTC).isoformat(timespec="microseconds"), AGES[kind]
        async with driver.cursor() as cursor:
            query = "SELECT record_id, fields FROM record WHERE firm = %s AND table_name = %s"
            async for record_id, fields in cursor.stream(query, (self._firm, kind)):
                values = msgspec.json.decode(fields, type=dict[str, Any])
                when = values.get(name)
                if isinstance(when, str) and when < limit and not _is_emptied(kind, values):
                    yield (kind, record_id), when

    # -- parts

    async def _known(self, driver: Driver, contact: str) -> set[Key]:
        """Also of a contact who is not here, where something that is names them. Raises NotDone."""
        keys = await self._keys_of_person(driver, contact)
        if len(keys) == 1 and await self._record(driver, *keys) is None:
            raise NotDone(f"There is no contact {contact}.")
        return keys

    async def _keys_of_person(self, driver: Driver, contact: str) -> set[Key]:
        person = ("contact", contact)
        keys = {person} | await self._hanging(driver, {person}, OF_CONTACT)
        keys |= await self._hanging(driver, {key for key in keys if key[0] == "interaction"}, OF_INTERACTION)
        return keys | await self._conflicts(driver, keys)

    async def _conflicts(self, driver: Driver, keys: Collection[Key]) -> set[Key]:
        return await self._hanging(driver, keys, (CONFLICT,))

    async def _hanging(self, driver: Driver, keys: Collection[Key], tables: Collection[str]) -> set[Key]:
        """Also what was deleted, or has come to hang on something else since."""
        columns = [table for table, _ in keys], [record_id for _, record_id in keys]
        rows = await (await driver.execute(_HANGING, (*columns, self._firm))).fetchall()
        return {(table, record_id) for table, record_id in rows if table in tables}

    async def _record(self, driver: Driver, key: Key) -> tuple[str, str | None] | None:
        query = "SELECT fields, deleted FROM record WHERE firm = %s AND table_name = %s AND record_id = %s"
        row = await (await driver.execute(query, (self._firm, *key))).fetchone()
        return None if row is None else (row[0], row[1])

    async def _erase(self, turn: PostgresTurn, keys: Collection[Key]) -> None:
        ground, own = await turn.ground(Wanted(frozenset(keys))), await turn.own()
        occasion = Occasion(None, own.new_id(), CURRENT)
        await turn.keep(authority.erase(keys, occasion, ground, own), own.site)

    async def _note(self, what: str, detail: Mapping[str, Any]) -> None:
        async with self._engine.begin() as connection:
            await log_act(connection, self._firm, self._actor, what, detail)


def _check_kind(kind: str) -> None:
    if kind not in AGES:
        raise NotDone(f"There is no period for {kind}; there are periods for {', '.join(AGES)}.")


def _raw(text: str | None) -> msgspec.Raw | None:
    return None if text is None else msgspec.Raw(text.encode())


def _is_emptied(kind: str, values: Mapping[str, Any]) -> bool:
    emptied = EMPTIED.get(kind, {})
    return bool(emptied) and all(values.get(name, value) == value for name, value in emptied.items())
