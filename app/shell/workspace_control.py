"""Named workspaces at work: switched, saved, renamed and deleted from the top bar, the menu and the palette."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QMenu, QVBoxLayout, QWidget

from app.services import Notice
from app.shell import icons
from app.shell.bars import TopBar
from app.shell.commands import Command
from app.shell.docks import Docks
from app.shell.ui import Ui
from app.shell.widgets import button, field, heading, label
from app.shell.workspaces import Layout, WorkspaceNameTaken, Workspaces

if TYPE_CHECKING:
    from app.shell.window import MainWindow

log = logging.getLogger(__name__)


class Guests(Protocol):
    """Panels that come and go, such as web apps: kept with each workspace, and there again with it."""

    def saved(self) -> Sequence[Mapping[str, str]]:
        """Those in sight, each in a few words of text."""

    def restore(self, saved: Sequence[Mapping[str, str]]) -> None:
        """Adds the panels that are not there, before the layout gives each its place."""


class WorkspaceControl(QObject):
    """Keeps the workspaces of one window. Every change is saved at once through ``save``."""

    def __init__(
        self,
        ui: Ui,
        window: MainWindow,
        docks: Docks,
        top: TopBar,
        load: Callable[[], str | None],
        save: Callable[[str], None],
    ) -> None:
        super().__init__(window)
        self._ui = ui
        self._window = window
        self._docks = docks
        self._top = top
        self._save = save
        self.workspaces = Workspaces.from_json(load())
        self.guests: Guests | None = None
        self._listed: list[str] = []
        self._newest = 0
        self._writing = threading.Lock()
        top.workspace_chosen.connect(self.switch)
        ui.commands.add(
            Command("workspace.save", "Save workspace", self.save_current, "Ctrl+Shift+S", icon="desk"),
            Command("workspace.save-as", "Save workspace as …", self.ask_save_as, icon="desk"),
            Command("workspace.rename", "Rename workspace …", self.ask_rename, icon="edit"),
            Command("workspace.delete", "Delete workspace", self.delete_current, icon="trash"),
            Command("workspace.reset", "Reset workspace to the default layout", self.reset, icon="refresh"),
        )
        self._list()

    def start(self) -> None:
        """Lays the panels out as they were left; the window's place as well."""
        self._window.place(self.workspaces.geometry)
        if not self._apply(self.workspaces.session):
            self._apply_or_default(self.workspaces.layouts[self.workspaces.current])

    def switch(self, name: str) -> None:
        """Goes to a workspace as it was saved. Changes to the one before are not kept unless they were saved."""
        if name not in self.workspaces.layouts:
            return
        self.workspaces.current = name
        self._apply_or_default(self.workspaces.layouts[name])
        self._list()
        self.keep()

    def _switch_checked(self, name: str, _checked: bool = False) -> None:
        self.switch(name)

    def save_current(self) -> None:
        self.save_as(self.workspaces.current)
        self._ui.notify(Notice(f"Workspace “{self.workspaces.current}” is saved.", "success"))

    def save_as(self, name: str) -> None:
        self.workspaces.save_as(name, self._layout())
        self._list()
        self.keep()

    def rename(self, name: str) -> None:
        self.workspaces.rename(self.workspaces.current, name)
        self._list()
        self.keep()

    def delete_current(self) -> None:
        self.workspaces.delete(self.workspaces.current)
        self.switch(self.workspaces.current)

    def reset(self) -> None:
        """The default layout for the current workspace."""
        self.workspaces.layouts[self.workspaces.current] = None
        self._docks.arrange()
        self.keep()

    def keep(self) -> None:
        """Saves the workspaces, off the UI thread; a failure is told, never raised."""
        self._newest += 1
        work = asyncio.to_thread(self._write, self._newest, self.workspaces.to_json())
        self._ui.run(work, failed=self._not_saved, owner=self)

    def keep_session(self) -> None:
        """Saves how the window is being left, before it is gone."""
        self.workspaces.session = self._layout()
        self.workspaces.geometry = bytes(self._window.saveGeometry().data())
        self._newest += 1
        try:
            self._write(self._newest, self.workspaces.to_json())
        except OSError as error:
            self._not_saved(error)

    def _write(self, number: int, text: str) -> None:
        with self._writing:
            # Only the newest text is worth writing, and an older one must never come after it.
            if number == self._newest:
                self._save(text)

    def _not_saved(self, error: Exception) -> None:
        log.error("The workspaces could not be saved: %s", error)
        self._ui.notify(
            Notice("The workspace could not be saved. Check that the disk is not full.", "warning", str(error))
        )

    def fill_menu(self, menu: QMenu) -> None:
        for name in self.workspaces.names():
            title = name.replace("&", "&&")
            current = name == self.workspaces.current
            action = menu.addAction(icons.icon("check", "acc"), title) if current else menu.addAction(title)
            action.triggered.connect(partial(self._switch_checked, name))
        menu.addSeparator()
        for command_id in ("save", "save-as", "rename", "delete", "reset"):
            command = self._ui.commands.get(f"workspace.{command_id}")
            if command is not None:
                menu.addAction(command.title, command.run)

    def ask_save_as(self) -> None:
        self._ask("Save workspace as", "", self.save_as)

    def ask_rename(self) -> None:
        self._ask("Rename workspace", self.workspaces.current, self.rename)

    def _ask(self, title: str, text: str, act: Callable[[str], None]) -> None:
        asked = NameQuestion(title, text)

        def done(name: str | None) -> None:
            if name is not None:
                try:
                    act(name)
                except (WorkspaceNameTaken, ValueError) as error:
                    asked.complain(str(error))
                    return
            self._ui.close_popup(asked)
            asked.deleteLater()

        asked.done = done
        self._ui.show_popup(asked, "crm")
        asked.entry.setFocus(Qt.FocusReason.PopupFocusReason)

    def _layout(self) -> Layout:
        guests = tuple(self.guests.saved()) if self.guests is not None else ()
        return Layout(self._docks.save(), tuple(panel.app_id for panel in self._docks.panels()), guests)

    def _apply(self, layout: Layout | None) -> bool:
        if layout is not None and self.guests is not None:
            self.guests.restore(layout.guests)
        return layout is not None and self._docks.restore(layout.docks, layout.panels)

    def _apply_or_default(self, layout: Layout | None) -> None:
        if not self._apply(layout):
            if layout is not None:
                log.warning(
                    "The layout of workspace %s cannot be restored; the default is used", self.workspaces.current
                )
            self._docks.arrange()

    def _list(self) -> None:
        names = self.workspaces.names()
        self._top.set_workspaces(names, self.workspaces.current)
        for name in set(self._listed) - set(names):
            self._ui.commands.remove(f"workspace.go.{name}")
        for name in names:
            if name not in self._listed:
                switch = partial(self.switch, name)
                self._ui.commands.add(Command(f"workspace.go.{name}", f"Workspace: {name}", switch, icon="desk"))
        self._listed = names


class NameQuestion(QWidget):
    """Asks for a name: Enter takes it, Esc gives up."""

    def __init__(self, title: str, text: str) -> None:
        super().__init__()
        self.done: Callable[[str | None], None] = lambda _name: None
        box = QVBoxLayout(self)
        box.setContentsMargins(14, 12, 14, 12)
        box.setSpacing(10)
        box.addWidget(heading(title))
        self.entry = QLineEdit(text)
        self.entry.selectAll()
        self.entry.setMaxLength(60)
        self.entry.returnPressed.connect(self._take)
        box.addWidget(field("Name", self.entry))
        self._complaint = label("", "dn")
        self._complaint.setWordWrap(True)
        self._complaint.hide()
        box.addWidget(self._complaint)
        row = QHBoxLayout()
        row.addStretch()
        cancel = button("Cancel", "ghost")
        cancel.clicked.connect(lambda _=False: self.done(None))
        take = button("Save", "pri")
        take.clicked.connect(lambda _=False: self._take())
        row.addWidget(cancel)
        row.addWidget(take)
        box.addLayout(row)
        self.setFocusProxy(self.entry)

    def complain(self, text: str) -> None:
        self._complaint.setText(text)
        self._complaint.show()

    def _take(self) -> None:
        self.done(self.entry.text())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.done(None)
        else:
            super().keyPressEvent(event)
