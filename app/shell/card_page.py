"""A page of cards: a line of controls over a list. Qt."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.shell.cards import CardList
from app.shell.widgets import icon_button


class CardPage(QWidget):
    """``list`` holds the cards. A page that stands in place of another one says where ``back`` leads: then ``left``
    comes on Esc and from the cross at the end of the line."""

    left = Signal()

    def __init__(self, empty: str, *, name: str, back: str = "") -> None:
        super().__init__()
        self._back = back
        self._line = QHBoxLayout()
        self._line.setContentsMargins(8, 4, 8, 4)
        self._line.setSpacing(6)
        self._line.addStretch()
        self._behind = 1
        if back:
            away = icon_button("x", f"{back} (Esc)", size=14)
            away.clicked.connect(self.left)
            self._line.addWidget(away)
            self._behind = 2
        self.list = CardList(empty, name=name)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(self._line)
        column.addWidget(self.list, 1)
        self.setFocusProxy(self.list)

    def add(self, widget: QWidget, stretch: int = 0) -> None:
        """Puts a control at the end of the line, before the cross."""
        self._line.insertWidget(self._line.count() - self._behind, widget, stretch)

    def choose(self, row: int) -> None:
        """Makes the card of a row current; beyond either end, the one there."""
        if self.list.cards:
            last = len(self.list.cards) - 1
            self.list.setCurrentIndex(self.list.model().index(max(0, min(row, last)), 0))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self._back:
            self.left.emit()
        else:
            super().keyPressEvent(event)
