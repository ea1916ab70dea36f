"""Debian's Chromium for tests, headless: a browser with nothing of ours in it but the pages it loads."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import shutil
import tempfile
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless=new",
    "--remote-debugging-port=0",
    "--disable-popup-blocking",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-gpu",
    "--disable-dev-shm-usage",
)
ARRIVED = 'location.protocol !== "about:" && document.readyState === "complete"'


def program() -> str | None:
    """Where Chromium is on this machine."""
    return next(filter(None, map(shutil.which, NAMES)), None)


def flags(profile: str) -> list[str]:
    unconfined = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    return [*FLAGS, *unconfined, f"--user-data-dir={profile}"]


class PageError(Exception):
    """What a page threw."""


class Chromium:
    """Windows are numbered as they are opened; the page loaded by ``load`` is window 0."""

    def __init__(self) -> None:
        self.windows = -1
        self.closed: set[int] = set()
        self._numbers = itertools.count(1)
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._sessions: dict[int, str] = {}
        self._targets: dict[str, int] = {}
        self._changed = asyncio.Event()
        self._tasks: set[asyncio.Task[Any]] = set()

    async def __aenter__(self) -> Chromium:
        self._folder = tempfile.TemporaryDirectory(prefix="deskline-chromium-", ignore_cleanup_errors=True)
        path = program()
        assert path is not None
        self._process = await asyncio.create_subprocess_exec(
            path,
            *flags(self._folder.name),
            "about:blank",
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        assert self._process.stderr is not None
        async with asyncio.timeout(30):
            while b"DevTools listening on " not in (line := await self._process.stderr.readline()):
                assert line, "Chromium has ended"
        self._begin(self._drain(self._process.stderr))
        address = line.decode().split()[-1]
        self._socket: ClientConnection = await connect(address, proxy=None, max_size=None)
        self._reader = self._begin(self._read())
        await self._send("Target.setDiscoverTargets", discover=True)
        await self._until(lambda: 0 in self._sessions)
        return self

    async def __aexit__(self, *_: object) -> None:
        try:
            async with asyncio.timeout(10):
                await self._send("Browser.close")
                await self._process.wait()
        except (TimeoutError, ConnectionError):
            self._process.kill()
            await self._process.wait()
        await self._socket.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._process._transport.close()  # type: ignore[attr-defined]
        self._folder.cleanup()

    def _begin(self, work: Any) -> asyncio.Task[Any]:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        return task

    @staticmethod
    async def _drain(stream: asyncio.StreamReader) -> None:
        while await stream.read(1 << 16):
            pass

    async def _read(self) -> None:
        async for text in self._socket:
            said = json.loads(text)
            if "id" in said:
                if (answer := self._answers.pop(said["id"], None)) and not answer.done():
                    answer.set_result(said)
            elif said["method"] == "Target.targetCreated" and said["params"]["targetInfo"]["type"] == "page":
                self.windows += 1
                self._targets[said["params"]["targetInfo"]["targetId"]] = self.windows
                self._begin(self._attach(said["params"]["targetInfo"]["targetId"], self.windows))
            elif said["method"] == "Target.targetDestroyed" and said["params"]["targetId"] in self._targets:
                self.closed.add(self._targets[said["params"]["targetId"]])
            self._changed.set()
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(ConnectionError("Chromium has ended"))

    async def _attach(self, target: str, number: int) -> None:
        attached = await self._send("Target.attachToTarget", targetId=target, flatten=True)
        self._sessions[number] = attached["sessionId"]
        self._changed.set()

    async def _send(self, method: str, window: int | None = None, **params: Any) -> Any:
        number = next(self._numbers)
        command: dict[str, Any] = {"id": number, "method": method, "params": params}
        if window is not None:
            await self._until(lambda: window in self._sessions)
            command["sessionId"] = self._sessions[window]
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        await self._socket.send(json.dumps(command))
        async with asyncio.timeout(40):
            said = await answer
        if "error" in said:
            raise PageError(said["error"]["message"])
        return said["result"]

    async def _until(self, holds: Any) -> None:
        async with asyncio.timeout(20):
            while not holds():
                self._changed.clear()
                await self._changed.wait()

    async def _evaluate(self, window: int, expression: str) -> Any:
        result = await self._send(
            "Runtime.evaluate", window, expression=expression, awaitPromise=True, returnByValue=True
        )
        if "exceptionDetails" in result:
            raise PageError(result["exceptionDetails"]["text"])
        return result["result"].get("value")

    async def load(self, url: str) -> None:
        await self._go(0, json.dumps(url))

    async def go(self, window: int, url: str) -> None:
        await self._go(window, json.dumps(url))

    async def reload(self, window: int) -> None:
        await self._evaluate(window, "window.__before = true; location.reload()")
        await self._arrived(window, f"!window.__before && {ARRIVED}")

    async def _go(self, window: int, url: str) -> None:
        await self._evaluate(window, f"window.__before = true; location.href = {url}; 0")
        await self._arrived(window, '!window.__before && document.readyState === "complete"')

    async def _arrived(self, window: int, condition: str) -> None:
        async with asyncio.timeout(20):
            while not await self._holds(window, condition):
                await asyncio.sleep(0.005)

    async def _holds(self, window: int, condition: str) -> bool:
        try:
            return bool(await self._evaluate(window, condition))
        except PageError:  # one page goes, the next comes
            return False

    async def run(self, window: int, code: str) -> Any:
        """Runs the body of an async function in a page and returns what it returns. Raises what it throws."""
        result = await self._evaluate(
            window,
            f"(async () => {{ {code} }})().then(value => ({{ value }}), "
            "thrown => ({ thrown: String(thrown?.message ?? thrown) }))",
        )
        if "thrown" in result:
            raise PageError(result["thrown"])
        return result.get("value")

    async def window(self, number: int) -> int:
        """Waits until so many windows have been opened, and the last has loaded its page."""
        await self._until(lambda: self.windows >= number)
        await self._arrived(number, ARRIVED)
        return number
