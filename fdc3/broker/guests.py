"""Guests: apps that run under other desktop agents and act here over a bridge, and what agents share of channels."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from msgspec import UNSET, Raw

from fdc3.broker.channel import Channel
from fdc3.broker.channels import Channels
from fdc3.broker.core import Core, Instance, context_type
from fdc3.broker.effects import Effect
from fdc3.broker.intents import Intents
from fdc3.types import messages as m
from fdc3.types.errors import CreationFailed, Fdc3Error
from fdc3.types.metadata import AppIdentifier, AppIntent


class Guests:
    """A guest is an instance like any other, but it is nobody's candidate for an intent and is listed nowhere.

    What is delivered to it goes over the bridge. Methods that return effects have them carried out by the caller.
    """

    def __init__(self, core: Core, channels: Channels, intents: Intents, remove: Callable[[Instance], None]) -> None:
        self._core = core
        self._channels = channels
        self._intents = intents
        self._remove = remove

    def add(self, app: AppIdentifier, desktop_agent: str) -> Instance:
        """A guest. Its id here is ours and says nothing of the id that its own agent knows it by."""
        guest = Instance(self._core.new_id(), app.app_id, connected=True, desktop_agent=desktop_agent)
        guest.identifier = AppIdentifier(app.app_id, app.instance_id, desktop_agent)
        self._core.instances[guest.id] = guest
        return guest

    def remove(self, guest: Instance) -> list[Effect]:
        self._remove(guest)
        return self._effects()

    def is_public(self, channel_id: str) -> bool:
        """Whether this is a user or an app channel."""
        channel = self._channels.get(channel_id)
        return channel is not None and channel.type != "private"

    def owner(self, channel_id: str) -> Instance | None:
        """The guest that made a private channel; None: it was made here."""
        channel = self._channels.get(channel_id)
        return channel.owner if channel is not None else None

    def exists(self, channel_id: str) -> bool:
        return self._channels.get(channel_id) is not None

    def share(self, channel_id: str, owner: Instance, member: Instance) -> None:
        """A private channel that ``owner``, a guest, gave to ``member``, an app of ours. Raises ``CreationFailed``."""
        channel = self._channels.get(channel_id)
        if channel is None:
            channel = Channel(channel_id, "private", owner=owner)
            self._channels.enter(channel, owner)
            self._channels.add(channel)
        elif channel.owner is not owner:
            raise CreationFailed
        self._channels.enter(channel, member)

    def admit(self, guest: Instance, channel_id: str) -> None:
        """Other parties of a private channel speak to us through the agent on which it was made. A guest that has too
        many channels does not become a party, and what it says is refused."""
        channel = self._channels.get(channel_id)
        if channel is not None and channel.owner is not None and channel.owner.desktop_agent == guest.desktop_agent:
            with suppress(CreationFailed):
                self._channels.enter(channel, guest)

    def raise_among(
        self,
        instance: Instance,
        request: m.RaiseIntentRequest | m.RaiseIntentForContextRequest,
        elsewhere: tuple[AppIntent, ...],
        *,
        here: bool = True,
    ) -> list[Effect]:
        """Handles a raised intent with the apps of other agents (not ``here``: only those) among the options."""
        try:
            self._intents.raise_among(instance, request, elsewhere, here=here)
        except Fdc3Error as error:
            self._core.fail(instance, request, error)
        return self._effects()

    # The state of channels

    def state(self) -> dict[str, tuple[Raw, ...]]:
        """Per user and app channel the latest context of each type, the latest of all first."""
        return {c.id: tuple(reversed(c.contexts.values())) for c in self._channels.all if c.type != "private"}

    def adopt(self, state: dict[str, tuple[Raw, ...]], sender: Instance) -> list[Effect]:
        """Takes over the state that the bridge has merged (bridging, step 6).

        A context that is new here is told to listeners of its very type, and the latest of all to listeners of any
        type if it is another one than before.
        """
        for channel_id, contexts in state.items():
            channel = self._channels.get(channel_id)
            if channel is None:
                channel = Channel(channel_id, "app")
                self._channels.add(channel)
            if channel.type != "private" and contexts:
                self._adopt(channel, contexts, sender)
        return self._effects()

    def _adopt(self, channel: Channel, contexts: tuple[Raw, ...], sender: Instance) -> None:
        latest_before = next(reversed(channel.contexts.values()), None)
        for position, raw in reversed(list(enumerate(contexts))):
            kind = context_type(raw)
            hearing: dict[str, None] = {}
            if channel.contexts.get(kind) != raw:
                hearing |= {x.instance.id: None for x in self._channels.hearing(channel) if x.context_type == kind}
            if position == 0 and raw != latest_before:
                hearing |= {x.instance.id: None for x in self._channels.hearing(channel) if x.context_type is None}
            metadata = self._core.stamp(sender, UNSET)
            self._channels.current.keep(channel, kind, raw, metadata, sender)
            payload = m.BroadcastEventPayload(channel.id, raw, metadata)
            self._core.tell(hearing, m.BroadcastEvent, payload, sender.identifier)

    def _effects(self) -> list[Effect]:
        effects, self._core.effects = self._core.effects, []
        return effects
