"""Version 3: tables for sync; and what the change log says can be erased from it, and the log still verifies.

The hash of an entry covers a salted commitment to its texts in place of the texts. The chains are hashed anew; the old
ones are checked on the way, so that an altered log does not come out as a sound one.
"""

from __future__ import annotations

import hashlib
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, text, update

from app.records.codec import canonical, compact
from app.records.log import (
    GENESIS,
    Head,
    change_log,
    commitment_of,
    entry_hash,
    log_head,
    meta_table,
    new_salts,
    sealed_columns,
)

# Two desks' reports of one call may meet for a moment: call_report loses its UNIQUE, which SQLite does by a new table.
_STATEMENTS = """
ALTER TABLE change_log ADD COLUMN salt VARCHAR(32);
ALTER TABLE change_log ADD COLUMN commitment VARCHAR(64) NOT NULL DEFAULT '';
ALTER TABLE organization ADD COLUMN desk TEXT;
ALTER TABLE organization ADD COLUMN book TEXT;
CREATE TABLE call_report_3 (
    interaction_id VARCHAR(36) NOT NULL,
    status TEXT NOT NULL,
    fields JSON NOT NULL,
    suggestions JSON NOT NULL,
    edited JSON NOT NULL,
    updated_at VARCHAR(32) NOT NULL,
    id VARCHAR(36) NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(interaction_id) REFERENCES interaction (id)
);
INSERT INTO call_report_3 (interaction_id, status, fields, suggestions, edited, updated_at, id)
    SELECT interaction_id, status, fields, suggestions, edited, updated_at, id FROM call_report;
DROP TABLE call_report;
ALTER TABLE call_report_3 RENAME TO call_report;
CREATE INDEX ix_call_report_interaction_id ON call_report (interaction_id);
CREATE TABLE sync_conflict (
    table_name TEXT NOT NULL,
    record_id TEXT NOT NULL,
    field TEXT NOT NULL,
    kept JSON NOT NULL,
    lost JSON NOT NULL,
    kept_by TEXT NOT NULL,
    lost_by TEXT NOT NULL,
    at VARCHAR(32) NOT NULL,
    status TEXT NOT NULL,
    resolution TEXT,
    id VARCHAR(36) NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX sync_conflict_record ON sync_conflict (table_name, record_id);
CREATE INDEX ix_sync_conflict_status ON sync_conflict (status);
CREATE TABLE credit_reserve (
    line_id TEXT NOT NULL,
    sites JSON NOT NULL,
    id VARCHAR(36) NOT NULL,
    PRIMARY KEY (id)
);
CREATE TABLE sync_row (
    table_name VARCHAR NOT NULL,
    record_id VARCHAR(36) NOT NULL,
    seq INTEGER NOT NULL,
    scope VARCHAR NOT NULL,
    server TEXT,
    aside BOOLEAN NOT NULL,
    PRIMARY KEY (table_name, record_id)
) WITHOUT ROWID;
CREATE TABLE sync_extra (
    table_name VARCHAR NOT NULL,
    record_id VARCHAR(36) NOT NULL,
    fields TEXT NOT NULL,
    whole BOOLEAN NOT NULL,
    PRIMARY KEY (table_name, record_id)
) WITHOUT ROWID;
CREATE TABLE sync_quarantine (
    transaction_id VARCHAR(36) NOT NULL,
    at VARCHAR(32) NOT NULL,
    reason TEXT NOT NULL,
    table_name VARCHAR NOT NULL,
    record_id VARCHAR(36) NOT NULL,
    entry_id VARCHAR(36) NOT NULL,
    status VARCHAR NOT NULL,
    PRIMARY KEY (transaction_id)
);
CREATE INDEX sync_quarantine_status ON sync_quarantine (status);
CREATE TABLE sync_state ("key" VARCHAR NOT NULL, value TEXT NOT NULL, PRIMARY KEY ("key"));
CREATE TABLE sync_event (
    id INTEGER NOT NULL,
    at VARCHAR(32) NOT NULL,
    kind VARCHAR NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (id)
);
"""
_BATCH = 1000


def apply(connection: Connection, head_key: bytes) -> None:
    for statement in _STATEMENTS.split(";\n"):
        if statement.strip():
            connection.execute(text(statement))
    own = connection.execute(select(meta_table.c.value).where(meta_table.c.key == "site")).scalar()
    problems = []
    for row in connection.execute(select(log_head)).mappings().all():
        old = Head(row["site"], row["count"], row["hash"], row["hlc"])
        problem, new = _hash_anew(connection, old)
        if not old.authentic(head_key, row["mac"]):
            problem = f"the head of site {old.site} was altered"
        if problem:
            problems.append(problem)
        connection.execute(
            update(log_head).where(log_head.c.site == old.site).values(hash=new.hash, mac=new.mac(head_key))
        )
        if old.site == own:
            # The file beside the database still remembers the old end: Chain.open lets it follow.
            was = canonical([old.site, old.count, old.hash, old.hlc])
            connection.execute(insert(meta_table).values(key="rehashed", value=was))
    if problems:
        said = f"The log did not verify when it was brought to schema 3: {'; '.join(problems)}."
        connection.execute(insert(meta_table).values(key="rehash_alarm", value=said))


def _hash_anew(connection: Connection, old: Head) -> tuple[str, Head]:
    """Rewrites one site's hashes. Returns what is wrong with the old ones, and the new head."""
    set_new = (
        update(change_log)
        .where(change_log.c.seq == bindparam("at"))
        .values(salt=bindparam("new_salt"), commitment=bindparam("new_commitment"), hash=bindparam("new_hash"))
    )
    problem, count, before, new = "", 0, GENESIS, GENESIS
    while True:
        page = (
            select(*sealed_columns)
            .where(change_log.c.site == old.site, change_log.c.site_seq > count)
            .order_by(change_log.c.site_seq)
            .limit(_BATCH)
        )
        rows = connection.execute(page).all()
        if not rows:
            break
        changes: list[dict[str, Any]] = []
        for row, salt in zip(rows, new_salts(len(rows)), strict=True):
            if not problem and (row.site_seq != count + 1 or _hash_of_version_2(before, old.site, row) != row.hash):
                problem = f"entry {row.site_seq} of site {old.site} was altered, or one before it is missing"
            commitment = commitment_of(salt, row.before, row.after)
            sealed: Any = SimpleNamespace(**{**row._mapping, "commitment": commitment})
            new = entry_hash(new, old.site, sealed)
            changes.append({"at": row.seq, "new_salt": salt, "new_commitment": commitment, "new_hash": new})
            count, before = row.site_seq, row.hash
        connection.execute(set_new, changes)
    if not problem and (count, before) != (old.count, old.hash):
        problem = f"the log of site {old.site} does not end where its head says"
    return problem, Head(old.site, old.count, new, old.hlc)


def _hash_of_version_2(previous: str, site: str, row: Any) -> str:
    body = compact(
        [
            previous, row.id, site, row.site_seq, row.hlc, row.actor, row.cause, row.cause_reference, row.transaction,
            row.table, row.record_id, row.op, row.before, row.after, row.schema_version,
        ]
    )  # fmt: skip
    return hashlib.sha256(body.encode()).hexdigest()
