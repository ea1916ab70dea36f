"""Notices to the user: toasts at the bottom left, and the list behind the bell.

Bottom left, over the tail of the calls list: at the bottom right a toast would lie on the ticket's buy and sell buttons
just as someone clicks.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QEnterEvent, QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from app.services import Notice
from app.shell import icons
from app.shell.widgets import button, heading, icon_button, label

LOOKS = {"info": ("info", "acc"), "success": ("check", "up"), "warning": ("alert", "warn"), "error": ("alert", "dn")}
"""Level to icon and colour."""
SHOWN_MS = {"info": 5000, "success": 4000, "warning": 9000, "error": 0}
"""How long a toast stays; an error stays until it is closed."""
MOST = 4
WIDTH = 330


def _text_block(notice: Notice, *, width: int) -> QVBoxLayout:
    block = QVBoxLayout()
    block.setSpacing(2)
    for text, kind in ((notice.text, ""), (notice.detail, "dim")):
        if text:
            made = label(text, kind)
            made.setWordWrap(True)
            made.setFixedWidth(width)
            made.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            block.addWidget(made)
    return block


def _picture(notice: Notice) -> QLabel:
    made = QLabel()
    name, tint = LOOKS[notice.level]
    made.setPixmap(icons.icon(name, tint, 16).pixmap(QSize(16, 16)))
    made.setAccessibleName(notice.level)
    made.setAlignment(Qt.AlignmentFlag.AlignTop)
    return made


class Toast(QFrame):
    """One notice. Goes by itself, except an error; the mouse over it stops the clock."""

    closed = Signal(object)

    def __init__(self, notice: Notice, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("toast")
        self.notice = notice
        line = QHBoxLayout(self)
        line.setContentsMargins(10, 9, 6, 9)
        line.setSpacing(9)
        line.addWidget(_picture(notice), 0, Qt.AlignmentFlag.AlignTop)
        line.addLayout(_text_block(notice, width=WIDTH - 78))
        line.addStretch()
        close = icon_button("x", "Close this notice", tint="tx3", size=12)
        close.clicked.connect(lambda _=False: self.closed.emit(self))
        line.addWidget(close, 0, Qt.AlignmentFlag.AlignTop)
        self.setAccessibleName(f"{notice.level}: {notice.text}")
        self.setFixedWidth(WIDTH)
        self._clock = QTimer(self, singleShot=True)
        self._clock.timeout.connect(lambda: self.closed.emit(self))
        self._start()

    def _start(self) -> None:
        if SHOWN_MS[self.notice.level]:
            self._clock.start(SHOWN_MS[self.notice.level])

    def enterEvent(self, event: QEnterEvent) -> None:
        self._clock.stop()

    def leaveEvent(self, event: QEvent) -> None:
        self._start()


class Toasts(QObject):
    """The stack of toasts of one window, newest at the bottom."""

    def __init__(self, root: QWidget, room: Callable[[], QRect]) -> None:
        super().__init__(root)
        self._root = root
        self._room = room
        self.stack: list[Toast] = []
        root.installEventFilter(self)

    def show(self, notice: Notice) -> None:
        """Shows a notice; the same one shown already is not stacked twice."""
        if any(toast.notice == notice for toast in self.stack):
            return
        toast = Toast(notice, self._root)
        toast.closed.connect(self._close)
        self.stack.append(toast)
        if len(self.stack) > MOST:
            # Errors stay longest; the list behind the bell has them all.
            passing = next((old for old in self.stack if old.notice.level != "error"), self.stack[0])
            self._close(passing)
        self.place()
        toast.show()
        toast.raise_()

    def close_all(self) -> None:
        for toast in list(self.stack):
            self._close(toast)

    def place(self) -> None:
        room = self._room()
        corner = room.bottomLeft() + QPoint(8, -8)
        for toast in reversed(self.stack):
            toast.adjustSize()
            toast.move(corner - QPoint(0, toast.height() - 1))
            corner -= QPoint(0, toast.height() + 6)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self.place()
        return False

    def _close(self, toast: Toast) -> None:
        if toast in self.stack:
            self.stack.remove(toast)
            toast.hide()
            toast.deleteLater()
            self.place()


@dataclass(frozen=True, slots=True)
class Received:
    notice: Notice
    at: dt.datetime


class NoticeList(QFrame):
    """What was said so far, newest first; opened by the bell. Esc closes it."""

    closed = Signal()
    cleared = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("popup")
        self.setAccessibleName("Notifications")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.hide()
        box = QVBoxLayout(self)
        box.setContentsMargins(1, 1, 1, 1)
        box.setSpacing(0)
        head = QHBoxLayout()
        head.setContentsMargins(12, 7, 8, 6)
        head.addWidget(heading("Notifications"))
        head.addStretch()
        clear = button("Clear all", "ghost")
        clear.clicked.connect(lambda _=False: self.cleared.emit())
        head.addWidget(clear)
        box.addLayout(head)
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.viewport().setAutoFillBackground(False)
        box.addWidget(self._scroll)

    def fill(self, received: list[Received]) -> None:
        page = QWidget()
        page.setAutoFillBackground(False)
        column = QVBoxLayout(page)
        column.setContentsMargins(12, 2, 12, 10)
        column.setSpacing(10)
        for item in reversed(received):
            line = QHBoxLayout()
            line.setSpacing(9)
            line.addWidget(_picture(item.notice), 0, Qt.AlignmentFlag.AlignTop)
            line.addLayout(_text_block(item.notice, width=250))
            line.addStretch()
            line.addWidget(label(f"{item.at.astimezone():%H:%M}", "dim"), 0, Qt.AlignmentFlag.AlignTop)
            column.addLayout(line)
        if not received:
            column.addWidget(label("Nothing to report.", "mut"))
        column.addStretch()
        self._scroll.setWidget(page)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
        else:
            super().keyPressEvent(event)
