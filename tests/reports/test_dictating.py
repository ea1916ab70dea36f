"""Dictated notes stand in the report; what the trader types meanwhile stays."""

from __future__ import annotations

import datetime as dt
import wave
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import shiboken6
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.conversation.dictation import Dictated
from app.conversation.service import Conversations
from app.records.recordings import Recordings
from app.records.store import Records
from app.services import Notice, Services, State
from app.shell import theme
from app.shell.io_loop import IoLoop
from app.shell.microphone import FileMicrophone, Microphone
from app.shell.ui import Ui
from nlp.language.model import Analysis, Turn
from nlp.speech import messages
from nlp.speech.client import LanguageWorker
from plugins.reports.dictating import Dictating
from plugins.reports.dictation_bar import DictationBar
from plugins.reports.store import Talk
from plugins.reports.work import Reports
from tests.reports.conftest import NOW, USER


class Desk:
    """A report in the popup, and a dictation into it that hears what the test says."""

    def __init__(self, records: Records) -> None:
        self.talks = Conversations(records, Recordings.beside(records), LanguageWorker())
        parts: Any = SimpleNamespace(
            user=USER,
            records=records,
            conversations=self.talks,
            clock=lambda: NOW,
            notify=lambda notice: None,
            prices=None,
            settings=None,
        )
        services = Services(**vars(parts))
        self.reports = Reports(services, dt.UTC, self._send)
        self.report = self.reports.begin(Talk("i1", "chat", "inbound", NOW))
        self.report.set_phase("ended")
        self.reports.present(self.report)
        self.dictating = Dictating(services, self.reports)
        self.said = 0

    async def _send(self, channel: str, message: dict[str, Any]) -> None:
        """Nobody listens."""

    @property
    def notes(self) -> str:
        return str(self.report.draft.shown("notes") or "")

    async def begin(self) -> None:
        await self.dictating.start(self.report.report_id, 16_000)

    def say(self, text: str) -> None:
        (identity,) = self.talks._dictations
        start = 2.0 * self.said
        self.talks._event(
            messages.Segment(id=identity, seq=self.said, who="trader", start=start, end=start + 1, text=text)
        )
        self.said += 1

    async def finish(self, text: str) -> None:
        (identity,) = self.talks._dictations
        await self.dictating.stop()
        turns = (Turn("trader", 0.0, 9.0, text),)
        self.talks._event(messages.Finished(id=identity, turns=turns, analysis=Analysis(turns=turns), summary=""))


@pytest.fixture
async def desk(records: Records) -> AsyncIterator[Desk]:
    made = Desk(records)
    yield made
    await made.dictating.cancel()
    await made.reports.close()
    await made.talks.close()


async def test_notes_grow_as_they_are_spoken_after_what_stood_there(desk: Desk) -> None:
    await desk.reports.edit(desk.report.report_id, "notes", "Met in London.")
    await desk.begin()
    desk.say("call back")
    desk.say("on monday")
    assert desk.notes == "Met in London. call back on monday"
    await desk.finish("Call back on Monday.")
    assert desk.notes == "Met in London. Call back on Monday."
    assert desk.dictating.state.value is None
    assert "notes" in desk.report.draft.edited


async def test_what_the_trader_types_meanwhile_stays(desk: Desk) -> None:
    await desk.begin()
    desk.say("call back")
    await desk.reports.edit(desk.report.report_id, "notes", "Call BACK")
    desk.say("on monday")
    assert desk.notes == "Call BACK on monday"
    await desk.finish("Call back on Monday.")
    assert desk.notes == "Call BACK on monday"


async def test_a_report_that_was_saved_meanwhile_is_left_alone(desk: Desk) -> None:
    await desk.begin()
    desk.say("call back")
    desk.report.read_only = True
    desk.say("on monday")
    assert desk.notes == "call back"


async def test_trouble_is_shown_and_what_was_heard_stays(desk: Desk) -> None:
    await desk.begin()
    desk.say("call back")
    (identity,) = desk.talks._dictations
    desk.talks._event(messages.Failed(id=identity, reason="It stopped."))
    assert desk.notes == "call back"
    assert desk.dictating.state.value == Dictated("done", "call back", "", "It stopped.")
    await desk.begin()  # and it can be begun anew
    desk.say("again")
    assert desk.notes == "call back again"


# -- the bar and its microphone


def voice(path: Path, seconds: float = 0.25) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(b"\1\0\2\0" * int(8000 * seconds))
    return path


class Heard(SimpleNamespace):
    def __init__(self) -> None:
        super().__init__(state=State(cast("Dictated | None", None)), microphone_file="")
        self.begun: list[tuple[str, int]] = []
        self.pcm = b""

    async def start(self, report_id: str, rate: int) -> None:
        self.begun.append((report_id, rate))
        self.state.set(Dictated())

    async def hear(self, pcm: bytes) -> None:
        self.pcm += pcm

    async def stop(self) -> None:
        self.state.set(Dictated("finishing", "call back"))


class Bar:
    def __init__(self, ui: Ui, microphone: Microphone | Exception | None) -> None:
        self.app = Heard()
        self.ui = ui
        self.microphone = microphone
        self.widget = DictationBar(cast("Any", SimpleNamespace(dictating=self.app)), ui, self._find)

    def _find(self, file: str) -> Microphone | None:
        if isinstance(self.microphone, Exception):
            raise self.microphone
        return self.microphone


@pytest.fixture
def ui(qtbot: QtBot) -> Iterator[Ui]:
    theme.apply(cast("QApplication", QApplication.instance()))
    loop = IoLoop()
    loop.start()
    yield Ui(loop)
    loop.stop()


def test_f7_listens_and_f7_ends(ui: Ui, qtbot: QtBot, tmp_path: Path) -> None:
    microphone = FileMicrophone(voice(tmp_path / "notes.wav"))
    bar = Bar(ui, microphone)
    bar.widget.toggle("report")
    qtbot.waitUntil(lambda: bar.app.begun == [("report", 8000)] and bar.widget.running, timeout=30_000)
    qtbot.waitUntil(lambda: not bar.widget.isHidden(), timeout=30_000)
    qtbot.waitUntil(lambda: len(bar.app.pcm) >= 4800, timeout=30_000)
    assert bar.app.pcm[:4000] == b"\1\0" * 2000
    assert not any(bar.app.pcm[4000:])
    assert "notes.wav" in bar.widget._words.toolTip()
    bar.app.state.set(Dictated(partial="call ba"))
    qtbot.waitUntil(lambda: bar.widget._words.text() == "call ba", timeout=30_000)
    bar.widget.toggle("report")
    qtbot.waitUntil(lambda: bar.widget._pill.text() == "Reading it once more", timeout=30_000)
    assert not bar.widget.running
    bar.app.state.set(None)
    qtbot.waitUntil(bar.widget.isHidden, timeout=30_000)
    shiboken6.delete(bar.widget)


@pytest.mark.parametrize(
    ("found", "said"), [(None, "No microphone was found"), (wave.Error("no wav"), "cannot be used: no wav")]
)
def test_without_a_microphone_it_says_what_to_do(ui: Ui, qtbot: QtBot, found: Any, said: str) -> None:
    notices: list[Notice] = []
    ui.noticed.connect(notices.append)
    bar = Bar(ui, found)
    bar.widget.toggle("report")
    qtbot.waitUntil(lambda: bool(notices), timeout=30_000)
    assert said in notices[0].text
    assert bar.app.begun == []
    assert not bar.widget.running
    shiboken6.delete(bar.widget)


def test_a_sound_file_of_another_width_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "wide.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(1)
        file.setframerate(8000)
        file.writeframes(bytes(800))
    with pytest.raises(wave.Error, match="16-bit"):
        FileMicrophone(path)
