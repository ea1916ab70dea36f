"""The ledger on Postgres."""

from __future__ import annotations

import asyncio
import os
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, cast

import msgspec
import psycopg
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.records.codec import compact
from app.records.hlc import ZERO
from app.records.ids import new_id
from app.records.log import GENESIS, new_salt
from app.server.hints import Hints
from app.server.ledger import Batch, Head, Listed, SnapshotPage
from app.sync import scopes
from app.sync.chain import ChainEnd, Own
from app.sync.ground import Ground, Key, Placed, Verdict, Wanted
from app.sync.merge import State
from app.sync.policies import UNIQUE
from app.sync.protocol import Item, Stored

Driver = psycopg.AsyncConnection[tuple[Any, ...]]

CHANNEL = "deskline"
"""Notifications on it are ``<firm> <head>``."""
PAGE_BYTES = 3_000_000
"""JSON text on one page at most, unless a single record is larger."""

_ITEM = (
    "seq, entry_id, site, site_seq, hlc, actor, cause, cause_reference, transaction, table_name, record_id, op, "
    "outcome, fields, whole, scope, left_scope, reason"
)
_ENTRY = "site_only, before, after, schema_version, salt, commitment, hash"
_LISTED = f"SELECT {_ITEM}, site_only FROM item WHERE firm = %s AND seq > %s AND seq <= %s"
_ORDERED = "ORDER BY seq LIMIT %s"
_COPY = f"COPY item (firm, {_ITEM}, {_ENTRY}) FROM STDIN"
_STATE = "table_name, record_id, fields, stamps, deleted, scope, parent_table, parent_id, seq, erased"
_NAMED = "unnest(%b::text[], %b::text[]) AS k(t, i)"
_STATES = f"""
SELECT r.* FROM {_NAMED} CROSS JOIN LATERAL (
  SELECT {_STATE} FROM record WHERE firm = %s AND table_name = k.t AND record_id = k.i OFFSET 0) r
"""
_HOLDERS = f"""
SELECT k.t, k.i, r.record_id FROM {_NAMED} CROSS JOIN LATERAL (
  SELECT record_id FROM record WHERE firm = %s AND table_name = k.t AND unique_value = k.i AND deleted IS NULL OFFSET 0
) r
"""
_UPSERT = """
INSERT INTO record (firm, table_name, record_id, fields, stamps, deleted, scope, parent_table, parent_id, unique_value,
  seq, erased)
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
_LINK = """
INSERT INTO record_link (firm, parent_table, parent_id, table_name, record_id)
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

_read_values = msgspec.json.Decoder(dict[str, Any]).decode
_read_stamps = msgspec.json.Decoder(dict[str, str]).decode


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
            async with cursor.copy(_COPY) as copy:
                for placed in verdict.placed:
                    await copy.write_row(_row(firm, placed))
            if verdict.states:
                await cursor.execute(_UPSERT, (firm, *_record_columns(verdict.states)))
                await cursor.execute(_LINK, (firm, *_link_columns(verdict.states)))
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

    async def _upwards(self, keys: Collection[Key], known: Collection[Key]) -> dict[Key, State]:
        """These and what they hang on, all the way up, which decides their scope; without what is ``known``."""
        states: dict[Key, State] = {}
        asked: set[Key] = set(known)
        missing = set(keys) - asked
        while missing:
            asked |= missing
            rows = await _all(self.driver, _STATES, *_columns(missing), self._firm)
            found = {(row[0], row[1]): _state(row) for row in rows}
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


def _row(firm: str, placed: Placed) -> tuple[object, ...]:
    entry = placed.entry
    return (
        firm,
        *msgspec.structs.astuple(placed.item),
        placed.site_only,
        entry.before,
        entry.after,
        entry.schema_version,
        entry.salt,
        entry.commitment,
        entry.hash,
    )


def _record_columns(states: Mapping[Key, State]) -> tuple[list[object], ...]:
    rows = [
        (
            table,
            record_id,
            compact(state.fields),
            _packed(state),
            state.deleted,
            state.scope,
            state.parent[0] if state.parent else None,
            state.parent[1] if state.parent else None,
            _unique_value(table, state),
            state.seq,
            state.erased,
        )
        for (table, record_id), state in states.items()
    ]
    return tuple(list(column) for column in zip(*rows, strict=True))


def _link_columns(states: Mapping[Key, State]) -> tuple[list[str], ...]:
    rows = {(*up, *key) for key, state in states.items() for up in scopes.parents(key[0], state.fields)}
    return tuple([row[column] for row in rows] for column in range(4))


def _unique_value(table: str, state: State) -> str | None:
    value = state.fields.get(UNIQUE[table]) if table in UNIQUE else None
    return value if isinstance(value, str) else None


def _packed(state: State) -> str:
    """The stamps as text, with the commonest under the empty name: most fields of a record were written together."""
    if not state.stamps or state.stamps.keys() != state.fields.keys():
        return compact(dict(state.stamps))
    if len(only := set(state.stamps.values())) == 1:
        return compact({"": only.pop()})
    (common, _), *_ = Counter(state.stamps.values()).most_common(1)
    return compact({"": common, **{name: stamp for name, stamp in state.stamps.items() if stamp != common}})


def _state(row: Sequence[Any]) -> State:
    _, _, text, packed, deleted, scope, parent_table, parent_id, seq, erased = row
    fields, stamps = _read_values(text), _read_stamps(packed)
    if "" in stamps:
        common = stamps.pop("")
        stamps = {**dict.fromkeys(fields, common), **stamps}
    return State(fields, stamps, deleted, scope, (parent_table, parent_id) if parent_table else None, seq, erased)


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
