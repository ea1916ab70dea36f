"""Keeps a draft on disk as it is typed: at most ``DELAY`` behind, one write at a time, repeated after a failure."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Literal

log = logging.getLogger(__name__)

DELAY = 0.2
"""Seconds from the first unsaved keystroke to its write: what a crash can cost at most."""
RETRIES = (1.0, 2.0, 5.0, 10.0)
"""Seconds to the next attempt after a failed write; the last one repeats."""


@dataclass(frozen=True, slots=True)
class Saving:
    """How safe the draft is. ``at`` is the time of the last good write, ``why`` the sentence of the last failure."""

    kind: Literal["new", "pending", "saved", "failed"] = "new"
    at: dt.datetime | None = None
    why: str = ""


NEW = Saving()
"""Never written, nothing to write."""


class DraftSaver:
    """Runs on the I/O loop. ``write`` stores the draft as it is when called; its exception is what the user reads."""

    def __init__(
        self,
        write: Callable[[], Awaitable[None]],
        changed: Callable[[Saving], None],
        clock: Callable[[], dt.datetime],
        delay: float = DELAY,
    ) -> None:
        self._write = write
        self._changed = changed
        self._clock = clock
        self._delay = delay
        self._dirty = False
        self._failures = 0
        self._timer: asyncio.TimerHandle | None = None
        self._lock = asyncio.Lock()
        self._tasks: set[asyncio.Task[bool]] = set()
        self.saving = NEW

    def touch(self) -> None:
        """Something changed; it will be on disk within the delay."""
        self._dirty = True
        if self.saving.kind != "failed":
            self._tell(Saving("pending", self.saving.at))
        if self._timer is None:
            self._schedule(self._delay)

    async def flush(self) -> bool:
        """Writes now if anything is unwritten; true when everything is on disk."""
        self._cancel()
        async with self._lock:
            if not self._dirty:
                return self.saving.kind != "failed"
            self._dirty = False
            try:
                await self._write()
            except Exception as error:  # whatever failed, the draft stays dirty and the trader is told
                self._dirty = True
                self._failed(error)
                return False
            self._failures = 0
            self._tell(Saving("pending" if self._dirty else "saved", self._clock()))
            return True

    async def close(self) -> bool:
        """The last flush; nothing is scheduled afterwards."""
        done = await self.flush()
        self._cancel()
        return done

    @asynccontextmanager
    async def paused(self) -> AsyncIterator[None]:
        """While the report is written by other means: what is typed meanwhile is written afterwards."""
        async with self._lock:
            yield

    def stop(self) -> None:
        """Forget what is unwritten: the draft was saved or discarded by other means."""
        self._dirty = False
        self._cancel()

    def _failed(self, error: Exception) -> None:
        log.warning("draft not saved: %s", type(error).__name__)
        self._tell(Saving("failed", self.saving.at, str(error) or "The records could not be written."))
        self._schedule(RETRIES[min(self._failures, len(RETRIES) - 1)])
        self._failures += 1

    def _schedule(self, seconds: float) -> None:
        self._timer = asyncio.get_running_loop().call_later(seconds, self._due)

    def _due(self) -> None:
        self._timer = None
        task = asyncio.get_running_loop().create_task(self.flush())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _tell(self, saving: Saving) -> None:
        if saving != self.saving:
            self.saving = saving
            self._changed(saving)
