"""Notes are spoken: the speech process writes them down, and nothing of the sound is kept."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from app.conversation.dictation import Dictated, Dictation
from app.conversation.service import SpeechUnavailable
from app.records.tables import Interaction, TranscriptSegment
from nlp.audio import load
from nlp.language.model import Analysis, Trader, Turn
from nlp.speech import messages

if TYPE_CHECKING:
    from tests.conversation.conftest import Room

HANNAH = Trader("Hannah Osgood")
SECOND = bytes(range(250)) * 128


async def begun(room: Room) -> Dictation:
    return await room.conversations.dictate(HANNAH, room.organization_id, 16_000)


def say(room: Room, dictation: Dictation, seq: int, start: float, text: str) -> None:
    room.conversations._event(
        messages.Segment(id=dictation.id, seq=seq, who="trader", start=start, end=start + 1, text=text)
    )


async def test_words_stand_there_as_they_are_spoken_and_are_read_once_more_at_the_end(room: Room) -> None:
    dictation = await begun(room)
    await dictation.hear(SECOND)
    room.conversations._event(messages.Partial(id=dictation.id, who="trader", start=0.0, text="call back"))
    assert dictation.state.value == Dictated(partial="call back")
    say(room, dictation, 0, 0.0, "call back about the buns")
    say(room, dictation, 1, 3.0, "on monday")
    assert dictation.state.value == Dictated(text="call back about the buns on monday")
    await dictation.stop()
    assert dictation.state.value.phase == "finishing"
    turns = (Turn("trader", 0.0, 4.0, "Call back about the bunds on Monday."),)
    room.conversations._event(
        messages.Finished(id=dictation.id, turns=turns, analysis=Analysis(turns=turns), summary="")
    )
    assert dictation.state.value == Dictated("done", "Call back about the bunds on Monday.")


async def test_nothing_of_it_is_kept(room: Room) -> None:
    dictation = await begun(room)
    await dictation.hear(SECOND)
    assert len(dictation.sound(0.5)) == 2 * len(SECOND) // 2
    assert dictation.sound(0.0)[:8] == SECOND[:2] + b"\0\0" + SECOND[2:4] + b"\0\0"
    assert await room.conversations._reread(dictation.id, 0.0) == dictation.sound(0.0)
    say(room, dictation, 0, 0.0, "call back")
    await dictation.stop()
    room.conversations._event(messages.Failed(id=dictation.id, reason="It stopped."))
    assert dictation.state.value == Dictated("done", "call back", "", "It stopped.")
    assert dictation.sound(0.0) == b""
    assert room.conversations._dictations == {}
    assert not room.recordings.folder.exists()
    with room.records.read() as session:
        assert session.scalar(select(func.count()).select_from(Interaction)) == 0
        assert session.scalar(select(func.count()).select_from(TranscriptSegment)) == 0


async def test_what_comes_after_the_end_is_not_taken(room: Room) -> None:
    dictation = await begun(room)
    await dictation.hear(SECOND)
    await dictation.stop()
    await dictation.hear(SECOND)
    assert len(dictation.sound(0.0)) == 2 * len(SECOND)
    await dictation.cancel()
    assert dictation.state.value.phase == "done"


async def test_where_nothing_can_be_transcribed_it_is_said(room: Room) -> None:
    room.worker._set_status("unavailable: The speech model is not installed.")
    with pytest.raises(SpeechUnavailable, match="not installed"):
        await begun(room)


@pytest.mark.speech
async def test_a_voice_becomes_text(room: Room, demo_call: Path) -> None:
    call = load(demo_call)
    voice = call.trader[: 12 * call.rate].astype("<i2").tobytes()
    await room.conversations.start()
    dictation = await room.conversations.dictate(HANNAH, None, call.rate)
    for at in range(0, len(voice), call.rate // 5):
        await dictation.hear(voice[at : at + call.rate // 5])
    await dictation.stop()
    async with asyncio.timeout(150):
        while dictation.state.value.phase != "done":
            await asyncio.sleep(0.05)
    assert dictation.state.value.trouble == ""
    assert len(dictation.state.value.text.split()) >= 5
