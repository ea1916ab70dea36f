"""The messages of the Desktop Agent Communication Protocol as typed structs: those of FDC3 2.2 and 3.0 in one set, in
the words of 3.0.

Three kinds: an app sends a ``Request``, the agent answers with the ``Response`` of the same name, and tells apps what
happened by an ``Event``. Contexts travel as ``msgspec.Raw``: the broker forwards the sender's bytes and never rebuilds
them. How these structs become bytes is the business of :mod:`fdc3.types.wire` alone.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal, cast

import msgspec
from msgspec import UNSET, Meta, Raw, UnsetType

from fdc3.types.metadata import (
    AppIdentifier,
    AppIntent,
    AppMetadata,
    ChannelDescription,
    ContextMetadataDescription,
    ImplementationMetadata,
    IntentResolutionDescription,
    IntentResult,
    Name,
    ProvidedMetadata,
    Wire,
)


def _tag(name: str) -> str:
    return name[0].lower() + name[1:]


class Message(msgspec.Struct, rename="camel", omit_defaults=True, tag_field="type", tag=_tag):
    @classmethod
    def type_name(cls) -> str:
        return _tag(cls.__name__)


# Requests -----------------------------------------------------------------------------------------------------------


class RequestSource(Wire, kw_only=True):
    app_id: str = ""
    instance_id: str | UnsetType = UNSET
    desktop_agent: str | UnsetType = UNSET
    intent_handler_error: str | UnsetType = UNSET
    """Ours; see ``fdc3.types.wire``. The standard leaves this object open."""


class RequestMeta(Wire):
    request_uuid: Name
    timestamp: dt.datetime
    source: RequestSource | UnsetType = UNSET
    """What the app says about itself; for debugging only, the broker knows who is speaking."""


class Request(Message, kw_only=True):
    meta: RequestMeta


NO_CONTEXT = Raw(b"null")
NOTHING_SAID = ProvidedMetadata()
"""What stands in a request for metadata that are not there. To be known by identity: apps of 3.0 that say nothing send
an empty object."""


class NoPayload(Wire):
    pass


class ListenerUuidPayload(Wire):
    listener_uuid: str = msgspec.field(name="listenerUUID")


class ContextListenerPayload(Wire):
    channel_id: Name | None
    context_type: Name | None


class EventTypePayload(Wire):
    type: Literal["USER_CHANNEL_CHANGED"] | None


class IntentPayload(Wire):
    intent: Name
    context_types: Annotated[tuple[Name, ...], Meta(max_length=256)] | UnsetType | None = UNSET
    """Unset: contexts of all types."""


class BroadcastPayload(Wire):
    channel_id: Name
    context: Raw
    metadata: ProvidedMetadata | UnsetType = msgspec.field(default_factory=lambda: NOTHING_SAID)


class ChannelIdPayload(Wire):
    channel_id: Name


class AppPayload(Wire):
    app: AppIdentifier


class FindIntentPayload(Wire):
    intent: str
    context: Raw | UnsetType = UNSET
    result_type: str | UnsetType = UNSET


class FindIntentsByContextPayload(Wire):
    context: Raw
    result_type: str | UnsetType = UNSET


class CurrentContextPayload(Wire):
    """Also what to clear: None is all types."""

    channel_id: str
    context_type: str | None


class IntentResultPayload(Wire):
    intent_event_uuid: str
    raise_intent_request_uuid: str
    intent_result: IntentResult
    metadata: ProvidedMetadata | UnsetType = UNSET


class OpenPayload(Wire):
    app: AppIdentifier
    context: Raw | UnsetType = UNSET
    metadata: ProvidedMetadata | UnsetType = msgspec.field(default_factory=lambda: NOTHING_SAID)


PrivateEventType = Literal["addContextListener", "unsubscribe", "disconnect"]


class PrivateEventListenerPayload(Wire):
    private_channel_id: str
    listener_type: PrivateEventType | None


class RaiseIntentPayload(Wire):
    intent: Name
    context: Raw
    app: AppIdentifier | UnsetType = UNSET
    metadata: ProvidedMetadata | UnsetType = msgspec.field(default_factory=lambda: NOTHING_SAID)
    new_instance: bool | UnsetType = UNSET
    """True: start the app anew. False: only an instance that runs. Unset: as the agent or the user decides."""


class RaiseIntentForContextPayload(Wire):
    context: Raw
    app: AppIdentifier | UnsetType = UNSET
    metadata: ProvidedMetadata | UnsetType = msgspec.field(default_factory=lambda: NOTHING_SAID)
    new_instance: bool | UnsetType = UNSET


class HeartbeatPayload(Wire):
    heartbeat_event_uuid: str


class AddContextListenerRequest(Request):
    payload: ContextListenerPayload


class AddEventListenerRequest(Request):
    payload: EventTypePayload


class AddIntentListenerRequest(Request):
    payload: IntentPayload


class BroadcastRequest(Request):
    payload: BroadcastPayload


class ClearContextRequest(Request):
    payload: CurrentContextPayload


class CloseRequest(Request):
    """An app asks to be closed. It is answered only if that fails."""

    payload: NoPayload


class ContextListenerUnsubscribeRequest(Request):
    payload: ListenerUuidPayload


class CreatePrivateChannelRequest(Request):
    payload: NoPayload


class EventListenerUnsubscribeRequest(Request):
    payload: ListenerUuidPayload


class FindInstancesRequest(Request):
    payload: AppPayload


class FindIntentRequest(Request):
    payload: FindIntentPayload


class FindIntentsByContextRequest(Request):
    payload: FindIntentsByContextPayload


class GetAppMetadataRequest(Request):
    payload: AppPayload


class GetCurrentChannelRequest(Request):
    payload: NoPayload


class GetCurrentContextRequest(Request):
    payload: CurrentContextPayload


class GetInfoRequest(Request):
    payload: NoPayload


class GetOrCreateChannelRequest(Request):
    payload: ChannelIdPayload


class GetUserChannelsRequest(Request):
    payload: NoPayload


class HeartbeatAcknowledgementRequest(Request):
    payload: HeartbeatPayload


class IntentListenerUnsubscribeRequest(Request):
    payload: ListenerUuidPayload


class IntentResultRequest(Request):
    payload: IntentResultPayload


class JoinUserChannelRequest(Request):
    payload: ChannelIdPayload


class LeaveCurrentChannelRequest(Request):
    payload: NoPayload


class OpenRequest(Request):
    payload: OpenPayload


class PrivateChannelAddEventListenerRequest(Request):
    payload: PrivateEventListenerPayload


class PrivateChannelDisconnectRequest(Request):
    payload: ChannelIdPayload


class PrivateChannelUnsubscribeEventListenerRequest(Request):
    payload: ListenerUuidPayload


class RaiseIntentForContextRequest(Request):
    payload: RaiseIntentForContextPayload


class RaiseIntentRequest(Request):
    payload: RaiseIntentPayload


# Responses ----------------------------------------------------------------------------------------------------------


class ResponseMeta(Wire):
    request_uuid: str
    response_uuid: str
    timestamp: dt.datetime
    source: AppIdentifier | UnsetType = UNSET


class ResponsePayload(Wire, kw_only=True):
    """What a response can carry; each kind of response uses a few of these fields, or ``error`` alone."""

    error: str | UnsetType = UNSET
    listener_uuid: str | UnsetType = msgspec.field(name="listenerUUID", default=UNSET)
    private_channel: ChannelDescription | UnsetType = UNSET
    app_identifiers: tuple[AppMetadata, ...] | UnsetType = UNSET
    app_intent: AppIntent | UnsetType = UNSET
    app_intents: tuple[AppIntent, ...] | UnsetType = UNSET
    app_metadata: AppMetadata | UnsetType = UNSET
    channel: ChannelDescription | UnsetType | None = UNSET
    context: Raw | UnsetType = UNSET
    """The JSON ``null`` if there is no current context."""
    metadata: ContextMetadataDescription | UnsetType | None = UNSET
    implementation_metadata: ImplementationMetadata | UnsetType = UNSET
    user_channels: tuple[ChannelDescription, ...] | UnsetType = UNSET
    app_identifier: AppIdentifier | UnsetType = UNSET
    intent_resolution: IntentResolutionDescription | UnsetType = UNSET
    intent_result: IntentResult | UnsetType = UNSET
    result_metadata: ContextMetadataDescription | UnsetType = UNSET


class Response(Message, kw_only=True):
    payload: ResponsePayload
    meta: ResponseMeta


class RaiseIntentResultResponse(Response):
    """The one response without a request of its own: it follows ``raiseIntentResponse`` with the same uuid."""


def _response_to(request: type[Request]) -> type[Response]:
    name = request.__name__.removesuffix("Request") + "Response"
    return cast(type[Response], msgspec.defstruct(name, [], bases=(Response,), module=__name__))


REQUESTS: tuple[type[Request], ...] = tuple(Request.__subclasses__())
RESPONSES: dict[type[Request], type[Response]] = {
    request: _response_to(request) for request in REQUESTS if request is not HeartbeatAcknowledgementRequest
}
"""The response type that answers each request type. A heartbeat acknowledgement is not answered."""


# Events -------------------------------------------------------------------------------------------------------------


class EventMeta(Wire):
    event_uuid: str
    timestamp: dt.datetime


class Event(Message, kw_only=True):
    meta: EventMeta


class BroadcastEventPayload(Wire):
    channel_id: str | None
    """None: the context was given with ``open`` and belongs to no channel."""
    context: Raw
    metadata: ContextMetadataDescription


class ChannelChangedPayload(Wire):
    current_channel_id: str | None


class ContextClearedPayload(Wire):
    channel_id: str | None
    context_type: str | None


class IntentEventPayload(Wire):
    intent: str
    context: Raw
    raise_intent_request_uuid: str
    metadata: ContextMetadataDescription


class PrivateListenerEventPayload(Wire):
    private_channel_id: str
    context_type: str | None


class PrivateDisconnectPayload(Wire):
    private_channel_id: str


class BroadcastEvent(Event):
    payload: BroadcastEventPayload


class ChannelChangedEvent(Event):
    payload: ChannelChangedPayload


class ContextClearedEvent(Event):
    payload: ContextClearedPayload


class HeartbeatEvent(Event):
    payload: NoPayload


class IntentEvent(Event):
    payload: IntentEventPayload


class PrivateChannelOnAddContextListenerEvent(Event):
    payload: PrivateListenerEventPayload


class PrivateChannelOnUnsubscribeEvent(Event):
    payload: PrivateListenerEventPayload


class PrivateChannelOnDisconnectEvent(Event):
    payload: PrivateDisconnectPayload


EVENTS: tuple[type[Event], ...] = tuple(Event.__subclasses__())
AgentMessage = Response | Event
