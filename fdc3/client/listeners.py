"""Listeners: what an app has asked to hear, and calling its handlers."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from fdc3.types.context import Context
from fdc3.types.context_metadata import ContextMetadata
from fdc3.types.messages import PrivateEventType

logger = logging.getLogger(__name__)

ContextHandler = Callable[[Context, ContextMetadata], Awaitable[None] | None]


@dataclass(frozen=True, slots=True)
class AgentEvent:
    """``type`` is "userChannelChanged" with ``details`` {"currentChannelId": id or None}, or "contextCleared" with
    {"channelId": id, "contextType": type or None for all}."""

    type: str
    details: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ChannelEvent:
    """``type`` is "contextCleared"; ``details`` {"channelId": id, "contextType": type or None for all}."""

    type: str
    details: dict[str, Any]


@dataclass(frozen=True, slots=True)
class PrivateChannelEvent(ChannelEvent):
    """Also "addContextListener" and "unsubscribe" with ``details`` {"contextType": type or None}, "disconnect" with
    {}."""


CONTEXT_CLEARED: Final = "contextCleared"
ChannelEventType = Literal["contextCleared"]
PrivateChannelEventType = PrivateEventType | ChannelEventType
AgentEventHandler = Callable[[AgentEvent], Awaitable[None] | None]
ChannelEventHandler = Callable[[ChannelEvent], Awaitable[None] | None]
PrivateChannelEventHandler = Callable[[PrivateChannelEvent], Awaitable[None] | None]


@dataclass(slots=True, eq=False)
class ContextSubscription:
    channel_id: str | None
    context_type: str | None
    handler: ContextHandler
    private: bool = False
    uuid: str = ""
    heard: bool = False
    """Something arrived since the user channel was joined, so the channel's current context is old news."""


@dataclass(slots=True, eq=False)
class IntentSubscription:
    intent: str
    handler: Callable[[Context, ContextMetadata], Any]
    context_types: tuple[str, ...] | None = None
    """None: all."""
    uuid: str = ""

    def takes(self, intent: str, kind: str) -> bool:
        return self.intent == intent and (self.context_types is None or kind in self.context_types)


@dataclass(slots=True, eq=False)
class ClearingSubscription:
    channel_id: str
    handler: ChannelEventHandler


@dataclass(slots=True, eq=False)
class PrivateSubscription:
    channel_id: str
    event: PrivateChannelEventType | None
    handler: PrivateChannelEventHandler
    uuid: str = ""


class Listener:
    """Ends a subscription with ``await listener.unsubscribe()``; a second call does nothing."""

    def __init__(self, unsubscribe: Callable[[], Awaitable[None]]) -> None:
        self._unsubscribe: Callable[[], Awaitable[None]] | None = unsubscribe

    async def unsubscribe(self) -> None:
        unsubscribe, self._unsubscribe = self._unsubscribe, None
        if unsubscribe is not None:
            await unsubscribe()


@dataclass(slots=True)
class Dispatcher:
    """Calls handlers. As in JavaScript, handlers start in the order of the messages and do not wait for each other;
    one that fails is logged and disturbs nobody."""

    _tasks: set[asyncio.Future[Any]] = field(default_factory=set)

    def call(self, handler: Callable[..., Any], *arguments: object) -> None:
        try:
            result = handler(*arguments)
        except Exception:
            logger.exception("A handler failed: %s", _name(handler))
            return
        if result is not None and inspect.isawaitable(result):
            self.run(result, handler)

    def run(self, work: Awaitable[Any], handler: Callable[..., Any]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(lambda done: self._finished(done, handler))

    def _finished(self, task: asyncio.Future[Any], handler: Callable[..., Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("A handler failed: %s", _name(handler), exc_info=error)

    async def stop(self) -> None:
        """Cancels the handlers still running, except the one that is calling this."""
        tasks = [task for task in self._tasks if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _name(handler: Callable[..., Any]) -> str:
    return getattr(handler, "__qualname__", repr(handler))
