"""Text fields as high as what is in them."""

from __future__ import annotations

from PySide6.QtCore import QMimeData, QSize, Qt, Signal
from PySide6.QtGui import QFont, QKeyEvent, QResizeEvent, QTextCursor, QTextLayout
from PySide6.QtWidgets import QPlainTextEdit, QSizePolicy


class GrowingText(QPlainTextEdit):
    """As high as its text, from the least to the most rows."""

    beside = QSize(26, 18)
    """Border, padding, document margin and scroll bar."""

    def __init__(self, rows: tuple[int, int]) -> None:
        super().__init__()
        self._rows = rows
        self._lines = 0
        self.setTabChangesFocus(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self.textChanged.connect(self._resized)

    def sizeHint(self) -> QSize:
        least, most = self._rows
        lines = min(max(self._count(), least), most)
        return QSize(120, lines * self.fontMetrics().lineSpacing() + self.beside.height())

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def _count(self) -> int:
        """Measured here: the document knows its lines only once it was laid out at this width."""
        room = max(self.width() - self.beside.width(), 60)
        return sum(_lines(paragraph, self.font(), room) for paragraph in self.toPlainText().split("\n"))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._resized()

    def _resized(self) -> None:
        if self._count() != self._lines:
            self._lines = self._count()
            self.updateGeometry()


def _lines(text: str, font: QFont, room: int) -> int:
    layout = QTextLayout(text, font)
    layout.beginLayout()
    lines = 0
    while (line := layout.createLine()).isValid():
        line.setLineWidth(room)
        lines += 1
    layout.endLayout()
    return max(lines, 1)


class GrowingLine(GrowingText):
    """One line of text, shown on up to four: what is pasted or typed never breaks it."""

    beside = QSize(14, 13)
    textEdited = Signal(str)
    """By the user, as a `QLineEdit` tells it."""

    def __init__(self, text: str = "") -> None:
        super().__init__((1, 4))
        self.document().setDocumentMargin(1)
        self._showing = False
        self.setText(text)
        self.textChanged.connect(self._tell)

    def text(self) -> str:
        return self.toPlainText()

    def setText(self, text: str) -> None:
        self._showing = True
        self.setPlainText(" ".join(text.splitlines()))
        self.moveCursor(QTextCursor.MoveOperation.Start)
        self._showing = False

    def _tell(self) -> None:
        if not self._showing:
            self.textEdited.emit(self.text())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            event.ignore()
        else:
            super().keyPressEvent(event)

    def insertFromMimeData(self, source: QMimeData) -> None:
        self.textCursor().insertText(" ".join(source.text().splitlines()))
