"""The change log's table, its entries, and the hash that chains them."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import Column, Index, Integer, MetaData, RowMapping, String, Table, Text

from app.records.codec import JsonValue, canonical, compact

Op = Literal["insert", "update", "delete"]
GENESIS = "0" * 64

# Tables of the store itself: written by the store only, never logged.
store_tables = MetaData()

meta_table = Table("meta", store_tables, Column("key", String, primary_key=True), Column("value", Text, nullable=False))

change_log = Table(
    "change_log",
    store_tables,
    Column("seq", Integer, primary_key=True),  # order in this database
    Column("id", String(36), nullable=False, unique=True),
    Column("site", String(36), nullable=False),
    Column("site_seq", Integer, nullable=False),  # order within the site's chain, from 1
    Column("hlc", String(17), nullable=False),
    Column("actor", Text, nullable=False),
    Column("cause", String, nullable=False),
    Column("cause_reference", Text),
    Column("transaction_id", String(36), nullable=False),
    Column("table_name", String, nullable=False),
    Column("record_id", String(36), nullable=False),
    Column("op", String(6), nullable=False),
    Column("before", Text),
    Column("after", Text),
    Column("schema_version", Integer, nullable=False),
    Column("hash", String(64), nullable=False),
    Index("change_log_record", "table_name", "record_id", "seq"),
    Index("change_log_site", "site", "site_seq", unique=True),
)

# One row per site: how long its chain is and how it ends, authenticated, so that removing the last entries shows.
log_head = Table(
    "log_head",
    store_tables,
    Column("site", String(36), primary_key=True),
    Column("count", Integer, nullable=False),
    Column("hash", String(64), nullable=False),
    Column("hlc", String(17), nullable=False),
    Column("mac", String(64), nullable=False),
)

tail_cursor = Table(
    "tail_cursor",
    store_tables,
    Column("name", String, primary_key=True),
    Column("seq", Integer, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a change happened: kind ``user``, ``rule``, ``sync``, ``demo``, ``program``, and what it refers to."""

    kind: str
    reference: str | None = None

    @classmethod
    def user(cls, reference: str | None = None) -> Cause:
        return cls("user", reference)

    @classmethod
    def rule(cls, run_id: str) -> Cause:
        return cls("rule", run_id)

    @classmethod
    def sync(cls, peer: str) -> Cause:
        return cls("sync", peer)

    @classmethod
    def demo(cls) -> Cause:
        return cls("demo")

    @classmethod
    def program(cls, reference: str | None = None) -> Cause:
        """The program itself, for example the transcriber."""
        return cls("program", reference)


@dataclass(frozen=True, slots=True)
class Entry:
    """One record's change in one transaction. ``before`` and ``after`` hold the changed columns (JSON values)."""

    seq: int
    id: str
    site: str
    site_seq: int
    hlc: str
    actor: str
    cause: Cause
    transaction: str
    table: str
    record_id: str
    op: Op
    before: Mapping[str, JsonValue] | None
    after: Mapping[str, JsonValue] | None
    schema_version: int
    hash: str


def entry_hash(previous: str, row: Mapping[str, JsonValue] | RowMapping) -> str:
    """Hex SHA-256 over the previous entry's hash and every logged column except the local ``seq``.

    ``before`` and ``after`` enter as the stored text, so a reader needs no knowledge of column types to check.
    """
    body = compact(
        [
            previous,
            row["id"],
            row["site"],
            row["site_seq"],
            row["hlc"],
            row["actor"],
            row["cause"],
            row["cause_reference"],
            row["transaction_id"],
            row["table_name"],
            row["record_id"],
            row["op"],
            row["before"],
            row["after"],
            row["schema_version"],
        ]
    )
    return hashlib.sha256(body.encode()).hexdigest()


def entry_of(row: Mapping[str, JsonValue] | RowMapping) -> Entry:
    before, after = row["before"], row["after"]
    return Entry(
        seq=row["seq"],
        id=row["id"],
        site=row["site"],
        site_seq=row["site_seq"],
        hlc=row["hlc"],
        actor=row["actor"],
        cause=Cause(row["cause"], row["cause_reference"]),
        transaction=row["transaction_id"],
        table=row["table_name"],
        record_id=row["record_id"],
        op=row["op"],
        before=None if before is None else json.loads(before),
        after=None if after is None else json.loads(after),
        schema_version=row["schema_version"],
        hash=row["hash"],
    )


def derived_key(key: bytes, purpose: str) -> bytes:
    """A 32-byte key for one purpose from the database key (HKDF-SHA256, RFC 5869)."""
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=f"deskline {purpose}".encode()).derive(key)


@dataclass(frozen=True, slots=True)
class Head:
    """The end of one site's chain."""

    site: str
    count: int
    hash: str
    hlc: str

    def mac(self, key: bytes) -> str:
        body = canonical([self.site, self.count, self.hash, self.hlc]).encode()
        return hmac.new(key, body, hashlib.sha256).hexdigest()

    def authentic(self, key: bytes, mac: str) -> bool:
        return hmac.compare_digest(self.mac(key), mac)
