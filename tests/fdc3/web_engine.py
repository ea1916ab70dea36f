"""A real browser for tests: QtWebEngine in a process of its own, told what to do by lines of JSON on its input.

Run as a program it is the browser; imported, it is the test's end of it.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from chromium import PageError


class Browser:
    """Windows are numbered as they are opened; the page loaded by ``load`` is window 0."""

    def __init__(self) -> None:
        self.windows = 0
        self.closed: set[int] = set()
        self.console: list[str] = []
        self._numbers = itertools.count(1)
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._changed = asyncio.Event()
        self._received: dict[int, Callable[[str, str], None]] = {}

    async def __aenter__(self) -> Browser:
        environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "QTWEBENGINE_DISABLE_SANDBOX": "1"}
        environment["PYTHONPATH"] = str(Path(__file__).resolve().parents[2])
        environment["QTWEBENGINE_CHROMIUM_FLAGS"] = "--no-sandbox --disable-gpu"
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            __file__,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=environment,
            limit=16 * 1024 * 1024,
        )
        self._reader = asyncio.ensure_future(self._read())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            async with asyncio.timeout(10):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
        self._reader.cancel()
        await asyncio.gather(self._reader, return_exceptions=True)
        # Chromium's own processes may hold our end of the pipe open a little longer.
        self._process._transport.close()  # type: ignore[attr-defined]

    async def _read(self) -> None:
        assert self._process.stdout is not None
        failure: Exception = AssertionError("the browser has ended")
        try:
            while line := await self._process.stdout.readline():
                self._heard(json.loads(line))
                self._changed.set()
        except Exception as error:
            failure = error
        for answer in self._answers.values():
            answer.set_exception(failure)

    def _heard(self, said: dict[str, Any]) -> None:
        if said["said"] == "answer":
            if answer := self._answers.pop(said["id"], None):
                answer.set_result(said["value"])
        elif said["said"] == "opened":
            self.windows = max(self.windows, said["window"])
        elif said["said"] == "piped":
            self._received[said["pipe"]](said["text"], said["origin"])
        elif said["said"] == "closed":
            self.closed.add(said["window"])
        else:
            self.console.append(said["text"])

    async def _ask(self, **command: Any) -> Any:
        assert self._process.stdin is not None
        assert not self._reader.done(), "the browser has ended"
        number = command["id"] = next(self._numbers)
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        self._process.stdin.write(json.dumps(command).encode() + b"\n")
        try:
            async with asyncio.timeout(40):
                return await answer
        except TimeoutError:
            raise AssertionError(f"the browser did not answer {command}; its console: {self.console}") from None

    async def load(self, url: str) -> None:
        await self._ask(do="load", url=url)

    async def run(self, window: int, code: str) -> Any:
        """Runs the body of an async function in a page and returns what it returns. Raises what it throws."""
        result = await self._ask(do="run", window=window, code=code)
        if "thrown" in result:
            raise PageError(result["thrown"])
        return result.get("value")

    async def reload(self, window: int) -> None:
        await self._ask(do="reload", window=window)

    async def go(self, window: int, url: str) -> None:
        await self._ask(do="go", window=window, url=url)

    async def inject(self, url: str, script: str, pipe: int, received: Callable[[str, str], None]) -> int:
        """Opens a window with an injected agent. ``received`` hears the text and the origin of what the page sends."""
        self._received[pipe] = received
        return int(await self._ask(do="inject", url=url, script=script, pipe=pipe))

    def deliver(self, pipe: int, text: str) -> None:
        """For the injected agent of a window."""
        assert self._process.stdin is not None
        command = {"id": 0, "do": "deliver", "pipe": pipe, "text": text}
        self._process.stdin.write(json.dumps(command).encode() + b"\n")

    async def window(self, number: int) -> int:
        """Waits until so many windows have been opened, and the last has loaded its page."""
        async with asyncio.timeout(20):
            while self.windows < number:
                self._changed.clear()
                await self._changed.wait()
        return number


def main() -> None:
    from PySide6.QtCore import QSocketNotifier, QTimer, QUrl
    from PySide6.QtWebEngineCore import QWebEnginePage, QWebEngineProfile, QWebEngineSettings
    from PySide6.QtWebEngineWidgets import QWebEngineView
    from PySide6.QtWidgets import QApplication

    from app.web import preload

    application = QApplication([sys.argv[0], "--no-sandbox"])
    profile = QWebEngineProfile()
    pages: dict[int, QWebEnginePage] = {}
    views: dict[int, QWebEngineView] = {}
    pipes: dict[int, preload.Pipe] = {}

    def say(said: str, **what: Any) -> None:
        sys.stdout.write(json.dumps({"said": said, **what}) + "\n")
        sys.stdout.flush()

    class Page(QWebEnginePage):
        def __init__(self) -> None:
            super().__init__(profile)
            self.number = len(pages)
            pages[self.number] = self
            self.settings().setAttribute(QWebEngineSettings.WebAttribute.JavascriptCanOpenWindows, True)
            self.windowCloseRequested.connect(self.go_away)

        def createWindow(self, kind: QWebEnginePage.WebWindowType) -> QWebEnginePage:
            page = Page()
            QTimer.singleShot(0, page.show)
            return page

        def show(self) -> None:
            view = views[self.number] = QWebEngineView()
            view.setPage(self)
            view.show()
            self.loadFinished.connect(self.arrived)

        def arrived(self) -> None:
            if self.url().scheme() != "about":
                self.loadFinished.disconnect(self.arrived)
                say("opened", window=self.number)

        def go_away(self) -> None:
            say("closed", window=self.number)
            views[self.number].hide()  # a page that closes itself outlives this

        def javaScriptConsoleMessage(self, level: Any, message: str, line: int, source: str) -> None:
            say("console", text=f"{self.number}: {message}")

    def look(number: int, page: QWebEnginePage) -> None:
        def looked(text: str) -> None:
            if text and text != "null":
                say("answer", id=number, value=json.loads(text))
            else:
                QTimer.singleShot(5, lambda: look(number, page))

        page.runJavaScript(f"JSON.stringify((window.__answers ?? {{}})[{number}] ?? null)", 0, looked)

    def loaded(number: int, page: QWebEnginePage) -> None:
        def done(ok: bool) -> None:
            page.loadFinished.disconnect(done)
            say("answer", id=number, value=ok)

        page.loadFinished.connect(done)

    def carry_out(command: dict[str, Any]) -> None:
        number, what = command["id"], command["do"]
        if what == "load":
            page = pages[0] if pages else Page()
            loaded(number, page)
            page.load(QUrl(command["url"]))
        elif what == "inject":
            page, name = Page(), command["pipe"]
            pipe = pipes[name] = preload.install(page, command["url"], command["script"])
            pipe.sent.connect(lambda text, origin: say("piped", pipe=name, text=text, origin=origin))
            page.show()
            page.loadFinished.connect(lambda: say("answer", id=number, value=page.number))
            page.load(QUrl(command["url"]))
        elif what == "deliver":
            pipes[command["pipe"]].deliver(command["text"])
        elif what == "run":
            page = pages[command["window"]]
            page.runJavaScript(
                f"window.__answers ??= {{}}; (async () => {{ {command['code']} }})().then("
                f"value => __answers[{number}] = {{ value }},"
                f"thrown => __answers[{number}] = {{ thrown: String(thrown?.message ?? thrown) }}); 0"
            )
            look(number, page)
        elif what == "reload":
            loaded(number, pages[command["window"]])
            pages[command["window"]].triggerAction(QWebEnginePage.WebAction.Reload)
        elif what == "go":
            loaded(number, pages[command["window"]])
            pages[command["window"]].runJavaScript(f"location.href = {json.dumps(command['url'])}; 0")

    rest = b""

    def read() -> None:
        nonlocal rest
        data = os.read(0, 1 << 20)
        if not data:
            application.quit()
            return
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            carry_out(json.loads(line))

    notifier = QSocketNotifier(0, QSocketNotifier.Type.Read)
    notifier.activated.connect(read)
    application.exec()
    with suppress(BrokenPipeError):
        sys.stdout.flush()
    os._exit(0)  # Chromium's own end takes long and has nothing to say


if __name__ == "__main__":
    main()
