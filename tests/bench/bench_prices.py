"""Key press to paint in a text field while the price grid beside it takes 1,000 changed prices a second.

Keys are posted from another thread at random moments, as a keyboard does: a key that arrives while a frame of prices
is being painted waits for it, and that wait counts.
"""

from __future__ import annotations

import asyncio
import os
import random
import statistics
import threading
import time
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QCoreApplication, QEvent, QEventLoop, Qt, QTimer
from PySide6.QtGui import QKeyEvent, QPaintEvent
from PySide6.QtWidgets import QApplication, QLineEdit, QVBoxLayout, QWidget

from app.market.book import FeedStatus, PriceBook, Tick
from app.services import State, utc_now
from app.shell import theme
from app.shell.io_loop import IoLoop
from app.shell.ui import Ui
from plugins.pricing.app import PricingState
from plugins.pricing.lists import PriceLine
from plugins.pricing.view import PricingPanel

INSTRUMENTS = 40
TICKS_A_SECOND = 1000
KEYS = 300
SEED = 7


class TimedEdit(QLineEdit):
    """Notes how long each typed key took to be on screen, in milliseconds."""

    def __init__(self) -> None:
        super().__init__()
        self.pressed: list[float] = []
        self.taken: list[float] = []

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painted = time.perf_counter()
        while len(self.taken) < len(self.text()):
            self.taken.append((painted - self.pressed[len(self.taken)]) * 1000)


async def tick(book: PriceBook, count: list[int]) -> None:
    """Every tick moves its price, which is more than any market does."""
    chance = random.Random(SEED)
    mids = [98_000 + 100 * number for number in range(INSTRUMENTS)]
    loop = asyncio.get_running_loop()
    began = loop.time()
    while True:
        await asyncio.sleep(0.02)
        due = int((loop.time() - began) * TICKS_A_SECOND) - count[0]
        batch = []
        for place in chance.choices(range(INSTRUMENTS), k=due):
            mids[place] += chance.choice((-3, -2, -1, 1, 2, 3))
            bid, ask = Decimal(mids[place] - 20).scaleb(-3), Decimal(mids[place] + 20).scaleb(-3)
            batch.append(Tick(f"i{place}", bid, ask, 1_000_000))
        book.update(batch, utc_now())
        count[0] += due


def press(edit: TimedEdit, done: threading.Event) -> None:
    chance = random.Random(SEED)
    for _ in range(KEYS):
        time.sleep(chance.uniform(0.02, 0.06))
        edit.pressed.append(time.perf_counter())
        key = QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_A, Qt.KeyboardModifier.NoModifier, "a")
        QCoreApplication.postEvent(edit, key)
    done.set()


def run() -> list[dict[str, Any]]:
    existing = QApplication.instance()
    application = existing if isinstance(existing, QApplication) else QApplication([])
    theme.apply(application)
    application.setCursorFlashTime(0)  # a blinking cursor paints too and is not an answer to a key
    io = IoLoop()
    io.start()
    ui = Ui(io)
    book = PriceBook()
    book.status.set(FeedStatus("live", "Bench", ""))
    lines = tuple(PriceLine(f"i{n}", f"BOND {n} 3⅜ 33", "Bond", "bond", 3, None, "Held") for n in range(INSTRUMENTS))
    state = State(PricingState("Bench", None, lines, None, 0, False))
    panel = PricingPanel(SimpleNamespace(state=state, prices=book), ui)  # type: ignore[arg-type]
    window = QWidget()
    layout = QVBoxLayout(window)
    edit = TimedEdit()
    layout.addWidget(edit)
    layout.addWidget(panel)
    window.resize(480, 1010)
    window.show()
    edit.setFocus()
    flushes: list[float] = []
    flush = panel.flush

    def timed_flush() -> None:
        began = time.perf_counter()
        flush()
        flushes.append((time.perf_counter() - began) * 1000)

    panel._flush.timeout.disconnect()
    panel._flush.timeout.connect(timed_flush)
    count = [0]
    ticking = io.submit(tick(book, count))
    loop = QEventLoop()
    QTimer.singleShot(500, loop.quit)
    loop.exec()
    done = threading.Event()
    typist = threading.Thread(target=press, args=(edit, done))
    began, ticks, processor = time.perf_counter(), count[0], time.process_time()
    typist.start()
    ask = QTimer(interval=50)
    ask.timeout.connect(lambda: loop.quit() if done.is_set() and len(edit.taken) == KEYS else None)
    ask.start()
    loop.exec()
    seconds = time.perf_counter() - began
    typist.join()
    ticking.cancel()
    busy = (time.process_time() - processor) / seconds
    rate = (count[0] - ticks) / seconds
    panel.hide()
    io.stop()
    return [
        {**row("key press to paint while prices tick", edit.taken), "goal": "p95 16 ms"},
        row("price grid: taking a frame's prices", flushes),
        {"name": "price grid: prices taken", "median": rate, "p95": None, "unit": "updates/s"},
        {"name": "price grid: processor, feed included", "median": 100 * busy, "p95": None, "unit": "% of a core"},
    ]


def row(name: str, milliseconds: list[float]) -> dict[str, Any]:
    p95 = statistics.quantiles(milliseconds, n=20)[-1]
    return {"name": name, "median": statistics.median(milliseconds), "p95": p95, "unit": "ms"}
