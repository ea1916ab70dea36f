"""Bytes to messages and back: the one place that knows the wire form of FDC3 2.2.

A ``Dialect`` is chosen per connection. Another version of the standard is another ``Dialect`` that maps the same
messages to its own bytes; broker, client and transports do not change.
"""

from __future__ import annotations

import re
from typing import Protocol, Union, cast

import msgspec
from msgspec import UNSET
from msgspec.structs import replace

from fdc3.types.errors import CreationFailed, Fdc3Error, MalformedContext, MalformedMessage, NoChannelFound
from fdc3.types.messages import (
    EVENTS,
    REQUESTS,
    RESPONSES,
    AgentMessage,
    IntentResultRequest,
    Message,
    RaiseIntentResultResponse,
    Request,
    RequestMeta,
    RequestSource,
)
from fdc3.types.metadata import IntentResult

READ_ERRORS = (msgspec.MsgspecError, UnicodeError, RecursionError)
"""What the decoder raises on bytes from outside: bad JSON, wrong shapes, broken UTF-8, absurd nesting."""


class Unreadable(Exception):
    """Bytes that are no request. ``request_type`` and ``request_uuid`` are set if at least these could be read."""

    def __init__(self, reason: str, request_type: str | None = None, request_uuid: str | None = None) -> None:
        super().__init__(reason)
        self.request_type = request_type
        self.request_uuid = request_uuid

    @property
    def error(self) -> Fdc3Error:
        """The nearest error string that the standard allows in the response to such a request."""
        return _MALFORMED.get(self.request_type or "", MalformedMessage)()


class Dialect(Protocol):
    version: str

    def decode_request(self, data: bytes | str) -> Request:
        """A request from an app. Raises ``Unreadable``."""

    def decode_agent_message(self, data: bytes | str) -> AgentMessage:
        """A response or event from the agent. Raises ``Unreadable``."""

    def encode(self, message: Message) -> bytes: ...


class _Envelope(msgspec.Struct):
    class Meta(msgspec.Struct):
        requestUuid: str

    type: str
    meta: Meta


# Responses whose schema lists only channel errors cannot say "MalformedMessage".
_MALFORMED: dict[str, type[Fdc3Error]] = {
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
    """JSON as FDC3 2.2 defines it. Unknown fields are ignored when reading."""

    version = "2.2"

    def __init__(self) -> None:
        responses = (*RESPONSES.values(), RaiseIntentResultResponse)
        self._requests: msgspec.json.Decoder[Request] = msgspec.json.Decoder(cast(type[Request], Union[REQUESTS]))  # noqa: UP007
        self._agent_messages: msgspec.json.Decoder[AgentMessage] = msgspec.json.Decoder(
            cast(type[AgentMessage], Union[(*responses, *EVENTS)])
        )
        self._envelope = msgspec.json.Decoder(_Envelope)
        self._encoder = msgspec.json.Encoder()

    def decode_request(self, data: bytes | str) -> Request:
        try:
            request = self._requests.decode(data)
        except READ_ERRORS as reason:
            try:
                envelope = self._envelope.decode(data)
            except READ_ERRORS:
                raise Unreadable(_without_values(reason)) from None
            raise Unreadable(_without_values(reason), envelope.type, envelope.meta.requestUuid) from None
        return _with_error_in_place(request) if isinstance(request, IntentResultRequest) else request

    def decode_agent_message(self, data: bytes | str) -> AgentMessage:
        try:
            return self._agent_messages.decode(data)
        except READ_ERRORS as reason:
            raise Unreadable(_without_values(reason)) from None

    def encode(self, message: Message) -> bytes:
        if isinstance(message, IntentResultRequest) and message.payload.intent_result.error is not UNSET:
            message = _with_error_aside(message)
        return self._encoder.encode(message)


def _without_values(reason: Exception) -> str:
    """What is wrong with a message, without its values: this is for logs, where clients' data must not be."""
    return "broken UTF-8" if isinstance(reason, UnicodeError) else re.sub(r"'.*'", "'...'", str(reason), flags=re.S)


# A handler that fails has no words in 2.2: its result can only be a context, a channel or nothing. What is sent is
# "nothing", plus the error in the one place of the message that the schema leaves open. Other agents see "nothing".


def _with_error_aside(message: IntentResultRequest) -> IntentResultRequest:
    source = RequestSource(app_id="unknown", intent_handler_error=message.payload.intent_result.error)
    meta = RequestMeta(message.meta.request_uuid, message.meta.timestamp, source)
    return IntentResultRequest(payload=replace(message.payload, intent_result=IntentResult()), meta=meta)


def _with_error_in_place(message: IntentResultRequest) -> IntentResultRequest:
    source = message.meta.source
    if source is UNSET or source.intent_handler_error is UNSET:
        return message
    result = IntentResult(error=source.intent_handler_error)
    return IntentResultRequest(payload=replace(message.payload, intent_result=result), meta=message.meta)


FDC3_2_2 = Fdc3v22()
