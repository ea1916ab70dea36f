"""What the broker asks its host to do. Structs: they are made for every message, and frozen dataclasses cost more."""

from __future__ import annotations

import msgspec

from fdc3.types.context import Context
from fdc3.types.messages import AgentMessage, RaiseIntentForContextRequest, RaiseIntentRequest
from fdc3.types.metadata import AppIdentifier, AppIntent


class Deliver(msgspec.Struct, frozen=True):
    """Send one message to these instances. It is one object so that it is encoded once for all of them."""

    to: tuple[str, ...]
    message: AgentMessage
    source: AppIdentifier | None = None
    """Whose doing an event on a channel is."""


class Launch(msgspec.Struct, frozen=True):
    """Start an app. Report failure with ``Broker.launch_failed``; success is the instance connecting."""

    app_id: str
    instance_id: str


class ResolutionRequest(msgspec.Struct, frozen=True):
    """What the trader is asked: which of these apps shall handle the intent?

    ``options`` holds one entry per intent (several only for ``raiseIntentForContext``). An app with an instance id is
    running; the same app without one means a new instance.
    """

    id: str
    source: AppIdentifier
    context: Context
    options: tuple[AppIntent, ...]


class Resolve(msgspec.Struct, frozen=True):
    """Ask for a choice; answer with ``Broker.resolved``."""

    request: ResolutionRequest


class CancelResolve(msgspec.Struct, frozen=True):
    """The choice is no longer wanted: it took too long, or the asking app has gone."""

    request_id: str


class RaiseElsewhere(msgspec.Struct, frozen=True):
    """The choice fell on an app of another desktop agent: raise the intent there, and answer the request."""

    instance_id: str
    request: RaiseIntentRequest | RaiseIntentForContextRequest
    app: AppIdentifier
    intent: str


class Lost(msgspec.Struct, frozen=True):
    """An instance stopped answering heartbeats and has been removed; close its connection."""

    instance_id: str


class Close(msgspec.Struct, frozen=True):
    """An instance asks to be closed. Report it gone when it is; ``Broker.close_failed`` if it cannot be."""

    instance_id: str
    request_uuid: str


Effect = Deliver | Launch | Resolve | CancelResolve | RaiseElsewhere | Lost | Close
