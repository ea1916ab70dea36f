"""A site of a few pages on loopback, and web panels opened as the desk opens them: by a page that is their opener."""

from __future__ import annotations

import base64
import os
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
if hasattr(os, "geteuid") and os.geteuid() == 0:
    os.environ["QTWEBENGINE_DISABLE_SANDBOX"] = "1"  # the browser's sandbox cannot be had by root

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, Qt, QTimer
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.shell import theme
from app.shell.io_loop import IoLoop
from app.shell.ui import Ui
from tests.waiting import until

# Before any application is made, or QtWebEngine cannot be imported after it.
QCoreApplication.setAttribute(Qt.ApplicationAttribute.AA_ShareOpenGLContexts)

PASSWORD = "correct horse"


class Site:
    """Pages by path; ``seen`` are the paths asked for. ``/login`` wants the user ``maren`` and the password."""

    def __init__(self, port: int = 0) -> None:
        self.pages: dict[str, str] = {"/host": "<title>host</title>", "/": "<title>home</title><p>bund bund bobl"}
        self.files: dict[str, bytes] = {}
        self.seen: list[str] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.seen.append(self.path)
                if self.path == "/login" and not site.allows(self.headers.get("Authorization", "")):
                    self.answer(401, b"", ("WWW-Authenticate", 'Basic realm="desk"'))
                elif self.path in site.files:
                    name = self.path.rsplit("/", 1)[-1]
                    self.answer(200, site.files[self.path], ("Content-Disposition", f'attachment; filename="{name}"'))
                elif self.path in site.pages:
                    self.answer(200, site.pages[self.path].encode())
                else:
                    self.answer(404, b"<title>nothing here</title>")

            def answer(self, status: int, body: bytes, *headers: tuple[str, str]) -> None:
                self.send_response(status)
                for name, value in (("Content-Type", "text/html"), ("Content-Length", str(len(body))), *headers):
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="site")
        self._thread.start()

    def allows(self, authorization: str) -> bool:
        return authorization == "Basic " + base64.b64encode(f"maren:{PASSWORD}".encode()).decode()

    def another(self, port: int) -> Site:
        return Site(port)

    def url(self, path: str, host: str = "localhost") -> str:
        return f"http://{host}:{self.port}{path}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def site() -> Iterator[Site]:
    made = Site()
    yield made
    made.close()


@pytest.fixture
def ui(qapp: QApplication) -> Iterator[Ui]:
    theme.apply(qapp)
    io = IoLoop()
    io.start()
    yield Ui(io)
    QCoreApplication.sendPostedEvents()
    assert io.stop()


class Browser:
    """Web windows whose host page is the site's, at another host than the apps': they have processes of their own."""

    def __init__(self, qtbot: QtBot, ui: Ui, site: Site, folder: Path) -> None:
        from app.web.windows import WebWindows

        self.qtbot, self.site, self.ui = qtbot, site, ui
        self.downloads = folder / "downloads"
        self.windows = WebWindows(ui, folder / "web", downloads=self.downloads)
        self.closed: list[str] = []
        self.crashed: list[str] = []
        self.restarts: list[str] = []
        self.windows.closed.connect(self.closed.append)
        self.windows.crashed.connect(self.crashed.append)
        self.windows.restart_asked.connect(self.restarts.append)

    def open(self, address: str, *, app_id: str = "app", agent: str = "", state: str = "ready"):  # type: ignore[no-untyped-def]
        """Opens a panel and waits until it is in a state."""
        from app.web.places import Opening

        if app_id not in self.windows._hosts:
            self.windows.load_host(app_id, self.site.url("/host", "127.0.0.1"))
            host = self.windows._hosts[app_id]
            self.until(lambda: host.title() == "host", "the host page")
        panel_id = f"{app_id}#{len(self.windows.panels) + 1}"
        self.windows.expect(Opening(panel_id, app_id, "Holdings", address, agent))
        self.windows._hosts[app_id].runJavaScript(f"window.open({address!r}, '_blank'); 0")
        panel = self.until(lambda: self.windows.panels.get(panel_id), "the panel")
        panel.resize(700, 400)
        panel.show()
        self.until(lambda: panel.state == state, f"the panel to be {state}, not {panel.state}")
        return panel

    def until(self, condition, what: str, seconds: float = 20):  # type: ignore[no-untyped-def]
        # A script that waits for an answer does so in an event loop above ours, which cannot end before that one does.
        deadline = QTimer(singleShot=True, interval=round(seconds * 1000))
        deadline.timeout.connect(self.release)
        deadline.start()
        try:
            return until(self.qtbot, condition, what, seconds)
        finally:
            deadline.stop()

    def release(self) -> None:
        """Answers no to whatever a script waits for."""
        for panel in self.windows.panels.values():
            panel.page.release()

    def run(self, panel, script: str):  # type: ignore[no-untyped-def]
        """The value of a script in a panel's page."""
        answer: list[object] = []
        panel.page.runJavaScript(script, lambda value: answer.append(value))
        self.until(lambda: answer, "the page's answer")
        return answer[0]

    def question(self, panel):  # type: ignore[no-untyped-def]
        """The question in the panel's strip, once there is one."""
        return self.until(lambda: next(iter(panel.questions.open()), None), "a question")

    def close(self) -> None:
        self.windows.end_all()
        self.windows.deleteLater()
        for _ in range(4):
            QCoreApplication.processEvents()
            QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


OpenBrowser = Callable[[], Browser]


@pytest.fixture
def browser(qtbot: QtBot, ui: Ui, site: Site, tmp_path: Path) -> Iterator[Browser]:
    made = Browser(qtbot, ui, site, tmp_path)
    yield made
    made.close()
