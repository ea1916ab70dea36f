"""The change log's table, its entries, and the hash that chains them."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import msgspec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import Column, ColumnElement, Index, Integer, MetaData, RowMapping, String, Table, Text

from app.records.codec import JsonValue, canonical, compact_bytes

Op = Literal["insert", "update", "delete"]
GENESIS = "0" * 64
HEAD_KEY = "change log head"
"""The purpose of the key that authenticates heads."""

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
    Column("salt", String(32)),  # null once the entry was erased
    Column("commitment", String(64), nullable=False),
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


class Cause(msgspec.Struct, frozen=True, gc=False):
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


class Entry(msgspec.Struct, frozen=True, gc=False):
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


class Sealed(Protocol):
    """What an entry's hash covers. The texts stand behind ``commitment``, so that they can be erased."""

    @property
    def id(self) -> str: ...
    @property
    def site_seq(self) -> int: ...
    @property
    def hlc(self) -> str: ...
    @property
    def actor(self) -> str: ...
    @property
    def cause(self) -> str: ...
    @property
    def cause_reference(self) -> str | None: ...
    @property
    def transaction(self) -> str: ...
    @property
    def table(self) -> str: ...
    @property
    def record_id(self) -> str: ...
    @property
    def op(self) -> str: ...
    @property
    def commitment(self) -> str: ...
    @property
    def schema_version(self) -> int: ...


# A row read with these columns is ``Sealed``, and has what is needed to check it.
sealed_columns: tuple[ColumnElement[Any], ...] = (
    change_log.c.seq,
    change_log.c.id,
    change_log.c.site_seq,
    change_log.c.hlc,
    change_log.c.actor,
    change_log.c.cause,
    change_log.c.cause_reference,
    change_log.c.transaction_id.label("transaction"),
    change_log.c.table_name.label("table"),
    change_log.c.record_id,
    change_log.c.op,
    change_log.c.before,
    change_log.c.after,
    change_log.c.schema_version,
    change_log.c.salt,
    change_log.c.commitment,
    change_log.c.hash,
)


def new_salt() -> str:
    return new_salts(1)[0]


def new_salts(count: int) -> list[str]:
    """16 random bytes each, hexadecimal: without one, short texts could be guessed from their commitment."""
    drawn = os.urandom(16 * count).hex()
    return [drawn[at : at + 32] for at in range(0, len(drawn), 32)]


def commitment_of(salt: str, before: str | None, after: str | None) -> str:
    """Hex SHA-256 that binds an entry to its stored texts; without ``salt`` it says nothing about them."""
    return hashlib.sha256(compact_bytes([salt, before, after])).hexdigest()


def entry_hash(previous: str, site: str, entry: Sealed) -> str:
    """Hex SHA-256 over the previous entry's hash and every logged column except the local ``seq`` and the texts."""
    body = compact_bytes(
        [
            previous,
            entry.id,
            site,
            entry.site_seq,
            entry.hlc,
            entry.actor,
            entry.cause,
            entry.cause_reference,
            entry.transaction,
            entry.table,
            entry.record_id,
            entry.op,
            entry.commitment,
            entry.schema_version,
        ]
    )
    return hashlib.sha256(body).hexdigest()


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
