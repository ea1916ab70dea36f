"""What a telephone line carries beside speech gives no words; quiet, clipped and broken speech is still heard."""

from __future__ import annotations

from pathlib import Path

import jiwer
import numpy as np
import pytest
from numpy.typing import NDArray

from nlp.audio import Recording, load
from nlp.audio.resampling import resample
from nlp.language.model import Turn
from nlp.speech.files import transcribe
from nlp.speech.live import LiveSide
from nlp.speech.windows import windows
from tests.nlp_speech import sounds
from tests.nlp_speech.sounds import RATE

Sound = NDArray[np.float64]
SECONDS = 30


@pytest.fixture(scope="module")
def call(demo_call: Path) -> Recording:
    recording = load(demo_call)
    length = SECONDS * RATE
    return Recording(RATE, recording.trader[:length], recording.client[:length])


def spoken(side: NDArray[np.int16]) -> NDArray[np.bool_]:
    """For each tenth of a second whether it is in a window."""
    sound = resample(side.astype(np.float32) / 32768, RATE, 16000)
    result = np.zeros(len(sound), dtype=bool)
    for window in windows(sound):
        for start, end in window.pieces:
            result[start:end] = True
    return result[::1600]


LINES = {
    "silence": np.zeros(60 * RATE),
    "hiss": sounds.noise(75, 0.02),
    "loud hiss": sounds.noise(60, 0.3, seed=2),
    "hum and traffic": sounds.noise(75, 0.05, colour=2.0),
    "pink noise": sounds.noise(60, 0.05, colour=1.0),
    "ringing": sounds.ringing(60),
    "engaged": sounds.engaged(60),
    "key tones": np.concatenate([np.append(sounds.keys("0123456789*#"), np.zeros(RATE)) for _ in range(18)]),
    "hold music": sounds.music(75),
    "loud hold music over noise": sounds.music(60, seed=9, level=0.6) + sounds.noise(60, 0.02, colour=1.0),
}


def test_ten_minutes_of_noise_music_tones_and_silence_give_no_word() -> None:
    sound = np.concatenate([*LINES.values()])
    assert len(sound) >= 600 * RATE
    assert transcribe(Recording(RATE, sounds.pcm(sound), np.zeros(len(sound), dtype=np.int16))) == []


@pytest.mark.parametrize("name", LINES)
def test_live_they_are_no_utterance_either(name: str) -> None:
    side = LiveSide("c", "client", RATE, heard=0.0)
    pcm = sounds.pcm(LINES[name][: 30 * RATE])
    found = []
    for at in range(0, len(pcm), 800):
        found += side.take(at, pcm[at : at + 800].astype("<i2").tobytes(), 0.0)
    assert [*found, *side.close()] == []


@pytest.mark.parametrize("gain", [0.003, 0.03, 3.0, 10.0])
def test_a_whisper_and_a_clipped_voice_are_heard_where_they_speak(call: Recording, gain: float) -> None:
    clean = spoken(call.trader)
    changed = np.clip(np.round(call.trader * gain), -32768, 32767).astype(np.int16)
    heard = spoken(changed)
    assert (heard & clean).sum() > 0.85 * clean.sum()
    assert (heard & ~clean).sum() < 0.1 * len(clean)


def test_speech_over_hold_noise_is_heard(call: Recording) -> None:
    clean = spoken(call.trader)
    noisy = sounds.pcm(call.trader / 32768 + sounds.noise(SECONDS, 0.005, colour=1.0))
    assert (spoken(noisy) & clean).sum() > 0.8 * clean.sum()


def words(turns: list[Turn], who: str) -> str:
    return " ".join(turn.text for turn in turns if turn.who == who).lower()


def test_a_quiet_side_and_one_with_lost_packets_keep_most_of_their_words(call: Recording) -> None:
    clean = transcribe(call)
    quiet = np.round(call.trader * 0.01).astype(np.int16)
    rng = np.random.default_rng(11)
    packets = call.client.copy().reshape(-1, RATE // 50)
    packets[rng.random(len(packets)) < 0.02] = 0
    broken = transcribe(Recording(RATE, quiet, packets.reshape(-1)))
    for who in ("trader", "client"):
        assert jiwer.wer(words(clean, who), words(broken, who)) < 0.6


def test_doubled_late_and_missing_packets_leave_everything_in_its_place() -> None:
    sound = (np.random.default_rng(3).normal(size=RATE * 20) * 3000).astype("<i2")
    rng = np.random.default_rng(4)
    side = LiveSide("c", "client", RATE, heard=0.0)
    expected = sound.copy()
    for at in range(0, len(sound), 160):
        if rng.random() < 0.03:
            expected[at : at + 160] = 0
            continue
        for _ in range(1 + (rng.random() < 0.05)):
            side.take(at, sound[at : at + 160].tobytes(), 0.0)
    np.testing.assert_array_equal(side.whole(len(sound)), expected)
