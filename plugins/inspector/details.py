"""The lower part of the inspector: one message, channel, app or intent whole, as JSON that can be copied. Qt."""

from __future__ import annotations

import msgspec
from PySide6.QtGui import QGuiApplication, QTextOption
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from app.shell import theme, tokens
from app.shell.widgets import ElidedLabel, icon_button
from plugins.inspector.seen import Seen, formatted
from plugins.inspector.tables import ChannelRow, InstanceRow, IntentRow

MOST_SHOWN = 200_000
NOTHING = "Choose a row to see it whole."


class Details(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self._data = b""
        self._key: object = None
        self.title = ElidedLabel(NOTHING, "mut")
        self.copy_button = icon_button("copy", "Copy as JSON (Ctrl+Shift+C)")
        self.copy_button.clicked.connect(self.copy)
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setFont(theme.font(tokens.SMALL, mono=True))
        self.text.setWordWrapMode(QTextOption.WrapMode.NoWrap)
        self.text.setAccessibleName("The chosen row as JSON")
        head = QHBoxLayout()
        head.setContentsMargins(8, 2, 4, 2)
        head.addWidget(self.title, 1)
        head.addWidget(self.copy_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(self.text, 1)
        self.show_row(None)

    def show_row(self, row: object) -> None:
        """A row of any of the tables; the same row again changes nothing, so that reading is not disturbed."""
        title, data = _whole(row)
        if (title, data) == (self._key, self._data) and self._key is not None:
            return
        self._key, self._data = title, data
        self.title.set_text(title)
        self.copy_button.setEnabled(bool(data))
        at = self.text.verticalScrollBar().value()
        self.text.setPlainText(formatted(data, MOST_SHOWN) if data else "")
        self.text.verticalScrollBar().setValue(at)

    def can_copy(self) -> bool:
        return bool(self._data)

    def copy(self) -> None:
        QGuiApplication.clipboard().setText(formatted(self._data))


def _whole(row: object) -> tuple[str, bytes]:
    match row:
        case Seen():
            ends = ", ".join(party.label for party in row.parties)
            return f"{row.kind} {'from' if row.direction == 'in' else 'to'} {ends}", row.data
        case ChannelRow():
            contexts = {kind: msgspec.Raw(raw) for kind, raw in reversed(row.channel.contexts)}
            whole = {"id": row.id, "type": row.channel.type, "members": row.members, "currentContexts": contexts}
            return row.channel.name or f"Channel {row.id}", msgspec.json.encode(whole)
        case InstanceRow():
            return f"{row.instance.app_id}, instance {row.id}", msgspec.json.encode(row.instance)
        case IntentRow(late=Seen() as late):
            return f"{late.kind}: {late.error}", late.data
        case IntentRow():
            return f"{row.intent}: {row.state}", msgspec.json.encode(row.pending)
        case _:
            return NOTHING, b""
