"""The conflated price book: the newest quote per instrument, written by the I/O thread, read by any thread.

Nothing is queued for a reader. A reader remembers a version and asks what changed since, so a slow painter skips
prices instead of falling behind them.
"""

from __future__ import annotations

import datetime as dt
import threading
import time
from array import array
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal, NamedTuple

from app.services import State

HISTORY_MINUTES = 60
_RATE_SECONDS = 3.0

FeedPhase = Literal["offline", "connecting", "live", "stale"]


@dataclass(frozen=True, slots=True)
class FeedStatus:
    """How the prices come in. ``text`` is the sentence for the user when they do not."""

    phase: FeedPhase = "offline"
    source: str = ""
    text: str = "No price feed is connected."


@dataclass(frozen=True, slots=True)
class Quote:
    """A two-way price. ``size`` is the amount it is good for, in units; ``open`` is what changes are counted from.

    ``at`` is when the feed last confirmed it, ``moved_at`` when bid or ask last became different.
    """

    instrument_id: str
    bid: Decimal
    ask: Decimal
    open: Decimal
    at: dt.datetime
    moved_at: dt.datetime
    size: int = 0
    stale: bool = False

    @property
    def mid(self) -> Decimal:
        return (self.bid + self.ask) / 2

    @property
    def change(self) -> Decimal:
        """Mid against the open."""
        return self.mid - self.open

    @property
    def spread_bp(self) -> Decimal | None:
        """Bid to ask in basis points of the mid; None where the mid is not positive."""
        mid = self.mid
        return None if mid <= 0 else (self.ask - self.bid) / mid * 10_000


class Tick(NamedTuple):
    """One update as a feed delivers it."""

    instrument_id: str
    bid: Decimal
    ask: Decimal
    size: int = 0


class PriceHistory(NamedTuple):
    """Last mid of each second that had a price, oldest first. Plain floats: for charts, never for dealing."""

    seconds: Sequence[float]  # Unix time
    mids: Sequence[float]


class PriceBook:
    """Newest quotes, a version counter and a short history per instrument.

    One writer (the feed); any number of readers. Every method may be called from any thread and returns quickly.
    """

    def __init__(
        self, *, history_minutes: int = HISTORY_MINUTES, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self.status: State[FeedStatus] = State(FeedStatus())
        self._lock = threading.Lock()
        self._quotes: dict[str, Quote] = {}
        self._opens: dict[str, Decimal] = {}
        # Insertion order is order of change: an update moves its instrument to the end.
        self._changed: dict[str, int] = {}
        self._version = 0
        self._history_seconds = history_minutes * 60
        self._history: dict[str, tuple[deque[int], deque[float]]] = {}
        self._monotonic = monotonic
        self._counts: deque[tuple[float, int]] = deque()

    @property
    def version(self) -> int:
        return self._version

    def quote(self, instrument_id: str) -> Quote | None:
        return self._quotes.get(instrument_id)

    def changed_since(self, version: int) -> tuple[int, list[str]]:
        """The present version and the instruments whose quote changed after ``version`` (0: all), newest first."""
        changed: list[str] = []
        with self._lock:
            for instrument_id in reversed(self._changed):
                if self._changed[instrument_id] <= version:
                    break
                changed.append(instrument_id)
            return self._version, changed

    def history(self, instrument_id: str, minutes: float = HISTORY_MINUTES) -> PriceHistory:
        """The last ``minutes`` of mids in one-second buckets, ending with the newest price."""
        with self._lock:
            seconds, mids = self._history.get(instrument_id, ((), ()))
            if not seconds:
                return PriceHistory(array("d"), array("d"))
            first = seconds[-1] - minutes * 60
            skip = next(index for index, second in enumerate(seconds) if second >= first)
            return PriceHistory(array("d", list(seconds)[skip:]), array("d", list(mids)[skip:]))

    def updates_per_second(self) -> float:
        """Updates received a second, over the last three seconds."""
        now = self._monotonic()
        with self._lock:
            while self._counts and self._counts[0][0] < now - _RATE_SECONDS:
                self._counts.popleft()
            if not self._counts:
                return 0.0
            span = max(now - self._counts[0][0], 1.0)
            return sum(count for _, count in self._counts) / span

    # --- the writer's side ---

    def set_open(self, instrument_id: str, price: Decimal) -> None:
        """The day's opening price, which changes are counted from."""
        with self._lock:
            self._opens[instrument_id] = price

    def update(self, ticks: Iterable[Tick], at: dt.datetime) -> None:
        """Takes a batch. Within a batch the last tick of an instrument wins."""
        second = int(at.timestamp())
        count = 0
        with self._lock:
            for tick in ticks:
                count += 1
                mid = (tick.bid + tick.ask) / 2
                opened = self._opens.setdefault(tick.instrument_id, mid)
                last = self._quotes.get(tick.instrument_id)
                moved = last is None or last.bid != tick.bid or last.ask != tick.ask
                moved_at = at if moved or last is None else last.moved_at
                self._put(Quote(tick.instrument_id, tick.bid, tick.ask, opened, at, moved_at, tick.size))
                self._remember(tick.instrument_id, second, float(mid))
            if count:
                self._counts.append((self._monotonic(), count))

    def recall(self, ticks: Iterable[Tick], at: dt.datetime) -> None:
        """Takes prices from before the feed was joined: for the history only, no quote comes of them."""
        second = int(at.timestamp())
        with self._lock:
            for tick in ticks:
                known = self._history.get(tick.instrument_id)
                if known is None or not known[0] or known[0][-1] < second:
                    self._remember(tick.instrument_id, second, float((tick.bid + tick.ask) / 2))

    def mark_stale(self, older_than: dt.datetime | None = None) -> None:
        """Marks quotes older than the given time (None: all) as stale; the prices stay readable."""
        with self._lock:
            for quote in list(self._quotes.values()):
                if not quote.stale and (older_than is None or quote.at < older_than):
                    self._put(replace(quote, stale=True))

    def _put(self, quote: Quote) -> None:
        self._version += 1
        self._quotes[quote.instrument_id] = quote
        self._changed.pop(quote.instrument_id, None)
        self._changed[quote.instrument_id] = self._version

    def _remember(self, instrument_id: str, second: int, mid: float) -> None:
        history = self._history.get(instrument_id)
        if history is None:
            size = self._history_seconds
            history = self._history[instrument_id] = (deque(maxlen=size), deque(maxlen=size))
        seconds, mids = history
        if seconds and seconds[-1] >= second:
            mids[-1] = mid
        else:
            seconds.append(second)
            mids.append(mid)
