"""A whole desk says at every moment what is kept of a call, and keeps no more than that."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import select

from app.records.audit import verify
from app.records.tables import RecordingSpan
from tests.end_to_end.desk import CALLER, Desk

pytestmark = [pytest.mark.speech, pytest.mark.timeout(240)]


def test_pausing_going_on_and_forgetting_are_seen_and_kept(shared_desk: Desk) -> None:
    desk, commands = shared_desk, shared_desk.program.ui.commands
    app, bar = desk.app("deskline-transcript"), desk.program.window.top.recording
    desk.play(desk.stage.turret("ring", number=CALLER))  # says nothing, and stays until hung up
    call = desk.answer(CALLER)
    desk.until(lambda: app.state.value.running, "the call in the transcript")
    desk.until(lambda: bar.accessibleName().startswith("REC"), "the top bar to say that it is recorded")

    assert commands.run("recording.pause")
    desk.until(lambda: app.state.value.keeping == "paused", "the pause in the transcript")
    desk.until(lambda: bar.accessibleName().startswith("PAUSED"), "the pause in the top bar")
    assert commands.run("recording.pause")
    desk.until(lambda: app.state.value.keeping == "recording", "the recording to go on")
    desk.until(lambda: desk.talk(call).recorded_seconds > 2, "two seconds of the call")

    desk.play(app.forget_last())
    desk.noticed("The last")
    desk.play(desk.app("deskline-lines").hang_up())
    desk.refined(call)
    spans = desk.read(lambda s: s.scalars(select(RecordingSpan).order_by(RecordingSpan.kind)).all())
    assert [span.kind for span in spans] == ["forgotten", "paused"]
    assert all(span.end is not None and span.end >= span.start for span in spans)
    assert not any(desk.kept(call)[: int(spans[0].end or 0) * 8000 * 4])
    assert desk.play(asyncio.to_thread(verify, desk.program.core.records)).problems == []
    assert desk.play(app.open(call))
    assert desk.until(lambda: app.state.value.recorded, "the recording to be there to hear")
