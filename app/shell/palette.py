"""The palette (Ctrl+K): one line to find a customer, an interaction or a command, and Enter to go there."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QColor, QFocusEvent, QFont, QKeyEvent, QKeySequence, QMouseEvent, QPainter
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from app.shell import icons, theme, tokens
from app.shell.commands import Command
from app.shell.fuzzy import score
from app.shell.table_paint import CellPainter, Elider
from app.shell.tokens import T
from app.shell.ui import SearchHit, Ui
from app.shell.widgets import label, separator

log = logging.getLogger(__name__)
Index = QModelIndex | QPersistentModelIndex
ROW = 30
WIDTH = 560
MOST_ROWS = 12
TYPING_MS = 60
"""Searches wait for this pause in typing; commands do not wait."""


@dataclass(frozen=True, slots=True)
class Line:
    title: str
    subtitle: str
    icon: str
    keys: str
    run: Callable[[], Any]
    group: str = ""


class _Lines(QAbstractListModel):
    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.lines: list[Line] = []

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.lines)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self.lines):
            return None
        line = self.lines[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return line.title
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return ", ".join(part for part in (line.title, line.subtitle, line.group, line.keys) if part)
        return None

    def set_lines(self, lines: list[Line]) -> None:
        self.beginResetModel()
        self.lines = lines
        self.endResetModel()


class _LinePainter(QStyledItemDelegate):
    def __init__(self, lines: _Lines, parent: QWidget) -> None:
        super().__init__(parent)
        self._lines = lines
        self._plain = Elider(theme.font(weight=QFont.Weight.Medium))
        self._small = Elider(theme.font(tokens.SMALL))

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(200, ROW)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        line = self._lines.lines[index.row()]
        rect: QRect = option.rect
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        painter.fillRect(rect, QColor(T["sel" if selected else "bg2"]))
        device = painter.device()
        ratio = max(1, round(device.devicePixelRatioF())) if device is not None else 1
        picture = icons.pixmap(line.icon, "acc" if selected else "tx3", 15, ratio)
        painter.drawPixmap(rect.left() + 12, rect.top() + (ROW - 15) // 2, picture)
        inner = rect.adjusted(38, 0, -12, 0)
        aside = line.keys or line.group
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        if aside:
            painter.setFont(self._small.font)
            painter.setPen(QColor(T["tx2" if line.keys else "tx3"]))
            painter.drawText(inner, right, aside)
            inner.setRight(inner.right() - self._small.metrics.horizontalAdvance(aside) - 12)
        title = self._plain.cut(line.title, inner.width())
        painter.setFont(self._plain.font)
        painter.setPen(QColor(T["tx1"]))
        painter.drawText(inner, left, title)
        inner.setLeft(inner.left() + self._plain.metrics.horizontalAdvance(title) + 10)
        if line.subtitle and inner.width() > 30:
            painter.setFont(self._small.font)
            painter.setPen(QColor(T["tx2"]))
            painter.drawText(inner, left, self._small.cut(line.subtitle, inner.width()))


class _List(QListView):
    def __init__(self, empty: Callable[[], str]) -> None:
        super().__init__()
        self._text = empty

    def paintEvent(self, event: Any) -> None:
        super().paintEvent(event)
        if self.model().rowCount() == 0:
            painter = QPainter(self.viewport())
            CellPainter.paint_empty(painter, self.viewport().rect(), self._text())
            painter.end()


class _Entry(QLineEdit):
    left = Signal()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        if event.reason() != Qt.FocusReason.PopupFocusReason:
            self.left.emit()


class Palette(QFrame):
    """The popup itself. The keyboard stays in the entry line; up and down move in the list, Esc goes back."""

    used = Signal(str)
    """Carries the id of the command that was run from here."""

    def __init__(self, ui: Ui, recent: list[str], parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("popup")
        self.setAccessibleName("Search and commands")
        self.hide()
        self._ui = ui
        self._root = parent
        self.recent = recent
        self._round = 0
        self._found: dict[str, list[Line]] = {}
        self._searching = 0
        self._focus_before: QWidget | None = None
        self._pause = QTimer(self, interval=TYPING_MS, singleShot=True)
        self._pause.timeout.connect(self._search)
        box = QVBoxLayout(self)
        box.setContentsMargins(1, 1, 1, 1)
        box.setSpacing(0)
        box.addLayout(self._make_head())
        box.addWidget(separator())
        self.lines = _Lines(self)
        self.list = _List(self._empty_text)
        self.list.setProperty("k", "popup")
        self.list.setUniformItemSizes(True)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setMouseTracking(True)
        self.list.setModel(self.lines)
        self.list.setItemDelegate(_LinePainter(self.lines, self.list))
        self.list.setAccessibleName("Found")
        self.list.clicked.connect(lambda index: self._run(index.row()))
        box.addWidget(self.list, 1)
        foot = QHBoxLayout()
        foot.setContentsMargins(12, 4, 12, 5)
        foot.addWidget(label("↑↓ choose   ⏎ open   Esc back", "dim"))
        foot.addStretch()
        box.addLayout(foot)
        ui.commands.changed.connect(self._commands_changed)

    def _make_head(self) -> QHBoxLayout:
        head = QHBoxLayout()
        head.setContentsMargins(12, 6, 10, 6)
        head.setSpacing(8)
        glass = QLabel()
        glass.setPixmap(icons.icon("search", "acc", 16).pixmap(QSize(16, 16)))
        head.addWidget(glass)
        self.entry = _Entry()
        self.entry.setProperty("k", "bare")
        self.entry.setPlaceholderText("Client, ISIN, call, command…")
        self.entry.setAccessibleName("Search for a client, an interaction or a command")
        self.entry.textChanged.connect(self._typed)
        self.entry.left.connect(self.dismiss)
        self.entry.installEventFilter(self)
        head.addWidget(self.entry, 1)
        return head

    # Opening and closing

    def open(self, place: QRect) -> None:
        """Shows the palette, empty, with its top edge at ``place``'s; remembers who had the focus."""
        window = self.window()
        if not self.isVisible():
            self._focus_before = window.focusWidget()
        room = self._root.rect()
        width = min(max(WIDTH, place.width()), room.width() - 24)
        rows = max(3, min(MOST_ROWS, (room.height() - place.top() - 120) // ROW))
        self.list.setFixedHeight(rows * ROW)
        height = self.sizeHint().height()
        left = min(max(place.center().x() - width // 2, 12), room.width() - width - 12)
        self.setGeometry(left, place.top(), width, height)
        self.entry.clear()
        self._typed("")
        self.show()
        self.raise_()
        self.entry.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def dismiss(self) -> None:
        """Closes without running anything and gives the focus back."""
        if not self.isVisible():
            return
        self._round += 1
        self._pause.stop()
        had_focus = self.entry.hasFocus()
        self.hide()
        before, self._focus_before = self._focus_before, None
        if not had_focus or before is None:
            return
        try:
            before.setFocus(Qt.FocusReason.OtherFocusReason)
        except RuntimeError:
            log.debug("The widget that had the focus is gone")

    # Finding

    def _typed(self, text: str) -> None:
        self._round += 1
        self._found = {}
        self._pause.stop()
        self._searching = 0
        if text.strip() and self._ui.search_providers:
            self._searching = len(self._ui.search_providers)
            self._pause.start()
        self._fill()

    def _search(self) -> None:
        text, turn = self.entry.text().strip(), self._round
        self._searching = len(self._ui.search_providers)
        for name, find in self._ui.search_providers.items():
            self._ui.run(
                _asked(find, text),
                then=partial(self._arrived, turn, name),
                failed=partial(self._failed, turn, name),
                owner=self,
            )

    def _arrived(self, turn: int, name: str, hits: Sequence[SearchHit]) -> None:
        if turn != self._round:
            return
        self._searching -= 1
        self._found[name] = [Line(hit.title, hit.subtitle, hit.icon, "", hit.run, name) for hit in hits[:6]]
        self._fill()

    def _failed(self, turn: int, name: str, error: Exception) -> None:
        log.error("The search in %s failed", name, exc_info=error)
        self._arrived(turn, name, [])

    def _fill(self) -> None:
        current = self._current_line()
        text = self.entry.text()
        lines = self._command_lines(text)
        found = [line for name in self._ui.search_providers for line in self._found.get(name, [])]
        # A few strong command matches first; then what was found; then the weaker commands.
        strong = 3 if text.strip() else len(lines)
        self.lines.set_lines(lines[:strong] + found + lines[strong:] if text.strip() else lines)
        kept = self.lines.lines.index(current) if current in self.lines.lines else 0
        self._select(kept)

    def _command_lines(self, text: str) -> list[Line]:
        commands = self._ui.commands.available()
        place = {command_id: number for number, command_id in enumerate(self.recent)}
        if text.strip():
            scored = [(score(text, command.title), command) for command in commands]
            # A command used lately wins a near draw.
            ranked = sorted(
                ((points + max(0, 5 - place.get(command.id, 9)), command) for points, command in scored if points > 0),
                key=lambda pair: -pair[0],
            )
            return [self._command_line(command) for _, command in ranked[:12]]
        # Used lately, then the panels in their order, then everything else by title.
        ordered = sorted(
            commands,
            key=lambda command: (
                place.get(command.id, len(place)),
                not command.id.startswith("panel.show."),
                command.shortcut or "~" if command.id.startswith("panel.show.") else "",
            ),
        )
        return [self._command_line(command, "recent" if command.id in place else "") for command in ordered]

    def _command_line(self, command: Command, group: str = "") -> Line:
        keys = (
            QKeySequence(command.shortcut).toString(QKeySequence.SequenceFormat.NativeText) if command.shortcut else ""
        )
        # The bound method of the command's own id: a command replaced meanwhile runs as it is now.
        return Line(command.title, "", command.icon, keys.replace("+", " "), _Run(self, command.id), group)

    def _commands_changed(self) -> None:
        if self.isVisible():
            self._fill()

    def _empty_text(self) -> str:
        return "Searching …" if self._searching > 0 else "No client, call or command like this."

    # Choosing

    def _current_line(self) -> Line | None:
        row = self.list.currentIndex().row()
        return self.lines.lines[row] if 0 <= row < len(self.lines.lines) else None

    def _select(self, row: int) -> None:
        if self.lines.lines:
            self.list.setCurrentIndex(self.lines.index(row % len(self.lines.lines), 0))

    def _run(self, row: int) -> None:
        if not 0 <= row < len(self.lines.lines):
            return
        line = self.lines.lines[row]
        self.dismiss()
        line.run()

    def run_command(self, command_id: str) -> None:
        if command_id in self.recent:
            self.recent.remove(command_id)
        self.recent.insert(0, command_id)
        del self.recent[20:]
        self.used.emit(command_id)
        self._ui.commands.run(command_id)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.entry and event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            return self._key(event)
        return False

    def _key(self, event: QKeyEvent) -> bool:
        row = max(self.list.currentIndex().row(), 0)
        page = max(1, self.list.viewport().height() // ROW - 1)
        last = len(self.lines.lines) - 1
        key = event.key()
        if key == Qt.Key.Key_Escape:
            self.dismiss()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._run(row)
        elif key == Qt.Key.Key_Down:
            self._select(row + 1)
        elif key == Qt.Key.Key_Up:
            self._select(row - 1)
        elif key == Qt.Key.Key_PageDown:
            self._select(min(row + page, last))
        elif key == Qt.Key.Key_PageUp:
            self._select(max(row - page, 0))
        else:
            return False
        return True

    def mousePressEvent(self, event: QMouseEvent) -> None:
        event.accept()


@dataclass(frozen=True, slots=True)
class _Run:
    """Runs a command by its id, so that one replaced meanwhile runs as it is now."""

    palette: Palette
    command_id: str

    def __call__(self) -> None:
        self.palette.run_command(self.command_id)


async def _asked(find: Callable[[str], Any], text: str) -> Sequence[SearchHit]:
    return list(await find(text))
