from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, inspect, text

from app.records import schema
from app.records.audit import verify
from app.records.engine import connect, writer_engine
from app.records.errors import MigrationFailed
from app.records.log import GENESIS, HEAD_KEY, Head, derived_key, store_tables
from app.records.migrations import CURRENT, MIGRATIONS, Migration
from app.records.search import search
from app.records.store import DATABASE, Records
from app.records.tables import Organization, Record
from tests.records.older import hash_of_version_2, insert_row

KEY = bytes(range(32))
HOUSE = {
    "id": "019aa000-0000-7000-8000-000000000001", "name": "Tolland Castings plc", "short_name": "Tolland",
    "kind": "corporate", "tier": 2, "status": "active", "country": None, "city": None, "lei": None,
    "mifid_category": None, "owner_id": None, "since": None, "notes": "",
}  # fmt: skip


@pytest.fixture
def version_1(folder: Path) -> Path:
    """A database as the first version wrote it: one customer and its log entry."""
    folder.mkdir()
    engine = writer_engine(folder / DATABASE, KEY)
    with engine.begin() as connection:
        MIGRATIONS[0].apply(connection, b"")
        entry = {
            "seq": 1, "id": "entry-1", "site": "site-1", "site_seq": 1, "hlc": "019aa0000000-0000", "actor": "user:1",
            "cause": "user", "cause_reference": None, "transaction_id": "transaction-1", "table_name": "organization",
            "record_id": HOUSE["id"], "op": "insert", "before": None,
            "after": json.dumps(HOUSE, sort_keys=True, separators=(",", ":")), "schema_version": 1,
        }  # fmt: skip
        entry["hash"] = hash_of_version_2(GENESIS, entry)
        head = Head("site-1", 1, str(entry["hash"]), str(entry["hlc"]))
        mac = head.mac(derived_key(KEY, HEAD_KEY))
        insert_row(connection, "organization", HOUSE)
        insert_row(connection, "change_log", entry)
        insert_row(
            connection,
            "log_head",
            {"site": head.site, "count": head.count, "hash": head.hash, "hlc": head.hlc, "mac": mac},
        )
        insert_row(connection, "meta", {"key": "site", "value": "site-1"})
        insert_row(connection, "meta", {"key": "schema_version", "value": "1"})
    engine.dispose()
    return folder


def test_a_version_1_database_is_brought_forward_with_its_history(version_1: Path) -> None:
    with Records.open(version_1, KEY) as records:
        with records.read() as session:
            assert session.get_one(Organization, HOUSE["id"]).tier == 2
            assert [hit.record_id for hit in search(session, "toll")] == [HOUSE["id"]]
        assert records.site == "site-1"
        # Only the head file is new: version 1 of this fixture had none beside it.
        assert [problem for problem in verify(records).problems if "head file" not in problem] == []


def test_a_copy_from_before_is_kept(version_1: Path) -> None:
    Records.open(version_1, KEY).close()
    connection = connect(version_1 / "backups" / "deskline-schema-1.db", KEY)
    assert connection.execute("SELECT value FROM meta WHERE key = 'schema_version'").fetchone() == ("1",)
    assert connection.execute("SELECT name FROM organization").fetchone() == ("Tolland Castings plc",)
    connection.close()


def test_a_failed_migration_leaves_the_database_as_it_was(version_1: Path) -> None:
    def breaks(connection: Connection, head_key: bytes) -> None:
        connection.execute(text("ALTER TABLE organization ADD COLUMN mood TEXT"))
        connection.execute(text("DROP TABLE deal"))
        raise ValueError("unforeseen")

    engine = writer_engine(version_1 / DATABASE, KEY)
    with pytest.raises(MigrationFailed, match="as they were"):
        schema.prepare(version_1 / DATABASE, KEY, 1, engine, (MIGRATIONS[0], Migration(2, "breaks", breaks)))
    engine.dispose()
    with Records.open(version_1, KEY) as records, records.read() as session:
        assert session.get_one(Organization, HOUSE["id"]).name == "Tolland Castings plc"


def test_an_opened_database_is_not_copied_again(records: Records, folder: Path) -> None:
    records.close()
    Records.open(folder, KEY).close()
    assert not (folder / "backups").exists()


def test_the_migrations_lead_to_the_tables_that_the_code_maps(records: Records) -> None:
    """A change of tables.py without a migration fails here."""
    found = inspect(records._reader)
    for table in (*Record.metadata.sorted_tables, *store_tables.sorted_tables):
        columns = {column["name"]: column["nullable"] for column in found.get_columns(table.name)}
        assert columns == {column.name: column.nullable for column in table.columns}, table.name
        indexes = {index["name"] for index in found.get_indexes(table.name)}
        assert {index.name for index in table.indexes} <= indexes, table.name


def test_the_versions_count_up_from_one() -> None:
    assert [migration.version for migration in MIGRATIONS] == list(range(1, CURRENT + 1))


def test_a_new_database_has_the_current_version(records: Records, raw: Callable[[], Any]) -> None:
    connection = raw()
    version = connection.execute("SELECT value FROM meta WHERE key = 'schema_version'").fetchone()
    connection.close()
    assert version == (str(CURRENT),)
