"""Dialogue files: one YAML mapping with the header and, unless it only describes a recording, the turns.

Shape: `id`, `kind` (call, chat), `started` (ISO 8601 with offset), `client` (contact, organization, phone or
chat_handle), `trader` (name, desk), `turns` (who, at, text). Times in seconds from the start.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from nlp.language.model import Dialogue, Header, Party, Trader, Turn

CALL_CHARACTERS_PER_SECOND = 15.0


class BadDialogueFile(ValueError):
    """The file is no dialogue; the sentence says which line or field to mend."""


def load(path: Path) -> Dialogue:
    """Read a dialogue; `turns` may be missing (a header for a recording)."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadDialogueFile(f"{path.name} cannot be read as a dialogue file: {error}") from error
    if not isinstance(content, dict):
        raise BadDialogueFile(f"{path.name} is not a dialogue file: it must be a mapping with id, kind and started.")
    try:
        return parse(content)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadDialogueFile(f"{path.name}: the field {error} is missing or has the wrong form.") from error


def parse(content: dict[str, Any]) -> Dialogue:
    """A dialogue from the mapping of a dialogue file; raises KeyError, TypeError or ValueError."""
    started = content["started"]
    started = started if isinstance(started, datetime) else datetime.fromisoformat(str(started))
    if started.tzinfo is None:
        raise ValueError("started (it needs an offset such as +01:00)")
    kind = content["kind"]
    if kind not in ("call", "chat"):
        raise ValueError("kind (call or chat)")
    client, trader = content["client"], content["trader"]
    header = Header(
        id=str(content["id"]),
        kind=kind,
        started=started,
        client=Party(
            str(client["contact"]), str(client["organization"]), client.get("phone"), client.get("chat_handle")
        ),
        trader=Trader(str(trader["name"]), str(trader.get("desk", ""))),
    )
    return Dialogue(header, _turns(content.get("turns") or [], kind))


def _turns(rows: list[dict[str, Any]], kind: str) -> tuple[Turn, ...]:
    """Turns with ends: a chat message takes no time, speech lasts until the next turn but no longer than its words."""
    turns = []
    for i, row in enumerate(rows):
        if row["who"] not in ("trader", "client"):
            raise ValueError(f"turns[{i}].who (trader or client)")
        start, text = float(row["at"]), str(row["text"])
        end = start
        if kind == "call":
            end = float(row["end"]) if "end" in row else start + max(0.5, len(text) / CALL_CHARACTERS_PER_SECOND)
            if "end" not in row and i + 1 < len(rows):
                end = min(end, max(start, float(rows[i + 1]["at"])))
        turns.append(Turn(row["who"], start, end, text))
    return tuple(turns)
