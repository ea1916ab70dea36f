"""What was masked at hang-up is muted from then on: its stretches are kept with the call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from app.records.tables import RecordingSpan
from nlp.language.model import Analysis, Turn
from nlp.masking import masked
from nlp.speech import messages

if TYPE_CHECKING:
    from tests.conversation.conftest import Ringing, Room


async def test_masked_stretches_are_kept_with_the_call(room: Room, ringing: Ringing) -> None:
    call = room.interaction()
    await room.conversations.open_call(call, ringing.url, room.header(call), organization_id=room.organization_id)
    said = masked((Turn("client", 4.0, 9.0, "my card is 4532 0151 1283 0366"),))
    turns = said.turns
    room.conversations._event(
        messages.Finished(id=call, turns=turns, analysis=Analysis(turns=turns), summary="", masked=said.spans)
    )
    assert await room.conversations._keeping.drained(30)
    with room.records.read() as session:
        span = session.scalars(select(RecordingSpan).where(RecordingSpan.kind == "masked")).one()
        assert (span.interaction_id, span.start, span.end, span.reason) == (call, 4.0, 9.0, "card")
    (row,) = room.rows(call, "final")
    assert row.text == "my card is ••• ••• ••• •••"
