"""An app's record, as the App Directory v2 standard defines it (``appd.schema.json``)."""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from fdc3.types.metadata import AppMetadata, Icon, Image, Wire


class ListensFor(Wire, kw_only=True):
    """How an app handles one intent. No contexts listed means that any context is taken."""

    contexts: tuple[str, ...]
    display_name: str | UnsetType = UNSET
    result_type: str | UnsetType | None = UNSET
    custom_config: dict[str, Any] | UnsetType = UNSET

    def takes(self, context_type: str | None) -> bool:
        return context_type is None or not self.contexts or context_type in self.contexts

    def returns(self, wanted: str | None) -> bool:
        """Whether the result is of the type wanted. "channel" also stands for "channel<any type>"."""
        declared = self.result_type or None
        if wanted is None or declared == wanted:
            return True
        return wanted == "channel" and declared is not None and declared.startswith("channel<")


class Intents(Wire, kw_only=True):
    listens_for: dict[str, ListensFor] = msgspec.field(default_factory=dict)
    raises: dict[str, tuple[str, ...]] = msgspec.field(default_factory=dict)


class UserChannelUse(Wire, kw_only=True):
    broadcasts: tuple[str, ...] = ()
    listens_for: tuple[str, ...] = ()


class AppChannelUse(Wire, kw_only=True):
    id: str
    description: str | UnsetType = UNSET
    broadcasts: tuple[str, ...] = ()
    listens_for: tuple[str, ...] = ()


class Interop(Wire, kw_only=True):
    intents: Intents = msgspec.field(default_factory=Intents)
    user_channels: UserChannelUse = msgspec.field(default_factory=UserChannelUse)
    app_channels: tuple[AppChannelUse, ...] = ()


class AppRecord(Wire, kw_only=True):
    app_id: str
    title: str = ""
    type: Literal["web", "native", "citrix", "onlineNative", "other"]
    details: dict[str, Any]
    name: str | UnsetType = UNSET
    version: str | UnsetType = UNSET
    tooltip: str | UnsetType = UNSET
    lang: str | UnsetType = UNSET
    description: str | UnsetType = UNSET
    categories: tuple[str, ...] = ()
    icons: tuple[Icon, ...] = ()
    screenshots: tuple[Image, ...] = ()
    contact_email: str | UnsetType = UNSET
    support_email: str | UnsetType = UNSET
    more_info: str | UnsetType = UNSET
    publisher: str | UnsetType = UNSET
    host_manifests: dict[str, Any] = msgspec.field(default_factory=dict)
    """What a particular desktop agent needs to know, by the agent's name; kept as it is."""
    localized_versions: dict[str, Any] = msgspec.field(default_factory=dict)
    interop: Interop = msgspec.field(default_factory=Interop)

    def __post_init__(self) -> None:
        if not self.app_id:
            raise ValueError("appId must not be empty")
        # The standard requires a title, and directories in use, FINOS's own among them, leave it out all the same.
        self.title = self.title or self.name or self.app_id

    def metadata(
        self,
        instance_id: str | UnsetType = UNSET,
        result_type: str | UnsetType | None = UNSET,
    ) -> AppMetadata:
        """The record as other apps see it; with ``instance_id``, one running instance of it."""
        return AppMetadata(
            app_id=self.app_id,
            instance_id=instance_id,
            name=self.name if self.name is not UNSET else self.app_id,
            version=self.version,
            title=self.title,
            tooltip=self.tooltip,
            description=self.description,
            icons=self.icons,
            screenshots=self.screenshots,
            result_type=result_type,
        )
