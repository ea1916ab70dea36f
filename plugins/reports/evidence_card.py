"""The card beside the popup: the words that the field under the mouse, or with the keyboard, rests on. Qt."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QEnterEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget
from shiboken6 import isValid

from app.shell.popups import kept_inside
from app.shell.tokens import T
from app.shell.widgets import button, caption, label
from plugins.reports.evidence import Said, clock

WIDTH = 350
GAP = 6
MOST = 6
"""Turns shown; the transcript has the others."""
SETTLE_MS = 180
"""A mouse on its way across the form opens nothing; one on its way to the card does not close it."""


class EvidenceCard(QFrame):
    """Follows mouse and keyboard over a popup's form.

    ``asked``: the words are to be shown in the transcript. ``played``: they are to be heard.
    """

    asked = Signal(object)
    played = Signal(object)

    def __init__(self, words_at: Callable[[QWidget], tuple[str, tuple[Said, ...]]]) -> None:
        super().__init__()
        self.setObjectName("evidence")
        self.setStyleSheet(
            f"QFrame#evidence{{background:{T['bg3']};border:1px solid {T['popln']};border-radius:4px}}"
            "QFrame#evidence QLabel{background:transparent}"
        )
        self.hide()
        self.said: tuple[Said, ...] = ()
        self._words_at = words_at
        self._names: dict[str, str] = {}
        self._frame: QWidget | None = None
        self._mouse: QWidget | None = None
        self._keyboard: QWidget | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(SETTLE_MS)
        self._timer.timeout.connect(self.refresh)
        self._title = caption("")
        self._show = button("Show  Alt E", "ghost", tip="Show these words in the transcript")
        self._show.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._show.clicked.connect(lambda: self.asked.emit(self.said))
        self._play = button("Play  Alt P", "ghost", tip="Hear these words again", icon="play")
        self._play.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._play.clicked.connect(lambda: self.played.emit(self.said))
        head = QHBoxLayout()
        head.setSpacing(4)
        head.addWidget(self._title, 1)
        head.addWidget(self._play)
        head.addWidget(self._show)
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(4)
        self._grid.setColumnStretch(2, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 6, 10, 8)
        column.setSpacing(4)
        column.addLayout(head)
        column.addLayout(self._grid)

    def stand_beside(self, frame: QWidget) -> None:
        """The card belongs beside this frame, and goes with it."""
        if self._frame is frame:
            return
        self._frame = frame
        self.setParent(frame.parentWidget())
        self.hide()
        frame.installEventFilter(self)

    def set_talk(self, names: dict[str, str], *, sounding: bool) -> None:
        """How the speakers are called, and whether there is a recording to play."""
        self._names = names
        self._play.setVisible(sounding)

    def point(self, widget: QWidget | None) -> None:
        """The mouse is over this widget of the form; None: over none."""
        self._mouse = widget
        self._timer.start()

    def follow(self, widget: QWidget | None) -> None:
        """The keyboard is in this widget of the form; None: somewhere else."""
        self._keyboard = widget
        self._timer.start()

    def forget(self) -> None:
        """Another report is shown, or none: nothing is pointed at any more."""
        self._mouse = self._keyboard = None
        self.hide()

    def refresh(self) -> None:
        """Shows what is pointed at: by the mouse if that rests on words, else by the keyboard."""
        for widget in (self._mouse, self._keyboard):
            if widget is None or not isValid(widget) or not widget.isVisible():
                continue
            title, said = self._words_at(widget)
            if said and self._frame is not None and self._frame.isVisible():
                self._fill(title, said)
                self._place(widget)
                self.show()
                self.raise_()
                return
        self.hide()

    def enterEvent(self, _event: QEnterEvent) -> None:
        self._timer.stop()

    def leaveEvent(self, _event: QEvent) -> None:
        self.point(None)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._frame:
            if event.type() == QEvent.Type.Hide:
                self.forget()
            elif event.type() == QEvent.Type.Move and self.isVisible():
                self.refresh()
        return False

    def _fill(self, title: str, said: Sequence[Said]) -> None:
        self._title.setText(title.upper())
        if tuple(said) == self.said:
            return
        self.said = tuple(said)
        while (item := self._grid.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.hide()
                old.deleteLater()
        for row, turn in enumerate(_weightiest(self.said)):
            at, name = label(clock(turn.start), "dim"), label(self._names.get(turn.who, turn.who))
            name.setStyleSheet(f"color:{T['acctx'] if turn.who == 'client' else T['up']};font-weight:600")
            words = QLabel(_marked(turn))
            words.setTextFormat(Qt.TextFormat.RichText)
            words.setWordWrap(True)
            for column, widget in enumerate((at, name, words)):
                self._grid.addWidget(widget, row, column, Qt.AlignmentFlag.AlignTop)
                widget.show()  # in an open card they would take no room until Qt is back in its loop
        if len(self.said) > MOST:
            more = label(f"and {len(self.said) - MOST} more", "dim")
            self._grid.addWidget(more, MOST, 2)
            more.show()

    def _place(self, widget: QWidget) -> None:
        """Left of the popup at the height of the field; right of it where the left has no room."""
        root = self.parentWidget()
        if root is None or self._frame is None:
            return
        self.layout().activate()  # type: ignore[union-attr]
        size = QSize(WIDTH, self.heightForWidth(WIDTH))
        frame = self._frame.geometry()
        left = frame.left() - WIDTH - GAP
        if left < 0:
            left = frame.right() + GAP
        top = widget.mapTo(root, QPoint(0, 0)).y()
        room = root.rect().adjusted(GAP, GAP, -GAP, -GAP)
        # The popup ends above the status bar, and so does the card, unless it is the higher one.
        room.setBottom(min(room.bottom(), max(frame.bottom(), room.top() + size.height() - 1)))
        self.setGeometry(kept_inside(QRect(QPoint(left, top), size), room))


def _weightiest(said: Sequence[Said]) -> list[Said]:
    """As many turns as are shown, in their order: those with marks before those without."""
    chosen = {id(turn) for turn in sorted(said, key=lambda turn: not turn.marks)[:MOST]}
    return [turn for turn in said if id(turn) in chosen]


def _marked(turn: Said) -> str:
    """The turn's words as rich text, what matters most on a ground."""
    text, at = "", 0
    for start, end in turn.marks:
        if start >= at:
            ground = f"background-color:{T['accbg']};color:{T['acctx']}"
            text += escape(turn.text[at:start]) + f'<span style="{ground}">{escape(turn.text[start:end])}</span>'
            at = end
    return text + escape(turn.text[at:])
