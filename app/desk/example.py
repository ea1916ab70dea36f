"""An example of a vendor's web app for the demo desk: served on loopback as a vendor would serve it elsewhere."""

from __future__ import annotations

import functools
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import msgspec

from fdc3.directory import AppRecord

FOLDER = Path(__file__).parents[2] / "resources" / "demo" / "web"
APP_ID = "deskline-example-holdings"


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Requests are not logged."""

    def end_headers(self) -> None:
        self.send_header("Cache-Control", "no-store")
        super().end_headers()


class ExampleApp:
    """Its address is of this run alone, so its record is made with it."""

    def start(self) -> AppRecord:
        """Serves the app's pages; returns its record for the directory."""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=FOLDER))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), name="example web app")
        self._thread.start()
        url = f"http://127.0.0.1:{self._server.server_address[1]}/holdings.html"
        contexts = ["fdc3.organization", "fdc3.contact"]
        return msgspec.convert(
            {
                "appId": APP_ID,
                "title": "Holdings",
                "type": "web",
                "details": {"url": url},
                "description": "Example of a web app: what the customer in focus holds, invented.",
                "interop": {"userChannels": {"listensFor": contexts, "broadcasts": ["fdc3.instrument"]}},
                "hostManifests": {"deskline": {"preload": True, "dock": {"area": "analytics", "icon": "list"}}},
            },
            AppRecord,
        )

    def stop(self) -> None:
        """Blocks until the server has ended, a tenth of a second at most."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
