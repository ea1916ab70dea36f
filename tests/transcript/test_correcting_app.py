"""The transcript app puts a past call right in the real records, and takes it back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from sqlalchemy import select

from app.conversation.service import Conversations
from app.records.recordings import Recordings
from app.records.store import Records
from app.records.tables import Interaction, LexiconEntry, TranscriptSegment
from app.services import CurrentUser, Notice, Services, utc_now
from nlp.speech.client import LanguageWorker
from plugins.transcript.app import TranscriptApp


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Records]:
    with Records.open(tmp_path / "desk", bytes(32)) as opened:
        with opened.change("test") as change:
            change.add(Interaction(id="past", kind="call", direction="inbound", status="ended", started_at=utc_now()))
            change.session.flush()
            change.add(
                TranscriptSegment(
                    interaction_id="past", seq=0, pass_="final", who="client", start=1.0, end=2.0, text="any buns?"
                )
            )
        yield opened


@pytest.fixture
async def desk(records: Records) -> AsyncIterator[SimpleNamespace]:
    notices: list[Notice] = []
    talks = Conversations(records, Recordings.beside(records), LanguageWorker(), notify=notices.append)
    user = CurrentUser("hannah", "Hannah Osgood", "HO", "FX")
    yield SimpleNamespace(records=records, conversations=talks, user=user, notify=notices.append, notices=notices)
    await talks.close()


async def test_a_past_call_is_put_right_and_taken_back(desk: SimpleNamespace, records: Records) -> None:
    app = TranscriptApp(cast("Services", desk))
    assert await app.open("past")
    await app.correct(0, 4, 8, "bunds", always=True)
    assert [line.text for line in app.state.value.lines] == ["any bunds?"]
    assert [entry.means for entry in await app.lexicon()] == ["bunds"]
    assert "Ctrl+Z" in desk.notices[-1].text
    await app.undo_correction()
    assert [line.text for line in app.state.value.lines] == ["any buns?"]
    assert not app.can_undo
    with records.read() as session:
        assert session.scalars(select(TranscriptSegment.text)).all() == ["any buns?"]
        assert session.scalars(select(LexiconEntry)).all() == []


async def test_the_last_correction_alone_is_taken_back(desk: SimpleNamespace) -> None:
    app = TranscriptApp(cast("Services", desk))
    assert await app.open("past")
    await app.correct(0, 4, 8, "bunds", always=False)
    await app.correct(0, 0, 3, "some", always=False)
    await app.undo_correction()
    assert [line.text for line in app.state.value.lines] == ["any bunds?"]
    await app.undo_correction()  # one step back, no more
    assert [line.text for line in app.state.value.lines] == ["any bunds?"]


async def test_an_entry_is_forgotten_and_put_back(desk: SimpleNamespace) -> None:
    app = TranscriptApp(cast("Services", desk))
    await app.learn("Gilds", "gilts")
    (entry,) = await app.lexicon()
    assert (entry.heard, entry.means) == ("gilds", "gilts")
    await app.unlearn(entry.id)
    assert await app.lexicon() == ()
