"""The line that offers to bring a discarded report back, for a while. Qt."""

from __future__ import annotations

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from app.shell.widgets import ElidedLabel, button, icon_button

UNDO_MS = 8000
"""How long a discarded report can be brought back from the popup; afterwards the list of calls still has it."""


class UndoBar(QWidget):
    """``wanted``: bring it back. ``over``: leave it discarded, by the trader's hand or because time is up."""

    wanted = Signal()
    over = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(UNDO_MS)
        self._timer.timeout.connect(self.over)
        line = QHBoxLayout(self)
        line.setContentsMargins(12, 8, 8, 8)
        line.setSpacing(8)
        self._text = ElidedLabel("", "mut")
        back = button("Undo")
        back.clicked.connect(self.wanted)
        away = icon_button("x", "Leave it discarded", size=12)
        away.clicked.connect(self.over)
        line.addWidget(self._text, 1)
        line.addWidget(back)
        line.addWidget(away)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.hide()

    def offer(self, title: str | None) -> None:
        """Offers the report with this title; None withdraws the offer."""
        self.setVisible(title is not None)
        if title is None:
            self._timer.stop()
        elif not self._timer.isActive():
            self._text.set_text(f"Report of {title} discarded")
            self._timer.start()
