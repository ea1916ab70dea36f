"""Databases as earlier versions wrote them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text

from app.records.anchor import Anchor
from app.records.engine import writer_engine
from app.records.log import GENESIS, HEAD_KEY, Head, derived_key
from app.records.migrations import MIGRATIONS
from app.records.store import DATABASE

HASHED_BY_VERSION_2 = (
    "id", "site", "site_seq", "hlc", "actor", "cause", "cause_reference", "transaction_id", "table_name", "record_id",
    "op", "before", "after", "schema_version",
)  # fmt: skip


def hash_of_version_2(previous: str, entry: dict[str, Any]) -> str:
    body = json.dumps(
        [previous, *(entry[name] for name in HASHED_BY_VERSION_2)], separators=(",", ":"), ensure_ascii=False
    )
    return hashlib.sha256(body.encode()).hexdigest()


def database_of_version_2(folder: Path, key: bytes, entries: int) -> None:
    """One source of prices, inserted and then updated; with the head file beside it."""
    folder.mkdir()
    head_key = derived_key(key, HEAD_KEY)
    engine = writer_engine(folder / DATABASE, key)
    previous = GENESIS
    with engine.begin() as connection:
        for step in MIGRATIONS[:2]:
            step.apply(connection, head_key)
        source = {"id": "source-1", "name": f"Composite {entries}", "kind": "composite", "priority": 1, "active": True}
        insert_row(connection, "price_source", source)
        for number in range(1, entries + 1):
            first = number == 1
            after = {**source, "name": "Composite 1"} if first else {"name": f"Composite {number}"}
            entry = {
                "seq": number, "id": f"entry-{number}", "site": "site-1", "site_seq": number,
                "hlc": f"019aa0000000-{number:04x}", "actor": "user:1", "cause": "user", "cause_reference": None,
                "transaction_id": f"transaction-{number}", "table_name": "price_source", "record_id": "source-1",
                "op": "insert" if first else "update",
                "before": None if first else f'{{"name":"Composite {number - 1}"}}',
                "after": json.dumps(after, sort_keys=True, separators=(",", ":")), "schema_version": 2,
            }  # fmt: skip
            entry["hash"] = previous = hash_of_version_2(previous, entry)
            insert_row(connection, "change_log", entry)
        head = Head("site-1", entries, previous, f"019aa0000000-{entries:04x}")
        values = {"site": head.site, "count": head.count, "hash": head.hash, "hlc": head.hlc, "mac": head.mac(head_key)}
        insert_row(connection, "log_head", values)
        insert_row(connection, "meta", {"key": "site", "value": "site-1"})
        insert_row(connection, "meta", {"key": "schema_version", "value": "2"})
    engine.dispose()
    anchor = Anchor(folder / "deskline.head", head_key)
    anchor.open()
    for _ in range(2):
        anchor.write(head)
    anchor.close()


def insert_row(connection: Connection, table: str, values: dict[str, Any]) -> None:
    names = ", ".join(f'"{name}"' for name in values)
    marks = ", ".join(f":{name}" for name in values)
    connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({marks})"), values)
