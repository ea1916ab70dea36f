"""The card that tells of a crash on the next start: what is safe, the details, and a way to copy them."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPlainTextEdit, QVBoxLayout, QWidget

from app.shell import icons, theme, tokens
from app.shell.ui import Ui
from app.shell.widgets import button, heading, label


class CrashCard(QWidget):
    """Non-modal; Esc or Dismiss closes it."""

    dismissed = Signal()

    def __init__(self, details: str) -> None:
        super().__init__()
        self.setAccessibleName("Deskline closed unexpectedly")
        box = QVBoxLayout(self)
        box.setContentsMargins(14, 12, 14, 12)
        box.setSpacing(8)
        head = QHBoxLayout()
        picture = QLabel()
        picture.setPixmap(icons.icon("alert", "warn", 18).pixmap(18, 18))
        head.addWidget(picture)
        head.addWidget(heading("Deskline closed unexpectedly"), 1)
        box.addLayout(head)
        text = label(
            "Saved records, report drafts and recordings are as you left them. "
            "The details below name places in the program, no clients; support may ask for them.",
            "mut",
        )
        text.setWordWrap(True)
        box.addWidget(text)
        self.details = QPlainTextEdit(details)
        self.details.setReadOnly(True)
        self.details.setFont(theme.font(tokens.SMALL, mono=True))
        self.details.setAccessibleName("Details")
        self.details.setTabChangesFocus(True)
        self.details.setFixedHeight(130)
        self.details.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        box.addWidget(self.details)
        row = QHBoxLayout()
        self.copy_button = button("Copy details", icon="copy")
        self.copy_button.clicked.connect(self.copy)
        self.dismiss_button = button("Dismiss", "pri")
        self.dismiss_button.clicked.connect(self._dismiss)
        row.addWidget(self.copy_button)
        row.addStretch()
        row.addWidget(self.dismiss_button)
        box.addLayout(row)
        self.setFocusProxy(self.dismiss_button)

    def copy(self, _checked: bool = False) -> None:
        QGuiApplication.clipboard().setText(self.details.toPlainText())

    def _dismiss(self, _checked: bool = False) -> None:
        self.dismissed.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.dismissed.emit()
        else:
            super().keyPressEvent(event)


def show_crash(ui: Ui, details: str) -> CrashCard:
    """Shows the card over the first columns, out of the way of a call that comes in."""
    card = CrashCard(details)

    def close() -> None:
        ui.close_popup(card)
        card.deleteLater()

    card.dismissed.connect(close)
    ui.show_popup(card, "followups")
    return card
