"""What the turret sends is on the disk, whatever happens to disk, turret and socket."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from app.records.errors import DiskFull
from app.records.recordings import RecordingWriter
from app.records.tables import Interaction
from plugins.turret.audio import AudioServer

if TYPE_CHECKING:
    from tests.conversation.conftest import Ring, Ringing, Room, Until


async def test_a_call_is_recorded_sample_by_sample_and_acknowledged(room: Room, ringing: Ringing, until: Until) -> None:
    call = room.interaction()
    state = await room.conversations.open_call(call, ringing.url, room.header(call))
    ringing.speak(1.0)
    await until(state, lambda now: now.recorded_seconds >= 1.0)
    ringing.speak(2.5006)
    ringing.audio.end()
    await room.conversations.end(call)
    assert state.value.phase == "ended"
    assert state.value.recorded_seconds == len(ringing.pcm) / 4 / 8000 == 3.5005
    assert state.value.speech == "starting"
    recording = room.recordings.read(f"{call}.rec")
    assert (recording.rate, recording.channels, recording.pcm) == (8000, 2, ringing.pcm)
    assert room.recordings.complete(f"{call}.rec")
    async with asyncio.timeout(5):
        while not ringing.audio.done:
            await asyncio.sleep(0)
    await room.conversations.close()
    assert room.stored(call).recording == f"{call}.rec"


async def test_a_broken_socket_is_opened_again_where_the_recording_ends(
    room: Room, ringing: Ringing, until: Until
) -> None:
    call = room.interaction()
    state = await room.conversations.open_call(call, ringing.url, room.header(call))
    ringing.speak(1.0)
    await until(state, lambda now: now.recorded_seconds >= 1.0)
    socket = room.conversations._intakes[call]._socket
    assert socket is not None
    socket.transport.abort()
    ringing.speak(1.0)
    await until(state, lambda now: now.recorded_seconds >= 2.0)
    ringing.audio.end()
    await room.conversations.end(call)
    assert room.recordings.read(f"{call}.rec").pcm == ringing.pcm
    assert state.value.audio == ""


async def test_when_the_turret_dies_what_was_recorded_is_kept_and_the_state_says_so(
    room: Room, ringing: Ringing, server: AudioServer, until: Until
) -> None:
    call = room.interaction()
    state = await room.conversations.open_call(call, ringing.url, room.header(call))
    ringing.speak(2.0)
    await until(state, lambda now: now.recorded_seconds >= 2.0)
    server._calls.clear()  # a new turret process knows no such call
    socket = room.conversations._intakes[call]._socket
    assert socket is not None
    socket.transport.abort()
    now = await until(state, lambda now: bool(now.audio))
    assert now.audio.startswith("The turret's sound stopped. The 2 seconds until then are kept")
    assert [notice.level for notice in room.notices] == ["warning"]
    await room.conversations.end(call)
    assert room.recordings.read(f"{call}.rec").pcm == ringing.pcm


async def test_a_full_disk_is_said_and_the_sound_is_kept_until_there_is_room(
    room: Room, ringing: Ringing, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.conversation.intake.RETRY_DISK", 0.05)
    append = RecordingWriter.append
    full = True

    def no_room(self: RecordingWriter, pcm: bytes) -> None:
        if full:
            raise DiskFull("The disk is full: make room.")
        append(self, pcm)

    monkeypatch.setattr(RecordingWriter, "append", no_room)
    call = room.interaction()
    state = await room.conversations.open_call(call, ringing.url, room.header(call))
    ringing.speak(1.0)
    now = await until(state, lambda now: bool(now.recording))
    assert now.recording == "The call is not being recorded at the moment: The disk is full: make room."
    assert [(notice.level, notice.text) for notice in room.notices] == [("error", now.recording)]
    assert not ringing.audio.acknowledged
    ringing.speak(1.0)
    full = False
    await until(state, lambda now: not now.recording and now.recorded_seconds >= 2.0)
    ringing.audio.end()
    await room.conversations.end(call)
    assert room.recordings.read(f"{call}.rec").pcm == ringing.pcm


async def test_sound_can_be_read_back_while_the_disk_is_behind(
    room: Room, ringing: Ringing, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = room.interaction()
    state = await room.conversations.open_call(call, ringing.url, room.header(call))
    ringing.speak(1.0)
    await until(state, lambda now: now.recorded_seconds >= 1.0)

    def no_room(self: RecordingWriter, pcm: bytes) -> None:
        raise DiskFull("The disk is full: make room.")

    monkeypatch.setattr(RecordingWriter, "append", no_room)
    ringing.speak(1.0)
    await until(state, lambda now: bool(now.recording))
    assert await room.conversations._reread(call, 0.0) == ringing.pcm
    assert await room.conversations._reread(call, 0.5) == ringing.pcm[4000 * 4 :]
    assert await room.conversations._reread(call, 1.5) == ringing.pcm[12000 * 4 :]


async def test_two_calls_are_recorded_at_once(room: Room, ring: Ring, until: Until) -> None:
    calls = [(room.interaction(), ring(f"call-{n}")) for n in range(2)]
    states = [await room.conversations.open_call(call, ringing.url, room.header(call)) for call, ringing in calls]
    for seconds in (0.5, 1.0):
        for _, ringing in calls:
            ringing.speak(seconds)
    for (call, ringing), state in zip(calls, states, strict=True):
        await until(state, lambda now: now.recorded_seconds >= 1.5)
        ringing.audio.end()
        await room.conversations.end(call)
        assert room.recordings.read(f"{call}.rec").pcm == ringing.pcm


async def test_calls_left_live_by_a_crash_are_marked_interrupted(room: Room) -> None:
    with room.recordings.writer("crashed", 8000, 2) as writer:
        writer.append(bytes(8000 * 4 * 3))
    crashed, chat = room.interaction(), room.interaction("chat")
    (room.recordings.folder / "crashed.rec").rename(room.recordings.folder / f"{crashed}.rec")
    with room.records.change("test") as change:
        change.update(Interaction, crashed, recording=f"{crashed}.rec")
    await room.conversations.resume_pending()
    async with asyncio.timeout(10):
        while room.stored(crashed).status == "live" or room.stored(chat).status == "live":
            await asyncio.sleep(0)
    row = room.stored(crashed)
    assert row.status == "interrupted"
    assert row.ended_at is not None
    assert (row.ended_at - row.started_at).total_seconds() == 3.0
    assert room.stored(chat).status == "interrupted"


async def test_closing_the_desk_in_mid_call_keeps_what_came(room: Room, ringing: Ringing, until: Until) -> None:
    call = room.interaction()
    state = await room.conversations.open_call(call, ringing.url, room.header(call))
    ringing.speak(1.0)
    await until(state, lambda now: now.recorded_seconds >= 1.0)
    ringing.speak(0.1)
    intake = room.conversations._intakes[call]
    async with asyncio.timeout(10):
        while intake.received < 8800:
            await asyncio.sleep(0)
    await room.conversations.close()
    assert room.recordings.read(f"{call}.rec").pcm == ringing.pcm
