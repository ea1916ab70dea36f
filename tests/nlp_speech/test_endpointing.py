"""Frame probabilities become utterances: in order, apart, never too long, ending where speech ended."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from nlp.audio import load
from nlp.audio.voice import FRAME, FRAME_SECONDS, Boundary, Endpointer, Endpointing, VoiceActivity
from nlp.speech.live import LiveSide

RULES = Endpointing()


def boundaries(probabilities: list[float]) -> list[Boundary]:
    ends = Endpointer()
    found = [ends.push(probability) for probability in probabilities]
    return [one for one in [*found, ends.flush()] if one is not None]


def spoken(seconds: float) -> list[float]:
    return [0.9] * round(seconds / FRAME_SECONDS)


def silent(seconds: float) -> list[float]:
    return [0.02] * round(seconds / FRAME_SECONDS)


@given(st.lists(st.tuples(st.floats(0, 1), st.integers(1, 60)), max_size=30))
def test_utterances_are_in_order_apart_and_not_too_long(runs: list[tuple[float, int]]) -> None:
    probabilities = [p for p, count in runs for _ in range(count)]
    ended = [one for one in boundaries(probabilities) if one.kind in ("end", "click")]
    for one in ended:
        assert 0 <= one.start < one.end <= len(probabilities)
        assert (one.end - one.start) * FRAME_SECONDS <= RULES.longest + FRAME_SECONDS
    for before, after in pairwise(ended):
        assert before.end <= after.start
    covered = {frame for one in ended for frame in range(one.start, one.end)}
    assert all(frame in covered for frame, p in enumerate(probabilities) if p >= RULES.on), "speech was dropped"


def test_an_utterance_ends_where_its_speech_ended() -> None:
    probabilities = silent(1) + spoken(2) + silent(2)
    [end] = [one for one in boundaries(probabilities) if one.kind == "end"]
    assert end == Boundary("end", len(silent(1)), len(silent(1) + spoken(2)))


def test_a_short_pause_does_not_end_an_utterance_but_is_worth_a_look() -> None:
    kinds = [one.kind for one in boundaries(spoken(1) + silent(0.35) + spoken(1) + silent(1))]
    assert kinds == ["begin", "pause", "pause", "end"]


def test_the_look_at_a_pause_covers_the_same_stretch_as_the_end_that_follows() -> None:
    found = boundaries(spoken(1) + silent(1))
    assert [(one.kind, one.end) for one in found[1:]] == [("pause", len(spoken(1))), ("end", len(spoken(1)))]


def test_somebody_who_does_not_breathe_is_cut_and_loses_nothing() -> None:
    ended = [one for one in boundaries(spoken(50)) if one.kind == "end"]
    assert [one.start for one in ended[1:]] == [one.end for one in ended[:-1]]
    assert ended[-1].end == len(spoken(50))


def test_after_a_long_stretch_a_breath_is_enough() -> None:
    [first, _] = [one for one in boundaries(spoken(13) + silent(0.3) + spoken(2)) if one.kind == "end"]
    assert first.end == len(spoken(13))


def test_a_click_is_no_utterance_and_nobody_looks_for_words_in_it() -> None:
    assert [one.kind for one in boundaries([*silent(1), 0.9, *silent(1)])] == ["begin", "click"]


def test_speech_probabilities_do_not_depend_on_how_the_stream_is_cut() -> None:
    sound = np.random.default_rng(7).normal(scale=0.1, size=FRAME * 40).astype(np.float32)
    whole = VoiceActivity().probabilities(sound)
    stream = VoiceActivity()
    pieces = [stream.probabilities(sound[at : at + FRAME * 5]) for at in range(0, len(sound), FRAME * 5)]
    np.testing.assert_allclose(np.concatenate(pieces), whole, atol=1e-5)


def test_overlapping_sound_is_taken_once_and_a_hole_is_silence() -> None:
    side = LiveSide("c", "client", 8000, heard=0.0)
    sound = (np.random.default_rng(3).normal(size=16000) * 500).astype("<i2")
    side.take(0, sound[:8000].tobytes(), 0.0)
    side.take(4000, sound[4000:12000].tobytes(), 0.0)
    side.take(14000, sound[14000:].tobytes(), 0.0)
    expected = sound.copy()
    expected[12000:14000] = 0
    np.testing.assert_array_equal(side.whole(16000), expected)
    assert side.received == 2.0


def test_sound_before_the_place_where_a_restart_goes_on_is_kept_but_not_heard_again() -> None:
    side = LiveSide("c", "client", 8000, heard=1.0)
    sound = (np.random.default_rng(3).normal(size=16000) * 500).astype("<i2")
    assert side.take(8000, sound[8000:].tobytes(), 0.0) == []
    assert side.settled >= 1.0
    side.take(0, sound[:8400].tobytes(), 0.0)
    np.testing.assert_array_equal(side.whole(16000), sound)


def test_who_begins_to_speak_is_looked_at_twice_in_the_first_second(demo_call: Path) -> None:
    call = load(demo_call)
    side = LiveSide("c", "client", call.rate, heard=0.0)
    step = call.rate // 10
    looks: dict[int, list[float]] = {}
    for at in range(0, 30 * call.rate, step):
        for one in side.take(at, call.client[at : at + step].tobytes(), at / call.rate):
            if not (one.ended or one.paused):
                looks.setdefault(one.key, []).append(one.end - one.start)
    first, second, *_ = max(looks.values(), key=len)
    assert 0.3 <= first < 0.6
    assert 0.4 <= second - first < 0.6
