"""Apps: opening them, waiting for them to come up, finding instances, metadata, and the agent's own description."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from msgspec import UNSET, Raw

from fdc3.broker.core import Core, Handlers, Instance, Timer, context_type
from fdc3.broker.effects import Close, Launch
from fdc3.broker.holdings import Holdings
from fdc3.directory import same_app
from fdc3.types import messages as m
from fdc3.types.errors import (
    AppNotFound,
    AppTimeout,
    DesktopAgentNotFound,
    ErrorOnLaunch,
    Fdc3Error,
    NoAppsFound,
    TargetAppUnavailable,
    TargetInstanceUnavailable,
)
from fdc3.types.metadata import AppIdentifier, ContextMetadataDescription, ImplementationMetadata


@dataclass(slots=True, eq=False)
class Opening:
    """An ``open`` that is not answered yet: its app has to connect, and to take the context if there is one."""

    opener: Instance
    request: m.OpenRequest
    context: Raw | None
    context_type: str
    metadata: ContextMetadataDescription
    timer: Timer | None = None


class Apps:
    def __init__(
        self, core: Core, implementation: ImplementationMetadata, not_connected: Callable[[Instance], None]
    ) -> None:
        self.core = core
        self._implementation = implementation
        self._not_connected = not_connected
        self._connecting: dict[str, Timer] = {}
        self._opening: dict[str, Opening] = {}
        self._started = Holdings[str](core.quotas.opened, ErrorOnLaunch)
        self._openers: dict[str, Instance] = {}
        """At whose word an instance was started, by its id."""
        self.handlers: Handlers = {
            m.OpenRequest: self.open,
            m.CloseRequest: self.close,
            m.FindInstancesRequest: self.find_instances,
            m.GetAppMetadataRequest: self.get_app_metadata,
            m.GetInfoRequest: self.get_info,
        }

    def add(self, app_id: str, instance_id: str | None = None) -> Instance:
        """A new instance that has yet to connect, and is given up if it does not in time."""
        instance = Instance(instance_id or self.core.new_id(), app_id)
        self.core.instances[instance.id] = instance
        timer = self.core.later(self.core.timeouts.connect, lambda: self._connect_timeout(instance))
        self._connecting[instance.id] = timer
        return instance

    def _connect_timeout(self, instance: Instance) -> None:
        self._not_opened(instance, AppTimeout())
        self._not_connected(instance)

    def launch(self, app_id: str, opener: Instance) -> Instance:
        """Starts an app at the word of another. Raises ``ErrorOnLaunch`` if that has too many already."""
        instance_id = self.core.new_id()
        self._started.add(opener, instance_id, instance_id)
        self._openers[instance_id] = opener
        instance = self.add(app_id, instance_id)
        self.core.effects.append(Launch(app_id, instance.id))
        return instance

    def connected(self, instance: Instance) -> None:
        instance.connected = True
        if timer := self._connecting.pop(instance.id, None):
            timer.cancel()
        opening = self._opening.get(instance.id)
        if opening is None:
            return
        if opening.context is None:
            self._opened(instance, opening)
        else:
            opening.timer = self.core.later(
                self.core.timeouts.listener, lambda: self._not_opened(instance, AppTimeout())
            )

    # Opening

    def open(self, opener: Instance, request: m.OpenRequest) -> None:
        app, context = request.payload.app, request.payload.context
        if app.desktop_agent is not UNSET and app.desktop_agent != self._implementation.provider:
            raise DesktopAgentNotFound
        record = self.core.directory.get(app.app_id)
        if record is None:
            raise AppNotFound
        kind = "" if context is UNSET else context_type(context)
        metadata = self.core.stamp(opener, request.payload.metadata)
        instance = self.launch(record.app_id, opener)
        self._opening[instance.id] = Opening(opener, request, None if context is UNSET else context, kind, metadata)

    def close(self, instance: Instance, request: m.CloseRequest) -> None:
        self.core.effects.append(Close(instance.id, request.meta.request_uuid))

    def context_listener_added(self, instance: Instance, kind: str | None) -> None:
        """An instance listens on its user channel: the place where the context given to ``open`` arrives."""
        opening = self._opening.get(instance.id)
        if opening is None or opening.context is None or kind not in (None, opening.context_type):
            return
        payload = m.BroadcastEventPayload(None, opening.context, opening.metadata)
        self.core.tell([instance.id], m.BroadcastEvent, payload)
        self._opened(instance, opening)

    def _opened(self, instance: Instance, opening: Opening) -> None:
        self._forget(instance)
        if opening.opener.id in self.core.instances:
            self.core.reply(opening.opener, opening.request, app_identifier=instance.identifier)

    def _not_opened(self, instance: Instance, error: Fdc3Error) -> None:
        if opening := self._forget(instance):
            self.core.fail(opening.opener, opening.request, error)

    def _forget(self, instance: Instance) -> Opening | None:
        opening = self._opening.pop(instance.id, None)
        if opening is not None and opening.timer is not None:
            opening.timer.cancel()
        return opening

    # Finding

    def find_instances(self, instance: Instance, request: m.FindInstancesRequest) -> None:
        wanted = request.payload.app.app_id
        record = self.core.directory.get(wanted)
        running = self.core.running(record.app_id if record else wanted)
        if record is None and not running:
            raise NoAppsFound
        self.core.reply(instance, request, app_identifiers=tuple(self.core.metadata(x) for x in running if x.connected))

    def get_app_metadata(self, instance: Instance, request: m.GetAppMetadataRequest) -> None:
        app = request.payload.app
        record = self.core.directory.get(app.app_id)
        if app.instance is not None:
            target = self.target(app)
            self.core.reply(instance, request, app_metadata=self.core.metadata(target))
        elif record is not None:
            self.core.reply(instance, request, app_metadata=record.metadata())
        else:
            raise TargetAppUnavailable

    def target(self, app: AppIdentifier) -> Instance:
        """The running instance that an identifier names. Raises ``TargetInstanceUnavailable``."""
        target = self.core.instances.get(app.instance or "")
        if target is None or not same_app(app.app_id, target.app_id):
            raise TargetInstanceUnavailable
        return target

    def implementation(self, instance: Instance) -> ImplementationMetadata:
        """The agent's description as one app sees it, with the app's own metadata in it."""
        known = self._implementation
        return ImplementationMetadata(
            fdc3_version=known.fdc3_version,
            provider=known.provider,
            provider_version=known.provider_version,
            optional_features=known.optional_features,
            app_metadata=self.core.metadata(instance),
        )

    def get_info(self, instance: Instance, request: m.GetInfoRequest) -> None:
        self.core.reply(instance, request, implementation_metadata=self.implementation(instance))

    def instance_gone(self, instance: Instance) -> None:
        if timer := self._connecting.pop(instance.id, None):
            timer.cancel()
        self._not_opened(instance, ErrorOnLaunch())
        if opener := self._openers.pop(instance.id, None):
            self._started.remove(opener, instance.id)
        for opened_id in self._started.of(instance):
            del self._openers[opened_id]
        self._started.forget(instance)
        for opened, opening in list(self._opening.items()):
            if opening.opener is instance:
                self._forget(self.core.instances[opened])
