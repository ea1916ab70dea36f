"""What must not be read or heard again is masked in text, log and search, and muted in sound."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from sqlalchemy import select

from app.records.audit import verify
from app.records.log import change_log
from app.records.search import search_spoken
from app.records.tables import RecordingSpan, TranscriptSegment
from nlp.language.model import Analysis, Timed, Turn
from nlp.masking import MASK, masked
from nlp.speech import messages

if TYPE_CHECKING:
    from tests.conversation.conftest import Ringing, Room

SAID = "my password is swordfish tango."
WORDS = tuple(Timed(1.0 + n, 1.8 + n) for n in range(5))


async def call_with_a_password(room: Room, ringing: Ringing) -> str:
    """The live pass heard it before anything knew that it had to be masked."""
    call = room.interaction()
    await room.conversations.open_call(call, ringing.url, room.header(call))
    ringing.speak(8.0)
    async with asyncio.timeout(30):
        while ringing.audio.acknowledged < 8 * 8000:
            await asyncio.sleep(0.005)
    room.conversations._event(
        messages.Segment(id=call, seq=0, who="client", start=1.0, end=5.8, text=SAID, words=WORDS)
    )
    assert await room.conversations._keeping.drained(30)
    ringing.audio.end()
    await room.conversations.end(call)
    hidden = masked((Turn("client", 1.0, 5.8, SAID, WORDS),))
    assert hidden.spans
    room.conversations._event(
        messages.Finished(
            id=call, turns=hidden.turns, analysis=Analysis(turns=hidden.turns), summary="", masked=hidden.spans
        )
    )
    async with asyncio.timeout(30):
        while room.conversations._results._masking:
            await asyncio.sleep(0.005)
    assert await room.conversations._keeping.drained(30)
    return call


async def test_neither_pass_nor_log_nor_search_has_it(room: Room, ringing: Ringing) -> None:
    await call_with_a_password(room, ringing)
    with room.records.read() as session:
        texts = session.scalars(select(TranscriptSegment.text)).all()
        assert len(texts) == 2
        assert all(MASK in text and "swordfish" not in text for text in texts)
        assert search_spoken(session, "swordfish") == []
        logged = session.connection().execute(select(change_log.c.before, change_log.c.after)).all()
        assert not any("swordfish" in (text or "") for row in logged for text in row)
    assert verify(room.records).problems == []


async def test_it_is_muted_when_the_call_is_heard_again(room: Room, ringing: Ringing) -> None:
    call = await call_with_a_password(room, ringing)
    with room.records.read() as session:
        spans = session.scalars(select(RecordingSpan).where(RecordingSpan.kind == "masked")).all()
    assert {span.reason for span in spans} == {"password"}
    start, end = min(span.start for span in spans), max(span.end or 0.0 for span in spans)
    assert 3.0 < start <= 4.0 <= 5.8 <= end
    run = await room.conversations.playback(call, start + 0.1)
    piece = await run.next()
    assert not any(piece[: int((end - start - 0.3) * 48_000) * 2])


async def test_a_call_without_secrets_is_left_as_it_is(room: Room, ringing: Ringing) -> None:
    call = room.interaction()
    await room.conversations.open_call(call, ringing.url, room.header(call))
    room.conversations._event(messages.Segment(id=call, seq=0, who="client", start=1.0, end=2.0, text="any bunds"))
    ringing.audio.end()
    await room.conversations.end(call)
    turns = (Turn("client", 1.0, 2.0, "any bunds"),)
    room.conversations._event(messages.Finished(id=call, turns=turns, analysis=Analysis(turns=turns), summary=""))
    async with asyncio.timeout(30):
        while room.conversations._results._masking:
            await asyncio.sleep(0.005)
    assert await room.conversations._keeping.drained(30)
    with room.records.read() as session:
        assert session.scalars(select(RecordingSpan)).all() == []
        assert set(session.scalars(select(TranscriptSegment.text))) == {"any bunds"}
