"""A panel on demand at a real desk: opened from the palette, ended when it is closed, opened again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.desk.program import Program
from app.settings import Settings

INSPECTOR = "deskline-inspector"
OPEN = f"app.open.{INSPECTOR}"


@pytest.fixture
def program(qtbot: QtBot, tmp_path: Path) -> Iterator[Program]:
    settings = Settings(data_folder=str(tmp_path), turret=False, chat=False)
    made = Program(settings, key=bytes(32), quit_application=False)
    with qtbot.waitSignal(made.outside_ready, timeout=60_000):
        made.start()
    yield made
    with qtbot.waitSignal(made.closed, timeout=20_000):
        made.quit()


def test_the_inspector_runs_from_its_opening_to_its_closing(qtbot: QtBot, program: Program) -> None:
    docks, commands = program.window.docks, program.ui.commands
    assert docks.frame(INSPECTOR) is None
    assert INSPECTOR not in program.core.apps
    for _ in range(2):
        assert commands.run(OPEN)
        qtbot.waitUntil(lambda: INSPECTOR in program.panels, timeout=10_000)
        assert docks.is_in_front(INSPECTOR)
        assert commands.run("inspector.pause")
        docks.close(INSPECTOR)
        qtbot.waitUntil(lambda: INSPECTOR not in program.core.apps and not program.core.host._observers)
        qtbot.waitUntil(lambda: commands.get("inspector.pause") is None)
        assert INSPECTOR not in program.panels
        qtbot.waitUntil(lambda: INSPECTOR not in [each.app_id for each in program.core.host.instances()])
