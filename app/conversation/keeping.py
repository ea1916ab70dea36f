"""Writing what conversations bring, in order, without making anyone wait and without losing it to a full disk."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from itertools import takewhile

from app.records.change import Change
from app.records.errors import RecordMissing, Refused, StoreError
from app.records.log import Cause
from app.records.store import Records

log = logging.getLogger(__name__)

ACTOR = "program:transcriber"
Work = Callable[[Change], object]
RETRY = 1.0
MOST_TRIES = 30
"""A refused write (its interaction is not stored yet) is tried this often, a second apart."""


class Keeping:
    """A queue of small writes. ``trouble`` is called with a sentence when writing stops working, "" when it works."""

    def __init__(self, records: Records, trouble: Callable[[str], None]) -> None:
        self._records, self._trouble = records, trouble
        self._waiting: deque[tuple[int, str, Work]] = deque()
        self._arrived = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._task: asyncio.Task[None] | None = None

    def add(self, work: Work, actor: str = ACTOR) -> None:
        self._waiting.append((0, actor, work))
        self._idle.clear()
        self._arrived.set()
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run(), name="keeping conversations")

    async def drained(self, seconds: float = 5.0) -> bool:
        """Whether everything so far was written within this time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._idle.wait()
        return self._idle.is_set()

    async def close(self) -> None:
        await self.drained()
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def _run(self) -> None:
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            while self._waiting:
                if not await self._write():
                    await asyncio.sleep(RETRY)
            self._idle.set()

    async def _write(self) -> bool:
        actor = self._waiting[0][1]
        batch = list(takewhile(lambda each: each[1] == actor, self._waiting))
        try:
            await self._apply(actor, [work for _, _, work in batch])
        except (Refused, RecordMissing):
            return await self._one_by_one(actor, batch)
        except StoreError as error:
            self._trouble(str(error))
            return False
        except Exception:  # one that nobody thought of must not end the keeping of all others
            log.exception("a part of a conversation could not be written")
            return await self._one_by_one(actor, batch)
        for _ in batch:
            self._waiting.popleft()
        self._trouble("")
        return True

    async def _one_by_one(self, actor: str, batch: list[tuple[int, str, Work]]) -> bool:
        """One bad write must not hold up the others; it may become possible when its interaction is stored."""
        left: list[tuple[int, str, Work]] = []
        for tries, _, work in batch:
            try:
                await self._apply(actor, [work])
            except Exception as error:
                if isinstance(error, StoreError) and not isinstance(error, Refused | RecordMissing):
                    self._trouble(str(error))
                    left.append((tries, actor, work))
                elif tries + 1 < MOST_TRIES:
                    left.append((tries + 1, actor, work))
                else:
                    log.error("a part of a conversation was refused by the records: %s", type(error).__name__)
        for _ in batch:
            self._waiting.popleft()
        self._waiting.extendleft(reversed(left))
        return not left

    async def _apply(self, actor: str, works: list[Work]) -> None:
        def all_of(change: Change) -> None:
            for work in works:
                work(change)

        await self._records.write(actor, all_of, Cause.program("transcriber") if actor == ACTOR else Cause.user())
