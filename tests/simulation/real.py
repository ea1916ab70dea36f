"""The same world over the stores that ship: desks' records in SQLCipher, the order in Postgres."""

from __future__ import annotations

import datetime as dt
from asyncio import Runner
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar

import msgspec
from sqlalchemy import select, text

from app.records.codec import decode_values, models
from app.records.log import change_log, sealed_columns
from app.records.rows import read_rows
from app.records.store import Records
from app.records.sync_tables import sync_quarantine, sync_row
from app.server.database import connect, migrate
from app.server.ledger import Turn
from app.server.personal import PersonalData
from app.server.postgres_ledger import PostgresLedger, create_firm
from app.sync.authority import ChainEnd, Placed
from app.sync.desk_store import Position
from app.sync.merge import State
from app.sync.protocol import Entry, Item
from app.sync.quarantine import Quarantine
from app.sync.replica import Key, Plan, View
from app.sync.store import RecordsStore
from tests.simulation.disk import Draft, MemoryDesk, Values
from tests.simulation.ledger import Firm
from tests.simulation.world import ServerDied, SimDesk, World

T = TypeVar("T")
KEY = bytes(range(32))


class RealDesk:
    """``MemoryDesk``'s surface over a database file: a desk of this version, without gadgets and nicknames."""

    def __init__(self, folder: Path, wall: Callable[[], dt.datetime], commit_point: Callable[[bool], None]) -> None:
        self._folder, self._wall, self._commit_point = folder, wall, commit_point
        self._open()

    def _open(self) -> None:
        self.records = Records.open(self._folder, KEY, clock=self._wall)
        self.store = RecordsStore(self.records)

    def reopen(self) -> None:
        """The program begins anew."""
        self.records.close()
        self._open()

    def close(self) -> None:
        self.records.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    # -- commits that can be the last

    def commit(self, plan: Plan, position: Position) -> None:
        self._commit_point(False)
        self.store.commit(plan, position)
        self._commit_point(True)

    def begin_epoch(self, position: Position) -> None:
        self._commit_point(False)
        self.store.begin_epoch(position)
        self._commit_point(True)

    # -- what people do

    def write(self, actor: str, drafts: Sequence[Draft]) -> None:
        self._commit_point(False)
        with self.records.change(actor) as change:
            for draft in drafts:
                model, record_id = models()[draft.key[0]], draft.key[1]
                if draft.op == "insert":
                    change.add(model(**decode_values(model, {**draft.after, "id": record_id})))
                elif draft.op == "delete":
                    change.delete(model, record_id)
                else:
                    change.update(model, record_id, **decode_values(model, draft.after))
        self._commit_point(True)

    def discard(self, transaction: str) -> None:
        Quarantine(self.records).withdraw(transaction, "trader")

    def send_again(self, transaction: str) -> None:
        Quarantine(self.records).resend(transaction, "trader")

    # -- what there is

    @property
    def rows(self) -> dict[Key, Values]:
        with self.records.read() as session:
            logged = session.execute(select(change_log.c.table_name, change_log.c.record_id).distinct())
            known = session.execute(select(sync_row.c.table_name, sync_row.c.record_id))
            keys = sorted({(table, record_id) for table, record_id in [*logged, *known]})
            return dict(read_rows(session.connection(), keys))

    @property
    def known(self) -> dict[Key, View]:
        """Also what came from the server once, and was taken away."""
        heard = change_log.c.site == self.records.chain.received_site
        with self.records.read() as session:
            once = session.execute(select(change_log.c.table_name, change_log.c.record_id).where(heard).distinct())
            rows = session.execute(select(sync_row.c.table_name, sync_row.c.record_id, sync_row.c.seq))
            known = {(table, record_id): View(seq=seq) for table, record_id, seq in rows}
            return {**{(table, record_id): View() for table, record_id in once}, **known}

    @property
    def chain(self) -> SimpleNamespace:
        return self._chain(self.records.chain.site)

    @property
    def heard(self) -> SimpleNamespace:
        return self._chain(self.records.chain.received_site)

    @property
    def quarantine(self) -> dict[str, SimpleNamespace]:
        with self.records.read() as session:
            rows = session.execute(select(sync_quarantine.c.transaction_id, sync_quarantine.c.status))
            return {transaction: SimpleNamespace(status=status) for transaction, status in rows}

    def _chain(self, site: str) -> SimpleNamespace:
        with self.records.read() as session:
            rows = session.execute(
                select(*sealed_columns).where(change_log.c.site == site).order_by(change_log.c.site_seq)
            )
            entries = [
                Entry(
                    row.id, row.site_seq, row.hlc, row.actor, row.cause, row.cause_reference, row.transaction,
                    row.table, row.record_id, row.op, row.before, row.after, row.schema_version, row.salt or "",
                    row.commitment, row.hash,
                )
                for row in rows
            ]  # fmt: skip
        return SimpleNamespace(site=site, entries=entries)


class RealLedger(PostgresLedger):
    """``firms`` shows what the database holds; the server can die before and after each commit."""

    def __init__(self, runner: Runner, url: str, now: Callable[[], int], commit_point: Callable[[bool], None]) -> None:
        self._runner, self._commit_point = runner, commit_point
        self.engine = connect(url)
        runner.run(migrate(self.engine))
        super().__init__(self.engine, now=now)

    def found(self) -> str:
        return self._runner.run(self._found())

    @asynccontextmanager
    async def locked(self, firm: str) -> AsyncIterator[Turn]:
        async with super().locked(firm) as turn:
            yield turn
            self._commit_point(False)
        self._commit_point(True)

    async def erase(self, firm: str, contact: str) -> None:
        await PersonalData(self.engine, self, firm, "admin:test").erase(contact)

    @property
    def firms(self) -> _Firms:
        return _Firms(self)

    def read(self, firm: str) -> Firm:
        return self._runner.run(self._read(firm))

    async def _found(self) -> str:
        async with self.engine.begin() as connection:
            return await create_firm(connection, "A firm")

    async def _read(self, firm: str) -> Firm:
        async with self.engine.connect() as connection:
            sites = await connection.execute(text("SELECT site, received, hash, hlc FROM site"))
            ends = {row.site: ChainEnd(row.received, row.hash, row.hlc) for row in sites}
            rows = await connection.execute(text(f"SELECT {_ITEM}, {_ENTRY} FROM item ORDER BY seq"))
            placed = [_placed(tuple(row)) for row in rows]
            rows = await connection.execute(text(f"SELECT {_STATE} FROM record ORDER BY table_name, record_id"))
            states = {(row.table_name, row.record_id): _state(row) for row in rows}
            rows = await connection.execute(
                text("SELECT parent_table, parent_id, table_name, record_id FROM record_link")
            )
            links = {((row[0], row[1]), (row[2], row[3])) for row in rows}
            head = await self.head(firm)
        return Firm("", {head.epoch: 0}, placed, states, ends, links=links)


class RealWorld(World):
    """Two desks over database files and a newer one in memory, around a server over Postgres. It is not restored."""

    whole_rows = True

    def __init__(self, seed: int, folder: Path, url: str) -> None:
        self._folder, self._url = folder, url
        self._runner = Runner()
        self._committed = False
        super().__init__(seed)
        self.faults = replace(self.faults, restore=0.0)

    def make_ledger(self) -> RealLedger:
        ledger = RealLedger(self._runner, self._url, self.server_clock, self.server_commit)
        self.firm = ledger.found()
        return ledger

    def make_disk(self, desk: SimDesk) -> RealDesk | MemoryDesk:
        if desk.name == "desk 2":
            return super().make_disk(desk)
        return RealDesk(self._folder / desk.name, desk.wall, desk.commit)

    def server_commit(self, done: bool) -> None:
        self._committed |= done
        if self.chance(self.faults.server_dies, "server died"):
            raise ServerDied

    def run_on_server(self, work: Coroutine[Any, Any, T]) -> T:
        try:
            return self._runner.run(work)
        finally:
            if self._committed:
                self._committed = False
                self.watch(None)

    def close(self) -> None:
        for desk in self.desks:
            if isinstance(desk.disk, RealDesk):
                desk.disk.close()
        self._runner.run(self.ledger.engine.dispose())
        self._runner.close()


class _Firms:
    def __init__(self, ledger: RealLedger) -> None:
        self._ledger = ledger

    def __getitem__(self, firm: str) -> Firm:
        return self._ledger.read(firm)


_ITEM = (
    "seq, entry_id, site, site_seq, hlc, actor, cause, cause_reference, transaction, table_name, record_id, op, "
    "outcome, fields, whole, scope, left_scope, reason"
)
_LINK = "parent_table, parent_id, table_name, record_id"
_ENTRY = "site_only, before, after, schema_version, salt, commitment, hash"
_STATE = "table_name, record_id, fields, stamps, deleted, scope, parent_table, parent_id, seq, erased"


def _placed(row: tuple[Any, ...]) -> Placed:
    item, (site_only, *sealed) = Item(*row[:18]), row[18:]
    entry = Entry(
        item.entry_id, item.site_seq, item.hlc, item.actor, item.cause, item.cause_reference, item.transaction,
        item.table, item.record_id, item.op, *sealed,
    )  # fmt: skip
    return Placed(entry, item, site_only)


def _state(row: Any) -> State:
    parent = None if row.parent_table is None else (row.parent_table, row.parent_id)
    fields, stamps = msgspec.json.decode(row.fields), msgspec.json.decode(row.stamps)
    return State(fields, stamps, row.deleted, row.scope, parent, row.seq, row.erased)
