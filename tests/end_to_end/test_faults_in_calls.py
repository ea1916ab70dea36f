"""What goes wrong in a call: the trader reads a clear sentence, nothing is lost, and the desk goes on."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select

from app.records.tables import CallReport, Contact, ContactPhone, Interaction
from plugins.crm.identity_view import IdentityPage
from tests.end_to_end.desk import CALLER, Desk
from tests.end_to_end.sentences import is_a_sentence
from tests.end_to_end.sound import RATE, cut, heard, pcm

pytestmark = [pytest.mark.speech, pytest.mark.timeout(240)]

STRANGER = "+442079460999"


def has(text: str, *words: str) -> bool:
    return any(word in text.lower() for word in words)


def test_an_unknown_caller_is_named_so_and_becomes_a_contact(shared_desk: Desk) -> None:
    desk = shared_desk
    crm = desk.app("deskline-crm")
    desk.play(desk.stage.turret("ring", number=STRANGER))  # says nothing, and stays until hung up
    desk.until(lambda: crm.state.value.phase == "unknown", "the unknown caller in CRM")
    page = desk.program.panels["deskline-crm"].findChild(IdentityPage)
    assert page is not None
    desk.until(lambda: page.state.text() == "Unknown caller", "the page for unknown callers")
    assert page.isVisible()
    assert page.form.isVisible()
    assert "Nobody is known by +44 20 7946 0999" in page.hint.text()
    assert page.phone.text() == "+44 20 7946 0999"

    interaction = desk.answer(STRANGER)
    assert desk.interaction(interaction).contact_id is None
    page.name.setText("Ines Marchetti")
    page.organization.setText("Varnholm Shipping")
    page.save.click()
    desk.until(lambda: crm.state.value.phase == "known", "the new contact in CRM")
    contact = desk.read(lambda s: s.scalars(select(Contact).where(Contact.name == "Ines Marchetti")).one())
    numbers = desk.read(
        lambda s: s.scalars(select(ContactPhone.e164).where(ContactPhone.contact_id == contact.id)).all()
    )
    assert list(numbers) == [STRANGER]
    desk.until(lambda: desk.interaction(interaction).contact_id == contact.id, "the call to know its caller")
    desk.play(desk.app("deskline-lines").hang_up())
    desk.refined(interaction)
    assert desk.card(interaction).draft.shown("contact") == {"name": "Ines Marchetti", "id": contact.id}
    assert desk.interaction(interaction).organization_id == contact.organization_id
    desk.save(interaction, "A new customer.")


def test_two_calls_at_once_are_kept_apart(shared_desk: Desk, tmp_path: Path) -> None:
    desk = shared_desk
    lines = desk.app("deskline-lines")
    small_talk, dealing = cut(tmp_path / "a.wav", 0.0, 19.0), cut(tmp_path / "b.wav", 54.0, 76.0)
    other = desk.read(lambda s: s.scalars(select(ContactPhone.e164).where(ContactPhone.e164 != CALLER)).first())
    assert other is not None
    first = desk.call(CALLER, small_talk)
    desk.until(lambda: desk.talk(first).recorded_seconds > 1, "a second of the first call")
    desk.play(lines.hold_or_resume())
    desk.until(lambda: lines.state.value.waiting("held"), "the first call on hold")
    second = desk.call(other, dealing)
    states = sorted(line.state for line in lines.state.value.lines if line.state in ("held", "connected"))
    assert states in (["connected", "held"], ["held"])
    desk.until(lambda: desk.talk(second).phase != "live", "the end of the second call")
    held = lines.state.value.waiting("held")
    assert held is not None
    desk.play(lines.command("resume", held.line))
    desk.refined(second)
    desk.refined(first)

    for interaction, source in ((first, small_talk), (second, dealing)):
        assert np.array_equal(heard(desk.kept(interaction)), heard(pcm(source))), "sound is missing or mixed up"
    desk.until(lambda: desk.words(first) and desk.words(second), "both transcripts in the records")
    assert has(desk.words(first), "cornwall", "kids", "paper", "wet")
    assert not has(desk.words(first), "seventeen", "settlement", "dollars")
    assert has(desk.words(second), "seventeen", "settlement", "dollars", "17")
    assert not has(desk.words(second), "cornwall", "kids", "paper", "wet")
    parties = {desk.card(each).talk.contact.id for each in (first, second)}
    assert len(parties) == 2
    desk.save(first, "The first call.")
    desk.save(second, "The second call.")
    for interaction, notes, number in ((first, "The first call.", CALLER), (second, "The second call.", other)):
        report = desk.read(
            lambda s, one=interaction: s.scalars(select(CallReport).where(CallReport.interaction_id == one)).one()  # type: ignore[misc]
        )
        assert (report.status, report.fields["notes"], report.fields["number"]) == ("saved", notes, number)
        assert desk.interaction(interaction).status == "ended"


def test_when_the_speech_process_dies_the_transcript_is_complete_all_the_same(
    shared_desk: Desk, tmp_path: Path
) -> None:
    desk = shared_desk
    source = cut(tmp_path / "call.wav", 27.0, 66.0)
    worker = desk.program.core.worker
    desk.until(lambda: worker.status == "live", "speech")
    interaction = desk.call(CALLER, source)
    speech: list[str] = []
    desk.program.core.conversations.state(interaction).subscribe(lambda now: speech.append(now.speech))
    desk.until(lambda: desk.talk(interaction).recorded_seconds > 8, "eight seconds of the call")
    killed = worker.pid
    assert killed is not None
    os.kill(killed, signal.SIGKILL)
    desk.until(lambda: "restarting" in speech, "the state to say that speech is restarting")
    desk.until(lambda: worker.pid not in (None, killed) and worker.status == "live", "speech to run again")
    desk.refined(interaction)
    assert desk.talk(interaction).speech == "live"
    desk.until(lambda: desk.words(interaction), "the transcript in the records")
    assert has(desk.words(interaction), "fifteen", "payroll", "15")
    assert has(desk.words(interaction), "agreed", "78", "seventy-eight")
    turns = desk.talk(interaction).segments
    assert min(turn.start for turn in turns) < 5
    assert max(turn.end for turn in turns) > 34
    assert desk.kept(interaction) == pcm(source)
    desk.save(interaction, "Speech died in this call.")


def test_a_damaged_recording_played_by_the_turret_is_told_at_the_desk(shared_desk: Desk, tmp_path: Path) -> None:
    desk, since = shared_desk, len(shared_desk.program.ui.notices)
    damaged = tmp_path / "damaged.wav"
    damaged.write_bytes(b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(range(200)))
    desk.play(desk.stage.ring(CALLER, damaged))
    notice = desk.noticed("damaged.wav", since)
    assert is_a_sentence(notice.text)
    assert "Wav, FLAC and other common sound files with two channels are understood." in notice.text
    assert not desk.app("deskline-lines").state.value.waiting("ringing")


def test_when_the_turret_dies_the_call_is_kept_and_the_desk_goes_on(shared_desk: Desk, tmp_path: Path) -> None:
    desk, since = shared_desk, len(shared_desk.program.ui.notices)
    source = cut(tmp_path / "call.wav", 19.0, 60.0)
    interaction = desk.call(CALLER, source)
    desk.until(lambda: desk.talk(interaction).recorded_seconds > 4, "four seconds of the call")
    os.kill(desk.stage.turret_pid, signal.SIGKILL)
    acknowledged = desk.talk(interaction).recorded_seconds
    notice = desk.noticed("The call with Tolland Castings plc", since)
    assert is_a_sentence(notice.text)
    assert notice.text.endswith("was cut off. Its report is drafted from what was heard.")
    desk.until(lambda: desk.interaction(interaction).status == "interrupted", "the call to be marked")
    desk.refined(interaction)
    kept = desk.kept(interaction)
    assert len(kept) / 4 / RATE >= acknowledged
    assert pcm(source).startswith(kept)
    assert desk.card(interaction).draft.shown("duration") == pytest.approx(len(kept) / 4 / RATE, abs=0.5)
    assert desk.words(interaction)
    assert desk.interaction(interaction).report_status == "draft"
    desk.save(interaction, "The line broke.")
    assert desk.interaction(interaction).report_status == "saved"

    # The next turret process takes the next call.
    desk.play(desk.stage.open_turret())
    again = desk.call(CALLER, cut(tmp_path / "again.wav", 19.0, 28.0))
    desk.refined(again)
    assert desk.interaction(again).status == "ended"
    desk.save(again, "The line is back.")
    left = desk.read(lambda s: s.scalars(select(Interaction).where(Interaction.status == "live")).all())
    assert not left
