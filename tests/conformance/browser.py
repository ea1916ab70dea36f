"""The suite's apps as tabs of a Chromium that has nothing of ours but the agent's host page."""

from __future__ import annotations

import asyncio
import itertools
import json
import subprocess
import threading
import time
import urllib.request
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

from websockets.sync.client import connect

from fdc3.broker import ResolutionRequest
from fdc3.directory import AppDirectory, AppRecord
from fdc3.host import Host, IntentChoice
from tests.conformance.hand import PATIENCE, Hand
from tests.conformance.suite import READY, TEST_APP, Suite
from tests.fdc3.chromium import flags, program

T = TypeVar("T")


class NoBrowser(Exception):
    """There is no Chromium on this machine."""


class _Windows:
    """The agent's launcher: every app is a window that the host page opens."""

    host: Host

    async def launch(self, record: AppRecord, instance_id: str, url: str, secret: str) -> None:
        await self.host.web.open(record, instance_id)

    def end(self, instance_id: str) -> bool:
        return self.host.web.close_window(instance_id)


class _First:
    """Answers every question of the agent with the first app offered."""

    async def resolve(self, request: ResolutionRequest) -> IntentChoice:
        option = request.options[0]
        app = option.apps[0]
        return IntentChoice(app.identifier, option.intent.name)


class BrowserDesk(Hand):
    """The agent alone, on a loop of its own thread, and a headless Chromium. Raises ``NoBrowser``."""

    def __init__(self, suite: Suite, folder: Path) -> None:
        path = program()
        if path is None:
            raise NoBrowser("There is no Chromium on this machine.")
        self._program, self._folder = path, folder
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="agent")
        self._thread.start()
        windows = _Windows()
        windows.host = self._host = self._run(self._make(suite, windows))
        self._ids = itertools.count(1)
        self._turn = 0
        self._browser: subprocess.Popen[bytes] | None = None
        self._page: Any = None

    async def _make(self, suite: Suite, windows: _Windows) -> Host:
        host = Host(AppDirectory.load(suite.directory), launcher=windows, resolver=_First())
        await host.start()
        return host

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE)

    def open(self) -> None:
        page = self._run(self._new_page())
        port_file = self._folder / "profile" / "DevToolsActivePort"
        self._browser = subprocess.Popen(
            [self._program, *flags(str(self._folder / "profile")), page.url],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.until(port_file.exists, "Chromium to start")
        self._port = int(port_file.read_text().split()[0])
        self._run(self._joined(page))
        self._run(self._host.launch(TEST_APP))
        self.until(lambda: self._attach() and self.script(READY), "the test page to be ready")

    async def _new_page(self) -> Any:
        return self._host.web.page()

    async def _joined(self, page: Any) -> None:
        async with asyncio.timeout(PATIENCE):
            await page.joined()

    def _attach(self) -> bool:
        if self._page is None:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/json") as answer:
                targets = json.load(answer)
            found = [target for target in targets if "/apps/app/" in target["url"]]
            if not found:
                return False
            self._page = connect(found[0]["webSocketDebuggerUrl"], max_size=None)
        return True

    def script(self, text: str) -> Any:
        """The value of a script in the test page."""
        number = next(self._ids)
        request = {"id": number, "method": "Runtime.evaluate", "params": {"expression": text, "returnByValue": True}}
        self._page.send(json.dumps(request))
        while (answer := json.loads(self._page.recv(PATIENCE))).get("id") != number:
            pass
        return answer["result"]["result"].get("value")

    def act(self) -> None:
        """What the tests for people ask for and no question asks: another channel for the page."""
        self._turn = self._turn % 8 + 1
        self._run(self._move(f"fdc3.channel.{self._turn}"))

    async def _move(self, channel: str) -> None:
        for instance in self._host.instances():
            if instance.app_id == TEST_APP:
                self._host.join_user_channel(instance.id, channel)

    def live(self, seconds: float) -> None:
        time.sleep(seconds)

    def close(self) -> None:
        if self._page is not None:
            self._page.close()
        if self._browser is not None:
            self._browser.terminate()
            self._browser.wait()
        self._run(self._host.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
