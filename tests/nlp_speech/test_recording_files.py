"""Recordings are read in every common form, and an unusable one is refused with a sentence."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from nlp.audio import AudioError, load
from nlp.audio.channels import sides

if TYPE_CHECKING:
    from collections.abc import Callable

    WriteSound = Callable[..., Path]


def tones(rate: int, seconds: float, *frequencies: float) -> np.ndarray:
    times = np.arange(round(rate * seconds)) / rate
    return np.stack([8000 * np.sin(2 * np.pi * f * times) for f in frequencies], axis=1).astype(np.int16)


@pytest.mark.parametrize(
    ("name", "codec", "rate", "error"),
    [
        ("a.wav", "pcm_s16le", 8000, 0),
        ("a.wav", "pcm_s16le", 44100, 0),
        ("a.wav", "pcm_alaw", 8000, 300),
        ("a.wav", "pcm_mulaw", 8000, 300),
        ("a.flac", "flac", 16000, 0),
    ],
)
def test_left_is_the_trader_and_right_the_client_in_every_format(
    write_sound: WriteSound, name: str, codec: str, rate: int, error: int
) -> None:
    samples = tones(rate, 1.5, 300, 700)
    recording = load(write_sound(name, samples, rate, codec))
    assert recording.rate == rate
    assert recording.seconds == pytest.approx(1.5)
    assert np.abs(recording.trader.astype(int) - samples[:, 0]).max() <= error
    assert np.abs(recording.client.astype(int) - samples[:, 1]).max() <= error
    assert recording.damage == ""


@pytest.mark.parametrize("rate", [8000, 16000, 44100])
def test_each_side_comes_at_sixteen_kilohertz(write_sound: WriteSound, rate: int) -> None:
    recording = load(write_sound("a.wav", tones(rate, 1.0, 300, 700), rate))
    sound = recording.speech("client")
    assert len(sound) == 16000
    spectrum = np.abs(np.fft.rfft(sound))
    assert spectrum.argmax() == 700


def test_of_one_channel_the_voices_are_told_apart_and_marked_as_guessed(
    write_sound: WriteSound, demo_call: Path
) -> None:
    call = load(demo_call)
    both = call.trader // 2 + call.client // 2
    found = load(write_sound("mono.wav", both[:, None], 8000))
    assert found.guessed
    powers = {}
    for who in ("trader", "client"):
        true, heard = call.channel(who).astype(float), found.channel(who).astype(float)
        powers[who] = ((true * (heard != 0)) @ true) / (true @ true)
    assert min(powers.values()) > 0.85, powers


def test_the_same_sound_on_both_channels_is_one_channel(write_sound: WriteSound) -> None:
    found = load(write_sound("dual.wav", tones(8000, 1.0, 300, 300), 8000))
    assert found.guessed
    assert found.seconds == pytest.approx(1.0)


def test_more_than_two_channels_are_refused(write_sound: WriteSound) -> None:
    with pytest.raises(AudioError, match="3 channels"):
        load(write_sound("three.wav", tones(8000, 1.0, 300, 500, 700), 8000))


def test_a_silent_call_is_a_call(write_sound: WriteSound) -> None:
    assert load(write_sound("silent.wav", np.zeros((8000, 2), dtype=np.int16), 8000)).seconds == 1.0


def test_too_short_empty_and_absent_files_are_refused(write_sound: WriteSound, tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="too short to be a call"):
        load(write_sound("short.wav", tones(8000, 0.1, 300, 700), 8000))
    (tmp_path / "empty.wav").touch()
    with pytest.raises(AudioError, match="is empty"):
        load(tmp_path / "empty.wav")
    with pytest.raises(AudioError, match="no recording at"):
        load(tmp_path / "absent.wav")


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "letter.wav"
    path.write_bytes(b"Dear Sir or Madam, " * 200)
    with pytest.raises(AudioError, match="not a recording that can be read"):
        load(path)


def test_a_wav_that_breaks_off_gives_what_is_there(write_sound: WriteSound) -> None:
    path = write_sound("torn.wav", tones(8000, 4.0, 300, 700), 8000)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2 + 1])
    assert load(path).seconds == pytest.approx(2.0, abs=0.2)


@pytest.mark.parametrize("keep", [0.02, 0.3, 0.6])
def test_a_flac_with_a_hole_gives_what_can_be_read_or_says_why_not(write_sound: WriteSound, keep: float) -> None:
    generator = np.random.default_rng(4)
    path = write_sound("torn.flac", generator.integers(-9000, 9000, (32000, 2)).astype(np.int16), 16000, "flac")
    content = bytearray(path.read_bytes())
    start = int(len(content) * keep)
    content[start : start + 3000] = generator.bytes(3000)
    path.write_bytes(content)
    try:
        assert load(path).seconds <= 2.1
    except AudioError as error:
        message = str(error)
        assert message.endswith(".")


def test_interleaved_sound_comes_apart_and_half_a_frame_is_dropped() -> None:
    pcm = np.array([1, -1, 2, -2, 3, -3], dtype="<i2").tobytes()
    assert sides(pcm + b"\x01\x02\x03") == {
        "trader": np.array([1, 2, 3], dtype="<i2").tobytes(),
        "client": np.array([-1, -2, -3], dtype="<i2").tobytes(),
    }
