"""The window round a pop-up: a page that another has opened beside itself, such as for logging in."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWebEngineCore import QWebEngineNewWindowRequest
from PySide6.QtWidgets import QVBoxLayout, QWidget

USUAL = QSize(520, 640)
SMALLEST = QSize(320, 240)
AT_A_TIME = 3
"""Pop-ups of one panel."""


def wants_popup(request: QWebEngineNewWindowRequest) -> bool:
    """Whether a page asks for a window of its own shape, at a click or key of the user's, and not for a new tab."""
    dialog = QWebEngineNewWindowRequest.DestinationType.InNewDialog
    return request.isUserInitiated() and request.destination() is dialog


class PopupWindow(QWidget):
    """Over the window of ``owner``, in the size that the page asks for within reason. ``closed`` by the user."""

    closed = Signal()

    def __init__(self, content: QWidget, title: str, wish: QSize, owner: QWidget) -> None:
        super().__init__(owner.window(), Qt.WindowType.Dialog)
        self.setWindowTitle(title)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(content)
        self.setMinimumSize(SMALLEST)
        room = self.screen().availableSize()
        self.resize((wish if wish.width() > 1 and wish.height() > 1 else USUAL).boundedTo(room))
        self.move(owner.window().geometry().center() - self.rect().center())

    def closeEvent(self, event: QCloseEvent) -> None:
        self.closed.emit()
        super().closeEvent(event)
