"""Panels that come and go: closing one ends it, each may have a channel of its own, and workspaces bring them back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from PySide6.QtWidgets import QLabel

from app.shell.panels import Panel
from app.shell.window import MainWindow

GUEST = Panel("quotes#1", "Quotes", area="analytics", ends=True)


class Guests:
    """Keeps one guest, and adds its panel when a layout wants it."""

    def __init__(self, window: MainWindow) -> None:
        self.window = window

    def saved(self) -> Sequence[Mapping[str, str]]:
        return [{"panel": GUEST.app_id}] if self.window.docks.is_open(GUEST.app_id) else []

    def restore(self, saved: Sequence[Mapping[str, str]]) -> None:
        for guest in saved:
            if self.window.docks.frame(guest["panel"]) is None:
                self.window.add(GUEST)


def test_closing_its_tab_asks_for_its_end(window: MainWindow, settle: Callable[[], None]) -> None:
    asked: list[str] = []
    window.docks.close_asked.connect(asked.append)
    window.add(GUEST, QLabel("quotes"))
    window.docks._docks[GUEST.app_id].requestCloseDockWidget()
    assert asked == [GUEST.app_id]
    assert window.docks.is_open(GUEST.app_id)
    window.remove_panel(GUEST.app_id)
    settle()
    assert window.docks.frame(GUEST.app_id) is None
    assert GUEST.app_id not in window.rail.panel_ids()
    window.docks.close_or_end("crm")
    assert asked == [GUEST.app_id]
    assert not window.docks.is_open("crm")


def test_it_takes_no_key_from_the_panels_that_stay(window: MainWindow) -> None:
    def keys() -> dict[str, str | None]:
        return {one.id: one.shortcut for one in window.ui.commands.all() if one.id.startswith("panel.show.")}

    before = keys()
    window.add(GUEST)
    assert before.items() <= keys().items()


def test_a_workspace_brings_it_back_to_its_place(window: MainWindow, settle: Callable[[], None]) -> None:
    window.workspaces.guests = Guests(window)
    window.add(GUEST, QLabel("quotes"))
    window.workspaces.save_as("With quotes")
    window.remove_panel(GUEST.app_id)
    settle()
    window.workspaces.save_as("Without")
    window.workspaces.switch("With quotes")
    settle()
    assert window.docks.is_open(GUEST.app_id)
    place = window.docks._docks[GUEST.app_id].dockAreaWidget()
    assert place is window.docks._docks["analytics"].dockAreaWidget()
    window.workspaces.switch("Without")
    settle()
    assert not window.docks.is_open(GUEST.app_id)
    assert window.docks.frame(GUEST.app_id) is not None
    again = type(window.workspaces.workspaces).from_json(window.workspaces.workspaces.to_json())
    layout = again.layouts["With quotes"]
    assert layout is not None
    assert layout.guests == ({"panel": GUEST.app_id},)
