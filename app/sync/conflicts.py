"""Conflicts as a user reads and resolves them: who wrote what when, what was kept, what gave way."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.records.change import Change
from app.records.codec import decode_values, models, read_values
from app.records.errors import Refused
from app.records.hlc import wall_time
from app.records.log import change_log
from app.records.tables import SyncConflict, User

_NAMES = ("short_name", "name", "what", "symbol", "number", "summary")
_KINDS = {"organization": "customer", "interaction": "call or chat"}
_SYSTEM = "the server"


@dataclass(frozen=True, slots=True)
class Wrote:
    """A value and who wrote it. ``at``: UTC by the hybrid clock."""

    value: Any
    by: str
    at: dt.datetime


@dataclass(frozen=True, slots=True)
class Conflict:
    """``record`` and ``field`` in words; ``field`` is empty where a record was deleted while it was changed."""

    id: str
    table: str
    record_id: str
    record: str
    field: str
    kept: Wrote
    lost: Wrote
    status: str
    resolution: str


def conflicts(session: Session, status: str = "open") -> list[Conflict]:
    """The newest first."""
    rows = session.scalars(select(SyncConflict).where(SyncConflict.status == status).order_by(SyncConflict.at.desc()))
    names = {row.id: row.name for row in session.scalars(select(User))}
    return [
        Conflict(
            row.id,
            row.table_name,
            row.record_id,
            title_of(session, row.table_name, row.record_id),
            row.field,
            _wrote(row.kept, row.kept_by, names),
            _wrote(row.lost, row.lost_by, names),
            row.status,
            row.resolution or "",
        )
        for row in rows
    ]


def keep(change: Change, conflict_id: str) -> None:
    """What stands holds."""
    _resolve(change, _open(change, conflict_id), "kept")


def take_other(change: Change, conflict_id: str) -> None:
    """What gave way holds: it is written again, and the conflict is resolved with it. Raises Refused."""
    conflict = _open(change, conflict_id)
    model = models().get(conflict.table_name)
    if model is None:
        raise Refused("This version of Deskline does not know that kind of record. Update it.")
    if conflict.field:
        change.update(model, conflict.record_id, **decode_values(model, {conflict.field: conflict.lost.get("value")}))
    else:
        _restore(change, model, conflict)
    _resolve(change, conflict, "other")


def undo(change: Change, conflict_id: str) -> None:
    """Takes the choice back: the conflict is open again and the value that stood before stands. Raises Refused."""
    conflict = change.require(SyncConflict, conflict_id)
    if conflict.status == "open":
        return
    model = models().get(conflict.table_name)
    if conflict.resolution == "other" and model is not None:
        if not conflict.field:
            change.delete(model, conflict.record_id)
        else:
            kept = decode_values(model, {conflict.field: conflict.kept.get("value")})
            change.update(model, conflict.record_id, **kept)
    change.update(SyncConflict, conflict_id, status="open", resolution=None)


def title_of(session: Session, table: str, record_id: str) -> str:
    """A record in words: its kind and its name."""
    kind = _KINDS.get(table) or table.replace("_", " ")
    model = models().get(table)
    row = session.get(model, record_id) if model is not None else None
    name = next((str(found) for name in _NAMES if (found := getattr(row, name, None))), "")
    return f"{kind} {name}".strip()


def _open(change: Change, conflict_id: str) -> SyncConflict:
    conflict = change.require(SyncConflict, conflict_id)
    if conflict.status != "open":
        raise Refused("This conflict was resolved already.")
    return conflict


def _resolve(change: Change, conflict: SyncConflict, how: str) -> None:
    change.update(SyncConflict, conflict.id, status="resolved", resolution=how)


def _restore(change: Change, model: Any, conflict: SyncConflict) -> None:
    """A record that was deleted, as it was, with what was changed meanwhile."""
    if change.get(model, conflict.record_id) is not None:
        return
    last = (
        select(change_log.c.before)
        .where(change_log.c.table_name == conflict.table_name, change_log.c.record_id == conflict.record_id)
        .where(change_log.c.op == "delete", change_log.c.before.is_not(None))
        .order_by(change_log.c.seq.desc())
    )
    before = change.session.connection().execute(last.limit(1)).scalar()
    if before is None:
        raise Refused("What was deleted is no longer here. Enter it again by hand.")
    values = {**read_values(before), **(conflict.lost.get("value") or {})}
    change.add(model(**decode_values(model, values)))


def _wrote(held: dict[str, Any], stamp: str, names: dict[str, str]) -> Wrote:
    clock, _, rest = stamp.partition("/")
    actor = rest.partition("/")[2]
    kind, _, who = actor.partition(":")
    return Wrote(held.get("value"), names.get(who, "somebody") if kind == "user" else _SYSTEM, wall_time(clock))
