"""Looking on: every message that passes through the agent, for those who want to see."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from fdc3.types.messages import Message

logger = logging.getLogger(__name__)

Direction = Literal["in", "out"]


@dataclass(frozen=True, slots=True)
class Observation:
    """A message passing through the agent: "in" from one instance, "out" to one or several."""

    at: dt.datetime
    direction: Direction
    instances: tuple[str, ...]
    message: Message


class Observers:
    def __init__(self, clock: Callable[[], dt.datetime]) -> None:
        self._clock = clock
        self._callbacks: list[Callable[[Observation], None]] = []

    def add(self, callback: Callable[[Observation], None]) -> Callable[[], None]:
        """Calls back for every message; returns the function that ends this."""
        self._callbacks.append(callback)
        return lambda: self._callbacks.remove(callback)

    def __len__(self) -> int:
        return len(self._callbacks)

    def saw(self, direction: Direction, instances: tuple[str, ...], message: Message) -> None:
        if not self._callbacks:
            return
        observation = Observation(self._clock(), direction, instances, message)
        for callback in tuple(self._callbacks):
            try:
                callback(observation)
            except Exception:
                logger.exception("An observer of messages failed")
