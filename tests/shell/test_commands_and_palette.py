from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from app.shell.commands import AmbiguousShortcut, Command, CommandRegistry
from app.shell.fuzzy import score
from app.shell.ui import SearchHit, Ui
from app.shell.window import MainWindow


def _command(name: str, ran: list[str], **more: object) -> Command:
    return Command(name, name.title(), lambda: ran.append(name), **more)  # type: ignore[arg-type]


def test_two_commands_may_not_ask_for_the_same_keys_in_the_same_place(dressed: object, qtbot: QtBot) -> None:
    registry = CommandRegistry()
    panel, other = QWidget(), QWidget()
    qtbot.addWidget(panel)
    qtbot.addWidget(other)
    registry.add(_command("one", [], shortcut="Ctrl+Return"))
    with pytest.raises(AmbiguousShortcut, match="two and one"):
        registry.add(_command("two", [], shortcut="Ctrl+Return"))
    registry.add(_command("three", [], shortcut="Ctrl+Return", owner=panel))
    registry.add(_command("four", [], shortcut="Ctrl+Return", owner=other))
    with pytest.raises(AmbiguousShortcut):
        registry.add(_command("five", [], shortcut="Ctrl+Return", owner=panel))
    registry.add(_command("one", [], shortcut="Ctrl+Return"))
    assert [command.id for command in registry.all()] == ["four", "one", "three"]


def test_a_panels_key_wins_inside_the_panel_and_the_windows_outside(dressed: object, qtbot: QtBot) -> None:
    ran: list[str] = []
    window, panel = QWidget(), QWidget()
    qtbot.addWidget(window)
    inside, outside = QLineEdit(), QLineEdit()
    box = QVBoxLayout(window)
    QVBoxLayout(panel).addWidget(inside)
    box.addWidget(panel)
    box.addWidget(outside)
    registry = CommandRegistry()
    registry.set_window(window)
    registry.add(_command("window", ran, shortcut="Ctrl+J"), _command("panel", ran, shortcut="Ctrl+J", owner=panel))
    window.show()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    inside.setFocus()
    qtbot.keyClick(inside, Qt.Key.Key_J, Qt.KeyboardModifier.ControlModifier)
    outside.setFocus()
    qtbot.keyClick(outside, Qt.Key.Key_J, Qt.KeyboardModifier.ControlModifier)
    assert ran == ["panel", "window"]


def test_a_command_that_may_not_run_now_does_not(dressed: object, qtbot: QtBot) -> None:
    ran: list[str] = []
    allowed = False
    registry = CommandRegistry()
    registry.add(_command("deal", ran, when=lambda: allowed))
    assert not registry.run("deal")
    assert registry.available() == []
    allowed = True
    assert registry.run("deal")
    assert not registry.run("no such command")
    assert ran == ["deal"]


def test_a_command_goes_with_its_owner(dressed: object, qtbot: QtBot) -> None:
    registry = CommandRegistry()
    panel = QWidget()
    registry.add(_command("gone", [], shortcut="Ctrl+G", owner=panel))
    panel.deleteLater()
    qtbot.waitUntil(lambda: registry.get("gone") is None)


@pytest.mark.parametrize(
    ("typed", "best"),
    [
        ("reg", "Register deal"),
        ("deal reg", "Register deal"),
        ("gtc", "Go to CRM 360"),
        ("save as", "Save workspace as …"),
    ],
)
def test_letters_find_the_title_a_trader_means(typed: str, best: str) -> None:
    titles = ["Register deal", "Go to CRM 360", "Save workspace", "Save workspace as …", "Quit Deskline", "Hang up"]
    assert max(titles, key=lambda title: score(typed, title)) == best
    assert score("xyz", best) == 0


def _titles(window: MainWindow) -> list[str]:
    return [line.title for line in window.palette_popup.lines.lines]


def test_ctrl_k_types_and_enter_runs_and_the_focus_goes_back(window: MainWindow, ui: Ui, qtbot: QtBot) -> None:
    ran: list[str] = []
    ui.commands.add(_command("register deal", ran), _command("hang up", ran))
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    window.docks.focus("crm")
    before = window.focusWidget()
    qtbot.keyClick(window, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    palette = window.palette_popup
    assert palette.isVisible()
    qtbot.keyClicks(palette.entry, "hang")
    assert _titles(window)[0] == "Hang Up"
    qtbot.keyClick(palette.entry, Qt.Key.Key_Return)
    assert ran == ["hang up"]
    assert not palette.isVisible()
    assert window.focusWidget() is before


def test_the_command_used_last_comes_first(window: MainWindow, ui: Ui, qtbot: QtBot) -> None:
    ui.commands.add(_command("zulu", []))
    palette = window.palette_popup
    palette.run_command("zulu")
    window.open_palette()
    assert _titles(window)[0] == "Zulu"
    assert palette.lines.lines[0].group == "recent"
    qtbot.keyClick(palette.entry, Qt.Key.Key_Down)
    qtbot.keyClick(palette.entry, Qt.Key.Key_Up)
    qtbot.keyClick(palette.entry, Qt.Key.Key_Up)
    assert palette.list.currentIndex().row() == len(_titles(window)) - 1
    qtbot.keyClick(palette.entry, Qt.Key.Key_Escape)
    assert not palette.isVisible()


def test_customers_appear_as_typed_and_late_answers_to_older_text_do_not(
    window: MainWindow, ui: Ui, qtbot: QtBot
) -> None:
    opened: list[str] = []
    gate = asyncio.Event()

    async def customers(text: str) -> Sequence[SearchHit]:
        if text == "nor":
            await gate.wait()
        return [SearchHit(f"Northgate for {text}", "Tier 1", "users", lambda: opened.append(text))]

    async def broken(_text: str) -> Sequence[SearchHit]:
        raise OSError("no index")

    ui.add_search_provider("Customers", customers)
    ui.add_search_provider("Calls", broken)
    window.open_palette()
    palette = window.palette_popup
    palette.entry.setText("nor")
    qtbot.wait(90)
    palette.entry.setText("northg")
    qtbot.waitUntil(lambda: "Northgate for northg" in _titles(window))
    ui.run(_set(gate))
    qtbot.wait(20)
    assert "Northgate for nor" not in _titles(window)
    qtbot.keyClick(palette.entry, Qt.Key.Key_Return)
    assert opened == ["northg"]
    assert ui.notices == []


async def _set(event: asyncio.Event) -> None:
    event.set()
