"""Record ids: UUIDv7 text, so that ids made on one machine sort by the time they were made."""

from __future__ import annotations

import uuid_utils


def new_id() -> str:
    return str(uuid_utils.uuid7())
