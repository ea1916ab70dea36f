"""How the desk's own changes stand: which are not settled yet, which were refused, and what credit is at hand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from app.records.codec import read_values
from app.records.log import change_log
from app.records.sync_tables import sync_quarantine
from app.records.tables import CreditReserve
from app.sync.credit import number, outstanding
from app.sync.desk_store import Position
from app.sync.kept import POSITION, read_kept
from app.sync.policies import LINE


@dataclass(frozen=True, slots=True)
class Refused:
    """A record that the server refused to have: ``values`` as it was made here. ``at``: UTC."""

    record_id: str
    values: Mapping[str, Any]
    reason: str
    at: dt.datetime


def has_server(session: Session) -> bool:
    """Whether this desk ever met a server."""
    return bool(_position(session).epoch)


def requested(session: Session, site: str, table: str) -> frozenset[str]:
    """The records of a table that the server has still to accept, where there is a server at all."""
    position = _position(session)
    if not position.epoch:
        return frozenset()
    return frozenset(session.scalars(select(change_log.c.record_id).where(*_unsettled(site, position, table))))


def refused(session: Session, site: str, table: str, *, limit: int = 100) -> list[Refused]:
    """New records of a table that wait in quarantine, the newest first."""
    statement = (
        select(change_log.c.record_id, change_log.c.after, sync_quarantine.c.reason, sync_quarantine.c.at)
        .join(sync_quarantine, sync_quarantine.c.transaction_id == change_log.c.transaction_id)
        .where(sync_quarantine.c.status == "open", change_log.c.site == site)
        .where(change_log.c.table_name == table, change_log.c.op == "insert", change_log.c.after.is_not(None))
        .order_by(sync_quarantine.c.at.desc())
        .limit(limit)
    )
    return [
        Refused(record_id, read_values(after), reason, dt.datetime.fromisoformat(at))
        for record_id, after, reason, at in session.execute(statement)
    ]


def at_hand(session: Session, site: str, line_ids: Collection[str]) -> dict[str, Decimal]:
    """What of each line this desk may still use with nobody to ask: what is held for it less its unsettled use."""
    held = {
        row.line_id: outstanding(row.sites, site)
        for row in session.scalars(select(CreditReserve).where(CreditReserve.line_id.in_(line_ids)))
    }
    left = {line_id: held.get(line_id, Decimal(0)) for line_id in line_ids}
    position = _position(session)
    statement = select(change_log.c.record_id, change_log.c.before, change_log.c.after).where(
        *_unsettled(site, position, LINE), change_log.c.op == "update", change_log.c.record_id.in_(line_ids)
    )
    for line_id, before, after in session.execute(statement):
        now = read_values(after)
        if "used" in now:
            more = number(now["used"]) - number(read_values(before).get("used"))
            left[line_id] -= max(more, Decimal(0))
    return {line_id: max(amount, Decimal(0)) for line_id, amount in left.items()}


def _unsettled(site: str, position: Position, table: str) -> tuple[ColumnElement[bool], ...]:
    refused = select(sync_quarantine.c.transaction_id)
    return (
        change_log.c.site == site,
        change_log.c.site_seq > position.settled,
        change_log.c.table_name == table,
        change_log.c.transaction_id.not_in(refused),
    )


def _position(session: Session) -> Position:
    return read_kept(session, POSITION, Position) or Position()
