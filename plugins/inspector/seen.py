"""A message as the inspector shows it: who, what about, how large, how long the answer took. Pure, from its JSON."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import msgspec

Direction = Literal["in", "out"]
Sort = Literal["request", "answer", "event", "other"]
Json: TypeAlias = Any
"""None, bool, int, float, str, or lists and string-keyed dicts of these."""


class Party(msgspec.Struct, frozen=True, rename="camel"):
    """An app instance at one end of a message."""

    app_id: str
    instance_id: str

    @property
    def label(self) -> str:
        return f"{self.app_id} #{self.instance_id[:4]}"


@dataclass(frozen=True, slots=True)
class Seen:
    """One message. ``number`` counts up; ``data`` is its JSON; ``latency`` seconds from a request to its answer."""

    number: int
    at: dt.datetime
    direction: Direction
    parties: tuple[Party, ...]
    kind: str
    about: str
    error: str
    request_uuid: str
    data: bytes
    latency: float | None = None

    @property
    def size(self) -> int:
        return len(self.data)

    @property
    def sort(self) -> Sort:
        if self.kind.endswith("Request"):
            return "request"
        if self.kind.endswith("Response"):
            return "answer"
        return "event" if self.kind.endswith("Event") else "other"

    @property
    def timed_out(self) -> bool:
        return self.error in TIMED_OUT


TIMED_OUT = frozenset(
    {"ApiTimeout", "AppTimeout", "IntentDeliveryFailed", "ResolverTimeout", "ResponseToBridgeTimedOut"}
)


@dataclass(frozen=True, slots=True)
class Filter:
    """What is shown: messages with this text anywhere, of this app (its id), of this sort. Empty: any."""

    text: str = ""
    app: str = ""
    sort: Sort | Literal["", "error"] = ""

    def passes(self, seen: Seen) -> bool:
        if self.sort and not (bool(seen.error) if self.sort == "error" else seen.sort == self.sort):
            return False
        if self.app and all(party.app_id != self.app for party in seen.parties):
            return False
        if not self.text:
            return True
        wanted = self.text.casefold()
        head = f"{seen.kind} {seen.about} {' '.join(party.label for party in seen.parties)}".casefold()
        return wanted in head or wanted.encode() in seen.data.lower()


def read(number: int, at: dt.datetime, direction: Direction, parties: tuple[Party, ...], data: bytes) -> Seen:
    """A message from its JSON. Whatever cannot be understood of it is left blank."""
    try:
        message = msgspec.json.decode(data)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        message = None
    whole = _object(message)
    payload = _object(whole.get("payload"))
    return Seen(
        number,
        at,
        direction,
        parties,
        _text(whole.get("type")) or "unreadable",
        _about(payload),
        _text(payload.get("error")),
        _text(_object(whole.get("meta")).get("requestUuid")),
        data,
    )


def _about(payload: dict[str, Json]) -> str:
    """The channel, intent, app and context that a message concerns."""
    resolution, result = _object(payload.get("intentResolution")), _object(payload.get("intentResult"))
    found = [
        _text(payload.get("intent")) or _text(resolution.get("intent")),
        *(_text(payload.get(name)) for name in ("channelId", "privateChannelId", "newChannelId", "currentChannelId")),
        *(_text(_object(payload.get(name)).get("id")) for name in ("channel", "privateChannel")),
        _text(_object(result.get("channel")).get("id")),
        _text(_object(payload.get("context")).get("type")) or _text(_object(result.get("context")).get("type")),
        _text(payload.get("contextType")) or _text(payload.get("listenerType")),
        *(_text(_object(payload.get(name)).get("appId")) for name in ("app", "appIdentifier", "appMetadata")),
        _text(_object(resolution.get("source")).get("appId")),
    ]
    return " · ".join(dict.fromkeys(part for part in found if part))


def _object(value: Json) -> dict[str, Json]:
    return value if isinstance(value, dict) else {}


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""


def formatted(data: bytes, most: int | None = None) -> str:
    """The JSON laid out for reading; at most ``most`` characters of it."""
    try:
        text = msgspec.json.format(data, indent=2).decode("utf-8", "replace")
    except (msgspec.MsgspecError, RecursionError):
        text = data.decode("utf-8", "replace")
    if most is not None and len(text) > most:
        return f"{text[:most]}\n… {len(text) - most:,} more characters; Copy takes them all"
    return text
