"""The I/O thread: one asyncio loop for the agent, sockets and plugin code, apart from the UI thread.

A busy window must never stall a turret or a price feed, so nothing here knows Qt.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")
log = logging.getLogger(__name__)


class LoopStopped(RuntimeError):
    """Work was handed to the I/O thread before it started or after it stopped."""


class IoLoop:
    """An asyncio loop in its own thread. ``start``, ``submit`` from any thread, ``stop``; not restartable."""

    def __init__(self, name: str = "deskline-io") -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._name = name
        self._thread: threading.Thread | None = None
        self._ready = threading.Event()

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        if self._loop is None or self._loop.is_closed():
            raise LoopStopped("Deskline is closing; this was not started.")
        return self._loop

    @property
    def running(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def on_this_thread(self) -> bool:
        return self._thread is threading.current_thread()

    def start(self) -> None:
        if self._thread is not None:
            raise RuntimeError("The I/O loop is started once.")
        # A daemon, so that a program that dies without stopping it does not hang at exit.
        self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
        self._thread.start()
        self._ready.wait()

    def submit(self, coro: Coroutine[Any, Any, T]) -> Future[T]:
        """Runs a coroutine on the I/O thread. Cancelling the future cancels the task."""
        try:
            return asyncio.run_coroutine_threadsafe(coro, self.loop)
        except RuntimeError as error:
            coro.close()
            raise LoopStopped("Deskline is closing; this was not started.") from error

    def stop(self, timeout: float = 5.0) -> bool:
        """Cancels every task, waits for them, ends the thread. False if the thread did not end in time."""
        thread, loop = self._thread, self._loop
        if thread is None or loop is None:
            return True
        if self.on_this_thread():
            raise RuntimeError("The I/O thread cannot wait for itself: stop it from another thread.")
        if thread.is_alive() and not loop.is_closed():
            loop.call_soon_threadsafe(loop.stop)
        thread.join(timeout)
        if thread.is_alive():
            log.error("The I/O thread did not end within %.1f s", timeout)
            return False
        return True

    def _run(self) -> None:
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        self._loop = loop
        loop.call_soon(self._ready.set)
        try:
            loop.run_forever()
        finally:
            try:
                self._cancel_all(loop)
                loop.run_until_complete(loop.shutdown_asyncgens())
                loop.run_until_complete(loop.shutdown_default_executor())
            finally:
                asyncio.set_event_loop(None)
                loop.close()

    @staticmethod
    def _cancel_all(loop: asyncio.AbstractEventLoop) -> None:
        tasks = asyncio.all_tasks(loop)
        for task in tasks:
            task.cancel()
        if tasks:
            loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        for task in tasks:
            if not task.cancelled() and (error := task.exception()) is not None:
                log.error("A task failed while closing", exc_info=error)
