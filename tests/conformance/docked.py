"""The desk with the suite's apps docked in it, offscreen, and a hand on the page that runs the tests."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEventLoop, Qt, QTimer
from PySide6.QtTest import QTest

from app.desk.program import Program, make_application
from app.settings import load
from app.shell.resolver import Chooser
from tests.conformance.hand import Hand
from tests.conformance.suite import READY, TEST_APP, Suite

if TYPE_CHECKING:
    from app.web.panel import WebPanel


class DockedDesk(Hand):
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
        self._turn = 0
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
        panel = self._panel()
        if panel is None:
            return None
        answer: list[Any] = []
        panel.page.runJavaScript(text, lambda value: answer.append(value))
        self.until(lambda: answer, "the page to answer")
        return answer[0]

    def _panel(self) -> WebPanel | None:
        windows = self.program.web._windows
        return windows.panels.get(f"{TEST_APP}#1") if windows is not None else None

    def act(self) -> None:
        """What the tests for people ask for: chooses the first app of a question, and another channel for the page."""
        for popup in self.program.window.popups.widgets():
            if isinstance(popup, Chooser):
                QTest.keyClick(popup.list, Qt.Key.Key_1)
        panel = self._panel()
        if panel is not None:
            channels = [action for action in panel.bar.channel.menu().actions() if not action.isSeparator()]
            self._turn = (self._turn + 1) % len(channels)
            channels[self._turn].trigger()

    def live(self, seconds: float) -> None:
        loop = QEventLoop()
        QTimer.singleShot(round(seconds * 1000), loop.quit)
        loop.exec()

    def close(self) -> None:
        closed: list[bool] = []
        self.program.closed.connect(lambda: closed.append(True))
        self.program.quit()
        self.until(lambda: closed, "the desk to close")
