"""Version 1: the tables of the walk and the change log."""

from __future__ import annotations

from sqlalchemy import Connection

from app.records.log import store_tables
from app.records.tables import Record


def apply(connection: Connection) -> None:
    store_tables.create_all(connection)
    Record.metadata.create_all(connection)
