"""FDC3 2.2 on the wire: what it lacks is left out, what it calls otherwise renamed. See ``docs/fdc3-versions.md``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from msgspec import UNSET, Raw, UnsetType
from msgspec.structs import replace

from fdc3.types import messages as m
from fdc3.types.codec import Codec
from fdc3.types.errors import CreationFailed, MalformedContext, NoChannelFound
from fdc3.types.metadata import (
    AppIdentifier,
    ContextMetadataDescription,
    ImplementationMetadata,
    Wire,
)

UNKNOWN = AppIdentifier("unknown")
"""The source of a context from an agent that does not say it."""


class _BroadcastPayload(Wire):
    channel_id: str | None
    context: Raw
    originating_app: AppIdentifier | UnsetType = UNSET


class _BroadcastEvent(m.Message, kw_only=True, tag="broadcastEvent"):
    payload: _BroadcastPayload
    meta: m.EventMeta


class _IntentPayload(Wire):
    intent: str
    context: Raw
    raise_intent_request_uuid: str
    originating_app: AppIdentifier | UnsetType = UNSET


class _IntentEvent(m.Message, kw_only=True, tag="intentEvent"):
    payload: _IntentPayload
    meta: m.EventMeta


class _ChannelChangedPayload(Wire):
    new_channel_id: str | None


class _ChannelChangedEvent(m.Message, kw_only=True, tag="channelChangedEvent"):
    payload: _ChannelChangedPayload
    meta: m.EventMeta


_NEW_REQUESTS = (m.ClearContextRequest, m.CloseRequest)
_NEW = frozenset((*_NEW_REQUESTS, *(m.RESPONSES[kind] for kind in _NEW_REQUESTS), m.ContextClearedEvent))
_OTHERWISE = (m.BroadcastEvent, m.IntentEvent, m.ChannelChangedEvent)
_AS_THEY_ARE: tuple[type[m.Message], ...] = (*m.RESPONSES.values(), m.RaiseIntentResultResponse, *m.EVENTS)

# Responses whose schema lists only channel errors cannot say "MalformedMessage".
_MALFORMED = {
    "broadcastRequest": MalformedContext,
    "addContextListenerRequest": NoChannelFound,
    "getCurrentContextRequest": NoChannelFound,
    "joinUserChannelRequest": NoChannelFound,
    "privateChannelAddEventListenerRequest": NoChannelFound,
    "privateChannelDisconnectRequest": NoChannelFound,
    "getOrCreateChannelRequest": CreationFailed,
    "createPrivateChannelRequest": CreationFailed,
    "leaveCurrentChannelRequest": NoChannelFound,
    "getUserChannelsRequest": NoChannelFound,
    "addIntentListenerRequest": MalformedContext,
}


class Fdc3v22:
    version = "2.2"

    def __init__(self) -> None:
        others = (*_NEW, *_OTHERWISE)
        as_they_are: list[type[m.Message]] = [kind for kind in _AS_THEY_ARE if kind not in others]
        self._codec = Codec(
            m.REQUESTS,
            (*as_they_are, _BroadcastEvent, _IntentEvent, _ChannelChangedEvent),
            _MALFORMED,
        )

    def knows(self, kind: type[m.Message]) -> bool:
        return kind not in _NEW

    def decode_request(self, data: bytes | str) -> m.Request:
        return self._codec.read_request(data)

    def covers(self, request: m.Request) -> bool:
        kind = type(request)
        return kind not in _NEW and not (kind in _ADDED and _says(request, _ADDED[kind]))

    def decode_agent_message(self, data: bytes | str) -> m.AgentMessage:
        message = self._codec.read_agent_message(data)
        in_our_words = _FROM_2_2.get(type(message))
        return cast(m.AgentMessage, message if in_our_words is None else in_our_words(message))

    def encode(self, message: m.Message) -> bytes:
        in_its_words = _TO_2_2.get(type(message))
        return self._codec.write(message if in_its_words is None else in_its_words(message))

    def implementation(self, known: ImplementationMetadata) -> ImplementationMetadata:
        return _implementation(known)


# From 2.2


def _broadcast(event: _BroadcastEvent) -> m.BroadcastEvent:
    payload = event.payload
    known = _metadata(payload.originating_app, event.meta)
    return m.BroadcastEvent(
        payload=m.BroadcastEventPayload(payload.channel_id, payload.context, known), meta=event.meta
    )


def _intent(event: _IntentEvent) -> m.IntentEvent:
    payload = event.payload
    known = _metadata(payload.originating_app, event.meta)
    raised = m.IntentEventPayload(payload.intent, payload.context, payload.raise_intent_request_uuid, known)
    return m.IntentEvent(payload=raised, meta=event.meta)


def _metadata(source: AppIdentifier | UnsetType, meta: m.EventMeta) -> ContextMetadataDescription:
    known = UNKNOWN if source is UNSET else source
    return ContextMetadataDescription(source=known, timestamp=meta.timestamp, trace_id="")


def _channel_changed(event: _ChannelChangedEvent) -> m.ChannelChangedEvent:
    return m.ChannelChangedEvent(payload=m.ChannelChangedPayload(event.payload.new_channel_id), meta=event.meta)


# To 2.2


def _to_broadcast(event: m.BroadcastEvent) -> _BroadcastEvent:
    payload = event.payload
    said = _BroadcastPayload(payload.channel_id, payload.context, payload.metadata.source)
    return _BroadcastEvent(payload=said, meta=event.meta)


def _to_intent(event: m.IntentEvent) -> _IntentEvent:
    payload = event.payload
    uuid, source = payload.raise_intent_request_uuid, payload.metadata.source
    return _IntentEvent(payload=_IntentPayload(payload.intent, payload.context, uuid, source), meta=event.meta)


def _to_channel_changed(event: m.ChannelChangedEvent) -> _ChannelChangedEvent:
    return _ChannelChangedEvent(payload=_ChannelChangedPayload(event.payload.current_channel_id), meta=event.meta)


def _to_answer(response: m.Response) -> m.Response:
    answer = response.payload
    if answer.metadata is not UNSET or answer.result_metadata is not UNSET:
        answer = replace(answer, metadata=UNSET, result_metadata=UNSET)
    if answer.implementation_metadata is not UNSET:
        answer = replace(answer, implementation_metadata=_implementation(answer.implementation_metadata))
    return response if answer is response.payload else replace(response, payload=answer)


def _implementation(known: ImplementationMetadata) -> ImplementationMetadata:
    features = replace(known.optional_features, OriginatingAppMetadata=True)
    return replace(known, fdc3_version=Fdc3v22.version, optional_features=features)


_ADDED: dict[type[m.Message], tuple[str, ...]] = {
    m.AddIntentListenerRequest: ("context_types",),
    m.BroadcastRequest: ("metadata",),
    m.IntentResultRequest: ("metadata",),
    m.OpenRequest: ("metadata",),
    m.RaiseIntentForContextRequest: ("metadata", "new_instance"),
    m.RaiseIntentRequest: ("metadata", "new_instance"),
}
"""What 3.0 has added to the payloads of requests."""


def _says(request: Any, parts: tuple[str, ...]) -> bool:
    """Whether any of these parts of its payload is there."""
    for part in parts:
        said = getattr(request.payload, part)
        if said is not UNSET and said is not m.NOTHING_SAID:
            return True
    return False


def _to_request(request: Any) -> m.Message:
    payload = replace(request.payload, **dict.fromkeys(_ADDED[type(request)], UNSET))
    return cast(m.Message, replace(request, payload=payload))


_FROM_2_2: dict[type[m.Message], Callable[[Any], m.Message]] = {
    _BroadcastEvent: _broadcast,
    _IntentEvent: _intent,
    _ChannelChangedEvent: _channel_changed,
}
_TO_2_2: dict[type[m.Message], Callable[[Any], m.Message]] = {
    m.BroadcastEvent: _to_broadcast,
    m.IntentEvent: _to_intent,
    m.ChannelChangedEvent: _to_channel_changed,
    **dict.fromkeys((*m.RESPONSES.values(), m.RaiseIntentResultResponse), _to_answer),
    **dict.fromkeys(_ADDED, _to_request),
}
