"""Settings, apps and keys: read, found and acted on by keyboard."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from app.shell.commands import Command
from app.shell.pages import AppRow, AppsPage, KeysPage, SettingRow, SettingsPage
from app.shell.popups import MIDDLE
from app.shell.ui import Ui
from app.shell.window import MainWindow

COMMANDS = (
    Command("lines.answer", "Answer call", lambda: None, "F9"),
    Command("deals.register", "Deals: register the deal", lambda: None, "Ctrl+Return"),
    Command("chat.demo", "Play the demo chat", lambda: None),
)


def app(app_id: str, state: str = "Running", level: str = "up") -> AppRow:
    return AppRow(app_id, app_id.title(), "inside the desk", state, level, f"{app_id}-1", "6", "0.1.0")


def test_settings_show_their_source_and_the_path_to_copy(qtbot: QtBot) -> None:
    page = SettingsPage([SettingRow("desk", "demo", "command line", "Name of the desk")], "/home/mk/deskline.toml")
    qtbot.addWidget(page)
    _connect, copy, opened = page.findChildren(QPushButton)
    copy.click()
    assert QGuiApplication.clipboard().text() == "/home/mk/deskline.toml"
    with qtbot.waitSignal(page.open_asked):
        opened.click()


def test_an_app_is_chosen_and_restarted_by_keyboard(qtbot: QtBot) -> None:
    page = AppsPage()
    qtbot.addWidget(page)
    page.show()
    page.show_apps([app("crm"), app("chat", "Not running", "mut")], "Desktop agent")
    qtbot.keyClick(page.table, Qt.Key.Key_Down)
    page.show_apps([app("crm", "Starting", "warn"), app("chat", "Not running", "mut")], "Desktop agent")
    assert page.table.current().app_id == "crm"
    with qtbot.waitSignal(page.restart_asked) as asked:
        qtbot.keyClick(page.table, Qt.Key.Key_Return)
    assert asked.args == ["crm"]


def test_commands_are_found_by_name_or_key_and_run(qtbot: QtBot) -> None:
    page = KeysPage(COMMANDS, lambda keys: keys.replace("+", " "), "Deskline")
    qtbot.addWidget(page)
    page.show()
    assert [row.id for row in page.table.shown()] == ["lines.answer", "deals.register", "chat.demo"]
    qtbot.keyClicks(page.search, "f9")
    assert [row.id for row in page.table.shown()] == ["lines.answer"]
    page.search.setText("demo")
    with qtbot.waitSignal(page.chosen) as chosen:
        qtbot.keyClick(page.search, Qt.Key.Key_Return)
    assert chosen.args == ["chat.demo"]
    with qtbot.waitSignal(page.closed):
        qtbot.keyClick(page.search, Qt.Key.Key_Escape)


def test_a_page_stands_in_the_middle_and_keeps_its_height(window: MainWindow, ui: Ui) -> None:
    page = SettingsPage([], "/home/mk/deskline.toml")
    ui.show_popup(page, MIDDLE)
    frame, room = page.parentWidget(), window.centralWidget().rect()
    assert abs(frame.geometry().center().x() - room.center().x()) < 40
    assert frame.height() >= page.sizeHint().height()
    ui.close_popup(page)
    page.deleteLater()
