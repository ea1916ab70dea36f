"""A refused change on a page, to be put right and sent again. Qt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QScrollArea, QVBoxLayout, QWidget

from app.shell.widgets import button, field, heading, label, separator
from app.sync.quarantine import Said


class NotThat(ValueError):
    """The text is not a value of that kind."""


def editable(said: Said) -> bool:
    """Whether a person can write this value; ids and structures are the program's."""
    if said.field.endswith("_id"):
        return False
    return said.value is None or isinstance(said.value, str | int | float)


def written(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)


def as_value(text: str, was: Any) -> Any:
    """What the text says, as a value of the kind that was there. Raises NotThat."""
    if isinstance(was, bool):
        if text.strip().lower() not in ("yes", "no"):
            raise NotThat
        return text.strip().lower() == "yes"
    if was is None or isinstance(was, str):
        return text if text or was is not None else None
    try:
        return int(text) if isinstance(was, int) else float(text)
    except ValueError as error:
        raise NotThat from error


class EditPage(QWidget):
    """``sent`` carries the fields that were changed; ``closed`` by Esc."""

    sent = Signal(object)
    closed = Signal()

    def __init__(self, record: str, reason: str, said: Sequence[Said]) -> None:
        super().__init__()
        self.setAccessibleName("Edit a refused change")
        self.lines = {each: QLineEdit(written(each.value)) for each in said if editable(each)}
        self.complaint = label(reason, "warn")
        self.complaint.setWordWrap(True)
        fields = QWidget()
        column = QVBoxLayout(fields)
        column.setContentsMargins(14, 8, 14, 8)
        column.setSpacing(6)
        for each, line in self.lines.items():
            line.returnPressed.connect(self._send)
            column.addWidget(field(each.field.replace("_", " "), line))
        column.addStretch(1)
        scroll = QScrollArea()
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(fields)
        foot = QHBoxLayout()
        foot.setContentsMargins(14, 8, 12, 10)
        foot.addStretch(1)
        self.send = button("Send again", "pri")
        self.send.clicked.connect(lambda _=False: self._send())
        foot.addWidget(self.send)
        page = QVBoxLayout(self)
        page.setContentsMargins(0, 10, 0, 0)
        page.setSpacing(6)
        for words in (heading(record), self.complaint):
            words.setContentsMargins(14, 0, 14, 0)
            page.addWidget(words)
        page.addWidget(separator())
        page.addWidget(scroll, 1)
        page.addWidget(separator())
        page.addLayout(foot)
        self.setFocusProxy(next(iter(self.lines.values()), self.send))

    def sizeHint(self) -> QSize:
        return QSize(440, min(560, 170 + 48 * len(self.lines)))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
        else:
            super().keyPressEvent(event)

    def _send(self) -> None:
        edited = []
        for said, line in self.lines.items():
            if line.text() != written(said.value):
                try:
                    edited.append(replace(said, value=as_value(line.text(), said.value)))
                except NotThat:
                    self.complaint.setText(f"{said.field.replace('_', ' ')} does not read like that.")
                    line.setFocus()
                    return
        self.sent.emit(edited)
