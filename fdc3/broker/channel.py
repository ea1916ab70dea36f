"""A channel, and the current contexts that all channels keep."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from msgspec import UNSET, Raw, UnsetType

from fdc3.broker.core import Instance
from fdc3.limits import Charges, Place, Quotas
from fdc3.types import messages as m
from fdc3.types.metadata import ChannelDescription, ChannelType, ContextMetadataDescription, DisplayMetadata

GUESTS: Final = ""
"""Whom contexts from other desktop agents are charged to: they come under any number of names."""


@dataclass(slots=True, eq=False)
class ContextListener:
    uuid: str
    instance: Instance
    channel_id: str | None
    """None: whichever user channel the instance has joined."""
    context_type: str | None

    def hears(self, kind: str) -> bool:
        return self.context_type is None or self.context_type == kind


@dataclass(slots=True, eq=False)
class PrivateEventListener:
    uuid: str
    channel: Channel
    instance: Instance
    event: m.PrivateEventType | None


@dataclass(slots=True, eq=False)
class Channel:
    id: str
    type: ChannelType
    display: DisplayMetadata | UnsetType = UNSET
    contexts: dict[str, Raw] = field(default_factory=dict)
    """The latest context of each type, the latest of all last."""
    sources: dict[str, ContextMetadataDescription] = field(default_factory=dict)
    """Where each of these comes from."""
    listeners: dict[str, ContextListener] = field(default_factory=dict)
    members: dict[str, Instance] = field(default_factory=dict)
    """User channel: who has joined. Private channel: its parties. App channel: who has got it or listens on it."""
    events: dict[str, PrivateEventListener] = field(default_factory=dict)
    owner: Instance | None = None
    """Private channel made under another desktop agent: the guest that made it. It is told of everything."""

    @property
    def description(self) -> ChannelDescription:
        return ChannelDescription(self.id, self.type, self.display)


class CurrentContexts:
    """Sets the current contexts of channels. Each is charged to the app that sent it, all instances of one together;
    what an app has sent beyond its quota pushes out its own oldest."""

    def __init__(self, quotas: Quotas) -> None:
        self._charges = Charges(quotas.contexts, quotas.context_bytes)
        self._channels: dict[Place, Channel] = {}

    def keep(
        self, channel: Channel, kind: str, raw: Raw, metadata: ContextMetadataDescription, sender: Instance
    ) -> None:
        self.forget(channel, kind)
        # Copies: what is kept must not hold on to the whole message that it came in.
        raw = channel.contexts[kind] = raw.copy()
        channel.sources[kind] = metadata
        place = channel.id, kind
        self._channels[place] = channel
        payer = sender.app_id if sender.desktop_agent is None else GUESTS
        for oldest in self._charges.charge(payer, place, len(memoryview(raw)) + _take_over(metadata)):
            self.forget(self._channels[oldest], oldest[1])

    def forget(self, channel: Channel, kind: str) -> None:
        if channel.contexts.pop(kind, None) is not None:
            del channel.sources[kind]
            del self._channels[channel.id, kind]
            self._charges.release((channel.id, kind))

    def forget_all(self, channel: Channel) -> None:
        for kind in list(channel.contexts):
            self.forget(channel, kind)


def _take_over(metadata: ContextMetadataDescription) -> int:
    """Copies what is the sender's own out of its message. Returns the bytes of it."""
    size = 0
    for name in ("signature", "anti_replay", "custom"):
        said = getattr(metadata, name)
        if said is not UNSET:
            setattr(metadata, name, copy := said.copy())
            size += len(memoryview(copy))
    return size
