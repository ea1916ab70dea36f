"""The slim bar over a web page: where one is, and the ways about. And the line for finding in the page."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, QUrl, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QLineEdit, QMenu, QToolButton

from app.shell import icons, tokens
from app.shell.widgets import ElidedLabel, icon_button, label

LOOPBACK = ("127.0.0.1", "localhost", "::1")


def trust(url: QUrl) -> tuple[str, str, str]:
    """How safe the way to a page is: icon, colour and sentence."""
    if url.scheme() == "https":
        return "lock", "up", "The connection is encrypted and its certificate is valid"
    if url.host() in LOOPBACK:
        return "desk", "tx3", "This page comes from this computer"
    return "alert", "warn", "The connection is not encrypted: others may read and change what is shown"


class WebBar(QFrame):
    """It shows and asks; the panel decides."""

    back_asked = Signal()
    reload_asked = Signal()
    zoom_reset_asked = Signal()
    close_asked = Signal()
    channel_chosen = Signal(object)
    """A user channel's id, or None to follow none."""

    def __init__(self, title: str) -> None:
        super().__init__()
        self.setFixedHeight(tokens.TAB)
        line = QHBoxLayout(self)
        line.setContentsMargins(4, 0, 4, 0)
        line.setSpacing(4)
        self.back = icon_button("chevron-left", "Back", size=14)
        self.back.clicked.connect(lambda _=False: self.back_asked.emit())
        self.reload = icon_button("refresh", "Reload", size=14)
        self.reload.clicked.connect(lambda _=False: self.reload_asked.emit())
        self._lock = QLabel()
        self._host = ElidedLabel("", "dim")
        self._title = ElidedLabel(title, "mut")
        self.zoom = QToolButton()
        self.zoom.setProperty("k", "dim")
        self.zoom.setToolTip("Back to the usual size")
        self.zoom.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.zoom.clicked.connect(lambda _=False: self.zoom_reset_asked.emit())
        self.zoom.hide()
        self.channel = QToolButton()
        self.channel.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.channel.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.channel.setMenu(QMenu(self.channel))
        close = icon_button("x", "Close this app", size=13)
        close.clicked.connect(lambda _=False: self.close_asked.emit())
        line.addWidget(self.back)
        line.addWidget(self.reload)
        line.addWidget(self._lock)
        line.addWidget(self._host, 2)
        line.addWidget(self._title, 3)
        for widget in (self.zoom, self.channel, close):
            line.addWidget(widget)
        self.show_url(QUrl())
        self.set_channels({}, None)

    def show_url(self, url: QUrl) -> None:
        host = url.authority().rpartition("@")[2]
        self._host.set_text(host)
        icon, tint, sentence = trust(url)
        self._lock.setVisible(bool(host))
        self._lock.setPixmap(icons.icon(icon, tint, 12).pixmap(QSize(12, 12), self.devicePixelRatioF()))
        self._lock.setToolTip(sentence)
        self._lock.setAccessibleName(sentence)

    def show_title(self, title: str) -> None:
        self._title.set_text(title)

    def show_zoom(self, factor: float) -> None:
        self.zoom.setVisible(round(factor * 100) != 100)
        self.zoom.setText(f"{factor * 100:.0f} %")
        self.zoom.setAccessibleName(f"Size {factor * 100:.0f} percent. Back to the usual size")

    def set_channels(self, titles: dict[str, str], current: str | None) -> None:
        """The user channels by id, and the one that the app is on."""
        menu = self.channel.menu()
        menu.clear()
        for channel, title in titles.items():
            action = menu.addAction(icons.dot(tokens.CHANNELS.get(channel, "tx3")), title)
            action.triggered.connect(lambda _=False, channel=channel: self.channel_chosen.emit(channel))
            if channel == current:
                menu.setDefaultAction(action)
        menu.addSeparator()
        none = menu.addAction("No channel", lambda: self.channel_chosen.emit(None))
        if current is None:
            menu.setDefaultAction(none)
        self.channel.setIcon(icons.dot(tokens.CHANNELS.get(current or "", "line2")))
        said = f"Follows {titles.get(current, current)}" if current else "Follows no channel"
        self.channel.setToolTip(said)
        self.channel.setAccessibleName(said)


class FindBar(QFrame):
    """A word to look for; Enter goes on, Shift Enter back, Esc ends. ``sought`` with the text and whether backwards."""

    sought = Signal(str, bool)
    closed = Signal()

    def __init__(self) -> None:
        super().__init__()
        line = QHBoxLayout(self)
        line.setContentsMargins(8, 3, 4, 3)
        line.setSpacing(6)
        self.entry = QLineEdit()
        self.entry.setPlaceholderText("Find in this page")
        self.entry.setAccessibleName("Find in this page")
        self.entry.textChanged.connect(lambda text: self.sought.emit(text, False))
        self.count = label("", "dim")
        before = icon_button("chevron-up", "The one before", size=13)
        before.clicked.connect(lambda _=False: self.sought.emit(self.entry.text(), True))
        after = icon_button("chevron-down", "The next one", size=13)
        after.clicked.connect(lambda _=False: self.sought.emit(self.entry.text(), False))
        close = icon_button("x", "Close the search", size=12)
        close.clicked.connect(lambda _=False: self.closed.emit())
        line.addWidget(self.entry, 1)
        for widget in (self.count, before, after, close):
            line.addWidget(widget)
        self.setFocusProxy(self.entry)
        self.hide()

    def show_count(self, active: int, found: int) -> None:
        self.count.setText(f"{active} of {found}" if found else "not found" if self.entry.text() else "")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.sought.emit(self.entry.text(), bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier))
        else:
            super().keyPressEvent(event)
