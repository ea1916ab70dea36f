"""The two sides of a call. Apart from the sound itself, which needs numpy to be touched."""

from __future__ import annotations

from typing import Literal

Channel = Literal["trader", "client"]
CHANNELS: tuple[Channel, Channel] = ("trader", "client")
"""Left and right of every recording."""


def sides(pcm: bytes) -> dict[Channel, bytes]:
    """Each side's samples of interleaved 16-bit PCM; half a frame at the end is dropped."""
    samples = memoryview(pcm)[: len(pcm) // 4 * 4].cast("h")
    return {who: samples[number::2].tobytes() for number, who in enumerate(CHANNELS)}
