"""A hand on the page that runs the tests, wherever it is."""

from __future__ import annotations

import abc
import time
from collections.abc import Callable
from typing import Any

from tests.conformance.suite import READY

PATIENCE = 60.0


class Hand(abc.ABC):
    @abc.abstractmethod
    def open(self) -> None:
        """Opens the test page, and returns when it is ready."""

    @abc.abstractmethod
    def script(self, text: str) -> Any:
        """The value of a script in the test page."""

    @abc.abstractmethod
    def act(self) -> None:
        """What the tests for people ask for."""

    @abc.abstractmethod
    def live(self, seconds: float) -> None:
        """Lets time pass."""

    @abc.abstractmethod
    def close(self) -> None: ...

    def reload(self) -> None:
        self.script("location.reload()")
        self.live(1.0)
        self.until(lambda: self.script(READY), "the test page to be back")

    def until(self, holds: Callable[[], Any], what: str) -> None:
        """Lives on until the condition holds."""
        deadline = time.monotonic() + PATIENCE
        while not holds():
            if time.monotonic() > deadline:
                raise TimeoutError(f"waited {PATIENCE:.0f} s in vain for {what}")
            self.live(0.02)
