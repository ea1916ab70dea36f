"""FDC3 for Python apps: the standard's ``DesktopAgent`` in snake_case, the same in process and over a socket.

``connect_memory`` joins an agent in this process, ``connect`` one elsewhere. Knows nothing of the agent's insides.
"""

from __future__ import annotations

from typing import Protocol

from fdc3.client.agent import DesktopAgent, HandlerOutcome, IntentHandler, IntentOutcome, IntentResolution
from fdc3.client.channel import Channel, PrivateChannel
from fdc3.client.connect import connect, connect_from_environment
from fdc3.client.exchange import ExchangeTimeouts
from fdc3.client.listeners import (
    AgentEvent,
    AgentEventHandler,
    ChannelEvent,
    ChannelEventHandler,
    ContextHandler,
    Listener,
    PrivateChannelEvent,
    PrivateChannelEventHandler,
)
from fdc3.transports.link import Backoff

__all__ = [
    "AgentEvent",
    "AgentEventHandler",
    "Backoff",
    "Channel",
    "ChannelEvent",
    "ChannelEventHandler",
    "ContextHandler",
    "DesktopAgent",
    "ExchangeTimeouts",
    "HandlerOutcome",
    "IntentHandler",
    "IntentOutcome",
    "IntentResolution",
    "Listener",
    "PrivateChannel",
    "PrivateChannelEvent",
    "PrivateChannelEventHandler",
    "connect",
    "connect_from_environment",
    "connect_memory",
]


class LocalHost(Protocol):
    async def connect_memory(self, app_id: str, *, instance_id: str | None = None) -> DesktopAgent: ...


async def connect_memory(host: LocalHost, *, app_id: str, instance_id: str | None = None) -> DesktopAgent:
    """Joins the agent of a ``fdc3.host.Host`` in this process (and event loop)."""
    return await host.connect_memory(app_id, instance_id=instance_id)
