"""What is kept of an instance, so that it finds its listeners and its channel again when the agent was started anew.

Contexts are not kept. What cannot be had again has ended, and the instance is told: its private channels, and the
intents whose results it still awaits.
"""

from __future__ import annotations

import msgspec

from fdc3.broker.channel import ContextListener
from fdc3.broker.channels import Channels
from fdc3.broker.core import Core, Instance
from fdc3.broker.intent_listeners import IntentListener
from fdc3.broker.intents import Intents
from fdc3.types import messages as m
from fdc3.types.errors import NoResultReturned


class KeptListener(msgspec.Struct, frozen=True):
    uuid: str
    channel_id: str | None
    context_type: str | None


class KeptIntentListener(msgspec.Struct, frozen=True):
    uuid: str
    intent: str
    context_types: frozenset[str] | None


class KeptInstance(msgspec.Struct, frozen=True):
    channel_id: str | None
    """The user channel it has joined."""
    app_channels: tuple[str, ...]
    """Those that it has got."""
    listeners: tuple[KeptListener, ...]
    membership_listeners: tuple[str, ...]
    intent_listeners: tuple[KeptIntentListener, ...]
    private_channels: tuple[str, ...]
    awaited: tuple[str, ...]
    """The requests of raised intents whose results are outstanding."""


def keep(instance: Instance, channels: Channels, intents: Intents) -> KeptInstance:
    got = channels.channels_of(instance)
    private = tuple(channel.id for channel in got if channel.type == "private")
    return KeptInstance(
        instance.channel_id,
        tuple(channel.id for channel in got if channel.type == "app"),
        tuple(
            KeptListener(listener.uuid, listener.channel_id, listener.context_type)
            for listener in channels.listeners_of(instance)
            if listener.channel_id not in private
        ),
        channels.membership_listeners_of(instance),
        tuple(
            KeptIntentListener(listener.uuid, listener.intent, listener.context_types)
            for listener in intents.listeners.of(instance)
        ),
        private,
        tuple(delivered.request_uuid for delivered in intents.delivered if delivered.raiser is instance),
    )


def restore(instance: Instance, kept: KeptInstance, core: Core, channels: Channels, intents: Intents) -> None:
    """Puts an instance back in its place. Raises the agent's errors if it cannot be."""
    channels.move(instance, kept.channel_id, itself=True)
    for channel_id in kept.app_channels:
        channels.app_channel(instance, channel_id)
    for listener in kept.listeners:
        channels.listen(ContextListener(listener.uuid, instance, listener.channel_id, listener.context_type))
    for uuid in kept.membership_listeners:
        channels.listen_for_membership(instance, uuid)
    for intent in kept.intent_listeners:
        intents.listeners.listen(IntentListener(intent.uuid, instance, intent.intent, intent.context_types))
    for channel_id in kept.private_channels:
        payload = m.PrivateDisconnectPayload(channel_id)
        core.tell([instance.id], m.PrivateChannelOnDisconnectEvent, payload, instance.identifier)
    for request_uuid in kept.awaited:
        error = m.ResponsePayload(error=NoResultReturned().code)
        core.respond(instance, m.RaiseIntentResultResponse, request_uuid, error)
