"""Heartbeats, for transports that do not notice a dead app themselves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fdc3.broker.core import Core, Handlers, Instance, Timer
from fdc3.types import messages as m


@dataclass(slots=True)
class Pulse:
    timer: Timer
    unanswered: int = 0


class Heartbeats:
    def __init__(self, core: Core, lost: Callable[[Instance], None]) -> None:
        self.core = core
        self._lost = lost
        self._pulses: dict[str, Pulse] = {}
        self.handlers: Handlers = {m.HeartbeatAcknowledgementRequest: self.acknowledge}

    def connected(self, instance: Instance) -> None:
        if (interval := self.core.timeouts.heartbeat) is not None:
            self._pulses[instance.id] = Pulse(self.core.later(interval, lambda: self._beat(instance, interval)))

    def _beat(self, instance: Instance, interval: float) -> None:
        pulse = self._pulses[instance.id]
        if pulse.unanswered >= self.core.timeouts.heartbeats_missed:
            self._lost(instance)
            return
        pulse.unanswered += 1
        self.core.tell([instance.id], m.HeartbeatEvent, m.NoPayload())
        pulse.timer = self.core.later(interval, lambda: self._beat(instance, interval))

    def acknowledge(self, instance: Instance, request: m.HeartbeatAcknowledgementRequest) -> None:
        if pulse := self._pulses.get(instance.id):
            pulse.unanswered = 0

    def instance_gone(self, instance: Instance) -> None:
        if pulse := self._pulses.pop(instance.id, None):
            pulse.timer.cancel()
