"""A dressed application, an I/O loop that must not leak, and a window with a few panels."""

from __future__ import annotations

import datetime as dt
import os
import threading
from collections.abc import Callable, Iterator

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication, QLineEdit, QVBoxLayout, QWidget

from app.services import CurrentUser
from app.shell import theme
from app.shell.io_loop import IoLoop
from app.shell.ui import Ui
from app.shell.window import MainWindow

NOW = dt.datetime(2026, 11, 20, 10, 42, 33, tzinfo=dt.UTC)
USER = CurrentUser("u1", "Maren Kilbride", "MK", "EU Credit Sales")
PANELS = (
    ("calls", "Calls & chats", "calls"),
    ("crm", "CRM 360", "crm"),
    ("followups", "Follow-ups", "followups"),
    ("results", "Workflow results", "followups"),
    ("analytics", "Analytics", "analytics"),
    ("transcript", "Transcript", "transcript"),
    ("pricing", "Pricing", "pricing"),
    ("ticket", "Deal ticket", "ticket"),
)


@pytest.fixture(scope="session")
def dressed(qapp: QApplication) -> QApplication:
    theme.apply(qapp)
    return qapp


@pytest.fixture
def io(dressed: QApplication) -> Iterator[IoLoop]:
    before = set(threading.enumerate())
    loop = IoLoop()
    loop.start()
    yield loop
    assert loop.stop()
    assert set(threading.enumerate()) <= before, "a thread outlived the I/O loop"


@pytest.fixture
def ui(io: IoLoop) -> Iterator[Ui]:
    made = Ui(io, clock=lambda: NOW)
    yield made
    QCoreApplication.sendPostedEvents()


def panel_widget() -> QWidget:
    made = QWidget()
    box = QVBoxLayout(made)
    box.addWidget(QLineEdit())
    return made


MakeWindow = Callable[..., MainWindow]
Settle = Callable[[], None]


@pytest.fixture(name="settle")
def settle_fixture() -> Settle:
    return settle


@pytest.fixture
def make_window(ui: Ui) -> Iterator[MakeWindow]:
    made: list[MainWindow] = []

    def make(
        text: str | None = None, saved: list[str] | None = None, size: tuple[int, int] = (1366, 768)
    ) -> MainWindow:
        kept = saved if saved is not None else []
        window = MainWindow(ui, USER, load=lambda: text, save=kept.append)
        for order, (app_id, title, area) in enumerate(PANELS):
            window.add_panel(app_id, title, "phone", panel_widget(), area, order=order)
        window.start_layout()
        window.resize(*size)
        window.show()
        settle()
        made.append(window)
        return window

    yield make
    for window in made:
        window.close()
        window.deleteLater()
    settle()


@pytest.fixture
def window(make_window: MakeWindow) -> MainWindow:
    return make_window()


def settle() -> None:
    """Lets queued signals, layouts and deletions happen."""
    for _ in range(4):
        QCoreApplication.processEvents()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
