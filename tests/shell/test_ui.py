from __future__ import annotations

import asyncio
import gc
import sys
import threading

import pytest
from PySide6.QtCore import QObject, Signal
from pytestqt.qtbot import QtBot

from app.services import Notice, State
from app.shell.guard import UnsafeQt, refuse_unsafe_qt
from app.shell.io_loop import IoLoop, LoopStopped
from app.shell.ui import Ui


async def test_the_io_loop_stops_cancels_its_tasks_and_leaves_no_thread() -> None:
    before = threading.active_count()
    loop = IoLoop()
    loop.start()
    ended: list[str] = []

    async def endless() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("cancelled")

    loop.submit(endless())
    assert loop.submit(asyncio.sleep(0, "ready")).result(5) == "ready"
    assert loop.submit(asyncio.to_thread(threading.get_ident)).result(5) != threading.get_ident()
    assert loop.stop()
    assert ended == ["cancelled"]
    assert threading.active_count() == before
    with pytest.raises(LoopStopped):
        loop.submit(asyncio.sleep(0))


def test_run_works_on_the_io_thread_and_answers_on_the_ui_thread(ui: Ui, qtbot: QtBot) -> None:
    seen: list[object] = []

    async def work() -> bool:
        return ui.loop.on_this_thread()

    ui.run(work(), then=lambda result: seen.extend([result, threading.current_thread() is threading.main_thread()]))
    qtbot.waitUntil(lambda: bool(seen))
    assert seen == [True, True]


def test_an_error_goes_to_failed_or_becomes_a_notice(ui: Ui, qtbot: QtBot) -> None:
    async def fail() -> None:
        raise ValueError("The line is busy. Try again.")

    failures: list[str] = []
    ui.run(fail(), failed=lambda error: failures.append(str(error)))
    ui.run(fail())
    qtbot.waitUntil(lambda: bool(failures) and bool(ui.notices))
    assert failures == ["The line is busy. Try again."]
    assert (ui.notices[0].text, ui.notices[0].level) == ("The line is busy. Try again.", "error")


def test_nothing_is_called_back_after_the_owner_is_gone(ui: Ui, qtbot: QtBot) -> None:
    owner = QObject()
    release = threading.Event()
    called: list[str] = []
    done: list[str] = []

    async def wait() -> None:
        await asyncio.to_thread(release.wait)

    ui.run(wait(), then=lambda _: called.append("owner"), owner=owner)
    owner.deleteLater()
    del owner
    gc.collect()
    release.set()
    ui.run(asyncio.sleep(0), then=lambda _: done.append("later"))
    qtbot.waitUntil(lambda: bool(done))
    assert called == []


def test_a_bound_slot_gets_the_value_now_and_then_only_the_newest(ui: Ui, qtbot: QtBot) -> None:
    state = State(0)
    seen: list[int] = []
    owner = QObject()
    ui.bind(state, seen.append, owner)
    assert seen == [0]

    def count() -> None:
        for number in range(1, 501):
            state.set(number)

    thread = threading.Thread(target=count)
    thread.start()
    thread.join()
    qtbot.waitUntil(lambda: seen[-1] == 500)
    assert len(seen) <= 4
    owner.deleteLater()
    qtbot.wait(1)
    state.set(501)
    qtbot.wait(1)
    assert seen[-1] == 500


def test_notices_arrive_on_the_ui_thread_from_any(ui: Ui, qtbot: QtBot) -> None:
    where: list[bool] = []
    ui.noticed.connect(lambda _notice: where.append(threading.current_thread() is threading.main_thread()))
    ui.notify(Notice("from here"))
    thread = threading.Thread(target=lambda: ui.notify(Notice("from there")))
    thread.start()
    thread.join()
    qtbot.waitUntil(lambda: len(where) == 2)
    assert where == [True, True]
    assert [notice.text for notice in ui.notices] == ["from here", "from there"]


class _Emitter(QObject):
    ticked = Signal(bool)
    plain = Signal()


def test_a_hundred_thousand_emits_lose_no_reference(dressed: object) -> None:
    emitter = _Emitter()
    count = 0

    def heard(*_: object) -> None:
        nonlocal count
        count += 1

    emitter.ticked.connect(heard)
    emitter.plain.connect(heard)
    before = sys.getrefcount(None), sys.getrefcount(True)
    for _ in range(50_000):
        emitter.ticked.emit(True)
        emitter.plain.emit()
        emitter.setObjectName("x")
    after = sys.getrefcount(None), sys.getrefcount(True)
    assert count == 100_000
    # The broken binding loses one for each emit; Python itself moves a few about.
    assert all(abs(late - early) < 5_000 for early, late in zip(before, after, strict=True))


def test_the_guard_refuses_the_binding_that_aborts_and_no_other() -> None:
    refuse_unsafe_qt()
    refuse_unsafe_qt("6.12.0", (3, 12))
    refuse_unsafe_qt("6.11.2", (3, 11))
    with pytest.raises(UnsafeQt, match=r"6\.11\.2"):
        refuse_unsafe_qt("6.12.0", (3, 11))
