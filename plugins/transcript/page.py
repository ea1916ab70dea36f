"""The page of a transcript: one block per turn, changed in place, selectable and searchable. Qt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

from PySide6.QtCore import QMimeData, QPoint, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextOption,
    QWheelEvent,
)
from PySide6.QtWidgets import QApplication, QFrame, QTextEdit

from app.shell import theme, tokens
from app.shell.table_paint import CellPainter
from app.shell.tokens import T
from plugins.transcript.script import Line, Script, Tone, clock
from plugins.transcript.timing import Sounding, moment_of, sounding, word_bounds

NAME_AT, TEXT_AT = 44, 92
GROUNDS: Mapping[Tone, tuple[str, str]] = {
    "product": ("accbg", "acctx"),
    "deal": ("upbg", "up"),
    "task": ("warnbg", "warn"),
}
"""Ground and text colour of each kind of fact."""


class TranscriptPage(QTextEdit):
    """Follows the talk until the reader scrolls up; at the bottom again, it follows again."""

    word_clicked = Signal(float)
    """A word of a recorded call was clicked: the second at which it began to sound."""

    def __init__(self) -> None:
        super().__init__()
        self._lines: tuple[Line, ...] = ()
        self._partial: tuple[tuple[str, str], ...] = ()
        self._interaction = ""
        self._marked: frozenset[int] = frozenset()
        self._found: list[QTextCursor] = []
        self._lit: tuple[tuple[int, Sounding], ...] = ()
        self._pressed = QPoint()
        self.jumps = False
        """Whether a click on a word is a wish to hear it."""
        self.empty = ""
        self.following = True
        self.setReadOnly(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setUndoRedoEnabled(False)
        self.setTabChangesFocus(True)
        self.setAccessibleName("Transcript")
        self.setStyleSheet(f"QTextEdit{{background:{T['bg1']};border:0;border-radius:0;padding:0 4px}}")
        self.setWordWrapMode(QTextOption.WrapMode.WordWrap)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.document().setDocumentMargin(4)
        self.document().setDefaultFont(theme.font())
        self.verticalScrollBar().valueChanged.connect(self._scrolled)

    def show_script(self, script: Script, names: Mapping[str, str]) -> None:
        """Brings the page up to the script: only the blocks that differ are written."""
        if script.interaction_id != self._interaction:
            self._interaction = script.interaction_id
            self._lines, self._partial, self._marked, self._lit = (), (), frozenset(), ()
            self.clear()
            self.following = True
        before, top = self._lines, self.verticalScrollBar().value()
        partial = tuple(sorted(script.partial.items())) if script.running else ()
        if script.lines != before or partial != self._partial:
            same = _same(before, script.lines)
            self._write(same, script.lines[same:], partial, names)
            self._lines, self._partial = script.lines, partial
            if not self.following:
                self.verticalScrollBar().setValue(top)
        if self.following:
            self.to_end()
        self.viewport().update()

    def to_end(self) -> None:
        bar = self.verticalScrollBar()
        bar.setValue(bar.maximum())

    def point_at(self, turns: Sequence[int]) -> None:
        """Marks turns and brings the first into view."""
        wanted = [turn for turn in turns if 0 <= turn < len(self._lines)]
        self._marked = frozenset(wanted)
        self._show_marks()
        if wanted:
            self.following = False
            cursor = QTextCursor(self.document().findBlockByNumber(wanted[0]))
            rect = self.cursorRect(cursor)
            bar = self.verticalScrollBar()
            bar.setValue(bar.value() + rect.top() - self.viewport().height() // 3)

    def light(self, seconds: float | None, *, follow: bool) -> None:
        """Lights the words that sound at a moment of the call, None: no words; ``follow``: keeps them in view."""
        lit = () if seconds is None else sounding(self._lines, seconds)
        if lit == self._lit:
            return
        self._lit = lit
        self._show_marks()
        if lit and follow:
            self.following = False
            rect = self.cursorRect(self._word(*lit[0]))
            if rect.top() < 0 or rect.bottom() > self.viewport().height():
                bar = self.verticalScrollBar()
                bar.setValue(bar.value() + rect.top() - self.viewport().height() // 3)

    @property
    def lit(self) -> bool:
        """Whether a word sounds that stands here."""
        return bool(self._lit)

    def place_at(self, cursor: QTextCursor) -> tuple[int, int] | None:
        """The line and the character of its text under a cursor; None beside the text."""
        at = cursor.blockNumber()
        if not 0 <= at < len(self._lines):
            return None
        character = cursor.positionInBlock() - _before(self._lines[at])
        return (at, character) if character >= 0 else (at, 0)

    def chosen(self) -> tuple[int, int, int] | None:
        """The line, and the characters of its text, that are selected; else the word under the cursor."""
        cursor = self.textCursor()
        start, end = QTextCursor(cursor), QTextCursor(cursor)
        start.setPosition(cursor.selectionStart())
        end.setPosition(cursor.selectionEnd())
        place, until = self.place_at(start), self.place_at(end)
        if place is None or until is None or place[0] != until[0]:
            return None
        text = self._lines[place[0]].text
        first, last = word_bounds(text, place[1], until[1])
        return (place[0], first, last) if first < last else None

    def search(self, text: str) -> int:
        """Marks every place of ``text``; returns how many."""
        self._found = []
        cursor = QTextCursor(self.document())
        while text:
            cursor = self.document().find(text, cursor)
            if cursor.isNull():
                break
            self._found.append(QTextCursor(cursor))
        self._show_marks()
        return len(self._found)

    def go_to_found(self, index: int) -> None:
        if self._found:
            self.following = False
            place = QTextCursor(self._found[index % len(self._found)])
            self.setTextCursor(place)
            self.ensureCursorVisible()

    def lines_selected(self) -> tuple[int, int] | None:
        """First and last line of the selection, if it spans more than one."""
        cursor = self.textCursor()
        first = self.document().findBlock(cursor.selectionStart()).blockNumber()
        last = self.document().findBlock(cursor.selectionEnd()).blockNumber()
        return (first, last) if cursor.hasSelection() and first != last else None

    def createMimeDataFromSelection(self) -> QMimeData:
        """Copies plain words: tabs between time, speaker and text become spaces."""
        made = QMimeData()
        text = self.textCursor().selectedText().replace("\u2029", "\n").replace("\t", "  ")
        made.setText(text)
        return made

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._pressed = event.position().toPoint()
        super().mousePressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        here = event.position().toPoint()
        drawn = (here - self._pressed).manhattanLength() >= QApplication.startDragDistance()
        if self.jumps and event.button() == Qt.MouseButton.LeftButton and not drawn:
            cursor = self.cursorForPosition(here)
            place = self.place_at(cursor)
            if place is not None and not self.textCursor().hasSelection():
                self.word_clicked.emit(moment_of(self._lines[place[0]], place[1]))

    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.angleDelta().y() > 0:
            self.following = False
        super().wheelEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.empty and not self._lines and not self._partial:
            painter = QPainter(self.viewport())
            CellPainter.paint_empty(painter, self.viewport().rect(), self.empty)
            painter.end()

    def _scrolled(self, value: int) -> None:
        at_end = value >= self.verticalScrollBar().maximum() - 4
        if self.verticalScrollBar().isSliderDown() or at_end:
            self.following = at_end

    def _write(
        self, kept: int, lines: Sequence[Line], partial: Sequence[tuple[str, str]], names: Mapping[str, str]
    ) -> None:
        """Replaces everything after the first ``kept`` blocks."""
        document = self.document()
        cursor = QTextCursor(document)
        cursor.beginEditBlock()
        if kept < document.blockCount() and not document.isEmpty():
            block = document.findBlockByNumber(kept)
            start = max(0, block.position() - 1) if kept else 0
            cursor.setPosition(start)
            cursor.movePosition(QTextCursor.MoveOperation.End, QTextCursor.MoveMode.KeepAnchor)
            cursor.removeSelectedText()
        cursor.movePosition(QTextCursor.MoveOperation.End)
        first = kept == 0
        for line in lines:
            first = self._new_block(cursor, first)
            self._turn(cursor, line)
        for who, words in partial:
            first = self._new_block(cursor, first)
            cursor.insertText("\t" + names.get(who, who) + "\t", _text(_speaker(who), strong=True))
            cursor.insertText(words + " …", _text("tx3"))
        cursor.endEditBlock()

    def _new_block(self, cursor: QTextCursor, first: bool) -> bool:
        """One block per turn, its words hanging beside time and speaker."""
        if first:
            cursor.setBlockFormat(_shape())
        else:
            cursor.insertBlock(_shape())
        return False

    def _turn(self, cursor: QTextCursor, line: Line) -> None:
        cursor.insertText(clock(line.start) + "\t", _text("tx3"))
        cursor.insertText(line.name + "\t", _text(_speaker(line.who), strong=True))
        at = 0
        for span in line.spans:
            cursor.insertText(line.text[at : span.start], _text("tx1"))
            ground, tint = GROUNDS[span.tone]
            cursor.insertText(line.text[span.start : span.end], _text(tint, ground=ground))
            at = span.end
        cursor.insertText(line.text[at:], _text("tx1"))

    def _word(self, at: int, word: Sounding) -> QTextCursor:
        cursor = QTextCursor(self.document())
        start = self.document().findBlockByNumber(at).position() + _before(self._lines[at])
        cursor.setPosition(start + word.first)
        cursor.setPosition(start + word.last, QTextCursor.MoveMode.KeepAnchor)
        return cursor

    def _show_marks(self) -> None:
        marks = []
        for at, word in self._lit:
            mark = QTextEdit.ExtraSelection()
            mark.cursor = self._word(at, word)
            shape = QTextCharFormat()
            shape.setBackground(QColor(T["acc"]))
            shape.setForeground(QColor(T["onacc"]))
            mark.format = shape
            marks.append(mark)
        for turn in self._marked:
            mark = QTextEdit.ExtraSelection()
            mark.cursor = QTextCursor(self.document().findBlockByNumber(turn))
            shape = QTextCharFormat()
            shape.setBackground(QColor(T["sel"]))
            shape.setProperty(QTextCharFormat.Property.FullWidthSelection, True)
            mark.format = shape
            marks.append(mark)
        for place in self._found:
            mark = QTextEdit.ExtraSelection()
            mark.cursor = place
            shape = QTextCharFormat()
            shape.setBackground(QColor(T["warnbg"]))
            shape.setForeground(QColor(T["warn"]))
            mark.format = shape
            marks.append(mark)
        self.setExtraSelections(marks)


def _same(before: Sequence[Line], after: Sequence[Line]) -> int:
    """How many lines at the beginning are as they were."""
    for index, (old, new) in enumerate(zip(before, after, strict=False)):
        if old is not new and old != new:
            return index
    return min(len(before), len(after))


def _speaker(who: str) -> str:
    return "up" if who == "trader" else "acctx"


def _before(line: Line) -> int:
    """Characters of a block before the words: time and speaker."""
    return len(clock(line.start)) + len(line.name) + 2


@lru_cache(maxsize=1)
def _shape() -> QTextBlockFormat:
    shape = QTextBlockFormat()
    shape.setLeftMargin(TEXT_AT)
    shape.setTextIndent(-TEXT_AT)
    stops = [QTextOption.Tab(at, QTextOption.TabType.LeftTab) for at in (NAME_AT, TEXT_AT)]
    shape.setTabPositions(stops)
    shape.setBottomMargin(5)
    return shape


@lru_cache(maxsize=32)
def _text(tint: str, *, ground: str = "", strong: bool = False) -> QTextCharFormat:
    made = QTextCharFormat()
    made.setForeground(QColor(T[tint]))
    if ground:
        made.setBackground(QColor(T[ground]))
    if strong:
        made.setFont(theme.font(tokens.BASE, QFont.Weight.Medium))
    return made
