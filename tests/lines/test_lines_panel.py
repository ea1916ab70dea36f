"""The lines panel and its commands."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any, cast

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.services import State
from app.shell import theme
from app.shell.io_loop import IoLoop
from app.shell.ui import Ui
from plugins.lines.app import LinesState, LineView
from plugins.lines.view import LinesPanel

NOW = dt.datetime(2026, 11, 21, 10, 0, tzinfo=dt.UTC)


def ago(seconds: int) -> dt.datetime:
    return NOW - dt.timedelta(seconds=seconds)


class LinesStandIn:
    def __init__(self) -> None:
        self.state = State(
            LinesState(
                (
                    LineView("L1", "connected", "+442079460143", "inbound", ago(252), ago(252), "Sarah Whitfield"),
                    LineView("L2", "ringing", "+442079460112", "inbound", ago(4)),
                    LineView("L3"),
                ),
                present=True,
            )
        )
        self.asked: list[tuple[str, ...]] = []

    async def command(self, action: str, line: str = "", number: str = "") -> None:
        self.asked.append((action, line))

    async def answer(self) -> None:
        self.asked.append(("answer",))

    async def hold_or_resume(self) -> None:
        self.asked.append(("hold",))

    async def hang_up(self) -> None:
        self.asked.append(("hangup",))

    async def dial(self, number: str) -> None:
        self.asked.append(("dial", number))

    async def listen(self, number: str = "") -> None:
        self.asked.append(("listen", number))

    async def start_turret(self) -> None:
        self.asked.append(("start",))


@pytest.fixture
def ui(qapp: QApplication) -> Iterator[Ui]:
    theme.apply(qapp)
    loop = IoLoop()
    loop.start()
    yield Ui(loop, clock=lambda: NOW)
    loop.stop()


@pytest.fixture
def app() -> LinesStandIn:
    return LinesStandIn()


@pytest.fixture
def panel(qtbot: QtBot, ui: Ui, app: LinesStandIn) -> Iterator[LinesPanel]:
    made = LinesPanel(cast(Any, app), ui)
    ui.commands.set_window(made)
    qtbot.addWidget(made)
    made.resize(264, 300)
    made.show()
    yield made
    made.hide()


def test_a_line_says_who_and_how_long_and_offers_what_can_be_done(
    panel: LinesPanel, app: LinesStandIn, qtbot: QtBot
) -> None:
    rows = panel._rows
    assert rows["L1"]._time.text() == "04:12"
    assert rows["L1"].accessibleName() == "L1, On call, Sarah Whitfield"
    assert [rows[name]._main.text() for name in ("L1", "L2")] == ["Hold", "Answer"]
    assert not rows["L3"]._main.isVisible()
    qtbot.mouseClick(rows["L2"]._main, Qt.MouseButton.LeftButton)
    qtbot.mouseClick(rows["L1"]._hang_up, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: app.asked == [("answer", "L2"), ("hangup", "L1")])


def test_every_action_has_a_key(panel: LinesPanel, app: LinesStandIn, qtbot: QtBot) -> None:
    panel.activateWindow()
    panel.setFocus()
    for key in (Qt.Key.Key_F9, Qt.Key.Key_F10, Qt.Key.Key_F12):
        qtbot.keyClick(panel, key)
    qtbot.waitUntil(lambda: app.asked == [("answer",), ("hold",), ("hangup",)])
    panel._ui.commands.run("lines.dial")
    qtbot.keyClicks(panel._number, "+44 20 7946 0199")
    qtbot.keyClick(panel._number, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: app.asked[-1] == ("dial", "+44 20 7946 0199"))
    qtbot.waitUntil(lambda: panel._number.text() == "")


def test_a_call_through_this_computer_begins_by_key_with_the_number_in_the_field_and_shows_as_a_line(
    panel: LinesPanel, app: LinesStandIn, qtbot: QtBot
) -> None:
    panel.activateWindow()
    panel._number.setText("+442079460112")
    panel.setFocus()
    qtbot.keyClick(panel, Qt.Key.Key_F9, Qt.KeyboardModifier.ShiftModifier)
    qtbot.waitUntil(lambda: app.asked == [("listen", "+442079460112")])
    qtbot.waitUntil(lambda: panel._number.text() == "")
    lines = app.state.value.lines
    app.state.set(LinesState((*lines, LineView("PC", "connected", None, "outbound", ago(9), ago(9))), present=True))
    qtbot.waitUntil(lambda: "PC" in panel._rows and panel._rows["PC"].isVisible())
    assert panel._rows["PC"]._who.text_whole() == "This computer"
    assert not panel._listen_button.isEnabled()
    app.state.set(LinesState(lines, present=True))
    qtbot.waitUntil(lambda: not panel._rows["PC"].isVisible())
    assert panel._listen_button.isEnabled()


def test_commands_are_offered_only_when_they_can_work(panel: LinesPanel, app: LinesStandIn) -> None:
    def available() -> set[str]:
        return {command.id for command in panel._ui.commands.available()}

    assert available() == {"lines.answer", "lines.hold", "lines.hang_up", "lines.dial", "lines.listen"}
    app.state.set(LinesState((LineView("L1"),), present=True))
    assert available() == {"lines.dial", "lines.listen"}
    app.state.set(LinesState())
    assert available() == {"lines.start"}


def test_a_missing_turret_is_said_and_can_be_started(panel: LinesPanel, app: LinesStandIn, qtbot: QtBot) -> None:
    app.state.set(LinesState())
    qtbot.waitUntil(panel._empty.isVisible)
    assert panel._pill.text() == "Not running"
    assert not panel._number.isEnabled()
    panel._empty.acted.emit()
    qtbot.waitUntil(lambda: app.asked == [("start",)])
