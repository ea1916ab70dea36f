"""An exchange in flight, and the one answer that the bridge makes of several."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar

from msgspec import UNSET
from msgspec.structs import replace

from fdc3.bridge import messages as m
from fdc3.types.errors import AgentDisconnected
from fdc3.types.metadata import AppIdentifier, AppIntent, AppMetadata, IntentMetadata

App = TypeVar("App", AppIdentifier, AppMetadata)


@dataclass(slots=True, eq=False)
class Exchange:
    """A request on its way. ``source``, ``awaited`` and ``target`` are connections."""

    request: m.BridgeRequest
    source: str
    due: float
    awaited: set[str]
    target: str | None = None
    """The one agent that was asked; None: all."""
    resolved: bool = False
    """A raised intent that was taken: its result is outstanding, for however long it takes."""
    answers: list[tuple[str, m.ResponsePayload]] = field(default_factory=list)
    errors: list[tuple[str, str]] = field(default_factory=list)


def collated(exchange: Exchange, *, alone: bool) -> m.ResponsePayload:
    """All answers as one; an error only if there was no answer. ``alone``: no other agent is connected (any more)."""
    payloads = [payload for _, payload in exchange.answers]
    gone = all(code == AgentDisconnected().code for _, code in exchange.errors)
    if not payloads and not (alone and gone and exchange.target is None):
        return m.ResponsePayload(error=exchange.errors[0][1])
    match exchange.request:
        case m.FindInstancesRequest():
            return m.ResponsePayload(app_identifiers=tuple(a for p in payloads for a in p.app_identifiers or ()))
        case m.FindIntentRequest(payload=asked):
            return m.ResponsePayload(
                app_intent=merged(asked.intent, [p.app_intent for p in payloads if p.app_intent is not UNSET])
            )
        case _:
            found: dict[str, list[AppIntent]] = {}
            for payload in payloads:
                for intent in payload.app_intents or ():
                    found.setdefault(intent.intent.name, []).append(intent)
            return m.ResponsePayload(app_intents=tuple(merged(name, several) for name, several in found.items()))


def merged(name: str, several: list[AppIntent]) -> AppIntent:
    """The apps of several agents for one intent; the first display name that somebody gave it."""
    display = next((x.intent.display_name for x in several if x.intent.display_name), UNSET)
    return AppIntent(IntentMetadata(name, display), tuple(app for x in several for app in x.apps))


def stamped(payload: m.ResponsePayload, agent: str) -> m.ResponsePayload:
    """The payload with the answering agent's name on every app in it, whatever stood there."""

    def here(app: App) -> App:
        return replace(app, desktop_agent=agent)

    def each(intent: AppIntent) -> AppIntent:
        return AppIntent(intent.intent, tuple(here(app) for app in intent.apps))

    changes: dict[str, object] = {}
    if payload.app_identifier is not UNSET:
        changes["app_identifier"] = here(payload.app_identifier)
    if payload.app_identifiers is not UNSET:
        changes["app_identifiers"] = tuple(here(app) for app in payload.app_identifiers)
    if payload.app_metadata is not UNSET:
        changes["app_metadata"] = here(payload.app_metadata)
    if payload.app_intent is not UNSET:
        changes["app_intent"] = each(payload.app_intent)
    if payload.app_intents is not UNSET:
        changes["app_intents"] = tuple(each(intent) for intent in payload.app_intents)
    if payload.intent_resolution is not UNSET:
        resolution = payload.intent_resolution
        changes["intent_resolution"] = replace(resolution, source=here(resolution.source))
    return replace(payload, **changes)
