"""All web apps of one window: profiles, the agent's hidden pages, and the panels that were opened by them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, QUrl, Signal
from PySide6.QtWebEngineCore import QWebEngineDownloadRequest

from app.shell.ui import Ui
from app.web import preload
from app.web.agent_page import AgentPage
from app.web.downloads import download_folder
from app.web.page import WebPage
from app.web.panel import WebPanel
from app.web.places import Opening
from app.web.profiles import Profiles


class WebWindows(QObject):
    """Lives on the UI thread. Panels are named by their ids.

    ``opened`` carries a panel to be shown, ``closed`` the id of one that the user or its page closes, ``crashed`` and
    ``restart_asked`` an id, ``moved`` id and address, ``channel_chosen`` id and channel (or None), ``sent`` id, text
    and origin of a message through the injected agent, ``cut_off`` the app whose windows have lost the agent.
    """

    opened = Signal(object)
    closed = Signal(str)
    crashed = Signal(str)
    restart_asked = Signal(str)
    moved = Signal(str, QUrl)
    channel_chosen = Signal(str, object)
    sent = Signal(str, str, str)
    cut_off = Signal(str)

    def __init__(self, ui: Ui, folder: Path, *, downloads: Path | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._ui = ui
        self._downloads = downloads or download_folder()
        self._profiles = Profiles(folder, notify=ui.notify, download=self._download, parent=self)
        self._hosts: dict[str, AgentPage] = {}
        self._waiting: dict[str, Callable[[WebPage], None]] = {}
        self._apps: dict[str, str] = {}
        self._pipes: dict[str, preload.Pipe] = {}
        self.panels: dict[str, WebPanel] = {}

    def load_host(self, app_id: str, url: str) -> None:
        """Loads the agent's host page for an app. The URL holds a secret."""
        host = self._hosts[app_id] = AgentPage(self._profiles.of(app_id), url, self)
        host.crashed.connect(lambda: self._cut_off(app_id))

    def expect(self, opening: Opening) -> None:
        """The next window that the app's host page opens becomes the app's panel; ``opened`` follows."""

        def opened(page: WebPage) -> None:
            self._waiting.pop(opening.panel_id, None)
            self._open(opening, page)

        self._waiting[opening.panel_id] = opened
        self._hosts[opening.app_id].expect(opened, lambda page: self._prepare(opening, page))

    def unexpect(self, opening: Opening) -> None:
        """It was not opened."""
        waiting = self._waiting.pop(opening.panel_id, None)
        if waiting is not None:
            self._hosts[opening.app_id].unexpect(waiting)

    def _prepare(self, opening: Opening, page: WebPage) -> None:
        """Before its first document is loaded."""
        if opening.agent:
            pipe = self._pipes[opening.panel_id] = preload.install(page, opening.identity, opening.agent)
            pipe.sent.connect(lambda text, origin: self.sent.emit(opening.panel_id, text, origin))
            pipe.overflowed.connect(lambda: self._overflowed(opening.panel_id))

    def _open(self, opening: Opening, page: WebPage) -> None:
        panel = WebPanel(opening.panel_id, opening.title, page, self._ui, self._downloads)
        panel.close_asked.connect(lambda: self.closed.emit(opening.panel_id))
        panel.crashed.connect(lambda: self.crashed.emit(opening.panel_id))
        panel.restart_asked.connect(lambda: self.restart_asked.emit(opening.panel_id))
        panel.moved.connect(lambda url: self.moved.emit(opening.panel_id, url))
        panel.channel_chosen.connect(lambda channel: self.channel_chosen.emit(opening.panel_id, channel))
        self.panels[opening.panel_id] = panel
        self._apps[opening.panel_id] = opening.app_id
        self.opened.emit(panel)

    def deliver(self, panel_id: str, text: str) -> None:
        """A message of the agent for the injected one."""
        if panel_id in self._pipes:
            self._pipes[panel_id].deliver(text)

    def _overflowed(self, panel_id: str) -> None:
        if (panel := self.panels.get(panel_id)) is not None:
            panel.too_slow()

    def end(self, panel_id: str) -> None:
        """Takes a panel and its page away."""
        self._pipes.pop(panel_id, None)
        self._apps.pop(panel_id, None)
        panel = self.panels.pop(panel_id, None)
        if panel is not None:
            panel.end()

    def end_all(self) -> None:
        """Before the program ends: pages first, then the hidden ones, then the profiles."""
        for panel_id in list(self.panels):
            self.end(panel_id)
        while self._hosts:
            self._hosts.popitem()[1].end()
        self._profiles.deleteLater()

    def _cut_off(self, app_id: str) -> None:
        for panel_id, its_app in self._apps.items():
            if its_app == app_id:
                self.panels[panel_id].cut_off()
        self.cut_off.emit(app_id)

    def _download(self, request: QWebEngineDownloadRequest) -> None:
        page = request.page()
        for panel in self.panels.values():
            if panel.has(page):
                panel.begin_download(request)
                return
        request.cancel()
