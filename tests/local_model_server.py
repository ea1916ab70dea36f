"""A small server on this computer that answers chat completions as a test wants."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class LocalModelServer:
    """``answer`` makes the reworded text of a summary, or the body and the status to send in its place.

    With ``hold`` cleared a request waits. ``asked`` keeps what was sent.
    """

    def __init__(self) -> None:
        self.answer: Callable[[str], str | tuple[int, bytes]] = lambda summary: summary
        self.finish_reason = "stop"
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.hold = threading.Event()
        self.hold.set()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.asked.append((self.path, asked))
                outer.hold.wait()
                status, body = outer.reply(asked["messages"][-1]["content"])
                if not status:
                    return  # the connection is closed without a word
                with contextlib.suppress(OSError):  # whoever asked may have gone
                    self.send_response(status)
                    self.send_header("Content-Length", str(len(body)))
                    if status == 302:
                        self.send_header("Location", "http://192.0.2.1/v1/chat/completions")
                    self.end_headers()
                    self.wfile.write(body)

            def log_message(self, *_: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = False
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def reply(self, summary: str) -> tuple[int, bytes]:
        made = self.answer(summary)
        if isinstance(made, tuple):
            return made
        choice = {"index": 0, "message": {"role": "assistant", "content": made}, "finish_reason": self.finish_reason}
        return 200, json.dumps({"id": "x", "choices": [choice], "usage": {"total_tokens": 9}}).encode()

    def close(self) -> None:
        self.hold.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def serving() -> Iterator[LocalModelServer]:
    """For a fixture."""
    server = LocalModelServer()
    yield server
    server.close()
