"""What the application remembers of a conversation so that a new speech process can go on with it."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from nlp.audio.channels import CHANNELS
from nlp.language.model import Header, Reference, Turn
from nlp.speech.messages import Audio

KEPT_BYTES = 2 << 20
"""About a minute of a telephone call: longer than a restart takes, and than a recording needs to reach the disk."""


@dataclass(slots=True)
class Talk:
    """One conversation. ``heard``: seconds transcribed per side; ``origin``: where the present process began.
    Without ``sound`` its turns are all there is."""

    id: str
    header: Header
    reference: Reference
    rate: int
    finishing: bool = False
    sound: bool = True
    turns: list[Turn] = field(default_factory=list)
    seq: int = 0
    heard: dict[str, float] = field(default_factory=dict)
    origin: dict[str, float] = field(default_factory=dict)
    recent: deque[Audio] = field(default_factory=deque)
    fed: bool = False  # the process has everything and takes sound as it comes
    feeding: bool = False
    deaths: int = 0
    _kept: int = 0

    def remember(self, message: Audio) -> None:
        self.recent.append(message)
        self._kept += len(message.pcm)
        while self._kept > KEPT_BYTES:
            self._kept -= len(self.recent.popleft().pcm)

    def forget_sound(self) -> None:
        """Whoever needs it asks for the recording."""
        self.recent.clear()
        self._kept = 0

    def settle(self, heard: Mapping[str, float]) -> None:
        for who, seconds in heard.items():
            self.heard[who] = max(self.heard.get(who, 0.0), seconds)

    def meets(self, seconds: float) -> bool:
        """Whether the sound kept here continues from ``seconds`` without a hole, on both sides."""
        sample = round(seconds * self.rate)
        first = {who: next((one.at for one in self.recent if one.channel == who), None) for who in CHANNELS}
        return all(at is not None and at <= sample for at in first.values())
