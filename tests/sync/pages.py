"""What a trader does with a desk's server on the screen."""

from __future__ import annotations

import os
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.desk.program import Program, make_application
from app.settings import Settings
from app.shell.connecting import ConnectPage
from tests.sync.serving import PASSWORD, Server

T = TypeVar("T")
SHOTS = os.environ.get("DESKLINE_SHOTS", "")
"""A folder, for whoever wants to look at the pages."""


def shoot(program: Program, name: str) -> None:
    if SHOTS:
        for wide, high in ((1920, 1080), (1366, 768)):
            program.window.resize(wide, high)
            QApplication.processEvents()
            program.window.grab().save(f"{SHOTS}/{name}-{wide}.png")


@contextmanager
def new_desk(qtbot: QtBot, folder: Path, name: str) -> Iterator[Program]:
    """An empty desk without a turret and chats."""
    settings = Settings(data_folder=str(folder), desk=name, turret=False, chat=False)
    make_application(settings)
    program = Program(settings, key=bytes(32), quit_application=False)
    with qtbot.waitSignal(program.outside_ready, timeout=90_000):
        program.start()
    yield program
    with qtbot.waitSignal(program.closed, timeout=30_000):
        program.quit()


def connect(qtbot: QtBot, program: Program, server: Server, login: str, *, brings_history: bool = False) -> None:
    """Connects the desk by its page, as a user made for it."""
    password = server.add_user(login, login.capitalize() + " Marsh")
    code = server.add_device(login, brings_history=brings_history)
    assert program.ui.commands.run("desk.connect")
    page = program.server.page
    assert isinstance(page, ConnectPage)
    for line, text in (
        (page.address, server.url), (page.code, code), (page.login, login), (page.password, password),
    ):  # fmt: skip
        line.setText(text)
    page.take.click()
    qtbot.waitUntil(page.fingerprint.isVisible, timeout=20_000)
    shoot(program, "connect")
    page.take.click()
    qtbot.waitUntil(page.new.isVisible, timeout=20_000)
    shoot(program, "password")
    page.new.setText(PASSWORD)
    page.again.setText(PASSWORD)
    page.take.click()
    qtbot.waitUntil(lambda: program.server.page is None, timeout=20_000)


def says(program: Program) -> tuple[str, str]:
    top = program.window.top
    return top.online.accessibleName(), top.sync.accessibleName()


def runner(qtbot: QtBot, program: Program) -> Callable[[Coroutine[Any, Any, T]], T]:
    def run(work: Coroutine[Any, Any, T]) -> T:
        future = program.loop.submit(work)
        qtbot.waitUntil(future.done, timeout=60_000)
        return future.result()

    return run
