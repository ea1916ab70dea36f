"""Bytes to messages and back: the dialects, which alone know the wire form of each version of FDC3.

A ``Dialect`` is chosen per connection; broker, client and transports know one set of messages, whoever speaks. Another
version of the standard is another ``Dialect``.
"""

from __future__ import annotations

from typing import Final, cast

from fdc3.types import messages as m
from fdc3.types.codec import READ_ERRORS, Codec, Dialect, Unreadable
from fdc3.types.errors import ErrorOnClose, Fdc3Error, InvalidArguments
from fdc3.types.metadata import ImplementationMetadata
from fdc3.types.wire_2_2 import Fdc3v22

__all__ = [
    "FDC3_2_2",
    "FDC3_3_0",
    "READ_ERRORS",
    "Dialect",
    "Fdc3v22",
    "Fdc3v30",
    "Unreadable",
    "dialect_for",
]

# Where the standard lists the errors of a response, bad arguments are among them.
_MALFORMED: dict[str, type[Fdc3Error]] = {
    kind.type_name(): InvalidArguments
    for kind in (
        m.AddContextListenerRequest,
        m.AddIntentListenerRequest,
        m.BroadcastRequest,
        m.ClearContextRequest,
        m.CreatePrivateChannelRequest,
        m.FindInstancesRequest,
        m.FindIntentRequest,
        m.FindIntentsByContextRequest,
        m.GetAppMetadataRequest,
        m.GetCurrentContextRequest,
        m.GetOrCreateChannelRequest,
        m.GetUserChannelsRequest,
        m.JoinUserChannelRequest,
        m.LeaveCurrentChannelRequest,
        m.OpenRequest,
        m.PrivateChannelAddEventListenerRequest,
        m.PrivateChannelDisconnectRequest,
        m.RaiseIntentForContextRequest,
        m.RaiseIntentRequest,
    )
} | {m.CloseRequest.type_name(): ErrorOnClose}


class Fdc3v30:
    """FDC3 3.0 (the standard's main branch): our messages as they are."""

    version = "3.0"

    def __init__(self) -> None:
        self._codec = Codec(m.REQUESTS, (*m.RESPONSES.values(), m.RaiseIntentResultResponse, *m.EVENTS), _MALFORMED)

    def knows(self, kind: type[m.Message]) -> bool:
        return True

    def decode_request(self, data: bytes | str) -> m.Request:
        return self._codec.read_request(data)

    def covers(self, request: m.Request) -> bool:
        return True

    def decode_agent_message(self, data: bytes | str) -> m.AgentMessage:
        return cast(m.AgentMessage, self._codec.read_agent_message(data))

    def encode(self, message: m.Message) -> bytes:
        return self._codec.write(message)

    def implementation(self, known: ImplementationMetadata) -> ImplementationMetadata:
        return known


FDC3_2_2: Final = Fdc3v22()
FDC3_3_0: Final = Fdc3v30()


def dialect_for(fdc3_version: str | None) -> Dialect:
    """The dialect for the version an app says it speaks: any 3.x is spoken to in 3.0, all others in 2.2."""
    return FDC3_3_0 if (fdc3_version or "").strip().partition(".")[0] == "3" else FDC3_2_2
