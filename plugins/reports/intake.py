"""Reads what a turret or a chat service says about a talk: pure functions from contexts to values."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from plugins.reports.evidence import Json


@dataclass(frozen=True, slots=True)
class Announcement:
    """A ``CreateInteraction`` context, read. Ids are those of the records, where the sender knew them."""

    kind: str  # call, chat
    direction: str
    started: dt.datetime
    line: str | None = None
    number: str | None = None
    handle: str | None = None
    service: str | None = None
    contact_id: str | None = None
    organization_id: str | None = None
    audio_url: str | None = None
    audio_rate: int = 8000
    audio_encoding: str = "s16"


def announcement(context: Mapping[str, Json], now: dt.datetime) -> Announcement:
    """A context without a time starts now; one that says nothing of its kind is a call."""
    call, chat = _part(context, "call"), _part(context, "chat")
    contact = _customer(context)
    identity = _part(contact, "id")
    audio = _part(call, "audio")
    is_chat = bool(chat) or context.get("interactionType") in ("Instant Message", "Chat")
    return Announcement(
        kind="chat" if is_chat else "call",
        direction="outbound" if (chat or call).get("direction") == "outbound" else "inbound",
        started=moment(_part(context, "timeRange").get("startTime"), now),
        line=_text(call.get("line")),
        number=_text(call.get("number")) or (None if is_chat else _text(identity.get("phone"))),
        handle=_text(chat.get("handle")),
        service=_text(chat.get("service")),
        contact_id=_text(identity.get("deskline")),
        organization_id=_text(_part(_part(contact, "organization"), "id").get("deskline")),
        audio_url=_text(audio.get("url")),
        audio_rate=int(audio.get("rate") or 8000),
        audio_encoding=_text(audio.get("encoding")) or "s16",
    )


def moment(value: Json, otherwise: dt.datetime) -> dt.datetime:
    """An ISO time as aware UTC."""
    if not isinstance(value, str):
        return otherwise
    try:
        parsed = dt.datetime.fromisoformat(value)
    except ValueError:
        return otherwise
    return parsed.astimezone(dt.UTC) if parsed.tzinfo else otherwise


def _customer(context: Mapping[str, Json]) -> Mapping[str, Json]:
    """The participant that is not the desk: the one the records know, else the first."""
    listed = context.get("participants")
    contacts = listed.get("contacts") if isinstance(listed, Mapping) else listed
    found = [each for each in contacts or () if isinstance(each, Mapping)]
    known = [each for each in found if _part(each, "id").get("deskline")]
    return (known or found or [{}])[0]


def _part(whole: Mapping[str, Json], key: str) -> Mapping[str, Json]:
    value = whole.get(key)
    return value if isinstance(value, Mapping) else {}


def _text(value: Json) -> str | None:
    return value if isinstance(value, str) and value else None
