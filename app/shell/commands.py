"""Commands: every action of the program has a name, perhaps a shortcut, and a place in the palette."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QWidget

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Command:
    """One action.

    ``id`` is dotted (``deals.register``). ``shortcut`` is Qt's portable text (``Ctrl+Return``); it works while focus is
    inside ``owner``, or anywhere in the window without an owner. ``when`` says whether it may run now.
    """

    id: str
    title: str
    run: Callable[[], Any]
    shortcut: str | None = None
    when: Callable[[], bool] | None = None
    owner: QWidget | None = field(default=None, compare=False)
    icon: str = "chevron-right"

    def available(self) -> bool:
        return self.when is None or bool(self.when())


class AmbiguousShortcut(ValueError):
    """Two commands ask for the same keys in the same place; neither would ever run."""


class CommandRegistry(QObject):
    """All commands of the window; ``changed`` when one comes or goes, ``ran`` with its id after it was started."""

    changed = Signal()
    ran = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._commands: dict[str, Command] = {}
        self._shortcuts: dict[str, QShortcut] = {}
        self._window: QWidget | None = None

    def add(self, *commands: Command) -> None:
        """Registers commands; one whose owner is deleted goes with it. A command replaces an earlier one of its id."""
        for command in commands:
            self.remove(command.id)
            self._refuse_ambiguous(command)
            self._commands[command.id] = command
            self._arm(command)
            if command.owner is not None:
                command.owner.destroyed.connect(lambda _=None, command=command: self._owner_gone(command))
        self.changed.emit()

    def remove(self, command_id: str) -> None:
        if self._commands.pop(command_id, None) is not None:
            self._disarm(command_id)
            self.changed.emit()

    def get(self, command_id: str) -> Command | None:
        return self._commands.get(command_id)

    def all(self) -> list[Command]:
        return sorted(self._commands.values(), key=lambda command: command.title.casefold())

    def available(self) -> list[Command]:
        return [command for command in self.all() if command.available()]

    def run(self, command_id: str) -> bool:
        """Runs a command by name; False if there is none or it may not run now."""
        command = self._commands.get(command_id)
        if command is None or not command.available():
            return False
        command.run()
        self.ran.emit(command_id)
        return True

    def set_window(self, window: QWidget) -> None:
        """Gives window-wide shortcuts their window."""
        self._window = window
        for command in self._commands.values():
            if command.owner is None:
                self._disarm(command.id)
                self._arm(command)

    def _refuse_ambiguous(self, command: Command) -> None:
        if not command.shortcut:
            return
        keys = QKeySequence(command.shortcut)
        for other in self._commands.values():
            if not other.shortcut or QKeySequence(other.shortcut) != keys or not _same_place(command, other):
                continue
            raise AmbiguousShortcut(f"{command.id} and {other.id} both ask for {command.shortcut}")

    def _arm(self, command: Command) -> None:
        place = command.owner or self._window
        if not command.shortcut or place is None:
            return
        shortcut = QShortcut(QKeySequence(command.shortcut), place)
        shortcut.setContext(
            Qt.ShortcutContext.WidgetWithChildrenShortcut if command.owner else Qt.ShortcutContext.WindowShortcut
        )
        shortcut.activated.connect(lambda: self.run(command.id))
        shortcut.activatedAmbiguously.connect(lambda: self._run_innermost(command))
        self._shortcuts[command.id] = shortcut

    def _run_innermost(self, command: Command) -> None:
        """Qt calls a window-wide key ambiguous with one inside a panel; the panel with the focus wins."""
        focus = (command.owner or self._window or QWidget()).window().focusWidget()
        keys = QKeySequence(command.shortcut or "")
        for other in self._commands.values():
            if other.owner is None or not other.shortcut or QKeySequence(other.shortcut) != keys:
                continue
            if focus is not None and (other.owner is focus or other.owner.isAncestorOf(focus)):
                self.run(other.id)
                return
        self.run(command.id)

    def _disarm(self, command_id: str) -> None:
        shortcut = self._shortcuts.pop(command_id, None)
        if shortcut is not None:
            shortcut.setEnabled(False)
            shortcut.deleteLater()

    def _owner_gone(self, command: Command) -> None:
        if self._commands.get(command.id) is command:
            del self._commands[command.id]
            self._shortcuts.pop(command.id, None)
            self.changed.emit()


def _same_place(one: Command, other: Command) -> bool:
    """Whether two commands with equal keys would be in each other's way. A panel's key may shadow a window's."""
    if one.owner is None or other.owner is None:
        return one.owner is other.owner
    return one.owner is other.owner or one.owner.isAncestorOf(other.owner) or other.owner.isAncestorOf(one.owner)
