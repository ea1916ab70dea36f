"""Pages: popups in the middle of the window with a table to read: settings, apps, keys. Esc closes them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from app.shell import icons
from app.shell.commands import Command
from app.shell.fuzzy import score
from app.shell.widgets import Column, ElidedLabel, RecordTable, button, heading, icon_button, label, separator


def head_strip(icon: str, title: QLabel, close: Callable[[], None]) -> QHBoxLayout:
    """The top of a page: icon, title and the cross. Esc is the page's own."""
    picture = QLabel()
    picture.setPixmap(icons.icon(icon, "acc", 18).pixmap(QSize(18, 18)))
    cross = icon_button("x", "Close (Esc)", size=14)
    cross.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    cross.clicked.connect(lambda _=False: close())
    made = QHBoxLayout()
    made.setContentsMargins(14, 10, 8, 4)
    made.setSpacing(8)
    made.addWidget(picture)
    made.addWidget(title)
    made.addStretch(1)
    made.addWidget(cross)
    return made


class Page(QWidget):
    """Title, an optional line of words, a table and a foot. ``closed`` by Esc or the cross."""

    closed = Signal()

    def __init__(self, title: str, icon: str, words: str, table: RecordTable, size: QSize) -> None:
        super().__init__()
        self.table = table
        self._size = size
        self.setAccessibleName(title)
        said = ElidedLabel(words, "mut")
        said.setContentsMargins(14, 0, 14, 8)
        room = QHBoxLayout()
        room.setContentsMargins(8, 4, 4, 0)
        room.addWidget(table)
        self.foot = QHBoxLayout()
        self.foot.setContentsMargins(14, 8, 12, 10)
        self.foot.setSpacing(6)
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(0, 0, 0, 0)
        self.column.setSpacing(0)
        self.column.addLayout(head_strip(icon, heading(title), self.closed.emit))
        self.column.addWidget(said)
        self.column.addWidget(separator())
        self.column.addLayout(room, 1)
        self.column.addWidget(separator())
        self.column.addLayout(self.foot)
        self.setFocusProxy(table)

    def sizeHint(self) -> QSize:
        return self._size

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
        else:
            super().keyPressEvent(event)


@dataclass(frozen=True, slots=True)
class SettingRow:
    """``source`` says where the value comes from: default, the file, the environment or the command line."""

    name: str
    value: str
    source: str
    words: str


class SettingsPage(Page):
    """Every setting with its value, and the way to the file where it is changed. ``open_asked`` opens that file,
    ``connect_asked`` the page that connects the desk to a server."""

    open_asked = Signal()
    connect_asked = Signal()

    def __init__(self, rows: Sequence[SettingRow], path: str) -> None:
        table = RecordTable(
            [
                Column("Setting", lambda row: row.name, 118, strong=True, least=110),
                Column("Value", lambda row: row.value, 150, tip=lambda row: row.value, least=110),
                Column("From", lambda row: row.source, 104, color=_source_color, least=96),
                Column("What it is", lambda row: row.words, 0, color=lambda row: "tx2", tip=lambda row: row.words),
            ],
            "There are no settings.",
            key=lambda row: row.name,
            name="Settings",
        )
        words = "Settings are read when Deskline starts. Change them in the file below, then start it again."
        super().__init__("Settings", "settings", words, table, QSize(860, 420))
        table.set_rows(rows)
        self.path = ElidedLabel(path, "dim")
        copy = button("Copy path", icon="copy")
        copy.clicked.connect(lambda _=False: QGuiApplication.clipboard().setText(path))
        opened = button("Open file", "pri", tip="Creates the file if there is none yet")
        opened.clicked.connect(lambda _=False: self.open_asked.emit())
        connect = button("Connect this desk to a server", icon="wifi")
        connect.clicked.connect(lambda _=False: self.connect_asked.emit())
        self.foot.addWidget(self.path, 1)
        self.foot.addWidget(connect)
        self.foot.addWidget(copy)
        self.foot.addWidget(opened)


def _source_color(row: SettingRow) -> str:
    return "tx3" if row.source == "default" else "acctx"


@dataclass(frozen=True, slots=True)
class AppRow:
    """One app of the directory and, if it runs, its instance. ``level`` is a pill kind."""

    app_id: str
    title: str
    kind: str
    state: str
    level: str
    instance: str
    channel: str
    version: str


class AppsPage(Page):
    """The FDC3 apps with their state. ``restart_asked`` carries the app id."""

    restart_asked = Signal(str)

    def __init__(self) -> None:
        table = RecordTable(
            [
                Column("App", lambda row: row.title, 0, strong=True, tip=lambda row: row.app_id),
                Column("State", lambda row: row.state, 84, pill=lambda row: row.level, least=84),
                Column("Runs", lambda row: row.kind, 100, color=lambda row: "tx2", least=90),
                Column("Channel", lambda row: row.channel, 72, color=lambda row: "tx2"),
                Column("Version", lambda row: row.version, 60, color=lambda row: "tx3"),
                Column("Instance", lambda row: row.instance, 150, color=lambda row: "tx3", drop=1),
            ],
            "No apps are known.",
            key=lambda row: (row.app_id, row.instance),
            name="Apps",
        )
        words = "FDC3 apps of this desk. A restart keeps what they have stored; Enter restarts the chosen one."
        super().__init__("Apps", "plug", words, table, QSize(760, 470))
        self.agent = ElidedLabel("", "dim")
        self._restart = button("Restart", "pri", icon="refresh")
        self._restart.clicked.connect(lambda _=False: self._ask())
        table.activated.connect(lambda _row: self._ask())
        table.chosen.connect(lambda _row: self._enable())
        self.foot.addWidget(self.agent, 1)
        self.foot.addWidget(self._restart)
        self._enable()

    def show_apps(self, rows: Sequence[AppRow], agent: str) -> None:
        if list(self.table.rows) != list(rows):
            self.table.set_rows(rows)
        self.agent.set_text(agent)
        self._enable()

    def _enable(self) -> None:
        self._restart.setEnabled(self.table.current() is not None)

    def _ask(self) -> None:
        row = self.table.current()
        if row is not None:
            self.restart_asked.emit(row.app_id)


class KeysPage(Page):
    """All commands with their keys. Typing narrows the list; Enter runs the chosen one."""

    chosen = Signal(str)

    def __init__(self, commands: Sequence[Command], keys: Callable[[str], str], about: str) -> None:
        table = RecordTable(
            [
                Column("Command", lambda row: row.title, 0, strong=True, icon=lambda row: row.icon),
                Column("Keys", lambda row: keys(row.shortcut or ""), 130, color=lambda row: "acctx", least=130),
                Column("Where", _where, 110, color=lambda row: "tx3", least=100),
            ],
            "No command is called that.",
            key=lambda row: row.id,
            name="Commands and keys",
        )
        words = "Every action is a command: by its keys, or by its name in the palette with Ctrl+K."
        super().__init__("Commands and keys", "keyboard", words, table, QSize(660, 620))
        # Those with keys first: they are what one looks up.
        self._commands = sorted(commands, key=lambda command: (not command.shortcut, command.title.casefold()))
        self.search = QLineEdit()
        self.search.setPlaceholderText("Find a command or a key")
        self.search.setAccessibleName("Find a command or a key")
        self.search.textChanged.connect(self._narrow)
        self.search.returnPressed.connect(self._run)
        line = QHBoxLayout()
        line.setContentsMargins(14, 0, 14, 8)
        line.addWidget(self.search)
        self.column.insertLayout(2, line)
        table.activated.connect(lambda _row: self._run())
        self.foot.addWidget(label(about, "dim"), 1)
        self._keys = keys
        self._narrow("")
        self.setFocusProxy(self.search)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Up) and self.search.hasFocus():
            place = self.table.currentIndex().row()
            place += 1 if event.key() == Qt.Key.Key_Down else -1
            self.table.selectRow(max(0, min(place, len(self.table.shown()) - 1)))
        else:
            super().keyPressEvent(event)

    def _narrow(self, text: str) -> None:
        wanted = text.strip()

        def found(command: Command) -> bool:
            shown = self._keys(command.shortcut or "")
            return score(wanted, f"{command.title} {shown}") > 0

        self.table.set_rows([command for command in self._commands if not wanted or found(command)])
        if wanted and self.table.rows:
            self.table.selectRow(0)

    def _run(self) -> None:
        command = self.table.current()
        if command is not None:
            self.chosen.emit(command.id)


def _where(command: Command) -> str:
    if command.owner is None:
        return "anywhere"
    return {"reports": "report", "deals": "deal ticket", "interactions": "calls & chats"}.get(
        command.id.split(".")[0], command.id.split(".")[0]
    )
