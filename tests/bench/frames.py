"""How late the window's thread is with what it has to do, all the time."""

from __future__ import annotations

import time

from PySide6.QtCore import Qt, QTimer

TICK_MS = 4


class Frames:
    """How late the UI thread is: gaps between ticks that are due every few milliseconds.

    ``own``: processor time of the whole program in each gap. A machine that is busy with something else makes gaps
    longer, but not these: what the window waits for in its own program is not more.
    """

    def __init__(self) -> None:
        self.gaps: list[float] = []
        self.own: list[float] = []
        self._last, self._used = time.perf_counter(), time.process_time()
        self._timer = QTimer(timerType=Qt.TimerType.PreciseTimer, interval=TICK_MS)
        self._timer.timeout.connect(self._tick)
        self._timer.start()

    def stop(self) -> None:
        """On the thread that made it."""
        self._timer.stop()
        self._timer.deleteLater()

    def _tick(self) -> None:
        now, used = time.perf_counter(), time.process_time()
        self.gaps.append((now - self._last) * 1000)
        self.own.append((used - self._used) * 1000)
        self._last, self._used = now, used

    def take(self) -> tuple[list[float], list[float]]:
        found = self.gaps, self.own
        self.gaps, self.own = [], []
        return found
