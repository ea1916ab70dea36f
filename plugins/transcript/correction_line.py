"""The line in which a word of the transcript is put right. Qt."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QWidget

from app.shell.widgets import ElidedLabel, button, icon_button


class CorrectionLine(QWidget):
    """``corrected`` with what was said and whether always; ``left`` when nothing is to be changed."""

    corrected = Signal(str, bool)
    left = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._heard = ElidedLabel("", "dim")
        self.text = QLineEdit()
        self.text.setPlaceholderText("What was said")
        self.text.setAccessibleName("What was said")
        self.once = button("Correct", tip="In this line only (Enter)")
        self.always = button("Always", "pri", tip="In this line, and in every call to come (Ctrl+Enter)")
        self.once.clicked.connect(lambda: self._done(always=False))
        self.always.clicked.connect(lambda: self._done(always=True))
        away = icon_button("x", "Leave it as it is (Esc)", size=14)
        away.clicked.connect(self.left)
        line = QHBoxLayout(self)
        line.setContentsMargins(10, 0, 8, 4)
        line.setSpacing(6)
        line.addWidget(self._heard, 1)
        line.addWidget(self.text, 2)
        for widget in (self.once, self.always, away):
            line.addWidget(widget)
        self.setFocusProxy(self.text)

    def ask(self, heard: str) -> None:
        self._heard.set_text(f"“{heard}” is")
        self.text.setText(heard)
        self.text.selectAll()
        self.show()
        self.text.setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._done(always=False)
        elif event.key() == Qt.Key.Key_Escape:
            self.left.emit()
        else:
            super().keyPressEvent(event)

    def _done(self, *, always: bool) -> None:
        self.corrected.emit(self.text.text(), always)
