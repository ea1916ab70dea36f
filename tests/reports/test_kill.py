"""kill -9 while a report is being typed: what was shown as saved is there, and at most a moment's typing is missing."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

from sqlalchemy import select

from app.records.store import Records
from app.records.tables import CallReport, Interaction, User

ROOT = Path(__file__).parents[2]
TYPIST = """
import asyncio, datetime as dt, sys
from pathlib import Path
from types import SimpleNamespace
from app.records.store import Records
from app.services import CurrentUser, utc_now
from plugins.reports.store import Talk
from plugins.reports.work import Reports

async def main():
    records = Records.open(Path(sys.argv[1]), bytes(32))
    desk = SimpleNamespace(
        records=records, clock=utc_now, notify=print, user=CurrentUser("u", "U", "U", "D"), conversations=None
    )
    async def send(channel, message): ...
    reports = Reports(desk, dt.UTC, send)
    talk = Talk("i1", "call", "inbound", dt.datetime(2026, 11, 24, 10, 38, tzinfo=dt.UTC))
    report = reports.begin(talk)
    report.set_phase("ended")
    report.saver.touch()
    reports.present(report)
    typed = ""
    while True:
        typed += "abcdefghij"[len(typed) % 10]
        await reports.edit(report.report_id, "notes", typed)
        print(len(typed), report.saver.saving.at is not None, flush=True)
        await asyncio.sleep(0.01)

asyncio.run(main())
"""


def test_a_killed_program_loses_at_most_a_moment_of_typing(tmp_path: Path, rng: random.Random) -> None:
    with Records.open(tmp_path / "desk", bytes(32)) as records, records.change("test") as change:
        change.add(User(id="u", name="U", initials="U", desk="D", email="u@desk.example"))
    for attempt in range(2):
        folder = tmp_path / "desk"
        typist = subprocess.Popen(
            [sys.executable, "-c", TYPIST, str(folder)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        assert typist.stdout is not None
        wanted = rng.randrange(60, 140)
        count = 0
        while count < wanted:
            line = typist.stdout.readline()
            assert line, "the typist died by itself"
            count = int(line.split()[0])
        typist.send_signal(signal.SIGKILL)
        typist.wait()
        rest = typist.stdout.read().splitlines()
        typist.stdout.close()
        last = max([count, *(int(each.split()[0]) for each in rest if each.endswith(("True", "False")))])
        with Records.open(folder, bytes(32)) as records:
            with records.read() as session:
                (stored,) = session.scalars(select(CallReport)).all()
            notes = stored.fields["notes"]
            assert ("abcdefghij" * (last // 10 + 1)).startswith(notes), attempt
            # 200 ms at about 10 ms a key, and the machine may be busy while a write is under way.
            assert len(notes) >= last - 60, (attempt, len(notes), last)
            with records.change("test") as change:
                change.delete(CallReport, stored.id)
                change.session.flush()
                change.delete(Interaction, "i1")
