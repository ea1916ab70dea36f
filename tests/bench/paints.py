"""When panels were painted: every paint of a panel or of anything in it, and when it was on the screen."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt
from PySide6.QtWidgets import QWidget

_PAINTED = QEvent.Type(QEvent.registerEventType())


class Paints(QObject):
    """Lives on the UI thread. ``painted(name, at)`` is called for each watched thing, once the whole frame is painted.

    A paint event says that painting begins. The time taken is that of the next event: then all of the frame is done.
    """

    def __init__(self, painted: Callable[[str, float], None]) -> None:
        super().__init__()
        self._painted = painted
        self._names: dict[QObject, str] = {}
        self._growing: set[QObject] = set()
        self._waiting: dict[str, None] = {}

    def watch(self, name: str, widget: QWidget, *, deep: bool = True) -> None:
        """From now on tells the paints of the widget and, if ``deep``, of everything in it, also what comes later."""
        for each in (widget, *(widget.findChildren(QWidget) if deep else ())):
            if deep:
                self._growing.add(each)
            if each not in self._names:
                self._names[each] = name
                each.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind == QEvent.Type.Paint:
            if not self._waiting:
                QCoreApplication.postEvent(self, QEvent(_PAINTED), Qt.EventPriority.HighEventPriority.value)
            self._waiting[self._names[watched]] = None
        elif kind == QEvent.Type.ChildPolished and watched in self._growing:
            child = event.child()  # type: ignore[attr-defined]
            if isinstance(child, QWidget):
                self.watch(self._names[watched], child)
        return False

    def customEvent(self, event: QEvent) -> None:
        now = time.monotonic()
        names, self._waiting = self._waiting, {}
        for name in names:
            self._painted(name, now)
