"""A channel, and the current contexts that all channels keep."""

from __future__ import annotations

from dataclasses import dataclass, field

from msgspec import UNSET, Raw, UnsetType

from fdc3.broker.core import Instance
from fdc3.limits import Quotas
from fdc3.types import messages as m
from fdc3.types.metadata import ChannelDescription, ChannelType, ContextMetadataDescription, DisplayMetadata


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
        self._quotas = quotas
        self._of: dict[str, dict[tuple[str, str], Channel]] = {}
        self._bytes: dict[str, int] = {}
        self._charged: dict[tuple[str, str], tuple[str, int]] = {}

    def keep(
        self, channel: Channel, kind: str, raw: Raw, metadata: ContextMetadataDescription, sender: Instance
    ) -> None:
        self.forget(channel, kind)
        # Copies: what is kept must not hold on to the whole message that it came in.
        raw = channel.contexts[kind] = raw.copy()
        size = len(memoryview(raw)) + _take_over(metadata)
        channel.sources[kind] = metadata
        app, place = sender.desktop_agent or sender.app_id, (channel.id, kind)
        kept = self._of.setdefault(app, {})
        kept[place] = channel
        self._bytes[app] = self._bytes.get(app, 0) + size
        self._charged[place] = app, size
        while len(kept) > 1 and (len(kept) > self._quotas.contexts or self._bytes[app] > self._quotas.context_bytes):
            (_, oldest), where = next(iter(kept.items()))
            self.forget(where, oldest)

    def forget(self, channel: Channel, kind: str) -> None:
        if channel.contexts.pop(kind, None) is not None:
            del channel.sources[kind]
            app, size = self._charged.pop((channel.id, kind))
            del self._of[app][channel.id, kind]
            self._bytes[app] -= size

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
