"""What the broker asks its host to do."""

from __future__ import annotations

from dataclasses import dataclass

from fdc3.types.context import Context
from fdc3.types.messages import AgentMessage, RaiseIntentForContextRequest, RaiseIntentRequest
from fdc3.types.metadata import AppIdentifier, AppIntent


@dataclass(frozen=True, slots=True)
class Deliver:
    """Send one message to these instances. It is one object so that it is encoded once for all of them."""

    to: tuple[str, ...]
    message: AgentMessage
    source: AppIdentifier | None = None
    """Whose doing an event on a channel is."""


@dataclass(frozen=True, slots=True)
class Launch:
    """Start an app. Report failure with ``Broker.launch_failed``; success is the instance connecting."""

    app_id: str
    instance_id: str


@dataclass(frozen=True, slots=True)
class ResolutionRequest:
    """What the trader is asked: which of these apps shall handle the intent?

    ``options`` holds one entry per intent (several only for ``raiseIntentForContext``). An app with an instance id is
    running; the same app without one means a new instance.
    """

    id: str
    source: AppIdentifier
    context: Context
    options: tuple[AppIntent, ...]


@dataclass(frozen=True, slots=True)
class Resolve:
    """Ask for a choice; answer with ``Broker.resolved``."""

    request: ResolutionRequest


@dataclass(frozen=True, slots=True)
class CancelResolve:
    """The choice is no longer wanted: it took too long, or the asking app has gone."""

    request_id: str


@dataclass(frozen=True, slots=True)
class RaiseElsewhere:
    """The choice fell on an app of another desktop agent: raise the intent there, and answer the request."""

    instance_id: str
    request: RaiseIntentRequest | RaiseIntentForContextRequest
    app: AppIdentifier
    intent: str


@dataclass(frozen=True, slots=True)
class Lost:
    """An instance stopped answering heartbeats and has been removed; close its connection."""

    instance_id: str


@dataclass(frozen=True, slots=True)
class Close:
    """An instance asks to be closed. Report it gone when it is; ``Broker.close_failed`` if it cannot be."""

    instance_id: str
    request_uuid: str


Effect = Deliver | Launch | Resolve | CancelResolve | RaiseElsewhere | Lost | Close
