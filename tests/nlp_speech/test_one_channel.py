"""A live call of which there is one channel, told by two that are alike: heard once, and who spoke is a guess."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pytest

from nlp.audio import Recording, load
from nlp.audio.channels import CHANNELS
from nlp.language.model import Header, Party, Reference, Trader
from nlp.speech.live import Conversation, LiveSide, Utterance
from tests.nlp_speech.test_speech_process import Desk, desk, header

__all__ = ["desk"]
RATE = 8000


@pytest.fixture(scope="module")
def mono(demo_call: Path) -> Recording:
    """Twenty seconds of the demo call, both voices on both channels."""
    call = load(demo_call)
    both = (call.trader[: 20 * RATE] // 2 + call.client[: 20 * RATE] // 2).astype(np.int16)
    return Recording(RATE, both, both)


def heard(call: Recording) -> tuple[Conversation, list[Utterance]]:
    started = dt.datetime(2026, 9, 15, 10, 42, tzinfo=dt.UTC)
    sides = {who: LiveSide("c", who, RATE, 0.0) for who in CHANNELS}
    talk = Conversation(Header("c", "call", started, Party("", ""), Trader("")), Reference(), RATE, sides)
    found = []
    for at in range(0, len(call.trader), 2000):
        for who in CHANNELS:
            found += talk.take(who, at, call.channel(who)[at : at + 2000].tobytes(), at / RATE)
    return talk, [one for one in found + talk.close() if one.ended]


def test_it_is_heard_once_and_its_recording_has_the_voices_told_apart(mono: Recording) -> None:
    talk, found = heard(mono)
    assert talk.one_channel
    assert found
    assert {one.who for one in found} == {"trader"}
    apart = talk.recording()
    assert apart.guessed
    assert apart.client.any()
    assert not np.array_equal(apart.trader, apart.client)


def test_a_call_of_two_channels_is_none_of_these(demo_call: Path) -> None:
    call = load(demo_call)
    talk, found = heard(Recording(RATE, call.trader[: 20 * RATE], call.client[: 20 * RATE]))
    assert not talk.one_channel
    assert not talk.recording().guessed
    assert {one.who for one in found} == {"trader", "client"}


@pytest.mark.speech
async def test_its_words_are_marked_live_and_after_the_careful_pass(desk: Desk, mono: Recording) -> None:
    await desk.worker.open("one", header("one"), Reference(), RATE)
    await desk.play("one", mono, 0.0, 20.0)
    await desk.worker.finish("one")
    await desk.until(lambda: desk.finished("one") is not None)
    segments, finished = desk.segments("one"), desk.finished("one")
    assert segments
    assert all(segment.guessed and segment.turn.guessed for segment in segments)
    assert finished is not None
    assert {turn.who for turn in finished.turns} == {"trader", "client"}
    assert all(turn.guessed for turn in finished.turns)
