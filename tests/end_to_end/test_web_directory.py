"""The palette offers the web apps that an app directory has now, while the desk stays open."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from fdc3.directory.addresses import DirectoryAddress
from tests.end_to_end.desk import Desk


class Appd:
    """An app directory on loopback; ``titles`` by appId are its web apps."""

    def __init__(self) -> None:
        self.titles = {"blotter": "Blotter", "charts": "Charts"}
        appd = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = json.dumps({"applications": [appd.record(*app) for app in appd.titles.items()]}).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), name="appd")
        self._thread.start()

    @staticmethod
    def record(app_id: str, title: str) -> dict[str, Any]:
        return {"appId": app_id, "title": title, "type": "web", "details": {"url": f"https://example.com/{app_id}"}}

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def appd() -> Iterator[Appd]:
    made = Appd()
    yield made
    made.close()


def test_the_palette_follows_the_directory(open_desk: Callable[..., Desk], appd: Appd) -> None:
    address = f"http://{appd.host}"
    desk = open_desk(start=False, chat=False, app_directories=(address,))
    ready: list[bool] = []
    desk.program.ready.connect(lambda: ready.append(True))
    desk.program.start()
    desk.until(lambda: ready, "the desk")

    def titles() -> set[str]:
        ends = f"@{appd.host}"
        return {x.title for x in desk.program.ui.commands.all() if x.id.startswith("web.open.") and x.id.endswith(ends)}

    desk.until(lambda: titles() == {"Open Blotter", "Open Charts"}, "the directory's apps", seconds=10)
    appd.titles = {"blotter": "Blotter of the day", "scanner": "Scanner"}
    assert desk.play(desk.program.core._directories.refresh(DirectoryAddress.parse(address)))
    desk.until(lambda: titles() == {"Open Blotter of the day", "Open Scanner"}, "what it has now", seconds=10)
