"""How a record table's cells and header are painted: straight from the record, without asking the model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QHeaderView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from app.shell import icons, theme, tokens
from app.shell.tokens import T, color

if TYPE_CHECKING:
    from app.shell.table_columns import Column

PAD = 6
_FLAGS = {
    "left": Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter,
    "right": Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter,
    "center": Qt.AlignmentFlag.AlignCenter,
}
PILLS = {
    "": ("bg3", "tx2"),
    "mut": ("bg3", "tx2"),
    "acc": ("accbg", "acctx"),
    "up": ("upbg", "up"),
    "dn": ("dnbg", "dn"),
    "warn": ("warnbg", "warn"),
}
"""Pill kind to its ground and text colours."""


class Elider:
    """Cuts text to a width and remembers the cut: prices repeat, measuring is what costs."""

    def __init__(self, font: QFont) -> None:
        self.font = font
        self.metrics = QFontMetrics(font)
        self._cuts: dict[tuple[str, int], str] = {}

    def cut(self, text: str, width: int) -> str:
        kept = self._cuts.get((text, width))
        if kept is None:
            if len(self._cuts) > 4096:
                self._cuts.clear()
            kept = self.metrics.elidedText(text, Qt.TextElideMode.ElideRight, width)
            self._cuts[(text, width)] = kept
        return kept


class CellPainter(QStyledItemDelegate):
    """Paints every cell of a table from its row and column."""

    def __init__(self, columns: Sequence[Column], row_at: Callable[[int], Any], parent: QWidget) -> None:
        super().__init__(parent)
        self._columns = columns
        self._row_at = row_at
        self.hovered = -1
        self._plain = Elider(theme.font())
        self._strong = Elider(theme.font(weight=QFont.Weight.Medium))
        self._small = Elider(theme.font(tokens.SMALL))

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(60, tokens.ROW)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        column, row = self._columns[index.column()], self._row_at(index.row())
        rect: QRect = option.rect
        state: QStyle.StateFlag = option.state
        selected = bool(state & QStyle.StateFlag.State_Selected)
        if selected:
            painter.fillRect(rect, QColor(T["sel"]))
        elif index.row() == self.hovered:
            painter.fillRect(rect, QColor(T["bg2"]))
        elif index.row() % 2:
            painter.fillRect(rect, QColor(T["alt"]))
        fill = column.fill(row) if column.fill is not None else None
        if fill:
            painter.fillRect(rect.adjusted(1, 1, -1, -1), QColor(color(fill)))
        inner = rect.adjusted(PAD, 0, -PAD, 0)
        if column.icon is not None and (name := column.icon(row)):
            inner = self._paint_icon(painter, inner, name, column, row)
        text = column.text(row)
        if not text:
            return
        if column.pill is not None and (kind := column.pill(row)) is not None:
            self._paint_pill(painter, inner, text, kind, column.align)
            return
        tint = column.color(row) if column.color is not None else None
        face = self._strong if column.strong else self._plain
        painter.setFont(face.font)
        painter.setPen(QColor(color(tint or "tx1")))
        painter.drawText(inner, _FLAGS[column.align], face.cut(text, inner.width()))

    def _paint_icon(self, painter: QPainter, inner: QRect, name: str, column: Column, row: Any) -> QRect:
        tint = (column.color(row) if column.color is not None else None) or "tx2"
        device = painter.device()
        ratio = max(1, round(device.devicePixelRatioF())) if device is not None else 1
        picture = icons.pixmap(name, tint, 14, ratio)
        painter.drawPixmap(inner.left(), inner.top() + (inner.height() - 14) // 2, picture)
        return inner.adjusted(19, 0, 0, 0)

    def _paint_pill(self, painter: QPainter, inner: QRect, text: str, kind: str, align: str) -> None:
        ground, ink = PILLS.get(kind, PILLS[""])
        cut = self._small.cut(text, inner.width() - 10)
        width = self._small.metrics.horizontalAdvance(cut) + 12
        left = {"left": inner.left(), "right": inner.right() - width + 1}.get(
            align, inner.left() + (inner.width() - width) // 2
        )
        box = QRect(left, inner.top() + 3, width, inner.height() - 6)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(T[ground]))
        painter.drawRoundedRect(box, 3, 3)
        painter.restore()
        painter.setFont(self._small.font)
        painter.setPen(QColor(T[ink]))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, cut)

    @staticmethod
    def paint_empty(painter: QPainter, rect: QRect, text: str) -> None:
        painter.setFont(theme.font())
        painter.setPen(QColor(T["tx3"]))
        flags = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextWordWrap
        painter.drawText(rect.adjusted(16, 8, -16, -8), flags, text)


class RecordHeader(QHeaderView):
    """Caption-style titles over their columns, with a small triangle for the order."""

    HEIGHT = 22

    def __init__(self, columns: Sequence[Column], parent: QWidget) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self._columns = columns
        self._sorted_by: tuple[int, bool] | None = None
        caption = theme.font(tokens.CAP, QFont.Weight.DemiBold)
        caption.setLetterSpacing(QFont.SpacingType.AbsoluteSpacing, 0.4)
        self._face = Elider(caption)
        self.setSectionsClickable(True)
        self.setHighlightSections(False)
        self.setMinimumSectionSize(24)
        self.setFixedHeight(self.HEIGHT)

    def show_order(self, sorted_by: tuple[int, bool] | None) -> None:
        self._sorted_by = sorted_by
        self.viewport().update()

    def paintSection(self, painter: QPainter, rect: QRect, logical: int) -> None:
        column = self._columns[logical]
        painter.fillRect(rect, QColor(T["bg1"]))
        painter.setPen(QPen(QColor(T["line2"])))
        painter.drawLine(rect.bottomLeft(), rect.bottomRight())
        ordered = self._sorted_by is not None and self._sorted_by[0] == logical
        inner = rect.adjusted(PAD, 0, -PAD, 0)
        if ordered and self._sorted_by is not None:
            self._paint_order(painter, inner, self._sorted_by[1], column.align)
            inner = inner.adjusted(9, 0, 0, 0) if column.align == "right" else inner.adjusted(0, 0, -9, 0)
        painter.setFont(self._face.font)
        painter.setPen(QColor(T["tx2" if ordered else "tx3"]))
        painter.drawText(inner, _FLAGS[column.align], self._face.cut(column.title.upper(), inner.width()))

    def _paint_order(self, painter: QPainter, inner: QRect, descending: bool, align: str) -> None:
        x = inner.left() if align == "right" else inner.right() - 6
        y = inner.center().y() + 0.5
        tip = 2.5 if descending else -2.5
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(T["acc"]))
        painter.drawPolygon(QPolygonF([QPointF(x, y - tip / 2), QPointF(x + 6, y - tip / 2), QPointF(x + 3, y + tip)]))
        painter.restore()
