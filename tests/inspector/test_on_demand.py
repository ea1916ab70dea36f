"""A panel on demand at a real desk: from its opening to its closing, and back with its workspace and the next start."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.desk.program import Program
from app.settings import Settings

INSPECTOR = "deskline-inspector"
OPEN = f"app.open.{INSPECTOR}"


@pytest.fixture
def start(qtbot: QtBot, tmp_path: Path) -> Iterator[Callable[[], Program]]:
    """Starts a desk; the one before it is closed first."""
    running: list[Program] = []

    def end() -> None:
        if running:
            made = running.pop()
            with qtbot.waitSignal(made.closed, timeout=20_000):
                made.window.close()

    def start() -> Program:
        end()
        settings = Settings(data_folder=str(tmp_path), turret=False, chat=False)
        made = Program(settings, key=bytes(32), quit_application=False)
        with qtbot.waitSignal(made.outside_ready, timeout=60_000):
            made.start()
        running.append(made)
        return made

    yield start
    end()


def test_the_inspector_runs_from_its_opening_to_its_closing(qtbot: QtBot, start: Callable[[], Program]) -> None:
    program = start()
    docks, commands = program.window.docks, program.ui.commands
    assert docks.frame(INSPECTOR) is None
    assert INSPECTOR not in program.core.apps
    for _ in range(2):
        assert commands.run(OPEN)
        qtbot.waitUntil(lambda: INSPECTOR in program.panels, timeout=10_000)
        assert docks.is_in_front(INSPECTOR)
        assert commands.run("inspector.pause")
        docks.close_or_end(INSPECTOR)
        assert docks.frame(INSPECTOR) is None
        qtbot.waitUntil(lambda: INSPECTOR not in program.core.apps and not program.core.host._observers)
        qtbot.waitUntil(lambda: commands.get("inspector.pause") is None)
        assert INSPECTOR not in program.panels
        qtbot.waitUntil(lambda: INSPECTOR not in [each.app_id for each in program.core.host.instances()])


def test_its_workspace_and_the_next_start_bring_it_back(qtbot: QtBot, start: Callable[[], Program]) -> None:
    program = start()
    workspaces = program.window.workspaces
    workspaces.save_as("Without")
    assert program.ui.commands.run(OPEN)
    qtbot.waitUntil(lambda: INSPECTOR in program.panels, timeout=10_000)
    workspaces.save_as("With")
    program.window.docks.close_or_end(INSPECTOR)
    qtbot.waitUntil(lambda: INSPECTOR not in program.core.apps)
    workspaces.switch("Without")
    assert program.window.docks.frame(INSPECTOR) is None
    workspaces.switch("With")
    assert program.window.docks.is_open(INSPECTOR)
    qtbot.waitUntil(lambda: INSPECTOR in program.panels, timeout=10_000)
    again = start()
    qtbot.waitUntil(lambda: INSPECTOR in again.panels, timeout=10_000)
    assert again.window.docks.is_open(INSPECTOR)
    assert [each.app_id for each in again.core.host.instances()].count(INSPECTOR) == 1
    again.window.docks.close_or_end(INSPECTOR)
    third = start()
    assert third.window.docks.frame(INSPECTOR) is None
    assert INSPECTOR not in third.core.apps
