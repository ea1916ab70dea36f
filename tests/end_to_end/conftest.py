"""A whole desk: real window (offscreen), real encrypted file, real processes, real models."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from pytestqt.qtbot import QtBot

from app.records.demo import build_demo
from app.records.store import Records
from app.settings import Settings, load
from tests.end_to_end.desk import KEY, Desk


@pytest.fixture(scope="session")
def demo_desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demo desk, built once; tests work on copies."""
    folder = tmp_path_factory.mktemp("template") / "demo"
    with Records.open(folder, KEY) as records:
        build_demo(records)
    return folder


@pytest.fixture
def settings(tmp_path: Path, demo_desk: Path) -> Settings:
    shutil.copytree(demo_desk, tmp_path / "demo")
    overrides = {"data_folder": str(tmp_path), "desk": "demo", "turret": False, "price_updates": 200}
    return load(tmp_path / "none.toml", {}, overrides)


@pytest.fixture
def open_desk(qtbot: QtBot, settings: Settings) -> Iterator[Callable[..., Desk]]:
    desks: list[Desk] = []

    def make(*, speed: float = 6.0, key: bytes = KEY, start: bool = True, **changes: Any) -> Desk:
        desk = Desk(qtbot, msgspec.structs.replace(settings, **changes), speed=speed, key=key)
        desks.append(desk)
        return desk.open() if start else desk

    yield make
    for desk in desks:
        desk.close()
