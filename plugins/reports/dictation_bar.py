"""The line of the popup that shows a dictation, and the microphone behind it. Qt."""

from __future__ import annotations

import asyncio
import wave
from collections.abc import Callable

from PySide6.QtWidgets import QHBoxLayout, QWidget

from app.conversation.dictation import Dictated
from app.services import Notice
from app.shell import sound_thread
from app.shell.microphone import Microphone, find_microphone
from app.shell.ui import Ui
from app.shell.widgets import ElidedLabel, button, pill, set_kind
from plugins.reports.app import ReportsApp

NONE = "No microphone was found. Connect one, check the system's sound settings, and press F7 again."


class DictationBar(QWidget):
    """Hidden while nobody dictates. ``toggle`` begins and ends; the notes are filled by the app."""

    def __init__(self, app: ReportsApp, ui: Ui, find: Callable[[str], Microphone | None] = find_microphone) -> None:
        super().__init__()
        self._dictating, self._ui, self._find = app.dictating, ui, find
        self._microphone: Microphone | None = None
        self._pill = pill("Listening", "dn")
        self._words = ElidedLabel("", "dim")
        self._end = button("Done  F7")
        self._end.clicked.connect(self.end)
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(8)
        line.addWidget(self._pill)
        line.addWidget(self._words, 1)
        line.addWidget(self._end)
        self.hide()
        ui.bind(self._dictating.state, self._show, self)

    @property
    def running(self) -> bool:
        return self._microphone is not None

    def toggle(self, report_id: str) -> None:
        if self.running:
            self.end()
        else:
            self._ui.run(asyncio.to_thread(sound_thread.load), then=lambda _: self._begin(report_id), owner=self)

    def end(self) -> None:
        """The trader has said all; what was said is read carefully once more."""
        if self._close():
            self._ui.run(self._dictating.stop(), owner=self)

    def _begin(self, report_id: str) -> None:
        if self.running:
            return
        try:
            found = self._find(self._dictating.microphone_file)
        except (OSError, wave.Error, EOFError) as error:
            self._ui.notify(Notice(f"The sound file for the microphone cannot be used: {error}", "warning"))
            return
        if found is None:
            self._ui.notify(Notice(NONE, "warning"))
            return
        found.setParent(self)
        self._microphone = found
        found.heard.connect(lambda pcm: self._ui.run(self._dictating.hear(pcm), owner=self))
        found.failed.connect(self._failed)
        self._ui.run(
            self._dictating.start(report_id, found.rate),
            then=lambda _: self._started(found),
            failed=lambda error: self._failed(str(error)),
            owner=self,
        )

    def _started(self, found: Microphone) -> None:
        if found is self._microphone:
            found.start()

    def _failed(self, sentence: str) -> None:
        self._ui.notify(Notice(sentence, "warning"))
        self.end()

    def _close(self) -> bool:
        found, self._microphone = self._microphone, None
        if found is not None:
            found.stop()
            found.deleteLater()
        return found is not None

    def _show(self, now: Dictated | None) -> None:
        self.setVisible(now is not None)
        if now is None:
            return
        name = self._microphone.name if self._microphone is not None else ""
        text, kind = {
            "listening": ("Listening", "dn"),
            "finishing": ("Reading it once more", ""),
            "done": ("Not written to its end", "warn"),
        }[now.phase]
        self._pill.setText(text)
        set_kind(self._pill, f"pill{kind}")
        self._words.set_text(now.trouble or now.partial or (f"Speak your notes · {name}" if not now.text else name))
        self._words.setToolTip(now.trouble or name)
        self._end.setVisible(now.phase == "listening")
        if now.phase != "listening":
            self._close()
