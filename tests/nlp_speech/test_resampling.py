"""Resampling keeps what is in the band, drops what is not, and does not care how the stream is cut."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlp.audio.resampling import Resampler, resample

RATES = [8000, 11025, 16000, 22050, 44100, 48000]


@given(
    rate=st.sampled_from(RATES),
    cuts=st.lists(st.integers(0, 700), min_size=1, max_size=12),
    seed=st.integers(0, 2**16),
)
@settings(max_examples=60, deadline=None)
def test_the_result_does_not_depend_on_how_the_stream_is_cut(rate: int, cuts: list[int], seed: int) -> None:
    sound = np.random.default_rng(seed).normal(size=sum(cuts)).astype(np.float32)
    stream, pieces, at = Resampler(rate, 16000), [], 0
    for cut in cuts:
        pieces.append(stream.push(sound[at : at + cut]))
        at += cut
    pieces.append(stream.flush())
    together = resample(sound, rate, 16000)
    np.testing.assert_allclose(np.concatenate(pieces), together, atol=1e-6)
    assert len(together) == -(-len(sound) * 16000 // rate)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("frequency", [200.0, 1000.0, 3400.0])
def test_a_tone_in_the_band_is_the_same_tone_at_the_new_rate(rate: int, frequency: float) -> None:
    heard = resample(np.sin(2 * np.pi * frequency * np.arange(rate) / rate).astype(np.float32), rate, 16000)
    expected = np.sin(2 * np.pi * frequency * np.arange(16000) / 16000)
    assert np.abs(heard - expected)[400:-400].max() < 0.002


def test_a_tone_above_the_new_band_is_gone_instead_of_folded_back() -> None:
    heard = resample(np.sin(2 * np.pi * 11000 * np.arange(44100) / 44100).astype(np.float32), 44100, 16000)
    assert np.abs(heard)[400:-400].max() < 0.002


def test_upsampling_leaves_no_image_above_the_old_band() -> None:
    heard = resample(np.sin(2 * np.pi * 1000 * np.arange(8000) / 8000).astype(np.float32), 8000, 16000)
    spectrum = np.abs(np.fft.rfft(heard[1000:15000] * np.hanning(14000)))
    frequencies = np.fft.rfftfreq(14000, 1 / 16000)
    assert spectrum[frequencies > 4500].max() < spectrum.max() * 1e-3


def test_a_constant_stays_a_constant() -> None:
    heard = resample(np.full(8000, 0.5, dtype=np.float32), 8000, 16000)
    np.testing.assert_allclose(heard[100:-100], 0.5, atol=1e-4)
