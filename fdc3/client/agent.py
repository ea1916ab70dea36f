"""The ``DesktopAgent`` interface of FDC3 2.2 for Python apps."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Literal

from msgspec import UNSET, Raw

from fdc3.client.channel import Channel, PrivateChannel, current_context
from fdc3.client.exchange import Exchange, ExchangeTimeouts
from fdc3.client.listeners import (
    AgentEvent,
    AgentEventHandler,
    ContextHandler,
    ContextSubscription,
    Dispatcher,
    IntentSubscription,
    Listener,
    PrivateChannelEvent,
    PrivateSubscription,
)
from fdc3.transports.link import Link
from fdc3.types import messages as m
from fdc3.types.context import Context
from fdc3.types.errors import AgentNotFound, Fdc3Error, IntentHandlerRejected, MalformedMessage, from_code
from fdc3.types.metadata import (
    AppIdentifier,
    AppIntent,
    AppMetadata,
    ChannelDescription,
    ContextMetadata,
    ImplementationMetadata,
    IntentResult,
)

logger = logging.getLogger(__name__)

IntentOutcome = Context | Channel | PrivateChannel | None
IntentHandler = Callable[[Context, ContextMetadata], Awaitable[IntentOutcome] | IntentOutcome]
Target = AppIdentifier | AppMetadata | str


class IntentResolution:
    """Who took the intent; ``get_result`` waits for what came of it."""

    def __init__(
        self, agent: DesktopAgent, source: AppIdentifier, intent: str, result: asyncio.Future[m.ResponsePayload]
    ) -> None:
        self._agent = agent
        self._result = result
        self.source = source
        self.intent = intent

    async def get_result(self) -> IntentOutcome:
        """The handler's result: a context, a channel or None. Raises ``ResultError``. Waits as long as it takes."""
        payload = await asyncio.shield(self._result)
        if isinstance(payload.error, str):
            raise from_code(payload.error)
        result = payload.intent_result
        if result is UNSET:
            return None
        if result.channel is not UNSET:
            return self._agent._channel(result.channel)
        return None if result.context is UNSET else Context.decode(result.context)


class DesktopAgent:
    """An app's connection to the desktop agent. Get one from ``fdc3.client.connect*``; all calls on one event loop.

    Handlers may be plain or async functions; they run on the event loop. Every method raises the standard's errors
    (:mod:`fdc3.types.errors`); ``AgentNotFound`` once the agent has gone for good, which ``closed`` announces.
    """

    def __init__(self, link: Link, timeouts: ExchangeTimeouts | None = None) -> None:
        self._link = link
        self._exchange = Exchange(link, timeouts or ExchangeTimeouts(), self._event)
        self._dispatcher = Dispatcher()
        self._contexts: list[ContextSubscription] = []
        self._intents: list[IntentSubscription] = []
        self._private: list[PrivateSubscription] = []
        self._agent_events: list[tuple[Literal["userChannelChanged"] | None, AgentEventHandler]] = []
        self._channel_id: str | None = None
        self._replay: asyncio.Task[None] | None = None
        self.app = AppIdentifier("")
        """Who we are: our appId and instance id."""
        self.closed = asyncio.Event()
        """Set when the connection has ended for good, by either side."""

    async def _start(self) -> DesktopAgent:
        self.app = await self._link.open(self)
        await self._watch_membership()
        return self

    async def close(self) -> None:
        """Leaves the agent: listeners end, the instance disappears, handlers still running are cancelled."""
        if not self.closed.is_set():
            self.lost()
            await self._link.close()
        await self._dispatcher.stop()

    # Contexts and channels

    async def broadcast(self, context: Context) -> None:
        """Sends a context over the user channel we have joined; without one it goes nowhere, as the standard says."""
        raw = context.encode()
        if self._channel_id is not None:
            await self._exchange.request(m.BroadcastRequest, m.BroadcastPayload(self._channel_id, raw))

    async def add_context_listener(self, context_type: str | None, handler: ContextHandler) -> Listener:
        """Calls ``handler(context, metadata)`` for contexts on whichever user channel we have joined.

        The channel's current context comes first, before this returns; contexts given to ``open`` come here too.
        """
        subscription = ContextSubscription(None, context_type, handler)
        listener = await self._listen(subscription)
        await self._replay_to([subscription])
        return listener

    async def get_user_channels(self) -> list[Channel]:
        answer = await self._exchange.request(m.GetUserChannelsRequest, m.NoPayload())
        return [self._channel(channel) for channel in (answer.user_channels or ())]

    async def join_user_channel(self, channel_id: str) -> None:
        """Joins a user channel (leaving the present one); our listeners get its current context before this returns."""
        await self._exchange.request(m.JoinUserChannelRequest, m.ChannelIdPayload(channel_id))
        if self._replay is not None:
            await asyncio.shield(self._replay)

    async def leave_current_channel(self) -> None:
        await self._exchange.request(m.LeaveCurrentChannelRequest, m.NoPayload())

    async def get_current_channel(self) -> Channel | None:
        answer = await self._exchange.request(m.GetCurrentChannelRequest, m.NoPayload())
        return self._channel(answer.channel) if answer.channel else None

    async def get_or_create_channel(self, channel_id: str) -> Channel:
        """The app channel of this name, made if it does not exist."""
        answer = await self._exchange.request(m.GetOrCreateChannelRequest, m.ChannelIdPayload(channel_id))
        if not answer.channel:
            raise MalformedMessage
        return self._channel(answer.channel)

    async def create_private_channel(self) -> PrivateChannel:
        """A channel to return from an intent handler; only its receiver and we can use it."""
        answer = await self._exchange.request(m.CreatePrivateChannelRequest, m.NoPayload())
        if answer.private_channel is UNSET:
            raise MalformedMessage
        return PrivateChannel(self, answer.private_channel)

    # Intents

    async def raise_intent(self, intent: str, context: Context, app: Target | None = None) -> IntentResolution:
        """Asks for an intent to be handled: by ``app`` if given, else by whom the agent or the user chooses.

        Returns when a handler has it. Raises ``ResolveError`` (``NoAppsFound``, ``UserCancelledResolution``, ...).
        """
        payload = m.RaiseIntentPayload(intent, context.encode(), _target(app) if app is not None else UNSET)
        return self._resolution(await self._exchange.request_with_result(m.RaiseIntentRequest, payload))

    async def raise_intent_for_context(self, context: Context, app: Target | None = None) -> IntentResolution:
        """As ``raise_intent``, for any intent that takes this context."""
        payload = m.RaiseIntentForContextPayload(context.encode(), _target(app) if app is not None else UNSET)
        return self._resolution(await self._exchange.request_with_result(m.RaiseIntentForContextRequest, payload))

    def _resolution(
        self, answer: tuple[m.ResponsePayload, asyncio.Future[m.ResponsePayload] | None]
    ) -> IntentResolution:
        payload, result = answer
        if payload.intent_resolution is UNSET or result is None:
            raise MalformedMessage
        return IntentResolution(self, payload.intent_resolution.source, payload.intent_resolution.intent, result)

    async def add_intent_listener(self, intent: str, handler: IntentHandler) -> Listener:
        """Handles an intent: ``handler(context, metadata)`` returns the result (a context, a channel or None), or a
        coroutine of it. If it raises, the raiser gets ``IntentHandlerRejected``."""
        subscription = IntentSubscription(intent, handler)
        self._intents.append(subscription)
        try:
            await self._register_intent(subscription)
        except BaseException:
            self._intents.remove(subscription)
            raise

        async def unsubscribe() -> None:
            self._intents.remove(subscription)
            payload = m.ListenerUuidPayload(subscription.uuid)
            await self._exchange.request(m.IntentListenerUnsubscribeRequest, payload)

        return Listener(unsubscribe)

    async def find_intent(
        self, intent: str, context: Context | None = None, result_type: str | None = None
    ) -> AppIntent:
        """The apps that handle an intent (for this context, with this kind of result)."""
        payload = m.FindIntentPayload(
            intent, UNSET if context is None else context.encode(), UNSET if result_type is None else result_type
        )
        answer = await self._exchange.request(m.FindIntentRequest, payload)
        if answer.app_intent is UNSET:
            raise MalformedMessage
        return answer.app_intent

    async def find_intents_by_context(self, context: Context, result_type: str | None = None) -> list[AppIntent]:
        payload = m.FindIntentsByContextPayload(context.encode(), UNSET if result_type is None else result_type)
        answer = await self._exchange.request(m.FindIntentsByContextRequest, payload)
        return list(answer.app_intents or ())

    # Apps

    async def open(self, app: Target, context: Context | None = None) -> AppIdentifier:
        """Starts an app; with a context, returns when the app has taken it. Raises ``OpenError``."""
        payload = m.OpenPayload(_target(app), UNSET if context is None else context.encode())
        answer = await self._exchange.request(m.OpenRequest, payload)
        if answer.app_identifier is UNSET:
            raise MalformedMessage
        return answer.app_identifier

    async def find_instances(self, app: Target) -> list[AppIdentifier]:
        answer = await self._exchange.request(m.FindInstancesRequest, m.AppPayload(_target(app)))
        return [found.identifier for found in (answer.app_identifiers or ())]

    async def get_app_metadata(self, app: Target) -> AppMetadata:
        answer = await self._exchange.request(m.GetAppMetadataRequest, m.AppPayload(_target(app)))
        if answer.app_metadata is UNSET:
            raise MalformedMessage
        return answer.app_metadata

    async def get_info(self) -> ImplementationMetadata:
        answer = await self._exchange.request(m.GetInfoRequest, m.NoPayload())
        if answer.implementation_metadata is UNSET:
            raise MalformedMessage
        return answer.implementation_metadata

    async def add_event_listener(
        self, event: Literal["userChannelChanged"] | None, handler: AgentEventHandler
    ) -> Listener:
        """Calls ``handler(event)`` when we join, change or leave a user channel."""
        entry = (event, handler)
        self._agent_events.append(entry)

        async def unsubscribe() -> None:
            self._agent_events.remove(entry)

        return Listener(unsubscribe)

    # Registration, also repeated after a reconnect that lost the agent's memory of us

    async def _watch_membership(self) -> None:
        await self._exchange.request(m.AddEventListenerRequest, m.EventTypePayload("USER_CHANNEL_CHANGED"))
        answer = await self._exchange.request(m.GetCurrentChannelRequest, m.NoPayload())
        self._channel_id = answer.channel.id if answer.channel else None

    async def _listen(self, subscription: ContextSubscription) -> Listener:
        # Known before the agent confirms: the first event may arrive right behind the confirmation.
        self._contexts.append(subscription)
        try:
            await self._register_context(subscription)
        except BaseException:
            self._contexts.remove(subscription)
            raise

        async def unsubscribe() -> None:
            if subscription in self._contexts:
                self._contexts.remove(subscription)
                payload = m.ListenerUuidPayload(subscription.uuid)
                await self._exchange.request(m.ContextListenerUnsubscribeRequest, payload)

        return Listener(unsubscribe)

    async def _listen_private(self, subscription: PrivateSubscription) -> Listener:
        self._private.append(subscription)
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
                await self._exchange.request(
                    m.PrivateChannelUnsubscribeEventListenerRequest, m.ListenerUuidPayload(subscription.uuid)
                )

        return Listener(unsubscribe)

    async def _leave_private(self, channel_id: str) -> None:
        self._forget_private(channel_id)
        await self._exchange.request(m.PrivateChannelDisconnectRequest, m.ChannelIdPayload(channel_id))

    def _forget_private(self, channel_id: str) -> None:
        self._private = [x for x in self._private if x.channel_id != channel_id]
        self._contexts = [x for x in self._contexts if x.channel_id != channel_id]

    async def _register_context(self, subscription: ContextSubscription) -> None:
        payload = m.ContextListenerPayload(subscription.channel_id, subscription.context_type)
        answer = await self._exchange.request(m.AddContextListenerRequest, payload)
        subscription.uuid = answer.listener_uuid or ""

    async def _register_intent(self, subscription: IntentSubscription) -> None:
        answer = await self._exchange.request(m.AddIntentListenerRequest, m.IntentPayload(subscription.intent))
        subscription.uuid = answer.listener_uuid or ""

    # What arrives

    def received(self, data: bytes | str) -> None:
        self._exchange.received(data)

    def _event(self, event: m.Event) -> None:
        match event:
            case m.BroadcastEvent(payload=p):
                self._context_arrived(p)
            case m.IntentEvent():
                self._intent_arrived(event)
            case m.ChannelChangedEvent(payload=p):
                self._channel_changed(p.new_channel_id)
            case m.PrivateChannelOnAddContextListenerEvent(payload=p):
                details = {"contextType": p.context_type}
                self._private_event(p.private_channel_id, PrivateChannelEvent("addContextListener", details))
            case m.PrivateChannelOnUnsubscribeEvent(payload=p):
                details = {"contextType": p.context_type}
                self._private_event(p.private_channel_id, PrivateChannelEvent("unsubscribe", details))
            case m.PrivateChannelOnDisconnectEvent(payload=p):
                self._private_event(p.private_channel_id, PrivateChannelEvent("disconnect", {}))
            case m.HeartbeatEvent():
                payload = m.HeartbeatPayload(event.meta.event_uuid)
                self._exchange.notify(m.HeartbeatAcknowledgementRequest, payload)
            case _:
                logger.debug("An event of this kind means nothing to this client: %s", event.type_name())

    def _context_arrived(self, payload: m.BroadcastEventPayload) -> None:
        metadata = _metadata(payload.originating_app)
        on_user_channel = payload.channel_id in (None, self._channel_id)
        kind = Context.decode(payload.context).type
        for subscription in list(self._contexts):
            if subscription.context_type not in (None, kind):
                continue
            if subscription.channel_id is None:
                if not on_user_channel:
                    continue
                subscription.heard = True
            elif subscription.channel_id != payload.channel_id:
                continue
            # Decoded for each handler, so that one cannot change what another sees.
            self._dispatcher.call(subscription.handler, Context.decode(payload.context), metadata)

    def _intent_arrived(self, event: m.IntentEvent) -> None:
        for subscription in self._intents:
            if subscription.intent == event.payload.intent:
                self._dispatcher.run(self._handle_intent(subscription, event), subscription.handler)
                return

    async def _handle_intent(self, subscription: IntentSubscription, event: m.IntentEvent) -> None:
        payload = event.payload
        try:
            outcome = subscription.handler(Context.decode(payload.context), _metadata(payload.originating_app))
            if isinstance(outcome, Awaitable):
                outcome = await outcome
            result = _result(outcome)
        except Exception:
            logger.exception("The handler of %s failed", payload.intent)
            result = IntentResult(error=IntentHandlerRejected.__name__)
        answer = m.IntentResultPayload(event.meta.event_uuid, payload.raise_intent_request_uuid, result)
        await self._exchange.request(m.IntentResultRequest, answer)

    def _private_event(self, channel_id: str, event: PrivateChannelEvent) -> None:
        for subscription in list(self._private):
            if subscription.channel_id == channel_id and subscription.event in (None, event.type):
                self._dispatcher.call(subscription.handler, event)

    def _channel_changed(self, channel_id: str | None) -> None:
        self._channel_id = channel_id
        listening = [x for x in self._contexts if x.channel_id is None]
        for subscription in listening:
            subscription.heard = False
        self._replay = asyncio.ensure_future(self._replay_to(listening))
        self._dispatcher.run(self._replay, self._replay_to)
        changed = AgentEvent("userChannelChanged", {"currentChannelId": channel_id})
        for _, handler in list(self._agent_events):
            self._dispatcher.call(handler, changed)

    async def _replay_to(self, subscriptions: list[ContextSubscription]) -> None:
        """Gives the user channel's current context to those who have not heard anything newer."""
        channel_id = self._channel_id
        if channel_id is None:
            return
        for kind in dict.fromkeys(x.context_type for x in subscriptions):
            try:
                answer = await self._exchange.request(
                    m.GetCurrentContextRequest, m.CurrentContextPayload(channel_id, kind)
                )
            except Fdc3Error as error:
                logger.warning("The current context of %s could not be read: %s", channel_id, error)
                return
            if channel_id != self._channel_id:
                return
            for subscription in subscriptions:
                context = current_context(answer)
                if context is not None and subscription.context_type == kind and not subscription.heard:
                    subscription.heard = True
                    self._dispatcher.call(subscription.handler, context, _metadata(UNSET))

    # The link

    def reconnected(self, *, resumed: bool) -> None:
        if resumed:
            self._exchange.send_again()
        else:
            self._exchange.fail_pending(AgentNotFound)
            self._dispatcher.run(self._restore(), self._restore)

    async def _restore(self) -> None:
        """The agent has forgotten us: joins and listens again. Private channels cannot be had back."""
        channel_id, self._channel_id = self._channel_id, None
        self._private_channels_lost()
        await self._watch_membership()
        for subscription in list(self._contexts):
            if subscription.channel_id is not None:
                await self._exchange.request(m.GetOrCreateChannelRequest, m.ChannelIdPayload(subscription.channel_id))
            await self._register_context(subscription)
        for intent in list(self._intents):
            await self._register_intent(intent)
        if channel_id is not None:
            await self.join_user_channel(channel_id)

    def _private_channels_lost(self) -> None:
        for channel_id in {x.channel_id for x in self._private}:
            self._private_event(channel_id, PrivateChannelEvent("disconnect", {}))
            self._forget_private(channel_id)

    def lost(self) -> None:
        if not self.closed.is_set():
            self.closed.set()
            self._exchange.lost()
            self._private_channels_lost()

    def _channel(self, description: ChannelDescription) -> Channel:
        kind = PrivateChannel if description.type == "private" else Channel
        return kind(self, description)


def _target(app: Target) -> AppIdentifier:
    if isinstance(app, str):
        return AppIdentifier(app)
    return app.identifier if isinstance(app, AppMetadata) else app


def _metadata(source: object) -> ContextMetadata:
    return ContextMetadata(source if isinstance(source, AppIdentifier) else None)


def _result(outcome: object) -> IntentResult:
    if outcome is None:
        return IntentResult()
    if isinstance(outcome, Channel):
        return IntentResult(channel=outcome.description)
    if isinstance(outcome, Mapping):
        raw: Raw = Context.parse(outcome).encode()
        return IntentResult(context=raw)
    raise TypeError(f"an intent handler returns a context, a channel or None, not {type(outcome).__name__}")
