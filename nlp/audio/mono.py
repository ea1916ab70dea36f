"""Calls with one channel: who spoke when, told by the level and the colour of the voices. Only a guess.

Two speakers are assumed; the first to speak is taken for the trader, as the desk answers its line.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nlp.audio.channels import CHANNELS, Channel
from nlp.audio.voice import FRAME, Endpointer, Endpointing, VoiceActivity

Sound = NDArray[np.float32]
Features = NDArray[np.float64]
RATE = 16_000
HOP, WIDTH = 160, 400
BANDS, COEFFICIENTS = 26, 13
LOWEST, HIGHEST = 200.0, 3_600.0
"""The band of a telephone, in hertz."""
LEVEL_WEIGHT = 0.5
GREETING = 12_000
"""Samples of a first stretch that is long enough to know a voice by."""
ROUNDS = 30
RULES = Endpointing(endpoint=0.25, breath=4.0, longest=6.0)
"""Shorter stretches than elsewhere: in one channel people answer at once."""
AROUND = 3_200
"""Samples that are kept with a stretch on each side."""
LEAST = 0.3
MOST = 80
"""Stretches that the groups are made of; the others go where they fit."""


def apart(sound: Sound) -> dict[Channel, NDArray[np.bool_]]:
    """For each sample of a sound at 16 kHz whether it is this side's."""
    stretches = _stretches(sound)
    result: dict[Channel, NDArray[np.bool_]] = {who: np.zeros(len(sound), dtype=bool) for who in CHANNELS}
    if not stretches:
        return result
    speakers = who_speaks(sound, stretches)
    edges = [0, *((a[1] + b[0]) // 2 for a, b in itertools.pairwise(stretches)), len(sound)]
    for (start, end), who, low, high in zip(stretches, speakers, edges[:-1], edges[1:], strict=True):
        result[who][max(low, start - AROUND) : min(high, end + AROUND)] = True
    return result


def _stretches(sound: Sound) -> list[tuple[int, int]]:
    ends = Endpointer(RULES)
    whole = np.concatenate([sound, np.zeros(-len(sound) % FRAME, dtype=np.float32)])
    found = [ends.push(float(probability)) for probability in VoiceActivity().probabilities(whole)]
    spoken = [one for one in [*found, ends.flush()] if one is not None and one.kind == "end"]
    return [(one.start * FRAME, min(len(sound), one.end * FRAME)) for one in spoken]


def who_speaks(sound: Sound, stretches: Sequence[tuple[int, int]]) -> list[Channel]:
    """The speaker of each stretch, given as (start, end) samples of a sound at 16 kHz, in order."""
    if not stretches:
        return []
    voices = [_voice(sound[start:end]) for start, end in stretches]
    best = _settled(voices, _joined(voices))
    first = next((n for n, (start, end) in enumerate(stretches) if end - start >= GREETING), 0)
    return ["trader" if one == best[first] else "client" for one in best]


def _joined(voices: Sequence[Features]) -> NDArray[np.bool_]:
    """Two groups of the longest stretches: those that lose least by it are joined, until two are left."""
    longest = sorted(range(len(voices)), key=lambda n: -len(voices[n]))[:MOST]
    groups = [[n] for n in longest]
    frames = [voices[n] for n in longest]
    loss = {(a, b): _loss(frames[a], frames[b]) for b in range(len(frames)) for a in range(b)}
    alive = set(range(len(frames)))
    while len(alive) > 2:
        one, other = min(loss, key=lambda pair: loss[pair])
        groups[one] += groups[other]
        frames[one] = np.vstack([frames[one], frames[other]])
        alive.discard(other)
        loss = {pair: lost for pair, lost in loss.items() if other not in pair}
        loss |= {(min(one, n), max(one, n)): _loss(frames[one], frames[n]) for n in alive if n != one}
    group = np.zeros(len(voices), dtype=bool)
    group[groups[max(alive)]] = True
    return group


def _loss(one: Features, other: Features) -> float:
    """What is lost of the likelihood when two stretches are taken for one voice."""
    both = np.vstack([one, other])
    return len(both) * _gaussian(both)[2] - len(one) * _gaussian(one)[2] - len(other) * _gaussian(other)[2]


def _settled(voices: Sequence[Features], group: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The groups in which each stretch is likelier than in the other one."""
    for _ in range(ROUNDS):
        if group.all() or not group.any():
            break
        models = [
            _gaussian(np.vstack([voice for voice, which in zip(voices, group, strict=True) if which == side]))
            for side in (False, True)
        ]
        nearer = np.array([_likelihood(v, *models[1]) > _likelihood(v, *models[0]) for v in voices])
        if (nearer == group).all():
            break
        group = nearer
    return group


def _gaussian(frames: Features) -> tuple[NDArray[np.float64], Features, float]:
    """Mean, inverse covariance and log determinant."""
    covariance: Features = np.cov(frames, rowvar=False) + LEAST * np.eye(frames.shape[1])
    mean: Features = frames.mean(axis=0).astype(np.float64)
    inverse: Features = np.linalg.inv(covariance).astype(np.float64)
    return mean, inverse, float(np.linalg.slogdet(covariance)[1])


def _likelihood(frames: Features, mean: NDArray[np.float64], inverse: Features, determinant: float) -> float:
    away = frames - mean
    return float(-0.5 * (np.einsum("ni,ij,nj->n", away, inverse, away) + determinant).sum())


def _voice(sound: Sound) -> Features:
    """For each loud frame of a stretch: its cepstrum and its level in bels."""
    count = max(1, 1 + (len(sound) - WIDTH) // HOP)
    padded = np.pad(sound.astype(np.float64), (0, max(0, WIDTH + (count - 1) * HOP - len(sound))))
    frames = np.lib.stride_tricks.sliding_window_view(padded, WIDTH)[::HOP][:count]
    power = np.sqrt((frames**2).mean(axis=1))
    frames = frames[power >= 0.3 * np.percentile(power, 90)]
    spectrum = np.abs(np.fft.rfft(frames * np.hamming(WIDTH), 512, axis=1)) ** 2
    cepstrum = (np.log(spectrum @ _mel().T + 1e-10) @ _cosines().T)[:, 1:]
    level = np.log10((frames**2).mean(axis=1) + 1e-9)
    return np.column_stack([cepstrum, LEVEL_WEIGHT * level])


def _mel() -> Features:
    def mel(hertz: float) -> float:
        return 2595 * float(np.log10(1 + hertz / 700))

    points = 700 * (10 ** (np.linspace(mel(LOWEST), mel(HIGHEST), BANDS + 2) / 2595) - 1)
    hertz = np.fft.rfftfreq(512, 1 / RATE)
    up = (hertz - points[:-2, None]) / (points[1:-1] - points[:-2])[:, None]
    down = (points[2:, None] - hertz) / (points[2:] - points[1:-1])[:, None]
    result: Features = np.maximum(0.0, np.minimum(up, down))
    return result


def _cosines() -> Features:
    result: Features = np.cos(np.pi * np.arange(COEFFICIENTS)[:, None] * (np.arange(BANDS) + 0.5) / BANDS)
    return result
