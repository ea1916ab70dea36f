"""Killed at any moment, the desk has every page that it said to have, whole, and its position says which."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import func, select

from app.records.audit import verify
from app.records.log import change_log
from app.records.tables import Organization
from tests.sync.desks import RecordsDesk

ROUNDS = 4
RECEIVER = """
import sys
from pathlib import Path
from tests.sync.desks import HOUSE, Edit, RecordsDesk, house, item, take

desk = RecordsDesk(Path(sys.argv[1]))
while True:
    first = desk.store.position().cursor
    take(desk.store, [item(seq, house(seq), HOUSE) for seq in range(first + 1, first + 21)])
    desk.write(Edit("update", house(first + 1), {"tier": 1}))
    print(desk.store.position().cursor, desk.store.written(), flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_no_page_is_lost_or_torn_by_kill_9(tmp_path: Path, rng: random.Random) -> None:
    for _ in range(ROUNDS):
        cursor, written = _receive_until_killed(tmp_path / "desk", rng.randint(2, 20), rng.random() * 0.02)
        desk = RecordsDesk(tmp_path / "desk")
        with desk.records.read() as session:
            houses = session.scalar(select(func.count()).select_from(Organization))
            received = select(func.count()).where(change_log.c.site == desk.records.chain.received_site)
            logged = session.scalar(received)
        at = desk.store.position().cursor
        assert at >= cursor
        assert (houses, logged) == (at, at)
        assert desk.store.written() >= written
        assert verify(desk.records).problems == []
        desk.close()


def _receive_until_killed(folder: Path, pages: int, delay: float) -> tuple[int, int]:
    process = subprocess.Popen(
        [sys.executable, "-c", RECEIVER, str(folder)], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
    )
    assert process.stdout is not None
    said = [process.stdout.readline() for _ in range(pages)]
    try:
        process.wait(timeout=delay)  # somewhere within a later page
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
    rest, _ = process.communicate()
    assert process.returncode == -signal.SIGKILL
    cursor, written = (said + rest.split("\n")[:-1])[-1].split()
    return int(cursor), int(written)
