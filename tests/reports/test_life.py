"""The life of an interaction: from the intent over its events to the saved report, with real records and agent."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from app.records.errors import DiskFull
from app.records.store import Records
from app.records.tables import CallReport, Consent, Deal, FollowUp, Interaction, TranscriptSegment
from app.services import Notice, Services
from fdc3.types import Contact as ContactContext
from fdc3.types import Context
from plugins.reports.saving import DELAY
from plugins.reports.work import Reports

# The vocabulary lives beside the fixtures; importlib mode has no packages to import it from.
NUMBER = "+442079460143"


def rows(records: Records, model: type[Any]) -> list[Any]:
    with records.read() as session:
        return list(session.scalars(select(model)))


async def until(condition: Callable[[], Any], seconds: float = 5.0) -> None:
    deadline = asyncio.get_running_loop().time() + seconds
    while not condition():
        assert asyncio.get_running_loop().time() < deadline, "the condition did not come true"
        await asyncio.sleep(0.005)


async def test_a_call_opens_a_live_interaction_of_the_caller(running: Any, records: Records) -> None:
    await running.call()
    (talk,) = rows(records, Interaction)
    assert (talk.kind, talk.status, talk.line, talk.number) == ("call", "live", "L1", NUMBER)
    assert (talk.organization_id, talk.contact_id, talk.trader_id) == ("ngam", "sarah", "user-mk")
    url, header = running.conversations.opened[0]
    assert url == "ws://x"
    assert header.client.contact == "Sarah Whitfield"
    assert header.id == talk.id


async def test_the_caller_learns_under_which_id_its_talk_is_kept(running: Any) -> None:
    channel = await running.call()
    heard: list[Context] = []
    await channel.add_context_listener("deskline.call.accepted", lambda context, _: heard.append(context))
    await until(lambda: heard)
    assert heard[0].id["deskline"] == running.interaction_id


async def test_words_and_facts_reach_the_desks_channel_in_order(running: Any) -> None:
    await running.call()
    running.say()
    await until(lambda: any(context.type == "deskline.conversation.facts" for context in running.heard))
    segments = [context for context in running.heard if context.type == "deskline.transcript.segment"]
    assert [each["name"] for each in segments] == ["Sarah", "You", "Sarah", "You"]
    facts = next(context for context in running.heard if context.type == "deskline.conversation.facts")
    assert facts["report"]["quotes_not_dealt"][0]["instrument_id"] == "vod33"
    assert facts["report"]["quotes_not_dealt"][0]["quantity"] == 10000000
    assert facts["mentions"][0] == {
        "turn": 0,
        "start": 58,
        "end": 70,
        "kind": "instrument",
        "text": "Vodafone 33s",
        "instrument": "XS2104567890",
        "instrument_id": "vod33",
        "product": "bond",
    }
    state = next(context for context in running.heard if context.type == "deskline.conversation.state")
    assert (state["customer"], state["phase"], state["line"]) == ("Northgate Asset Management", "live", "L1")


async def test_the_end_of_a_call_brings_up_a_filled_report(running: Any, records: Records) -> None:
    card = await running.ended_call()
    shown = card.draft.shown
    assert shown("customer") == {"name": "Northgate Asset Management", "id": "ngam"}
    assert (shown("duration"), shown("line"), shown("direction")) == (252.0, "L1", "inbound")
    assert shown("talk_share") == 0.5
    assert shown("disposition") == "Interested – follow up"
    assert [each["name"] for each in shown("products")] == ["VOD 3⅜ 08/33", "ORAFP 3⅝ 31"]
    assert shown("follow_ups")[0]["what"] == "Check 15mm level with the trader"
    await until(lambda: card.talk.interaction_id in running.conversations.ended)
    (talk,) = rows(records, Interaction)
    assert (talk.status, talk.report_status, talk.talk_share) == ("ended", "draft", 0.5)


async def test_the_careful_pass_refines_what_was_not_edited(running: Any) -> None:
    card = await running.ended_call()
    await running.app.reports.edit(card.report_id, "summary", "Mine.")
    running.say(running.dealt, summary="Refined.", phase="refined", talk_share=0.6)
    await until(lambda: running.card.phase == "refined")
    assert running.card.draft.shown("summary") == "Mine."
    offer = running.card.draft.offer("summary")
    assert offer is not None
    assert offer.value == "Refined."
    assert running.card.draft.shown("disposition") == "Dealt"
    assert running.card.draft.shown("talk_share") == 0.6
    assert [each.status for each in running.card.heard] == ["missing"]


async def test_sound_that_arrives_after_the_line_broke_counts_in_the_duration(running: Any) -> None:
    card = await running.ended_call()
    assert card.draft.shown("duration") == 252.0
    running.say(running.dealt, phase="refined", recorded_seconds=271.8, talk_share=None)
    await until(lambda: running.card.phase == "refined")
    assert (running.card.draft.shown("duration"), running.card.draft.shown("talk_share")) == (271.8, 0.5)


async def test_every_edit_is_on_disk_soon_and_survives_without_a_save(running: Any, records: Records) -> None:
    card = await running.ended_call()
    for text in ("c", "ca", "call back"):
        await running.app.reports.edit(card.report_id, "notes", text)
    await until(lambda: any(row.fields.get("notes") == "call back" for row in rows(records, CallReport)), 20 * DELAY)
    (stored,) = rows(records, CallReport)
    assert stored.edited == ["notes"]
    assert stored.suggestions["disposition"]["value"] == "Interested – follow up"


async def test_a_save_is_one_transaction_with_follow_ups_and_accepted_consents(running: Any, records: Records) -> None:
    card = await running.ended_call()
    consents = [{**card.draft.shown("consents")[0], "accepted": True}]
    await running.app.reports.edit(card.report_id, "consents", consents)
    entries: list[Any] = []
    stop = records.on_commit(entries.extend)
    assert await running.app.reports.save(card.report_id)
    stop()
    (whole,) = {entry.transaction for entry in entries if entry.table in ("follow_up", "consent")}
    assert {entry.table for entry in entries if entry.transaction == whole} == {
        "call_report",
        "interaction",
        "follow_up",
        "consent",
    }
    (report,), (talk,) = rows(records, CallReport), rows(records, Interaction)
    assert (report.status, talk.report_status, talk.disposition) == ("saved", "saved", "Interested – follow up")
    assert talk.subject == "Interested – follow up · VOD 3⅜ 08/33, ORAFP 3⅝ 31"
    (task,) = rows(records, FollowUp)
    assert (task.what, task.owner, task.assignee_id) == ("Check 15mm level with the trader", "trader", "user-mk")
    assert task.due.date() == dt.date(2026, 11, 24)
    (consent,) = rows(records, Consent)
    assert (consent.contact_id, consent.channel, consent.granted) == ("sarah", "whatsapp", False)
    assert running.state.cards == ()


async def test_a_consent_that_was_not_ticked_is_not_recorded(running: Any, records: Records) -> None:
    card = await running.ended_call()
    assert await running.app.reports.save(card.report_id)
    assert rows(records, Consent) == []


async def test_two_calls_ending_together_queue_two_reports(running: Any) -> None:
    first, second = await running.call(), await running.call("+442079460199", "L2")
    await asyncio.gather(running.event(first, "ended"), running.event(second, "ended"))
    await until(lambda: len(running.state.cards) == 2)
    titles = {card.talk.title for card in running.state.cards}
    assert titles == {"Northgate Asset Management", "Tolland Castings"}
    front = running.card
    await running.app.reports.save(front.report_id)
    assert running.card.report_id != front.report_id


async def test_a_discarded_report_comes_back_whole(running: Any, records: Records) -> None:
    card = await running.ended_call()
    await running.app.reports.edit(card.report_id, "notes", "keep me")
    await running.app.reports.discard(card.report_id)
    assert running.state.cards == ()
    assert rows(records, CallReport)[0].status == "discarded"
    await running.app.reports.undo_discard()
    assert running.card.draft.shown("notes") == "keep me"
    assert rows(records, CallReport)[0].status == "draft"


async def test_a_lost_turret_leaves_an_interrupted_call_with_a_draft(
    running: Any, records: Records, notices: list[Notice]
) -> None:
    channel = await running.call()
    running.say()
    await running.event(channel, "lost")
    await until(lambda: running.state.cards)
    await until(lambda: rows(records, Interaction)[0].status == "interrupted")
    assert any("cut off" in notice.text for notice in notices)


async def test_a_caller_that_vanishes_counts_as_lost(running: Any, records: Records) -> None:
    await running.call()
    await running.caller.close()
    await until(lambda: running.state.cards)
    await until(lambda: rows(records, Interaction)[0].status == "interrupted")


async def test_an_unknown_caller_is_named_when_the_desk_finds_out(running: Any, records: Records) -> None:
    await running.call("+442079460555")
    assert rows(records, Interaction)[0].contact_id is None
    await running.caller.broadcast(ContactContext(id={"deskline": "hal", "phone": "+442079460555"}, name="Hal Tolland"))
    await until(lambda: rows(records, Interaction)[0].contact_id == "hal")
    assert running.conversations.known == ["tolland"]


async def test_a_registered_deal_answers_for_the_heard_one(running: Any, records: Records) -> None:
    await running.ended_call(running.dealt)
    assert [each.status for each in running.card.heard] == ["missing"]
    interaction = running.card.talk.interaction_id
    await records.write("user:user-mk", lambda change: change.add(deal(interaction)))
    await until(lambda: running.card.registered)
    assert [each.status for each in running.card.heard] == ["registered"]
    assert running.card.unregistered == ()


async def test_register_proposes_the_heard_deal_to_the_ticket(running: Any) -> None:
    card = await running.ended_call(running.dealt)
    await running.app.reports.register_deal(card.report_id, card.heard[0].terms.key)
    await until(lambda: any(context.type == "deskline.deal.proposal" for context in running.heard))
    proposal = next(context for context in running.heard if context.type == "deskline.deal.proposal")
    assert (proposal["instrument_id"], proposal["client_side"], proposal["price"]) == ("vod33", "buy", "98.49")
    assert proposal["organization_id"] == "ngam"


async def test_a_chat_is_reported_while_it_goes_on(running: Any, records: Records) -> None:
    channel = await running.chat()
    await channel.broadcast(
        Context(
            type="deskline.chat.message",
            who="client",
            text="can you show me 10mm VOD 33s",
            at=(dt.datetime(2026, 11, 24, 10, 38, 5, tzinfo=dt.UTC)).isoformat(),
        )
    )
    await until(lambda: running.conversations.messages)
    assert running.conversations.messages[0][1:] == ("client", 5.0, "can you show me 10mm VOD 33s")
    running.say(recorded_seconds=0.0)
    await running.event(channel, "report")
    await until(lambda: running.state.cards)
    assert running.card.talk.kind == "chat"
    assert await running.app.reports.save(running.card.report_id)
    assert rows(records, Interaction)[0].status == "live"
    await running.event(channel, "ended")
    await until(lambda: rows(records, Interaction)[0].status == "ended")
    assert running.state.cards == ()
    assert rows(records, CallReport)[0].status == "saved"


async def test_a_saved_report_opens_to_read_and_is_a_draft_again_when_edited(running: Any, records: Records) -> None:
    card = await running.ended_call()
    await running.app.reports.save(card.report_id)
    reports = running.app.reports
    assert await reports.show(card.talk.interaction_id)
    assert running.card.read_only
    await reports.edit(card.report_id, "notes", "ignored")
    assert running.card.draft.shown("notes") == ""
    await reports.unlock(card.report_id)
    tasks = running.card.draft.shown("follow_ups")
    await reports.edit(card.report_id, "follow_ups", [{**tasks[0], "what": "Call back instead"}])
    assert await reports.save(card.report_id)
    (task,) = rows(records, FollowUp)
    assert (task.what, task.status) == ("Call back instead", "open")
    await reports.show(card.talk.interaction_id)
    await reports.unlock(card.report_id)
    await reports.edit(card.report_id, "follow_ups", [])
    assert await reports.save(card.report_id)
    assert rows(records, FollowUp)[0].status == "cancelled"


async def test_a_failed_save_keeps_the_draft_and_says_why(
    running: Any, records: Records, notices: list[Notice], monkeypatch: Any
) -> None:
    card = await running.ended_call()

    async def full(*_: Any, **__: Any) -> None:
        raise DiskFull("The disk is full: the last change was not stored. Free some space and repeat it.")

    with monkeypatch.context() as patched:
        patched.setattr(records, "write", full)
        await running.app.reports.edit(card.report_id, "notes", "precious")
        assert not await running.app.reports.flush(card.report_id)
        assert running.card.saving.kind == "failed"
        assert "disk is full" in running.card.saving.why
        assert not await running.app.reports.save(card.report_id)
        assert running.card.draft.shown("notes") == "precious"
        assert any("not saved" in notice.text for notice in notices)
    assert await running.app.reports.flush(card.report_id)
    assert rows(records, CallReport)[0].fields["notes"] == "precious"


async def test_unfinished_drafts_of_an_earlier_run_are_offered(
    running: Any, records: Records, desk: Services, notices: list[Notice]
) -> None:
    card = await running.ended_call()
    await running.app.reports.edit(card.report_id, "notes", "half a sent")
    await running.app.reports.put_aside(card.report_id)

    async def nowhere(_channel: str, _message: dict[str, Any]) -> None: ...

    later = Reports(desk, dt.UTC, nowhere)
    await later.refresh_unfinished()
    assert [each.title for each in later.state.value.unfinished] == ["Northgate Asset Management"]
    assert await later.show_unfinished()
    current = later.state.value.current
    assert current is not None
    assert current.draft.shown("notes") == "half a sent"
    assert "disposition" in current.draft.pending
    assert later.state.value.unfinished == ()
    await later.close()


async def test_a_call_left_live_by_a_crash_is_closed_and_drafted(
    desk: Services, records: Records, running: Any, notices: list[Notice]
) -> None:
    await running.call()
    identity = running.interaction_id
    await records.write(
        "program",
        lambda change: change.add(
            TranscriptSegment(
                interaction_id=identity, seq=0, pass_="live", who="client", start=1.0, end=31.0, text="Hello"
            )
        ),
    )

    async def nowhere(_channel: str, _message: dict[str, Any]) -> None: ...

    later = Reports(desk, dt.UTC, nowhere)
    card_talk = running.app.reports.of(identity).talk
    await later.interrupted(card_talk, desk.clock())
    (talk,) = rows(records, Interaction)
    assert (talk.status, talk.report_status) == ("interrupted", "draft")
    assert (talk.ended_at - talk.started_at).total_seconds() == 31.0
    assert rows(records, CallReport)[0].fields["duration"] == 31.0
    await later.close()


async def test_looking_at_a_talk_makes_a_report_only_where_one_is_due(running: Any, records: Records) -> None:
    def add(change: Any) -> None:
        began = dt.datetime(2026, 11, 23, 9, tzinfo=dt.UTC)
        for key, status, report in (("due", "ended", "none"), ("missed", "missed", "none"), ("old", "ended", "saved")):
            change.add(
                Interaction(
                    id=key,
                    kind="call",
                    direction="inbound",
                    status=status,
                    started_at=began,
                    ended_at=began + dt.timedelta(seconds=90),
                    report_status=report,
                )
            )

    await records.write("user:user-mk", add)
    reports = running.app.reports
    assert not await reports.show("missed")
    assert not await reports.show("old")
    assert not await reports.show("nowhere")
    assert await reports.show("due")
    assert running.card.draft.shown("duration") == 90.0
    await reports.flush(running.card.report_id)
    assert [row.interaction_id for row in rows(records, CallReport)] == ["due"]


async def test_an_evidence_click_asks_the_transcript_to_show_the_turns(running: Any) -> None:
    card = await running.ended_call()
    await running.app.reports.show_words(card.report_id, card.draft.said("quotes"))
    await until(lambda: any(context.type == "deskline.transcript.show" for context in running.heard))
    shown = next(context for context in running.heard if context.type == "deskline.transcript.show")
    assert shown["turns"] == [0, 1]


def deal(interaction_id: str) -> Deal:
    return Deal(
        organization_id="ngam",
        contact_id="sarah",
        instrument_id="vod33",
        interaction_id=interaction_id,
        product="bond",
        client_side="buy",
        quantity=Decimal(10_000_000),
        quantity_ccy="EUR",
        price=Decimal("98.49"),
        price_type="price",
        traded_at=dt.datetime(2026, 11, 24, 10, 41, tzinfo=dt.UTC),
        source="voice",
    )
