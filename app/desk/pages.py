"""The program's own pages: settings, apps, and the list of commands with their keys."""

from __future__ import annotations

import importlib.metadata
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, QUrl
from PySide6.QtGui import QDesktopServices, QKeySequence

from app.desk.manifest import manifest_of
from app.desk.settings_view import prepare_file, setting_rows
from app.services import Notice
from app.settings import settings_file
from app.shell.commands import Command
from app.shell.pages import AppRow, AppsPage, KeysPage, Page, SettingsPage
from app.shell.popups import MIDDLE
from fdc3.directory import AppRecord

if TYPE_CHECKING:
    from app.desk.program import Program

REFRESH_MS = 1000
OWN = "deskline-desk"


class DeskPages(QObject):
    """Shows one page at a time; asking for the one that is shown closes it."""

    def __init__(self, program: Program) -> None:
        super().__init__(program)
        self._program, self._ui = program, program.ui
        self.page: Page | None = None
        self._refresh = QTimer(self, interval=REFRESH_MS)
        self._refresh.timeout.connect(self._show_apps)
        self._ui.commands.add(
            Command("desk.settings", "Settings", self.settings, "Ctrl+,", icon="settings"),
            Command("desk.apps", "Apps: what runs, and restart", self.apps, "Ctrl+Shift+A", icon="plug"),
            Command("desk.keys", "Commands and keys, about Deskline", self.keys, "F1", icon="keyboard"),
        )

    def settings(self) -> None:
        page = SettingsPage(setting_rows(self._program.settings), str(settings_file()))
        page.open_asked.connect(self._open_settings_file)
        page.connect_asked.connect(self._connect_desk)
        self._show(page)

    def apps(self) -> None:
        page = AppsPage()
        page.restart_asked.connect(self._program.window.restart_asked)
        if self._show(page):
            self._show_apps()
            self._refresh.start()

    def keys(self) -> None:
        about = f"Deskline {importlib.metadata.version('deskline')} · FDC3 2.2 · Apache-2.0 · Qt under the LGPL"
        page = KeysPage(self._ui.commands.all(), shown_keys, about)
        page.chosen.connect(self._run)
        self._show(page)

    def close(self) -> None:
        page, self.page = self.page, None
        self._refresh.stop()
        if page is not None:
            self._ui.close_popup(page)
            page.deleteLater()

    def _show(self, page: Page) -> bool:
        """False when the same page was open: then it is closed, and the new one is not shown."""
        again = type(self.page) is type(page)
        self.close()
        if again:
            page.deleteLater()
            return False
        self.page = page
        page.closed.connect(self.close)
        self._ui.show_popup(page, MIDDLE)
        (page.focusProxy() or page).setFocus()
        return True

    def _run(self, command_id: str) -> None:
        self.close()
        if not self._ui.commands.run(command_id):
            self._ui.notify(Notice("That command cannot be run now."))

    def _connect_desk(self) -> None:
        self.close()
        if not self._ui.commands.run("desk.connect"):
            self._program.server.open()

    def _open_settings_file(self) -> None:
        path = settings_file()
        try:
            prepare_file(path)
        except OSError as error:
            self._ui.notify(Notice(f"{path} cannot be made: {error.strerror}.", "warning"))
            return
        if not QDesktopServices.openUrl(QUrl.fromLocalFile(str(path))):
            self._ui.notify(Notice(f"No program opens {path}. Use Copy path and open it by hand.", "warning"))

    def _show_apps(self) -> None:
        if isinstance(self.page, AppsPage):
            self.page.show_apps(*self._apps())

    def _apps(self) -> tuple[list[AppRow], str]:
        """The apps of the directory with their running instances; neither the desk itself nor services behind apps."""
        core = self._program.running_core
        instances = list(core.host.instances()) if core is not None else []
        rows = []
        for record in self._program.directory:
            if record.app_id == OWN or manifest_of(record).service is not None:
                continue
            running = [each for each in instances if each.app_id == record.app_id]
            if not running:
                rows.append(_row(record, "Not running", "mut", "", ""))
            for each in running:
                state, level = ("Running", "up") if each.connected else ("Starting", "warn")
                rows.append(_row(record, state, level, each.id, each.channel_id or ""))
        address = core.host.url if core is not None else ""
        return rows, f"Desktop agent at {address}" if address else "The desktop agent is starting"


def _row(record: AppRecord, state: str, level: str, instance: str, channel: str) -> AppRow:
    return AppRow(
        record.app_id,
        record.title,
        "inside the desk" if manifest_of(record).app else "own process" if record.type == "native" else record.type,
        state,
        level,
        instance,
        channel.rsplit(".", 1)[-1] if channel else "–",
        record.version or "–",
    )


def shown_keys(shortcut: str) -> str:
    """As the palette writes them: Ctrl Shift A."""
    return QKeySequence(shortcut).toString(QKeySequence.SequenceFormat.NativeText).replace("+", " ")
