"""The door of the desktop agent: instances come and go, requests come in, effects go out."""

from __future__ import annotations

import datetime as dt
import os
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from fdc3.broker.apps import Apps
from fdc3.broker.channel import ContextListener
from fdc3.broker.channels import RECOMMENDED_USER_CHANNELS, Channels
from fdc3.broker.core import Area, Core, Instance, Timeouts
from fdc3.broker.effects import Effect, Lost
from fdc3.broker.guests import Guests
from fdc3.broker.heartbeat import Heartbeats
from fdc3.broker.intents import Intents
from fdc3.broker.keeping import KeptInstance, keep, restore
from fdc3.broker.snapshot import Snapshot, take
from fdc3.directory import AppDirectory
from fdc3.limits import Quotas
from fdc3.types.errors import ErrorOnClose, Fdc3Error
from fdc3.types.messages import REQUESTS, RESPONSES, CloseRequest, Request, ResponsePayload
from fdc3.types.metadata import AppIdentifier, ChannelDescription, ImplementationMetadata, OptionalFeatures
from fdc3.types.wire import Unreadable


def _utc_now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def _random_ids() -> Iterator[str]:
    """Nobody can guess them. Drawn in bulk: every single draw is a system call, at which other threads take over."""
    while True:
        drawn = os.urandom(4096).hex()
        yield from (drawn[start : start + 32] for start in range(0, len(drawn), 32))


_REQUESTS_BY_NAME = {request.type_name(): request for request in REQUESTS}


class Broker:
    """A desktop agent of FDC3 3.0, and of 2.2 through its dialect.

    Not thread-safe; every method returns the effects to carry out, in order.

    ``clock`` gives the timestamps in messages, ``monotonic`` the seconds that time-outs are measured by.
    """

    def __init__(
        self,
        directory: AppDirectory,
        *,
        provider: str = "Deskline",
        provider_version: str = "0",
        user_channels: Iterable[ChannelDescription] = RECOMMENDED_USER_CHANNELS,
        timeouts: Timeouts | None = None,
        quotas: Quotas | None = None,
        clock: Callable[[], dt.datetime] = _utc_now,
        monotonic: Callable[[], float] = time.monotonic,
        new_id: Callable[[], str] | None = None,
    ) -> None:
        implementation = ImplementationMetadata(
            fdc3_version="3.0",
            provider=provider,
            provider_version=provider_version,
            optional_features=OptionalFeatures(DesktopAgentBridging=True),
        )
        self._core = Core(
            directory,
            clock=clock,
            monotonic=monotonic,
            new_id=new_id or _random_ids().__next__,
            timeouts=timeouts or Timeouts(),
            quotas=quotas or Quotas(),
        )
        self._apps = Apps(self._core, implementation, self._remove)
        self._channels = Channels(self._core, user_channels, self._listener_added)
        self._intents = Intents(self._core, self._apps, self._channels, provider)
        self._heartbeats = Heartbeats(self._core, self._lost)
        self._areas: tuple[Area, ...] = (self._channels, self._intents, self._apps, self._heartbeats)
        self.guests = Guests(self._core, self._channels, self._intents, self._remove)
        self._handlers: dict[type[Request], Callable[[Instance, Any], None]] = {}
        for area in self._areas:
            self._handlers.update(area.handlers)

    # Instances

    @property
    def instances(self) -> tuple[Instance, ...]:
        return tuple(instance for instance in self._core.instances.values() if instance.desktop_agent is None)

    @property
    def directory(self) -> AppDirectory:
        return self._core.directory

    @property
    def user_channels(self) -> tuple[ChannelDescription, ...]:
        return self._channels.user_channels

    def instance(self, instance_id: str) -> Instance | None:
        return self._core.instances.get(instance_id)

    def add_instance(self, app_id: str, instance_id: str | None = None) -> Instance:
        """An app that the host is starting, or that comes back under its old id. ``connect`` must follow."""
        return self._apps.add(app_id, instance_id)

    def connect(self, instance_id: str) -> list[Effect]:
        """The instance is there and may send requests."""
        instance = self._core.instances[instance_id]
        if not instance.connected:
            self._apps.connected(instance)
            self._heartbeats.connected(instance)
        return self._effects()

    def disconnect(self, instance_id: str) -> list[Effect]:
        """The instance has gone for good, or could not be started. Nothing is left of it."""
        if instance := self._core.instances.get(instance_id):
            self._remove(instance)
        return self._effects()

    def restart(self, instance_id: str) -> list[Effect]:
        """The instance has begun anew, as a page that is loaded again: it keeps its place, not what it had set up."""
        if instance := self._core.instances.get(instance_id):
            self._channels.forget_listeners(instance)
            self._intents.forget_listeners(instance)
        return self._effects()

    def keep(self, instance_id: str) -> KeptInstance | None:
        """What ``restore`` needs; None for an instance that is not connected."""
        instance = self._core.instances.get(instance_id)
        return keep(instance, self._channels, self._intents) if instance is not None and instance.connected else None

    def restore(self, instance_id: str, app_id: str, kept: KeptInstance) -> list[Effect]:
        """An instance that another agent had before this one goes on here. Raises ``Fdc3Error`` if it cannot."""
        instance = self._core.instances[instance_id] = Instance(instance_id, app_id, connected=True)
        try:
            restore(instance, kept, self._core, self._channels, self._intents)
        except Fdc3Error:
            self._remove(instance)
            self._effects()
            raise
        self._heartbeats.connected(instance)
        return self._effects()

    def launch_failed(self, instance_id: str) -> list[Effect]:
        """A ``Launch`` could not be carried out."""
        return self.disconnect(instance_id)

    def close_failed(self, instance_id: str, request_uuid: str) -> list[Effect]:
        """A ``Close`` could not be carried out."""
        if instance := self._core.instances.get(instance_id):
            payload = ResponsePayload(error=ErrorOnClose().code)
            self._core.respond(instance, RESPONSES[CloseRequest], request_uuid, payload)
        return self._effects()

    def implementation(self, instance_id: str) -> ImplementationMetadata:
        """What this instance learns about the agent and itself when it connects."""
        return self._apps.implementation(self._core.instances[instance_id])

    def move(self, instance_id: str, channel_id: str | None) -> list[Effect]:
        """The host puts an instance on a user channel. Raises ``NoChannelFound``."""
        self._channels.move(self._core.instances[instance_id], channel_id)
        return self._effects()

    def snapshot(self) -> Snapshot:
        """What there is at this moment, for an inspector."""
        return take(self._core, self._channels, self._intents)

    # Messages

    def receive(self, instance_id: str, request: Request) -> list[Effect]:
        """Handles one request of a connected instance; requests of others are dropped."""
        instance = self._core.instances.get(instance_id)
        if instance is not None and instance.connected:
            try:
                self._handlers[type(request)](instance, request)
            except Fdc3Error as error:
                self._core.fail(instance, request, error)
        return self._effects()

    def refuse(self, instance_id: str, unreadable: Unreadable) -> list[Effect]:
        """Answers bytes that were no request with an error, if they were enough of one to be answered."""
        instance = self._core.instances.get(instance_id)
        kind = RESPONSES.get(_REQUESTS_BY_NAME.get(unreadable.request_type or "", Request))
        if instance is not None and kind is not None and unreadable.request_uuid is not None:
            payload = ResponsePayload(error=unreadable.error.code)
            self._core.respond(instance, kind, unreadable.request_uuid, payload)
        return self._effects()

    def resolved(self, request_id: str, app: AppIdentifier | None, intent: str | None = None) -> list[Effect]:
        """The user's answer to a ``Resolve``; None: none of them. ``intent`` chooses among several intents."""
        self._intents.resolved(request_id, app, intent)
        return self._effects()

    def unresolved(self, request_id: str, error: Fdc3Error) -> list[Effect]:
        """A ``Resolve`` could not be carried out."""
        self._intents.unresolved(request_id, error)
        return self._effects()

    # Time

    @property
    def deadline(self) -> float | None:
        """When ``tick`` must be called next, on the ``monotonic`` clock; None: not at all."""
        return self._core.deadline

    def tick(self) -> list[Effect]:
        """Carries out whatever is due."""
        self._core.run_due()
        return self._effects()

    # Inside

    def _listener_added(self, instance: Instance, listener: ContextListener) -> None:
        if listener.channel_id is None:
            self._apps.context_listener_added(instance, listener.context_type)

    def _remove(self, instance: Instance) -> None:
        for area in self._areas:
            area.instance_gone(instance)
        self._core.instances.pop(instance.id, None)

    def _lost(self, instance: Instance) -> None:
        self._core.effects.append(Lost(instance.id))
        self._remove(instance)

    def _effects(self) -> list[Effect]:
        effects, self._core.effects = self._core.effects, []
        return effects
