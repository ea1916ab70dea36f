"""The store: single changes, bulk, reads and search on the demo desk."""

from __future__ import annotations

import datetime as dt
import statistics
import tempfile
import time
from collections.abc import Callable
from itertools import cycle
from pathlib import Path
from typing import Any

from sqlalchemy import select

from app.records.audit import verify
from app.records.demo import build_demo
from app.records.recordings import Recordings
from app.records.search import search
from app.records.store import Records
from app.records.tables import Contact, Organization
from plugins.crm.customer import read_customer, read_past

Row = dict[str, Any]
_TYPED = ("g", "ga", "gareth", "tolland", "020 7946", "eurusd", "xs92", "settlement instr", "lindholm", "read it back")


def run() -> list[Row]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        records = Records.open(folder, bytes(range(32)))
        try:
            rows = [_built(records), *_measured(records, folder)]
        finally:
            records.close()
        rows.append(_timed("open an existing store", lambda: Records.open(folder, bytes(range(32))).close(), 20))
    return rows


def _built(records: Records) -> Row:
    began = time.perf_counter()
    build_demo(records, today=dt.date(2026, 11, 20))
    return _row("build the demo desk (15,000 rows, logged)", [time.perf_counter() - began], "s", 1.0)


def _measured(records: Records, folder: Path) -> list[Row]:
    with records.read() as session:
        houses = session.scalars(select(Organization.id)).all()
    turn, number, typed = cycle(houses), iter(range(10**9)), cycle(_TYPED)

    def update() -> None:
        with records.change("user:bench") as change:
            change.update(Organization, next(turn), notes=f"note {next(number)}")

    def bulk() -> None:
        with records.change("user:bench") as change:
            change.add_all(Contact(name=f"Bulk {each}") for each in range(1000))

    def read() -> None:
        with records.read() as session:
            session.get(Organization, next(turn))

    def profile() -> None:
        with records.read() as session:
            organization_id = next(turn)
            read_customer(session, organization_id, dt.datetime(2026, 11, 20, tzinfo=dt.UTC))
            read_past(session, organization_id)

    def find() -> None:
        with records.read() as session:
            search(session, next(typed))

    writer = Recordings(folder / "recordings", bytes(32)).writer("bench", 8000, 2)
    rows = [
        _timed("change of one row, durable", update, 300),
        _timed("bulk change, per 1,000 rows", bulk, 5),
        _timed("read one row", read, 1000),
        _timed("whole customer profile", profile, 80),
        _timed("search as typed", find, 200),
        _timed("append half a second of sound, durable", lambda: writer.append(bytes(16000)), 100),
        _timed("prove the whole log", lambda: verify(records), 1, "s", 1.0),
    ]
    writer.close()
    return rows


def _timed(name: str, work: Callable[[], object], times: int, unit: str = "ms", scale: float = 1000.0) -> Row:
    work() if times > 1 else None
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return _row(name, taken, unit, scale)


def _row(name: str, seconds: list[float], unit: str, scale: float) -> Row:
    ordered = sorted(seconds)
    p95 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]
    return {"name": name, "median": statistics.median(ordered) * scale, "p95": p95 * scale, "unit": unit}
