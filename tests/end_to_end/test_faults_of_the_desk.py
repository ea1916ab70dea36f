"""What goes wrong with the desk itself, its file, its disk and its programs: a clear sentence, and nothing is lost."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot
from sqlalchemy import select

from app.records.audit import verify
from app.records.engine import connect
from app.records.recordings import Recordings
from app.records.store import Records
from app.records.tables import CallReport
from tests.end_to_end.desk import CALLER, KEY, Desk, settings_in
from tests.end_to_end.sentences import is_a_sentence
from tests.end_to_end.sound import cut, pcm

pytestmark = [pytest.mark.speech, pytest.mark.timeout(240)]

ROOT = Path(__file__).parents[2]
NO_SOUND_CARD = {
    "ALSA_CONFIG_PATH": os.devnull,
    "PULSE_SERVER": "/nonexistent",
    "PIPEWIRE_REMOTE": "/nonexistent",
    "QT_QPA_PLATFORM": "offscreen",
    "PYTHONPATH": str(ROOT),
}


def contents(folder: Path) -> dict[str, str]:
    """Name and digest of every file of a desk but those of the window's state."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "state" not in path.relative_to(folder).parts
    }


def deskline(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """The command line, as a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "app", "--desk", "demo", "--set", f"data_folder={folder}", *arguments],
        cwd=ROOT,
        env={**os.environ, **NO_SOUND_CARD},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def refused(folder: Path, key: bytes = KEY) -> str:
    """Starts a program on a desk that cannot open; the sentence that its window shows."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.end_to_end.trader", str(folder), "-", "1", "look"],
        cwd=ROOT,
        env={**os.environ, **NO_SOUND_CARD, "DESKLINE_TEST_KEY": key.hex()},
        capture_output=True,
        timeout=120,
        check=True,
    )
    (told,) = [json.loads(line) for line in done.stdout.splitlines()]
    assert told["fact"] == "refused"
    assert told["visible"]
    assert (told["notices"], told["levels"]) == ([told["sentence"]], ["error"])
    return str(told["sentence"])


@pytest.fixture
def desk_folder(tmp_path: Path, demo_desk: Path) -> Path:
    return Path(shutil.copytree(demo_desk, tmp_path / "demo"))


def test_a_wrong_key_is_said_and_changes_nothing(desk_folder: Path) -> None:
    before = contents(desk_folder)
    sentence = refused(desk_folder.parent, bytes(32))
    assert is_a_sentence(sentence)
    assert sentence.startswith("The key does not open the records")
    assert "Check the passphrase or keyring entry, or restore a backup." in sentence
    assert contents(desk_folder) == before


def test_records_of_a_newer_version_are_left_alone(desk_folder: Path) -> None:
    connection = connect(desk_folder / "deskline.db", KEY)
    connection.execute("UPDATE meta SET value = '9999' WHERE key = 'schema_version'")
    connection.close()
    before = contents(desk_folder)
    sentence = refused(desk_folder.parent)
    assert is_a_sentence(sentence)
    assert "written by a newer Deskline" in sentence
    assert sentence.endswith("Install the newer version; nothing was changed.")
    after = contents(desk_folder)
    assert {name: after[name] for name in before} == before
    # Reading it makes SQLite lay out its working files; there is no change in them.
    assert after.keys() - before.keys() <= {"deskline.db-wal", "deskline.db-shm"}
    assert all(
        (desk_folder / name).stat().st_size == 0 for name in after.keys() - before.keys() if name.endswith("wal")
    )


def test_a_damaged_recording_cannot_be_reported_and_one_line_says_so(tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.wav"
    damaged.write_bytes(b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(range(200)))
    done = deskline("report", str(damaged), folder=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.strip().splitlines()
    said = line.removeprefix("deskline report: ")
    assert is_a_sentence(said)
    assert said.startswith("damaged.wav is not a recording that can be read")


def test_the_doctor_names_missing_audio_devices_and_their_remedy(tmp_path: Path) -> None:
    lines = deskline("doctor", folder=tmp_path).stdout.splitlines()
    for device in ("microphone", "loudspeaker"):
        place = next(number for number, line in enumerate(lines) if line.startswith("note") and device in line)
        assert "none found" in lines[place]
        assert "connect one and check the system's sound settings; calls from a turret need none" in lines[place + 1]


FIRST_WINDOW = """
import sys
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
import app.desk.core
from app.desk.program import make_application, run
from app.settings import load
from app.shell.window import MainWindow
from pathlib import Path
folder = Path(sys.argv[1])
app.desk.core.obtain_key = lambda *_, **__: bytes(range(32))
settings = load(folder / "none.toml", {}, {"data_folder": str(folder), "desk": "demo", "turret": False, "chat": False})
make_application(settings)
minimised = False
def look():
    global minimised
    for window in QApplication.topLevelWidgets():
        if isinstance(window, MainWindow) and window.isVisible():
            if not minimised:
                window.showMinimized()
                minimised = True
                print("minimised", flush=True)
            elif not window.isMinimized():
                print("raised", flush=True)
                timer.stop()
                window.close()
timer = QTimer(interval=50)
timer.timeout.connect(look)
timer.start()
sys.exit(run(settings))
"""


def test_a_second_start_raises_the_first_window(tmp_path: Path, demo_desk: Path) -> None:
    shutil.copytree(demo_desk, tmp_path / "demo")
    first = subprocess.Popen(
        [sys.executable, "-c", FIRST_WINDOW, str(tmp_path)],
        cwd=ROOT,
        env={**os.environ, **NO_SOUND_CARD},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert first.stdout is not None
    assert first.stdout.readline() == "minimised\n"
    second = deskline(folder=tmp_path)
    assert (second.returncode, second.stdout) == (0, "")
    assert first.stdout.readline() == "raised\n"
    assert first.wait(60) == 0
    first.stdout.close()


def test_the_desk_starts_its_own_turret_again(open_desk: Callable[..., Desk]) -> None:
    desk = open_desk(start=False, turret=True, chat=False)
    with desk.qtbot.waitSignal(desk.program.outside_ready, timeout=60_000):
        desk.program.start()
    lines = desk.app("deskline-lines")

    def dial() -> str:
        desk.until(lambda: lines.state.value.present, "a turret")
        desk.play(lines.dial(CALLER))
        live = desk.program.core.conversations._live
        return desk.until(lambda: next((each for each in live if live[each].now.phase == "live"), ""), "the call")

    interaction = dial()  # and at once, before the turret has heard who takes the call down
    (turret,) = desk.program.core._programs.processes.values()
    os.kill(turret, signal.SIGKILL)
    notice = desk.noticed("The call with Tolland Castings plc was cut off.")
    assert is_a_sentence(notice.text)
    assert is_a_sentence(desk.noticed("Turret has stopped").text)
    desk.until(lambda: desk.interaction(interaction).status == "interrupted", "the call to be marked")
    desk.until(lambda: set(desk.program.core._programs.processes.values()) - {turret}, "another turret")
    desk.until(lambda: lines.state.value.present and not lines.state.value.busy, "its lines to be free")
    again = dial()
    assert again != interaction
    held = desk.until(lambda: lines.state.value.waiting("connected"), "the connection")
    desk.play(lines.command("hangup", held.line))
    desk.until(lambda: desk.interaction(again).status == "ended", "the end of the second call")
    assert len(desk.app("deskline-reports").reports.state.value.cards) == 2
    assert not [text for text in desk.notices() if not is_a_sentence(text)]


@pytest.fixture
def small_disk(tmp_path: Path, demo_desk: Path) -> Iterator[Path]:
    """A disk of its own with a desk on it and a few megabytes left."""
    disk = tmp_path / "disk"
    disk.mkdir()
    room = sum(path.stat().st_size for path in demo_desk.rglob("*") if path.is_file()) + (12 << 20)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={room}", "none", str(disk)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("a disk to be filled can only be made with the right to mount one")
    try:
        shutil.copytree(demo_desk, disk / "demo")
        yield disk
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


@pytest.fixture
def desk_on_a_small_disk(qtbot: QtBot, small_disk: Path) -> Iterator[Desk]:
    desk = Desk(qtbot, settings_in(small_disk, chat=False), speed=6.0)
    yield desk.open()
    (small_disk / "filler").unlink(missing_ok=True)
    desk.close()


def fill(disk: Path) -> Path:
    """Takes all the room that is left."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (1 << 20, 4096, 1):
            try:
                while file.write(bytes(size)) == size:
                    pass
            except OSError:
                continue
    return filler


def test_a_full_disk_is_said_and_costs_nothing_once_there_is_room(
    desk_on_a_small_disk: Desk, small_disk: Path, tmp_path: Path
) -> None:
    source = cut(tmp_path / "call.wav", 19.0, 54.0)
    desk = desk_on_a_small_disk
    interaction = desk.call(CALLER, source)
    desk.until(lambda: desk.talk(interaction).recorded_seconds > 2, "two seconds of the call")
    filler = fill(small_disk)
    notice = desk.noticed("The call is not being recorded at the moment")
    assert notice.level == "error"
    assert is_a_sentence(notice.text)
    assert "Free some space" in notice.text
    recorded = desk.talk(interaction).recorded_seconds
    desk.until(lambda: desk.talk(interaction).segments, "the call to go on", 90)
    assert desk.app("deskline-lines").state.value.lines
    desk.until(lambda: desk.talk(interaction).phase != "live", "the end of the call", 90)
    card = desk.card(interaction)
    reports = desk.app("deskline-reports").reports
    desk.play(reports.edit(card.report_id, "notes", "Written on a full disk."))
    saved_while_full = desk.play(reports.save(card.report_id))
    if not saved_while_full:
        refusal = desk.noticed("The report is not saved, its draft is kept. The disk is full")
        assert is_a_sentence(refusal.text)

    filler.unlink()
    desk.until(lambda: not desk.talk(interaction).recording, "recording to work again")
    desk.until(lambda: desk.kept(interaction) == pcm(source), "all the sound on the disk")
    assert recorded < len(pcm(source)) / 32000
    desk.refined(interaction)
    if not saved_while_full:
        assert desk.play(reports.save(card.report_id))
    desk.until(lambda: desk.words(interaction), "the transcript in the records")
    desk.close()
    with Records.open(small_disk / "demo", KEY) as records:
        result = verify(records)
        assert result.ok, result.problems
        assert Recordings.beside(records).complete(f"{interaction}.rec")
        with records.read() as session:
            report = session.scalars(select(CallReport).where(CallReport.interaction_id == interaction)).one()
    assert (report.status, report.fields["notes"]) == ("saved", "Written on a full disk.")
