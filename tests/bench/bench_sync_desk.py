"""The window while a colleague's changes arrive: frames, and how long all of them take.

Server, colleague and desk are processes of their own; the desk is the whole program on a demo database, painted
offscreen.
"""

from __future__ import annotations

import gc
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtTest import QTest
from sqlalchemy import func, select

from app.desk.program import Program, make_application, settle
from app.records.demo import build_demo
from app.records.store import Records
from app.records.tables import Contact, FollowUp
from app.settings import Settings
from tests.bench.frames import Frames
from tests.sync.serving import PASSWORD, Server, served

KEY = bytes(32)
CHANGES = 10_000
Row = dict[str, Any]


def run() -> list[Row]:
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    with tempfile.TemporaryDirectory(prefix="deskline-bench-") as name:
        folder = Path(name)
        with Records.open(folder / "demo", KEY) as records:
            build_demo(records)
        settings = Settings(data_folder=str(folder), desk="demo", turret=False, chat=False, price_updates=200)
        application = make_application(settings)
        application.setQuitOnLastWindowClosed(False)
        with served(folder / "server") as server:
            program = Program(settings, key=KEY, quit_application=False)
            program.start()
            try:
                return _measure(program, server, folder)
            finally:
                ended: list[bool] = []
                program.closed.connect(lambda: ended.append(True))
                program.quit()
                _until(lambda: ended)


def _measure(program: Program, server: Server, folder: Path) -> list[Row]:
    opened: list[bool] = []
    program.outside_ready.connect(lambda: opened.append(True))
    _until(lambda: opened)
    unsettled = _whole_round()
    settle()
    settled = _whole_round()
    began = time.perf_counter()
    _connect(program, server)
    _until(lambda: _says(program) == ("Online", "Synced"), 300)
    upload = time.perf_counter() - began
    colleague = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.colleague", folder / "colleague", server.folder, server.url, str(CHANGES)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert colleague.stdin is not None
    assert colleague.stdout is not None
    assert colleague.stdout.readline() == "ready\n"
    frames = Frames()
    _until(lambda: len(frames.gaps) > 1000)
    quiet, _ = frames.take()
    before = _rows(program)
    began = time.perf_counter()
    colleague.stdin.write("go\n")
    colleague.stdin.flush()
    _until(lambda: _rows(program) >= before + CHANGES, 600)
    took = time.perf_counter() - began
    busy, own = frames.take()
    frames.stop()
    colleague.communicate("end\n", timeout=60)
    return [
        _row("UI thread late, nothing arrives", quiet, "ms"),
        _row(f"UI thread late while {CHANGES:,} changes arrive", busy, "ms", "none over 33"),
        {"name": "the same, the latest", "median": max(busy), "p95": None, "unit": "ms", "goal": "33"},
        {"name": "the same, over 33 ms", "median": sum(gap > 33 for gap in busy), "p95": None, "unit": "frames"},
        _row("the program's own part of it, by processor time", own, "ms", "none over 33"),
        {"name": "the same, the longest", "median": max(own), "p95": None, "unit": "ms", "goal": "33"},
        {"name": "the same, over 33 ms", "median": sum(part > 33 for part in own), "p95": None, "unit": "frames"},
        {"name": "a whole round of the garbage collector, as the start leaves it", "median": unsettled, "unit": "ms"},
        {"name": "the same once what the start made is set aside", "median": settled, "unit": "ms"},
        {"name": "load of the machine meanwhile", "median": os.getloadavg()[0], "unit": ""},
        {
            "name": f"{CHANGES:,} changes from the colleague's first to this desk",
            "median": took,
            "p95": None,
            "unit": "s",
        },
        {"name": "a demo desk's history to the server", "median": upload, "p95": None, "unit": "s"},
    ]


def _whole_round() -> float:
    """Milliseconds for which every thread stands still when the collector looks through all there is."""
    began = time.thread_time()
    gc.collect()
    return (time.thread_time() - began) * 1000


def _connect(program: Program, server: Server) -> None:
    password, code = server.add_user("ann", "Ann Marsh"), server.add_device("ann", brings_history=True)
    step = program.core.server

    async def connect() -> None:
        await step.enrol(await step.look_at(server.url), code)
        await step.sign_in("ann", password, PASSWORD)

    future = program.loop.submit(connect())
    _until(future.done)
    future.result()


def _says(program: Program) -> tuple[str, str]:
    return program.window.top.online.accessibleName(), program.window.top.sync.accessibleName()


_counted: dict[str, Any] = {"future": None, "at": 0}


def _rows(program: Program) -> int:
    """Follow-ups and contacts there are, as last counted; counting goes on beside."""
    future = _counted["future"]
    if future is None or future.done():
        if future is not None:
            _counted["at"] = future.result()
        _counted["future"] = program.loop.submit(
            program.core.records.query(
                lambda session: sum(
                    session.scalar(select(func.count()).select_from(table)) or 0 for table in (FollowUp, Contact)
                )
            )
        )
    return int(_counted["at"])


def _until(condition: Callable[[], object], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"waited {seconds} s; the top bar says nothing of it")
        QTest.qWait(100)


def _row(name: str, values: list[float], unit: str, goal: str = "") -> Row:
    ordered = sorted(values)
    p95 = ordered[round(0.95 * (len(ordered) - 1))]
    return {"name": name, "median": statistics.median(ordered), "p95": p95, "unit": unit, "goal": goal}
