"""WSCP, the WebSocket Connection Protocol (draft 1.0): how a program of its own process joins the desktop agent.

One connect message each way, the first carrying the secret the agent minted for this instance; then plain DACP.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

import msgspec
from msgspec import UNSET, UnsetType

from fdc3.types.metadata import ImplementationMetadata, Wire
from fdc3.types.wire import FDC3_2_2, FDC3_3_0, Dialect

PROTOCOL_VERSION: Final = "1.0"
SUPERSEDED: Final = 4001
"""Ours: the close code of a socket whose instance has been taken over by a newer one. Whoever gets it stays away, or
two programs with one secret would take the instance from each other for ever."""

SPEAKS_3_0: Final = "fdc3-3.0"
"""Ours: WSCP does not say which version of FDC3 is spoken. A program that speaks 3.0 offers this subprotocol when it
opens the socket; where the other side does not pick it, the two speak 2.2."""


def dialect_of(subprotocol: str | None) -> Dialect:
    return FDC3_3_0 if subprotocol == SPEAKS_3_0 else FDC3_2_2


class ConnectionMeta(Wire):
    connection_attempt_uuid: str
    timestamp: dt.datetime


class GoodbyeMeta(Wire):
    timestamp: dt.datetime


class ApplicationConnect(Wire):
    protocol_version: str
    shared_secret: str | UnsetType = UNSET

    def __repr__(self) -> str:  # the secret must not reach a log
        return f"ApplicationConnect(protocol_version={self.protocol_version!r})"


class DesktopAgentConnect(Wire):
    protocol_version: str
    implementation_metadata: ImplementationMetadata


class ConnectFailed(Wire):
    message: str


class WSCPApplicationConnect(msgspec.Struct, kw_only=True, tag_field="type"):
    payload: ApplicationConnect
    meta: ConnectionMeta


class WSCPDesktopAgentConnect(msgspec.Struct, kw_only=True, tag_field="type"):
    payload: DesktopAgentConnect
    meta: ConnectionMeta


class WSCPConnectFailed(msgspec.Struct, kw_only=True, tag_field="type"):
    payload: ConnectFailed
    meta: ConnectionMeta


class WSCPGoodbye(msgspec.Struct, kw_only=True, tag_field="type"):
    meta: GoodbyeMeta


ConnectionStep = WSCPApplicationConnect | WSCPDesktopAgentConnect | WSCPConnectFailed | WSCPGoodbye
_decoder: msgspec.json.Decoder[ConnectionStep] = msgspec.json.Decoder(ConnectionStep)
_encoder = msgspec.json.Encoder()


def encode(step: ConnectionStep) -> bytes:
    return _encoder.encode(step)


def decode(data: bytes | str) -> ConnectionStep | None:
    """The connection step in ``data``, or None if it is something else."""
    try:
        return _decoder.decode(data)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None


def is_goodbye(data: bytes) -> bool:
    """Whether ``data`` is a goodbye; cheap for all other messages."""
    return len(data) < 200 and b"WSCPGoodbye" in data and isinstance(decode(data), WSCPGoodbye)
