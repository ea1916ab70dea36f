"""FDC3 2.2 on the wire: what it lacks is left out, what it calls otherwise renamed. See ``docs/fdc3-versions.md``."""

from __future__ import annotations

from typing import cast

from msgspec import UNSET, Raw, UnsetType
from msgspec.structs import replace

from fdc3.types import messages as m
from fdc3.types.codec import REQUESTS_WITH_METADATA, Codec
from fdc3.types.errors import CreationFailed, MalformedContext, NoChannelFound
from fdc3.types.metadata import (
    AppIdentifier,
    ContextMetadataDescription,
    ImplementationMetadata,
    ProvidedMetadata,
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
_NEW = (*_NEW_REQUESTS, *(m.RESPONSES[kind] for kind in _NEW_REQUESTS), m.ContextClearedEvent)
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
            [kind for kind in m.REQUESTS if kind not in _NEW],
            (*as_they_are, _BroadcastEvent, _IntentEvent, _ChannelChangedEvent),
            _MALFORMED,
        )

    def knows(self, kind: type[m.Message]) -> bool:
        return kind not in _NEW

    def decode_request(self, data: bytes | str) -> m.Request:
        request = self._codec.read_request(data)
        if isinstance(request, REQUESTS_WITH_METADATA):
            request.payload.metadata = UNSET if isinstance(request, m.IntentResultRequest) else ProvidedMetadata()
        _forget(request)
        return request

    def decode_agent_message(self, data: bytes | str) -> m.AgentMessage:
        message = self._codec.read_agent_message(data)
        match message:
            case _BroadcastEvent(payload=payload, meta=meta):
                known = _metadata(payload.originating_app, meta)
                return m.BroadcastEvent(
                    payload=m.BroadcastEventPayload(payload.channel_id, payload.context, known), meta=meta
                )
            case _IntentEvent(payload=payload, meta=meta):
                known = _metadata(payload.originating_app, meta)
                raised = payload.raise_intent_request_uuid
                return m.IntentEvent(
                    payload=m.IntentEventPayload(payload.intent, payload.context, raised, known), meta=meta
                )
            case _ChannelChangedEvent(payload=payload, meta=meta):
                return m.ChannelChangedEvent(payload=m.ChannelChangedPayload(payload.new_channel_id), meta=meta)
        return cast(m.AgentMessage, message)

    def encode(self, message: m.Message) -> bytes:
        return self._codec.write(self._in_our_words(message))

    def _in_our_words(self, message: m.Message) -> m.Message:
        match message:
            case m.BroadcastEvent(payload=event, meta=meta):
                source = event.metadata.source
                return _BroadcastEvent(payload=_BroadcastPayload(event.channel_id, event.context, source), meta=meta)
            case m.IntentEvent(payload=raised, meta=meta):
                source, uuid = raised.metadata.source, raised.raise_intent_request_uuid
                return _IntentEvent(payload=_IntentPayload(raised.intent, raised.context, uuid, source), meta=meta)
            case m.ChannelChangedEvent(payload=changed, meta=meta):
                return _ChannelChangedEvent(payload=_ChannelChangedPayload(changed.current_channel_id), meta=meta)
            case m.Response(payload=answer):
                if answer.metadata is not UNSET or answer.result_metadata is not UNSET:
                    answer = replace(answer, metadata=UNSET, result_metadata=UNSET)
                if answer.implementation_metadata is not UNSET:
                    known = self.implementation(answer.implementation_metadata)
                    answer = replace(answer, implementation_metadata=known)
                return message if answer is message.payload else replace(message, payload=answer)
            case m.Request(payload=payload) if isinstance(message, REQUESTS_WITH_METADATA):  # type: ignore[misc]
                request = replace(message, payload=replace(payload, metadata=UNSET))
                _forget(request)
                return request
            case m.AddIntentListenerRequest(payload=payload):
                return replace(message, payload=replace(payload, context_types=UNSET))
        return message

    def implementation(self, known: ImplementationMetadata) -> ImplementationMetadata:
        features = replace(known.optional_features, OriginatingAppMetadata=True)
        return replace(known, fdc3_version=self.version, optional_features=features)


def _forget(request: m.Request) -> None:
    """Drops from a request what 2.2 does not know."""
    if isinstance(request, m.RaiseIntentRequest | m.RaiseIntentForContextRequest):
        request.payload.new_instance = UNSET
    elif isinstance(request, m.AddIntentListenerRequest):
        request.payload.context_types = UNSET


def _metadata(source: AppIdentifier | UnsetType, meta: m.EventMeta) -> ContextMetadataDescription:
    known = UNKNOWN if source is UNSET else source
    return ContextMetadataDescription(source=known, timestamp=meta.timestamp, trace_id="")
