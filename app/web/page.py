"""A page of a web app: what it asks of the browser round it, as signals. Nothing is granted here."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QEventLoop, QObject, QTimer, QUrl, Signal
from PySide6.QtNetwork import QAuthenticator
from PySide6.QtWebEngineCore import (
    QWebEngineCertificateError,
    QWebEngineNewWindowRequest,
    QWebEnginePage,
    QWebEngineProfile,
)

from app.web.popup import wants_popup

log = logging.getLogger(__name__)


def site(url: QUrl) -> str:
    """The host with its port, as people write it."""
    return url.authority().rpartition("@")[2]


@dataclass(slots=True, eq=False)
class Dialog:
    """What a script asks: ``default`` None is a yes-or-no question, else a line of text. ``answer`` may come once."""

    site: str
    text: str
    default: str | None
    answer: Callable[[str | None], None]
    """Text for yes, None for no."""


@dataclass(frozen=True, slots=True)
class Login:
    """Who wants a name and a password. They are kept in memory only."""

    where: str
    realm: str
    again: bool
    """What was given before has been refused."""
    page: QUrl
    """The page that was wanted."""


class WebPage(QWebEnginePage):
    """Signals: ``certificate_refused`` with a sentence, ``window_asked`` with a URL, ``popup_asked`` with a request
    to be answered at once, ``login_asked`` with a ``Login``, ``said`` with the site and the text of an alert,
    ``asked`` with a ``Dialog``, whose answer a script waits for.
    """

    certificate_refused = Signal(str)
    window_asked = Signal(QUrl)
    popup_asked = Signal(object)
    login_asked = Signal(object)
    said = Signal(str, str)
    asked = Signal(object)

    def __init__(self, profile: QWebEngineProfile, parent: QObject | None = None) -> None:
        super().__init__(profile, parent)
        self._logins: dict[tuple[str, str], tuple[str, str]] = {}
        self._tried: set[tuple[str, str]] = set()
        self._refused: set[tuple[str, str]] = set()
        self._waiting: list[QEventLoop] = []
        self._ended = False
        self.certificateError.connect(self._refuse_certificate)
        self.newWindowRequested.connect(self._window_requested)
        self.authenticationRequired.connect(self._login_required)
        self.proxyAuthenticationRequired.connect(self._proxy_login_required)
        self.fullScreenRequested.connect(lambda request: request.reject())

    # Certificates and new windows

    def _refuse_certificate(self, error: QWebEngineCertificateError) -> None:
        error.rejectCertificate()
        log.warning("The certificate of %s was refused: %s", error.url().host(), error.type().name)
        if error.isMainFrame():
            self.certificate_refused.emit(f"The certificate of {site(error.url())} is not valid: {error.description()}")

    def _window_requested(self, request: QWebEngineNewWindowRequest) -> None:
        if wants_popup(request):
            self.popup_asked.emit(request)
        else:
            self.window_asked.emit(request.requestedUrl())

    # Names and passwords

    def log_in(self, login: Login, user: str, password: str) -> None:
        """Keeps what the user gave, and asks for the page again."""
        self._logins[login.where, login.realm] = (user, password)
        self._tried.discard((login.where, login.realm))
        self.load(login.page)

    def _login_required(self, url: QUrl, form: QAuthenticator) -> None:
        self._answer_login(site(url), form)

    def _proxy_login_required(self, _url: QUrl, form: QAuthenticator, proxy: str) -> None:
        self._answer_login(f"the proxy {proxy}", form)

    def _answer_login(self, where: str, form: QAuthenticator) -> None:
        """Qt wants the answer at once: without one the request fails, and is made again when the user has answered."""
        key = (where, form.realm())
        known = self._logins.get(key)
        if known is not None and key not in self._tried:
            self._tried.add(key)
            form.setUser(known[0])
            form.setPassword(known[1])
            return
        if self._logins.pop(key, None) is not None:
            self._refused.add(key)
        self.login_asked.emit(Login(where, form.realm(), again=key in self._refused, page=self.requestedUrl()))

    def forget_tries(self) -> None:
        """A page has come: what was given is right, and may be given again."""
        self._tried.clear()
        self._refused.clear()

    # What scripts say and ask

    def javaScriptAlert(self, origin: QUrl | str, text: str) -> None:
        self.said.emit(site(QUrl(origin)), text)

    def javaScriptConfirm(self, origin: QUrl | str, text: str) -> bool:
        return self._ask(site(QUrl(origin)), text, None) is not None

    def javaScriptPrompt(self, origin: QUrl | str, text: str, default: str) -> tuple[bool, str]:
        answer = self._ask(site(QUrl(origin)), text, default)
        return answer is not None, answer or ""

    def _ask(self, where: str, text: str, default: str | None) -> str | None:
        """Holds the page's script up, as the language asks for, but not the desk: events go on in a loop of their own.

        No coroutine is ever above it: those run on the thread of the I/O loop.
        """
        given: list[str | None] = [None]
        waiting = QEventLoop()

        def answer(value: str | None) -> None:
            given[0] = value
            waiting.quit()

        self._waiting.append(waiting)
        self.asked.emit(Dialog(where, text, default, answer))
        waiting.exec(QEventLoop.ProcessEventsFlag.DialogExec)
        self._waiting.remove(waiting)
        if self._ended:
            # Qt is still in the middle of this page, and is out of it when the loop below goes on.
            QTimer.singleShot(0, self, self.deleteLater)
        return given[0]

    def release(self) -> None:
        """Answers no to whatever a script waits for."""
        for waiting in self._waiting:
            waiting.quit()

    def end(self) -> None:
        """Deletes the page, after a script that waits for an answer has had a no."""
        self._ended = True
        if self._waiting:
            self.release()
        else:
            self.deleteLater()

    def javaScriptConsoleMessage(
        self, level: QWebEnginePage.JavaScriptConsoleMessageLevel, message: str, line: int, source: str
    ) -> None:
        """Not logged: it may tell of clients. The page's developer tools have it."""
