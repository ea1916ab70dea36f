"""What the broker's areas share: the instances, the clock, the timers and the list of effects being built."""

from __future__ import annotations

import datetime as dt
import heapq
import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import msgspec
from msgspec import UNSET, Raw, UnsetType

from fdc3.broker.effects import Deliver, Effect
from fdc3.directory import AppDirectory
from fdc3.limits import Quotas
from fdc3.types.errors import Fdc3Error, MalformedContext
from fdc3.types.messages import (
    RESPONSES,
    Event,
    EventMeta,
    Request,
    Response,
    ResponseMeta,
    ResponsePayload,
)
from fdc3.types.metadata import AppIdentifier, AppMetadata, ContextMetadataDescription, ProvidedMetadata

TIDY: Final = 64
"""Timers beyond twice those that run."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds. The standard asks for at least 15 for a started app to add its listener, and that the agent gives up
    before its clients do: they wait 100 s where the user may be asked and an app started, so these add up to less."""

    connect: float = 20.0
    """A started app must connect."""
    listener: float = 15.0
    """A connected app must add the listener for a waiting context or intent."""
    resolver: float = 60.0
    """The user must have chosen an app."""
    heartbeat: float | None = None
    """Interval of heartbeats; None where the transport notices dead apps itself."""
    heartbeats_missed: int = 3
    """So many unanswered heartbeats make an instance lost."""


@dataclass(slots=True, eq=False)
class Instance:
    """A running (or starting) app."""

    id: str
    app_id: str
    connected: bool = False
    channel_id: str | None = None
    """The user channel it has joined."""
    desktop_agent: str | None = None
    """The agent it runs under; None: this one. Those of others are guests (``fdc3.broker.guests``)."""
    identifier: AppIdentifier = field(init=False)
    holder: str = field(init=False)
    """Whose quota it counts against: its own, or that of its agent, which all guests from there share."""

    def __post_init__(self) -> None:
        self.identifier = AppIdentifier(self.app_id, self.id)
        self.holder = self.id if self.desktop_agent is None else f"guests of {self.desktop_agent}"


@dataclass(slots=True, eq=False)
class Timer:
    """A deadline; ``cancel`` makes it void. ``due`` is on the monotonic clock."""

    due: float
    callback: Callable[[], None] | None

    def cancel(self) -> None:
        self.callback = None


Handlers = dict[type[Request], Callable[[Instance, Any], None]]


class Area(Protocol):
    """One area of the agent: its request handlers, and its cleaning up after an instance."""

    handlers: Handlers

    def instance_gone(self, instance: Instance) -> None: ...


class Core:
    def __init__(
        self,
        directory: AppDirectory,
        *,
        clock: Callable[[], dt.datetime],
        monotonic: Callable[[], float],
        new_id: Callable[[], str],
        timeouts: Timeouts,
        quotas: Quotas,
    ) -> None:
        self.directory = directory
        self.clock = clock
        self.monotonic = monotonic
        self.new_id = new_id
        self.timeouts = timeouts
        self.quotas = quotas
        self.instances: dict[str, Instance] = {}
        self.effects: list[Effect] = []
        self._timers: list[tuple[float, int, Timer]] = []
        self._tidy_at = TIDY
        self._order = itertools.count()

    # Sending

    def reply(self, instance: Instance, request: Request, **payload: Any) -> None:
        """The one answer to a request."""
        self.respond(instance, RESPONSES[type(request)], request.meta.request_uuid, ResponsePayload(**payload))

    def fail(self, instance: Instance, request: Request, error: Fdc3Error) -> None:
        self.reply(instance, request, error=error.code)

    def respond(self, to: Instance, kind: type[Response], request_uuid: str, payload: ResponsePayload) -> None:
        meta = ResponseMeta(request_uuid, self.new_id(), self.clock())
        self.effects.append(Deliver((to.id,), kind(payload=payload, meta=meta)))

    def tell(
        self, to: Iterable[str], event: type[Event], payload: object, source: AppIdentifier | None = None
    ) -> str | None:
        """One event for several instances; returns its uuid, or None if there was nobody to tell."""
        recipients = tuple(to)
        if not recipients:
            return None
        uuid = self.new_id()
        kind: Callable[..., Event] = event
        self.effects.append(Deliver(recipients, kind(payload=payload, meta=EventMeta(uuid, self.clock())), source))
        return uuid

    def stamp(
        self, sender: Instance, said: ProvidedMetadata | UnsetType, trace_id: str | None = None
    ) -> ContextMetadataDescription:
        """Where a context comes from: the agent's word, and what its sender said of it, unchanged. ``trace_id`` is used
        if the sender gave none; without it a new one."""
        known = ContextMetadataDescription(source=sender.identifier, timestamp=self.clock(), trace_id="")
        if said is not UNSET:
            known.signature, known.anti_replay, known.custom = said.signature, said.anti_replay, said.custom
            trace_id = said.trace_id or trace_id
        known.trace_id = trace_id or self.new_id()
        return known

    # Instances

    def running(self, app_id: str) -> list[Instance]:
        """The connected and starting instances of an app; connected ones first."""
        found = [x for x in self.instances.values() if x.app_id == app_id and x.desktop_agent is None]
        return sorted(found, key=lambda instance: not instance.connected)

    def metadata(self, instance: Instance, result_type: str | UnsetType | None = msgspec.UNSET) -> AppMetadata:
        record = self.directory.get(instance.app_id)
        if record is None:
            return AppMetadata(app_id=instance.app_id, instance_id=instance.id, result_type=result_type)
        return record.metadata(instance.id, result_type)

    # Timers

    def later(self, seconds: float, callback: Callable[[], None]) -> Timer:
        timer = Timer(self.monotonic() + seconds, callback)
        if len(self._timers) >= self._tidy_at:  # those that were cancelled would stay until they are due
            self._timers = [entry for entry in self._timers if entry[2].callback is not None]
            heapq.heapify(self._timers)
            self._tidy_at = TIDY + 2 * len(self._timers)
        heapq.heappush(self._timers, (timer.due, next(self._order), timer))
        return timer

    @property
    def deadline(self) -> float | None:
        while self._timers and self._timers[0][2].callback is None:
            heapq.heappop(self._timers)
        return self._timers[0][0] if self._timers else None

    def run_due(self) -> None:
        now = self.monotonic()
        while (deadline := self.deadline) is not None and deadline <= now:
            callback = heapq.heappop(self._timers)[2].callback
            if callback is not None:
                callback()


def context_type(raw: Raw) -> str:
    """The type of a context about to be sent on. Raises ``MalformedContext``.

    The context is read in full although only its type is wanted: what passes here is known to be readable JSON.
    """
    try:
        context = msgspec.json.decode(raw)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as reason:
        raise MalformedContext(str(reason)) from None
    kind = context.get("type") if isinstance(context, dict) else None
    if not isinstance(kind, str) or not kind:
        raise MalformedContext
    if not isinstance(context.get("name", ""), str) or not isinstance(context.get("id", {}), dict):
        raise MalformedContext
    return kind
