"""Sound that a telephone line carries beside speech, generated: 8 kHz, -1 to 1. Every function is deterministic."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Sound = NDArray[np.float64]
RATE = 8000


def times(seconds: float) -> Sound:
    return np.arange(round(seconds * RATE)) / RATE


def noise(seconds: float, level: float = 0.02, colour: float = 0.0, seed: int = 1) -> Sound:
    """Noise whose power falls with frequency to the power ``colour``: 0 hiss, 1 pink, 2 rumble."""
    count = round(seconds * RATE)
    spectrum = np.fft.rfft(np.random.default_rng(seed).normal(size=count))
    frequency = np.maximum(np.fft.rfftfreq(count, 1 / RATE), 50.0)
    made = np.fft.irfft(spectrum * frequency ** (-colour / 2), count)
    return level * made / np.sqrt(np.mean(made**2))


def cadence(tone: Sound, on: float, off: float) -> Sound:
    """A tone that is on and off in turn."""
    period = on + off
    return np.where(np.arange(len(tone)) / RATE % period < on, tone, 0.0)


def ringing(seconds: float) -> Sound:
    """The ringing tone of Britain: 400 and 450 Hz, 0.4 s on, 0.2 off, 0.4 on, 2 off."""
    at = times(seconds)
    tone = 0.15 * (np.sin(2 * np.pi * 400 * at) + np.sin(2 * np.pi * 450 * at))
    place = at % 3.0
    return np.where((place < 0.4) | ((place >= 0.6) & (place < 1.0)), tone, 0.0)


def engaged(seconds: float) -> Sound:
    return cadence(0.2 * np.sin(2 * np.pi * 400 * times(seconds)), 0.375, 0.375)


def keys(digits: str, each: float = 0.12, pause: float = 0.08) -> Sound:
    """Key tones (DTMF)."""
    rows, columns = (697, 770, 852, 941), (1209, 1336, 1477)
    pad = {key: (rows[n // 3], columns[n % 3]) for n, key in enumerate("123456789*0#")}
    at = times(each)
    silent = np.zeros(round(pause * RATE))
    return np.concatenate(
        [part for key in digits for part in (0.2 * sum(np.sin(2 * np.pi * f * at) for f in pad[key]), silent)]
    )


def music(seconds: float, seed: int = 5, level: float = 0.15) -> Sound:
    """Hold music: chords, a plucked melody with overtones and vibrato, a beat."""
    rng = np.random.default_rng(seed)
    made = np.zeros(round(seconds * RATE))
    beat = 0.42
    chords = ((0, 4, 7), (-3, 0, 4), (-7, -3, 0), (-5, -1, 2))
    for number in range(int(seconds / beat)):
        at = times(beat * 1.6)
        notes = [(12 + int(rng.choice((0, 2, 4, 7, 9, 12))), 0.5)]
        if number % 4 == 0:
            notes += [(step, 0.25) for step in chords[number // 4 % 4]]
        sound = np.zeros(len(at))
        for step, strength in notes:
            pitch = 261.6 * 2 ** (step / 12)
            phase = 2 * np.pi * pitch * at + 0.3 * np.sin(2 * np.pi * 5.5 * at)
            sound += strength * sum(np.sin(k * phase) / k**1.5 for k in range(1, 6)) * np.exp(-at / 0.5)
        sound[: RATE // 40] += 0.3 * rng.normal(size=RATE // 40) * np.exp(-np.arange(RATE // 40) / 40)
        first = round(number * beat * RATE)
        piece = sound[: len(made) - first]
        made[first : first + len(piece)] += piece
    return level * made / max(np.abs(made).max(), 1e-9)


def pcm(sound: Sound) -> NDArray[np.int16]:
    return np.clip(np.round(sound * 32767), -32768, 32767).astype(np.int16)
