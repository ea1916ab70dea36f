"""The messages of the Bridge Messaging Protocol as typed structs, and how all bridging messages become bytes.

One struct serves a message on all its ways: an agent leaves out what the bridge adds (``source.desktopAgent``,
``sources``, ``errorSources``). Contexts travel as ``msgspec.Raw``. Reading is strict about what the standard's schemas
require; what they do not know is dropped.
"""

from __future__ import annotations

from typing import ClassVar, Union, cast

import msgspec
from msgspec import UNSET, Raw, UnsetType

from fdc3.bridge.steps import (
    AuthenticationFailed,
    BridgeMessage,
    ConnectedAgentsUpdate,
    Handshake,
    Hello,
    RequestMeta,
    ResponseMeta,
)
from fdc3.limits import DEEPEST, check_depth
from fdc3.types.context import Context
from fdc3.types.errors import MalformedContext
from fdc3.types.messages import (
    AppPayload,
    ChannelIdPayload,
    FindIntentPayload,
    FindIntentsByContextPayload,
    PrivateEventType,
)
from fdc3.types.metadata import (
    AppIdentifier,
    AppIntent,
    AppMetadata,
    IntentResolutionDescription,
    IntentResult,
    Name,
    Wire,
)


class Malformed(ValueError):
    """A message that is not as the standard wants it. ``type`` and ``request_uuid`` are set if they could be read."""

    def __init__(
        self, reason: str, type: str | None = None, request_uuid: str | None = None, *, response: bool = False
    ):
        super().__init__(reason)
        self.type = type
        self.request_uuid = request_uuid
        self.response = response


# Requests -----------------------------------------------------------------------------------------------------------


class BridgeRequest(BridgeMessage):
    meta: RequestMeta
    addressed: ClassVar[bool] = False
    """Whether it is for one agent, always."""


class ContextOnChannel(Wire):
    channel_id: Name
    context: Raw


class OpenPayload(Wire):
    app: AppIdentifier
    context: Raw | UnsetType = UNSET


class RaiseIntentPayload(Wire):
    intent: Name
    context: Raw
    app: AppIdentifier


class ListenerTypePayload(Wire):
    channel_id: Name
    listener_type: PrivateEventType


class ContextTypePayload(Wire):
    channel_id: Name
    context_type: Name | None


class BroadcastRequest(BridgeRequest, tag="broadcastRequest"):
    payload: ContextOnChannel


class FindIntentRequest(BridgeRequest, tag="findIntentRequest"):
    payload: FindIntentPayload


class FindIntentsByContextRequest(BridgeRequest, tag="findIntentsByContextRequest"):
    payload: FindIntentsByContextPayload


class FindInstancesRequest(BridgeRequest, tag="findInstancesRequest"):
    payload: AppPayload


class GetAppMetadataRequest(BridgeRequest, tag="getAppMetadataRequest"):
    payload: AppPayload
    addressed = True


class OpenRequest(BridgeRequest, tag="openRequest"):
    payload: OpenPayload
    addressed = True


class RaiseIntentRequest(BridgeRequest, tag="raiseIntentRequest"):
    payload: RaiseIntentPayload
    addressed = True


class PrivateBroadcast(BridgeRequest, tag="PrivateChannel.broadcast"):
    payload: ContextOnChannel
    addressed = True


class PrivateEventListenerAdded(BridgeRequest, tag="PrivateChannel.eventListenerAdded"):
    payload: ListenerTypePayload
    addressed = True


class PrivateEventListenerRemoved(BridgeRequest, tag="PrivateChannel.eventListenerRemoved"):
    payload: ListenerTypePayload
    addressed = True


class PrivateOnAddContextListener(BridgeRequest, tag="PrivateChannel.onAddContextListener"):
    payload: ContextTypePayload
    addressed = True


class PrivateOnUnsubscribe(BridgeRequest, tag="PrivateChannel.onUnsubscribe"):
    payload: ContextTypePayload
    addressed = True


class PrivateOnDisconnect(BridgeRequest, tag="PrivateChannel.onDisconnect"):
    payload: ChannelIdPayload
    addressed = True


# Responses ----------------------------------------------------------------------------------------------------------


class ResponsePayload(Wire, kw_only=True):
    """What a response can carry: ``error``, or the one field of its kind."""

    error: str | UnsetType = UNSET
    app_identifier: AppIdentifier | UnsetType = UNSET
    app_identifiers: tuple[AppMetadata, ...] | UnsetType = UNSET
    app_metadata: AppMetadata | UnsetType = UNSET
    app_intent: AppIntent | UnsetType = UNSET
    app_intents: tuple[AppIntent, ...] | UnsetType = UNSET
    intent_resolution: IntentResolutionDescription | UnsetType = UNSET
    intent_result: IntentResult | UnsetType = UNSET


class BridgeResponse(BridgeMessage):
    payload: ResponsePayload
    meta: ResponseMeta
    carries: ClassVar[str] = ""
    """The field of the payload that this response has if it is no error."""


class FindIntentResponse(BridgeResponse, tag="findIntentResponse"):
    carries = "app_intent"


class FindIntentsByContextResponse(BridgeResponse, tag="findIntentsByContextResponse"):
    carries = "app_intents"


class FindInstancesResponse(BridgeResponse, tag="findInstancesResponse"):
    carries = "app_identifiers"


class GetAppMetadataResponse(BridgeResponse, tag="getAppMetadataResponse"):
    carries = "app_metadata"


class OpenResponse(BridgeResponse, tag="openResponse"):
    carries = "app_identifier"


class RaiseIntentResponse(BridgeResponse, tag="raiseIntentResponse"):
    carries = "intent_resolution"


class RaiseIntentResultResponse(BridgeResponse, tag="raiseIntentResultResponse"):
    carries = "intent_result"


class ErrorPayload(Wire):
    error: str


class ErrorNotice(msgspec.Struct, rename="camel"):
    """The bridge's general error, for messages that have no response of their own; ``type`` is that of the message."""

    type: str
    payload: ErrorPayload
    meta: ResponseMeta


RESPONSES: dict[type[BridgeRequest], type[BridgeResponse]] = {
    FindIntentRequest: FindIntentResponse,
    FindIntentsByContextRequest: FindIntentsByContextResponse,
    FindInstancesRequest: FindInstancesResponse,
    GetAppMetadataRequest: GetAppMetadataResponse,
    OpenRequest: OpenResponse,
    RaiseIntentRequest: RaiseIntentResponse,
}
RESPONSE_NAMES = {request.type_name(): response for request, response in RESPONSES.items()}
"""Response types by the name of the request."""
STEPS = (Hello, Handshake, AuthenticationFailed, ConnectedAgentsUpdate)
REQUESTS = tuple(BridgeRequest.__subclasses__())
ANSWERS = (*RESPONSES.values(), RaiseIntentResultResponse)

ADDED_DEPTH = 4
"""Levels that bridging puts around what an app may send."""

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[BridgeMessage] = msgspec.json.Decoder(
    cast(type[BridgeMessage], Union[(*STEPS, *REQUESTS, *ANSWERS)])
)
_notices = msgspec.json.Decoder(ErrorNotice)


class _Envelope(msgspec.Struct):
    class Meta(msgspec.Struct):
        requestUuid: str | None = None
        responseUuid: str | None = None

    type: str
    meta: Meta


_envelopes = msgspec.json.Decoder(_Envelope)


def encode(message: BridgeMessage | ErrorNotice) -> bytes:
    return _encoder.encode(message)


def decode(data: bytes | str) -> BridgeMessage:
    """The message in ``data``. Raises ``Malformed``."""
    try:
        check_depth(data, DEEPEST + ADDED_DEPTH)
        message = _decoder.decode(data)
        _check(message)
    except (msgspec.MsgspecError, UnicodeError, RecursionError, MalformedContext) as reason:
        try:
            envelope = _envelopes.decode(data)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            raise Malformed(type(reason).__name__) from None
        raise Malformed(
            type(reason).__name__,
            envelope.type,
            envelope.meta.requestUuid,
            response=envelope.meta.responseUuid is not None,
        ) from None
    return message


def decode_notice(data: bytes | str) -> ErrorNotice | None:
    """The general error in ``data``, if it is one."""
    try:
        return _notices.decode(data)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None


def _check(message: BridgeMessage) -> None:
    """What types alone do not say: contexts have a type, a response has its field, a request its addressee."""
    match message:
        case BridgeResponse(payload=payload):
            if payload.error is UNSET and getattr(payload, message.carries) is UNSET:
                raise msgspec.ValidationError("a response needs its result or an error")
            if payload.intent_result is not UNSET and payload.intent_result.context is not UNSET:
                Context.decode(payload.intent_result.context)
        case BridgeRequest():
            if message.addressed and addressee(message) is None:
                raise msgspec.ValidationError("this request is for one agent and does not say which")
            context = context_of(message)
            if context is not UNSET:
                Context.decode(context)
        case Handshake(payload=payload):
            for contexts in payload.channels_state.values():
                for context in contexts:
                    Context.decode(context)


def addressee(request: BridgeRequest) -> str | None:
    """The agent that a request is for; None: all others. Some say so only by their app."""
    destination = request.meta.destination
    if destination is not UNSET and destination.desktop_agent is not UNSET:
        return destination.desktop_agent
    app = getattr(getattr(request, "payload", None), "app", None)
    return app.desktop_agent if isinstance(app, AppIdentifier) and app.desktop_agent is not UNSET else None


def context_of(request: BridgeRequest) -> Raw | UnsetType:
    """The context in a request's payload."""
    context = getattr(getattr(request, "payload", None), "context", UNSET)
    return context if isinstance(context, Raw) else UNSET
