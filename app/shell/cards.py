"""A list of two-line cards: calls and chats, interactions, people. Painted from the cards by one delegate."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from app.shell import icons, theme, tokens
from app.shell.table_paint import CellPainter, Elider
from app.shell.tokens import T, color

Index = QModelIndex | QPersistentModelIndex
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_GROUNDS = {"up": "upbg", "dn": "dnbg", "warn": "warnbg", "acc": "accbg"}


@dataclass(frozen=True, slots=True)
class Card:
    """Two lines with an icon in a disc. ``tone`` ("", "up", "dn", "warn", "acc") colours the icon.

    At the right: ``aside`` over either a count ``badge`` or a ``mark`` icon with its own ``mark_tone``.
    """

    key: str
    title: str
    subtitle: str = ""
    icon: str = "phone"
    tone: str = ""
    aside: str = ""
    aside_tone: str = "tx3"
    badge: int = 0
    mark: str = ""
    mark_tone: str = "up"
    data: Any = None


class _CardPainter(QStyledItemDelegate):
    def __init__(self, parent: CardList) -> None:
        super().__init__(parent)
        self._list = parent
        self._title = Elider(theme.font(weight=QFont.Weight.Medium))
        self._small = Elider(theme.font(tokens.SMALL))
        self._badge = theme.font(tokens.CAP, QFont.Weight.Bold)

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(120, tokens.CARD)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        card = self._list.cards[index.row()]
        rect: QRect = option.rect
        state: QStyle.StateFlag = option.state
        if state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, QColor(T["sel"]))
            painter.fillRect(QRect(rect.left(), rect.top(), 2, rect.height()), QColor(T["acc"]))
        elif state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(rect, QColor(T["bg2"]))
        painter.setPen(QPen(QColor(T["line"])))
        painter.drawLine(rect.left() + 42, rect.bottom(), rect.right(), rect.bottom())
        self._disc(painter, rect, card)
        right = rect.right() - 10
        upper = QRect(rect.left() + 42, rect.top() + 6, right - rect.left() - 42, 17)
        lower = upper.translated(0, 17)
        upper = self._aside(painter, upper, card)
        lower = self._mark(painter, lower, card)
        painter.setFont(self._title.font)
        painter.setPen(QColor(T["tx1"]))
        painter.drawText(upper, _LEFT, self._title.cut(card.title, upper.width()))
        painter.setFont(self._small.font)
        painter.setPen(QColor(T["tx2"]))
        painter.drawText(lower, _LEFT, self._small.cut(card.subtitle, lower.width()))

    def _disc(self, painter: QPainter, rect: QRect, card: Card) -> None:
        disc = QRectF(rect.left() + 10, rect.top() + 11, 24, 24)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(T[_GROUNDS.get(card.tone, "bg3")]))
        painter.drawEllipse(disc)
        painter.restore()
        picture = icons.pixmap(card.icon, card.tone or "tx2", 13, self._ratio())
        painter.drawPixmap(int(disc.left() + 5.5), int(disc.top() + 5.5), picture)

    def _aside(self, painter: QPainter, line: QRect, card: Card) -> QRect:
        if not card.aside:
            return line
        painter.setFont(self._small.font)
        painter.setPen(QColor(color(card.aside_tone)))
        painter.drawText(line, _RIGHT, card.aside)
        return line.adjusted(0, 0, -self._small.metrics.horizontalAdvance(card.aside) - 8, 0)

    def _mark(self, painter: QPainter, line: QRect, card: Card) -> QRect:
        if card.badge:
            box = QRectF(line.right() - 16, line.top() + 1.5, 17, 14)
            painter.save()
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(T["acc"]))
            painter.drawRoundedRect(box, 7, 7)
            painter.restore()
            painter.setFont(self._badge)
            painter.setPen(QColor(T["onacc"]))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, str(min(card.badge, 99)))
            return line.adjusted(0, 0, -24, 0)
        if card.mark:
            picture = icons.pixmap(card.mark, card.mark_tone, 13, self._ratio())
            painter.drawPixmap(line.right() - 12, line.top() + 2, picture)
            return line.adjusted(0, 0, -20, 0)
        return line

    def _ratio(self) -> int:
        return max(1, round(self._list.devicePixelRatioF()))


class _CardModel(QAbstractListModel):
    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.cards: list[Card] = []

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.cards)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self.cards):
            return None
        card = self.cards[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return card.title
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return ", ".join(part for part in (card.title, card.subtitle, card.aside) if part)
        return None


class CardList(QListView):
    """Cards, one below the other. ``chosen`` with the card that became current, ``activated`` on Enter."""

    activated = Signal(object)
    chosen = Signal(object)

    def __init__(self, empty: str = "Nothing here yet", *, name: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._empty = empty
        self._model = _CardModel(self)
        self.setAccessibleName(name or empty)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setModel(self._model)
        self.setItemDelegate(_CardPainter(self))
        self.selectionModel().currentChanged.connect(self._current_changed)

    @property
    def cards(self) -> list[Card]:
        return self._model.cards

    def set_cards(self, cards: Iterable[Card]) -> None:
        """Replaces the cards; the current one, by key, and the scroll position stay. Same keys: only repaints."""
        fresh = list(cards)
        if [card.key for card in fresh] == [card.key for card in self._model.cards]:
            self._model.cards = fresh
            self.viewport().update()
            return
        current = self.current()
        top = self.verticalScrollBar().value()
        self._model.beginResetModel()
        self._model.cards = fresh
        self._model.endResetModel()
        if current is not None:
            self.set_current(current.key)
        self.verticalScrollBar().setValue(top)

    def current(self) -> Card | None:
        row = self.currentIndex().row()
        return self._model.cards[row] if 0 <= row < len(self._model.cards) else None

    def set_current(self, key: str) -> bool:
        """Makes a card current without ``chosen``; False if there is none with this key."""
        for row, card in enumerate(self._model.cards):
            if card.key == key:
                self.selectionModel().blockSignals(True)
                self.setCurrentIndex(self._model.index(row, 0))
                self.selectionModel().blockSignals(False)
                self.viewport().update()
                return True
        return False

    def set_empty(self, text: str) -> None:
        self._empty = text
        self.viewport().update()

    def _current_changed(self, current: QModelIndex, _previous: QModelIndex) -> None:
        card = self.current()
        if current.isValid() and card is not None:
            self.chosen.emit(card)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        card = self.current()
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and card is not None:
            self.activated.emit(card)
        else:
            super().keyPressEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        card = self.current()
        if card is not None and self.indexAt(event.position().toPoint()).isValid():
            self.activated.emit(card)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self._model.cards and self._empty:
            painter = QPainter(self.viewport())
            CellPainter.paint_empty(painter, self.viewport().rect(), self._empty)
            painter.end()
