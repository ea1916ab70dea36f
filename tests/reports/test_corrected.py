"""Words of an ended call are put right: its draft follows where the trader did not lead, a saved report says so."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from app.records.tables import CallReport, TranscriptEdit
from tests.reports.conftest import NOW, until

if TYPE_CHECKING:
    from app.records.store import Records
    from tests.reports.conftest import RunningDesk
    from tests.reports.screen import Screen


def read_anew(running: RunningDesk, summary: str = "Dealt after all.") -> None:
    """The words were corrected, and now a deal is understood."""
    now = running.conversations.state(running.interaction_id).value
    running.conversations.anew.read(replace(now, analysis=running.dealt, summary=summary))


async def refined(running: RunningDesk) -> None:
    await running.ended_call()
    running.say(phase="refined")
    await until(lambda: running.card.phase == "refined")


def corrected(records: Records, interaction_id: str, at: dt.datetime) -> None:
    made = str(uuid.UUID(int=(int(at.timestamp() * 1000) << 80) | (7 << 76) | (2 << 62)))
    with records.change("test") as change:
        change.add(TranscriptEdit(id=made, interaction_id=interaction_id, who="client", at=1.0, heard="a", means="b"))


def stored(records: Records) -> CallReport:
    with records.read() as session:
        return session.scalars(select(CallReport)).one()


async def test_a_draft_follows_the_corrected_words_and_keeps_what_was_edited(
    running: RunningDesk, records: Records
) -> None:
    await refined(running)
    await running.app.reports.edit(running.card.report_id, "notes", "Mine.")
    await running.app.reports.edit(running.card.report_id, "disposition", "Enquiry")
    read_anew(running)
    await until(lambda: running.card.draft.shown("summary") == "Dealt after all.")
    draft = running.card.draft
    assert (draft.shown("notes"), draft.shown("disposition")) == ("Mine.", "Enquiry")
    offer = draft.offer("disposition")
    assert offer is not None
    assert offer.value == "Dealt"
    assert [heard.status for heard in running.card.heard] == ["missing"]
    assert await running.app.reports.flush(running.card.report_id)
    assert stored(records).suggestions["summary"]["value"] == "Dealt after all."


async def test_the_desk_hears_the_new_facts(running: RunningDesk) -> None:
    await refined(running)
    before = len(running.heard)
    read_anew(running)
    await until(lambda: any(each.type == "deskline.conversation.facts" for each in running.heard[before:]))
    facts = next(each for each in running.heard[before:] if each.type == "deskline.conversation.facts")
    assert facts.id["deskline"] == running.interaction_id
    assert [deal["instrument_id"] for deal in facts["report"]["deals"]] == ["vod33"]


async def test_a_saved_report_stays_and_says_that_the_words_were_corrected(
    running: RunningDesk, records: Records
) -> None:
    await refined(running)
    reports, talk = running.app.reports, running.card.talk.interaction_id
    assert await reports.save(running.card.report_id)
    before = stored(records)
    corrected(records, talk, NOW + dt.timedelta(minutes=5))
    read_anew(running)
    assert await reports.show(talk)
    assert running.card.read_only
    assert running.card.corrected
    assert stored(records).fields == before.fields
    # Edited, it is offered what was understood; saved once more, it is up to date.
    await reports.unlock(running.card.report_id)
    assert running.conversations.anew.wanted == [talk]
    read_anew(running)
    await until(lambda: running.card.draft.offer("summary") is not None)
    assert running.card.draft.shown("summary") == before.fields["summary"]


async def test_a_report_saved_after_the_correction_says_nothing(running: RunningDesk, records: Records) -> None:
    await refined(running)
    reports, talk = running.app.reports, running.card.talk.interaction_id
    corrected(records, talk, NOW - dt.timedelta(minutes=5))
    assert await reports.save(running.card.report_id)
    assert await reports.show(talk)
    assert running.card.read_only
    assert not running.card.corrected


async def test_a_call_without_a_report_gets_none_by_a_correction(running: RunningDesk, records: Records) -> None:
    await running.app.reports.hear_anew("nobody's", {"summary": "x"}, client_spoke=True)
    with records.read() as session:
        assert session.scalars(select(CallReport)).all() == []
    assert running.app.reports.of("nobody's") is None


def test_the_popup_says_it_beside_edit(screen: Screen) -> None:
    screen.end_call()
    report_id, talk = screen.card.report_id, screen.card.talk.interaction_id
    assert screen.io(screen.reports.save(report_id))
    screen.until(lambda: screen.reports.state.value.current is None)
    screen.io(screen.reports.show(talk))
    screen.until(screen.popup.isVisible)
    shown: Any = screen.reports.of(talk)
    screen.loop.loop.call_soon_threadsafe(shown.set_corrected)
    screen.until(lambda: "corrected since" in screen.popup._hint.text())
    assert screen.popup._hint.property("k") == "warn"
