"""Words of a call that is over are put right: what was understood is read anew from them."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from app.conversation.correcting import Correction
from app.conversation.state import ConversationState
from app.records.tables import Interaction, LexiconEntry, TranscriptSegment
from nlp.language.model import Analysis, Deal, Lexicon, Turn
from nlp.speech import messages
from nlp.speech.talk import Talk

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conversation.conftest import Ringing, Room

ACTOR = "user:hannah"
HEARD = "fifteen in buns"


async def until(condition: Callable[[], object], seconds: float = 30.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)


def wish(call: str, means: str = "bunds", first: int = 11, text: str = HEARD) -> Correction:
    return Correction(call, "final", 0, text, first, len(text), means)


def past(room: Room) -> str:
    """A call of an earlier run with its final transcript, and a lexicon that has learned since."""
    call = room.interaction(status="ended")
    with room.records.change("test") as change:
        change.add(
            TranscriptSegment(interaction_id=call, seq=0, pass_="final", who="client", start=1.0, end=2.6, text=HEARD)
        )
        change.add(LexiconEntry(heard="fifteen", means="fifty"))
    return call


async def ended(room: Room, ringing: Ringing) -> str:
    """A call of this run, transcribed to its end."""
    call = room.interaction()
    await room.conversations.open_call(call, ringing.url, room.header(call), organization_id=room.organization_id)
    hang_up(room, call)
    assert await room.conversations._keeping.drained(30)
    return call


def hang_up(room: Room, call: str) -> None:
    turns = (Turn("client", 1.0, 2.6, HEARD),)
    room.worker._talks.pop(call)
    room.conversations._event(messages.Finished(id=call, turns=turns, analysis=Analysis(turns=turns), summary="before"))


def asked(room: Room, call: str) -> Callable[[], Talk | None]:
    """What the speech process is asked to read of a call."""
    return lambda: room.worker._talks.get(call)


def answer(room: Room, call: str, summary: str) -> None:
    talk = room.worker._talks.pop(call)
    deal = Deal(
        client_side="buy", product="bond", instrument="FGBL", quantity=Decimal(15_000_000), price=Decimal("131.2")
    )
    analysis = Analysis(turns=tuple(talk.turns), deals=(deal,))
    room.conversations._event(messages.Finished(id=call, turns=tuple(talk.turns), analysis=analysis, summary=summary))


def listen(room: Room) -> list[ConversationState]:
    told: list[ConversationState] = []
    room.conversations.anew.on_read(told.append)
    return told


async def test_a_call_of_this_run_is_read_from_its_corrected_words(room: Room, ringing: Ringing) -> None:
    call, told = await ended(room, ringing), listen(room)
    await room.conversations.correct(ACTOR, wish(call))
    await until(asked(room, call))
    talk = room.worker._talks[call]
    assert [turn.text for turn in talk.turns] == ["fifteen in bunds"]
    assert (talk.sound, talk.finishing) == (False, True)
    answer(room, call, "after")
    now = room.conversations.state(call).value
    assert told == [now]
    assert (now.summary, [one.text for one in now.segments]) == ("after", ["fifteen in bunds"])
    assert now.analysis is not None
    assert [deal.instrument for deal in now.analysis.deals] == ["FGBL"]
    assert [row.text for row in room.rows(call, "final")] == ["fifteen in bunds"], "stored once"


async def test_a_call_of_an_earlier_run_is_read_from_the_records(room: Room) -> None:
    call, told = past(room), listen(room)
    await room.conversations.correct(ACTOR, wish(call))
    await until(asked(room, call))
    talk = room.worker._talks[call]
    assert [turn.text for turn in talk.turns] == ["fifteen in bunds"]
    assert talk.header.client.organization == "Tolland Castings plc"
    assert talk.reference.instruments
    assert talk.reference.lexicon == Lexicon(), "what the desk learned since is for calls to come"
    answer(room, call, "after")
    assert [(now.interaction_id, now.phase, now.summary) for now in told] == [(call, "refined", "after")]


async def test_what_is_corrected_while_it_is_read_is_read_once_more(room: Room) -> None:
    call, told = past(room), listen(room)
    await room.conversations.correct(ACTOR, wish(call))
    await until(asked(room, call))
    await room.conversations.correct(ACTOR, wish(call, "gilts", text="fifteen in bunds"))
    await until(lambda: call in room.conversations.anew._again)
    answer(room, call, "of the first")
    await until(asked(room, call))
    assert told == []
    assert [turn.text for turn in room.worker._talks[call].turns] == ["fifteen in gilts"]
    answer(room, call, "of both")
    assert [now.summary for now in told] == ["of both"]


async def test_taking_a_correction_back_is_read_too(room: Room, ringing: Ringing) -> None:
    call = await ended(room, ringing)
    done = await room.conversations.correct(ACTOR, wish(call))
    await until(asked(room, call))
    answer(room, call, "after")
    await room.conversations.take_back(ACTOR, done)
    await until(asked(room, call))
    assert [turn.text for turn in room.worker._talks[call].turns] == [HEARD]


async def test_what_was_put_right_during_the_call_counts_in_its_facts(room: Room, ringing: Ringing) -> None:
    call = room.interaction()
    await room.conversations.open_call(call, ringing.url, room.header(call), organization_id=room.organization_id)
    room.conversations._event(messages.Segment(id=call, seq=0, who="client", start=1.0, end=2.6, text=HEARD))
    assert await room.conversations._keeping.drained(30)
    await room.conversations.correct(ACTOR, replace(wish(call), pass_="live"))
    hang_up(room, call)
    await until(asked(room, call))
    assert [turn.text for turn in room.worker._talks[call].turns] == ["fifteen in bunds"]


@pytest.mark.parametrize("status", ["live", "ended"])
async def test_a_call_without_its_final_transcript_is_left_to_the_careful_pass(room: Room, status: str) -> None:
    call = room.interaction(status=status)
    with room.records.change("test") as change:
        change.update(Interaction, call, recording=f"{call}.rec")
    await room.conversations.anew._read(call)
    assert call not in room.worker._talks


async def test_a_reading_that_fails_changes_nothing(room: Room, ringing: Ringing) -> None:
    call, told = await ended(room, ringing), listen(room)
    await room.conversations.correct(ACTOR, wish(call))
    await until(asked(room, call))
    room.worker._talks.pop(call)
    room.conversations._event(messages.Failed(id=call, reason="It stopped."))
    assert told == []
    assert room.conversations.state(call).value.summary == "before"
    await room.conversations.correct(ACTOR, wish(call, "gilts", text="fifteen in bunds"))
    await until(asked(room, call))
