"""WCP, the Web Connection Protocol (FDC3 2.2): how a web page joins the desktop agent.

The page says hello to the window that opened it (WCP1), is given a message port (WCP3), proves who it is (WCP4, WCP5),
then speaks plain DACP, and says goodbye when it is left (WCP6). WCP3 is given by the host page's script.
"""

from __future__ import annotations

import datetime as dt

import msgspec
from msgspec import UNSET, UnsetType

from fdc3.types.metadata import ImplementationMetadata, Wire


class StepMeta(Wire):
    connection_attempt_uuid: str
    timestamp: dt.datetime


class Hello(Wire):
    identity_url: str
    actual_url: str
    fdc3_version: str


class Identity(Wire):
    """Who a page says it is; ``instance_uuid`` is the secret of an instance that it claims to have been before."""

    identity_url: str
    actual_url: str
    instance_id: str | UnsetType = UNSET
    instance_uuid: str | UnsetType = UNSET

    def __repr__(self) -> str:  # the secret must not reach a log
        return f"Identity({self.actual_url!r})"


class Valid(Wire):
    app_id: str
    instance_id: str
    instance_uuid: str
    implementation_metadata: ImplementationMetadata

    def __repr__(self) -> str:
        return f"Valid({self.app_id!r})"


class Failed(Wire):
    message: str


class Step(msgspec.Struct, kw_only=True, tag_field="type"):
    meta: StepMeta


class WCP1Hello(Step):
    payload: Hello


class WCP4ValidateAppIdentity(Step):
    payload: Identity


class WCP5ValidateAppIdentityResponse(Step):
    payload: Valid


class WCP5ValidateAppIdentityFailedResponse(Step):
    payload: Failed


class WCP6Goodbye(msgspec.Struct, kw_only=True, tag_field="type"):
    pass


_hello = msgspec.json.Decoder(WCP1Hello)
_validate = msgspec.json.Decoder(WCP4ValidateAppIdentity)
_goodbye = msgspec.json.Decoder(WCP6Goodbye)
_encoder = msgspec.json.Encoder()
_UNREADABLE = (msgspec.MsgspecError, UnicodeError, RecursionError)


def encode(step: Step) -> bytes:
    return _encoder.encode(step)


def hello(data: bytes) -> WCP1Hello | None:
    try:
        return _hello.decode(data)
    except _UNREADABLE:
        return None


def validate(data: bytes) -> WCP4ValidateAppIdentity | None:
    try:
        return _validate.decode(data)
    except _UNREADABLE:
        return None


def is_goodbye(data: bytes) -> bool:
    """Whether ``data`` is a goodbye; cheap for all other messages."""
    if len(data) > 500 or b"WCP6Goodbye" not in data:
        return False
    try:
        _goodbye.decode(data)
    except _UNREADABLE:
        return False
    return True
