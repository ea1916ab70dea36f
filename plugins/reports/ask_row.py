"""One open question about a deal, with answers by one key or typed. Qt."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from app.shell.tokens import T
from app.shell.widgets import ElidedLabel, button, heading, icon_button, set_kind
from plugins.reports import asking
from plugins.reports.asking import Question

EXAMPLES = {"quantity": "15m", "price": "1.1678"}


class AskRow(QWidget):
    """``answered`` carries the value, ``dismissed`` says that it was no deal. The row has the keyboard itself, so that
    one key answers."""

    answered = Signal(str)
    dismissed = Signal()

    def __init__(self, question: Question) -> None:
        super().__init__()
        self.question = question
        self.setObjectName("ask")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setStyleSheet(
            f"QWidget#ask{{background:{T['bg3']};border:1px solid {T['line2']};border-radius:3px}}"
            f"QWidget#ask:focus{{border-color:{T['acc']}}}"
        )
        self.setAccessibleName(f"{question.about}: {question.text}")
        no = icon_button("x", "No deal was done (N)", tint="tx3", size=12)
        no.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        no.clicked.connect(self.dismissed)
        asked = QHBoxLayout()
        asked.setSpacing(6)
        asked.addWidget(heading(question.text, 3))
        asked.addWidget(ElidedLabel(question.about), 1)
        asked.addWidget(no)
        answers = QHBoxLayout()
        answers.setSpacing(6)
        answers.addWidget(ElidedLabel(f"heard: “{question.heard}”" if question.heard else "", "dim"), 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 3, 4, 5)
        column.setSpacing(2)
        column.addLayout(asked)
        column.addLayout(answers)
        self.entry: QLineEdit | None = None
        for choice in question.choices:
            made = button(f"{choice.label}  {choice.key}", tip=f"Press {choice.key}")
            made.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            made.clicked.connect(lambda _=False, value=choice.value: self.answered.emit(value))
            answers.addWidget(made)
        if question.choices:
            self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            return
        self.entry = entry = QLineEdit()
        entry.setPlaceholderText(EXAMPLES.get(question.field, ""))
        entry.setAccessibleName(question.text)
        entry.setFixedWidth(96)
        entry.textEdited.connect(lambda _: set_kind(entry, ""))
        answers.addWidget(entry)
        self.setFocusProxy(entry)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.text().upper()
        plain = not event.modifiers() & ~Qt.KeyboardModifier.ShiftModifier
        choice = next((each for each in self.question.choices if each.key == key), None)
        if choice is not None and plain:
            self.answered.emit(choice.value)
        elif key == "N" and plain:
            self.dismissed.emit()
        elif self.entry is not None and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and plain:
            self._typed(self.entry)
        else:
            super().keyPressEvent(event)

    def _typed(self, entry: QLineEdit) -> None:
        value = asking.typed(self.question.field, entry.text())
        set_kind(entry, "" if value else "bad")
        if value:
            self.answered.emit(value)
