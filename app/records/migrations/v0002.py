"""Version 2: full-text search over names (customers, instruments) and talk (interactions, transcripts)."""

from __future__ import annotations

from sqlalchemy import Connection, text

_STATEMENTS = (
    """CREATE TABLE search_document (
        id INTEGER PRIMARY KEY, kind VARCHAR NOT NULL, record_id VARCHAR(36) NOT NULL, UNIQUE (kind, record_id))""",
    # remove_diacritics 2 folds é and ø-like composed letters alike; the prefix indexes make typing-as-you-search fast.
    """CREATE VIRTUAL TABLE search_names USING fts5(
        title, body, tokenize = "unicode61 remove_diacritics 2", prefix = '1 2 3')""",
    """CREATE VIRTUAL TABLE search_talk USING fts5(
        title, body, tokenize = "unicode61 remove_diacritics 2", prefix = '2 3')""",
)


def apply(connection: Connection, head_key: bytes) -> None:
    for statement in _STATEMENTS:
        connection.execute(text(statement))
    # Filled once all migrations are through: the index is built from the tables as this version knows them.
    connection.execute(text("INSERT INTO meta (key, value) VALUES ('search_stale', '1')"))
