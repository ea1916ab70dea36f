"""Web apps for tests: pages on a loopback port, using the standard's own client from its npm package."""

from __future__ import annotations

import asyncio
import functools
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec

from fdc3.directory import AppRecord

CACHE = Path(__file__).resolve().parents[2] / ".cache" / "web"
PACKAGES = ("@finos/fdc3@2.2.0", "esbuild@0.25.12")
ENTRY = 'export { getAgent } from "@finos/fdc3";'

PAGE = """<!doctype html><meta charset="utf-8"><title>app</title>
<script src="/fdc3.js"></script>
<script>
  window.heard = [];
  const began = performance.now();
  window.agent = (window.fdc3Standard ?? fdc3Client.getAgent)({ timeoutMs: 4000 });
  window.agent.then(() => window.joinedAfter = performance.now() - began, () => {});
</script>"""
LISTENING = (
    PAGE
    + """
<script>
  window.agent.then(async agent => {
    const told = await agent.getOrCreateChannel("told");
    await agent.addContextListener(null, context => told.broadcast({ type: "told", name: context.name }));
    await agent.addIntentListener("Ambiguous", async context => context);
  });
</script>"""
)
OTHER = "<!doctype html><title>not an app</title><script>window.kept = window.fdc3</script>"


@functools.cache
def client() -> str:
    """The standard's client as one script, ``fdc3Client`` in the page."""
    npm = Path(sys.executable).with_name("npm")
    npm = npm if npm.exists() else Path(shutil.which("npm") or "npm")
    if not (CACHE / "node_modules/esbuild/bin/esbuild").exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        options = ["--ignore-scripts", "--no-audit", "--no-fund"]
        subprocess.run([npm, "install", "--prefix", CACHE, *options, *PACKAGES], check=True, capture_output=True)
    return _bundled(CACHE)


@functools.cache
def newer_client(checkout: str) -> str:
    """The client of 3.0 out of a built checkout of the standard's repository, ``fdc3Client`` in the page."""
    return _bundled(Path(checkout))


def _bundled(folder: Path) -> str:
    node = Path(sys.executable).with_name("node")
    bundler = [node if node.exists() else "node", CACHE / "node_modules/esbuild/bin/esbuild"]
    options = ["--bundle", "--format=iife", "--global-name=fdc3Client", "--log-level=error"]
    made = subprocess.run([*bundler, *options], input=ENTRY, cwd=folder, capture_output=True, text=True, check=True)
    return made.stdout


class Site:
    """Serves ``PAGE`` on every path, a page that is no app on ``/other``, one with listeners on ``/listening``.

    ``/moved`` leads to ``/moved/``. ``/newer`` is ``PAGE`` with the client of 3.0 from a ``checkout``.
    """

    def __init__(self, checkout: str | None = None) -> None:
        self._checkout = checkout
        self.address = ""
        """By number; ``by_name`` is the same site as another origin."""
        self.by_name = ""

    async def __aenter__(self) -> Site:
        self._script = client()
        self._server = await asyncio.start_server(self._answer, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        self.address, self.by_name = f"http://127.0.0.1:{port}", f"http://localhost:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        path = head.split(b" ")[1].decode()
        status, kind, extra, body = "200 OK", "text/html", "", PAGE
        if path == "/fdc3.js":
            kind, body = "text/javascript", self._script
        elif path.startswith("/other"):
            body = OTHER
        elif path == "/newer.js" and self._checkout:
            kind, body = "text/javascript", newer_client(self._checkout)
        elif path.startswith("/newer"):
            body = PAGE.replace("/fdc3.js", "/newer.js")
        elif path.startswith("/listening"):
            body = LISTENING
        elif path.startswith("/frame"):
            body = f'<!doctype html><iframe src="{self.address}/one"></iframe>'
        elif path == "/moved":
            status, extra = "301 Moved Permanently", "Location: /moved/\r\n"
        data = body.encode()
        fields = f"Content-Type: {kind}; charset=utf-8\r\nContent-Length: {len(data)}\r\nConnection: close\r\n{extra}"
        writer.write(f"HTTP/1.1 {status}\r\n{fields}\r\n".encode() + data)
        await writer.drain()
        writer.close()

    def record(self, app_id: str, path: str, **listens_for: list[str]) -> AppRecord:
        return web_record(app_id, self.address + path, **listens_for)


def web_record(app_id: str, url: str, **listens_for: list[str]) -> AppRecord:
    intents = {name: {"contexts": contexts} for name, contexts in listens_for.items()}
    value = {
        "appId": app_id,
        "title": app_id.title(),
        "type": "web",
        "details": {"url": url},
        "interop": {"intents": {"listensFor": intents}},
    }
    return msgspec.convert(value, AppRecord)
