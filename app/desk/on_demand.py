"""Panels that are opened when asked for and end when they are closed: they cost nothing in between."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from app.desk.manifest import BadManifest, Dock, manifest_of
from app.services import Notice
from app.shell.commands import Command
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
    """One command of the palette for each such app. ``opened`` by whoever makes the panel's widget."""

    def __init__(self, program: Program) -> None:
        super().__init__(program)
        self._program = program
        self._docks: dict[str, tuple[str, Dock]] = {}
        self._running: set[str] = set()
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
        program.window.docks.changed.connect(self._end_closed)

    def open(self, app_id: str) -> None:
        """Brings its panel to the front, starting the app if it does not run."""
        core = self._program.running_core
        if core is None:
            self._program.ui.notify(Notice("The desk is still opening. Try again in a moment."))
            return
        self.place(app_id)
        self._program.window.focus_panel(app_id)
        if app_id not in self._running:
            self._running.add(app_id)
            self._program.ui.run(core.host.launch(app_id), failed=lambda error: self._failed(app_id, error), owner=self)

    def place(self, app_id: str) -> None:
        """Its dock, loading, if it has none yet. Another app's ``open`` of it comes here as well."""
        known = self._docks.get(app_id)
        window = self._program.window
        if known is not None and window.docks.frame(app_id) is None:
            title, dock = known
            window.add_panel(app_id, title, dock.icon, None, dock.area, order=dock.order)

    def opened(self, app_id: str) -> None:
        """The app runs; its widget is about to be put into its dock."""
        if app_id in self._docks:
            self.place(app_id)
            self._running.add(app_id)
            if not self._program.window.docks.is_open(app_id):
                self._program.window.show_panel(app_id)

    def _failed(self, app_id: str, error: Exception) -> None:
        self._running.discard(app_id)
        frame = self._program.window.docks.frame(app_id)
        if frame is not None and frame.state == "loading":  # else the app's own reason stands there already
            frame.set_stopped(str(error) or type(error).__name__)

    def _end_closed(self) -> None:
        docks = self._program.window.docks
        for app_id in [each for each in self._running if not docks.is_open(each)]:
            core, frame = self._program.running_core, docks.frame(app_id)
            if core is None or frame is None:
                continue
            self._running.discard(app_id)
            self._program.panels.pop(app_id, None)
            frame.set_loading()
            self._program.ui.run(core.stop_app(app_id))
