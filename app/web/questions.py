"""Questions and remarks in a strip over a web page: never modal, answered by keyboard or mouse, gone when answered."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QSizePolicy, QVBoxLayout, QWidget

from app.shell import icons
from app.shell.widgets import button, icon_button, label


class Question(QWidget):
    """One question. ``done`` once, with the number of the button pressed, or None when it was dismissed (Esc)."""

    done = Signal(object)

    def __init__(self, text: str, *answers: str, icon: str = "help", fields: tuple[QLineEdit, ...] = ()) -> None:
        super().__init__()
        self.setObjectName("question")
        self.setAccessibleName(text)
        self._open = True
        box = QVBoxLayout(self)
        box.setContentsMargins(10, 6, 8, 6)
        box.setSpacing(6)
        line = QHBoxLayout()
        line.setSpacing(8)
        picture = QLabel()
        picture.setPixmap(icons.icon(icon, "warn", 14).pixmap(14, 14))
        line.addWidget(picture)
        self.text = label(text)
        self.text.setWordWrap(True)
        self.text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.MinimumExpanding)
        line.addWidget(self.text, 1)
        self._fields = fields
        self.buttons = []
        for number, answer in enumerate(answers):
            made = button(answer, "pri" if number == 0 else "ghost")
            made.clicked.connect(lambda _=False, number=number: self.answer(number))
            self.buttons.append(made)
        close = icon_button("x", "Dismiss", size=12)
        close.clicked.connect(lambda _=False: self.answer(None))
        box.addLayout(line)
        row = line
        if fields:
            line.addWidget(close, 0, Qt.AlignmentFlag.AlignTop)
            row = QHBoxLayout()
            row.setSpacing(6)
            box.addLayout(row)
        for field in fields:
            row.addWidget(field, 1)
            field.returnPressed.connect(lambda: self.answer(0))
        for made in self.buttons:
            row.addWidget(made)
        if not fields:
            line.addWidget(close)

    def answer(self, number: int | None) -> None:
        if self._open:
            self._open = False
            self.done.emit(number)

    def take_focus(self) -> None:
        target = self._fields[0] if self._fields else self.buttons[0] if self.buttons else self
        target.setFocus(Qt.FocusReason.PopupFocusReason)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.answer(None)
        else:
            super().keyPressEvent(event)


def secret_field(hint: str) -> QLineEdit:
    made = QLineEdit()
    made.setEchoMode(QLineEdit.EchoMode.Password)
    made.setPlaceholderText(hint)
    made.setAccessibleName(hint)
    return made


def text_field(hint: str, text: str = "") -> QLineEdit:
    made = QLineEdit(text)
    made.setPlaceholderText(hint)
    made.setAccessibleName(hint)
    return made


class Questions(QWidget):
    """The strip: questions one under the other, each asked once at a time by its ``key``."""

    def __init__(self) -> None:
        super().__init__()
        self._box = QVBoxLayout(self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.setSpacing(1)
        self._open: dict[str, Question] = {}
        self.hide()

    def ask(self, key: str, question: Question, answered: Callable[[int | None], None]) -> None:
        """A question with the key of one that is open takes its place; the old one is dismissed."""
        if key in self._open:
            self._open[key].answer(None)
        self._open[key] = question
        question.done.connect(lambda number: self._answered(key, question, number, answered))
        self._box.addWidget(question)
        self.show()

    def open(self) -> list[Question]:
        return list(self._open.values())

    def dismiss_all(self) -> None:
        for question in self.open():
            question.answer(None)

    def _answered(
        self, key: str, question: Question, number: int | None, answered: Callable[[int | None], None]
    ) -> None:
        if self._open.get(key) is question:
            del self._open[key]
        self._box.removeWidget(question)
        question.hide()
        question.deleteLater()
        self.setVisible(bool(self._open))
        answered(number)
