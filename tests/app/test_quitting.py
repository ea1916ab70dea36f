"""The desk can be ended at any time, also while it waits for an answer."""

from __future__ import annotations

import threading
from pathlib import Path

from pytestqt.qtbot import QtBot

from app.desk.program import Program
from app.settings import Settings


def test_quitting_answers_the_question_for_the_passphrase(qtbot: QtBot, tmp_path: Path) -> None:
    """The thread that waits for it would keep the ended program alive for ever."""
    program = Program(Settings(data_folder=str(tmp_path)), quit_application=False)
    given: list[str | None] = []
    asking = threading.Thread(target=lambda: given.append(program._ask_passphrase("Passphrase?")), daemon=True)
    asking.start()
    qtbot.waitUntil(lambda: program._passphrase is not None)
    with qtbot.waitSignal(program.closed, timeout=10_000):
        program.quit()
    asking.join(5)
    assert given == [None]
