"""The desk's records as its session with the server needs them: ``DeskStore`` over the SQLCipher database."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from app.records.bulk import BulkInsert
from app.records.chain import Authored
from app.records.change import Draft
from app.records.codec import compact
from app.records.erasure import erase_texts, remove_recordings
from app.records.log import Cause
from app.records.rows import by_table, filled, read_rows, shape_of, write_rows
from app.records.store import Records
from app.records.sync_tables import sync_event, sync_quarantine, sync_row
from app.records.tables import CreditReserve, SyncConflict
from app.sync.again import make_again
from app.sync.credit import outstanding
from app.sync.desk_store import Counts, Outgoing, Position
from app.sync.kept import POSITION, keep, read_kept
from app.sync.protocol import Entry
from app.sync.replica import Effect, Key, Plan, Refused, Standing, Unsettled, View

_MOST_TEXT = 2_000_000
"""Characters of one push, where a single transaction is not longer."""
_EVENTS_KEPT = 1000


@dataclass(frozen=True, slots=True)
class Event:
    """A line of the sync panel's history. ``at``: UTC."""

    at: dt.datetime
    kind: str
    text: str


class RecordsStore:
    def __init__(self, records: Records) -> None:
        self._records = records
        with records.read() as session:
            self._position = read_kept(session, POSITION, Position) or Position()

    @property
    def site(self) -> str:
        return self._records.site

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        """From reading ``views`` to ``commit``: the desk changes nothing in between."""
        with self._records.held():
            yield

    # -- what is there

    def written(self) -> int:
        return self._records.chain.written

    def position(self) -> Position:
        return self._position

    def counts(self) -> Counts:
        with self._records.read() as session:
            conflicts = session.scalar(select(func.count()).where(SyncConflict.status == "open"))
            refused = session.scalar(select(func.count()).where(sync_quarantine.c.status == "open"))
        return Counts(max(self.written() - self._position.settled, 0), conflicts or 0, refused or 0)

    def outgoing(self, after: int, limit: int) -> Outgoing:
        entries: list[Entry] = []
        whole, text = 0, 0  # how many of them are whole transactions, and how long their texts are
        with self._records.read() as session:
            rows = session.connection().exec_driver_sql(_READ_OWN, (self.site, after)).yield_per(200)
            for row in rows:
                entry = Entry(*row)
                if entries and entry.transaction != entries[-1].transaction:
                    whole = len(entries)
                if whole and (len(entries) >= limit or text > _MOST_TEXT):
                    break
                text += len(entry.before or "") + len(entry.after or "")
                entries.append(entry)
            else:
                whole = len(entries)
            rows.close()
            entries = entries[:whole]
            refused = select(sync_quarantine.c.transaction_id)
            taken_back = set(session.scalars(refused)) & {entry.transaction for entry in entries}
        return Outgoing(tuple(entries), tuple(sorted(taken_back)))

    def views(self, keys: Collection[Key]) -> Mapping[Key, View]:
        with self._records.read() as session:
            connection = session.connection()
            rows = read_rows(connection, keys)
            found = {key: View(row) for key, row in rows.items()}
            for table, ids in by_table(keys).items():
                for record_id, *known in connection.exec_driver_sql(_READ_KNOWN, (table, compact(ids))).all():
                    seq, scope, server, aside = known
                    held = None if server is None else msgspec.json.decode(server)
                    key = (table, record_id)
                    found[key] = View(rows.get(key), held, bool(aside), seq, scope)
        return found

    def unsettled(self, keys: Collection[Key]) -> Mapping[Key, Sequence[Unsettled]]:
        settled = self._position.settled
        found: dict[Key, list[Unsettled]] = {}
        if settled >= self.written():
            return found
        with self._records.read() as session:
            connection = session.connection()
            for table, ids in by_table(keys).items():
                rows = connection.exec_driver_sql(_READ_UNSETTLED, (table, compact(ids), self.site, settled)).all()
                for record_id, site_seq, transaction, op, before, after in rows:
                    entry = Unsettled(site_seq, transaction, op, _read(before), _read(after))
                    found.setdefault((table, record_id), []).append(entry)
        return found

    def standing(self, keys: Collection[Key]) -> Mapping[Key, Standing]:
        settled, accepted = self._position.settled, self._position.accepted
        found: dict[Key, Standing | None] = {}
        if settled >= self.written():
            return {}
        with self._records.read() as session:
            connection = session.connection()
            for table, ids in by_table(keys).items():
                if shape_of(table) is None:
                    continue
                read = _READ_STANDING.format(table=table)
                rows = connection.exec_driver_sql(read, (table, compact(ids), self.site, settled)).all()
                for record_id, site_seq, op, after, seq, aside in rows:
                    key = (table, record_id)
                    alone = key not in found and site_seq > accepted and not aside
                    found[key] = Standing(site_seq, op, after, seq) if alone else None
        return {key: entry for key, entry in found.items() if entry is not None}

    def held(self) -> Mapping[str, str]:
        with self._records.read() as session:
            rows = session.scalars(select(CreditReserve)).all()
        return {row.line_id: format(outstanding(row.sites, self.site), "f") for row in rows if self.site in row.sites}

    def make_again(self, upto: int) -> bool:
        return make_again(self._records, upto)

    def keys_in(self, scopes: Collection[str]) -> Sequence[Key]:
        statement = select(sync_row.c.table_name, sync_row.c.record_id).where(sync_row.c.scope.in_(scopes))
        with self._records.read() as session:
            return [(table, record_id) for table, record_id in session.execute(statement)]

    def keys_unseen(self) -> Sequence[Key]:
        with self._records.read() as session:
            unseen = select(sync_row.c.table_name, sync_row.c.record_id).where(sync_row.c.seq == 0)
            keys = [(table, record_id) for table, record_id in session.execute(unseen)]
        standing = self.unsettled(keys)
        return [key for key in keys if key not in standing]

    # -- what changes

    def commit(self, plan: Plan, position: Position) -> None:
        remove_recordings(self._records, plan.gone)

        def work(connection: Connection) -> Sequence[Authored]:
            erased = erase_texts(connection, plan.gone - plan.erased, (self.site, plan.settled))
            erased |= erase_texts(connection, plan.erased, (self.site, plan.settled), refused=True)
            erased |= erase_texts(connection, plan.unseen, (self.site, 0))
            lost = plan.gone | plan.unseen
            received = [each for effect in plan.effects if (each := _authored(effect, plan, lost)) is not None]
            said = {effect.key for effect in plan.effects}
            received += [_purged(key, position.epoch) for key in sorted(erased - said) if plan.views[key].row is None]
            write_rows(connection, {key: plan.views[key].row for key in said})
            self._write_known(connection, plan)
            self._quarantine(connection, plan.refused)
            keep(connection, POSITION, position)
            return received

        self._records.receive(work, erases=bool(plan.gone or plan.unseen))
        self._position = position

    def begin_epoch(self, position: Position) -> None:
        def work(connection: Connection) -> Sequence[Authored]:
            connection.execute(update(sync_row).values(seq=0))
            keep(connection, POSITION, position)
            return ()

        self._records.receive(work)
        self._position = position

    def wipe(self) -> None:
        self._records.wipe()
        self._position = Position()

    # -- the panel's history

    def note(self, kind: str, text: str) -> None:
        """Adds a line to the history; the oldest go."""

        def work(connection: Connection) -> Sequence[Authored]:
            at = self._records.now().isoformat(timespec="microseconds")
            connection.execute(insert(sync_event).values(at=at, kind=kind, text=text))
            newest = select(func.max(sync_event.c.id)).scalar_subquery()
            connection.execute(delete(sync_event).where(sync_event.c.id <= newest - _EVENTS_KEPT))
            return ()

        self._records.receive(work)

    def events(self, limit: int = 100) -> list[Event]:
        """The newest first."""
        statement = select(sync_event).order_by(sync_event.c.id.desc()).limit(limit)
        with self._records.read() as session:
            return [Event(dt.datetime.fromisoformat(row.at), row.kind, row.text) for row in session.execute(statement)]

    def _write_known(self, connection: Connection, plan: Plan) -> None:
        known, unknown = [], []
        for (table, record_id), view in plan.views.items():
            if view.row is None and not view.aside and not view.seq:
                unknown.append((table, record_id))
            else:
                server = None if view.server is None else compact(view.server)
                known.append((table, record_id, view.seq, view.scope, server, view.aside))
        known += [(*key, item.seq, item.scope, None, False) for key, item in plan.confirmed.items()]
        if known:
            _WRITE_KNOWN.run(connection, known)
        if unknown:
            connection.exec_driver_sql("DELETE FROM sync_row WHERE table_name = ? AND record_id = ?", unknown)

    def _quarantine(self, connection: Connection, refused: Sequence[Refused]) -> None:
        at = self._records.now().isoformat(timespec="microseconds")
        for each in refused:
            statement = upsert(sync_quarantine).values(
                transaction_id=each.transaction,
                at=at,
                reason=each.reason,
                table_name=each.table,
                record_id=each.record_id,
                entry_id=each.entry_id,
                status="open",
            )
            # Refused once more in another epoch: what the user did about it stands.
            connection.execute(statement.on_conflict_do_nothing())


def _authored(effect: Effect, plan: Plan, lost: Collection[Key]) -> Authored | None:
    """The effect as it is logged; None where it changes nothing that this version can tell apart."""
    table, record_id = effect.key
    before, after = effect.before, effect.after
    shape = shape_of(table)
    if shape is not None:
        before = None if before is None else filled(shape, before)
        after = None if after is None else filled(shape, after)
        if effect.op == "insert" and not (after and after.keys() >= shape.columns and after["id"] == record_id):
            after = {**shape.empty, **(after or {}), "id": record_id}
    if effect.op == "update" and before is not None and after is not None:
        names = [name for name in after if before.get(name) != after[name]]
        if not names:
            return None
        before, after = {name: before.get(name) for name in names}, {name: after[name] for name in names}
    cause = Cause("sync", effect.reference or None)
    if effect.key in lost:
        before = None
        if plan.views[effect.key].row is None:
            after = None  # it may have come and gone with one page
        cause = Cause("erase" if plan.views[effect.key].row is not None else "purge", effect.reference or None)
    return Authored(Draft(table, record_id, effect.op, before, after), effect.actor, cause, effect.transaction)


def _purged(key: Key, transaction: str) -> Authored:
    """Stands in the log for the texts that were taken out of it."""
    return Authored(Draft(*key, "delete", None, None), "system:sync", Cause("purge"), transaction)


def _read(text: str | None) -> dict[str, Any] | None:
    return None if text is None else msgspec.json.decode(text)


_READ_KNOWN = (
    "SELECT record_id, seq, scope, server, aside FROM sync_row"
    " WHERE table_name = ? AND record_id IN (SELECT value FROM json_each(?))"
)
_WRITE_KNOWN = BulkInsert("INSERT OR REPLACE INTO sync_row (table_name, record_id, seq, scope, server, aside)", 6)
_READ_OWN = (
    "SELECT id, site_seq, hlc, actor, cause, cause_reference, transaction_id, table_name, record_id, op,"
    ' "before", "after", schema_version, COALESCE(salt, \'\'), commitment, hash'
    " FROM change_log WHERE site = ? AND site_seq > ? ORDER BY site_seq"
)
# Of each record its own few entries, however long the chain is. Erased ones say nothing.
_OWN = (
    " FROM change_log AS own INDEXED BY change_log_record {join}"
    " WHERE own.table_name = ? AND own.record_id IN (SELECT value FROM json_each(?)) AND own.site = ?"
    " AND own.site_seq > ?"
    " AND own.salt IS NOT NULL AND own.transaction_id NOT IN (SELECT transaction_id FROM sync_quarantine)"
)
_READ_UNSETTLED = (
    'SELECT record_id, site_seq, transaction_id, op, "before", "after"' + _OWN.format(join="") + " ORDER BY site_seq"
)
_READ_STANDING = 'SELECT own.record_id, own.site_seq, own.op, own."after", seen.seq, seen.aside' + _OWN.format(
    join='JOIN "{table}" AS shown ON shown.id = own.record_id '
    "LEFT JOIN sync_row AS seen ON seen.table_name = own.table_name AND seen.record_id = own.record_id"
)
