"""A word is put right: in the records, in what runs, in the next pass, and always if that is wished."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from app.conversation import reference, resumption
from app.conversation.correcting import Correction
from app.records.audit import verify
from app.records.errors import RecordMissing, Refused
from app.records.tables import Interaction, LexiconEntry, TranscriptEdit, TranscriptSegment
from nlp.language.model import Analysis, Dialogue, Timed, Turn
from nlp.language.repair import repaired
from nlp.speech import messages

if TYPE_CHECKING:
    from tests.conversation.conftest import Ringing, Room

ACTOR = "user:hannah"
TIMES = (Timed(1.0, 1.4), Timed(1.5, 1.7), Timed(1.8, 2.6, 0.5))


async def running(room: Room, ringing: Ringing) -> str:
    """A call in which the client was heard to say "fifteen in buns"."""
    call = room.interaction()
    await room.conversations.open_call(call, ringing.url, room.header(call), organization_id=room.organization_id)
    heard = messages.Segment(id=call, seq=0, who="client", start=1.0, end=2.6, text="fifteen in buns", words=TIMES)
    room.conversations._event(heard)
    assert await room.conversations._keeping.drained(30)
    return call


def wish(call: str, means: str = "bunds", always: bool = False, pass_: str = "live") -> Correction:
    return Correction(call, pass_, 0, "fifteen in buns", 11, 15, means, always)


def hang_up(room: Room, call: str, text: str) -> None:
    turns = (Turn("client", 0.9, 2.7, text, tuple(TIMES[: len(text.split())])),)
    room.conversations._event(messages.Finished(id=call, turns=turns, analysis=Analysis(turns=turns), summary=""))


async def test_the_line_is_right_at_once_and_the_edit_is_kept(room: Room, ringing: Ringing) -> None:
    call = await running(room, ringing)
    await room.conversations.correct(ACTOR, wish(call))
    assert [one.text for one in room.conversations.state(call).value.segments] == ["fifteen in bunds"]
    (row,) = room.rows(call, "live")
    assert row.text == "fifteen in bunds"
    assert row.words == [[1.0, 1.4, 1.0], [1.5, 1.7, 1.0], [1.8, 2.6, 0.5]]
    with room.records.read() as session:
        edit = session.scalars(select(TranscriptEdit)).one()
        assert (edit.who, edit.at, edit.heard, edit.means) == ("client", 1.8, "buns", "bunds")
        assert session.scalars(select(LexiconEntry)).all() == []
    assert {entry.actor for entry in room.records.entries("transcript_edit", edit.id)} == {ACTOR}
    assert verify(room.records).problems == []


@pytest.mark.parametrize("again", ["fifteen in buns", "fifteen in buttons", "Fifteen in Bunds"])
async def test_the_hang_up_pass_does_not_take_it_back(room: Room, ringing: Ringing, again: str) -> None:
    call = await running(room, ringing)
    await room.conversations.correct(ACTOR, wish(call))
    hang_up(room, call, again)
    assert await room.conversations._keeping.drained(30)
    (row,) = room.rows(call, "final")
    assert row.text.lower() == "fifteen in bunds"
    assert [one.text for one in room.conversations.state(call).value.segments] == [row.text]
    assert [one.text for one in room.rows(call, "live")] == ["fifteen in bunds"]


async def test_what_comes_later_in_the_call_leaves_it_as_it_is(room: Room, ringing: Ringing) -> None:
    call = await running(room, ringing)
    await room.conversations.correct(ACTOR, wish(call))
    heard = messages.Segment(id=call, seq=1, who="trader", start=3.0, end=4.0, text="sure")
    room.conversations._event(heard)
    turns = (Turn("client", 1.0, 2.6, "fifteen in buns"), Turn("trader", 3.0, 4.0, "sure"))
    room.conversations._event(messages.Facts(id=call, analysis=Analysis(turns=turns), summary=""))
    assert [one.text for one in room.conversations.state(call).value.segments] == ["fifteen in bunds", "sure"]


async def test_always_teaches_the_lexicon_and_the_next_call_is_repaired(room: Room, ringing: Ringing) -> None:
    call = await running(room, ringing)
    await room.conversations.correct(ACTOR, wish(call, "Bundesbank", always=True))
    with room.records.read() as session:
        known = reference.build(session, room.organization_id)
    assert known.lexicon.entries == (("buns", "Bundesbank"),)
    later = Dialogue(room.header("next"), (Turn("client", 0.0, 1.0, "Five in Buns then"),))
    assert [turn.text for turn in repaired(later, known)] == ["Five in Bundesbank then"]


async def test_it_is_taken_back_whole(room: Room, ringing: Ringing) -> None:
    call = await running(room, ringing)
    done = await room.conversations.correct(ACTOR, wish(call, always=True))
    await room.conversations.take_back(ACTOR, done)
    assert [one.text for one in room.conversations.state(call).value.segments] == ["fifteen in buns"]
    assert [row.text for row in room.rows(call, "live")] == ["fifteen in buns"]
    with room.records.read() as session:
        assert session.scalars(select(TranscriptEdit)).all() == []
        assert session.scalars(select(LexiconEntry)).all() == []
    assert verify(room.records).problems == []


async def test_what_the_lexicon_knew_before_comes_back(room: Room, ringing: Ringing) -> None:
    call = await running(room, ringing)
    await room.conversations.correct(ACTOR, wish(call, "bonds", always=True))
    (row,) = room.rows(call, "live")
    again = Correction(call, "live", 0, row.text, 11, 16, "bunds", always=True)
    done = await room.conversations.correct(ACTOR, again)
    assert done.entry is not None
    with room.records.change("test") as change:
        change.add(LexiconEntry(heard="gilds", means="gilts"))
    first = Correction(call, "live", 0, "fifteen in bunds", 0, 7, "gilts", always=False)
    await room.conversations.correct(ACTOR, first)
    with room.records.read() as session:
        found = {row.heard: row.means for row in session.scalars(select(LexiconEntry))}
    assert found == {"buns": "bonds", "bonds": "bunds", "gilds": "gilts"}


async def test_a_call_of_an_earlier_run_keeps_its_edits_when_it_is_transcribed(room: Room, ringing: Ringing) -> None:
    call = room.interaction(status="ended")
    with room.records.change("test") as change:
        change.update(Interaction, call, recording=f"{call}.rec")
        change.add(TranscriptEdit(interaction_id=call, who="client", at=1.8, heard="buns", means="bunds"))
    with room.recordings.writer(call, 8000, 2) as writer:
        writer.append(bytes(8000 * 4))
    with room.records.read() as session:
        (pending,) = resumption.pending(session, ())
    passing = asyncio.create_task(room.conversations._resumption.transcribe(pending, 8000, 1.0))
    while call not in room.conversations._resumption._waiting:
        await asyncio.sleep(0)
    hang_up(room, call, "fifteen in buns")
    await passing
    assert await room.conversations._keeping.drained(30)
    assert [row.text for row in room.rows(call, "final")] == ["fifteen in bunds"]


async def test_what_cannot_be_corrected_is_refused_whole(room: Room, ringing: Ringing) -> None:
    call = await running(room, ringing)
    with pytest.raises(Refused, match="Type what was said"):
        await room.conversations.correct(ACTOR, wish(call, "  "))
    with pytest.raises(RecordMissing, match="not stored yet"):
        await room.conversations.correct(ACTOR, wish(call, pass_="final"))
    with room.records.read() as session:
        assert session.scalars(select(TranscriptEdit)).all() == []
        assert [row.text for row in session.scalars(select(TranscriptSegment))] == ["fifteen in buns"]
