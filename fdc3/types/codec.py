"""What the dialects of the standard share: reading bytes from outside, and saying what is wrong with them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol, Union, cast

import msgspec
from msgspec import UNSET
from msgspec.structs import replace

from fdc3.limits import check_depth
from fdc3.types import context_metadata
from fdc3.types.errors import Fdc3Error, MalformedMessage
from fdc3.types.messages import (
    AgentMessage,
    BroadcastRequest,
    IntentResultRequest,
    Message,
    OpenRequest,
    RaiseIntentForContextRequest,
    RaiseIntentRequest,
    Request,
    RequestMeta,
    RequestSource,
)
from fdc3.types.metadata import ImplementationMetadata, IntentResult

READ_ERRORS = (msgspec.MsgspecError, UnicodeError, RecursionError)
"""What the decoder raises on bytes from outside: bad JSON, wrong shapes, broken UTF-8, absurd nesting."""


class Unreadable(Exception):
    """Bytes that are no request. ``request_type`` and ``request_uuid`` are set if at least these could be read, and
    ``error`` is then the nearest error that the standard allows in the response to such a request."""

    def __init__(
        self,
        reason: str,
        request_type: str | None = None,
        request_uuid: str | None = None,
        error: type[Fdc3Error] = MalformedMessage,
    ) -> None:
        super().__init__(reason)
        self.request_type = request_type
        self.request_uuid = request_uuid
        self.error = error()


class Dialect(Protocol):
    @property
    def version(self) -> str:
        """The version of the standard: "2.2"."""

    def knows(self, kind: type[Message]) -> bool:
        """Whether there is such a message in this version; what it does not know need not be sent."""

    def decode_request(self, data: bytes | str) -> Request:
        """A request from an app, with all that is in it. Raises ``Unreadable``."""

    def covers(self, request: Request) -> bool:
        """Whether this version has all that is in the request."""

    def decode_agent_message(self, data: bytes | str) -> AgentMessage:
        """A response or event from the agent. Raises ``Unreadable``."""

    def encode(self, message: Message) -> bytes: ...

    def implementation(self, known: ImplementationMetadata) -> ImplementationMetadata:
        """The agent's description of itself in this version's words."""


class _Envelope(msgspec.Struct):
    class Meta(msgspec.Struct):
        requestUuid: str

    type: str
    meta: Meta


_envelope = msgspec.json.Decoder(_Envelope)
_encoder = msgspec.json.Encoder()


class Codec:
    """JSON as it comes and goes. Unknown fields are ignored when reading.

    ``malformed``: the error to answer an unreadable request with, by its type.
    """

    def __init__(
        self,
        requests: Iterable[type[Request]],
        agent_messages: Iterable[type[Message]],
        malformed: Mapping[str, type[Fdc3Error]],
    ) -> None:
        kinds = tuple(requests)
        self._requests: msgspec.json.Decoder[Request] = msgspec.json.Decoder(cast(type[Request], Union[kinds]))  # noqa: UP007
        self._agent_messages: msgspec.json.Decoder[Message] = msgspec.json.Decoder(
            cast(type[Message], Union[tuple(agent_messages)])  # noqa: UP007
        )
        self._names = {kind.type_name() for kind in kinds}
        self._malformed = malformed

    def read_request(self, data: bytes | str) -> Request:
        try:
            check_depth(data)
            request = self._requests.decode(data)
            with_metadata = _WITH_METADATA.get(type(request))
            return request if with_metadata is None else with_metadata(request)
        except READ_ERRORS as reason:
            raise self._unreadable(data, reason) from None

    def read_agent_message(self, data: bytes | str) -> Message:
        try:
            return self._agent_messages.decode(data)
        except READ_ERRORS as reason:
            raise Unreadable(_without_values(reason)) from None

    def write(self, message: Message) -> bytes:
        if type(message) is IntentResultRequest and message.payload.intent_result.error is not UNSET:
            message = _with_error_aside(message)
        return _encoder.encode(message)

    def _unreadable(self, data: bytes | str, reason: Exception) -> Unreadable:
        try:
            envelope = _envelope.decode(data)
        except READ_ERRORS:
            return Unreadable(_without_values(reason))
        if envelope.type not in self._names:
            return Unreadable(_without_values(reason))
        error = self._malformed.get(envelope.type, MalformedMessage)
        return Unreadable(_without_values(reason), envelope.type, envelope.meta.requestUuid, error)


def _without_values(reason: Exception) -> str:
    """What is wrong with a message, without its values: this is for logs, where clients' data must not be."""
    return "broken UTF-8" if isinstance(reason, UnicodeError) else re.sub(r"'.*'", "'...'", str(reason), flags=re.S)


# A handler that fails has no words in the standard: its result can only be a context, a channel or nothing. What is
# sent is "nothing", plus the error in the one place of the message that the schema leaves open. Others see "nothing".


def _with_error_aside(message: IntentResultRequest) -> IntentResultRequest:
    source = RequestSource(app_id="unknown", intent_handler_error=message.payload.intent_result.error)
    meta = RequestMeta(message.meta.request_uuid, message.meta.timestamp, source)
    return IntentResultRequest(payload=replace(message.payload, intent_result=IntentResult()), meta=meta)


def _with_error_in_place(message: IntentResultRequest) -> IntentResultRequest:
    _checked(message)
    source = message.meta.source
    if source is UNSET or source.intent_handler_error is UNSET:
        return message
    result = IntentResult(error=source.intent_handler_error)
    return IntentResultRequest(payload=replace(message.payload, intent_result=result), meta=message.meta)


_Said = BroadcastRequest | OpenRequest | RaiseIntentRequest | RaiseIntentForContextRequest | IntentResultRequest


def _checked(request: _Said) -> Request:
    if request.payload.metadata is not UNSET:
        context_metadata.check(request.payload.metadata)
    return request


# By type: asking ``isinstance`` of msgspec's structs costs as much as reading them.
_WITH_METADATA: dict[type[Request], Callable[[Any], Request]] = {
    **dict.fromkeys((BroadcastRequest, OpenRequest, RaiseIntentRequest, RaiseIntentForContextRequest), _checked),
    IntentResultRequest: _with_error_in_place,
}
