"""What the agent knows at one moment, for those who look on: instances, channels, intents on their way."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from fdc3.broker.channel import Channel
from fdc3.broker.channels import Channels
from fdc3.broker.core import Core, Instance, Timer
from fdc3.broker.intents import Intents, Raised
from fdc3.types.metadata import ChannelType

IntentStage = Literal["choosing", "starting", "listening", "handling"]
"""The user chooses an app; the app starts; the app has yet to add its listener; the app has it in hand."""


@dataclass(frozen=True, slots=True)
class InstanceState:
    id: str
    app_id: str
    connected: bool
    channel_id: str | None
    """The user channel it has joined."""
    listens_to: tuple[str, ...]
    """Context types, "*" for any, each with "@channel" if it is heard on one channel only."""
    intents: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ChannelState:
    id: str
    type: ChannelType
    name: str
    members: tuple[str, ...]
    """Instance ids: who has joined a user channel, the parties of a private one, the listeners of an app channel."""
    contexts: tuple[tuple[str, bytes], ...]
    """The current context of each type as its JSON, the latest last."""


@dataclass(frozen=True, slots=True)
class IntentState:
    """A raised intent that is not settled. ``seconds`` until it times out; None: it waits as long as it takes."""

    intent: str
    stage: IntentStage
    raiser: str
    handler: str | None
    request_uuid: str
    seconds: float | None


@dataclass(frozen=True, slots=True)
class Snapshot:
    instances: tuple[InstanceState, ...] = ()
    channels: tuple[ChannelState, ...] = ()
    intents: tuple[IntentState, ...] = ()


def take(core: Core, channels: Channels, intents: Intents) -> Snapshot:
    heard: dict[str, list[str]] = {}
    for listener in channels.listeners:
        place = f"@{listener.channel_id}" if listener.channel_id else ""
        heard.setdefault(listener.instance.id, []).append(f"{listener.context_type or '*'}{place}")
    return Snapshot(
        tuple(_instance(each, heard.get(each.id, []), intents) for each in core.instances.values()),
        tuple(_channel(channel) for channel in channels.all),
        tuple(_pending(core, intents)),
    )


def _instance(instance: Instance, heard: list[str], intents: Intents) -> InstanceState:
    return InstanceState(
        instance.id,
        instance.app_id,
        instance.connected,
        instance.channel_id,
        tuple(dict.fromkeys(heard)),
        tuple(dict.fromkeys(intents.listeners.intents_of(instance))),
    )


def _channel(channel: Channel) -> ChannelState:
    name = channel.display.name if channel.display else ""
    joined = channel.members if channel.type != "app" else ()
    members = dict.fromkeys((*joined, *(listener.instance.id for listener in channel.listeners.values())))
    contexts = tuple((kind, bytes(raw)) for kind, raw in channel.contexts.items())
    return ChannelState(channel.id, channel.type, name or "", tuple(members), contexts)


def _pending(core: Core, intents: Intents) -> list[IntentState]:
    found = [_raised(core, x, [option.intent.name for option in x.options], "choosing", None) for x in intents.asked]
    for waiting in intents.waiting:
        stage: IntentStage = "listening" if waiting.instance.connected else "starting"
        found.append(_raised(core, waiting.raised, waiting.intents, stage, waiting.instance.id))
    for delivered in intents.delivered:
        handler, uuid = delivered.handler.id, delivered.request_uuid
        found.append(IntentState(delivered.intent, "handling", delivered.raiser.id, handler, uuid, None))
    return found


def _raised(core: Core, raised: Raised, names: Iterable[str], stage: IntentStage, handler: str | None) -> IntentState:
    uuid, seconds = raised.request.meta.request_uuid, _left(core, raised.timer)
    return IntentState(", ".join(names), stage, raised.raiser.id, handler, uuid, seconds)


def _left(core: Core, timer: Timer | None) -> float | None:
    return None if timer is None else max(0.0, timer.due - core.monotonic())
