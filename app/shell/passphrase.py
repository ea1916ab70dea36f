"""Windows shown before the desk is there: the passphrase, and progress of the first run."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QCloseEvent, QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QProgressBar, QVBoxLayout, QWidget

from app.shell import icons
from app.shell.widgets import button, field, heading, label

LEAST = 12
"""Characters a passphrase needs: it guards the key of every record."""


def _brand() -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(7)
    mark = QLabel()
    mark.setPixmap(icons.icon("logo", "acc", 16).pixmap(16, 16))
    row.addWidget(mark)
    row.addWidget(heading("Deskline"))
    row.addStretch()
    return row


class PassphraseWindow(QWidget):
    """Asks for the passphrase, twice when it is being chosen. Not modal, no nested loop.

    ``given`` carries it; the window stays, busy, until ``refuse`` (wrong: a sentence, try again) or ``close``.
    ``cancelled`` when the user closes it instead.
    """

    given = Signal(str)
    cancelled = Signal()

    def __init__(self, *, choosing: bool) -> None:
        super().__init__()
        self._choosing = choosing
        self._done = False
        self.setObjectName("root")
        self.setWindowTitle("Deskline")
        self.setFixedWidth(420)
        box = QVBoxLayout(self)
        box.setContentsMargins(24, 20, 24, 20)
        box.setSpacing(10)
        box.addLayout(_brand())
        box.addSpacing(6)
        box.addWidget(heading("Choose a passphrase" if choosing else "Enter your passphrase", 1))
        text = label(
            "This computer has no keyring, so a passphrase protects the key of your records. "
            "Without it they cannot be read again: there is no way to reset it."
            if choosing
            else "It unlocks the records on this computer.",
            "mut",
        )
        text.setWordWrap(True)
        box.addWidget(text)
        self.entry = self._secret()
        box.addWidget(field("Passphrase", self.entry))
        self.again = self._secret()
        if choosing:
            box.addWidget(field("The same again", self.again))
        hint = f"At least {LEAST} characters; a few words are easy to remember." if choosing else ""
        self.complaint = label(hint, "dim")
        self.complaint.setWordWrap(True)
        box.addWidget(self.complaint)
        row = QHBoxLayout()
        quit_button = button("Quit", "ghost")
        quit_button.clicked.connect(self._quit)
        self.take_button = button("Continue" if choosing else "Unlock", "pri")
        self.take_button.clicked.connect(self._take)
        row.addStretch()
        row.addWidget(quit_button)
        row.addWidget(self.take_button)
        box.addLayout(row)
        self.entry.setFocus()

    def _secret(self) -> QLineEdit:
        made = QLineEdit()
        made.setEchoMode(QLineEdit.EchoMode.Password)
        made.setMaxLength(512)
        made.returnPressed.connect(self._take)
        return made

    def refuse(self, text: str) -> None:
        """Says why it was not taken, and lets the user try again."""
        self._busy(False)
        self._complain(text)
        self.entry.selectAll()
        self.entry.setFocus()

    def accept(self) -> None:
        """It was right: closes without ``cancelled``."""
        self._done = True
        self.close()

    def _take(self, _checked: bool = False) -> None:
        text = self.entry.text()
        if self._choosing and len(text) < LEAST:
            self._complain(f"Please use at least {LEAST} characters.")
            self.entry.setFocus()
        elif self._choosing and not self.again.text():
            self.again.setFocus()
        elif self._choosing and self.again.text() != text:
            self._complain("The two are not the same. Type the second one again.")
            self.again.selectAll()
            self.again.setFocus()
        elif text:
            self._busy(True)
            self.given.emit(text)

    def _busy(self, busy: bool) -> None:
        for widget in (self.entry, self.again, self.take_button):
            widget.setEnabled(not busy)
        if busy:
            self.complaint.setProperty("k", "dim")
            self.complaint.setText("One moment …")

    def _complain(self, text: str) -> None:
        self.complaint.setProperty("k", "dn")
        self.complaint.style().unpolish(self.complaint)
        self.complaint.style().polish(self.complaint)
        self.complaint.setText(text)

    def _quit(self, _checked: bool = False) -> None:
        self.close()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.close()
        else:
            super().keyPressEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        if not self._done:
            self._done = True
            self.cancelled.emit()
        super().closeEvent(event)


class ProgressWindow(QWidget):
    """What the first run is doing: building the demo desk, bringing records to a new version."""

    def __init__(self, title: str) -> None:
        super().__init__()
        self.setObjectName("root")
        self.setWindowTitle("Deskline")
        self.setFixedWidth(420)
        box = QVBoxLayout(self)
        box.setContentsMargins(24, 20, 24, 24)
        box.setSpacing(10)
        box.addLayout(_brand())
        box.addSpacing(6)
        box.addWidget(heading(title, 1))
        self.step = label("", "mut")
        self.step.setWordWrap(True)
        box.addWidget(self.step)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setRange(0, 0)
        self.bar.setAccessibleName(title)
        box.addWidget(self.bar)

    def set_progress(self, text: str, done: int, total: int) -> None:
        """``total`` 0 is progress without an end in sight. On the UI thread: use ``Ui.post`` from others."""
        self.step.setText(text)
        self.bar.setRange(0, total)
        self.bar.setValue(min(done, total))
