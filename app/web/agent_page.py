"""The agent's own hidden page: it opens the windows of one app, so that they have an opener to ask for the agent."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer, QUrl, Signal
from PySide6.QtWebEngineCore import QWebEnginePage, QWebEngineProfile, QWebEngineSettings
from PySide6.QtWebEngineWidgets import QWebEngineView

from app.web.page import WebPage

log = logging.getLogger(__name__)


class AgentPage(QWebEnginePage):
    """Loads the agent's host page. QtWebEngine lets a window have an opener of its own profile only: one an app.

    ``crashed``: its process has ended, and with it the connection of every window that it opened; it loads anew.
    """

    crashed = Signal()

    def __init__(self, profile: QWebEngineProfile, url: str, parent: QObject) -> None:
        super().__init__(profile, parent)
        self._expected: deque[tuple[Callable[[WebPage], None], Callable[[WebPage], None]]] = deque()
        self._url = QUrl(url)
        self.settings().setAttribute(QWebEngineSettings.WebAttribute.JavascriptCanOpenWindows, True)
        # Windows of the same site as this page would stay unpainted if it had no view; the view is never shown.
        self._view = QWebEngineView()
        self._view.setPage(self)
        self.setVisible(True)  # else its timers are slowed down, and with them the notice of a closed window
        self.renderProcessTerminated.connect(self._terminated)
        self.load(self._url)

    def expect(self, opened: Callable[[WebPage], None], prepare: Callable[[WebPage], None]) -> None:
        """The next window that the host page opens: ``prepare`` dresses its page before anything is loaded into it,
        ``opened`` is called when it may be shown."""
        self._expected.append((opened, prepare))

    def unexpect(self, opened: Callable[[WebPage], None]) -> None:
        """It was not opened in time."""
        self._expected = deque(waiting for waiting in self._expected if waiting[0] is not opened)

    def createWindow(self, kind: QWebEnginePage.WebWindowType) -> QWebEnginePage:
        page = WebPage(self.profile(), self.parent())
        if self._expected:
            opened, prepare = self._expected.popleft()
            prepare(page)
            # A page shown before this function has returned brings QtWebEngine down.
            QTimer.singleShot(0, page, lambda: opened(page))
        else:
            log.warning("The host page opened a window that nobody asked for")
            QTimer.singleShot(0, page, page.deleteLater)
        return page

    def end(self) -> None:
        self._view.deleteLater()
        self.deleteLater()

    def javaScriptConsoleMessage(
        self, level: QWebEnginePage.JavaScriptConsoleMessageLevel, message: str, line: int, source: str
    ) -> None:
        log.debug("The host page says at line %s: %s", line, message)

    def _terminated(self, status: QWebEnginePage.RenderProcessTerminationStatus, code: int) -> None:
        log.warning("The host page's process has ended: %s, %s", status.name, code)
        self.crashed.emit()
        QTimer.singleShot(0, self, lambda: self.load(self._url))
