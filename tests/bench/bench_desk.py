"""The whole desk, as a trader has it: start, customer up, call ended, words shown, keys, idle processor, memory.

The real program runs in a process of its own, with its turret, feed, chat and speech processes, on an encrypted demo
desk whose key file a passphrase in the environment opens. Only the screen is not there: Qt paints offscreen.
"""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import psutil

from app.access.keys import PASSPHRASE_VARIABLE, KeySource, obtain_key
from app.records.demo import build_demo
from app.records.store import Records

PASSPHRASE = "words for the bench"
STARTS = 12
SETTLING, IDLE = 8.0, 10.0
Row = dict[str, Any]


def run() -> list[Row]:
    with demo_desk() as folder:
        return [*_starts(folder), *_idle(folder), *_work(folder)]


@contextlib.contextmanager
def demo_desk() -> Iterator[Path]:
    """A data folder with an encrypted demo desk in it."""
    with tempfile.TemporaryDirectory(prefix="deskline-bench-") as name:
        folder = Path(name)
        key = obtain_key(folder / "demo", source=KeySource.FILE, ask=lambda _question: PASSPHRASE)
        with Records.open(folder / "demo", key) as records:
            build_demo(records)
        yield folder


def _starts(folder: Path) -> list[Row]:
    window, panels, outside = [], [], []
    for number in range(STARTS):
        began = time.monotonic()
        with watched_desk(folder, "start") as desk:
            facts = [json.loads(line) for line in desk.stdout or ()]
        if number < 2:  # warms the caches: bytecode, libraries, database
            continue
        paints = {fact["what"]: fact["at"] - began for fact in facts if fact["fact"] == "painted"}
        window.append(paints.pop("window") * 1000)
        panels.append(max(paints.values()) * 1000)
        outside.append((facts[-1]["at"] - began) * 1000)
    return [
        row("process start to window painted and keys accepted, warm", window, "ms", "median 700"),
        row("process start to every panel painted with its content, warm", panels, "ms"),
        row("process start to turret, prices, chat and speech started, warm", outside, "ms"),
    ]


def _idle(folder: Path) -> list[Row]:
    rows = []
    for name, prices in (("one price a second", "1"), ("prices at 1,000/s", "1000")):
        with watched_desk(folder, "idle", "--set", f"price_updates={prices}") as desk:
            for line in desk.stdout or ():
                if json.loads(line)["fact"] == "outside":
                    break
            time.sleep(SETTLING)
            processes = _tree(desk.pid)
            memory = [process.memory_full_info().pss / 2**20 for process in processes]
            before = _processor(processes)
            time.sleep(IDLE)
            after = _processor(processes)
            used = {process: 100 * (after[process] - before[process]) / IDLE for process in processes}
            rows.append(
                {
                    "name": f"idle processor, all {len(processes)} processes, {name}",
                    "median": sum(used.values()),
                    "p95": None,
                    "unit": "% of a core",
                    "goal": "",
                }
            )
            rows.append(
                {**rows[-1], "name": f"idle processor, the window's process, {name}", "median": used[processes[0]]}
            )
            desk.terminate()
    for name, megabytes in (("all processes", sum(memory)), ("the window's process", memory[0])):
        rows.append({"name": f"memory (PSS), {name}", "median": megabytes, "p95": None, "unit": "MiB", "goal": ""})
    rows[0]["goal"] = "0.5"
    return rows


def _work(folder: Path) -> list[Row]:
    heard: dict[str, list[float]] = {"customer": [], "call ended": [], "words": [], "key": []}
    with watched_desk(folder, "work", "--set", "turret=false") as desk:
        for fact in facts(desk):
            if fact["fact"] in heard:
                heard[fact["fact"]].append(fact["s"] if fact["fact"] == "words" else fact["ms"])
    rows = (
        ("customer", "intent in, over the websocket, to last panel painted", "ms", "p95 100"),
        ("call ended", "hang-up at the turret to report popup painted", "ms", "p95 200"),
        ("words", "words spoken to words painted in the transcript, from the end of the utterance", "s", "median 1.5"),
        ("key", "key press to paint in the report's summary, prices at 1,000/s", "ms", "p95 16"),
    )
    return [row(name, heard[fact], unit, goal) for fact, name, unit, goal in rows if heard[fact]]


@contextlib.contextmanager
def watched_desk(folder: Path, scenario: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    environment = {**os.environ, PASSPHRASE_VARIABLE: PASSPHRASE, "QT_QPA_PLATFORM": "offscreen"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    settings = [f"data_folder={folder}", "log_level=ERROR"]
    given = [part for setting in settings for part in ("--set", setting)]
    desk = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.watched", scenario, "--", "--desk", "demo", *given, *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield desk
        desk.wait(60)
    finally:
        desk.kill()
        desk.wait()
        if desk.stdout is not None:
            desk.stdout.close()


def facts(desk: subprocess.Popen[str]) -> Iterator[dict[str, Any]]:
    """What a watched desk tells, to its end. What broke is printed; what was measured before counts all the same."""
    for line in desk.stdout or ():
        fact = json.loads(line)
        if fact["fact"] == "broken":
            print(fact["sentence"], file=sys.stderr)
        else:
            yield fact


def _tree(pid: int) -> list[psutil.Process]:
    top = psutil.Process(pid)
    return [top, *top.children(recursive=True)]


def _processor(processes: Sequence[psutil.Process]) -> dict[psutil.Process, float]:
    return {process: sum(process.cpu_times()[:2]) for process in processes}


def row(name: str, values: Sequence[float], unit: str, goal: str = "") -> Row:
    ordered = sorted(values)
    p95 = ordered[min(len(ordered) - 1, round(0.95 * (len(ordered) - 1)))]
    return {"name": name, "median": statistics.median(ordered), "p95": p95, "unit": unit, "goal": goal}
