"""A vendor's web app docked at a whole desk: on its channel, through a crash and a restart, and gone when closed."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import QCoreApplication, Qt

from app.desk.example import APP_ID
from fdc3.types import Context
from tests.end_to_end.desk import Desk

if hasattr(os, "geteuid") and os.geteuid() == 0:
    os.environ["QTWEBENGINE_DISABLE_SANDBOX"] = "1"  # the browser's sandbox cannot be had by root
# Before any application is made, as the desk does itself.
QCoreApplication.setAttribute(Qt.ApplicationAttribute.AA_ShareOpenGLContexts)

pytestmark = pytest.mark.qt_log_ignore(
    "Sandboxing disabled", "QRhi", "RHI", "Vulkan", "GBM", "GPUInfo", "propagateSizeHints", "does not support raise"
)
PANEL = f"{APP_ID}#1"
WAITS = "A customer on this channel shows what they hold."


class WebDesk:
    """A desk without its turret, and a hand on its web panels."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.program = desk, desk.program

    def open(self) -> WebDesk:
        opened: list[bool] = []
        self.program.ready.connect(lambda: opened.append(True))
        self.program.start()
        self.desk.until(lambda: opened, "the desk")
        return self

    def panel(self) -> Any:
        windows = self.program.web._windows
        return windows.panels.get(PANEL) if windows is not None else None

    def script(self, text: str) -> Any:
        answer: list[Any] = []
        self.panel().page.runJavaScript(text, lambda value: answer.append(value))
        self.desk.until(lambda: answer, "the page's answer")
        return answer[0]

    def listening(self) -> None:
        """Waits until the page has its agent and listens."""
        self.desk.until(lambda: self.panel() is not None and self.panel().state == "ready", "the panel")
        self.desk.until(lambda: self.script("document.getElementById('hint').textContent") == WAITS, "its listeners")

    def instances(self) -> list[Any]:
        return [one for one in self.program.core.host.instances() if one.app_id == APP_ID]

    def channel(self) -> str | None:
        return next((one.channel_id for one in self.instances()), None)

    def broadcast(self, channel: str, name: str) -> None:
        async def tell() -> None:
            agent = await self.program.core.host.connect_memory("deskline-desk", channel_id=channel)
            await agent.broadcast(Context(type="fdc3.organization", name=name))

        self.desk.play(tell())


@pytest.fixture
def open_web_desk(open_desk: Callable[..., Desk]) -> Callable[[], WebDesk]:
    return lambda: WebDesk(open_desk(start=False, demo_data=True, chat=False)).open()


def test_a_docked_web_app_lives_like_a_panel_of_the_desk(open_web_desk: Callable[[], WebDesk]) -> None:
    web = open_web_desk()
    desk, program = web.desk, web.program
    assert program.ui.commands.run(f"web.open.{APP_ID}")
    web.listening()
    assert web.channel() == "fdc3.channel.6"
    web.broadcast("fdc3.channel.6", "Calder Bank")
    desk.until(
        lambda: web.script("document.getElementById('client').textContent") == "Holdings of Calder Bank", "the customer"
    )

    # With the desk to another channel; then to one of its own, where the desk does not take it along.
    program._move("fdc3.channel.2")
    desk.until(lambda: web.channel() == "fdc3.channel.2", "the app to follow the desk")
    web.panel().bar.channel_chosen.emit("fdc3.channel.3")
    desk.until(lambda: web.channel() == "fdc3.channel.3", "the app's own channel")
    desk.until(lambda: program.web._places[PANEL].channel == "fdc3.channel.3", "the dock to show it")

    # Loaded anew it is the same instance, on the same channel; after a crash another one.
    before = web.instances()[0].id
    web.panel().reload()
    web.listening()
    assert web.instances()[0].id == before
    os.kill(web.panel().page.renderProcessPid(), signal.SIGKILL)
    desk.until(lambda: not web.instances(), "the crashed app to be gone")
    desk.until(lambda: web.panel().state == "crashed", "the panel to say so")
    web.panel().reload()
    web.listening()
    assert len(web.instances()) == 1
    assert web.instances()[0].id != before

    web.panel().page.runJavaScript("window.close()")
    desk.until(lambda: not web.instances(), "the closed app to be gone")
    desk.until(lambda: program.window.docks.frame(PANEL) is None, "its dock to go")


def test_a_web_app_is_there_again_when_the_desk_is_opened_again(open_web_desk: Callable[[], WebDesk]) -> None:
    first = open_web_desk()
    first.program.ui.commands.run(f"web.open.{APP_ID}")
    first.listening()
    first.panel().bar.channel_chosen.emit("fdc3.channel.3")
    first.desk.until(lambda: first.program.web._places[PANEL].channel == "fdc3.channel.3", "the app's own channel")
    first.program.window.close()
    first.desk.until(lambda: first.desk.ended, "the desk to close")

    second = open_web_desk()
    second.listening()
    assert second.channel() == "fdc3.channel.3"
    assert second.program.window.docks.is_open(PANEL)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="the user is not root")
def test_for_root_a_web_app_is_refused_and_the_desk_lives(
    open_web_desk: Callable[[], WebDesk], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("QTWEBENGINE_DISABLE_SANDBOX")
    web = open_web_desk()
    web.program.ui.commands.run(f"web.open.{APP_ID}")
    frame = web.program.window.docks.frame(PANEL)
    assert frame is not None
    web.desk.until(lambda: frame.state == "stopped", "the refusal")
    assert "user root" in frame._shown._text.text()  # type: ignore[attr-defined]
    assert web.instances() == []
