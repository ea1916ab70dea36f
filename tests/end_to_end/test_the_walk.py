"""A call and a chat, from the first ring or message to the saved report."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select

from app.records.audit import verify
from app.records.recordings import Recordings
from app.records.store import Records
from app.records.tables import CallReport, Deal, FollowUp, Interaction, TranscriptSegment
from app.shell.resolver import Chooser
from nlp.audio import load
from tests.end_to_end.desk import CALLER, DEMO, KEY, Desk

pytestmark = [pytest.mark.speech, pytest.mark.timeout(400)]


def newest(desk: Desk) -> Interaction:
    async def find() -> Interaction:
        statement = select(Interaction).order_by(Interaction.started_at.desc()).limit(1)
        return await desk.program.core.records.query(lambda session: session.scalars(statement).one())

    return desk.play(find())


def register(desk: Desk, number: int) -> None:
    """Presses Register until the conversation's deal of this number stands in the blotter, as a trader would: the
    ticket refuses when it changed as the button was pressed."""
    deals = desk.stage.app("deskline-deals")
    pressed = False

    def registered() -> bool:
        nonlocal pressed
        state = deals.state.value
        if not state.busy and (not pressed or state.refused):
            pressed = desk.program.ui.commands.run("deals.register")
        return sum(row.interaction_id is not None and row.source == "chat" for row in state.rows) >= number

    desk.until(registered, f"deal {number} in the blotter; the ticket says: {deals.state.value.refused}")


def test_a_call_walks_from_the_ring_to_a_saved_report(open_desk: Callable[..., Desk]) -> None:
    desk = open_desk(speed=6.0)
    app, until, play = desk.stage.app, desk.until, desk.play
    crm, lines, transcript = app("deskline-crm"), app("deskline-lines"), app("deskline-transcript")
    reports = app("deskline-reports").reports

    # It rings: every panel turns to the customer before anybody has answered.
    play(desk.stage.ring(CALLER, DEMO / "call.wav"))
    until(lambda: lines.state.value.waiting("ringing"), "the line to ring")
    until(lambda: crm.state.value.customer is not None, "the customer in CRM")
    assert crm.state.value.person.contact.name == "Gareth Pemberly"
    organization = crm.state.value.customer.organization.id
    until(lambda: app("deskline-pricing").state.value.organization_id == organization, "pricing to turn")
    until(lambda: app("deskline-deals").state.value.ticket.client is not None, "the ticket to turn")
    assert app("deskline-deals").state.value.ticket.client.organization_id == organization
    until(
        lambda: getattr(app("deskline-analytics").state.value.business, "organization_id", None) == organization,
        "analytics to turn",
    )

    # It is answered: recorded, transcribed live, on screen.
    play(lines.answer())
    until(lambda: newest(desk).status == "live", "the interaction")
    interaction_id = newest(desk).id
    # Before its words: a busy machine may understand the first of them only when the call is over.
    until(lambda: desk.program.window.top.recording.isVisible(), "REC in the top bar")
    # A window closed by mistake asks first: the rest of the call would not be recorded.
    assert not desk.program.window.close()
    chooser = next(widget for widget in desk.program.window.popups.widgets() if isinstance(widget, Chooser))
    chooser.decide(0)
    until(lambda: desk.program.core.conversations.state(interaction_id).value.segments, "the first words", 90)
    until(lambda: transcript.state.value.lines, "words in the transcript panel")

    # It ends: the popup is there at once; what the trader types survives the better pass.
    until(lambda: desk.program.core.conversations.state(interaction_id).value.phase != "live", "the end", 120)
    until(lambda: reports.state.value.current is not None, "the report")
    card = reports.state.value.current
    until(lambda: desk.program.panels["deskline-reports"].isVisible(), "the popup on screen")
    play(reports.edit(card.report_id, "notes", "Sends his regards to the desk."))
    play(reports.edit(card.report_id, "disposition", "Dealt"))
    until(
        lambda: desk.program.core.conversations.state(interaction_id).value.phase == "refined", "the better pass", 120
    )
    until(lambda: reports.state.value.current.phase == "refined", "the refined draft")
    draft = reports.state.value.current.draft
    assert draft.shown("notes") == "Sends his regards to the desk."
    assert draft.shown("disposition") == "Dealt"
    assert draft.shown("summary")
    assert draft.shown("line") == "L1"
    assert draft.shown("number") == CALLER
    assert draft.shown("direction") == "inbound"
    assert 0.3 < draft.shown("talk_share") < 0.7

    # Saved: report, interaction and follow-ups are records; the recording is whole; the log is intact.
    play(reports.save(card.report_id))
    until(lambda: reports.state.value.current is None, "the popup to close")
    records = desk.program.core.records

    async def saved() -> tuple[CallReport, Interaction, list[FollowUp], list[TranscriptSegment]]:
        return await records.query(
            lambda s: (
                s.scalars(select(CallReport).where(CallReport.interaction_id == interaction_id)).one(),
                s.get_one(Interaction, interaction_id),
                list(s.scalars(select(FollowUp).where(FollowUp.interaction_id == interaction_id))),
                list(s.scalars(select(TranscriptSegment).where(TranscriptSegment.interaction_id == interaction_id))),
            )
        )

    report, interaction, follow_ups, segments = play(saved())
    assert report.status == interaction.report_status == "saved"
    assert interaction.status == "ended"
    assert interaction.organization_id == organization
    assert interaction.disposition == "Dealt"
    assert any("confirm" in follow_up.what.lower() for follow_up in follow_ups)
    assert {segment.pass_ for segment in segments} == {"live", "final"}
    kept = Recordings.beside(records).seconds(f"{interaction_id}.rec")
    assert kept == pytest.approx(load(DEMO / "call.wav").seconds, abs=0.05)
    desk.close()


def test_a_chat_walks_from_the_first_message_to_a_saved_report(open_desk: Callable[..., Desk]) -> None:
    desk = open_desk(speed=40.0)
    app, until, play = desk.stage.app, desk.until, desk.play
    chat, crm, deals = app("deskline-chat"), app("deskline-crm"), app("deskline-deals")
    reports = app("deskline-reports").reports
    desk.program.window.focus_panel("deskline-chat")

    play(desk.stage.write(DEMO / "chat.yaml"))
    until(lambda: crm.state.value.customer is not None, "the customer in CRM")
    assert crm.state.value.person.contact.name == "Mikkel Brandt"
    until(lambda: chat.state.value.shown and chat.state.value.shown.offers, "an instrument to be offered")
    offer = chat.state.value.shown.offers[0]
    assert {action.intent for action in offer.actions} == {"ViewAnalysis", "ViewQuote", "ViewInstrument"}
    play(chat.show(offer, "ViewQuote"))
    until(lambda: app("deskline-pricing").state.value.focus == offer.instrument_id, "the quote in pricing")

    until(lambda: len(chat.state.value.shown.messages) == 20, "the whole chat")
    # What the client still asks for at the end stands beside them as a draft.
    until(lambda: sum(each.done for each in deals.state.value.heard) == 2, "both deals to be heard")
    play(chat.report())
    until(lambda: reports.state.value.current is not None, "the report")
    until(lambda: len(reports.state.value.current.unregistered) == 2, "the deals flagged as not registered")

    # Both are registered from what was heard; the report no longer flags them.
    for number in (1, 2):
        play(deals.accept_heard())
        until(lambda: deals.state.value.reading.complete, "a complete ticket")
        register(desk, number)
    until(lambda: not reports.state.value.current.unregistered, "the report to see the deals")
    play(reports.save(reports.state.value.current.report_id))
    until(lambda: reports.state.value.current is None, "the popup to close")

    async def booked() -> list[Deal]:
        return await desk.program.core.records.query(
            lambda s: list(
                s.scalars(
                    select(Deal)
                    .where(Deal.interaction_id.is_not(None), Deal.source == "chat")
                    .order_by(Deal.id.desc())
                    .limit(2)
                )
            )
        )

    assert {(deal.client_side, str(deal.quantity), str(deal.price)) for deal in play(booked())} == {
        ("sell", "3000000", "99.42"),
        ("buy", "4000000", "98.25"),
    }
    folder = desk.program.settings.desk_folder
    desk.close()
    with Records.open(folder, KEY) as records:
        result = verify(records)
    assert result.ok, result.problems
