"""One side that comes back on the other is not taken for the other's words; who really speaks is left alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from nlp.audio import load
from nlp.audio.echo import STEP, Likeness, without_echo
from nlp.speech.live import Conversation, LiveSide, Utterance
from nlp.speech.words import Word

Sound = NDArray[np.float32]
AUDIBLE = 0.003


@pytest.fixture(scope="module")
def voices(demo_call: Path) -> tuple[Sound, Sound]:
    call = load(demo_call)
    return call.speech("trader")[: 40 * 16000], call.speech("client")[: 40 * 16000]


def delayed(sound: Sound, seconds: float, gain: float) -> Sound:
    late = round(seconds * 16000)
    return (gain * np.concatenate([np.zeros(late, dtype=np.float32), sound[:-late]])).astype(np.float32)


def loud(sound: Sound, level: float) -> NDArray[np.bool_]:
    blocks = sound[: len(sound) // STEP * STEP].reshape(-1, STEP)
    return np.sqrt((blocks**2).mean(axis=1)) > level


def room(sound: Sound) -> Sound:
    rng = np.random.default_rng(3)
    answer = np.exp(-np.arange(800) / 150) * rng.normal(size=800)
    return np.convolve(sound, answer / np.sqrt((answer**2).sum()))[: len(sound)].astype(np.float32)


@pytest.mark.parametrize(("seconds", "gain"), [(0.02, 0.1), (0.18, 0.2), (0.18, 0.6), (0.45, 0.3)])
def test_an_echo_is_silenced_and_nothing_else(voices: tuple[Sound, Sound], seconds: float, gain: float) -> None:
    trader, client = voices
    echo = delayed(trader, seconds, gain)
    heard = client + echo
    assert Likeness(heard, trader).delay() == round(seconds * 16000)
    left = without_echo(heard, trader)
    speaks, comes_back = loud(client, AUDIBLE), loud(echo, AUDIBLE)
    silent = ~loud(left, 1e-9)
    assert not (silent & loud(client, 0.01)).any(), "words of the client were silenced"
    assert silent[comes_back & ~speaks].mean() > 0.95


def test_a_room_and_a_noisy_line_do_not_hide_it(voices: tuple[Sound, Sound]) -> None:
    trader, client = voices
    noise = 0.003 * np.random.default_rng(5).normal(size=len(client)).astype(np.float32)
    echo = room(delayed(trader, 0.1, 0.2))
    silent = ~loud(without_echo(client + echo + noise, trader), 1e-9)
    assert silent[loud(echo, 0.01) & ~loud(client, AUDIBLE)].mean() > 0.9
    assert not (silent & loud(client, 0.01)).any()


def test_two_people_on_a_clean_line_have_no_echo(voices: tuple[Sound, Sound]) -> None:
    trader, client = voices
    assert Likeness(client, trader).delay() is None
    assert without_echo(client, trader) is client
    assert Likeness(trader, client).delay() is None


def live(trader: Sound, client: Sound) -> list[Utterance]:
    """The ended utterances of both sides, fed a tenth of a second at a time."""
    sides = {who: LiveSide("c", who, 16000, 0.0) for who in ("trader", "client")}
    talk = Conversation(None, None, 16000, sides)  # type: ignore[arg-type]
    found: list[Utterance] = []
    for at in range(0, len(trader), 1600):
        for who, sound in (("trader", trader), ("client", client)):
            pcm = np.clip(np.round(sound[at : at + 1600] * 32767), -32768, 32767).astype("<i2").tobytes()
            found += talk.take(who, at, pcm, 0.0)  # type: ignore[arg-type]
    return [one for one in [*found, *talk.close()] if one.ended]


def test_live_the_echo_is_no_utterance_of_the_other_side(voices: tuple[Sound, Sound]) -> None:
    trader, client = voices
    clean = live(trader, client)
    heard = live(trader, client + delayed(trader, 0.25, 0.3))
    assert not any(one.echo for one in clean)
    kept = [one for one in heard if one.who == "client" and not one.echo]
    dropped = [one for one in heard if one.echo]
    assert dropped
    trader_said = [one for one in clean if one.who == "trader"]
    for one in dropped:
        assert any(said.start - 0.5 < one.start < said.end + 0.5 for said in trader_said)
    assert len(kept) <= len([one for one in clean if one.who == "client"]) + 1


def test_a_word_that_whisper_does_not_believe_is_no_thanks() -> None:
    from nlp.speech.recognition import uninvented

    said = [Word(" See", 0, 1, 0.9), Word(" you.", 1, 2, 0.9), Word(" Thank", 2, 2, 0.01), Word(" you.", 2, 2, 0.97)]
    assert uninvented(said) == tuple(said[:2])
    thanks = [Word(" Thank", 0, 1, 0.4), Word(" you.", 1, 2, 0.99)]
    assert uninvented(thanks) == tuple(thanks)
