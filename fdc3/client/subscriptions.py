"""What one app has asked the agent for, and what arrives for it: contexts, intents, events.

The agent sends one message per app; giving it to each listener that wants it happens here.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Literal

from msgspec import UNSET, UnsetType

from fdc3.client.exchange import Exchange
from fdc3.client.listeners import (
    CONTEXT_CLEARED,
    AgentEvent,
    AgentEventHandler,
    ChannelEvent,
    ClearingSubscription,
    ContextSubscription,
    Dispatcher,
    IntentSubscription,
    Listener,
    PrivateChannelEvent,
    PrivateSubscription,
)
from fdc3.types import messages as m
from fdc3.types.context import Context
from fdc3.types.context_metadata import ContextMetadata, from_message
from fdc3.types.errors import Fdc3Error, IntentHandlerRejected, MalformedMessage
from fdc3.types.metadata import IntentResult, ProvidedMetadata

logger = logging.getLogger(__name__)

AgentEventType = Literal["userChannelChanged", "contextCleared"]
Given = tuple[IntentResult, ProvidedMetadata | UnsetType]
"""An intent's result, and what the handler says of it."""


class Subscriptions:
    def __init__(self, exchange: Exchange, dispatcher: Dispatcher, intent_result: Callable[[object], Given]) -> None:
        self._exchange = exchange
        self._dispatcher = dispatcher
        self._intent_result = intent_result
        self._contexts: list[ContextSubscription] = []
        self._intents: list[IntentSubscription] = []
        self._private: list[PrivateSubscription] = []
        self._clearings: list[ClearingSubscription] = []
        self._agent_events: list[tuple[AgentEventType | None, AgentEventHandler]] = []
        self._replay: asyncio.Task[None] | None = None
        self.channel_id: str | None = None
        """The user channel we have joined."""
        self._lost_channel: str | None = None
        """The user channel we were on when the agent forgot us, until we are on one again."""
        self._arrivals: dict[type[m.Event], Callable[[Any], None]] = {
            m.BroadcastEvent: self._context_arrived,
            m.IntentEvent: self._intent_arrived,
            m.ChannelChangedEvent: self._channel_changed,
            m.ContextClearedEvent: self._context_cleared,
            m.PrivateChannelOnAddContextListenerEvent: self._private_listener_added,
            m.PrivateChannelOnUnsubscribeEvent: self._private_listener_ended,
            m.PrivateChannelOnDisconnectEvent: self._private_disconnected,
            m.HeartbeatEvent: self._heartbeat,
        }

    # Asking. Each is known here before the agent confirms: the first event may arrive right behind the confirmation.

    async def start(self) -> None:
        await self._exchange.request(m.AddEventListenerRequest, m.EventTypePayload("USER_CHANNEL_CHANGED"))
        answer = await self._exchange.request(m.GetCurrentChannelRequest, m.NoPayload())
        self.channel_id = answer.channel.id if answer.channel else None

    async def listen(self, subscription: ContextSubscription) -> Listener:
        self._contexts.append(subscription)
        try:
            await self._register_context(subscription)
        except BaseException:
            self._contexts.remove(subscription)
            raise

        async def unsubscribe() -> None:
            if subscription in self._contexts:
                self._contexts.remove(subscription)
                await self._unsubscribe(m.ContextListenerUnsubscribeRequest, subscription.uuid)

        return Listener(unsubscribe)

    async def listen_on_user_channel(self, subscription: ContextSubscription) -> Listener:
        listener = await self.listen(subscription)
        await self._replay_to([subscription])
        return listener

    async def handle_intent(self, subscription: IntentSubscription) -> Listener:
        self._intents.append(subscription)
        try:
            await self._register_intent(subscription)
        except BaseException:
            self._intents.remove(subscription)
            raise

        async def unsubscribe() -> None:
            self._intents.remove(subscription)
            await self._unsubscribe(m.IntentListenerUnsubscribeRequest, subscription.uuid)

        return Listener(unsubscribe)

    async def listen_private(self, subscription: PrivateSubscription) -> Listener:
        self._private.append(subscription)
        if subscription.event != CONTEXT_CLEARED:  # of which every party is told
            payload = m.PrivateEventListenerPayload(subscription.channel_id, subscription.event)
            try:
                answer = await self._exchange.request(m.PrivateChannelAddEventListenerRequest, payload)
            except BaseException:
                self._private.remove(subscription)
                raise
            subscription.uuid = answer.listener_uuid or ""

        async def unsubscribe() -> None:
            if subscription in self._private:
                self._private.remove(subscription)
                if subscription.uuid:
                    await self._unsubscribe(m.PrivateChannelUnsubscribeEventListenerRequest, subscription.uuid)

        return Listener(unsubscribe)

    def watch_channel(self, subscription: ClearingSubscription) -> Listener:
        self._clearings.append(subscription)

        async def unsubscribe() -> None:
            self._clearings.remove(subscription)

        return Listener(unsubscribe)

    def watch(self, event: AgentEventType | None, handler: AgentEventHandler) -> Listener:
        entry = (event, handler)
        self._agent_events.append(entry)

        async def unsubscribe() -> None:
            self._agent_events.remove(entry)

        return Listener(unsubscribe)

    def forget_private(self, channel_id: str) -> None:
        self._private = [x for x in self._private if x.channel_id != channel_id]
        self._contexts = [x for x in self._contexts if x.channel_id != channel_id]

    async def _unsubscribe(self, kind: type[m.Request], uuid: str) -> None:
        if not self._exchange.lost:  # where there is no agent, there is nothing left to end
            await self._exchange.request(kind, m.ListenerUuidPayload(uuid))

    async def _register_context(self, subscription: ContextSubscription) -> None:
        payload = m.ContextListenerPayload(subscription.channel_id, subscription.context_type)
        answer = await self._exchange.request(m.AddContextListenerRequest, payload)
        subscription.uuid = answer.listener_uuid or ""

    async def _register_intent(self, subscription: IntentSubscription) -> None:
        kinds = subscription.context_types
        payload = m.IntentPayload(subscription.intent, UNSET if kinds is None else kinds)
        answer = await self._exchange.request(m.AddIntentListenerRequest, payload)
        subscription.uuid = answer.listener_uuid or ""

    # What arrives

    def received(self, event: m.Event) -> None:
        self._arrivals[type(event)](event)

    def _private_listener_added(self, event: m.PrivateChannelOnAddContextListenerEvent) -> None:
        details = {"contextType": event.payload.context_type}
        self._private_event(event.payload.private_channel_id, PrivateChannelEvent("addContextListener", details))

    def _private_listener_ended(self, event: m.PrivateChannelOnUnsubscribeEvent) -> None:
        details = {"contextType": event.payload.context_type}
        self._private_event(event.payload.private_channel_id, PrivateChannelEvent("unsubscribe", details))

    def _private_disconnected(self, event: m.PrivateChannelOnDisconnectEvent) -> None:
        self._private_event(event.payload.private_channel_id, PrivateChannelEvent("disconnect", {}))

    def _heartbeat(self, event: m.HeartbeatEvent) -> None:
        self._exchange.notify(m.HeartbeatAcknowledgementRequest, m.HeartbeatPayload(event.meta.event_uuid))

    def _context_arrived(self, event: m.BroadcastEvent) -> None:
        payload = event.payload
        metadata = from_message(payload.metadata)
        context: Context | None = Context.decode(payload.context)
        kind = context.type if context is not None else ""
        for subscription in tuple(self._contexts):
            if subscription.context_type not in (None, kind):
                continue
            if subscription.channel_id is None:
                if payload.channel_id not in (None, self.channel_id):
                    continue
                subscription.heard = True
            elif subscription.channel_id != payload.channel_id:
                continue
            # Each handler gets an object of its own, so that one cannot change what another sees.
            own, context = context or Context.decode(payload.context), None
            self._dispatcher.call(subscription.handler, own, metadata)

    def _intent_arrived(self, event: m.IntentEvent) -> None:
        context = Context.decode(event.payload.context)
        for subscription in self._intents:
            if subscription.takes(event.payload.intent, context.type):
                self._dispatcher.run(self._run_intent(subscription, event, context), subscription.handler)
                return
        # The listener ended while the intent was on its way. The raiser waits for a result, which must always come.
        self._dispatcher.run(self._give_result(event, _rejected()), self._intent_arrived)

    async def _run_intent(self, subscription: IntentSubscription, event: m.IntentEvent, context: Context) -> None:
        payload = event.payload
        try:
            outcome = subscription.handler(context, from_message(payload.metadata))
            if isinstance(outcome, Awaitable):
                outcome = await outcome
            result = self._intent_result(outcome)
        except Exception:
            logger.exception("The handler of %s failed", payload.intent)
            result = _rejected()
        try:
            await self._give_result(event, result)
        except MalformedMessage as reason:
            logger.error("The result of %s could not be sent: %s", payload.intent, reason)
            await self._give_result(event, _rejected())

    async def _give_result(self, event: m.IntentEvent, given: Given) -> None:
        answer = m.IntentResultPayload(event.meta.event_uuid, event.payload.raise_intent_request_uuid, *given)
        await self._exchange.request(m.IntentResultRequest, answer)

    def _private_event(self, channel_id: str, event: PrivateChannelEvent) -> None:
        for subscription in tuple(self._private):
            if subscription.channel_id == channel_id and subscription.event in (None, event.type):
                self._dispatcher.call(subscription.handler, event)

    def _context_cleared(self, event: m.ContextClearedEvent) -> None:
        channel_id, kind = event.payload.channel_id or "", event.payload.context_type
        details = {"channelId": channel_id, "contextType": kind}
        for clearing in tuple(self._clearings):
            if clearing.channel_id == channel_id:
                self._dispatcher.call(clearing.handler, ChannelEvent(CONTEXT_CLEARED, details))
        self._private_event(channel_id, PrivateChannelEvent(CONTEXT_CLEARED, details))
        self._agent_event(AgentEvent(CONTEXT_CLEARED, details))

    def _agent_event(self, event: AgentEvent) -> None:
        for wanted, handler in tuple(self._agent_events):
            if wanted in (None, event.type):
                self._dispatcher.call(handler, event)

    # The user channel

    def _channel_changed(self, event: m.ChannelChangedEvent) -> None:
        channel_id = self.channel_id = event.payload.current_channel_id
        self._lost_channel = None
        listening = [x for x in self._contexts if x.channel_id is None]
        for subscription in listening:
            subscription.heard = False
        self._replay = asyncio.ensure_future(self._replay_to(listening))
        self._dispatcher.run(self._replay, self._replay_to)
        self._agent_event(AgentEvent("userChannelChanged", {"currentChannelId": channel_id}))

    async def replayed(self) -> None:
        """Returns when the channel last joined has given its current context to our listeners."""
        if self._replay is not None:
            await asyncio.shield(self._replay)

    async def _replay_to(self, subscriptions: list[ContextSubscription]) -> None:
        """Gives the user channel's current context to those who have not heard anything newer."""
        channel_id = self.channel_id
        if channel_id is None:
            return
        for kind in dict.fromkeys(x.context_type for x in subscriptions):
            payload = m.CurrentContextPayload(channel_id, kind)
            try:
                answer = await self._exchange.request(m.GetCurrentContextRequest, payload)
            except Fdc3Error as error:
                logger.warning("The current context of %s could not be read: %s", channel_id, error)
                return
            if channel_id != self.channel_id or answer.context is UNSET or answer.context == m.NO_CONTEXT:
                continue
            for subscription in subscriptions:
                if subscription.context_type == kind and not subscription.heard and subscription in self._contexts:
                    subscription.heard = True
                    known = from_message(answer.metadata) if answer.metadata else ContextMetadata()
                    self._dispatcher.call(subscription.handler, Context.decode(answer.context), known)

    # After a broken link

    async def restore(self) -> None:
        """The agent has forgotten us: joins and listens again. Private channels cannot be had back."""
        # The link may break again before this is through: what was lost the first time must not be forgotten then.
        self._lost_channel, self.channel_id = self.channel_id or self._lost_channel, None
        self.private_channels_lost()
        await self.start()
        for subscription in tuple(self._contexts):
            if subscription.channel_id is not None:
                known = m.ChannelIdPayload(subscription.channel_id)
                await self._exchange.request(m.GetOrCreateChannelRequest, known)
            await self._register_context(subscription)
        for intent in tuple(self._intents):
            await self._register_intent(intent)
        if self._lost_channel is not None:
            await self._exchange.request(m.JoinUserChannelRequest, m.ChannelIdPayload(self._lost_channel))

    def private_channels_lost(self) -> None:
        """Tells handlers that their private channels are disconnected, and forgets these."""
        channels = {x.channel_id for x in self._private}
        channels |= {x.channel_id for x in self._contexts if x.private and x.channel_id is not None}
        for channel_id in channels:
            self._private_event(channel_id, PrivateChannelEvent("disconnect", {}))
            self.forget_private(channel_id)


def _rejected() -> Given:
    return IntentResult(error=IntentHandlerRejected.__name__), UNSET
