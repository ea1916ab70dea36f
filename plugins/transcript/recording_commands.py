"""What the trader may do about a call's recording, by name and key: pause it, note consent, forget, save a copy. Qt."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QFileDialog, QWidget

from app.services import Notice
from app.shell.commands import Command
from app.shell.resolver import Option, ask
from app.shell.ui import Ui
from plugins.transcript.app import TranscriptApp
from plugins.transcript.script import Script


class RecordingCommands(QObject):
    """The commands work from anywhere in the window; ``shown`` is the call in the panel."""

    def __init__(self, app: TranscriptApp, ui: Ui, panel: QWidget, shown: Callable[[], Script]) -> None:
        super().__init__(panel)
        self._app, self._ui, self._panel, self._shown = app, ui, panel, shown

        def add(name: str, title: str, run: Callable[[], object], keys: str | None, icon: str) -> None:
            command = Command(f"recording.{name}", f"Recording: {title}", run, keys, self._call_runs, None, icon)
            ui.commands.add(command)

        add("pause", "pause or go on", lambda: ui.run(app.pause()), "F8", "pause")
        add("agrees", "the client agrees", lambda: ui.run(app.consent(granted=True)), "Alt+F8", "check")
        add("refuses", "the client does not agree", lambda: ui.run(app.consent(granted=False)), None, "x")
        add("forget", "forget the last two minutes", self.ask_to_forget, "Ctrl+F8", "trash")
        title = "Recording: save a copy that is not encrypted"
        ui.commands.add(
            Command("recording.export", title, self.export, None, lambda: shown().recorded, None, "download")
        )

    def ask_to_forget(self) -> None:
        """It cannot be undone, so it is asked once more."""
        options = (
            Option("Keep everything", "Esc", "x"),
            Option("Forget the last two minutes", "Sound, words and what rests on them, for good", "trash"),
        )
        ask(self._ui, "Forget what was said?", options, self._forget)

    def export(self) -> None:
        """Where to is asked without stopping anything."""
        asking = QFileDialog(
            self._panel, "Save a copy of the recording that is not encrypted", "call.wav", "Sound (*.wav)"
        )
        asking.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        asking.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        interaction = self._shown().interaction_id
        asking.fileSelected.connect(lambda name: self.save_copy(interaction, Path(name)))
        asking.open()

    def save_copy(self, interaction_id: str, path: Path) -> None:
        said = Notice(f"The copy is {path}. What is masked is muted in it; it is not encrypted.", "success")
        work = self._app.export(interaction_id, path)
        self._ui.run(work, then=lambda _: self._ui.notify(said), owner=self)

    def _call_runs(self) -> bool:
        return self._app.running_call() is not None

    def _forget(self, index: int | None) -> None:
        if index == 1:
            self._ui.run(self._app.forget_last())
