from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.shell.crash import CrashReport
from app.shell.crash_card import show_crash
from app.shell.passphrase import PassphraseWindow, ProgressWindow
from app.shell.single_instance import SingleInstance
from app.shell.ui import Ui
from app.shell.window import MainWindow

ROOT = Path(__file__).parents[2]


def _python(code: str, *arguments: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment,
    )


BEGIN = """
import sys, time
from pathlib import Path
from app.shell.crash import CrashReport
c = CrashReport(Path(sys.argv[1]))
c.begin()
"""


def test_a_clean_end_leaves_nothing_to_tell(tmp_path: Path) -> None:
    assert _python(BEGIN + "c.end()", str(tmp_path)).wait(20) == 0
    report = CrashReport(tmp_path)
    assert report.begin() is None
    report.end()
    assert list(tmp_path.iterdir()) == []


def test_kill_nine_is_noticed(tmp_path: Path) -> None:
    child = _python(BEGIN + "print('up', flush=True); time.sleep(60)", str(tmp_path))
    assert child.stdout is not None
    assert child.stdout.readline() == "up\n"
    child.kill()
    assert child.wait(20) == -signal.SIGKILL
    child.stdout.close()
    report = CrashReport(tmp_path)
    text = report.begin()
    report.end()
    assert text is not None
    assert "ended from outside" in text


def test_a_fault_in_native_code_leaves_its_stack(tmp_path: Path) -> None:
    child = _python(BEGIN + "import faulthandler; faulthandler._sigsegv()", str(tmp_path))
    assert child.wait(20) != 0
    report = CrashReport(tmp_path)
    text = report.begin()
    report.end()
    assert text is not None
    assert "Segmentation fault" in text


def test_an_unexpected_error_is_recorded_without_what_it_said(tmp_path: Path) -> None:
    heard: list[BaseException] = []
    report = CrashReport(tmp_path, on_error=heard.append)
    report.begin()
    try:
        try:
            raise ValueError("Sarah Whitfield +44 20 7946 0143")
        except ValueError as error:
            sys.excepthook(type(error), error, error.__traceback__)
        thread = threading.Thread(target=lambda: heard[9])
        thread.start()
        thread.join()
        loop = asyncio.new_event_loop()
        report.watch_loop(loop)
        loop.call_soon(lambda: {}["account"])
        loop.call_soon(loop.stop)
        loop.run_forever()
        loop.close()
        text = (tmp_path / "errors.log").read_text()
    finally:
        report.end()
    assert [type(error) for error in heard] == [ValueError, IndexError, KeyError]
    assert "builtins.ValueError" in text
    assert "test_crash_and_start.py" in text
    assert "Sarah" not in text
    assert "account" not in text


def test_the_card_tells_copies_and_goes(window: MainWindow, ui: Ui, qtbot: QtBot) -> None:
    card = show_crash(ui, "builtins.ValueError\n  app/x.py:3 in f")
    assert window.popups.widgets() == [card]
    card.copy_button.click()
    assert QGuiApplication.clipboard().text().startswith("builtins.ValueError")
    qtbot.keyClick(card, Qt.Key.Key_Escape)
    assert window.popups.widgets() == []


SECOND = """
import sys
from pathlib import Path
from PySide6.QtCore import QCoreApplication
from app.shell.single_instance import SingleInstance
app = QCoreApplication([])
one = SingleInstance(Path(sys.argv[1]))
print(one.claim(), one.hand_over(sys.argv[2:]), flush=True)
"""
HOLDER = """
import sys, time
from pathlib import Path
from PySide6.QtCore import QCoreApplication
from app.shell.single_instance import SingleInstance
app = QCoreApplication([])
one = SingleInstance(Path(sys.argv[1]))
print(one.claim(), flush=True)
time.sleep(60)
"""


def test_a_second_start_hands_over_its_arguments_and_ends(dressed: object, tmp_path: Path, qtbot: QtBot) -> None:
    first = SingleInstance(tmp_path)
    assert first.claim()
    with qtbot.waitSignal(first.asked, timeout=20_000) as asked:
        child = _python(SECOND, str(tmp_path), "--call", "Zürich call.wav")
    assert asked.args == [["--call", "Zürich call.wav"]]
    assert child.communicate(timeout=20)[0] == "False True\n"
    first.release()
    again = SingleInstance(tmp_path)
    assert again.claim()
    again.release()


def test_the_lock_of_a_killed_start_is_taken_over(dressed: object, tmp_path: Path) -> None:
    child = _python(HOLDER, str(tmp_path))
    assert child.stdout is not None
    assert child.stdout.readline() == "True\n"
    mine = SingleInstance(tmp_path)
    assert not mine.claim()
    child.kill()
    child.wait(20)
    child.stdout.close()
    assert mine.claim()
    mine.release()


def test_a_passphrase_is_chosen_twice_and_long_enough(dressed: object, qtbot: QtBot) -> None:
    asked = PassphraseWindow(choosing=True)
    qtbot.addWidget(asked)
    given: list[str] = []
    asked.given.connect(given.append)
    asked.show()
    qtbot.keyClicks(asked.entry, "short")
    qtbot.keyClick(asked.entry, Qt.Key.Key_Return)
    assert "at least 12" in asked.complaint.text()
    asked.entry.setText("four quiet green boats")
    asked.again.setText("four quiet green goats")
    qtbot.keyClick(asked.again, Qt.Key.Key_Return)
    assert "not the same" in asked.complaint.text()
    asked.again.setText("four quiet green boats")
    qtbot.keyClick(asked.again, Qt.Key.Key_Return)
    assert given == ["four quiet green boats"]


def test_a_wrong_passphrase_can_be_tried_again_and_closing_cancels(dressed: object, qtbot: QtBot) -> None:
    asked = PassphraseWindow(choosing=False)
    qtbot.addWidget(asked)
    asked.show()
    asked.entry.setText("wrong one")
    with qtbot.waitSignal(asked.given):
        asked.take_button.click()
    assert not asked.entry.isEnabled()
    asked.refuse("This is not the passphrase of these records.")
    assert asked.entry.isEnabled()
    assert asked.complaint.text() == "This is not the passphrase of these records."
    with qtbot.waitSignal(asked.cancelled):
        qtbot.keyClick(asked, Qt.Key.Key_Escape)


def test_an_accepted_passphrase_is_not_a_cancelled_one(dressed: object, qtbot: QtBot) -> None:
    asked = PassphraseWindow(choosing=False)
    qtbot.addWidget(asked)
    asked.show()
    with qtbot.assertNotEmitted(asked.cancelled):
        asked.accept()
    assert not asked.isVisible()


def test_progress_says_what_is_done_and_how_far(dressed: object, qtbot: QtBot) -> None:
    progress = ProgressWindow("Building the demo desk")
    qtbot.addWidget(progress)
    progress.show()
    progress.set_progress("1,200 of 2,000 interactions", 1200, 2000)
    assert (progress.bar.value(), progress.bar.maximum()) == (1200, 2000)
    assert progress.step.text() == "1,200 of 2,000 interactions"
    progress.set_progress("Checking", 0, 0)
    assert progress.bar.maximum() == 0


def test_a_whole_session_warns_of_nothing_and_opens_no_stray_window(window: MainWindow, ui: Ui, qtbot: QtBot) -> None:
    for command in ui.commands.all():
        if command.id.startswith("panel.show.") or command.id == "workspace.reset":
            ui.commands.run(command.id)
    for name in ("agent", "latency", "transcription", "journal", "central"):
        window.set_status(name, f"{name} is well")
    window.resize(1920, 1080)
    qtbot.wait(5)
    assert [widget for widget in QApplication.topLevelWidgets() if widget.isVisible()] == [window]
    assert window.grab().size().width() == 1920
