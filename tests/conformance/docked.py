"""The desk with the suite's apps docked in it, offscreen, and a hand on the page that runs the tests."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QEventLoop, QTimer

from app.desk.program import Program, make_application
from app.settings import load
from tests.conformance.suite import READY, TEST_APP, Suite

PATIENCE = 60.0


class DockedDesk:
    """An empty desk whose directory has the suite's apps beside our own."""

    def __init__(self, suite: Suite, folder: Path) -> None:
        apps = folder / "apps"
        apps.mkdir()
        (apps / "suite.json").write_bytes(suite.directory.read_bytes())
        settings = load(
            folder / "none.toml",
            {},
            {
                "data_folder": str(folder),
                "desk": "conformance",
                "demo_data": False,
                "turret": False,
                "chat": False,
                "price_updates": 1,
                "app_folders": [str(apps)],
            },
        )
        self.application = make_application(settings)
        self.program = Program(settings, key=bytes(range(32)), quit_application=False)

    def open(self) -> None:
        opened: list[bool] = []
        self.program.ready.connect(lambda: opened.append(True))
        self.program.failed.connect(lambda sentence: print(sentence))
        self.program.start()
        self.until(lambda: opened, "the desk to open")
        launched = self.program.loop.submit(self.program.core.host.launch(TEST_APP))
        self.until(launched.done, "the test page to open")
        launched.result()
        self.until(lambda: self.script(READY), "the test page to be ready")

    def script(self, text: str) -> Any:
        """The value of a script in the test page."""
        windows = self.program.web._windows
        panel = windows.panels.get(f"{TEST_APP}#1") if windows is not None else None
        if panel is None:
            return None
        answer: list[Any] = []
        panel.page.runJavaScript(text, lambda value: answer.append(value))
        self.until(lambda: answer, "the page to answer")
        return answer[0]

    def until(self, holds: Callable[[], Any], what: str, seconds: float = PATIENCE) -> None:
        """Lives on until the condition holds."""
        deadline = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > deadline:
                raise TimeoutError(f"waited {seconds:.0f} s in vain for {what}")
            self.live(0.02)

    def live(self, seconds: float) -> None:
        loop = QEventLoop()
        QTimer.singleShot(round(seconds * 1000), loop.quit)
        loop.exec()

    def close(self) -> None:
        closed: list[bool] = []
        self.program.closed.connect(lambda: closed.append(True))
        self.program.quit()
        self.until(lambda: closed, "the desk to close")
