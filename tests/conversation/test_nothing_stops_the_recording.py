"""A call is recorded to its end whatever happens beside the recording, and the desk can always be closed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from app.conversation.keeping import Keeping
from app.records.change import Change
from app.records.recordings import RecordingWriter
from app.records.store import Records
from app.records.tables import Interaction
from nlp.language.model import Analysis
from nlp.speech.client import LanguageWorker
from nlp.speech.messages import Failed, Finished

if TYPE_CHECKING:
    from tests.conversation.conftest import Ring, Ringing, Room, Until


async def test_a_failure_of_the_speech_process_in_mid_call_leaves_the_recording_running(
    room: Room, ringing: Ringing, until: Until
) -> None:
    call = room.interaction()
    state = await room.conversations.open_call(call, ringing.url, room.header(call))
    ringing.speak(1.0)
    await until(state, lambda now: now.recorded_seconds >= 1.0)
    room.conversations._event(Failed(id=call, reason="This part of the call could not be transcribed."))
    ringing.speak(1.0)
    await until(state, lambda now: now.recorded_seconds >= 2.0, seconds=10)
    ringing.audio.end()
    await room.conversations.end(call)
    assert room.recordings.read(f"{call}.rec").pcm == ringing.pcm
    assert call not in room.conversations._intakes


async def test_a_listener_that_fails_leaves_the_recording_running(
    room: Room, ringing: Ringing, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*_: Any) -> None:
        raise LookupError("the speech process's side is broken")

    monkeypatch.setattr(room.worker, "audio", fails)
    call = room.interaction()
    state = await room.conversations.open_call(call, ringing.url, room.header(call))
    for said in (1.0, 2.0):
        ringing.speak(1.0)
        await until(state, lambda now, said=said: now.recorded_seconds >= said, seconds=10)
    assert room.recordings.read(f"{call}.rec").pcm == ringing.pcm


async def test_an_unforeseen_fault_of_the_disk_is_said_and_the_sound_kept_until_it_is_gone(
    room: Room, ringing: Ringing, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.conversation.intake.RETRY_DISK", 0.05)
    append = RecordingWriter.append
    broken = True

    def breaks(self: RecordingWriter, pcm: bytes) -> None:
        if broken:
            raise MemoryError
        append(self, pcm)

    monkeypatch.setattr(RecordingWriter, "append", breaks)
    call = room.interaction()
    state = await room.conversations.open_call(call, ringing.url, room.header(call))
    ringing.speak(1.0)
    now = await until(state, lambda now: bool(now.recording), seconds=10)
    assert now.recording == "The call is not being recorded at the moment: MemoryError"
    broken = False
    await until(state, lambda now: now.recorded_seconds >= 1.0, seconds=10)
    assert room.recordings.read(f"{call}.rec").pcm == ringing.pcm


async def test_sound_that_waited_for_the_disk_is_written_in_pieces_that_a_power_cut_can_only_shorten(
    room: Room, ringing: Ringing, until: Until
) -> None:
    """A longer append is several frames; cut off in its first, the rest would look like damage to all of it."""
    ringing.speak(30.0)
    call = room.interaction()
    state = await room.conversations.open_call(call, ringing.url, room.header(call))
    await until(state, lambda now: now.recorded_seconds >= 30.0)
    path = room.recordings.folder / f"{call}.rec"
    written = path.read_bytes()
    longest = 0
    append = RecordingWriter.append

    def watched(self: RecordingWriter, pcm: bytes) -> None:
        nonlocal longest
        longest = max(longest, len(pcm))
        append(self, pcm)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RecordingWriter, "append", watched)
        ringing.speak(30.0)
        await until(state, lambda now: now.recorded_seconds >= 60.0)
    assert len(written) > 30 * 32000
    assert longest <= 65536


async def test_closing_the_desk_closes_every_call_while_others_are_being_settled(
    room: Room, ring: Ring, until: Until
) -> None:
    calls = [(room.interaction(), ring(f"call-{n}")) for n in range(3)]
    for call, ringing in calls:
        state = await room.conversations.open_call(call, ringing.url, room.header(call))
        ringing.speak(0.5)
        await until(state, lambda now: now.recorded_seconds >= 0.5)
    first, last = calls[0][0], calls[-1][0]
    room.conversations._live[last].update(phase="ended")
    closing = asyncio.create_task(room.conversations.close())
    await asyncio.sleep(0)
    room.conversations._event(Finished(id=last, turns=(), analysis=Analysis(turns=()), summary=""))
    await closing
    for call, ringing in calls:
        assert room.recordings.read(f"{call}.rec").pcm == ringing.pcm
    assert room.stored(first).recording == f"{first}.rec"


async def test_a_write_that_fails_in_an_unforeseen_way_does_not_hold_up_the_others(
    records: Records, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.conversation.keeping.RETRY", 0.01)
    monkeypatch.setattr("app.conversation.keeping.MOST_TRIES", 2)

    def breaks(change: Change) -> None:
        raise LookupError("nobody thought of this")

    call = room.interaction()
    keeping = Keeping(records, lambda sentence: None)
    keeping.add(breaks)
    keeping.add(lambda change: change.update(Interaction, call, subject="kept"))
    assert await keeping.drained()
    keeping.add(lambda change: change.update(Interaction, call, line="L2"))
    assert await keeping.drained()
    await keeping.close()
    assert (room.stored(call).subject, room.stored(call).line) == ("kept", "L2")


async def test_of_a_long_day_only_the_last_conversations_stay_in_memory(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.conversation.results.KEPT", 2)
    chats = [room.interaction("chat") for _ in range(4)]
    for chat in chats:
        await room.conversations.open_chat(chat, room.header(chat, "chat"))
        await room.conversations.end(chat)
    running = room.interaction("chat")
    await room.conversations.open_chat(running, room.header(running, "chat"))
    for chat in chats:
        room.conversations._event(Finished(id=chat, turns=(), analysis=Analysis(turns=()), summary=""))
    assert list(room.conversations._live) == [*chats[2:], running]


async def test_an_answer_that_cannot_be_taken_costs_the_speech_process_one_life_and_not_the_day() -> None:
    lives = 0
    again = asyncio.Event()
    worker = LanguageWorker(looks=False)

    async def live() -> None:
        nonlocal lives
        lives += 1
        if lives > 1:
            again.set()
            await asyncio.Event().wait()
        raise LookupError("nobody thought of this message")

    worker._live = live  # type: ignore[method-assign]
    await worker.start()
    async with asyncio.timeout(5):
        await again.wait()
    await worker.close()
