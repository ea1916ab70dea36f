"""Channels: user, app and private; broadcasting, context listeners, current context, membership."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from fdc3.broker.channel import Channel, ContextListener, CurrentContexts, PrivateEventListener
from fdc3.broker.core import Core, Handlers, Instance, context_type
from fdc3.broker.holdings import Holdings
from fdc3.types import messages as m
from fdc3.types.errors import AccessDenied, CreationFailed, NoChannelFound
from fdc3.types.metadata import ChannelDescription, DisplayMetadata

_COLOURS = ("red", "orange", "yellow", "green", "cyan", "blue", "magenta", "purple")
RECOMMENDED_USER_CHANNELS: Final = tuple(
    ChannelDescription(
        f"fdc3.channel.{number}",
        "user",
        DisplayMetadata(name=f"Channel {number}", color=colour, glyph=str(number)),
    )
    for number, colour in enumerate(_COLOURS, start=1)
)
"""The eight user channels of the standard's recommendation."""


class Channels:
    def __init__(
        self,
        core: Core,
        user_channels: Iterable[ChannelDescription],
        listener_added: Callable[[Instance, ContextListener], None],
    ) -> None:
        self.core = core
        self._listener_added = listener_added
        self._channels = {c.id: Channel(c.id, c.type, c.display_metadata) for c in user_channels}
        self._listeners = Holdings[ContextListener](core.quotas.listeners, AccessDenied)
        self._user_listeners: dict[str, dict[str, ContextListener]] = {}
        self._membership_listeners = Holdings[str](core.quotas.listeners, AccessDenied)
        self._private_listeners = Holdings[PrivateEventListener](core.quotas.listeners, AccessDenied)
        self._got = Holdings[Channel](core.quotas.channels, CreationFailed)
        """App and private channels by their members."""
        self._deserted: dict[str, None] = {}
        """App channels that have no member, in the order in which they lost the last."""
        self.current = CurrentContexts(core.quotas)
        self.handlers: Handlers = {
            m.AddContextListenerRequest: self.add_context_listener,
            m.ContextListenerUnsubscribeRequest: self.remove_context_listener,
            m.BroadcastRequest: self.broadcast,
            m.GetCurrentContextRequest: self.get_current_context,
            m.ClearContextRequest: self.clear_context,
            m.GetOrCreateChannelRequest: self.get_or_create,
            m.GetUserChannelsRequest: self.get_user_channels,
            m.GetCurrentChannelRequest: self.get_current_channel,
            m.JoinUserChannelRequest: self.join_user_channel,
            m.LeaveCurrentChannelRequest: self.leave_current_channel,
            m.AddEventListenerRequest: self.add_event_listener,
            m.EventListenerUnsubscribeRequest: self.remove_event_listener,
            m.CreatePrivateChannelRequest: self.create_private,
            m.PrivateChannelDisconnectRequest: self.disconnect_private,
            m.PrivateChannelAddEventListenerRequest: self.add_private_event_listener,
            m.PrivateChannelUnsubscribeEventListenerRequest: self.remove_private_event_listener,
        }

    def usable(self, instance: Instance, channel_id: str) -> Channel:
        """The channel, if it exists and this instance may use it."""
        channel = self._channels.get(channel_id)
        if channel is None:
            raise NoChannelFound
        if channel.type == "private" and instance.id not in channel.members:
            raise AccessDenied
        return channel

    # Contexts

    def broadcast(self, sender: Instance, request: m.BroadcastRequest) -> None:
        raw = request.payload.context
        channel = self.usable(sender, request.payload.channel_id)
        kind = context_type(raw)
        metadata = self.core.stamp(sender, request.payload.metadata)
        self.current.keep(channel, kind, raw, metadata, sender)
        listening = {x.instance.id: None for x in channel.listeners.values() if x.hears(kind)}
        if channel.type == "user":
            for member in channel.members:
                if any(x.hears(kind) for x in self._user_listeners.get(member, {}).values()):
                    listening[member] = None
        if channel.owner is not None:
            listening[channel.owner.id] = None
        listening.pop(sender.id, None)
        payload = m.BroadcastEventPayload(channel.id, raw, metadata)
        self.core.tell(listening, m.BroadcastEvent, payload, sender.identifier)
        self.core.reply(sender, request)

    def get_current_context(self, instance: Instance, request: m.GetCurrentContextRequest) -> None:
        channel = self.usable(instance, request.payload.channel_id)
        kind = request.payload.context_type
        if kind is None:
            kind = next(reversed(channel.contexts), "")
        if kind in channel.contexts:
            self.core.reply(instance, request, context=channel.contexts[kind], metadata=channel.sources.get(kind))
        else:
            self.core.reply(instance, request, context=m.NO_CONTEXT, metadata=None)

    def clear_context(self, instance: Instance, request: m.ClearContextRequest) -> None:
        channel = self.usable(instance, request.payload.channel_id)
        kind = request.payload.context_type
        for cleared in [kind] if kind is not None else list(channel.contexts):
            self.current.forget(channel, cleared)
        # Apps tell the agent nothing when they listen for this: it goes to all who could hear.
        private = channel.members if channel.type == "private" else None
        told = [x.id for x in self.core.instances.values() if x.connected and (private is None or x.id in private)]
        self.core.tell(told, m.ContextClearedEvent, m.ContextClearedPayload(channel.id, kind))
        self.core.reply(instance, request)

    def add_context_listener(self, instance: Instance, request: m.AddContextListenerRequest) -> None:
        payload = request.payload
        listener = ContextListener(self.core.new_id(), instance, payload.channel_id, payload.context_type)
        self.listen(listener)
        self.core.reply(instance, request, listener_uuid=listener.uuid)
        self._listener_added(instance, listener)

    def listen(self, listener: ContextListener) -> None:
        """Raises ``NoChannelFound`` or ``AccessDenied``."""
        instance = listener.instance
        channel = None if listener.channel_id is None else self.usable(instance, listener.channel_id)
        if channel is not None and channel.type == "app":
            self.enter(channel, instance)
        self._listeners.add(instance, listener.uuid, listener)
        if channel is None:
            self._user_listeners.setdefault(instance.id, {})[listener.uuid] = listener
        else:
            channel.listeners[listener.uuid] = listener
            self._tell_private(channel, instance, "addContextListener", listener.context_type)

    def remove_context_listener(self, instance: Instance, request: m.ContextListenerUnsubscribeRequest) -> None:
        listener = self._listeners.get(instance, request.payload.listener_uuid)
        if listener is None:
            raise AccessDenied
        self._remove(listener)
        self.core.reply(instance, request)

    def _remove(self, listener: ContextListener) -> None:
        self._listeners.remove(listener.instance, listener.uuid)
        if listener.channel_id is None:
            del self._user_listeners[listener.instance.id][listener.uuid]
        else:
            channel = self._channels[listener.channel_id]
            del channel.listeners[listener.uuid]
            self._tell_private(channel, listener.instance, "unsubscribe", listener.context_type)

    # Finding and joining

    def get_or_create(self, instance: Instance, request: m.GetOrCreateChannelRequest) -> None:
        channel = self.app_channel(instance, request.payload.channel_id)
        self.core.reply(instance, request, channel=channel.description)

    def app_channel(self, instance: Instance, channel_id: str) -> Channel:
        """The app channel of this id (or the user channel), with the instance as a member, made if there is none.

        Raises ``CreationFailed`` or ``AccessDenied``."""
        if not channel_id:
            raise CreationFailed
        channel = self._channels.get(channel_id)
        if channel is None:
            channel = Channel(channel_id, "app")
        elif channel.type == "private":
            raise AccessDenied
        if channel.type == "app":
            self.enter(channel, instance)
            self.add(channel)
        return channel

    def get_user_channels(self, instance: Instance, request: m.GetUserChannelsRequest) -> None:
        self.core.reply(instance, request, user_channels=self.user_channels)

    @property
    def all(self) -> tuple[Channel, ...]:
        return tuple(self._channels.values())

    @property
    def listeners(self) -> tuple[ContextListener, ...]:
        return tuple(self._listeners)

    def listeners_of(self, instance: Instance) -> tuple[ContextListener, ...]:
        return self._listeners.of(instance)

    def channels_of(self, instance: Instance) -> tuple[Channel, ...]:
        """The app and private channels of which it is a member."""
        return self._got.of(instance)

    def get(self, channel_id: str) -> Channel | None:
        return self._channels.get(channel_id)

    def add(self, channel: Channel) -> None:
        """Makes a channel known; one without a member is kept until too many of them have come after it."""
        self._channels[channel.id] = channel
        self._look_after(channel)

    def enter(self, channel: Channel, instance: Instance) -> None:
        """Makes an instance a member of an app or a private channel. Raises ``CreationFailed`` if it has too many."""
        self._got.add(instance, channel.id, channel)
        channel.members[instance.id] = instance
        self._deserted.pop(channel.id, None)

    def _exit(self, channel: Channel, instance: Instance) -> None:
        self._got.remove(instance, channel.id)
        del channel.members[instance.id]
        self._look_after(channel)

    def _look_after(self, channel: Channel) -> None:
        """A private channel without members is no more: nobody can reach it. An app channel can be asked for by its
        name at any time, with what was last said on it; a thousand of them are kept."""
        if channel.members or channel.type == "user":
            return
        if channel.type == "app":
            self._deserted[channel.id] = None
            if len(self._deserted) <= self.core.quotas.deserted:
                return
            channel = self._channels[next(iter(self._deserted))]
            del self._deserted[channel.id]
        self.current.forget_all(channel)
        del self._channels[channel.id]

    def hearing(self, channel: Channel) -> list[ContextListener]:
        """All context listeners that hear this channel: its own, and those of the apps that joined it."""
        joined = [x for member in channel.members for x in self._user_listeners.get(member, {}).values()]
        return [*channel.listeners.values(), *(joined if channel.type == "user" else [])]

    @property
    def user_channels(self) -> tuple[ChannelDescription, ...]:
        return tuple(c.description for c in self._channels.values() if c.type == "user")

    def get_current_channel(self, instance: Instance, request: m.GetCurrentChannelRequest) -> None:
        channel = self._channels[instance.channel_id].description if instance.channel_id else None
        self.core.reply(instance, request, channel=channel)

    def join_user_channel(self, instance: Instance, request: m.JoinUserChannelRequest) -> None:
        self.move(instance, request.payload.channel_id, itself=True)
        self.core.reply(instance, request)

    def leave_current_channel(self, instance: Instance, request: m.LeaveCurrentChannelRequest) -> None:
        self.move(instance, None, itself=True)
        self.core.reply(instance, request)

    def move(self, instance: Instance, channel_id: str | None, *, itself: bool = False) -> None:
        """Puts an instance on a user channel (None: on none), ``itself``: as it asked, and tells it of the change."""
        if channel_id is not None and (channel_id not in self._channels or self._channels[channel_id].type != "user"):
            raise NoChannelFound
        if instance.channel_id == channel_id:
            return
        if instance.channel_id is not None:
            self._channels[instance.channel_id].members.pop(instance.id, None)
        if channel_id is not None:
            self._channels[channel_id].members[instance.id] = instance
        instance.channel_id = channel_id
        # Of what others do it is told unasked: the standard's first client of 2.2 listens for this without a word.
        if self._membership_listeners.of(instance) or (instance.connected and not itself):
            self.core.tell([instance.id], m.ChannelChangedEvent, m.ChannelChangedPayload(channel_id))

    def add_event_listener(self, instance: Instance, request: m.AddEventListenerRequest) -> None:
        uuid = self.core.new_id()
        self.listen_for_membership(instance, uuid)
        self.core.reply(instance, request, listener_uuid=uuid)

    def listen_for_membership(self, instance: Instance, uuid: str) -> None:
        self._membership_listeners.add(instance, uuid, uuid)

    def membership_listeners_of(self, instance: Instance) -> tuple[str, ...]:
        return self._membership_listeners.of(instance)

    def remove_event_listener(self, instance: Instance, request: m.EventListenerUnsubscribeRequest) -> None:
        if self._membership_listeners.get(instance, request.payload.listener_uuid) is None:
            raise AccessDenied
        self._membership_listeners.remove(instance, request.payload.listener_uuid)
        self.core.reply(instance, request)

    # Private channels

    def create_private(self, instance: Instance, request: m.CreatePrivateChannelRequest) -> None:
        channel = Channel(self.core.new_id(), "private")
        self.enter(channel, instance)
        self.add(channel)
        self.core.reply(instance, request, private_channel=channel.description)

    def admit(self, owner: Instance, guest: Instance, channel_id: str) -> ChannelDescription:
        """The channel that ``owner`` hands to ``guest`` as an intent's result; makes it a party of a private one."""
        channel = self.usable(owner, channel_id)
        if channel.type != "user":
            self.enter(channel, guest)
        return channel.description

    def add_private_event_listener(self, instance: Instance, request: m.PrivateChannelAddEventListenerRequest) -> None:
        channel = self._private(instance, request.payload.private_channel_id)
        event = request.payload.listener_type
        heard_before = any(
            x.instance is instance and x.event in (None, "addContextListener") for x in channel.events.values()
        )
        listener = PrivateEventListener(self.core.new_id(), channel, instance, event)
        self._private_listeners.add(instance, listener.uuid, listener)
        channel.events[listener.uuid] = listener
        self.core.reply(instance, request, listener_uuid=listener.uuid)
        # The standard: also for listeners that the other party added before, or the two could miss each other.
        if event in (None, "addContextListener") and not heard_before:
            for other in channel.listeners.values():
                if other.instance is not instance:
                    payload = m.PrivateListenerEventPayload(channel.id, other.context_type)
                    event_type = m.PrivateChannelOnAddContextListenerEvent
                    self.core.tell([instance.id], event_type, payload, other.instance.identifier)

    def remove_private_event_listener(
        self, instance: Instance, request: m.PrivateChannelUnsubscribeEventListenerRequest
    ) -> None:
        listener = self._private_listeners.get(instance, request.payload.listener_uuid)
        if listener is None:
            raise AccessDenied
        self._remove_private(listener)
        self.core.reply(instance, request)

    def _remove_private(self, listener: PrivateEventListener) -> None:
        self._private_listeners.remove(listener.instance, listener.uuid)
        del listener.channel.events[listener.uuid]

    def disconnect_private(self, instance: Instance, request: m.PrivateChannelDisconnectRequest) -> None:
        self._leave_private(self._private(instance, request.payload.channel_id), instance)
        self.core.reply(instance, request)

    def _private(self, instance: Instance, channel_id: str) -> Channel:
        channel = self.usable(instance, channel_id)
        if channel.type != "private":
            raise NoChannelFound
        return channel

    def _leave_private(self, channel: Channel, instance: Instance) -> None:
        for listener in [x for x in channel.listeners.values() if x.instance is instance]:
            self._remove(listener)
        for heard in [x for x in channel.events.values() if x.instance is instance]:
            self._remove_private(heard)
        self._tell_private(channel, instance, "disconnect", None)
        if channel.owner is instance:
            channel.owner = None
        self._exit(channel, instance)

    def _tell_private(self, channel: Channel, actor: Instance, event: m.PrivateEventType, kind: str | None) -> None:
        """Tells the other parties of a private channel what one party did; nothing for other channels."""
        others = {x.instance.id: None for x in channel.events.values() if x.event in (None, event)}
        if channel.owner is not None:
            others[channel.owner.id] = None
        others.pop(actor.id, None)
        who = actor.identifier
        if event == "disconnect":
            self.core.tell(others, m.PrivateChannelOnDisconnectEvent, m.PrivateDisconnectPayload(channel.id), who)
            return
        payload = m.PrivateListenerEventPayload(channel.id, kind)
        if event == "unsubscribe":
            self.core.tell(others, m.PrivateChannelOnUnsubscribeEvent, payload, who)
        else:
            self.core.tell(others, m.PrivateChannelOnAddContextListenerEvent, payload, who)

    def instance_gone(self, instance: Instance) -> None:
        self.forget_listeners(instance)
        self._user_listeners.pop(instance.id, None)
        self.move(instance, None, itself=True)

    def forget_listeners(self, instance: Instance) -> None:
        """All that the instance has set up but its user channel."""
        for channel in self._got.of(instance):
            if channel.type == "private":
                self._leave_private(channel, instance)
        for listener in self._listeners.of(instance):
            self._remove(listener)
        for channel in self._got.of(instance):
            self._exit(channel, instance)
        self._membership_listeners.forget(instance)
