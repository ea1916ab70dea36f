"""A program on a test's Qt loop, with a stage on its I/O loop."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

from pytestqt.qtbot import QtBot

from app.desk.program import Program, make_application
from app.desk.stage import Stage
from app.settings import Settings

T = TypeVar("T")
KEY = bytes(range(32))
DEMO = Path(__file__).parents[2] / "resources" / "demo"
CALLER = "+442079460112"


class Desk:
    """A program on the test's Qt loop, with a stage on its I/O loop."""

    def __init__(self, qtbot: QtBot, settings: Settings, *, speed: float, key: bytes = KEY) -> None:
        self.qtbot = qtbot
        make_application(settings)
        self.program = Program(settings, key=key, quit_application=False)
        self.stage = Stage(self.program, speed=speed)
        self.ended = False
        self.program.closed.connect(self._end)
        self.refusals: list[str] = []
        self.program.failed.connect(self.refusals.append)

    def open(self) -> Desk:
        with self.qtbot.waitSignal(self.program.outside_ready, timeout=60_000):
            self.program.start()
        self.play(self.stage.open_turret())
        return self

    def play(self, scene: Coroutine[Any, Any, T], seconds: float = 120) -> T:
        """Runs a scene on the I/O loop while the window lives on."""
        future = self.program.loop.submit(scene)
        self.qtbot.waitUntil(future.done, timeout=round(seconds * 1000))
        return future.result()

    def until(self, condition: Callable[[], object], what: str, seconds: float = 60) -> None:
        try:
            self.qtbot.waitUntil(lambda: bool(condition()), timeout=round(seconds * 1000))
        except Exception as error:
            raise AssertionError(f"waited {seconds} s in vain for {what}") from error

    def notices(self) -> str:
        return "\n".join(notice.text for notice in self.program.ui.notices)

    def close(self) -> None:
        if self.ended:
            return
        self.play(self.stage.close())
        self.program.quit()
        self.qtbot.waitUntil(lambda: self.ended, timeout=30_000)

    def _end(self) -> None:
        self.ended = True
