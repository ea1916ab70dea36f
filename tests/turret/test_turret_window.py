"""The turret's window: what each line shows and does, demo calls, and the window in a process of its own."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from plugins.turret.simulated import SimulatedTurret
from plugins.turret.window import TurretWindow, demo_calls


def test_demo_calls_are_recordings_with_a_header(tmp_path: Path) -> None:
    for name in ("a.wav", "b.wav"):
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "a.yaml").write_text(
        "client: {contact: Gareth Pemberly, organization: Tolland Castings plc, phone: '+442079460112'}"
    )
    (found,) = demo_calls(tmp_path)
    assert (found.title, found.number) == ("Gareth Pemberly, Tolland Castings plc", "+442079460112")


def test_lines_are_worked_by_their_buttons(qtbot: QtBot) -> None:
    """The window's coroutines run on an event loop that this test turns by hand."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    turret = SimulatedTurret()
    window = TurretWindow(turret, [])
    qtbot.addWidget(window)
    window.show()

    def click(name: str, line: str | None = None) -> None:
        place = window if line is None else window.cards[line]
        buttons = [made for made in place.findChildren(QPushButton) if made.text() == name and made.isVisible()]

        async def turn() -> None:
            qtbot.mouseClick(buttons[0], Qt.MouseButton.LeftButton)
            while window._tasks:
                await asyncio.sleep(0)

        loop.run_until_complete(turn())

    click("Place demo call")
    assert turret.board.line("L1").state == "ringing"
    assert window.cards["L1"].accessibleName() == "L1, Ringing, +442079460999"
    click("Answer", "L1")
    click("Hold", "L1")
    assert turret.board.line("L1").state == "held"
    click("Resume", "L1")
    for _ in range(4):
        click("Place demo call")
    assert window.problem.text_whole() == "Every line is in use; end or finish a call first."
    click("Hang up", "L1")
    assert turret.board.line("L1").state == "ended"
    assert window.problem.text_whole() == ""
    window.close()
    loop.run_until_complete(turret.close())
    loop.close()
    asyncio.set_event_loop(None)


async def test_the_window_lives_in_the_turrets_own_process_and_ends_with_a_signal() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "plugins.turret", "--alone", "--speed", "10",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "DISPLAY": ":0", "QT_QPA_PLATFORM": "offscreen"},
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdin is not None
    async with asyncio.timeout(20):
        assert json.loads(await process.stdout.readline()) == {"ready": True}
        process.stdin.write(b'{"do": "ring", "number": "+442079460112"}\n')
        assert json.loads(await process.stdout.readline())["event"] == "ringing"
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0
