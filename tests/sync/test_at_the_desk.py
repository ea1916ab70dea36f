"""A whole desk connected to a real server, as a trader does it: by the pages and the top bar."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.desk.program import Program, make_application
from app.settings import Settings
from app.shell.connecting import ConnectPage
from tests.sync.serving import PASSWORD, Server, served

pytestmark = pytest.mark.timeout(300)
SHOTS = os.environ.get("DESKLINE_SHOTS", "")
"""A folder, for whoever wants to look at the pages."""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    # Not pytest's own folder: Postgres runs as another user where we are root.
    with tempfile.TemporaryDirectory(prefix="deskline-test-") as folder, served(Path(folder)) as running:
        yield running


@pytest.fixture
def open_desk(qtbot: QtBot, tmp_path: Path) -> Iterator[Callable[[str], Program]]:
    made: list[Program] = []

    def make(name: str) -> Program:
        settings = Settings(data_folder=str(tmp_path), desk=name, turret=False, chat=False)
        make_application(settings)
        program = Program(settings, key=bytes(32), quit_application=False)
        with qtbot.waitSignal(program.outside_ready, timeout=90_000):
            program.start()
        made.append(program)
        return program

    yield make
    for program in made:
        with qtbot.waitSignal(program.closed, timeout=30_000):
            program.quit()


def shoot(program: Program, name: str) -> None:
    if SHOTS:
        for wide, high in ((1920, 1080), (1366, 768)):
            program.window.resize(wide, high)
            QApplication.processEvents()
            program.window.grab().save(f"{SHOTS}/{name}-{wide}.png")


def connect(qtbot: QtBot, program: Program, server: Server, login: str) -> None:
    password, code = server.add_user(login, login.capitalize() + " Marsh"), server.add_device(login)
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


def test_a_desk_is_connected_by_its_page_and_comes_in_step(
    qtbot: QtBot, server: Server, open_desk: Callable[[str], Program]
) -> None:
    program = open_desk("one")
    assert says(program)[0] == "Local desk"
    assert not program.window.top.sync.isVisible()
    connect(qtbot, program, server, "ann")
    qtbot.waitUntil(lambda: says(program) == ("Online", "Synced"), timeout=60_000)
    assert program.core.services.user.name == "Ann Marsh"
    assert program.window.top.user.toolTip().startswith("Ann Marsh")
    shoot(program, "online")

    server.kill()
    qtbot.waitUntil(lambda: says(program)[0].startswith("Offline since"), timeout=60_000)
    shoot(program, "offline")
    server.start()
    program.ui.commands.run("desk.sync-now")
    qtbot.waitUntil(lambda: says(program) == ("Online", "Synced"), timeout=60_000)

    assert program.ui.commands.run("desk.sign-out")
    qtbot.waitUntil(lambda: says(program)[0] == "Sign in again", timeout=30_000)
    program.window.top.sync_asked.emit()
    page = program.server.page
    assert isinstance(page, ConnectPage)
    assert not page.address.isVisible()
    assert page.login.text() == "ann"
    page.password.setText("not my password")
    page.take.click()
    qtbot.waitUntil(lambda: "password" in page.complaint.text(), timeout=20_000)
    shoot(program, "sign-in")
    page.password.setText(PASSWORD)
    page.take.click()
    qtbot.waitUntil(lambda: says(program) == ("Online", "Synced"), timeout=60_000)
