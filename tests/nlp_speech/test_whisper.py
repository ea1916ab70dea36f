"""The encoder looks at as much as the sound needs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nlp.audio import load
from nlp.audio.resampling import resample
from nlp.speech.models import ModelChoice, model_folder
from nlp.speech.whisper import Whisper

pytestmark = pytest.mark.speech


@pytest.fixture(scope="module")
def whisper() -> Whisper:
    return Whisper(str(model_folder(ModelChoice())), device="cpu", compute_type="int8", local_files_only=True)


@pytest.mark.parametrize(("seconds", "seen"), [(0.4, 500), (8.0, 500), (14.0, 800), (27.9, 1495), (40.0, 1500)])
def test_ten_seconds_or_two_more_than_the_sound_and_never_more_than_thirty(
    whisper: Whisper, seconds: float, seen: int
) -> None:
    whisper.fit(seconds)
    found = np.array(whisper.encode(np.zeros((80, 3000), dtype=np.float32)))
    assert found.shape[1] == seen, "the encoder gives one vector for two hundredths of a second"


def test_a_phrase_is_heard_in_what_is_looked_at(whisper: Whisper, demo_call: Path) -> None:
    call = load(demo_call)
    sound = resample(call.client[27 * call.rate : 33 * call.rate].astype(np.float32) / 32768, call.rate, 16_000)
    whisper.fit(6.0)
    segments, _ = whisper.transcribe(sound, language="en", beam_size=1, temperature=0.0, without_timestamps=True)
    assert "million euros" in "".join(segment.text for segment in segments)
