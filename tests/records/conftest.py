from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from app.records.engine import connect
from app.records.store import DATABASE, Records
from app.records.tables import Organization

KEY = bytes(range(32))


class SteppingClock:
    """Starts at a fixed moment and moves only when told."""

    def __init__(self) -> None:
        self.now = dt.datetime(2026, 11, 20, 9, 30, tzinfo=dt.UTC)

    def __call__(self) -> dt.datetime:
        return self.now


@pytest.fixture
def key() -> bytes:
    return KEY


@pytest.fixture
def clock() -> SteppingClock:
    return SteppingClock()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "desk"


@pytest.fixture
def records(folder: Path, clock: SteppingClock) -> Iterator[Records]:
    with Records.open(folder, KEY, clock=clock) as opened:
        yield opened


@pytest.fixture
def house() -> Callable[..., Organization]:
    """A new, unsaved customer."""

    def make(name: str = "Tolland Castings plc", **fields: Any) -> Organization:
        return Organization(**{"name": name, "short_name": name.split()[0], "kind": "corporate", **fields})

    return make


@pytest.fixture
def raw(folder: Path) -> Callable[[], Any]:
    """A driver connection past the store: what a tamperer with the key would use."""

    def open_it() -> Any:
        return connect(folder / DATABASE, KEY)

    return open_it
