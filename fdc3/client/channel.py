"""Channels as an app holds them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from msgspec import UNSET

from fdc3.client.listeners import (
    ChannelEventHandler,
    ChannelEventType,
    ClearingSubscription,
    ContextHandler,
    ContextSubscription,
    Listener,
    PrivateChannelEvent,
    PrivateChannelEventHandler,
    PrivateChannelEventType,
    PrivateSubscription,
)
from fdc3.types import messages as m
from fdc3.types.context import Context
from fdc3.types.context_metadata import (
    AppProvidableContextMetadata,
    ContextMetadata,
    ContextWithMetadata,
    from_message,
    to_message,
)
from fdc3.types.errors import AccessDenied
from fdc3.types.metadata import ChannelDescription, ChannelType, DisplayMetadata

if TYPE_CHECKING:
    from fdc3.client.agent import DesktopAgent


class Channel:
    """A user or app channel. Using it needs no joining."""

    def __init__(self, agent: DesktopAgent, description: ChannelDescription) -> None:
        self._agent = agent
        self.id: str = description.id
        self.type: ChannelType = description.type
        display = description.display_metadata
        self.display_metadata: DisplayMetadata = DisplayMetadata() if display is UNSET else display

    async def broadcast(self, context: Context, metadata: AppProvidableContextMetadata | None = None) -> None:
        """Sends a context to whoever else listens on the channel, and makes it the channel's current one."""
        payload = m.BroadcastPayload(self.id, context.encode(), to_message(metadata))
        await self._agent._exchange.request(m.BroadcastRequest, payload)

    async def get_current_context(self, context_type: str | None = None) -> Context | None:
        """The latest context of a type, or the latest of all; None if there has been none."""
        found = await self.get_current_context_with_metadata(context_type)
        return None if found is None else found.context

    async def get_current_context_with_metadata(self, context_type: str | None = None) -> ContextWithMetadata | None:
        """As ``get_current_context``, with who broadcast it, when, and what was said of it."""
        payload = m.CurrentContextPayload(self.id, context_type)
        answer = await self._agent._exchange.request(m.GetCurrentContextRequest, payload)
        if answer.context is UNSET or answer.context == m.NO_CONTEXT:
            return None
        metadata = from_message(answer.metadata) if answer.metadata else ContextMetadata()
        return ContextWithMetadata(Context.decode(answer.context), metadata)

    async def clear_context(self, context_type: str | None = None) -> None:
        """Takes away the channel's current context of a type, or of all types; everybody is told (FDC3 3.0)."""
        payload = m.CurrentContextPayload(self.id, context_type)
        await self._agent._exchange.request(m.ClearContextRequest, payload)

    async def add_event_listener(self, event: ChannelEventType | None, handler: ChannelEventHandler) -> Listener:
        """Calls ``handler(event)`` when somebody, we included, has cleared the channel's context."""
        return self._agent._subscriptions.watch_channel(ClearingSubscription(self.id, handler))

    async def add_context_listener(self, context_type: str | None, handler: ContextHandler) -> Listener:
        """Calls ``handler(context, metadata)`` for later contexts of the type (None: of any type) from other apps."""
        subscription = ContextSubscription(self.id, context_type, handler, private=self.type == "private")
        return await self._agent._subscriptions.listen(subscription)

    @property
    def description(self) -> ChannelDescription:
        return ChannelDescription(self.id, self.type, self.display_metadata)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id}>"


class PrivateChannel(Channel):
    """A channel between the app that created it and those that received it as an intent's result."""

    def __init__(self, agent: DesktopAgent, description: ChannelDescription) -> None:
        super().__init__(agent, description)
        self._disconnected = False

    async def broadcast(self, context: Context, metadata: AppProvidableContextMetadata | None = None) -> None:
        if self._disconnected:
            raise AccessDenied("the private channel is disconnected")
        await super().broadcast(context, metadata)

    async def add_event_listener(
        self, event: PrivateChannelEventType | None, handler: PrivateChannelEventHandler
    ) -> Listener:
        """Calls ``handler(event)`` when the other party adds or ends a context listener, or disconnects, or when the
        channel's context has been cleared."""
        return await self._agent._subscriptions.listen_private(PrivateSubscription(self.id, event, handler))

    async def on_add_context_listener(self, handler: Callable[[str | None], Awaitable[None] | None]) -> Listener:
        """``handler(context_type)`` for each context listener of the other party, including earlier ones."""
        return await self.add_event_listener("addContextListener", lambda e: handler(e.details["contextType"]))

    async def on_unsubscribe(self, handler: Callable[[str | None], Awaitable[None] | None]) -> Listener:
        return await self.add_event_listener("unsubscribe", lambda e: handler(e.details["contextType"]))

    async def on_disconnect(self, handler: Callable[[], Awaitable[None] | None]) -> Listener:
        """``handler()`` when the other party disconnects, or its process or ours loses the agent."""

        def disconnected(event: PrivateChannelEvent) -> Awaitable[None] | None:
            return handler()

        return await self.add_event_listener("disconnect", disconnected)

    async def disconnect(self) -> None:
        """Leaves the channel; our listeners on it end and the other party is told."""
        if not self._disconnected:
            self._disconnected = True
            self._agent._subscriptions.forget_private(self.id)
            if self._agent._exchange.lost:  # where there is no agent, there is nothing left to leave
                return
            payload = m.ChannelIdPayload(self.id)
            await self._agent._exchange.request(m.PrivateChannelDisconnectRequest, payload)
