"""The top bar, the rail and the status bar: what is always in sight. They show; the window decides."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QResizeEvent
from PySide6.QtWidgets import QComboBox, QFrame, QHBoxLayout, QLabel, QMenu, QSizePolicy, QToolButton, QVBoxLayout

from app.shell import icons, tokens
from app.shell.panels import Panel
from app.shell.widgets import icon_button, label, separator, set_kind

Clock = Callable[[], dt.datetime]


class StatePill(QFrame):
    """An icon and a word in the top bar; the word goes first when room is short, the tooltip keeps it."""

    pressed = Signal()

    def __init__(self, icon: str, text: str, tint: str = "up") -> None:
        super().__init__()
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(5)
        self._picture = QLabel()
        self._word = label(text, "mut")
        line.addWidget(self._picture)
        line.addWidget(self._word)
        self._compact = False
        self._shown = ("", "")
        self.set(icon, text, tint)

    def set(self, icon: str, text: str, tint: str, tip: str = "") -> None:
        if self._shown != (icon, tint):
            self._shown = (icon, tint)
            self._picture.setPixmap(icons.icon(icon, tint, 14).pixmap(QSize(14, 14), self.devicePixelRatioF()))
        self._word.setText(text)
        self.setToolTip(tip or text)
        self.setAccessibleName(text)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.pressed.emit()

    def set_kind(self, kind: str) -> None:
        set_kind(self._word, kind)

    def set_compact(self, compact: bool) -> None:
        self._word.setVisible(not compact)


class Omnibox(QFrame):
    """Looks like a search field; opens the palette."""

    opened = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("omni")
        self.setFixedHeight(26)
        self.setMinimumWidth(150)
        self.setMaximumWidth(420)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAccessibleName("Search and commands, Ctrl K")
        line = QHBoxLayout(self)
        line.setContentsMargins(9, 0, 5, 0)
        line.setSpacing(7)
        glass = QLabel()
        glass.setPixmap(icons.icon("search", "tx3", 14).pixmap(QSize(14, 14), self.devicePixelRatioF()))
        line.addWidget(glass)
        hint = label("Client, ISIN, call, command…", "mut")
        hint.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        line.addWidget(hint, 1)
        line.addWidget(label("Ctrl K", "pill"))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.opened.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.opened.emit()
        else:
            super().keyPressEvent(event)


class TopBar(QFrame):
    """Workspace, channel, omnibox, and the state of everything that can be up or down."""

    workspace_chosen = Signal(str)
    channel_chosen = Signal(str)
    palette_asked = Signal()
    notices_asked = Signal()
    sync_asked = Signal()

    def __init__(self, initials: str, user: str) -> None:
        super().__init__()
        self.setObjectName("top")
        self.setFixedHeight(tokens.TOP)
        line = QHBoxLayout(self)
        line.setContentsMargins(11, 0, 11, 0)
        line.setSpacing(9)
        mark = QLabel()
        mark.setPixmap(icons.icon("logo", "tx1", 13).pixmap(QSize(13, 13), self.devicePixelRatioF()))
        line.addWidget(mark)
        line.addSpacing(-4)
        self._name = label("Deskline", "h2")
        line.addWidget(self._name)
        line.addSpacing(8)
        self.workspaces = QComboBox()
        self.workspaces.setFixedWidth(150)
        self.workspaces.setAccessibleName("Workspace")
        self.workspaces.setToolTip("Workspace")
        self.workspaces.textActivated.connect(self.workspace_chosen)
        line.addWidget(self.workspaces)
        self.channel = QToolButton()
        self.channel.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.channel.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.channel.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.channel.setMenu(QMenu(self.channel))
        line.addWidget(self.channel)
        line.addStretch(1)
        self.omnibox = Omnibox()
        self.omnibox.opened.connect(self.palette_asked)
        line.addWidget(self.omnibox, 8)
        line.addStretch(1)
        self._add_states(line)
        line.addWidget(separator(vertical=True))
        self._add_bell(line)
        self.user = label("", "initials")
        self.set_user(initials, user)
        self.user.setFixedSize(24, 24)
        self.user.setAlignment(Qt.AlignmentFlag.AlignCenter)
        line.addWidget(self.user)

    def set_user(self, initials: str, user: str) -> None:
        self.user.setText(initials)
        self.user.setToolTip(user)
        self.user.setAccessibleName(user)

    def _add_states(self, line: QHBoxLayout) -> None:
        self.recording = StatePill("record", "REC 00:00", "rec")
        self.recording.set_kind("rec")
        self.recording.hide()
        self._rec_line = separator(vertical=True)
        self._rec_line.hide()
        self.turret = StatePill("headset", "No turret", "tx3")
        self.online = StatePill("lock", "Local desk", "up")
        self.sync = StatePill("check", "Synced", "up")
        for pill in (self.online, self.sync):
            pill.setCursor(Qt.CursorShape.PointingHandCursor)
            pill.pressed.connect(self.sync_asked)
        for widget in (self.recording, self._rec_line, self.turret, self.online, self.sync):
            line.addWidget(widget)

    def _add_bell(self, line: QHBoxLayout) -> None:
        self.bell = icon_button("bell", "Notifications", size=17)
        self.bell.clicked.connect(lambda _=False: self.notices_asked.emit())
        self._unread = QLabel(self.bell)
        self._unread.setProperty("k", "count")
        self._unread.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._unread.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._unread.hide()
        line.addWidget(self.bell)

    def set_workspaces(self, names: Sequence[str], current: str) -> None:
        self.workspaces.clear()
        self.workspaces.addItems(list(names))
        self.workspaces.setCurrentText(current)

    def set_channels(self, channels: Iterable[tuple[str, str, str]], current: str) -> None:
        """``channels`` as (id, title, colour)."""
        menu = self.channel.menu()
        menu.clear()
        for number, title, tint in channels:
            action = menu.addAction(icons.dot(tint), title)
            action.triggered.connect(lambda _=False, number=number: self.channel_chosen.emit(number))
            if number == current:
                menu.setDefaultAction(action)
                self.channel.setIcon(icons.dot(tint))
                self.channel.setText(title)
                self.channel.setToolTip(f"The desk follows {title}")
                self.channel.setAccessibleName(f"Channel: {title}")

    def set_recording(self, text: str, tint: str = "rec") -> None:
        """Empty text: no call runs."""
        self.recording.setVisible(bool(text))
        self._rec_line.setVisible(bool(text))
        if text:
            self.recording.set("record" if tint == "rec" else "pause", text, tint)
            self.recording.set_kind({"tx3": "dim"}.get(tint, tint))

    def set_unread(self, count: int) -> None:
        self._unread.setText(str(count) if count < 100 else "99")
        self._unread.setVisible(count > 0)
        wide = 13 if count < 10 else 17
        self._unread.setGeometry(self.bell.width() - wide, 0, wide, 13)
        self.bell.setAccessibleName(f"Notifications, {count} unread" if count else "Notifications")

    def set_turret(self, text: str, level: str) -> None:
        self.turret.set("headset", text, {"off": "tx3"}.get(level, level))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        wide = event.size().width()
        self._name.setVisible(wide >= 1100)
        for widget, needed in ((self.sync, 1240), (self.online, 1240), (self.turret, 1240)):
            widget.set_compact(wide < needed)
        self.workspaces.setFixedWidth(150 if wide >= 1000 else 110)


class Rail(QFrame):
    """A column of icons: panels on top, the program's own pages at the bottom."""

    panel_asked = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("rail")
        self.setFixedWidth(tokens.RAIL)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(4, 5, 4, 6)
        self._column.setSpacing(4)
        self._column.addStretch(1)
        self._panels: dict[str, QToolButton] = {}
        self._tops = 0

    def add_top(self, button: QToolButton) -> None:
        self._column.insertWidget(self._tops, self._sized(button))
        self._tops += 1

    def add_bottom(self, button: QToolButton) -> None:
        self._column.addWidget(self._sized(button))

    def set_panels(self, panels: Sequence[Panel]) -> None:
        for old in self._panels.values():
            self._column.removeWidget(old)
            old.hide()
            old.deleteLater()
        self._panels = {}
        for number, panel in enumerate(panels):
            button = self._sized(icon_button(panel.icon, panel.title, size=18))
            button.setCheckable(True)
            button.setIcon(icons.switch_icon(panel.icon, 18))
            button.clicked.connect(lambda _=False, app_id=panel.app_id: self.panel_asked.emit(app_id))
            self._column.insertWidget(self._tops + number, button)
            self._panels[panel.app_id] = button

    def show_open(self, front: Mapping[str, bool]) -> None:
        """Marks the panels that are in sight."""
        for app_id, button in self._panels.items():
            button.setChecked(front.get(app_id, False))

    def panel_ids(self) -> list[str]:
        return list(self._panels)

    def button(self, app_id: str) -> QToolButton:
        return self._panels[app_id]

    @staticmethod
    def _sized(button: QToolButton) -> QToolButton:
        button.setFixedSize(32, 32)
        return button


class StatusBar(QFrame):
    """One line of facts about the machine below: agent, speed, transcription, journal, central, clocks."""

    LEFT = ("agent", "latency", "transcription", "journal")

    def __init__(self, zones: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self.setObjectName("status")
        self.setFixedHeight(tokens.STATUS)
        self._line = QHBoxLayout(self)
        self._line.setContentsMargins(10, 0, 10, 0)
        self._line.setSpacing(8)
        lock = QLabel()
        lock.setPixmap(icons.icon("lock", "up", 12).pixmap(QSize(12, 12), self.devicePixelRatioF()))
        lock.setToolTip("Records on this computer are encrypted")
        lock.setAccessibleName("Records on this computer are encrypted")
        self._line.addWidget(lock)
        self._facts: dict[str, QLabel] = {}
        self._lines: dict[str, QFrame] = {}
        for number, name in enumerate(self.LEFT):
            self._add(name, first=number == 0)
        self._line.addStretch(1)
        self._add("central", first=True)
        self.clocks = label("", "dim")
        self._clock_line = separator(vertical=True)
        self._line.addWidget(self._clock_line)
        self._line.addWidget(self.clocks)
        self._zones = [(name, _zone(key)) for name, key in zones]

    def _add(self, name: str, *, first: bool) -> None:
        fact = label("", "dim")
        self._facts[name] = fact
        if not first:
            divider = separator(vertical=True)
            self._line.addWidget(divider)
            self._lines[name] = divider
            divider.hide()
        self._line.addWidget(fact)
        fact.hide()

    def set(self, name: str, text: str, tip: str = "") -> None:
        """Shows a fact, or hides it when the text is empty. ``name`` is one of LEFT or "central"."""
        fact = self._facts[name]
        fact.setText(text)
        fact.setToolTip(tip)
        self._fit()

    def show_time(self, now: dt.datetime) -> None:
        text = "  ".join(f"{name} {now.astimezone(zone):%H:%M:%S}" for name, zone in self._zones)
        if text != self.clocks.text():
            self.clocks.setText(text)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Leaves out facts, least important first, until the rest fits on the line."""
        room = self.width() - 60 - self.clocks.sizeHint().width()
        for name in ("agent", "central", "journal", "transcription", "latency"):
            fact = self._facts[name]
            needed = fact.sizeHint().width() + 18
            shown = bool(fact.text()) and needed <= room
            fact.setVisible(shown)
            if name in self._lines:
                self._lines[name].setVisible(shown)
            room -= needed if shown else 0


def _zone(key: str) -> dt.tzinfo:
    try:
        return ZoneInfo(key)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return dt.UTC
