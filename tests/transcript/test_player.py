"""The recording is played in the panel: by keys, by a click on a word, and when another app asks for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest
import shiboken6
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.conversation.playback import Playback, open_playback
from app.records.recordings import Recordings
from app.records.store import Records
from app.records.tables import Interaction
from app.services import State, utc_now
from app.shell import theme
from app.shell.io_loop import IoLoop
from app.shell.speaker import SilentOutput
from app.shell.ui import Ui
from plugins.transcript.script import Line, Script, ask
from plugins.transcript.view import TranscriptPanel

if TYPE_CHECKING:
    from plugins.transcript.app import TranscriptApp

CALL = Script(
    interaction_id="call",
    customer="Northgate AM",
    phase="past",
    status="ended",
    recorded=True,
    lines=(
        Line(0, "client", "Sarah", 1.0, "fifteen in bunds", 3.0, times=((1.0, 1.5), (1.6, 1.8), (2.0, 3.0))),
        Line(1, "trader", "You", 6.0, "ninety eight", 8.0, times=((6.0, 7.0), (7.0, 8.0))),
    ),
)


class Desk:
    """A recording of ten seconds, and a clock that moves by hand."""

    def __init__(self, records: Records) -> None:
        self.state = State(Script())
        self.now = 0.0
        self.records, self.recordings = records, Recordings.beside(records)
        with self.recordings.writer("call", 8000, 2) as writer:
            for _ in range(20):
                writer.append(bytes(4 * 4000))
        with records.change("test") as change:
            talk = Interaction(id="call", kind="call", direction="inbound", status="ended", recording="call.rec")
            talk.started_at = utc_now()
            change.add(talk)

    async def playback(self, interaction_id: str, at: float, speed: float) -> Playback:
        return await open_playback(self.records, self.recordings, interaction_id, at, speed)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with Records.open(tmp_path / "desk", bytes(32)) as records:
        yield Desk(records)


@pytest.fixture
def panel(desk: Desk, qtbot: QtBot) -> Iterator[TranscriptPanel]:
    theme.apply(cast("QApplication", QApplication.instance()))
    loop = IoLoop()
    loop.start()
    made = TranscriptPanel(cast("TranscriptApp", desk), Ui(loop), lambda: SilentOutput(lambda: desk.now))
    made.resize(640, 300)
    made.show()
    made.activateWindow()
    qtbot.waitUntil(made.isActiveWindow, timeout=10_000)
    desk.state.set(CALL)
    qtbot.waitUntil(made._bar.isVisible, timeout=10_000)
    made.page.setFocus()
    yield made
    made.player.close()
    loop.stop()
    shiboken6.delete(made)


def sounds(panel: TranscriptPanel, qtbot: QtBot) -> None:
    """Waits until the sound of what was asked for is there."""
    player = panel.player
    qtbot.waitUntil(lambda: player.playing and player._fed > 0 and not player._fetching, timeout=10_000)


def advance(desk: Desk, panel: TranscriptPanel, seconds: float) -> None:
    desk.now += seconds
    output = panel.player._output
    assert isinstance(output, SilentOutput)
    output.tick()


def lit(panel: TranscriptPanel) -> list[str]:
    return [mark.cursor.selectedText() for mark in panel.page.extraSelections()]  # type: ignore[attr-defined]


def test_space_plays_and_the_words_light_up_as_they_sound(desk: Desk, panel: TranscriptPanel, qtbot: QtBot) -> None:
    qtbot.keyClick(panel.page, Qt.Key.Key_Space)
    sounds(panel, qtbot)
    assert panel._bar._length.text() == "00:10"
    advance(desk, panel, 1.2)
    assert lit(panel) == ["fifteen"]
    advance(desk, panel, 0.5)
    assert lit(panel) == ["in"]
    advance(desk, panel, 0.2)
    assert lit(panel) == []
    qtbot.keyClick(panel.page, Qt.Key.Key_Space)
    assert not panel.player.playing
    assert panel.player.at == pytest.approx(1.9)
    qtbot.keyClick(panel.page, Qt.Key.Key_Space)
    sounds(panel, qtbot)
    advance(desk, panel, 0.3)
    assert lit(panel) == ["bunds"]


def test_where_nobody_can_hear_it_the_panel_says_so(panel: TranscriptPanel, qtbot: QtBot) -> None:
    panel.player.play()
    sounds(panel, qtbot)
    assert "no loudspeaker" in panel._bar._note.toolTip()
    assert panel._bar._note.isVisible()


def test_a_click_on_a_word_plays_from_it(desk: Desk, panel: TranscriptPanel, qtbot: QtBot) -> None:
    cursor = QTextCursor(panel.page.document().findBlockByNumber(1))
    cursor.setPosition(cursor.position() + len("00:06\tYou\tninety ei"))
    qtbot.mouseClick(
        panel.page.viewport(), Qt.MouseButton.LeftButton, pos=panel.page.cursorRect(cursor).center() + QPoint(1, 0)
    )
    sounds(panel, qtbot)
    advance(desk, panel, 0.5)
    assert lit(panel) == ["eight"]
    assert panel.player.at == pytest.approx(7.5)


def test_selecting_words_with_the_mouse_plays_nothing(panel: TranscriptPanel, qtbot: QtBot) -> None:
    view = panel.page.viewport()
    qtbot.mousePress(view, Qt.MouseButton.LeftButton, pos=QPoint(110, 12))
    qtbot.mouseMove(view, QPoint(200, 12))
    qtbot.mouseRelease(view, Qt.MouseButton.LeftButton, pos=QPoint(200, 12))
    assert not panel.player.playing


def test_the_keyboard_goes_by_seconds_by_turns_and_changes_the_speed(
    desk: Desk, panel: TranscriptPanel, qtbot: QtBot
) -> None:
    alt = Qt.KeyboardModifier.AltModifier
    qtbot.keyClick(panel.page, Qt.Key.Key_Down, alt)
    assert panel.player.at == 1.0
    qtbot.keyClick(panel.page, Qt.Key.Key_Down, alt)
    assert panel.player.at == 6.0
    qtbot.keyClick(panel.page, Qt.Key.Key_Left, alt)
    assert panel.player.at == 1.0
    qtbot.keyClick(panel.page, Qt.Key.Key_BracketRight)
    qtbot.keyClick(panel.page, Qt.Key.Key_BracketRight)
    assert panel._bar.speed.text() == "1.5×"
    panel.player.play()
    sounds(panel, qtbot)
    advance(desk, panel, 2.0)
    assert panel.player.at == pytest.approx(4.0, abs=0.05)


def test_a_call_is_played_to_its_end_and_then_again_from_the_start(
    desk: Desk, panel: TranscriptPanel, qtbot: QtBot
) -> None:
    panel.player.play(9.0)
    qtbot.waitUntil(lambda: panel.player._fed > 0 and panel.player._run is None, timeout=10_000)
    advance(desk, panel, 5.0)
    assert not panel.player.playing
    assert panel.player.at == 10.0
    panel.player.toggle()
    sounds(panel, qtbot)
    assert panel.player.at == 0.0


def test_a_stretch_that_was_asked_for_is_played_and_no_more(desk: Desk, panel: TranscriptPanel, qtbot: QtBot) -> None:
    desk.state.set(ask(CALL, 0.0, None, (1,)))
    sounds(panel, qtbot)
    assert panel.player.at == 6.0
    advance(desk, panel, 1.5)
    assert panel.player.playing
    advance(desk, panel, 1.0)
    assert not panel.player.playing
    # The same once more is a new wish.
    desk.state.set(ask(desk.state.value, 0.0, None, (1,)))
    sounds(panel, qtbot)
    assert panel.player.at == 6.0


def test_another_call_in_the_panel_stops_the_sound(desk: Desk, panel: TranscriptPanel, qtbot: QtBot) -> None:
    panel.player.play()
    sounds(panel, qtbot)
    desk.state.set(replace(CALL, interaction_id="other", recorded=False))
    qtbot.waitUntil(lambda: not panel.player.playing, timeout=10_000)
    assert not panel._bar.isVisible()


def test_a_recording_that_is_gone_is_said_and_nothing_hangs(desk: Desk, panel: TranscriptPanel, qtbot: QtBot) -> None:
    desk.recordings.remove("call.rec")
    qtbot.keyClick(panel.page, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: "not in the recordings folder" in panel._bar._note.toolTip(), timeout=10_000)
    assert not panel.player.playing
