"""A web app that no directory knows wants to join, and the settings have the trader asked."""

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


def test_the_trader_is_asked_for_the_site_by_name_and_lets_it_in(open_desk: Callable[..., Desk], port: int) -> None:
    desk = open_desk(start=False, chat=False, unknown_apps="ask")
    program = desk.program
    program.directory.add(AppRecord(app_id="known", type="web", details={"url": f"http://localhost:{port}/"}))
    opened: list[bool] = []
    program.ready.connect(lambda: opened.append(True))
    program.start()
    desk.until(lambda: opened, "the desk")
    assert program.ui.commands.run("web.open.known")

    def panel() -> Any:
        windows = program.web._windows
        return windows.panels.get("known#1") if windows is not None else None

    def running() -> list[str]:
        return [one.app_id for one in program.core.host.instances()]

    desk.until(lambda: panel() and panel().page.title() == "WCP5ValidateAppIdentityResponse", "the app to join")
    stranger = f"http://127.0.0.1:{port}"
    panel().page.runJavaScript(f"location.href = '{stranger}/orders'")
    chooser = desk.until(
        lambda: next((one for one in program.window.popups.widgets() if isinstance(one, Chooser)), None), "the question"
    )
    assert chooser is not None
    assert stranger in chooser.accessibleName()
    assert panel().page.title() == "joining"
    desk.qtbot.keyClick(chooser.list, Qt.Key.Key_2)
    desk.until(lambda: panel().page.title() == "WCP5ValidateAppIdentityResponse", "the stranger to be let in")
    assert stranger in running()
