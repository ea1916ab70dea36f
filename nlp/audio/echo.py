"""Sound of one side that comes back on the other: found by its likeness and its steady delay, and silenced.

An echo is later and quieter than what it repeats. Where somebody speaks over it nothing is silenced: two voices at once
are better heard than one lost.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Sound = NDArray[np.float32]
STEP = 4_000
"""Samples of one block at 16 kHz: a quarter of a second."""
REACH = 9_600
"""Longest delay in samples: 0.6 s, more than any telephone line or loudspeaker takes."""
SPAN = 3
"""Blocks that are compared at once: one alone is too short to be told from a like vowel."""
LIKENESS = 0.5
KNOWN = 0.3
"""Likeness that makes a stretch an echo: of an unknown delay, and of the delay that was found."""
STEADY = 48
"""Samples by which the delay of one echo may vary (3 ms)."""
SUPPORT = 3
"""Stretches that must show the same delay before it is believed."""
QUIETER = 0.5
SILENT = 1e-7


def without_echo(sound: Sound, other: Sound) -> Sound:
    """``sound`` (16 kHz) with what is only an echo of ``other`` silenced. Both begin at the same time."""
    return Likeness(sound, other).silenced()


class Likeness:
    """How one side's sound resembles the other's a little earlier, stretch by stretch."""

    def __init__(self, sound: Sound, other: Sound) -> None:
        self._sound = sound
        self._looked = _looked(sound, other)

    def delay(self) -> int | None:
        """The delay in samples at which the other side comes back; None if it does not or is hardly heard."""
        lags = np.array([lag for like, lag, quieter in self._looked if like >= LIKENESS and quieter])
        if len(lags) < SUPPORT:
            return None
        near = (np.abs(lags[:, None] - lags[None, :]) <= STEADY).sum(axis=1)
        best = int(near.argmax())
        if near[best] < max(SUPPORT, 0.5 * len(lags)):
            return None
        return int(np.median(lags[np.abs(lags - lags[best]) <= STEADY]))

    def silenced(self, known: int | None = None) -> Sound:
        """The sound without echo. ``known``: the delay that was found earlier in the call."""
        delay = self.delay()
        if delay is None:
            delay = known
        if delay is None:
            return self._sound
        echo = [like >= KNOWN and quieter and abs(lag - delay) <= 2 * STEADY for like, lag, quieter in self._looked]
        result = self._sound.copy()
        for number in range(len(echo)):
            around = echo[max(0, number - SPAN + 1) : number + 1]  # the stretches that this block is part of
            if sum(around) * 2 > len(around):
                result[number * STEP : (number + 1) * STEP] = 0.0
        return result


def _looked(sound: Sound, other: Sound) -> list[tuple[float, int, bool]]:
    """For each stretch of SPAN blocks: its likeness to the other side (0 to 1), at which delay, whether quieter."""
    length = min(len(sound), len(other))
    mine = _sharpened(sound[:length])
    theirs = np.concatenate([np.zeros(REACH // 2, dtype=np.float32), _sharpened(other[:length])])
    step, reach, span = STEP // 2, REACH // 2, SPAN * STEP // 2
    power = np.concatenate([[0.0], np.cumsum(theirs.astype(np.float64) ** 2)])
    size = 1 << (span + reach + span).bit_length()
    result: list[tuple[float, int, bool]] = []
    for start in range(0, len(mine), step):
        here = mine[start : start + span]
        energy = float(np.dot(here, here))
        before = theirs[start : start + reach + len(here)]
        if energy < SILENT * len(here) or float(np.dot(before, before)) < SILENT * len(before):
            result.append((0.0, 0, False))
            continue
        product = np.fft.irfft(np.fft.rfft(before, size) * np.conj(np.fft.rfft(here, size)), size)[: reach + 1]
        places = np.arange(start, start + reach + 1)
        theirs_energy = power[places + len(here)] - power[places]
        like = np.abs(product) / np.sqrt(np.maximum(theirs_energy, 1e-12) * energy)
        best = int(like.argmax())
        result.append((float(like[best]), (reach - best) * 2, energy < QUIETER * theirs_energy[best]))
    return result


def _sharpened(sound: Sound) -> Sound:
    """At 8 kHz, with the low tones that all voices share held down."""
    half = (sound[: len(sound) // 2 * 2].reshape(-1, 2).mean(axis=1)).astype(np.float32)
    return np.concatenate([half[:1], half[1:] - np.float32(0.9) * half[:-1]])
