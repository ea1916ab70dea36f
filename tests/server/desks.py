"""A site that writes its chain of entries as a desk does, in memory."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

import msgspec

from app.records.codec import compact
from app.records.hlc import pack
from app.records.ids import new_id
from app.records.log import GENESIS, commitment_of, entry_hash, new_salt
from app.server.postgres_ledger import wall_clock
from app.sync.protocol import Entry, Op


class Site:
    def __init__(self, actor: str = "user:ann") -> None:
        self.id = str(uuid.uuid4())
        self.actor = actor
        self.chain: list[Entry] = []
        self._counter = 0

    def insert(self, table: str, values: Mapping[str, Any], record_id: str | None = None, **more: str) -> Entry:
        record_id = record_id or new_id()
        return self.log(table, record_id, "insert", None, {"id": record_id, **values}, **more)

    def update(
        self, table: str, record_id: str, before: Mapping[str, Any], after: Mapping[str, Any], **more: str
    ) -> Entry:
        return self.log(table, record_id, "update", before, after, **more)

    def log(
        self,
        table: str,
        record_id: str,
        op: Op,
        before: Mapping[str, Any] | None,
        after: Mapping[str, Any] | None,
        *,
        transaction: str | None = None,
        actor: str | None = None,
    ) -> Entry:
        self._counter += 1
        salt = new_salt()
        texts = [None if each is None else compact(dict(each)) for each in (before, after)]
        entry = Entry(
            new_id(), len(self.chain) + 1, pack(wall_clock(), self._counter & 0xFFFF), actor or self.actor, "user",
            None, transaction or new_id(), table, record_id, op, *texts, 3, salt, commitment_of(salt, *texts), "",
        )  # fmt: skip
        previous = self.chain[-1].hash if self.chain else GENESIS
        entry = msgspec.structs.replace(entry, hash=entry_hash(previous, self.id, entry))
        self.chain.append(entry)
        return entry


def organization(name: str, **more: object) -> dict[str, object]:
    return {"name": name, "short_name": name, "kind": "bank", "status": "active", **more}
