"""The real speech process with the real model: faster than real time, killed, with two calls and a chat at once."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import numpy as np
import pytest

from nlp.audio import Recording, load
from nlp.audio.channels import CHANNELS
from nlp.language.model import Header, Party, Reference, Trader, Turn
from nlp.speech import ModelChoice
from nlp.speech.client import LanguageWorker
from nlp.speech.messages import Event, Facts, Failed, Finished, Segment

pytestmark = pytest.mark.speech

SECONDS = 20.0


def header(name: str, kind: str = "call") -> Header:
    started = dt.datetime(2026, 9, 15, 10, 42, tzinfo=dt.UTC)
    return Header(name, kind, started, Party("Gareth Pemberly", "Tolland Castings plc"), Trader("Hannah"))  # type: ignore[arg-type]


class Desk:
    """A worker, everything it said, and recordings to be read back."""

    def __init__(self, model: str = "tiny.en") -> None:
        self.events: list[Event] = []
        self.statuses: list[str] = []
        self.recorded: dict[str, bytearray] = {}
        self._changed = asyncio.Event()
        self.worker = LanguageWorker(
            ModelChoice(model), on_event=self._event, on_status=self._status, reread=self._reread, looks=False
        )

    def _event(self, event: Event) -> None:
        self.events.append(event)
        self._changed.set()

    def _status(self, status: str) -> None:
        self.statuses.append(status)
        self._changed.set()

    async def _reread(self, name: str, seconds: float) -> bytes:
        return bytes(self.recorded[name][round(seconds * 8000) * 4 :])

    async def until(self, true: Callable[[], bool], seconds: float = 150.0) -> None:
        async with asyncio.timeout(seconds):
            while not true():
                self._changed.clear()
                await self._changed.wait()

    def segments(self, name: str) -> list[Segment]:
        return [event for event in self.events if isinstance(event, Segment) and event.id == name]

    def finished(self, name: str) -> Finished | None:
        return next((event for event in self.events if isinstance(event, Finished) and event.id == name), None)

    async def play(self, name: str, call: Recording, first: float, last: float) -> None:
        """Feeds a stretch of the call as fast as it goes, recording it as the desk does."""
        step = 2000
        for at in range(int(first * 8000), int(last * 8000), step):
            await asyncio.sleep(0)
            end = min(at + step, int(last * 8000))
            sides = [call.channel(who)[at:end] for who in CHANNELS]
            self.recorded.setdefault(name, bytearray()).extend(np.stack(sides, axis=1).astype("<i2").tobytes())
            for who, samples in zip(CHANNELS, sides, strict=True):
                await self.worker.audio(name, who, samples.tobytes(), at / 8000)


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    made = Desk()
    await made.worker.start()
    yield made
    await made.worker.close()


@pytest.fixture(scope="module")
def call(demo_call: Path) -> Recording:
    recording = load(demo_call)
    if recording.rate != 8000:
        pytest.skip("these tests feed telephone sound")
    return recording


def words(turns: list[Turn] | tuple[Turn, ...]) -> int:
    return sum(len(turn.text.split()) for turn in turns)


async def test_a_call_is_transcribed_as_it_is_heard_and_better_at_hang_up(desk: Desk, call: Recording) -> None:
    await desk.worker.open("c", header("c"), Reference(), 8000)
    await desk.play("c", call, 0, SECONDS)
    await desk.until(lambda: len(desk.segments("c")) >= 4)
    live = desk.segments("c")
    assert [segment.seq for segment in live] == list(range(len(live)))
    assert {segment.who for segment in live} == {"trader", "client"}
    assert all(0 <= segment.start < segment.end <= SECONDS for segment in live)
    for segment in live:
        assert len(segment.words) == len(segment.text.split())
        assert all(segment.start - 1 <= word.start <= word.end <= segment.end + 1 for word in segment.words)
    await desk.worker.finish("c")
    await desk.until(lambda: desk.finished("c") is not None)
    final = desk.finished("c")
    assert final is not None
    assert words(final.turns) > 25
    assert all(len(turn.words) == len(turn.text.split()) for turn in final.turns)
    assert [turn.start for turn in final.turns] == sorted(turn.start for turn in final.turns)
    assert all(a.who != b.who or b.start - a.end >= 2.5 for a, b in zip(final.turns, final.turns[1:], strict=False))


@pytest.mark.skipif(sys.platform == "win32", reason="kill -9 is not there")
async def test_a_process_killed_in_mid_call_costs_no_word(desk: Desk, call: Recording) -> None:
    await desk.worker.open("c", header("c"), Reference(), 8000)
    await desk.play("c", call, 0, 10)
    await desk.until(lambda: len(desk.segments("c")) >= 2)
    before = desk.segments("c")
    assert desk.worker.pid is not None
    os.kill(desk.worker.pid, signal.SIGKILL)
    await desk.until(lambda: "restarting" in desk.statuses)
    await desk.play("c", call, 10, 15)  # nobody listens now
    await desk.until(lambda: desk.statuses[-1] == "live")
    await desk.play("c", call, 15, SECONDS)
    await desk.worker.finish("c")
    await desk.until(lambda: desk.finished("c") is not None)
    after = desk.segments("c")
    assert after[: len(before)] == before, "what was transcribed stays"
    assert [segment.seq for segment in after] == list(range(len(after)))
    settled = max(segment.end for segment in before)
    assert min(segment.start for segment in after[len(before) :]) >= settled - 1.0, "it is not transcribed again"
    final = desk.finished("c")
    assert final is not None
    assert final.turns[0].start < 5, "the careful pass covers the sound from before the kill"
    assert any(9 < turn.start < 15 for turn in final.turns), "and from the time when nobody listened"
    assert final.turns[-1].end > SECONDS - 8


async def test_two_calls_and_a_chat_at_once(desk: Desk, call: Recording) -> None:
    for name in ("a", "b"):
        await desk.worker.open(name, header(name), Reference(), 8000)
    await desk.worker.open("chat", header("chat", "chat"), Reference())
    await asyncio.gather(desk.play("a", call, 0, 7), desk.play("b", call, 0, 7))
    await desk.worker.turn("chat", Turn("client", 0, 0, "can you show me 10m cable"))
    await desk.until(lambda: any(isinstance(event, Facts) and event.id == "chat" for event in desk.events))
    for name in ("a", "b", "chat"):
        await desk.worker.finish(name)
    await desk.until(lambda: all(desk.finished(name) for name in ("a", "b", "chat")))
    first, second, chat = desk.finished("a"), desk.finished("b"), desk.finished("chat")
    assert first is not None and second is not None and chat is not None  # noqa: PT018 -- for the type checker
    assert first.turns == second.turns
    assert [turn.text for turn in chat.turns] == ["can you show me 10m cable"]


async def test_a_recording_is_transcribed_later(desk: Desk, call: Recording) -> None:
    desk.recorded["late"] = bytearray()
    await desk.play("late", call, 0, 12)
    await desk.worker.transcribe("late", header("late"), Reference(), 8000, 12.0)
    await desk.until(lambda: desk.finished("late") is not None)
    final = desk.finished("late")
    assert final is not None
    assert words(final.turns) > 10
    assert desk.segments("late") == []


async def test_without_a_model_calls_say_why_and_chats_and_words_that_are_known_work(tmp_path: Path) -> None:
    desk = Desk(str(tmp_path))
    await desk.worker.start()
    try:
        await desk.worker.open("c", header("c"), Reference(), 8000)
        await desk.worker.open("chat", header("chat", "chat"), Reference())
        await desk.worker.turn("chat", Turn("client", 0, 0, "morning"))
        await desk.until(lambda: bool(desk.statuses))
        assert desk.statuses[-1].startswith("unavailable: The setting speech_model names")
        await desk.worker.finish("c")
        await desk.worker.finish("chat")
        await desk.worker.read("words", header("words"), Reference(), [Turn("client", 0, 2, "any guilts?")])
        await desk.until(lambda: desk.finished("chat") is not None and desk.finished("words") is not None)
        words = desk.finished("words")
        assert words is not None
        assert [turn.text for turn in words.analysis.turns] == ["any gilts?"]
        [failed] = [event for event in desk.events if isinstance(event, Failed)]
        assert failed.id == "c"
        assert "no CTranslate2 whisper model" in failed.reason
    finally:
        await desk.worker.close()


async def test_a_process_that_cannot_start_is_said_to_the_user_and_fails_what_waits() -> None:
    statuses: list[str] = []
    events: list[Event] = []
    happened = asyncio.Event()

    def tell(event: Event) -> None:
        events.append(event)
        happened.set()

    worker = LanguageWorker(command=[sys.executable, "-c", ""], on_event=tell, on_status=statuses.append)
    await worker.start()
    await worker.open("c", header("c"), Reference(), 8000)
    await worker.finish("c")
    try:
        await asyncio.wait_for(happened.wait(), 20)
    finally:
        await worker.close()
    assert isinstance(events[0], Failed)
    assert events[0].reason.endswith("tried again at the next start.")
