"""The ledger on Postgres."""

from __future__ import annotations

import asyncio
import os
import time
import uuid
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, cast

import psycopg
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.records.hlc import ZERO
from app.records.ids import new_id
from app.records.log import GENESIS, new_salt
from app.server.hints import Hints
from app.server.ledger import Batch, Head, Listed, SnapshotPage
from app.server.table_rows import ENTRY, ITEM, LINKED, RECORD, STATE, item_row, link_rows, record_rows, state_of
from app.sync import scopes
from app.sync.chain import ChainEnd, Own
from app.sync.ground import Ground, Key, Verdict, Wanted
from app.sync.merge import State
from app.sync.protocol import Item, Stored

Driver = psycopg.AsyncConnection[tuple[Any, ...]]

CHANNEL = "deskline"
"""Notifications on it are ``<firm> <head>``."""
PAGE_BYTES = 3_000_000
"""JSON text on one page at most, unless a single record is larger."""

_LISTED = f"SELECT {ITEM}, site_only FROM item WHERE firm = %s AND seq > %s AND seq <= %s"
_ORDERED = "ORDER BY seq LIMIT %s"
_COPY = f"COPY item (firm, {ITEM}, {ENTRY}) FROM STDIN"
_NAMED = "unnest(%b::text[], %b::text[]) AS k(t, i)"
_STATES = f"""
SELECT r.* FROM {_NAMED} CROSS JOIN LATERAL (
  SELECT {STATE} FROM record WHERE firm = %s AND table_name = k.t AND record_id = k.i OFFSET 0) r
"""
_HOLDERS = f"""
SELECT k.t, k.i, r.record_id FROM {_NAMED} CROSS JOIN LATERAL (
  SELECT record_id FROM record WHERE firm = %s AND table_name = k.t AND unique_value = k.i AND deleted IS NULL OFFSET 0
) r
"""
# What is new is copied: half the work of an insertion that looks whether it is there.
_COPY_NEW = f"COPY record (firm, {RECORD}) FROM STDIN"
_COPY_LINKS = f"COPY record_link (firm, {LINKED}) FROM STDIN"
_UPSERT = f"""
INSERT INTO record (firm, {RECORD})
SELECT %s, * FROM unnest(%b::text[], %b::text[], %b::text[], %b::text[], %b::text[], %b::text[], %b::text[], %b::text[],
  %b::text[], %b::bigint[], %b::boolean[])
ON CONFLICT (firm, table_name, record_id) DO UPDATE SET fields = EXCLUDED.fields, stamps = EXCLUDED.stamps,
  deleted = EXCLUDED.deleted, scope = EXCLUDED.scope, parent_table = EXCLUDED.parent_table,
  parent_id = EXCLUDED.parent_id, unique_value = EXCLUDED.unique_value, seq = EXCLUDED.seq,
  erased = EXCLUDED.erased
"""
# All that a turn reads, it reads key by key (hence LATERAL with OFFSET, which the planner leaves alone). While tables
# are new, it would rather read them whole.
_BY_KEY = "SET LOCAL enable_seqscan = off"
_MISSING = """
SELECT 1 FROM device d WHERE d.firm = %s AND d.site IS NOT NULL AND d.revoked IS NULL
  AND NOT EXISTS (SELECT 1 FROM site s WHERE s.firm = d.firm AND s.site = d.site AND s.epoch = %s) LIMIT 1
"""
_FORGET = f"""
UPDATE item SET before = NULL, after = NULL, salt = '', fields = NULL, whole = true
FROM {_NAMED} WHERE firm = %s AND table_name = k.t AND record_id = k.i
"""
_LINK = f"""
INSERT INTO record_link (firm, {LINKED})
SELECT %s, * FROM unnest(%b::text[], %b::text[], %b::text[], %b::text[]) ON CONFLICT DO NOTHING
"""
# UNION, not UNION ALL: what hangs on a customer in two ways comes once, and a ring of records comes to an end.
_BELOW = f"""
WITH RECURSIVE down AS (
  SELECT k.t AS root_table, k.i AS root_id, l.table_name, l.record_id
  FROM {_NAMED} CROSS JOIN LATERAL (
    SELECT table_name, record_id FROM record_link WHERE firm = %s AND parent_table = k.t AND parent_id = k.i OFFSET 0) l
  UNION
  SELECT d.root_table, d.root_id, l.table_name, l.record_id
  FROM down d CROSS JOIN LATERAL (
    SELECT table_name, record_id FROM record_link
    WHERE firm = %s AND parent_table = d.table_name AND parent_id = d.record_id OFFSET 0) l
) SELECT root_table, root_id, table_name, record_id FROM down
"""


def wall_clock() -> int:
    """Milliseconds since 1970."""
    return time.time_ns() // 1_000_000


class PostgresLedger:
    """``hints``: tells other processes what is new, in place of the database while it can."""

    hints: Hints | None = None

    def __init__(self, engine: AsyncEngine, *, now: Callable[[], int] = wall_clock) -> None:
        self._engine = engine
        self._now = now
        # Who waits for a turn in this process waits here and holds no connection.
        self._gates: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._totals: dict[tuple[str, str], int] = {}  # of scopes, as counted at the beginning of the last snapshot

    @asynccontextmanager
    async def locked(self, firm: str) -> AsyncIterator[PostgresTurn]:
        async with self._gates[firm], self._engine.begin() as connection:
            driver = await driver_of(connection)
            found = await _one(
                driver,
                "SELECT head, own_site, own_count, own_hash, own_hlc, epoch, whole FROM firm WHERE id = %s FOR UPDATE",
                firm,
            )
            if found is None:
                raise LookupError(f"There is no firm {firm}.")
            await driver.execute(_BY_KEY)
            head, site, count, hash_, hlc, epoch, whole = found
            if whole != epoch and await _one(driver, _MISSING, firm, epoch) is None:
                await driver.execute("UPDATE firm SET whole = epoch WHERE id = %s", (firm,))
                whole = epoch
            own = Own(site, ChainEnd(count, hash_, hlc), self._now(), new_id, new_salt)
            hints = self.hints if self.hints is not None and self.hints.connected else None
            gathering = epoch if whole != epoch else None
            turn = PostgresTurn(driver, firm, head, own, gathering, notifies=hints is None)
            yield turn
        if hints is not None and turn.head > head:
            await hints.tell(firm, turn.head)

    async def head(self, firm: str) -> Head:
        async with self._engine.connect() as connection:
            found = await _one(await driver_of(connection), "SELECT epoch, head FROM firm WHERE id = %s", firm)
        if found is None:
            raise LookupError(f"There is no firm {firm}.")
        return Head(*found)

    async def away(self, firm: str, site: str) -> bool:
        async with self._engine.connect() as connection:
            driver = await driver_of(connection)
            found = await _one(driver, "SELECT epoch FROM firm WHERE id = %s AND whole <> epoch", firm)
            return found is not None and await _away(driver, firm, site, found[0])

    async def base(self, firm: str, epoch: str) -> int:
        async with self._engine.connect() as connection:
            found = await _one(
                await driver_of(connection),
                "SELECT COALESCE(l.began, f.head) FROM firm f JOIN epoch e ON e.firm = f.id AND e.epoch = %s "
                "LEFT JOIN epoch l ON l.firm = f.id AND l.number = e.number + 1 WHERE f.id = %s",
                epoch, firm,
            )  # fmt: skip
        return 0 if found is None else int(found[0])

    async def end(self, firm: str, site: str) -> ChainEnd:
        async with self._engine.connect() as connection:
            return await _end(await driver_of(connection), firm, site)

    async def items(self, firm: str, after: int, limit: int) -> Batch:
        async with self._engine.connect() as connection:
            driver = await driver_of(connection)
            (head,) = await _one(driver, "SELECT head FROM firm WHERE id = %s", firm) or (0,)
            rows = await _all(driver, f"{_LISTED} {_ORDERED}", firm, after, head, limit)
            listed = [Listed(Item(*row[:-1]), row[-1]) for row in rows]
            upto = listed[-1].item.seq if len(rows) == limit else head
            while upto < head and len(rows) == limit:  # the limit may have cut a transaction: to its end
                cut = listed[-1].item.transaction
                rows = await _all(
                    driver,
                    f"{_LISTED} AND transaction = %s {_ORDERED}",
                    firm,
                    upto,
                    min(upto + limit, head),
                    cut,
                    limit,
                )
                rows = [row for number, row in enumerate(rows) if row[0] == upto + number + 1]
                listed += [Listed(Item(*row[:-1]), row[-1]) for row in rows]
                upto = listed[-1].item.seq
        kept = _within_bytes(listed)
        return Batch(kept, after, upto if len(kept) == len(listed) else kept[-1].item.seq, head)

    async def snapshot(self, firm: str, scope: str, after: tuple[str, str], limit: int) -> SnapshotPage:
        async with self._engine.connect() as connection:
            driver = await driver_of(connection)
            (head,) = await _one(driver, "SELECT head FROM firm WHERE id = %s", firm) or (0,)
            total = self._totals.get((firm, scope))
            if total is None or after == ("", ""):
                (total,) = await _one(
                    driver,
                    "SELECT count(*) FROM record WHERE firm = %s AND scope = %s AND deleted IS NULL", firm, scope,
                ) or (0,)  # fmt: skip
                self._totals[firm, scope] = total
            rows = await _all(
                driver,
                "SELECT table_name, record_id, fields, scope, seq FROM record WHERE firm = %s AND scope = %s AND "
                "deleted IS NULL AND (table_name, record_id) > (%s, %s) ORDER BY table_name, record_id LIMIT %s",
                firm, scope, *after, limit + 1,
            )  # fmt: skip
        size = 0
        records: list[Stored] = []
        for row in rows[:limit]:
            size += len(row[2])
            if records and size > PAGE_BYTES:
                break
            records.append(Stored(*row))
        return SnapshotPage(records, head, len(records) < len(rows), total)


class PostgresTurn:
    """What ``PostgresLedger.locked`` hands out."""

    def __init__(
        self, driver: Driver, firm: str, head: int, own: Own, gathering: str | None, *, notifies: bool
    ) -> None:
        self.driver = driver
        self.head = head
        self._firm = firm
        self._own = own
        self._gathering = gathering  # the epoch to which not every desk has returned
        self._notifies = notifies
        self._missing: set[Key] = set()  # asked for, and not there

    async def end(self, site: str) -> ChainEnd:
        return await _end(self.driver, self._firm, site)

    async def own(self) -> Own:
        return self._own

    async def gathering(self) -> bool:
        return self._gathering is not None

    async def away(self, site: str) -> bool:
        return self._gathering is not None and await _away(self.driver, self._firm, site, self._gathering)

    async def returned(self, site: str) -> None:
        await self.driver.execute(
            "INSERT INTO site (firm, site, received, hash, hlc, epoch) VALUES (%s, %s, 0, %s, %s, %s) "
            "ON CONFLICT (firm, site) DO UPDATE SET epoch = EXCLUDED.epoch",
            (self._firm, site, GENESIS, ZERO, self._gathering),
        )

    async def ground(self, wanted: Wanted) -> Ground:
        below: dict[Key, list[Key]] = {}
        states = await self._upwards(wanted.keys, frozenset())
        tops = wanted.below | (wanted.again & states.keys())
        if tops:
            rows = await _all(self.driver, _BELOW, *_columns(tops), self._firm, self._firm)
            for root_table, root_id, table, record_id in rows:
                below.setdefault((root_table, root_id), []).append((table, record_id))
            states |= await self._upwards(set().union(*below.values()), states.keys() | wanted.keys)
        unique: dict[tuple[str, str], str] = {}
        if wanted.unique:
            rows = await _all(self.driver, _HOLDERS, *_columns(wanted.unique), self._firm)
            unique = {(table, value): record_id for table, value, record_id in rows}
        return Ground(self.head, states, unique, below)

    async def keep(self, verdict: Verdict, site: str) -> None:
        firm, driver = self._firm, self.driver
        async with driver.cursor() as cursor:
            if verdict.erased:
                await cursor.execute(_FORGET, (*_columns(verdict.erased), firm))
            await _copy(cursor, _COPY, (item_row(firm, placed) for placed in verdict.placed))
            await self._keep_records(cursor, verdict.states)
            end = verdict.site_end
            if end is not None:
                await cursor.execute(
                    "INSERT INTO site (firm, site, received, hash, hlc) VALUES (%s, %s, %s, %s, %s) ON CONFLICT "
                    "(firm, site) DO UPDATE SET received = EXCLUDED.received, hash = EXCLUDED.hash, hlc = EXCLUDED.hlc",
                    (firm, site, end.received, end.hash, end.hlc),
                )
            own = verdict.own_end
            await cursor.execute(
                "UPDATE firm SET head = %s, own_count = %s, own_hash = %s, own_hlc = %s WHERE id = %s",
                (verdict.head, own.received, own.hash, own.hlc, firm),
            )
            if self._notifies:
                await cursor.execute("SELECT pg_notify(%s, %s)", (CHANNEL, f"{firm} {verdict.head}"))
        self.head = verdict.head
        self._own = replace(self._own, end=own)

    async def _keep_records(self, cursor: psycopg.AsyncCursor[Any], states: Mapping[Key, State]) -> None:
        firm = self._firm
        new = {key: state for key, state in states.items() if key in self._missing}
        self._missing -= new.keys()
        if new:
            await _copy(cursor, _COPY_NEW, ((firm, *row) for row in record_rows(new)))
            await _copy(cursor, _COPY_LINKS, ((firm, *row) for row in link_rows(new)))
        standing = {key: state for key, state in states.items() if key not in new}
        if standing:
            await cursor.execute(_UPSERT, (firm, *_by_column(record_rows(standing))))
        if links := link_rows(standing):
            await cursor.execute(_LINK, (firm, *_by_column(links)))

    async def _upwards(self, keys: Collection[Key], known: Collection[Key]) -> dict[Key, State]:
        """These and what they hang on, all the way up, which decides their scope; without what is ``known``."""
        states: dict[Key, State] = {}
        asked: set[Key] = set(known)
        missing = set(keys) - asked
        while missing:
            asked |= missing
            rows = await _all(self.driver, _STATES, *_columns(missing), self._firm)
            found = {(row[0], row[1]): state_of(row) for row in rows}
            self._missing |= missing - found.keys()
            states |= found
            missing = {up for key, state in found.items() for up in scopes.parents(key[0], state.fields)} - asked
        return states


async def create_firm(connection: AsyncConnection, name: str) -> str:
    """A new, empty firm; its id."""
    firm, epoch = new_id(), new_epoch()
    driver = await driver_of(connection)
    await driver.execute(
        "INSERT INTO firm (id, name, epoch, own_site, own_hash, own_hlc, whole) VALUES (%s, %s, %s, %s, %s, %s, %s)",
        (firm, name, epoch, str(uuid.uuid4()), GENESIS, ZERO, epoch),
    )
    await driver.execute("INSERT INTO epoch (firm, number, epoch, began) VALUES (%s, 0, %s, 0)", (firm, epoch))
    return firm


def new_epoch() -> str:
    return os.urandom(8).hex()


async def driver_of(connection: AsyncConnection) -> Driver:
    """The driver's own connection, in the same transaction: for COPY and arrays."""
    return cast(Driver, (await connection.get_raw_connection()).driver_connection)


async def _one(driver: Driver, query: str, *values: object) -> tuple[Any, ...] | None:
    return await (await driver.execute(query, values)).fetchone()


async def _all(driver: Driver, query: str, *values: object) -> list[tuple[Any, ...]]:
    return await (await driver.execute(query, values)).fetchall()


async def _away(driver: Driver, firm: str, site: str, epoch: str) -> bool:
    query = "SELECT 1 FROM site WHERE firm = %s AND site = %s AND epoch = %s"
    return await _one(driver, query, firm, site, epoch) is None


async def _end(driver: Driver, firm: str, site: str) -> ChainEnd:
    found = await _one(driver, "SELECT received, hash, hlc FROM site WHERE firm = %s AND site = %s", firm, site)
    return ChainEnd(*found) if found is not None else ChainEnd(0, GENESIS, ZERO)


def _columns(pairs: Iterable[tuple[str, str]]) -> tuple[list[str], list[str]]:
    pairs = list(pairs)
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]


def _by_column(rows: Iterable[tuple[object, ...]]) -> list[list[object]]:
    return [list(column) for column in zip(*rows, strict=True)]


async def _copy(cursor: psycopg.AsyncCursor[Any], statement: str, rows: Iterable[tuple[object, ...]]) -> None:
    async with cursor.copy(statement) as copy:
        for row in rows:
            await copy.write_row(row)


def _within_bytes(listed: Sequence[Listed]) -> Sequence[Listed]:
    """As many as a page bears, whole transactions; of a transaction larger than a page, a part."""
    size, whole = 0, 0
    for number, each in enumerate(listed):
        if number and each.item.transaction != listed[number - 1].item.transaction:
            whole = number
        size += len(each.item.fields or "") + 400
        if size > PAGE_BYTES and number:
            return listed[: whole or number]
    return listed
