"""What the desk keeps about its server beside the records: its place in the order, and its enrolment."""

from __future__ import annotations

from typing import TypeVar

import msgspec
from sqlalchemy import Connection, select
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.orm import Session

from app.records.sync_tables import sync_state

T = TypeVar("T")

POSITION, ENROLMENT = "position", "enrolment"


def read_kept(session: Session, key: str, kind: type[T]) -> T | None:
    """None where nothing was kept yet."""
    text = session.execute(select(sync_state.c.value).where(sync_state.c.key == key)).scalar()
    return None if text is None else msgspec.json.decode(text, type=kind)


def keep(connection: Connection, key: str, value: object) -> None:
    text = msgspec.json.encode(value).decode()
    statement = upsert(sync_state).values(key=key, value=text)
    connection.execute(statement.on_conflict_do_update(index_elements=["key"], set_={"value": text}))
