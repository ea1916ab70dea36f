"""Web apps of a site beside a whole desk: one that no directory knows, and one that is left and found again."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from PySide6.QtCore import QCoreApplication, Qt

from app.shell.resolver import Chooser
from fdc3.directory import AppRecord
from tests.end_to_end.desk import Desk

if hasattr(os, "geteuid") and os.geteuid() == 0:
    os.environ["QTWEBENGINE_DISABLE_SANDBOX"] = "1"  # the browser's sandbox cannot be had by root
# Before any application is made, as the desk does itself.
QCoreApplication.setAttribute(Qt.ApplicationAttribute.AA_ShareOpenGLContexts)

pytestmark = pytest.mark.qt_log_ignore(
    "Sandboxing disabled", "QRhi", "RHI", "Vulkan", "GBM", "GPUInfo", "propagateSizeHints", "does not support raise"
)
PAGE = b"""<!doctype html><title>joining</title><script>
  const meta = { connectionAttemptUuid: "a", timestamp: new Date().toISOString() };
  const urls = { identityUrl: location.href, actualUrl: location.href };
  addEventListener("message", ({ data, ports: [port] }) => {
    if (data.type !== "WCP3Handshake") return;
    port.onmessage = ({ data }) => { document.title = data.type };
    port.postMessage({ type: "WCP4ValidateAppIdentity", payload: urls, meta });
  });
  opener.postMessage({ type: "WCP1Hello", payload: { ...urls, fdc3Version: "2.2" }, meta }, "*");
</script>"""
"""What ``getAgent()`` does to join."""


@pytest.fixture
def port() -> Iterator[int]:
    """Of a server that gives the page for every address: as localhost, and as 127.0.0.1, which is another origin."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(PAGE)))
            self.end_headers()
            self.wfile.write(PAGE)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), name="site")
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()
    thread.join()


class Known:
    """A desk that knows the site as localhost, and a hand on the panel of its app."""

    def __init__(self, desk: Desk, port: int) -> None:
        self.desk, self.program = desk, desk.program
        record = AppRecord(app_id="known", type="web", details={"url": f"http://localhost:{port}/"})
        self.program.directory.add(record)
        opened: list[bool] = []
        self.program.ready.connect(lambda: opened.append(True))
        self.program.start()
        desk.until(lambda: opened, "the desk")

    @property
    def panel(self) -> Any:
        windows = self.program.web._windows
        return windows.panels.get("known#1") if windows is not None else None

    def joined(self) -> None:
        self.desk.until(
            lambda: self.panel and self.panel.page.title() == "WCP5ValidateAppIdentityResponse", "the app to join"
        )

    def apps(self) -> list[str]:
        return [one.app_id for one in self.program.core.host.instances()]


def test_the_trader_is_asked_for_the_site_by_name_and_lets_it_in(open_desk: Callable[..., Desk], port: int) -> None:
    desk = open_desk(start=False, chat=False, unknown_apps="ask")
    known = Known(desk, port)
    assert known.program.ui.commands.run("web.open.known")
    known.joined()
    stranger = f"http://127.0.0.1:{port}"
    known.panel.page.runJavaScript(f"location.href = '{stranger}/orders'")
    popups = known.program.window.popups
    chooser = desk.until(lambda: next((x for x in popups.widgets() if isinstance(x, Chooser)), None), "the question")
    assert chooser is not None
    assert stranger in chooser.accessibleName()
    assert known.panel.page.title() == "joining"
    desk.qtbot.keyClicks(chooser.list, "2 let")
    desk.qtbot.keyClick(chooser.list, Qt.Key.Key_Down)
    desk.qtbot.keyClick(chooser.list, Qt.Key.Key_Return)
    known.joined()
    assert stranger in known.apps()


def test_an_app_shows_again_what_it_was_showing(open_desk: Callable[..., Desk], port: int) -> None:
    first = Known(open_desk(start=False, chat=False), port)
    first.program.ui.commands.run("web.open.known")
    first.joined()
    first.panel.page.runJavaScript("history.pushState(null, '', '/?customer=7#orders')")
    shown = f"http://localhost:{port}/?customer=7#orders"
    first.desk.until(lambda: first.panel.page.url().toString() == shown, "the address")
    first.program.window.close()
    first.desk.until(lambda: first.desk.ended, "the desk to close")

    second = Known(open_desk(start=False, chat=False), port)
    second.joined()
    assert second.panel.page.url().toString() == shown
