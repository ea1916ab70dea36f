"""Panels that are opened when asked for and end when they are closed: they cost nothing in between."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from app.desk.manifest import BadManifest, Dock, manifest_of
from app.services import Notice
from app.shell.commands import Command
from app.shell.panels import Panel
from fdc3.directory import AppRecord

if TYPE_CHECKING:
    from app.desk.program import Program


def dock_on_demand(record: AppRecord) -> Dock | None:
    """The place of an app of the desk itself that starts on demand and has a panel; None for any other app."""
    try:
        manifest = manifest_of(record)
    except BadManifest:
        return None
    return manifest.dock if manifest.app and manifest.view and manifest.start == "on-demand" else None


class OnDemand(QObject):
    """One command of the palette for each such app. ``opened`` by whoever makes the panel's widget.

    Places panels before the desk is open, too: their apps begin when it is.
    """

    def __init__(self, program: Program) -> None:
        super().__init__(program)
        self._program = program
        self._docks: dict[str, tuple[str, Dock]] = {}
        self._running: set[str] = set()
        self._early: list[str] = []
        for record in program.directory:
            dock = dock_on_demand(record)
            if dock is not None:
                title = dock.title or record.title
                self._docks[record.app_id] = (title, dock)
                program.ui.commands.add(
                    Command(
                        f"app.open.{record.app_id}", f"Open {title}", partial(self.open, record.app_id), icon=dock.icon
                    )
                )
        program.window.docks.close_asked.connect(self.close)

    def begin(self) -> None:
        """The agent runs: what was placed before is started."""
        early, self._early = self._early, []
        for app_id in early:
            self._start(app_id)

    def open(self, app_id: str) -> None:
        """Brings its panel to the front, starting the app if it does not run."""
        if self._program.running_core is None:
            self._program.ui.notify(Notice("The desk is still opening. Try again in a moment."))
            return
        self._place(app_id)
        self._program.window.focus_panel(app_id)
        self._start(app_id)

    def close(self, app_id: str) -> None:
        """The user closes one of these panels, which ends its app."""
        if app_id not in self._docks:
            return
        self._running.discard(app_id)
        self._early = [early for early in self._early if early != app_id]
        self._program.panels.pop(app_id, None)
        self._program.window.remove_panel(app_id)
        if (core := self._program.running_core) is not None:
            self._program.ui.run(core.stop_app(app_id))

    def opened(self, app_id: str) -> None:
        """The app runs, at our word or another app's; its widget is about to be put into its dock."""
        if app_id in self._docks:
            self._place(app_id)
            self._running.add(app_id)
            if not self._program.window.docks.is_open(app_id):
                self._program.window.show_panel(app_id)

    # Guests: with web apps, the panels that workspaces bring back

    def has(self, app_id: str) -> bool:
        """Whether it is one of these apps."""
        return app_id in self._docks

    def saved(self) -> Sequence[Mapping[str, str]]:
        docks = self._program.window.docks
        return [{"panel": app_id, "app": app_id} for app_id in self._docks if docks.is_open(app_id)]

    def restore(self, saved: Sequence[Mapping[str, str]]) -> None:
        for app_id in [guest["app"] for guest in saved]:
            if self._program.window.docks.frame(app_id) is None:
                self._place(app_id)
                self._start(app_id)

    def _place(self, app_id: str) -> None:
        """Its dock, loading, if it has none yet."""
        if self._program.window.docks.frame(app_id) is None:
            title, dock = self._docks[app_id]
            self._program.window.add(Panel(app_id, title, dock.icon, dock.area, dock.order, ends=True))

    def _start(self, app_id: str) -> None:
        core = self._program.running_core
        if core is None:
            self._early.append(app_id)
        elif app_id not in self._running:
            self._running.add(app_id)
            self._program.ui.run(core.host.launch(app_id), failed=lambda error: self._failed(app_id, error), owner=self)

    def _failed(self, app_id: str, error: Exception) -> None:
        self._running.discard(app_id)
        frame = self._program.window.docks.frame(app_id)
        if frame is not None and frame.state == "loading":  # else the app's own reason stands there already
            frame.set_stopped(str(error) or type(error).__name__)
