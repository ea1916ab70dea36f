"""Resampling of one channel: a windowed-sinc polyphase filter, for whole files and for streams alike."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Sound = NDArray[np.float32]
ZERO_CROSSINGS = 32
PASSBAND = 0.94
"""Share of the lower Nyquist frequency that is kept: the rest is the filter's slope."""


class Resampler:
    """Resamples a stream; the result does not depend on how the stream is cut into pieces.

    Output sample n lies at input time ``n * from_rate / to_rate``: there is no delay, only a few milliseconds of
    look-ahead, which :meth:`flush` ends.
    """

    def __init__(self, from_rate: int, to_rate: int) -> None:
        if from_rate <= 0 or to_rate <= 0:
            raise ValueError("sample rates must be positive")
        divisor = math.gcd(from_rate, to_rate)
        self._up, self._down = to_rate // divisor, from_rate // divisor
        self._half, self._filters = _filters(self._up, self._down)
        self._kept: Sound = np.zeros(self._half, dtype=np.float32)
        self._kept_at = -self._half  # input index of the first kept sample
        self._taken = 0
        self._given = 0

    def push(self, samples: Sound) -> Sound:
        """The output that the input so far determines."""
        if self._up == self._down:
            return samples.astype(np.float32, copy=False)
        self._taken += len(samples)
        self._kept = np.concatenate([self._kept, samples.astype(np.float32, copy=False)])
        last = self._kept_at + len(self._kept) - self._half - 1  # input index with its look-ahead present
        return self._produce((last * self._up) // self._down + 1 if last >= 0 else 0)

    def flush(self) -> Sound:
        """The rest, as if silence followed. The resampler is used up afterwards."""
        if self._up == self._down:
            return np.zeros(0, dtype=np.float32)
        self._kept = np.concatenate([self._kept, np.zeros(self._half + 1, dtype=np.float32)])
        return self._produce(-(-self._taken * self._up // self._down))

    def _produce(self, until: int) -> Sound:
        if until <= self._given:
            return np.zeros(0, dtype=np.float32)
        positions = np.arange(self._given, until, dtype=np.int64) * self._down
        index, phase = positions // self._up, positions % self._up
        width = 2 * self._half
        windows = np.lib.stride_tricks.sliding_window_view(self._kept, width)
        # The filter of an output at input time t covers the inputs from floor(t) - half + 1 to floor(t) + half.
        chosen = windows[index - self._half + 1 - self._kept_at]
        result: Sound = np.einsum("nk,nk->n", chosen, self._filters[phase]).astype(np.float32)
        self._given = until
        drop = until * self._down // self._up - self._half + 1 - self._kept_at
        if drop > 0:
            self._kept = self._kept[drop:]
            self._kept_at += drop
        return result


def resample(samples: Sound, from_rate: int, to_rate: int) -> Sound:
    """The whole of a sound at another rate; ``ceil(len * to / from)`` samples."""
    stream = Resampler(from_rate, to_rate)
    # In blocks: the window matrix of an hour at once would need gigabytes.
    block = max(from_rate, 1)
    pieces = [stream.push(samples[at : at + block]) for at in range(0, len(samples), block)]
    pieces.append(stream.flush())
    return np.concatenate(pieces)


def _filters(up: int, down: int) -> tuple[int, Sound]:
    """(taps on each side, one filter per phase), each filter summing to one so that a constant stays a constant."""
    cutoff = PASSBAND * min(1.0, up / down)
    half = math.ceil(ZERO_CROSSINGS / cutoff)
    offsets = np.arange(-half + 1, half + 1, dtype=np.float64)
    phases = np.arange(up, dtype=np.float64)[:, None] / up
    distance = offsets[None, :] - phases
    window = np.kaiser(4 * half * 32 + 1, 9.0)
    place = (distance / half + 1.0) / 2.0
    taper = np.interp(place, np.linspace(0.0, 1.0, len(window)), window)
    taps = np.sinc(cutoff * distance) * taper
    taps /= taps.sum(axis=1, keepdims=True)
    return half, taps.astype(np.float32)
