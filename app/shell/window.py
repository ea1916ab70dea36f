"""The main window: bars, docks, popups, palette and notices put together. It knows panels, not what they do."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtCore import QByteArray, QPoint, QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QGuiApplication, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QMainWindow, QMenu, QVBoxLayout, QWidget

from app.services import CurrentUser, Notice, Standing
from app.shell import icons, tokens
from app.shell.bars import Rail, StatusBar, TopBar
from app.shell.commands import Command
from app.shell.docks import Docks
from app.shell.notifications import NoticeList, Received, Toasts
from app.shell.palette import Palette
from app.shell.panels import Panel, PanelFrame
from app.shell.popups import Popups
from app.shell.standing import connection_words, waiting_words
from app.shell.ui import Ui
from app.shell.widgets import icon_button, open_menu
from app.shell.workspace_control import WorkspaceControl

log = logging.getLogger(__name__)
ZONES = (("LDN", "Europe/London"), ("NYC", "America/New_York"))
SMALLEST = QSize(1024, 640)
KEEPING = {
    "recording": ("REC", "rec"),
    "paused": ("PAUSED", "warn"),
    "waiting for consent": ("NO CONSENT YET", "warn"),
    "not allowed": ("NOT RECORDED", "tx3"),
}
"""What becomes of what is said in a running call: the word for it and its colour."""
SYNC_COMMAND = "desk.sync"
"""What a press on the state of the server runs."""


class MainWindow(QMainWindow):
    """The desk's window.

    ``load`` and ``save`` keep the workspaces' JSON text (see ``workspaces.file_store``). Panels are added before
    ``start_layout``, with or without their widget; those that come later find a place beside their like.
    """

    channel_chosen = Signal(str)
    restart_asked = Signal(str)
    """Carries the app id of a stopped panel that the user wants back."""
    closing = Signal()
    """The user closed the window; the layout is saved already."""

    def __init__(
        self,
        ui: Ui,
        user: CurrentUser,
        *,
        load: Callable[[], str | None] = lambda: None,
        save: Callable[[str], None] = lambda _text: None,
        zones: Sequence[tuple[str, str]] = ZONES,
    ) -> None:
        super().__init__()
        self.ui = ui
        self.may_close: Callable[[], bool] = lambda: True
        """Asked when the user closes the window; False keeps it open."""
        self.setWindowTitle("Deskline")
        self.setWindowIcon(icons.icon("logo", "acc", 32))
        self.setMinimumSize(SMALLEST)
        self._recording_since: dt.datetime | None = None
        self._keeping = "recording"
        self._received: list[Received] = []
        self._unread = 0
        self._laid_out = False
        self._channels: list[tuple[str, str, str]] = [
            (channel, f"Channel {channel.rsplit('.', 1)[-1]}", tint) for channel, tint in tokens.CHANNELS.items()
        ]
        self._channel = "fdc3.channel.6"
        self._build(user, zones)
        self._spaces = WorkspaceControl(ui, self, self.docks, self.top, load, save)
        self.palette_popup = Palette(ui, self._spaces.workspaces.recent, self._root)
        self._connect()
        self._add_commands()
        self._second = QTimer(self, interval=1000)
        self._second.timeout.connect(self._tick)
        self._second.start()
        self._tick()

    def _build(self, user: CurrentUser, zones: Sequence[tuple[str, str]]) -> None:
        self._root = QWidget()
        self._root.setObjectName("root")
        self._root.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        outer = QVBoxLayout(self._root)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        self.top = TopBar(user.initials, f"{user.name} · {user.desk}")
        self.rail = Rail()
        self.status = StatusBar(zones)
        self._middle = QWidget()
        self._middle.setObjectName("root")
        inner = QVBoxLayout(self._middle)
        inner.setContentsMargins(3, 3, 3, 3)
        self.docks = Docks(self._middle)
        inner.addWidget(self.docks.manager)
        row = QHBoxLayout()
        row.setSpacing(0)
        row.addWidget(self.rail)
        row.addWidget(self._middle, 1)
        outer.addWidget(self.top)
        outer.addLayout(row, 1)
        outer.addWidget(self.status)
        self.setCentralWidget(self._root)
        self.popups = Popups(self._root, lambda area: self.docks.area_rect(area, self._root), self._room)
        self.toasts = Toasts(self._root, self._room)
        self.notice_list = NoticeList(self._root)
        self._layout_button = icon_button("desk", "Workspaces and layout", tint="acc", size=18)
        self._layout_button.clicked.connect(self._open_layout_menu)
        self._layout_button.setProperty("k", "home")
        self.rail.add_top(self._layout_button)
        self._settings_button = icon_button("settings", "Settings", size=18)
        self._apps_button = icon_button("plug", "Apps", size=18)
        for button, command in ((self._apps_button, "desk.apps"), (self._settings_button, "desk.settings")):
            button.clicked.connect(lambda _=False, command=command: self.ui.commands.run(command))
            button.hide()
            self.rail.add_bottom(button)

    def _connect(self) -> None:
        self.ui.set_host(self)
        self.ui.commands.set_window(self)
        self.ui.commands.changed.connect(self._commands_changed)
        self.ui.noticed.connect(self._noticed)
        self.docks.changed.connect(self._panels_changed)
        self.docks.restart_asked.connect(self.restart_asked)
        self.top.palette_asked.connect(self.open_palette)
        self.top.notices_asked.connect(self.toggle_notices)
        self.top.channel_chosen.connect(self.channel_chosen)
        self.rail.panel_asked.connect(self._toggle_panel)
        self.notice_list.closed.connect(self.toggle_notices)
        self.notice_list.cleared.connect(self._clear_notices)
        self.top.set_channels(self._channels, self._channel)
        self.set_standing(Standing())
        self.top.sync_asked.connect(lambda: self.ui.commands.run(SYNC_COMMAND))

    def _add_commands(self) -> None:
        docks = self.docks
        self.ui.commands.add(
            Command("desk.palette", "Search and commands", self.open_palette, "Ctrl+K", icon="search"),
            Command("desk.channel", "Channel that the desk follows", self.open_channels, "Ctrl+Shift+H", icon="plug"),
            Command("desk.notices", "Notifications", self.toggle_notices, "Ctrl+Shift+N", icon="bell"),
            Command("desk.popup", "Go to the popup", self.popups.focus_next, "F6", lambda: bool(self.popups.widgets())),
            Command("desk.dismiss-notices", "Close all notices", self.toasts.close_all, icon="bell"),
            Command("panel.float", "Float this panel", partial(self._on_focused, docks.float_panel), icon="window"),
            Command("panel.auto-hide", "Auto-hide this panel", partial(self._on_focused, docks.auto_hide), icon="pin"),
            Command(
                "panel.close", "Close this panel", partial(self._on_focused, docks.close_or_end), "Ctrl+W", icon="x"
            ),
            Command("desk.quit", "Quit Deskline", self.close, "Ctrl+Q", icon="x"),
        )

    # Panels

    def add_panel(
        self, app_id: str, title: str, icon: str, widget: QWidget | None, area: str, *, order: int = 0
    ) -> PanelFrame:
        """Adds a panel, loading if ``widget`` is None; the returned frame sets its state later."""
        return self.add(Panel(app_id, title, icon, area, order), widget)

    def add(self, panel: Panel, widget: QWidget | None = None) -> PanelFrame:
        self.docks.add(panel, widget)
        if self._laid_out:
            self._number_panels()
            self._refresh_rail()
        frame = self.docks.frame(panel.app_id)
        assert frame is not None
        return frame

    def remove_panel(self, app_id: str) -> None:
        """Takes a panel away for good, with its widget."""
        self.ui.commands.remove(f"panel.show.{app_id}")
        self.docks.remove(app_id)
        self._number_panels()
        self._refresh_rail()

    def set_panel(self, app_id: str, widget: QWidget) -> None:
        """Fills a panel that was loading or stopped."""
        frame = self.docks.frame(app_id)
        if frame is not None:
            frame.set_content(widget)

    def panel_stopped(self, app_id: str, reason: str) -> None:
        """Shows that an app has failed, why, and a button to start it again."""
        frame = self.docks.frame(app_id)
        if frame is not None:
            frame.set_stopped(reason)

    def start_layout(self) -> None:
        """Restores how the window was left, else the current workspace. Call it once, after the panels are added."""
        self._laid_out = True
        self._number_panels()
        self._refresh_rail()
        self._spaces.start()

    @property
    def workspaces(self) -> WorkspaceControl:
        return self._spaces

    def focus_panel(self, app_id: str) -> bool:
        return self.docks.focus(app_id)

    def show_panel(self, app_id: str) -> bool:
        return self.docks.show(app_id)

    def _number_panels(self) -> None:
        """Ctrl and a digit goes to a panel, counted down the columns from the left."""
        panels = self.docks.panels()
        for panel in panels:
            self.ui.commands.remove(f"panel.show.{panel.app_id}")
        for number, panel in enumerate(panels, start=1):
            go = partial(self.docks.focus, panel.app_id)
            keys = f"Ctrl+{number}" if number < 10 else None
            self.ui.commands.add(
                Command(f"panel.show.{panel.app_id}", f"Go to {panel.title}", go, keys, icon=panel.icon)
            )

    def _on_focused(self, act: Callable[[str], None]) -> None:
        app_id = self.docks.focused()
        if app_id is not None:
            act(app_id)

    def _toggle_panel(self, app_id: str) -> None:
        """A panel in sight is closed, one behind a tab comes to the front, a closed one opens."""
        if self.docks.is_in_front(app_id):
            self.docks.close(app_id)
        else:
            self.docks.focus(app_id)
        self._panels_changed()

    def _refresh_rail(self) -> None:
        panels = self.docks.panels()
        if [panel.app_id for panel in panels] != self.rail.panel_ids():
            self.rail.set_panels(panels)
        self._panels_changed()

    def _panels_changed(self) -> None:
        self.rail.show_open({panel.app_id: self.docks.is_in_front(panel.app_id) for panel in self.docks.panels()})

    def _commands_changed(self) -> None:
        self._apps_button.setVisible(self.ui.commands.get("desk.apps") is not None)
        self._settings_button.setVisible(self.ui.commands.get("desk.settings") is not None)

    def _open_layout_menu(self) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._spaces.fill_menu(menu)
        menu.addSeparator()
        for panel in self.docks.panels():
            opened = self.docks.is_open(panel.app_id)
            title = panel.title.replace("&", "&&")
            action = menu.addAction(icons.icon("check", "acc"), title) if opened else menu.addAction(title)
            action.triggered.connect(partial(self._open_or_close, panel.app_id, not opened))
        menu.popup(self._layout_button.mapToGlobal(QPoint(self._layout_button.width() + 4, 0)))

    def _open_or_close(self, app_id: str, wanted: bool, _checked: bool = False) -> None:
        if wanted:
            self.docks.focus(app_id)
        else:
            self.docks.close(app_id)

    # Popups and palette

    def prepare_popup(self, widget: QWidget) -> None:
        self.popups.prepare(widget)

    def show_popup(self, widget: QWidget, anchor: str) -> None:
        self.popups.show(widget, anchor)

    def close_popup(self, widget: QWidget) -> None:
        self.popups.close(widget)

    def open_palette(self) -> None:
        if self.palette_popup.isVisible():
            self.palette_popup.dismiss()
            return
        omnibox = self.top.omnibox
        place = QRect(omnibox.mapTo(self._root, QPoint(0, 0)), omnibox.size())
        self.palette_popup.open(place)

    def _room(self) -> QRect:
        """Where popups and toasts may be: between the bars."""
        return QRect(self._middle.mapTo(self._root, QPoint(0, 0)), self._middle.size())

    # Notices

    def _noticed(self, notice: Notice) -> None:
        self._received.append(Received(notice, self.ui.clock()))
        del self._received[:-200]
        self.toasts.show(notice)
        if not self.notice_list.isVisible():
            self._unread += 1
        else:
            self.notice_list.fill(self._received)
        self.top.set_unread(self._unread)

    def toggle_notices(self) -> None:
        if self.notice_list.isVisible():
            self.notice_list.hide()
            return
        self._unread = 0
        self.top.set_unread(0)
        self.notice_list.fill(self._received)
        room = self._room()
        height = min(room.height() - 20, 60 + 64 * max(1, len(self._received)))
        self.notice_list.setGeometry(room.right() - 368, room.top() + 4, 360, height)
        self.notice_list.show()
        self.notice_list.raise_()
        self.notice_list.setFocus(Qt.FocusReason.PopupFocusReason)

    def _clear_notices(self) -> None:
        self._received.clear()
        self.toasts.close_all()
        self.notice_list.fill([])

    # The state of the world, told by the desk

    def set_user(self, user: CurrentUser) -> None:
        """Whose desk it is, once that is known."""
        self.top.set_user(user.initials, f"{user.name} · {user.desk}")

    def set_channel(self, channel: str) -> None:
        """The user channel the desk follows: shown in the top bar and as the dot on every tab."""
        self._channel = channel
        self.top.set_channels(self._channels, channel)
        self.docks.set_channel_color(next((tint for number, _, tint in self._channels if number == channel), "tx3"))

    def set_channels(self, channels: Sequence[tuple[str, str, str]], current: str) -> None:
        """The user channels there are, as (id, title, colour)."""
        self._channels = list(channels)
        self.set_channel(current)

    def open_channels(self) -> None:
        open_menu(self.top.channel)

    def set_recording(self, since: dt.datetime | None, keeping: str = "recording") -> None:
        """Shows since when a call runs and whether it is recorded (see ``KEEPING``); None when none runs."""
        self._recording_since, self._keeping = since, keeping
        self._tick()

    def set_turret(self, text: str, level: str = "up") -> None:
        """``level``: "up" connected, "warn" trouble, "off" not there."""
        self.top.set_turret(text, level)

    def set_standing(self, standing: Standing) -> None:
        """How the desk stands with its central server, and what waits."""
        for pill, words in (
            (self.top.online, connection_words(standing)),
            (self.top.sync, waiting_words(standing)),
        ):
            pill.set(words.icon, words.text, words.tint, words.tip)
        self.top.sync.setVisible(standing.state != "local")

    def set_status(self, name: str, text: str, tip: str = "") -> None:
        """A fact below: "agent", "latency", "transcription", "journal" or "central"; empty text hides it."""
        self.status.set(name, text, tip)

    def _tick(self) -> None:
        now = self.ui.clock()
        self.status.show_time(now)
        if self._recording_since is None:
            self.top.set_recording("")
            return
        seconds = max(0, int((now - self._recording_since).total_seconds()))
        hours, rest = divmod(seconds, 3600)
        text = f"{hours}:{rest // 60:02d}:{rest % 60:02d}" if hours else f"{rest // 60:02d}:{rest % 60:02d}"
        word, tint = KEEPING.get(self._keeping, (self._keeping.upper(), "warn"))
        self.top.set_recording(f"{word} {text}", tint)

    # The window itself

    def place(self, geometry: bytes) -> None:
        """Puts the window where it was, if that is still on a screen, else fills most of the screen."""
        if geometry and self.restoreGeometry(QByteArray(geometry)):
            return
        screen = QGuiApplication.primaryScreen()
        if screen is not None:
            free = screen.availableGeometry()
            self.resize(free.size().boundedTo(QSize(1920, 1080)).expandedTo(SMALLEST))
            self.move(free.topLeft())

    def raise_window(self) -> None:
        """Brings the window to the front: a second start asks for it."""
        if self.isMinimized():
            self.showNormal()
        self.show()
        self.raise_()
        self.activateWindow()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._panels_changed()
        if self.focusWidget() is None or self.focusWidget() is self.top.workspaces:
            self._root.setFocus()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.palette_popup.dismiss()

    def closeEvent(self, event: QCloseEvent) -> None:
        if not self.may_close():
            event.ignore()
            return
        self._second.stop()
        self._spaces.keep_session()
        self.closing.emit()
        super().closeEvent(event)
