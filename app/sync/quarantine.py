"""Changes of this desk that the server refused, their ways out, and why a record is not in step."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Select, func, insert, literal, select, tuple_, update

from app.records.chain import Authored
from app.records.change import Change
from app.records.codec import decode_values, encode_row, models, read_values
from app.records.erasure import erase_texts
from app.records.errors import Refused as ChangeRefused
from app.records.log import Cause, change_log
from app.records.rows import read_rows
from app.records.store import Records
from app.records.sync_tables import sync_quarantine, sync_row
from app.records.tables import SyncConflict
from app.sync.desk_store import DeskStore
from app.sync.policies import is_command, kind_of
from app.sync.replica import Unsettled, on_top


@dataclass(frozen=True, slots=True)
class Refusal:
    """A transaction that the server refused. ``at``: UTC, when the desk heard of it. ``table`` and ``record_id`` name
    the record that it is about; ``status``: open, resent, discarded."""

    transaction: str
    at: dt.datetime
    reason: str
    table: str
    record_id: str
    status: str


@dataclass(frozen=True, slots=True)
class Said:
    """A field that a refused change set, with its JSON value."""

    table: str
    record_id: str
    field: str
    value: Any


class Quarantine:
    def __init__(self, records: Records) -> None:
        self._records = records

    def refusals(self, status: str = "open") -> list[Refusal]:
        """The oldest first."""
        statement = select(sync_quarantine).where(sync_quarantine.c.status == status).order_by(sync_quarantine.c.at)
        with self._records.read() as session:
            return [
                Refusal(
                    row.transaction_id, dt.datetime.fromisoformat(row.at), row.reason, row.table_name, row.record_id,
                    row.status,
                )
                for row in session.execute(statement)
            ]  # fmt: skip

    def withdraw(self, transaction: str, actor: str) -> None:
        """The refused change stays undone. Raises Refused if it is not open."""
        with self._records.change(actor) as change:
            _close(change, transaction, "discarded")
            _let_go(change.session.connection(), transaction, self._records.site)

    def said(self, transaction: str) -> list[Said]:
        """What a refused change set, as far as it is still here."""
        with self._records.read() as session:
            rows = session.execute(self._entries(transaction)).all()
        return [
            Said(row.table_name, row.record_id, field, value)
            for row in rows
            if row.op != "delete"
            for field, value in read_values(row.after).items()
            if field != "id"
        ]

    def resend(self, transaction: str, actor: str, edited: Sequence[Said] = ()) -> None:
        """Makes the same change once more, on top of what is there now, with other values where they were ``edited``.

        Raises Refused if that cannot be done.
        """
        with self._records.change(actor, Cause.user(transaction)) as change:
            _close(change, transaction, "resent")
            for row in change.session.connection().execute(self._entries(transaction)):
                key = (row.table_name, row.record_id)
                other = {each.field: each.value for each in edited if (each.table, each.record_id) == key}
                try:
                    _again(change, row, other)
                except (ValueError, TypeError, ArithmeticError) as error:
                    raise ChangeRefused("A value does not fit its field. Look at numbers and dates.") from error

    def _entries(self, transaction: str) -> Select[Any]:
        own = (change_log.c.transaction_id == transaction) & (change_log.c.site == self._records.site)
        return select(change_log).where(own).order_by(change_log.c.site_seq)


def hold_back(records: Records) -> None:
    """What the program itself made here before the desk came to a server (demo data, its first user) stays away from
    there, and goes from here when the server has heard of it. What users made is offered, and refused with a reason.
    """
    own = (change_log.c.site == records.site) & change_log.c.actor.not_like("user:%")
    made = select(
        change_log.c.transaction_id,
        func.min(change_log.c.id),
        literal(records.now().isoformat(timespec="microseconds")),
        literal("It was made before this desk came to the server."),
        func.min(change_log.c.table_name),
        func.min(change_log.c.record_id),
        literal("discarded"),
    ).where(own)
    columns = ["transaction_id", "entry_id", "at", "reason", "table_name", "record_id", "status"]

    def work(connection: Connection) -> Sequence[Authored]:
        found = insert(sync_quarantine).from_select(columns, made.group_by(change_log.c.transaction_id))
        connection.execute(found)
        return ()

    records.receive(work)


def why(records: Records, store: DeskStore, table: str, record_id: str) -> str:
    """In a sentence or two, how a record stands with the server."""
    key = (table, record_id)
    waiting = len(store.unsettled([key]).get(key, ()))
    with records.read() as session:
        conflicts = session.scalar(
            select(func.count()).where(
                SyncConflict.table_name == table, SyncConflict.record_id == record_id, SyncConflict.status == "open"
            )
        )
        refusals = session.scalars(
            select(sync_quarantine.c.reason).where(
                sync_quarantine.c.table_name == table,
                sync_quarantine.c.record_id == record_id,
                sync_quarantine.c.status == "open",
            )
        ).all()
        place = session.scalar(
            select(sync_row.c.seq).where(sync_row.c.table_name == table, sync_row.c.record_id == record_id)
        )
    said = [f"The server refused a change: {reason} Edit it and send it again, or discard it." for reason in refusals]
    if conflicts:
        said.append("It was changed at two desks; one value gave way. Choose which one holds.")
    if waiting:
        changes = "1 change has" if waiting == 1 else f"{waiting} changes have"
        said.append(f"{changes} not come back from the server yet.")
        if not store.position().epoch:
            said.append("This desk has not met its server so far.")
    if not said:
        said.append("It is in step with the server." if place else "Nothing of it has gone to or come from the server.")
    return " ".join(said)


def _close(change: Change, transaction: str, status: str) -> None:
    closing = (
        update(sync_quarantine)
        .where(sync_quarantine.c.transaction_id == transaction, sync_quarantine.c.status == "open")
        .values(status=status)
    )
    if change.session.connection().execute(closing).rowcount != 1:
        raise ChangeRefused("This change is no longer waiting: it was sent again or discarded before.")


def _let_go(connection: Connection, transaction: str, site: str) -> None:
    """What the desk may no longer hold was kept in the log for this refusal alone."""
    named = select(change_log.c.table_name, change_log.c.record_id).where(
        change_log.c.transaction_id == transaction, change_log.c.site == site
    )
    keys = {(table, record_id) for table, record_id in connection.execute(named)}
    known = select(sync_row.c.table_name, sync_row.c.record_id).where(
        tuple_(sync_row.c.table_name, sync_row.c.record_id).in_(list(keys))
    )
    keys -= {(table, record_id) for table, record_id in connection.execute(known)}
    keys -= read_rows(connection, keys).keys()
    purged = select(change_log.c.table_name, change_log.c.record_id).where(
        tuple_(change_log.c.table_name, change_log.c.record_id).in_(list(keys)), change_log.c.cause == "purge"
    )
    erase_texts(connection, {(table, record_id) for table, record_id in connection.execute(purged)})


def _again(change: Change, row: Row[Any], other: Mapping[str, Any]) -> None:
    model = models().get(row.table_name)
    if model is None or row.salt is None:
        raise ChangeRefused("What this change said is no longer here; make it again by hand.")
    before, after = read_values(row.before), {**read_values(row.after), **other}
    standing = change.get(model, row.record_id)
    if row.op == "insert" and standing is None:
        change.add(model(**decode_values(model, after)))
    elif row.op == "delete":
        if standing is not None:
            change.delete(model, row.record_id)
    elif standing is None:
        raise ChangeRefused(f"The {row.table_name.replace('_', ' ')} that this change is about is no longer there.")
    else:
        entry = Unsettled(row.site_seq, row.transaction_id, "update", before, after)
        stands = encode_row(standing)
        # What goes with it (credit, money) must not happen twice.
        if is_command(row.table_name) and any(
            stands.get(name) == value != before.get(name) and kind_of(row.table_name, name) == "command"
            for name, value in after.items()
        ):
            words = row.table_name.replace("_", " ")
            raise ChangeRefused(f"Somebody has made this change of the {words} meanwhile. Discard it.")
        values = on_top(row.table_name, stands, [entry]) or {}
        changed = decode_values(model, {name: values[name] for name in after if name in values and name != "id"})
        change.update(model, row.record_id, **changed)
