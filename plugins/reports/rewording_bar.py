"""The line of the popup that shows a rewording of the summary: under way, done and to be undone, or refused. Qt."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future

from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QSizePolicy, QWidget

from app.shell.ui import Ui
from app.shell.widgets import button, icon_button, label, set_kind
from nlp.summary.local_model import LocalModel, NotReworded
from plugins.reports.editors import TextEditor

CHANGED = "The reworded text was not taken: the summary was changed meanwhile, and stays as it is."
FAILED = "The summary was not reworded: {}"


class RewordingBar(QWidget):
    """Hidden until a summary is reworded. The editor stays the trader's: what changed meanwhile is never replaced."""

    def __init__(self, model: LocalModel | None, ui: Ui, editor: Callable[[], TextEditor]) -> None:
        super().__init__()
        self._model, self._ui, self._editor = model, ui, editor
        self._asked: Future[str] | None = None
        self._turn = 0
        self._before = self._after = ""
        self._words = label("")
        self._words.setWordWrap(True)
        self._words.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._progress = QProgressBar()
        self._progress.setRange(0, 0)
        self._progress.setTextVisible(False)
        self._progress.setFixedSize(60, 6)
        self._cancel = button("Cancel", tip="Esc")
        self._cancel.clicked.connect(self.cancel)
        self._undo = button("Undo", tip="The summary as it was")
        self._undo.clicked.connect(self._bring_back)
        self._away = icon_button("x", "Close this line", size=12)
        self._away.clicked.connect(self.hide)
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(8)
        line.addWidget(self._progress)
        line.addWidget(self._words, 1)
        for widget in (self._cancel, self._undo, self._away):
            line.addWidget(widget)
        self.hide()

    @property
    def running(self) -> bool:
        return self._asked is not None

    def begin(self) -> None:
        """Asks for the summary in other words; one at a time, and not for nothing."""
        summary = self._editor().text.toPlainText()
        if self._model is None or self.running or not summary.strip():
            return
        self._say("Rewording the summary…")
        turn = self._turn
        self._asked = self._ui.run(
            self._model.reword(summary),
            then=lambda text: self._take(turn, summary, text),
            failed=lambda error: self._refused(turn, error),
            owner=self,
        )
        self._show_buttons()

    def cancel(self) -> bool:
        """Ends a rewording that is under way; false if none is."""
        asked, self._asked = self._asked, None
        if asked is None:
            return False
        self._turn += 1
        asked.cancel()
        self.hide()
        return True

    def leave(self) -> None:
        """Another report comes to the front, or none."""
        self.cancel()
        self.hide()

    def follow(self, summary: str) -> None:
        """The summary was written on: what there was to undo is the editor's own now."""
        if not self.running and self._undo.isVisibleTo(self) and summary != self._after:
            self.hide()

    def _take(self, turn: int, summary: str, text: str) -> None:
        if turn != self._turn:  # cancelled as the answer came
            return
        self._asked = None
        editor = self._editor()
        if editor.text.toPlainText() != summary:
            self._say(CHANGED, "warn")
        elif text == summary:
            self._say("The language model would write the summary as it is.")
        else:
            self._before, self._after = summary, text
            editor.replace(text)
            self._say("Reworded: the numbers, names and days are those of the summary.")
            self._show_buttons(undo=True)

    def _refused(self, turn: int, error: Exception) -> None:
        if turn != self._turn:
            return
        self._asked = None
        self._say(str(error) if isinstance(error, NotReworded) else FAILED.format(error), "warn")

    def _bring_back(self) -> None:
        editor = self._editor()
        if editor.text.toPlainText() == self._after:
            editor.replace(self._before)
        self.hide()

    def _say(self, words: str, kind: str = "mut") -> None:
        self._words.setText(words)
        set_kind(self._words, kind)
        self._show_buttons()
        self.show()

    def _show_buttons(self, *, undo: bool = False) -> None:
        self._progress.setVisible(self.running)
        self._cancel.setVisible(self.running)
        self._undo.setVisible(undo)
        self._away.setVisible(not self.running)
