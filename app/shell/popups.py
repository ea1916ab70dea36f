"""Popups: non-modal frames over the bottom of a column. Several cascade; closing one gives the focus back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, QSize, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QFrame,
    QLineEdit,
    QPlainTextEdit,
    QTextEdit,
    QVBoxLayout,
    QWidget,
)
from shiboken6 import isValid

from app.shell import tokens

MARGIN = 8
CASCADE = 26
MIDDLE = "middle"
"""The anchor of popups that belong to no column."""
_WRITING = (QLineEdit, QPlainTextEdit, QTextEdit, QAbstractSpinBox, QComboBox)


def writes(widget: QWidget | None) -> bool:
    """Whether the user may be writing in this widget; text that is only read does not count."""
    if isinstance(widget, QLineEdit | QPlainTextEdit | QTextEdit | QAbstractSpinBox) and widget.isReadOnly():
        return False
    return isinstance(widget, _WRITING)


class PopupFrame(QFrame):
    """The border round a popup's widget; dragged by any part of it that takes no clicks itself."""

    def __init__(self, content: QWidget, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("popup")
        self.content = content
        self._root = parent
        self.moved = False
        self._grip: QPoint | None = None
        box = QVBoxLayout(self)
        box.setContentsMargins(1, 1, 1, 1)
        box.addWidget(content)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.raise_()
        if event.button() == Qt.MouseButton.LeftButton:
            self._grip = event.globalPosition().toPoint() - self.pos()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._grip is None:
            return
        self.moved = True
        wanted = event.globalPosition().toPoint() - self._grip
        self.move(kept_inside(QRect(wanted, self.size()), self._root.rect()).topLeft())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._grip = None


@dataclass(slots=True, eq=False)
class _Popup:
    """A frame stays with its widget until that is deleted: dressing a whole form anew takes a tenth of a second."""

    frame: PopupFrame
    anchor: str = ""
    focus_before: QWidget | None = None


def kept_inside(rect: QRect, room: QRect) -> QRect:
    """The rectangle moved, and if it must be shrunk, so that it lies in ``room``."""
    size = rect.size().boundedTo(room.size())
    left = min(max(rect.left(), room.left()), room.left() + room.width() - size.width())
    top = min(max(rect.top(), room.top()), room.top() + room.height() - size.height())
    return QRect(QPoint(left, top), size)


class Popups(QObject):
    """The popups of one window. ``area_rect`` tells where a column is, in the coordinates of ``root``."""

    def __init__(self, root: QWidget, area_rect: Callable[[str], QRect | None], room: Callable[[], QRect]) -> None:
        super().__init__(root)
        self._root = root
        self._area_rect = area_rect
        self._room = room
        self._kept: list[_Popup] = []
        self._shown: list[_Popup] = []
        root.installEventFilter(self)

    def prepare(self, widget: QWidget) -> _Popup:
        """Frames and dresses a widget, still hidden, so that showing it later takes a moment less."""
        found = next((popup for popup in self._kept if popup.frame.content is widget), None)
        if found is None:
            found = _Popup(PopupFrame(widget, self._root))
            found.frame.hide()
            found.frame.installEventFilter(self)
            found.frame.ensurePolished()
            widget.destroyed.connect(partial(self._forget_dead, found))
            self._kept.append(found)
        return found

    def show(self, widget: QWidget, anchor: str = "transcript") -> None:
        """Shows a widget as a popup, or raises it. The focus moves there unless the user is writing elsewhere."""
        shown = self.prepare(widget)
        focus = QApplication.focusWidget()
        if shown not in self._shown:
            shown.anchor, shown.focus_before, shown.frame.moved = anchor, focus, False
            self._shown.append(shown)
        widget.show()
        self._place(shown)
        shown.frame.show()
        shown.frame.raise_()
        if not self._writing(focus):
            self._focus(widget)

    def close(self, widget: QWidget) -> None:
        """Hides a popup and gives the focus back where it was, if it was here. The widget lives on in its frame."""
        shown = self._find(widget)
        if shown is None:
            return
        self._shown.remove(shown)
        focus = QApplication.focusWidget()
        had_focus = focus is None or shown.frame.isAncestorOf(focus)
        shown.frame.hide()
        if had_focus:
            self._give_back(shown)

    def widgets(self) -> list[QWidget]:
        return [shown.frame.content for shown in self._shown]

    def focus_next(self) -> bool:
        """Gives the keyboard to the newest popup, or to the one below it when it has it already."""
        if not self._shown:
            return False
        focus = QApplication.focusWidget()
        inside = [
            number for number, shown in enumerate(self._shown) if focus is not None and shown.frame.isAncestorOf(focus)
        ]
        shown = self._shown[inside[0] - 1 if inside else -1]
        shown.frame.raise_()
        self._focus(shown.frame.content)
        return True

    def place_all(self) -> None:
        for shown in self._shown:
            self._place(shown)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._root and event.type() == QEvent.Type.Resize:
            self.place_all()
        elif event.type() == QEvent.Type.LayoutRequest and isinstance(watched, PopupFrame):
            shown = self._find(watched.content)
            if shown is not None:
                self._place(shown)
        return False

    def _find(self, widget: QWidget) -> _Popup | None:
        return next((shown for shown in self._shown if shown.frame.content is widget), None)

    def _forget_dead(self, popup: _Popup, _dead: QObject | None = None) -> None:
        self._kept.remove(popup)
        if not isValid(popup.frame):
            return
        popup.frame.hide()
        popup.frame.deleteLater()
        if popup in self._shown:
            self._shown.remove(popup)
            self._give_back(popup)

    def _place(self, shown: _Popup) -> None:
        frame, room = shown.frame, self._room().adjusted(MARGIN, MARGIN, -MARGIN, -MARGIN)
        wanted = frame.sizeHint().expandedTo(QSize(tokens.POPUP, 0))
        if frame.moved:
            frame.setGeometry(kept_inside(QRect(frame.pos(), wanted), room))
            return
        if shown.anchor == MIDDLE:
            size = wanted.boundedTo(room.size())
            corner = room.center() - QPoint(size.width() // 2, size.height() // 2)
            frame.setGeometry(kept_inside(QRect(corner, size), room))
            return
        column = self._area_rect(shown.anchor) or room
        # Right-aligned with its column: wider than the column it covers what is left of it, never the ticket or prices.
        step = CASCADE * [other for other in self._shown if other.anchor == shown.anchor].index(shown)
        corner = column.bottomRight() - QPoint(MARGIN + step, MARGIN + step)
        rect = QRect(corner - QPoint(wanted.width() - 1, wanted.height() - 1), wanted)
        frame.setGeometry(kept_inside(rect, room))

    def _writing(self, focus: QWidget | None) -> bool:
        if focus is None or not writes(focus) or focus.window() is not self._root.window():
            return False
        return not any(shown.frame.isAncestorOf(focus) for shown in self._shown)

    def _focus(self, widget: QWidget) -> None:
        if widget.focusPolicy() != Qt.FocusPolicy.NoFocus or widget.focusProxy() is not None:
            widget.setFocus(Qt.FocusReason.PopupFocusReason)
            return
        for child in widget.findChildren(QWidget):
            if child.focusPolicy() & Qt.FocusPolicy.TabFocus and child.isVisibleTo(widget) and child.isEnabled():
                child.setFocus(Qt.FocusReason.PopupFocusReason)
                return

    def _give_back(self, shown: _Popup) -> None:
        if self._shown:
            self._focus(self._shown[-1].frame.content)
            return
        before = shown.focus_before
        # It may have been deleted, hidden or disabled while the popup was open; then the window keeps the keyboard.
        if before is None or not isValid(before) or not before.isVisible() or not before.isEnabled():
            before = self._root
        before.setFocus(Qt.FocusReason.PopupFocusReason)
