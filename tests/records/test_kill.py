"""Killed at any moment, the store has every change that was said to be stored, whole, and nothing else."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import select

from app.records.audit import verify
from app.records.store import Records
from app.records.tables import Contact, Organization

KEY = bytes(range(32))
ROUNDS = 5
WRITER = """
import sys
from pathlib import Path
from app.records.store import Records
from app.records.tables import Contact, Organization

with Records.open(Path(sys.argv[1]), bytes(range(32))) as records:
    number = 0
    while True:
        number += 1
        with records.change("user:1") as change:
            house = change.add(Organization(name=f"{sys.argv[2]}-{number}", short_name="x", kind="bank"))
            for _ in range(3):
                change.add(Contact(name="twin", organization_id=house.id, notes="n" * 500))
        print(f"{sys.argv[2]}-{number}", flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_no_committed_change_is_lost_or_torn_by_kill_9(tmp_path: Path, rng: random.Random) -> None:
    acknowledged: set[str] = set()
    for number in range(ROUNDS):
        acknowledged |= _write_until_killed(tmp_path, number, rng.randint(3, 60), rng.random() * 0.004)
        with Records.open(tmp_path, KEY) as records:
            with records.read() as session:
                stored = dict(session.execute(select(Organization.name, Organization.id)).all())
                twins = [contact.organization_id for contact in session.scalars(select(Contact))]
            assert acknowledged <= stored.keys()
            assert all(twins.count(house_id) == 3 for house_id in stored.values())
            assert verify(records).problems == []


def _write_until_killed(folder: Path, number: int, acknowledgements: int, delay: float) -> set[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder), str(number)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    seen = {process.stdout.readline().strip() for _ in range(acknowledgements)}
    try:
        process.wait(timeout=delay)  # somewhere within a later change
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
    rest, _ = process.communicate()
    assert process.returncode == -signal.SIGKILL
    return seen | set(rest.split("\n")[:-1])
