"""What the agent answers to plain HTTP requests: the host page with its script, and the App Directory (v2).

Everything is for pages of our own origin and for programs on this machine: no CORS header, and no page elsewhere may
frame or embed it.
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import unquote

import msgspec

from fdc3 import web
from fdc3.directory import AppDirectory

_FILES = {
    "/web/host.html": "text/html",
    "/web/host.css": "text/css",
    "/web/host.js": "text/javascript",
    "/web/clock.js": "text/javascript",
}
_APPS = "/v2/apps"


@dataclass(frozen=True, slots=True)
class Answer:
    status: HTTPStatus
    content_type: str
    body: str

    def headers(self, authority: str) -> dict[str, str]:
        """``authority``: our own host and port."""
        return {
            "Content-Type": f"{self.content_type}; charset=utf-8",
            "Content-Security-Policy": (
                "default-src 'none'; script-src 'self'; style-src 'self'; base-uri 'none'; form-action 'none'; "
                f"frame-ancestors 'none'; connect-src 'self' ws://{authority}"
            ),
            "Cache-Control": "no-store",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
        }


def answer(target: str, directory: AppDirectory) -> Answer:
    """The answer to a GET of ``target``, the path with its query as it stands in the request."""
    path = target.partition("?")[0]
    if path in _FILES:
        return Answer(HTTPStatus.OK, _FILES[path], web.text(path.removeprefix("/web/")))
    if path == _APPS:
        return _json({"applications": list(directory), "message": "OK"})
    if path.startswith(_APPS + "/"):
        try:
            app_id = unquote(path.removeprefix(_APPS + "/"), errors="strict")
        except UnicodeDecodeError:
            app_id = ""
        if not app_id or "/" in app_id:
            return _json({"message": "That is no appId"}, HTTPStatus.BAD_REQUEST)
        if record := directory.get(app_id):
            return _json(record)
        return _json({"message": "The app directory holds no such app"}, HTTPStatus.NOT_FOUND)
    return Answer(HTTPStatus.NOT_FOUND, "text/plain", "There is nothing here.\n")


def _json(content: object, status: HTTPStatus = HTTPStatus.OK) -> Answer:
    return Answer(status, "application/json", msgspec.json.encode(content).decode())
