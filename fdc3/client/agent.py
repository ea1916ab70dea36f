"""The ``DesktopAgent`` interface of FDC3 3.0 for Python apps; an agent that speaks 2.2 is spoken to in 2.2."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeVar

from msgspec import UNSET, UnsetType

from fdc3.client.channel import Channel, PrivateChannel
from fdc3.client.exchange import Exchange, ExchangeTimeouts
from fdc3.client.listeners import (
    AgentEventHandler,
    ContextHandler,
    ContextSubscription,
    Dispatcher,
    IntentSubscription,
    Listener,
)
from fdc3.client.subscriptions import AgentEventType, Given, Subscriptions
from fdc3.transports.link import Link
from fdc3.types import messages as m
from fdc3.types.context import Context
from fdc3.types.context_metadata import (
    AppProvidableContextMetadata,
    ContextMetadata,
    ContextWithMetadata,
    from_message,
    to_message,
)
from fdc3.types.errors import AgentNotFound, MalformedMessage, from_code
from fdc3.types.metadata import (
    AppIdentifier,
    AppIntent,
    AppMetadata,
    ChannelDescription,
    ImplementationMetadata,
    IntentResult,
)

logger = logging.getLogger(__name__)

T = TypeVar("T")
IntentOutcome = Context | Channel | PrivateChannel | None
HandlerOutcome = IntentOutcome | ContextWithMetadata
IntentHandler = Callable[[Context, ContextMetadata], Awaitable[HandlerOutcome] | HandlerOutcome]
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
        result = (await self._payload()).intent_result
        if result is UNSET:
            return None
        if result.channel is not UNSET:
            return self._agent._channel(result.channel)
        return None if result.context is UNSET else Context.decode(result.context)

    async def get_result_metadata(self) -> ContextMetadata:
        """Who gave the result and when, and what the handler said of it. Raises and waits as ``get_result`` does."""
        metadata = (await self._payload()).result_metadata
        return ContextMetadata(self.source) if metadata is UNSET else from_message(metadata)

    async def _payload(self) -> m.ResponsePayload:
        payload = await asyncio.shield(self._result)
        if isinstance(payload.error, str):
            raise from_code(payload.error)
        return payload


class DesktopAgent:
    """An app's connection to the desktop agent. Get one from ``fdc3.client.connect*``; all calls on one event loop.

    Handlers may be plain or async functions; they run on the event loop. Every method raises the standard's errors
    (:mod:`fdc3.types.errors`); ``AgentNotFound`` once the agent has gone for good, which ``closed`` announces.
    """

    def __init__(self, link: Link, timeouts: ExchangeTimeouts | None = None) -> None:
        self._link = link
        self._exchange = Exchange(link, timeouts or ExchangeTimeouts(), self._event)
        self._dispatcher = Dispatcher()
        self._subscriptions = Subscriptions(self._exchange, self._dispatcher, _result)
        self.app = AppIdentifier("")
        """Who we are: our appId and instance id."""
        self.closed = asyncio.Event()
        """Set when the connection has ended for good, by either side."""

    async def _start(self) -> DesktopAgent:
        try:
            self.app = await self._link.open(self)
            await self._subscriptions.start()
        except BaseException:
            await self.disconnect()
            raise
        return self

    async def close(self) -> None:
        """Asks the agent to close us, our window or program included, and returns when that has ended the connection.

        Raises ``CloseError`` if we cannot be closed. From an agent of 2.2, which closes nobody, we only disconnect.
        """
        if self._exchange.knows(m.CloseRequest):
            with contextlib.suppress(AgentNotFound):  # there is no answer but the end
                await self._exchange.request(m.CloseRequest, m.NoPayload())
        await self.disconnect()

    async def disconnect(self) -> None:
        """Leaves the agent: listeners end, the instance disappears, handlers still running are cancelled."""
        if not self.closed.is_set():
            self.lost()
            await self._link.close()
        await self._dispatcher.stop()

    # Contexts and channels

    async def broadcast(self, context: Context, metadata: AppProvidableContextMetadata | None = None) -> None:
        """Sends a context over the user channel we have joined; without one it goes nowhere, as the standard says."""
        raw = context.encode()
        if self._subscriptions.channel_id is not None:
            payload = m.BroadcastPayload(self._subscriptions.channel_id, raw, to_message(metadata))
            await self._exchange.request(m.BroadcastRequest, payload)

    async def add_context_listener(self, context_type: str | None, handler: ContextHandler) -> Listener:
        """Calls ``handler(context, metadata)`` for contexts on whichever user channel we have joined.

        The channel's current context comes first, before this returns; contexts given to ``open`` come here too.
        """
        subscription = ContextSubscription(None, context_type, handler)
        return await self._subscriptions.listen_on_user_channel(subscription)

    async def get_user_channels(self) -> list[Channel]:
        answer = await self._exchange.request(m.GetUserChannelsRequest, m.NoPayload())
        return [self._channel(channel) for channel in (answer.user_channels or ())]

    async def join_user_channel(self, channel_id: str) -> None:
        """Joins a user channel (leaving the present one); our listeners get its current context before this returns."""
        await self._exchange.request(m.JoinUserChannelRequest, m.ChannelIdPayload(channel_id))
        await self._subscriptions.replayed()

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

    async def raise_intent(
        self,
        intent: str,
        context: Context,
        app: Target | None = None,
        new_instance: bool | None = None,
        metadata: AppProvidableContextMetadata | None = None,
    ) -> IntentResolution:
        """Asks for an intent to be handled: by ``app`` if given, else by whom the agent or the user chooses.

        ``new_instance``: True starts an app for it, False takes only one that runs.
        Returns when a handler has it. Raises ``ResolveError`` (``NoAppsFound``, ``UserCancelledResolution``, ...).
        """
        payload = m.RaiseIntentPayload(
            intent, context.encode(), _given(app), to_message(metadata), _unset(new_instance)
        )
        return self._resolution(await self._exchange.request_with_result(m.RaiseIntentRequest, payload))

    async def raise_intent_for_context(
        self,
        context: Context,
        app: Target | None = None,
        new_instance: bool | None = None,
        metadata: AppProvidableContextMetadata | None = None,
    ) -> IntentResolution:
        """As ``raise_intent``, for any intent that takes this context."""
        payload = m.RaiseIntentForContextPayload(
            context.encode(), _given(app), to_message(metadata), _unset(new_instance)
        )
        return self._resolution(await self._exchange.request_with_result(m.RaiseIntentForContextRequest, payload))

    def _resolution(
        self, answer: tuple[m.ResponsePayload, asyncio.Future[m.ResponsePayload] | None]
    ) -> IntentResolution:
        payload, result = answer
        if payload.intent_resolution is UNSET or result is None:
            raise MalformedMessage
        return IntentResolution(self, payload.intent_resolution.source, payload.intent_resolution.intent, result)

    async def add_intent_listener(self, intent: str, handler: IntentHandler) -> Listener:
        """Handles an intent: ``handler(context, metadata)`` returns the result (a context, with metadata or without, a
        channel or None), or a coroutine of it. If it raises, the raiser gets ``IntentHandlerRejected``.

        Raises ``IntentListenerConflict`` if we handle this intent already.
        """
        return await self._subscriptions.handle_intent(IntentSubscription(intent, handler))

    async def add_intent_listener_with_context(
        self, intent: str, context_type: str | Sequence[str], handler: IntentHandler
    ) -> Listener:
        """As ``add_intent_listener``, for contexts of these types only; others may be handled by other listeners."""
        kinds = (context_type,) if isinstance(context_type, str) else tuple(context_type)
        return await self._subscriptions.handle_intent(IntentSubscription(intent, handler, kinds))

    async def find_intent(
        self, intent: str, context: Context | None = None, result_type: str | None = None
    ) -> AppIntent:
        """The apps that handle an intent (for this context, with this kind of result). Raises ``NoAppsFound``."""
        payload = m.FindIntentPayload(intent, UNSET if context is None else context.encode(), _unset(result_type))
        answer = await self._exchange.request(m.FindIntentRequest, payload)
        if answer.app_intent is UNSET:
            raise MalformedMessage
        return answer.app_intent

    async def find_intents_by_context(self, context: Context, result_type: str | None = None) -> list[AppIntent]:
        payload = m.FindIntentsByContextPayload(context.encode(), _unset(result_type))
        answer = await self._exchange.request(m.FindIntentsByContextRequest, payload)
        return list(answer.app_intents or ())

    # Apps

    async def open(
        self, app: Target, context: Context | None = None, metadata: AppProvidableContextMetadata | None = None
    ) -> AppIdentifier:
        """Starts an app; with a context, returns when the app has taken it. Raises ``OpenError``."""
        payload = m.OpenPayload(_target(app), UNSET if context is None else context.encode(), to_message(metadata))
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

    async def add_event_listener(self, event: AgentEventType | None, handler: AgentEventHandler) -> Listener:
        """Calls ``handler(event)`` when we join, change or leave a user channel ("userChannelChanged"), or when the
        context of any channel is cleared ("contextCleared"); None: for both."""
        return self._subscriptions.watch(event, handler)

    # The link reports to these

    def received(self, data: bytes) -> None:
        try:
            self._exchange.received(data)
        except Exception:  # whatever one message does, the next ones must arrive
            logger.exception("A message from the agent could not be handled")

    def _event(self, event: m.Event) -> None:
        self._subscriptions.received(event)

    def reconnected(self, *, resumed: bool) -> None:
        if resumed:
            self._exchange.send_again()
        else:
            self._exchange.fail_pending(AgentNotFound)
            self._dispatcher.run(self._subscriptions.restore(), self._subscriptions.restore)

    def lost(self) -> None:
        if not self.closed.is_set():
            self.closed.set()
            self._exchange.end()
            self._subscriptions.private_channels_lost()

    def _channel(self, description: ChannelDescription) -> Channel:
        kind = PrivateChannel if description.type == "private" else Channel
        return kind(self, description)


def _target(app: Target) -> AppIdentifier:
    if isinstance(app, str):
        return AppIdentifier(app)
    return app.identifier if isinstance(app, AppMetadata) else app


def _given(app: Target | None) -> AppIdentifier | UnsetType:
    return UNSET if app is None else _target(app)


def _unset(value: T | None) -> T | UnsetType:
    return UNSET if value is None else value


def _result(outcome: object) -> Given:
    if outcome is None:
        return IntentResult(), UNSET
    if isinstance(outcome, Channel):
        return IntentResult(channel=outcome.description), UNSET
    if isinstance(outcome, ContextWithMetadata):
        return IntentResult(context=outcome.context.encode()), to_message(outcome.metadata)
    if isinstance(outcome, Mapping):
        return IntentResult(context=Context.parse(outcome).encode()), UNSET
    raise TypeError(f"an intent handler returns a context, a channel or None, not {type(outcome).__name__}")
