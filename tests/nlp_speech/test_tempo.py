"""Sound at another tempo keeps its pitch and loses nothing at its edges."""

from __future__ import annotations

import numpy as np
import pytest

from nlp.audio.tempo import Tempo

RATE = 8000


def tone(seconds: float) -> np.ndarray:
    return (8000 * np.sin(2 * np.pi * 440 * np.arange(int(RATE * seconds)) / RATE)).astype(np.int16)


@pytest.mark.parametrize("speed", [0.75, 1.0, 1.25, 1.5, 2.0])
def test_the_tempo_changes_and_the_pitch_stays(speed: float) -> None:
    sound, stream = tone(6), Tempo(RATE, speed)
    made = np.concatenate([stream.push(sound[at : at + 1777]) for at in range(0, len(sound), 1777)] + [stream.flush()])
    assert len(made) / RATE == pytest.approx(6 / speed, abs=0.05)
    loudest = np.abs(np.fft.rfft(made.astype(float))).argmax() * RATE / len(made)
    assert loudest == pytest.approx(440, abs=3)


def test_an_unusable_speed_is_refused() -> None:
    with pytest.raises(ValueError, match="between"):
        Tempo(RATE, 0.2)
