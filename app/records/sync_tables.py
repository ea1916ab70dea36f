"""What the desk keeps of its conversation with the server, beside the records themselves; never logged."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Index, Integer, String, Table, Text

from app.records.log import store_tables

# What the desk knows of a record's place at the server; ``server`` is its JSON there while own changes stand on top.
sync_row = Table(
    "sync_row",
    store_tables,
    Column("table_name", String, primary_key=True),
    Column("record_id", String(36), primary_key=True),
    Column("seq", Integer, nullable=False),
    Column("scope", String, nullable=False),
    Column("server", Text),
    Column("aside", Boolean, nullable=False),
)

# Fields that this version does not know (JSON); ``whole``: the record has no row here at all.
sync_extra = Table(
    "sync_extra",
    store_tables,
    Column("table_name", String, primary_key=True),
    Column("record_id", String(36), primary_key=True),
    Column("fields", Text, nullable=False),
    Column("whole", Boolean, nullable=False),
)

# Transactions of this desk that the server refused. ``status``: open, resent, discarded.
sync_quarantine = Table(
    "sync_quarantine",
    store_tables,
    Column("transaction_id", String(36), primary_key=True),
    Column("at", String(32), nullable=False),
    Column("reason", Text, nullable=False),
    Column("table_name", String, nullable=False),
    Column("record_id", String(36), nullable=False),
    Column("entry_id", String(36), nullable=False),
    Column("status", String, nullable=False),
    Index("sync_quarantine_status", "status"),
)

sync_state = Table(
    "sync_state", store_tables, Column("key", String, primary_key=True), Column("value", Text, nullable=False)
)

# The history that the sync panel shows, the newest thousand.
sync_event = Table(
    "sync_event",
    store_tables,
    Column("id", Integer, primary_key=True),
    Column("at", String(32), nullable=False),
    Column("kind", String, nullable=False),
    Column("text", Text, nullable=False),
)
