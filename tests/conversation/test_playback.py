"""A call is heard again from its encrypted recording."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from app.conversation.playback import RATE, NotRecorded, Playback, export
from app.records.errors import RecordMissing
from app.records.recordings import RecordingMissing
from app.records.tables import Interaction, RecordingSpan
from nlp.audio import load

if TYPE_CHECKING:
    from tests.conversation.conftest import Room


def recorded(room: Room, seconds: float = 10.0) -> str:
    """A call with a tone on each side: 300 Hz the trader, 700 Hz the client."""
    call = room.interaction(status="ended")
    at = np.arange(int(8000 * seconds)) / 8000
    both = np.stack([8000 * np.sin(2 * np.pi * hertz * at) for hertz in (300, 700)], axis=1).astype("<i2").tobytes()
    with room.recordings.writer(call, 8000, 2) as writer:
        for first in range(0, len(both), 8000):
            writer.append(both[first : first + 8000])
    with room.records.change("test") as change:
        change.update(Interaction, call, recording=f"{call}.rec")
    return call


async def whole(run: Playback) -> np.ndarray:
    pieces = []
    while piece := await run.next():
        pieces.append(np.frombuffer(piece, dtype="<i2"))
    return np.concatenate(pieces)


async def test_both_sides_are_heard_from_the_second_asked_for(room: Room) -> None:
    call = recorded(room)
    run = await room.conversations.playback(call, 4.0)
    assert (run.seconds, run.start) == (10.0, 4.0)
    sound = await whole(run)
    assert len(sound) / RATE == pytest.approx(6.0, abs=0.02)
    strength = np.abs(np.fft.rfft(sound.astype(float)))
    hertz = np.fft.rfftfreq(len(sound), 1 / RATE)
    assert set(np.round(hertz[np.argsort(strength)[-2:]])) == {300, 700}
    assert await run.next() == b""


async def test_twice_as_fast_takes_half_the_time(room: Room) -> None:
    call = recorded(room)
    sound = await whole(await room.conversations.playback(call, 0.0, 2.0))
    assert len(sound) / RATE == pytest.approx(5.0, abs=0.05)


async def test_what_is_masked_is_not_heard_and_not_exported(room: Room, tmp_path: Path) -> None:
    call = recorded(room)
    with room.records.change("test") as change:
        change.add(RecordingSpan(interaction_id=call, kind="masked", start=3.0, end=5.0, reason="card number"))
    sound = await whole(await room.conversations.playback(call, 1.0))
    loud = np.abs(sound.astype(int)).reshape(-1, RATE // 10).max(axis=1)
    assert loud[:19].min() > 5000 < loud[41:].min()
    assert loud[21:39].max() == 0
    await export(room.records, room.recordings, call, tmp_path / "call.wav")
    copy = load(tmp_path / "call.wav")
    assert not copy.client[3 * 8000 : 5 * 8000].any()
    assert copy.client[5 * 8000 : 6 * 8000].any()


async def test_beyond_the_end_there_is_nothing(room: Room) -> None:
    run = await room.conversations.playback(recorded(room, 2.0), 99.0)
    assert (run.start, await run.next()) == (2.0, b"")


async def test_what_cannot_be_heard_is_said_in_a_sentence(room: Room) -> None:
    with pytest.raises(RecordMissing, match="not in the records"):
        await room.conversations.playback("nowhere")
    with pytest.raises(NotRecorded, match="no recording"):
        await room.conversations.playback(room.interaction())
    with pytest.raises(NotRecorded, match="no sound"):
        await room.conversations.playback(room.interaction("chat"))
    with pytest.raises(RecordingMissing):
        await room.conversations.playback(room.interaction(recording="gone.rec"))


async def test_a_call_that_still_goes_on_is_heard_as_far_as_it_is_kept(room: Room) -> None:
    call = room.interaction(recording=None)
    with room.records.change("test") as change:
        change.update(Interaction, call, recording=f"{call}.rec")
    writer = room.recordings.writer(call, 8000, 2)
    writer.append(bytes(4 * 8000))
    run = await room.conversations.playback(call, 0.5)
    writer.append(bytes(4 * 8000))
    assert len(await whole(run)) / RATE == pytest.approx(0.5, abs=0.02)
    writer.close()
