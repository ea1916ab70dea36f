"""Metadata of contexts as an app holds it: who sent a context, when, on whose trail, signed by whom (FDC3 3.0)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
from msgspec import UNSET, Raw, UnsetType

from fdc3.types.context import Context
from fdc3.types.metadata import AppIdentifier, ContextMetadataDescription, ProvidedMetadata

T = TypeVar("T")


class DetachedSignature(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A detached JSON Web Signature over the canonical ``{context, antiReplay}``."""

    protected: str
    signature: str


class AntiReplayClaims(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When a signed context was made and ends (seconds since 1970), and its unique name."""

    iat: int | float
    exp: int | float
    jti: str


class AppProvidableContextMetadata(msgspec.Struct, frozen=True, kw_only=True):
    """What an app may say of a context it sends. Without a trace id the agent makes one up."""

    trace_id: str | None = None
    signature: DetachedSignature | None = None
    anti_replay: AntiReplayClaims | None = None
    custom: Mapping[str, Any] | None = None


class ContextMetadata(AppProvidableContextMetadata, frozen=True):
    """What a handler learns of a context: which app instance sent it and when, by the agent's word, and what that app
    said of it."""

    source: AppIdentifier | None = None
    timestamp: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class ContextWithMetadata:
    """A context and what is said of it: the answer to ``get_current_context_with_metadata``, or an intent's result."""

    context: Context
    metadata: AppProvidableContextMetadata


def to_message(metadata: AppProvidableContextMetadata | None) -> ProvidedMetadata:
    if metadata is None:
        return ProvidedMetadata()
    return ProvidedMetadata(
        trace_id=UNSET if metadata.trace_id is None else metadata.trace_id,
        signature=_raw(metadata.signature),
        anti_replay=_raw(metadata.anti_replay),
        custom=_raw(metadata.custom),
    )


def from_message(metadata: ContextMetadataDescription) -> ContextMetadata:
    """Raises ``msgspec.MsgspecError`` if the sender's part is not as the standard wants it."""
    return ContextMetadata(
        metadata.source,
        metadata.timestamp,
        trace_id=metadata.trace_id,
        signature=_value(metadata.signature, DetachedSignature),
        anti_replay=_value(metadata.anti_replay, AntiReplayClaims),
        custom=_value(metadata.custom, dict[str, Any]),
    )


def check(metadata: ProvidedMetadata) -> None:
    """Raises ``msgspec.MsgspecError`` or ``UnicodeError`` unless what an app says of a context has the right shape."""
    _value(metadata.signature, DetachedSignature)
    _value(metadata.anti_replay, AntiReplayClaims)
    _value(metadata.custom, dict[str, Any])


def _raw(value: object) -> Raw | UnsetType:
    return UNSET if value is None else Raw(msgspec.json.encode(value))


def _value(raw: Raw | UnsetType, kind: type[T]) -> T | None:
    return None if raw is UNSET else msgspec.json.decode(raw, type=kind)
