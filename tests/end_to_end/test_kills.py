"""kill -9 at random moments of calls and of report editing: what the desk acknowledged is there afterwards."""

from __future__ import annotations

import json
import os
import random
import selectors
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest
from sqlalchemy import select

from app.records.audit import verify
from app.records.recordings import Recordings
from app.records.store import Records
from app.records.tables import CallReport, Deal, Interaction
from tests.end_to_end.desk import KEY
from tests.end_to_end.sound import RATE, cut, pcm

pytestmark = [pytest.mark.speech]

ROOT = Path(__file__).parents[2]
SPEED = 8
CALL = (27.0, 51.0)
START_SECONDS = 120.0
MOMENTS = (("connected", 3.5), ("report", 5.0))
"""After which fact the program is killed, and within how many seconds: in the call, and while the report is typed."""


@dataclass
class Acknowledged:
    """What the desk has told a trader so far, over all rounds."""

    seconds: dict[str, float] = field(default_factory=dict)  # interaction -> recorded
    deals: dict[str, dict[str, Any]] = field(default_factory=dict)
    drafts: dict[str, dict[str, Any]] = field(default_factory=dict)  # report -> fields shown as saved
    saved: dict[str, dict[str, Any]] = field(default_factory=dict)  # report -> as it was saved
    interactions: set[str] = field(default_factory=set)

    def take(self, fact: dict[str, Any]) -> None:
        match fact["fact"]:
            case "connected":
                self.interactions.add(fact["interaction"])
            case "recorded":
                self.seconds[fact["interaction"]] = fact["seconds"]
            case "deal":
                self.deals[fact["deal"]] = fact
            case "draft":
                self.drafts[fact["report"]] = fact["fields"]
            case "saved":
                self.saved[fact["report"]] = fact
            case "failed" | "refused":
                raise AssertionError(f"the trader could not work: {fact['sentence']}")


class Child:
    """A trader's program; what it tells is taken over as it comes."""

    def __init__(self, folder: Path, acknowledged: Acknowledged, mode: str = "work") -> None:
        self.facts: list[dict[str, Any]] = []
        self._acknowledged = acknowledged
        self._log = (folder / "trader.log").open("ab")
        self._rest = b""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.end_to_end.trader", str(folder), str(folder / "call.wav"), str(SPEED), mode],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )

    def read(self, seconds: float, until: str = "") -> bool:
        """Takes facts for so long, or until one of this kind; False when the time is over or the program ended."""
        assert self.process.stdout is not None
        end = time.monotonic() + seconds
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            while (left := end - time.monotonic()) > 0:
                if not selector.select(left):
                    return False
                block = os.read(self.process.stdout.fileno(), 65536)
                if not block:
                    return False
                if until in self._take(block) and until:
                    return True
        return False

    def _take(self, block: bytes) -> set[str]:
        *lines, self._rest = (self._rest + block).split(b"\n")
        facts = [json.loads(line) for line in lines]
        for fact in facts:
            self.facts.append(fact)
            self._acknowledged.take(fact)
        return {fact["fact"] for fact in facts}

    def kill(self) -> None:
        """SIGKILL; what was told before is read to its end, and the programs that the desk started must end too."""
        children = psutil.Process(self.process.pid).children(recursive=True)
        self.process.kill()
        assert self.process.wait(20) == -9, "the trader ended by itself"
        self.finish()
        _, orphans = psutil.wait_procs(children, timeout=30)
        assert not orphans, f"left running after the desk died: {[' '.join(each.cmdline()) for each in orphans]}"

    def finish(self) -> None:
        self.read(30)
        assert self.process.stdout is not None
        self.process.stdout.close()
        self._log.close()

    @property
    def opened(self) -> dict[str, Any]:
        return next(fact for fact in self.facts if fact["fact"] == "opened")


def check(folder: Path, acknowledged: Acknowledged, source: bytes) -> set[str]:
    """Compares the records with what was acknowledged; returns the interactions whose reports are unfinished."""
    with Records.open(folder / "demo", KEY) as records:
        audit = verify(records)
        assert audit.ok, audit.problems
        recordings = Recordings.beside(records)
        for interaction, seconds in acknowledged.seconds.items():
            rate, channels, kept = recordings.read(f"{interaction}.rec")
            assert (rate, channels) == (RATE, 2)
            assert len(kept) / 4 / RATE >= seconds, f"seconds of {interaction} are missing"
            assert source.startswith(kept), f"the recording of {interaction} is torn"
        with records.read() as session:
            interactions = {row.id: row for row in session.scalars(select(Interaction))}
            reports = {row.id: row for row in session.scalars(select(CallReport))}
            deals = {row.id: row for row in session.scalars(select(Deal))}
        assert acknowledged.interactions <= interactions.keys()
        for deal, told in acknowledged.deals.items():
            row = deals[deal]
            assert (row.status, row.interaction_id) == ("registered", told["interaction"])
            assert (str(row.quantity), str(row.price)) == (told["quantity"], told["price"])
        for report, fields in acknowledged.drafts.items():
            stored = reports[report].fields
            for name, value in fields.items():
                # Keys typed after the last acknowledged ones may have been stored too.
                whole = stored[name].startswith(value) if name == "notes" else stored[name] == value
                assert whole, f"{name} of report {report}: {stored[name]!r} instead of {value!r}"
        for report, told in acknowledged.saved.items():
            row = reports[report]
            assert row.status == interactions[row.interaction_id].report_status == "saved"
            assert (row.fields["notes"], row.fields["disposition"]) == (told["notes"], told["disposition"])
        finished = {row.interaction_id for row in reports.values() if row.status == "saved"}
        return acknowledged.interactions - finished


def check_opened(folder: Path, opened: dict[str, Any], unfinished: set[str]) -> None:
    """A start offers every unfinished report and has marked the calls that were cut off."""
    assert unfinished <= set(opened["offered"]), "an unfinished report is not offered"
    if unfinished:
        assert any("unfinished report" in notice for notice in opened["notices"])


def check_closed(folder: Path, acknowledged: Acknowledged) -> None:
    """After a start and a clean end: no call says that it is live, and each has a report."""
    with Records.open(folder / "demo", KEY) as records, records.read() as session:
        for interaction in acknowledged.interactions:
            row = session.get_one(Interaction, interaction)
            assert row.status in ("ended", "interrupted")
            assert row.ended_at is not None
            assert row.report_status in ("draft", "saved")


def run(folder: Path, rounds: int, rng: random.Random, say: Callable[[str], None]) -> None:
    source = pcm(cut(folder / "call.wav", *CALL))
    acknowledged = Acknowledged()
    unfinished: set[str] = set()
    for number in range(1, rounds + 1):
        fact, most = MOMENTS[number % len(MOMENTS)]
        moment = rng.uniform(0.0, most)
        child = Child(folder, acknowledged)
        assert child.read(START_SECONDS, until="opened"), "the desk did not open"
        check_opened(folder, child.opened, unfinished)
        assert child.read(START_SECONDS, until=fact), f"nothing was {fact}"
        child.read(moment)
        child.kill()
        unfinished = check(folder, acknowledged, source)
        killed = f"killed {moment:.2f} s after “{fact}”"
        told = f"{len(child.facts)} facts told, all there; {len(unfinished)} unfinished reports"
        say(f"round {number} of {rounds}: {killed}; {told}")
    last = Child(folder, acknowledged, "look")
    assert last.read(START_SECONDS, until="opened"), "the desk did not open"
    check_opened(folder, last.opened, unfinished)
    assert last.process.wait(60) == 0
    last.finish()
    check_closed(folder, acknowledged)
    check(folder, acknowledged, source)
    seconds, fields = sum(acknowledged.seconds.values()), sum(map(len, acknowledged.drafts.values()))
    say(
        f"after {rounds} kills all there: {len(acknowledged.interactions)} calls, {seconds:.0f} s recorded, "
        f"{len(acknowledged.deals)} deals, {fields} draft fields, {len(acknowledged.saved)} saved reports"
    )


@pytest.fixture
def folder(tmp_path: Path, demo_desk: Path) -> Path:
    shutil.copytree(demo_desk, tmp_path / "demo")
    return tmp_path


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Callable[[str], None]:
    """Progress that is seen at once, whatever pytest captures."""

    def show(text: str) -> None:
        with capsys.disabled():
            print(f"\n{text}", end="", flush=True)

    return show


@pytest.mark.timeout(300)
def test_four_kills_lose_nothing(folder: Path, rng: random.Random, say: Callable[[str], None]) -> None:
    run(folder, 4, rng, say)


@pytest.mark.soak
@pytest.mark.timeout(7200)
def test_fifty_kills_lose_nothing(folder: Path, rng: random.Random, say: Callable[[str], None]) -> None:
    run(folder, 50, rng, say)
