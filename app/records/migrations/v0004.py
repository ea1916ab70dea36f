"""Version 4: times of words, what a trader put right in a transcript, the lexicon, stretches of recordings."""

from __future__ import annotations

from sqlalchemy import Connection, text

_STATEMENTS = """
ALTER TABLE transcript_segment ADD COLUMN words JSON NOT NULL DEFAULT '[]';
CREATE TABLE lexicon_entry (
    heard TEXT NOT NULL,
    means TEXT NOT NULL,
    id VARCHAR(36) NOT NULL,
    PRIMARY KEY (id)
);
CREATE TABLE transcript_edit (
    interaction_id VARCHAR(36) NOT NULL,
    who TEXT NOT NULL,
    at FLOAT NOT NULL,
    heard TEXT NOT NULL,
    means TEXT NOT NULL,
    id VARCHAR(36) NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(interaction_id) REFERENCES interaction (id)
);
CREATE INDEX ix_transcript_edit_interaction_id ON transcript_edit (interaction_id);
CREATE TABLE recording_span (
    interaction_id VARCHAR(36) NOT NULL,
    kind TEXT NOT NULL,
    start FLOAT NOT NULL,
    "end" FLOAT,
    reason TEXT NOT NULL,
    id VARCHAR(36) NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(interaction_id) REFERENCES interaction (id)
);
CREATE INDEX ix_recording_span_interaction_id ON recording_span (interaction_id);
"""


def apply(connection: Connection, head_key: bytes) -> None:
    for statement in _STATEMENTS.split(";\n"):
        if statement.strip():
            connection.execute(text(statement))
