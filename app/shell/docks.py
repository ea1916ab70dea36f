"""The docking area: panels in columns, tabs, floating and auto-hidden, and its state as bytes."""

from __future__ import annotations

import logging
import zlib
from collections.abc import Iterable
from typing import Any

import PySide6QtAds as ads
from PySide6.QtCore import QByteArray, QEvent, QObject, QRect, QTimer, Signal
from PySide6.QtWidgets import QApplication, QSplitter, QWidget

from app.shell import icons, theme, tokens
from app.shell.panels import AREAS, Panel, PanelFrame
from app.shell.popups import writes

log = logging.getLogger(__name__)
STATE_VERSION = 1
MOST_STATE = 1_000_000
TOP_SHARE = 0.53
TICKET_NEEDS = 452
"""On a low screen prices give their rows to the ticket: its checks stay in sight."""
COLUMN_SHARES = {"crm": 0.316, "analytics": 0.376, "pricing": 0.308}
"""How the width right of the calls column is shared."""


def configure() -> None:
    """Sets what the docking library reads once, before the first manager is made."""
    flag = ads.CDockManager.eConfigFlag
    ads.CDockManager.setConfigFlags(
        flag.OpaqueSplitterResize
        | flag.XmlCompressionEnabled
        | flag.DragPreviewIsDynamic
        | flag.DragPreviewShowsContentPixmap
        | flag.EqualSplitOnInsertion
        | flag.FloatingContainerHasWidgetTitle
        | flag.FloatingContainerHasWidgetIcon
        | flag.DisableTabTextEliding
    )
    hide = ads.CDockManager.eAutoHideFlag
    ads.CDockManager.setAutoHideConfigFlags(hide.AutoHideFeatureEnabled)


class Docks(QObject):
    """All panels of one window. ``changed`` when a panel is opened, closed or brought to the front.

    ``close_asked`` carries a panel that ends when it is closed, and that the user wants closed.
    """

    changed = Signal()
    restart_asked = Signal(str)
    close_asked = Signal(str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        configure()
        self.manager: Any = ads.CDockManager(parent)
        self.manager.setStyleSheet(theme.dock_sheet())
        self._docks: dict[str, Any] = {}
        self._frames: dict[str, PanelFrame] = {}
        self._dot = icons.dot(tokens.CHANNELS["fdc3.channel.6"])
        self._own_dots: set[str] = set()
        self._arranged = False
        self._moving = False
        self._sharing = False
        """The default layout stands and no splitter was dragged: its shares are kept when the window is resized."""
        self._share_later = QTimer(self, interval=0, singleShot=True)
        self._share_later.timeout.connect(self._share)
        self.manager.installEventFilter(self)

    # Panels

    def add(self, panel: Panel, widget: QWidget | None = None) -> None:
        """Adds a panel, or fills the one of this app with its widget."""
        if panel.app_id in self._frames:
            if widget is not None:
                self._frames[panel.app_id].set_content(widget)
            return
        frame = PanelFrame(panel)
        frame.restart_asked.connect(self.restart_asked)
        if widget is not None:
            frame.set_content(widget)
        dock = ads.CDockWidget(self.manager, panel.title)
        dock.setObjectName(panel.app_id)
        dock.setWidget(frame, ads.CDockWidget.eInsertMode.ForceNoScrollArea)
        dock.setIcon(self._dot)
        dock.viewToggled.connect(self._emit_changed)
        dock.visibilityChanged.connect(self._emit_changed)
        if panel.ends:
            dock.setFeature(ads.CDockWidget.CustomCloseHandling, True)
            dock.closeRequested.connect(lambda: self.close_asked.emit(panel.app_id))
        self._frames[panel.app_id] = frame
        self._docks[panel.app_id] = dock
        if self._arranged:
            self._moving = True
            self._place_late(panel)
            self._moving = False
        self._emit_changed()

    def remove(self, app_id: str) -> None:
        """Takes a panel away for good, with its widget."""
        dock, frame = self._docks.pop(app_id, None), self._frames.pop(app_id, None)
        self._own_dots.discard(app_id)
        if dock is None or frame is None:
            return
        self._moving = True
        self.manager.removeDockWidget(dock)
        self._moving = False
        dock.deleteLater()
        self._emit_changed()

    def frame(self, app_id: str) -> PanelFrame | None:
        return self._frames.get(app_id)

    def panels(self) -> list[Panel]:
        """All panels in the order of the default layout; those that come and go after the others."""
        places = {area: number for number, area in enumerate(area for column in AREAS for area in column)}
        found = [frame.panel for frame in self._frames.values()]
        return sorted(found, key=lambda panel: (panel.ends, places[panel.home], panel.order))

    def set_channel_color(self, tint: str) -> None:
        """The channel of all panels that have none of their own."""
        self._dot = icons.dot(tint)
        for app_id, dock in self._docks.items():
            if app_id not in self._own_dots:
                dock.setIcon(self._dot)

    def set_panel_color(self, app_id: str, tint: str) -> None:
        """The channel of one panel, which may be another than the desk's."""
        if app_id in self._docks:
            self._own_dots.add(app_id)
            self._docks[app_id].setIcon(icons.dot(tint))

    def is_open(self, app_id: str) -> bool:
        dock = self._docks.get(app_id)
        return dock is not None and not dock.isClosed()

    def is_in_front(self, app_id: str) -> bool:
        dock = self._docks.get(app_id)
        return dock is not None and not dock.isClosed() and bool(dock.isCurrentTab())

    def open(self, app_id: str) -> bool:
        dock = self._docks.get(app_id)
        if dock is None:
            return False
        if dock.isClosed():
            dock.toggleView(True)
        dock.setAsCurrentTab()
        if dock.isFloating() or dock.isInFloatingContainer():
            dock.floatingDockContainer().raise_()
        return True

    def close(self, app_id: str) -> None:
        """Puts a panel out of sight."""
        if app_id in self._docks:
            self._docks[app_id].toggleView(False)

    def close_or_end(self, app_id: str) -> None:
        """What closing its tab does."""
        if app_id in self._frames and self._frames[app_id].panel.ends:
            self.close_asked.emit(app_id)
        else:
            self.close(app_id)

    def focus(self, app_id: str) -> bool:
        if not self.open(app_id):
            return False
        self._frames[app_id].take_focus()
        return True

    def show(self, app_id: str) -> bool:
        """Brings an open panel to the front without the keyboard; not over one that the user is writing in."""
        dock = self._docks.get(app_id)
        if dock is None or dock.isClosed() or dock.isAutoHide():
            return False
        if dock.isCurrentTab():
            return True
        focus, place = QApplication.focusWidget(), dock.dockAreaWidget()
        if writes(focus) and place is not None and focus is not None and place.isAncestorOf(focus):
            return False
        dock.setAsCurrentTab()
        return True

    def float_panel(self, app_id: str) -> None:
        """Takes a panel out into a window of its own."""
        dock = self._docks.get(app_id)
        if dock is None or not self.open(app_id) or dock.isInFloatingContainer():
            return
        size = dock.size()
        dock.setFloating()
        frame = dock.floatingDockContainer()
        if frame is not None:
            frame.resize(max(size.width(), 420), max(size.height(), 320))
            frame.show()
            frame.raise_()

    def auto_hide(self, app_id: str) -> None:
        """Moves a panel into the side bar, or back."""
        if self.open(app_id):
            self._docks[app_id].toggleAutoHide()
            self._title_side_tabs()
            self._emit_changed()

    def focused(self) -> str | None:
        """The app of the panel that has the keyboard."""
        for app_id, frame in self._frames.items():
            focus = frame.window().focusWidget()
            if focus is not None and (focus is frame or frame.isAncestorOf(focus)):
                return app_id
        return None

    def area_rect(self, area: str, within: QWidget) -> QRect | None:
        """Where the panels of an area are now, in the coordinates of ``within``; None if none is docked and open."""
        for panel in self.panels():
            dock = self._docks[panel.app_id]
            if panel.home != area or dock.isClosed() or dock.isFloating() or dock.isAutoHide():
                continue
            place = dock.dockAreaWidget()
            if place is not None and place.isVisibleTo(within):
                return QRect(place.mapTo(within, place.rect().topLeft()), place.size())
        return None

    # Layout

    def arrange(self) -> None:
        """Puts every panel at its home: the default layout."""
        self._moving = True
        updates = self.manager.updatesEnabled()
        self.manager.setUpdatesEnabled(False)
        try:
            for dock in self._docks.values():
                if dock.dockAreaWidget() is not None:
                    if dock.isAutoHide():
                        dock.setAutoHide(False)
                    self.manager.removeDockWidget(dock)
            for column in AREAS:
                self._place_column(column)
            self._arranged = True
            self._sharing = True
            self._share()
            for splitter in self.manager.findChildren(QSplitter):
                splitter.splitterMoved.connect(self._dragged)
        finally:
            self.manager.setUpdatesEnabled(updates)
            self._moving = False
        self._emit_changed()

    def _place_column(self, column: Iterable[str]) -> None:
        upper = None
        for area in column:
            place = None
            for panel in (panel for panel in self.panels() if panel.home == area):
                dock = self._docks[panel.app_id]
                if place is not None:
                    self.manager.addDockWidget(ads.CenterDockWidgetArea, dock, place)
                elif upper is not None:
                    place = self.manager.addDockWidget(ads.BottomDockWidgetArea, dock, upper)
                else:
                    place = self.manager.addDockWidget(ads.RightDockWidgetArea, dock)
                dock.toggleView(True)
            if place is not None:
                place.setCurrentIndex(0)
                upper = upper or place

    def _share(self) -> None:
        """Gives the columns and rows of the default layout their share of the room."""
        root = self.manager.rootSplitter()
        size = self.manager.size()
        if not self._sharing or root is None or size.width() < 100:
            return
        calls = tokens.CALLS if size.width() >= 1500 else tokens.CALLS_NARROW
        widths: list[int] = []
        for number in range(root.count()):
            part = root.widget(number)
            area = part.findChild(ads.CDockAreaWidget) if isinstance(part, QSplitter) else part
            home = self._home_of(area)
            rest = size.width() - (calls if self._has("calls") else 0)
            widths.append(calls if home == "calls" else round(rest * COLUMN_SHARES.get(home, 1 / 3)))
            if isinstance(part, QSplitter) and part.count() == 2:
                upper = round(size.height() * TOP_SHARE)
                if home == "pricing":
                    upper = max(min(upper, size.height() - TICKET_NEEDS), round(size.height() * 0.3))
                part.setSizes([upper, size.height() - upper])
        root.setSizes(widths)

    def _has(self, home: str) -> bool:
        return any(frame.panel.home == home and self.is_open(app_id) for app_id, frame in self._frames.items())

    def _dragged(self, _position: int = 0, _index: int = 0) -> None:
        self._sharing = False

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if self._sharing and event.type() == QEvent.Type.Resize:
            self._share_later.start()
        return False

    def _home_of(self, place: Any) -> str:
        frame = self._frames.get(place.dockWidget(0).objectName())
        home = frame.panel.home if frame is not None else ""
        return next((column[0] for column in AREAS if home in column), home)

    def _place_late(self, panel: Panel) -> None:
        """A panel that comes after the layout was made: a tab beside one of its area, or of its column."""
        dock = self._docks[panel.app_id]
        column = next(column for column in AREAS if panel.home in column)
        docked = [
            (other, place)
            for other in self.panels()
            if other.app_id != panel.app_id
            and (place := self._docks[other.app_id].dockAreaWidget()) is not None
            and not self._docks[other.app_id].isClosed()
        ]
        for wanted in ((panel.home,), column):
            for other, place in docked:
                if other.home in wanted:
                    current = place.currentIndex()
                    self.manager.addDockWidget(ads.CenterDockWidgetArea, dock, place)
                    place.setCurrentIndex(current)
                    return
        self.manager.addDockWidget(ads.RightDockWidgetArea, dock)

    # State

    def save(self) -> bytes:
        return bytes(self.manager.saveState(STATE_VERSION).data())

    def restore(self, state: bytes, known: Iterable[str]) -> bool:
        """Applies a saved state; False, with the layout undefined, if it is not one.

        ``known`` are the apps there were when it was saved: panels that came since are opened at their home, but for
        those that come and go.
        """
        if not self._arranged:
            # The library restores only docks it has placed before.
            self.arrange()
        self._moving = True
        self.manager.setUpdatesEnabled(False)
        try:
            if not _is_state(state) or not self.manager.restoreState(QByteArray(state), STATE_VERSION):
                return False
            self._arranged = True
            self._sharing = False
            known = set(known)
            for app_id, frame in self._frames.items():
                if app_id not in known and not frame.panel.ends:
                    self._place_late(frame.panel)
                    self._docks[app_id].toggleView(True)
        finally:
            self.manager.setUpdatesEnabled(True)
            self._moving = False
        self._title_side_tabs()
        self._emit_changed()
        return True

    def _title_side_tabs(self) -> None:
        for app_id, dock in self._docks.items():
            tab = dock.sideTabWidget()
            if tab is not None:
                # A side tab is a button: a plain ampersand would underline the next letter.
                tab.setText(self._frames[app_id].panel.title.replace("&", "&&"))

    def _emit_changed(self, _value: object = None) -> None:
        if not self._moving:
            self.changed.emit()


def _is_state(state: bytes) -> bool:
    """Whether the bytes are what ``save`` gives: a length, then XML packed by zlib. Qt only warns of anything else."""
    try:
        text = zlib.decompressobj().decompress(state[4:], MOST_STATE)
    except zlib.error:
        return False
    return text.lstrip().startswith(b"<?xml")
