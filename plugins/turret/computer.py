"""The sound of a call through this computer, as a softphone makes it: the microphone and what the loudspeaker plays.

Devices give sound in threads of their own; here it is put on the call's clock. No Qt: see ``devices`` for real ones.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Protocol

from nlp.audio.channels import Channel
from nlp.audio.ears import RATE, Ears

PATIENCE = 3.0
"""Seconds that a device has for its first sound."""
_PARTS: Mapping[Channel, str] = {"trader": "The microphone", "client": "The far end"}

Hear = Callable[[bytes, int], None]
"""(16-bit samples of one channel, samples a second), from any thread."""


class SoundDevice(Protocol):
    """One input of the system. ``name`` is what the system calls it."""

    @property
    def name(self) -> str: ...

    def start(self, hear: Hear) -> None:
        """Sound comes until ``stop``. A device that is lost gives none until it is back."""

    def stop(self) -> None:
        """For good. No sound comes any more when this returns."""


class ComputerSound:
    """Two channels at ``RATE`` samples a second from the devices of both sides, or of the trader alone.

    ``clock``: seconds, steady.
    """

    rate = RATE

    def __init__(self, devices: Mapping[Channel, SoundDevice], clock: Callable[[], float] = time.monotonic) -> None:
        self._devices, self._clock = devices, clock
        self._ears = Ears(tuple(devices))
        self._lock = threading.Lock()
        self._began = clock()
        self.trouble = ""
        """Which device gives no sound, as a sentence; empty while all do."""

    @property
    def note(self) -> str:
        """What the trader is to know of this call's sound before it begins; empty with a device for each side."""
        if len(self._devices) > 1:
            return ""
        return (
            "Both sides are heard through the microphone alone, and who speaks is guessed. "
            "Name the input that carries what this computer plays in the setting far_end."
        )

    def start(self) -> None:
        self._began = self._clock()
        for who, device in self._devices.items():
            device.start(lambda pcm, rate, who=who: self._hear(who, pcm, rate))  # type: ignore[misc]

    def stop(self) -> None:
        for device in self._devices.values():
            device.stop()

    def take(self) -> bytes:
        """The sound since the last time, interleaved 16-bit PCM."""
        with self._lock:
            now = self._clock() - self._began
            silent = self._ears.silent(now) if now > PATIENCE else ()
            self.trouble = self._told(silent)
            return self._ears.take(now)

    def _hear(self, who: Channel, pcm: bytes, rate: int) -> None:
        with self._lock:
            self._ears.hear(who, pcm, rate, self._clock() - self._began)

    def _told(self, silent: tuple[Channel, ...]) -> str:
        names = [f"{_PARTS[who]} ({self._devices[who].name})" for who in silent]
        if not names:
            return ""
        if len(names) == len(self._devices):
            return f"Nothing is heard of this call: no sound comes from {' and '.join(names).lower()}."
        return f"{names[0]} gives no sound. The call goes on without it, and it is heard again once it is back."
