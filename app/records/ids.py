"""Record ids: UUIDv7 text, so that ids made on one machine sort by the time they were made."""

from __future__ import annotations

import datetime as dt
import uuid

import uuid_utils


def new_id() -> str:
    return str(uuid_utils.uuid7())


def made_at(identity: str) -> dt.datetime:
    """When an id of ``new_id`` was made, to the millisecond."""
    return dt.datetime.fromtimestamp((uuid.UUID(identity).int >> 80) / 1000, dt.UTC)
