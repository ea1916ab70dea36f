"""What is not to be kept of a call is not in its recording, its words, its facts, the log or the search."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pytest
from sqlalchemy import select

from app.conversation.permission import Policies
from app.conversation.service import Conversations
from app.records.audit import verify
from app.records.errors import Refused
from app.records.log import change_log
from app.records.search import search_spoken
from app.records.tables import Consent, Contact, RecordingSpan, TranscriptEdit, TranscriptSegment
from app.services import State
from nlp.audio import load
from nlp.language.model import Analysis, FollowUp, Timed, Turn
from nlp.speech import messages

if TYPE_CHECKING:
    from pathlib import Path

    from app.conversation.state import ConversationState
    from tests.conversation.conftest import Ringing, Room, Until

ACTOR = "user:hannah"


def sound(path: Path, first: float, last: float) -> bytes:
    call = load(path)
    both = np.stack([call.trader, call.client], axis=1).astype("<i2")
    return both[int(first * call.rate) : int(last * call.rate)].tobytes()


async def come(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not true():
            await asyncio.sleep(0.005)


class Call:
    """A call on line L1 with the only contact there is, under a policy."""

    def __init__(self, room: Room, ringing: Ringing, policy: str) -> None:
        self.room, self.ringing = room, ringing
        room.conversations.privacy._policies = Policies.read("always", [f"L1={policy}"])
        self.id = room.interaction()
        with room.records.read() as session:
            self.contact: str = session.scalars(select(Contact.id)).one()
        self.state: State[ConversationState]

    @property
    def privacy(self) -> object:
        return self.room.conversations.privacy

    @property
    def talks(self) -> Conversations:
        return self.room.conversations

    async def begin(self, contact: str | None = None) -> Call:
        header = self.room.header(self.id)
        self.state = await self.talks.open_call(self.id, self.ringing.url, header, contact_id=contact, line="L1")
        return self

    async def speak(self, seconds: float) -> None:
        self.ringing.speak(seconds)
        samples = len(self.ringing.pcm) // 4
        await come(lambda: self.ringing.audio.acknowledged == samples)

    async def hang_up(self) -> None:
        self.ringing.audio.end()
        await self.talks.end(self.id)
        assert await self.talks._keeping.drained(30)

    def spans(self) -> list[tuple[str, float, float | None]]:
        with self.room.records.read() as session:
            rows = session.scalars(select(RecordingSpan).order_by(RecordingSpan.id))
            return [(row.kind, row.start, row.end) for row in rows]

    def sound(self) -> bytes:
        return self.room.recordings.read(f"{self.id}.rec").pcm


async def test_where_it_is_always_allowed_all_is_kept(room: Room, ringing: Ringing) -> None:
    call = await Call(room, ringing, "always").begin()
    await call.speak(1.0)
    assert call.state.value.keeping == "recording"
    await call.hang_up()
    assert call.sound() == ringing.pcm
    assert room.stored(call.id).recording == f"{call.id}.rec"
    assert call.spans() == []


async def test_a_line_that_is_never_recorded_leaves_nothing_and_the_turret_lets_go(
    room: Room, ringing: Ringing
) -> None:
    call = await Call(room, ringing, "never").begin()
    await call.speak(2.0)
    assert call.state.value.keeping == "not allowed"
    assert not call.state.value.kept
    await call.hang_up()
    assert not (room.recordings.folder / f"{call.id}.rec").exists()
    assert room.stored(call.id).recording is None
    assert call.spans() == [("refused", 0.0, 2.0)]
    assert ringing.audio.done


async def test_recording_begins_when_the_client_agrees_and_times_stay_right(room: Room, ringing: Ringing) -> None:
    call = await Call(room, ringing, "consent").begin()
    await call.speak(2.0)
    assert call.state.value.keeping == "waiting for consent"
    assert not (room.recordings.folder / f"{call.id}.rec").exists()
    await room.conversations.privacy.identified(call.id, call.contact)
    await room.conversations.privacy.consent(ACTOR, call.id, granted=True)
    assert call.state.value.keeping == "recording"
    await call.speak(1.0)
    await call.hang_up()
    assert call.sound() == bytes(2 * 8000 * 4) + ringing.pcm[2 * 8000 * 4 :]
    assert room.stored(call.id).recording == f"{call.id}.rec"
    assert call.spans() == [("refused", 0.0, 2.0)]
    with room.records.read() as session:
        consent = session.scalars(select(Consent)).one()
        assert (consent.contact_id, consent.channel, consent.granted) == (call.contact, "call_recording", True)
        assert consent.interaction_id == call.id


@pytest.mark.parametrize(("granted", "standing"), [(True, "recording"), (False, "not allowed")])
async def test_what_the_client_said_in_an_earlier_call_counts(
    room: Room, ringing: Ringing, granted: bool, standing: str
) -> None:
    call = Call(room, ringing, "consent")
    at = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    with room.records.change("test") as change:
        change.add(Consent(contact_id=call.contact, channel="call_recording", granted=not granted, at=at))
        change.add(Consent(contact_id=call.contact, channel="call_recording", granted=granted, at=at + dt.timedelta(1)))
        change.add(Consent(contact_id=call.contact, channel="phone", granted=not granted, at=at + dt.timedelta(2)))
    await call.begin(call.contact)
    assert call.state.value.keeping == standing


async def test_while_it_is_paused_nothing_is_kept(room: Room, ringing: Ringing) -> None:
    call = await Call(room, ringing, "always").begin()
    await call.speak(1.0)
    await room.conversations.privacy.pause(ACTOR, call.id)
    await call.speak(1.5)
    assert call.state.value.keeping == "paused"
    await room.conversations.privacy.pause(ACTOR, call.id, paused=False)
    await call.speak(1.0)
    await call.hang_up()
    first, last = 8000 * 4, 20_000 * 4
    assert call.sound() == ringing.pcm[:first] + bytes(last - first) + ringing.pcm[last:]
    assert call.spans() == [("paused", 1.0, 2.5)]
    with room.records.read() as session:
        span = session.scalars(select(RecordingSpan)).one()
    assert [entry.actor for entry in room.records.entries("recording_span", span.id)] == [ACTOR, ACTOR]


async def test_a_pause_that_is_never_ended_ends_with_the_call(room: Room, ringing: Ringing) -> None:
    call = await Call(room, ringing, "always").begin()
    await call.speak(1.0)
    await room.conversations.privacy.pause(ACTOR, call.id)
    await call.speak(1.0)
    await call.hang_up()
    assert call.spans() == [("paused", 1.0, 2.0)]


# -- forgetting


def heard(call: Call, seq: int, start: float, text: str) -> None:
    words = tuple(Timed(start + n / 10, start + n / 10 + 0.1) for n in range(len(text.split())))
    end = start + 1.0
    call.talks._event(messages.Segment(id=call.id, seq=seq, who="client", start=start, end=end, text=text, words=words))


def facts(call: Call, *turns: Turn) -> None:
    promise = FollowUp(owner="trader", what=turns[-1].text, evidence=(len(turns) - 1,))
    analysis = Analysis(turns=turns, follow_ups=(promise,))
    call.talks._event(messages.Facts(id=call.id, analysis=analysis, summary=turns[-1].text))


async def spoken(room: Room, ringing: Ringing) -> Call:
    """Five seconds, in which something harmless and then a password was said."""
    call = await Call(room, ringing, "always").begin()
    await call.speak(5.0)
    heard(call, 0, 0.5, "good morning")
    heard(call, 1, 3.0, "my password is swordfish")
    facts(call, Turn("client", 0.5, 1.5, "good morning"), Turn("client", 3.0, 4.0, "my password is swordfish"))
    assert await call.talks._keeping.drained(30)
    return call


async def test_what_is_forgotten_is_gone_from_sound_words_facts_log_and_search(room: Room, ringing: Ringing) -> None:
    call = await spoken(room, ringing)
    with room.records.change(ACTOR) as change:
        change.add(TranscriptEdit(interaction_id=call.id, who="client", at=3.3, heard="swordfish", means="Swordfish"))
    assert await room.conversations.privacy.forget_last(ACTOR, call.id, 2.5) == pytest.approx(2.5)
    first = 20_000 * 4
    assert call.sound() == ringing.pcm[:first] + bytes(20_000 * 4)
    now = call.state.value
    assert [one.text for one in now.segments] == ["good morning"]
    assert now.analysis is not None
    assert now.analysis.follow_ups == ()
    assert now.summary == ""
    with room.records.read() as session:
        assert sorted(session.scalars(select(TranscriptSegment.text))) == ["", "good morning"]
        assert search_spoken(session, "swordfish") == []
        logged = session.connection().execute(select(change_log.c.before, change_log.c.after)).all()
        assert not any("ordfish" in (text or "") for row in logged for text in row)
        assert any("good morning" in (text or "") for row in logged for text in row)
    assert verify(room.records).problems == []


async def test_the_audit_says_who_had_what_forgotten(room: Room, ringing: Ringing) -> None:
    call = await spoken(room, ringing)
    await room.conversations.privacy.forget_last(ACTOR, call.id, 2.5)
    with room.records.read() as session:
        span = session.scalars(select(RecordingSpan)).one()
    assert (span.kind, span.start, span.end) == ("forgotten", 2.5, 5.0)
    (entry,) = room.records.entries("recording_span", span.id)
    assert (entry.actor, entry.cause.kind) == (ACTOR, "erase")


async def test_nothing_on_its_way_brings_it_back(room: Room, ringing: Ringing) -> None:
    call = await spoken(room, ringing)
    await room.conversations.privacy.forget_last(ACTOR, call.id, 2.5)
    before = call.state.value
    heard(call, 2, 3.1, "swordfish")
    facts(call, Turn("client", 0.5, 1.5, "good morning"), Turn("client", 3.0, 4.0, "swordfish"))
    call.talks._event(messages.Partial(id=call.id, who="client", start=4.0, text="swordfish"))
    assert call.state.value == before
    heard(call, 3, 5.2, "shall we deal")
    assert [one.text for one in call.state.value.segments] == ["good morning", "shall we deal"]
    assert await call.talks._keeping.drained(30)
    with room.records.read() as session:
        assert search_spoken(session, "swordfish") == []


async def test_the_recording_goes_on_after_it(room: Room, ringing: Ringing) -> None:
    call = await spoken(room, ringing)
    await room.conversations.privacy.forget_last(ACTOR, call.id, 2.5)
    await call.speak(1.0)
    await call.hang_up()
    assert call.sound() == ringing.pcm[: 20_000 * 4] + bytes(20_000 * 4) + ringing.pcm[40_000 * 4 :]
    assert room.recordings.complete(f"{call.id}.rec")


async def test_a_short_call_is_forgotten_whole(room: Room, ringing: Ringing) -> None:
    call = await spoken(room, ringing)
    assert await room.conversations.privacy.forget_last(ACTOR, call.id) == 5.0
    assert not any(call.sound())
    assert call.state.value.segments == ()


async def test_the_speech_process_is_told_to_forget_too(room: Room, ringing: Ringing) -> None:
    call = await spoken(room, ringing)
    await room.conversations.privacy.forget_last(ACTOR, call.id, 2.5)
    talk = room.worker._talks[call.id]
    assert not talk.recent
    assert set(talk.heard.values()) == {5.0}


async def test_where_no_call_runs_the_wish_is_refused(room: Room, ringing: Ringing) -> None:
    call = await spoken(room, ringing)
    await call.hang_up()
    for wish in (
        room.conversations.privacy.forget_last(ACTOR, call.id),
        room.conversations.privacy.pause(ACTOR, call.id),
        room.conversations.privacy.consent(ACTOR, "nowhere", granted=True),
    ):
        with pytest.raises(Refused, match="No call"):
            await wish


@pytest.mark.speech
async def test_the_real_speech_process_writes_nothing_down_that_was_forgotten(
    room: Room, ringing: Ringing, demo_call: Path, until: Until
) -> None:
    await room.conversations.start()
    call = await Call(room, ringing, "always").begin()
    ringing.audio.append(sound(demo_call, 0, 11))
    await until(call.state, lambda now: len(now.segments) >= 2 and now.analysis is not None)
    await come(lambda: call.state.value.recorded_seconds >= 11)
    await room.conversations.privacy.forget_last(ACTOR, call.id)
    assert call.state.value.segments == ()
    ringing.audio.append(sound(demo_call, 11, 20))
    ringing.audio.end()
    await room.conversations.end(call.id)
    now = await until(call.state, lambda now: now.phase == "refined")
    assert now.segments
    assert all(one.end > 11 for one in now.segments)
    assert await room.conversations._keeping.drained(30)
    with room.records.read() as session:
        rows = session.scalars(select(TranscriptSegment)).all()
        assert all(row.end > 11 for row in rows if row.text)
    assert not any(call.sound()[: 11 * 8000 * 4])
    assert verify(room.records).problems == []
