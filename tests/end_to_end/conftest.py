"""A whole desk: real window (offscreen), real encrypted file, real processes, real models."""

from __future__ import annotations

import gc
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.desk.program import Program
from app.records.demo import build_demo
from app.records.store import Records
from app.settings import Settings
from tests.conftest import LASTING
from tests.end_to_end.desk import KEY, Desk, settings_in
from tests.sync.pages import new_desk
from tests.sync.serving import Server, served


@pytest.fixture(autouse=True, scope="module")
def no_leaked_thread() -> Iterator[None]:
    """Tests of a module may share a desk, so its threads are counted when the module is over."""
    before = set(threading.enumerate())
    yield
    leaked = []
    for thread in set(threading.enumerate()) - before:
        if thread.name.startswith(LASTING):
            continue
        thread.join(timeout=5)
        if thread.is_alive():
            leaked.append(thread.name)
    assert not leaked, f"threads left running: {leaked}"


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
    return settings_in(tmp_path)


@pytest.fixture
def open_desk(qtbot: QtBot, settings: Settings) -> Iterator[Callable[..., Desk]]:
    desks: list[Desk] = []

    def make(*, speed: float = 6.0, key: bytes = KEY, start: bool = True, **changes: Any) -> Desk:
        desk = Desk(qtbot, msgspec.structs.replace(settings, **changes), speed=speed, key=key)
        desks.append(desk)
        return desk.open() if start else desk

    yield make
    while desks:
        desks.pop().close()
    # Windows must go on the thread that made them, not whenever another desk's thread collects garbage.
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    gc.collect()


@pytest.fixture(scope="module")
def shared_desk(
    request: pytest.FixtureRequest, qapp: object, demo_desk: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Desk]:
    """One open desk for the tests of a module: opening one takes seconds."""
    folder = tmp_path_factory.mktemp("shared")
    shutil.copytree(demo_desk, folder / "demo")
    desk = Desk(QtBot(request), settings_in(folder), speed=8.0)
    yield desk.open()
    desk.close()


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with served() as running:
        yield running


@pytest.fixture
def second(qtbot: QtBot, tmp_path: Path) -> Iterator[Program]:
    """A colleague's desk, new and empty."""
    with new_desk(qtbot, tmp_path, "second") as program:
        yield program
