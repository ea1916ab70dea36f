"""What the bridge knows of channels, for agents that join: the current contexts that agents have told it of."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec import Raw

from fdc3.limits import Charges, Place, Quotas
from fdc3.types.context import Context

DEPARTED: Final = ""
"""Whom the contexts of agents that have left are charged to, all together: they might come back under other names."""


class SharedState:
    """Each agent has a quota, as an app has in an agent; beyond that its own oldest contexts are forgotten."""

    def __init__(self, quotas: Quotas | None = None) -> None:
        quotas = quotas or Quotas()
        self._charges = Charges(quotas.contexts, quotas.context_bytes)
        self._channels: dict[str, dict[str, Raw]] = {}
        """By channel and type, the latest of all last."""

    def channels(self) -> dict[str, tuple[Raw, ...]]:
        """The contexts of each channel, the latest first."""
        return {channel_id: tuple(reversed(contexts.values())) for channel_id, contexts in self._channels.items()}

    def set(self, agent: str, channel_id: str, context: Raw) -> None:
        """A context was broadcast."""
        kind = Context.decode(context).type
        contexts = self._channels.setdefault(channel_id, {})
        contexts.pop(kind, None)
        contexts[kind] = context.copy()
        self._charge(agent, (channel_id, kind), len(memoryview(context)))

    def add(self, agent: str, channel_id: str, contexts: Iterable[Raw]) -> None:
        """What an agent brings with it, the latest first. What is known takes precedence and counts as later."""
        known = self._channels.get(channel_id, {})
        added = {kind: raw.copy() for raw in contexts if (kind := Context.decode(raw).type) not in known}
        self._channels[channel_id] = {**dict(reversed(added.items())), **known}
        for kind, raw in reversed(added.items()):
            self._charge(agent, (channel_id, kind), len(memoryview(raw)))

    def left(self, agent: str) -> None:
        for place, size in self._charges.of(agent).items():
            self._charge(DEPARTED, place, size)

    def _charge(self, agent: str, place: Place, size: int) -> None:
        for channel_id, kind in self._charges.charge(agent, place, size):
            contexts = self._channels[channel_id]
            del contexts[kind]
            if not contexts:
                del self._channels[channel_id]
