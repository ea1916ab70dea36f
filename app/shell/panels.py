"""A panel's place in the window: loading, ready, or stopped with a way to start it again."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QScrollArea, QStackedLayout, QWidget

from app.shell.widgets import EmptyState

AREAS = (("calls",), ("crm", "followups"), ("analytics", "transcript"), ("pricing", "ticket"))
"""The columns of the default layout, left to right, each top to bottom."""
AREA_NAMES = tuple(area for column in AREAS for area in column)


@dataclass(frozen=True, slots=True)
class Panel:
    """What a dock shows and where it goes at first. ``area`` is one of ``AREA_NAMES``, else it counts as followups."""

    app_id: str
    title: str
    icon: str = "window"
    area: str = "followups"
    order: int = 0
    """Place among the panels that share an area as tabs; the lowest is on top."""
    ends: bool = False
    """Closing its tab ends what it shows; otherwise the panel is only out of sight."""

    @property
    def home(self) -> str:
        return self.area if self.area in AREA_NAMES else "followups"


class _Scroller(QScrollArea):
    """A panel in less height than it needs scrolls; it is never squeezed until its fields are cut."""

    def __init__(self, content: QWidget) -> None:
        super().__init__()
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWidgetResizable(True)
        # Width gives way (text is elided); only height is taken from the content's minimum.
        content.setMinimumWidth(max(1, content.minimumWidth()))
        self.setWidget(content)


class PanelFrame(QWidget):
    """Holds a panel's widget and stands in for it while there is none. ``restart_asked`` from the stopped state."""

    restart_asked = Signal(str)

    def __init__(self, panel: Panel) -> None:
        super().__init__()
        self.panel = panel
        self.state = "loading"
        self._stack = QStackedLayout(self)
        self._stack.setContentsMargins(0, 0, 0, 0)
        self._shown: QWidget = EmptyState(f"Starting {panel.title} …")
        self._holder = _Scroller(self._shown)
        self._stack.addWidget(self._holder)
        self.setAccessibleName(panel.title)

    def content(self) -> QWidget | None:
        return self._shown if self.state == "ready" else None

    def set_content(self, widget: QWidget) -> None:
        self._show(widget, "ready")

    def set_loading(self, text: str = "") -> None:
        self._show(EmptyState(text or f"Starting {self.panel.title} …"), "loading")

    def set_stopped(self, reason: str) -> None:
        notice = EmptyState(f"{self.panel.title} has stopped.\n{reason}".strip(), icon="alert", action="Restart")
        notice.acted.connect(self._ask_restart)
        self._show(notice, "stopped")

    def take_focus(self) -> None:
        """Gives the keyboard to the panel's own choice, else to its first widget that takes it."""
        target = self._shown
        if target.focusPolicy() == Qt.FocusPolicy.NoFocus and target.focusProxy() is None:
            for child in target.findChildren(QWidget):
                if child.focusPolicy() & Qt.FocusPolicy.TabFocus and child.isVisibleTo(target) and child.isEnabled():
                    target = child
                    break
        target.setFocus(Qt.FocusReason.OtherFocusReason)

    def _ask_restart(self) -> None:
        self.set_loading()
        self.restart_asked.emit(self.panel.app_id)

    def _show(self, widget: QWidget, state: str) -> None:
        old, self._shown, self.state = self._shown, widget, state
        if old is widget:
            return
        holder = _Scroller(widget)
        self._stack.addWidget(holder)
        self._stack.setCurrentWidget(holder)
        before, self._holder = self._holder, holder
        self._stack.removeWidget(before)
        before.hide()
        before.deleteLater()
