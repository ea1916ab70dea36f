"""Who is who: app identifiers and metadata, as they stand inside messages (``api.schema.json`` of FDC3 3.0)."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Raw, UnsetType

Name = Annotated[str, msgspec.Meta(max_length=1024)]
"""A name or an id in a request that the agent may keep."""


class Wire(msgspec.Struct, rename="camel", omit_defaults=True):
    """A part of a message. Python names are snake_case, names on the wire camelCase; unset fields are left out."""


class AppIdentifier(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """An app, or with ``instance_id`` one running instance of it."""

    app_id: str
    instance_id: str | UnsetType = UNSET
    desktop_agent: str | UnsetType = UNSET

    @property
    def instance(self) -> str | None:
        return None if self.instance_id is UNSET else self.instance_id


class Icon(Wire):
    src: str
    size: str | UnsetType = UNSET
    type: str | UnsetType = UNSET


class Image(Wire):
    src: str
    size: str | UnsetType = UNSET
    type: str | UnsetType = UNSET
    label: str | UnsetType = UNSET


class AppMetadata(Wire, kw_only=True):
    app_id: str
    instance_id: str | UnsetType = UNSET
    desktop_agent: str | UnsetType = UNSET
    name: str | UnsetType = UNSET
    version: str | UnsetType = UNSET
    instance_metadata: dict[str, Any] | UnsetType = UNSET
    title: str | UnsetType = UNSET
    tooltip: str | UnsetType = UNSET
    description: str | UnsetType = UNSET
    icons: tuple[Icon, ...] | UnsetType = UNSET
    screenshots: tuple[Image, ...] | UnsetType = UNSET
    result_type: str | UnsetType | None = UNSET

    @property
    def identifier(self) -> AppIdentifier:
        return AppIdentifier(self.app_id, self.instance_id, self.desktop_agent)

    @property
    def instance(self) -> str | None:
        return None if self.instance_id is UNSET else self.instance_id


class IntentMetadata(Wire):
    name: str
    display_name: str | UnsetType = UNSET


class AppIntent(Wire):
    """An intent and the apps, running or not, that can handle it."""

    intent: IntentMetadata
    apps: tuple[AppMetadata, ...]


class DisplayMetadata(Wire, kw_only=True):
    name: str | UnsetType = UNSET
    color: str | UnsetType = UNSET
    glyph: str | UnsetType = UNSET


ChannelType = Literal["user", "app", "private"]


class ChannelDescription(Wire):
    """A channel as it stands in a message (the standard calls this object ``Channel`` too)."""

    id: str
    type: ChannelType
    display_metadata: DisplayMetadata | UnsetType = UNSET


class OptionalFeatures(msgspec.Struct, frozen=True, kw_only=True):
    OriginatingAppMetadata: bool | UnsetType = UNSET
    """Of 2.2 alone: in 3.0 every context comes with its source."""
    UserChannelMembershipAPIs: bool = True
    DesktopAgentBridging: bool = False


class ImplementationMetadata(Wire, kw_only=True):
    fdc3_version: str
    provider: str
    provider_version: str | UnsetType = UNSET
    optional_features: OptionalFeatures
    app_metadata: AppMetadata | UnsetType = UNSET


class ProvidedMetadata(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What an app says of a context it sends, as it stands in a message (``AppProvidableContextMetadata``).

    Signature and claims are the sender's bytes: the agent hands them on as they are and never rebuilds them.
    """

    trace_id: Name | UnsetType = UNSET
    signature: Raw | UnsetType = UNSET
    anti_replay: Raw | UnsetType = UNSET
    custom: Raw | UnsetType = UNSET


class ContextMetadataDescription(Wire, kw_only=True):
    """Where a context comes from, as it stands in a message: the agent's word (source, timestamp) and the sender's."""

    source: AppIdentifier
    timestamp: dt.datetime
    trace_id: str
    signature: Raw | UnsetType = UNSET
    anti_replay: Raw | UnsetType = UNSET
    custom: Raw | UnsetType = UNSET


class IntentResolutionDescription(Wire):
    """The answer to a raised intent, as it stands in a message: who took it."""

    source: AppIdentifier
    intent: str


class IntentResult(Wire, kw_only=True):
    """A handler's result: a context, a channel, or (all unset) nothing. ``error``: the handler failed."""

    context: Raw | UnsetType = UNSET
    channel: ChannelDescription | UnsetType = UNSET
    error: str | UnsetType = UNSET
