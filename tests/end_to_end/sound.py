"""Short recordings cut from the demo call."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nlp.audio import load
from tests.end_to_end.desk import DEMO

RATE = 8000


def cut(path: Path, start: float, end: float) -> Path:
    """Writes seconds ``start`` to ``end`` of the demo call as a two-channel recording."""
    call = load(DEMO / "call.wav")
    frames = np.column_stack((call.trader, call.client))[round(start * call.rate) : round(end * call.rate)]
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(call.rate)
        file.writeframes(frames.astype("<i2").tobytes())
    return path


def pcm(path: Path) -> bytes:
    """The samples of a recording as the turret sends them."""
    call = load(path)
    return np.column_stack((call.trader, call.client)).astype("<i2").tobytes()


def heard(samples: bytes) -> NDArray[np.int16]:
    """The samples without silence: what is left of a call when the time on hold is taken out."""
    frames = np.frombuffer(samples, dtype="<i2").reshape(-1, 2)
    return frames[frames.any(axis=1)]
