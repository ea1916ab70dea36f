"""Small bar charts painted by hand: two dozen rectangles need no plotting library."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.shell import theme, tokens
from app.shell.tokens import T


@dataclass(frozen=True, slots=True)
class Bar:
    """``text`` is the value as written beside the bar, ``tip`` the whole story for a screen reader."""

    title: str
    value: float
    text: str
    tip: str = ""


class _Bars(QWidget):
    def __init__(self, name: str, empty: str) -> None:
        super().__init__()
        self._name, self._empty = name, empty
        self.bars: tuple[Bar, ...] = ()
        self._small = theme.font(tokens.SMALL)
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def set_bars(self, bars: Sequence[Bar]) -> None:
        if tuple(bars) != self.bars:
            self.bars = tuple(bars)
            described = "; ".join(bar.tip or f"{bar.title} {bar.text}" for bar in bars)
            self.setAccessibleDescription(described)
            self.setToolTip("\n".join(bar.tip or f"{bar.title}: {bar.text}" for bar in bars))
            self.update()

    def minimumSizeHint(self) -> QSize:
        return QSize(120, 60)

    def sizeHint(self) -> QSize:
        return QSize(260, 110)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setFont(self._small)
        largest = max((bar.value for bar in self.bars), default=0.0)
        if largest <= 0:
            painter.setPen(QColor(T["tx3"]))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self._empty)
        else:
            self._paint(painter, largest)
        painter.end()

    def _paint(self, painter: QPainter, largest: float) -> None:
        raise NotImplementedError


class Columns(_Bars):
    """Upright bars, the newest at the right end and lit."""

    def _paint(self, painter: QPainter, largest: float) -> None:
        metrics = QFontMetrics(self._small)
        foot = metrics.height() + 2
        width = self.width() / max(len(self.bars), 1)
        room = self.height() - 2 * foot
        # Where month names would touch, their first letters do.
        short = max(metrics.horizontalAdvance(bar.title) for bar in self.bars) + 4 > width
        for number, bar in enumerate(self.bars):
            newest = number == len(self.bars) - 1
            height = max(room * bar.value / largest, 1.0 if bar.value else 0.0)
            left = number * width
            painter.fillRect(
                QRectF(left + 2, foot + room - height, width - 4, height), QColor(T["acc" if newest else "accln"])
            )
            below = QRectF(left, self.height() - foot, width, foot)
            painter.setPen(QColor(T["tx1" if newest else "tx3"]))
            painter.drawText(below, Qt.AlignmentFlag.AlignCenter, bar.title[:1] if short else bar.title)
            if bar.value and (newest or bar.value == largest):
                text_width = metrics.horizontalAdvance(bar.text) + 2
                start = min(max(left + width / 2 - text_width / 2, 0), self.width() - text_width)
                # Above whatever bar the text reaches over.
                over = self.bars[max(int(start / width), 0) : int((start + text_width) / width) + 1]
                top = room - max(room * each.value / largest for each in over)
                painter.drawText(QRectF(start, top, text_width, foot), bar.text)


class Rows(_Bars):
    """Lying bars, one under the other, with their value at the right."""

    HEIGHT = 18

    def _paint(self, painter: QPainter, largest: float) -> None:
        metrics = QFontMetrics(self._small)
        shown = self.bars[: max(self.height() // self.HEIGHT, 1)]
        title = max(metrics.horizontalAdvance(bar.title) for bar in shown) + 8
        value = max(metrics.horizontalAdvance(bar.text) for bar in shown) + 8
        room = max(self.width() - title - value, 10)
        for number, bar in enumerate(shown):
            line = QRectF(0, number * self.HEIGHT, self.width(), self.HEIGHT)
            painter.setPen(QColor(T["tx2"]))
            painter.drawText(line, Qt.AlignmentFlag.AlignVCenter, bar.title)
            painter.fillRect(
                QRectF(title, line.top() + 4, max(room * bar.value / largest, 1.0), self.HEIGHT - 8),
                QColor(T["acc" if number == 0 else "accln"]),
            )
            painter.setPen(QColor(T["tx1"]))
            painter.drawText(line, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, bar.text)
