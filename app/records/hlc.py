"""Hybrid logical clock (Kulkarni et al., "Logical Physical Clocks", 2014).

A reading is text, ``mmmmmmmmmmmm-cccc``: 12 hexadecimal digits of milliseconds since 1970 and 4 of a counter, so text
order is clock order. Readings of one clock always increase, also when the wall clock goes back or the program restarts
(the last reading is kept in the store), and stay close to wall time.
"""

from __future__ import annotations

import datetime as dt
import re
import threading
from collections.abc import Callable

ZERO = "000000000000-0000"
_COUNTER_LIMIT = 0xFFFF
_READING = re.compile("[0-9a-f]{12}-[0-9a-f]{4}")


def utc_now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def pack(milliseconds: int, counter: int) -> str:
    return f"{milliseconds:012x}-{counter:04x}"


def unpack(reading: str) -> tuple[int, int]:
    """Raises ValueError if ``reading`` is not one."""
    if len(reading) != 17 or reading[12] != "-":
        raise ValueError(f"not a hybrid clock reading: {reading!r}")
    return int(reading[:12], 16), int(reading[13:], 16)


def is_reading(text: str) -> bool:
    return _READING.fullmatch(text) is not None


def wall_time(reading: str) -> dt.datetime:
    return dt.datetime.fromtimestamp(unpack(reading)[0] / 1000, dt.UTC)


class HybridClock:
    def __init__(self, wall: Callable[[], dt.datetime], last: str = ZERO) -> None:
        self._wall = wall
        self._milliseconds, self._counter = unpack(last)
        self._lock = threading.Lock()

    @property
    def last(self) -> str:
        return pack(self._milliseconds, self._counter)

    def ticks(self, count: int) -> list[str]:
        """As many readings, for events that are written together."""
        with self._lock:
            now = self._now()
            return [self._advance(now) for _ in range(count)]

    def tick(self) -> str:
        """The next reading, for a local event."""
        return self.ticks(1)[0]

    def witness(self, reading: str) -> str:
        """The next reading, after a reading of another clock was seen: later than both."""
        milliseconds, counter = unpack(reading)
        with self._lock:
            if (milliseconds, counter) > (self._milliseconds, self._counter):
                self._milliseconds, self._counter = milliseconds, counter
            return self._advance(self._now())

    def _now(self) -> int:
        # Integer arithmetic: a float of microseconds would be exact too, but only until the year 2255.
        return (self._wall() - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(milliseconds=1)

    def _advance(self, now: int) -> str:
        self._milliseconds, self._counter = _following(self._milliseconds, self._counter, now)
        return pack(self._milliseconds, self._counter)


def following(last: str, now: int) -> str:
    """The reading after ``last`` at the wall time ``now``, in milliseconds since 1970."""
    return pack(*_following(*unpack(last), now))


def _following(milliseconds: int, counter: int, now: int) -> tuple[int, int]:
    if now > milliseconds:
        return now, 0
    if counter < _COUNTER_LIMIT:
        return milliseconds, counter + 1
    return milliseconds + 1, 0
