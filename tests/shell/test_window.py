from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from app.services import Standing
from app.shell import icons, tokens
from app.shell.ui import Ui
from app.shell.window import MainWindow
from app.shell.workspaces import FIRST, Layout, WorkspaceNameTaken, Workspaces, file_store

MakeWindow = Callable[..., MainWindow]
Settle = Callable[[], None]


def _rects(window: MainWindow) -> dict[str, tuple[int, int]]:
    found = {}
    for area in ("calls", "crm", "followups", "analytics", "transcript", "pricing", "ticket"):
        rect = window.docks.area_rect(area, window.centralWidget())
        assert rect is not None, area
        found[area] = (rect.width(), rect.height())
    return found


def test_the_default_layout_has_the_columns_of_the_design(make_window: MakeWindow, settle: Settle) -> None:
    window = make_window(size=(1920, 1080))
    rects = _rects(window)
    assert abs(rects["calls"][0] - tokens.CALLS) <= 4
    whole = rects["crm"][1] + rects["followups"][1]
    assert rects["crm"][1] / whole == pytest.approx(0.53, abs=0.02)
    assert rects["analytics"][0] > rects["crm"][0] > rects["calls"][0]
    window.resize(1366, 768)
    settle()
    assert abs(_rects(window)["calls"][0] - tokens.CALLS_NARROW) <= 4


@pytest.mark.parametrize("size", [(1024, 640), (1366, 768), (1920, 1080)])
def test_nothing_in_the_bars_is_clipped(make_window: MakeWindow, size: tuple[int, int], settle: Settle) -> None:
    window = make_window(size=size)
    window.set_recording(window.ui.clock() - dt.timedelta(hours=1, minutes=2))
    window.set_turret("Turret L1 L2 connected")
    window.set_standing(Standing("online", to_sync=128))
    window.set_status("agent", "FDC3 2.2 agent · 8 apps")
    window.set_status("transcription", "Transcription: tiny.en int8, local")
    window.set_status("journal", "Journal 3 queued · last sync 10:41:07")
    settle()
    assert (window.width(), window.height()) == size
    for bar in (window.top, window.status):
        for child in bar.findChildren(QLabel):
            if child.isVisible() and child.text() and not child.text().startswith("Client, ISIN"):
                left = child.mapTo(bar, QPoint(0, 0)).x()
                assert child.width() >= child.sizeHint().width(), child.text()
                assert left >= 0
                assert left + child.width() <= bar.width(), child.text()


def test_the_bars_show_what_the_desk_tells(window: MainWindow) -> None:
    window.set_recording(window.ui.clock() - dt.timedelta(minutes=4, seconds=12))
    assert window.top.recording.accessibleName() == "REC 04:12"
    window.set_recording(window.ui.clock() - dt.timedelta(minutes=4, seconds=12), "paused")
    assert window.top.recording.accessibleName() == "PAUSED 04:12"
    window.set_recording(None)
    assert not window.top.recording.isVisible()
    window.set_standing(Standing("online", to_sync=3))
    assert window.top.sync.accessibleName() == "3 to sync"
    window.set_standing(Standing("offline", problem="The server does not answer."))
    assert window.top.online.accessibleName() == "Offline"
    window.set_channel("fdc3.channel.4")
    assert window.top.channel.text() == "Channel 4"
    assert window.status.clocks.text() == "LDN 10:42:33  NYC 05:42:33"


def test_a_panel_loads_runs_stops_and_restarts(window: MainWindow, qtbot: QtBot) -> None:
    frame = window.add_panel("chat", "Chat", "message", None, "transcript")
    assert frame.state == "loading"
    window.set_panel("chat", QLineEdit())
    assert frame.state == "ready"
    window.panel_stopped("chat", "It could not reach the chat service.")
    assert frame.state == "stopped"
    restart = frame.findChildren(QPushButton)[-1]
    with qtbot.waitSignal(window.restart_asked) as asked:
        restart.click()
    assert asked.args == ["chat"]
    assert frame.state == "loading"


def test_the_rail_closes_what_is_in_sight_and_opens_the_rest(window: MainWindow) -> None:
    assert window.docks.is_in_front("crm")
    window.rail.button("crm").click()
    assert not window.docks.is_open("crm")
    assert not window.rail.button("crm").isChecked()
    window.rail.button("crm").click()
    assert window.docks.is_in_front("crm")
    assert not window.docks.is_in_front("results")
    window.rail.button("results").click()
    assert window.docks.is_in_front("results")
    assert not window.docks.is_in_front("followups")


@pytest.mark.qt_log_ignore("does not support", extend=True)
def test_panels_float_hide_and_come_back(window: MainWindow, ui: Ui, settle: Settle) -> None:
    window.docks.float_panel("pricing")
    floating = [widget for widget in QApplication.topLevelWidgets() if widget.isVisible() and widget is not window]
    assert len(floating) == 1
    assert floating[0].width() >= 400
    assert window.docks.area_rect("pricing", window.centralWidget()) is None
    window.docks.auto_hide("calls")
    settle()
    ui.commands.run("workspace.reset")
    settle()
    assert len(_rects(window)) == 7


def test_ctrl_and_a_digit_goes_to_a_panel(window: MainWindow, qtbot: QtBot) -> None:
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    qtbot.keyClick(window, Qt.Key.Key_2, Qt.KeyboardModifier.ControlModifier)
    assert window.docks.focused() == "crm"


@pytest.mark.qt_log_ignore("grabbing the keyboard")
def test_the_channel_is_chosen_by_keyboard(window: MainWindow, qtbot: QtBot) -> None:
    window.set_channel("fdc3.channel.4")
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    qtbot.keyClick(window, Qt.Key.Key_H, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    menu = window.top.channel.menu()
    qtbot.waitUntil(menu.isVisible)
    with qtbot.waitSignal(window.channel_chosen) as chosen:
        qtbot.keyClick(menu, Qt.Key.Key_Down)
        qtbot.keyClick(menu, Qt.Key.Key_Return)
    assert chosen.args == ["fdc3.channel.5"]


def test_a_panel_comes_to_the_front_without_taking_the_keyboard(window: MainWindow, ui: Ui, qtbot: QtBot) -> None:
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    writing = window.docks.frame("pricing").findChild(QLineEdit)  # type: ignore[union-attr]
    assert writing is not None
    writing.setFocus()
    assert ui.show_panel("results")
    assert window.docks.is_in_front("results")
    assert QApplication.focusWidget() is writing
    # Nobody loses the line they are writing in.
    writing = window.docks.frame("results").findChild(QLineEdit)  # type: ignore[union-attr]
    assert writing is not None
    writing.setFocus()
    assert not ui.show_panel("followups")
    assert window.docks.is_in_front("results")


def test_workspaces_are_saved_switched_renamed_and_deleted(make_window: MakeWindow, qtbot: QtBot) -> None:
    saved: list[str] = []
    window = make_window(saved=saved)
    spaces = window.workspaces
    window.docks.close("pricing")
    spaces.save_as("Morning")
    assert spaces.workspaces.current == "Morning"
    spaces.switch(FIRST)
    assert window.docks.is_open("pricing")
    spaces.switch("Morning")
    assert not window.docks.is_open("pricing")
    spaces.rename("Early")
    with pytest.raises(WorkspaceNameTaken):
        spaces.rename(FIRST)
    assert [window.top.workspaces.itemText(row) for row in range(window.top.workspaces.count())] == [FIRST, "Early"]
    spaces.delete_current()
    assert spaces.workspaces.names() == [FIRST]
    assert window.docks.is_open("pricing")
    qtbot.waitUntil(lambda: bool(saved) and json.loads(saved[-1])["workspaces"] == [{"name": FIRST}])
    assert json.loads(saved[-1])["current"] == FIRST


def test_the_window_comes_back_as_it_was_left_and_new_panels_are_seen(make_window: MakeWindow) -> None:
    saved: list[str] = []
    first = make_window(saved=saved)
    first.docks.close("analytics")
    first.close()
    text = json.loads(saved[-1])
    text["session"]["panels"].remove("ticket")
    second = make_window(json.dumps(text))
    assert not second.docks.is_open("analytics")
    assert second.docks.is_open("ticket")
    assert second.docks.is_open("crm")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '{"version": 99}',
        '{"version": 1, "workspaces": 7, "session": [], "geometry": 5, "recent": {}}',
        '{"version": 1, "current": "x", "workspaces": [{"name": "x", "docks": "!!"}], "session": {"docks": "AAAA"}}',
        '{"version": 1, "workspaces": [{"name": "x", "docks": "AAAA", "panels": [3]}], "geometry": "AAAA"}',
        "[" * 5000,
    ],
)
def test_garbage_gives_the_default_layout(make_window: MakeWindow, text: str) -> None:
    assert len(_rects(make_window(text))) == 7


def test_workspaces_survive_the_round_trip_through_a_file(tmp_path: Path) -> None:
    load, save = file_store(tmp_path / "state" / "workspaces.json")
    assert load() is None
    spaces = Workspaces(recent=["deals.register"])
    spaces.save_as("  Zürich   desk ", Layout(b"\x00\xff", ("crm", "chat")))
    save(spaces.to_json())
    assert Workspaces.from_json(load()) == spaces
    assert [path.name for path in (tmp_path / "state").iterdir()] == ["workspaces.json"]


def test_a_full_disk_is_told(make_window: MakeWindow, ui: Ui, qtbot: QtBot) -> None:
    window = make_window()

    def full(_text: str) -> None:
        raise OSError(28, "No space left on device")

    window.workspaces._save = full  # type: ignore[method-assign]
    window.workspaces.save_as("Morning")
    qtbot.waitUntil(lambda: bool(ui.notices))
    assert ui.notices[-1].text.startswith("The workspace could not be saved.")


def test_every_icon_is_drawn_and_tinted(dressed: object) -> None:
    names = icons.names()
    assert len(names) >= 40
    for name in names:
        picture = icons.pixmap(name, "acc", 24).toImage()
        colours = {
            picture.pixelColor(x, y).name()
            for x in range(24)
            for y in range(24)
            if picture.pixelColor(x, y).alpha() > 250
        }
        assert colours == set() or colours <= {tokens.color("acc").lower()} or len(colours) < 8, name
        assert any(picture.pixelColor(x, y).alpha() for x in range(24) for y in range(24)), name


def test_every_button_has_a_name_for_screen_readers(window: MainWindow) -> None:
    for kind in (QPushButton,):
        for widget in window.findChildren(kind):
            if not widget.objectName() and widget.isVisible():
                assert widget.accessibleName() or widget.text()
    for app_id in window.rail.panel_ids():
        assert window.rail.button(app_id).accessibleName()
    named: list[QWidget] = [
        window.top.omnibox,
        window.top.workspaces,
        window.top.channel,
        window.top.bell,
        window.top.user,
    ]
    assert all(widget.accessibleName() for widget in named)
