"""What happened when the program last died: written as it dies, told on the next start.

The log holds types, files, lines and function names, never messages or values: those may name a client.
"""

from __future__ import annotations

import asyncio
import faulthandler
import logging
import os
import sys
import threading
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

log = logging.getLogger(__name__)
MARKER = "running"
FAULTS = "faults.log"
ERRORS = "errors.log"
MOST_BYTES = 64_000


def anonymous_traceback(kind: type[BaseException], trace: TracebackType | None) -> str:
    """Where an error came from, without what it said."""
    lines = [f"{frame.filename}:{frame.lineno} in {frame.name}" for frame in traceback.extract_tb(trace)]
    return "\n".join([f"{kind.__module__}.{kind.__qualname__}", *(f"  {line}" for line in lines)])


class CrashReport:
    """Watches this run and knows how the last one ended. One per state folder: hold the single-instance lock first."""

    def __init__(self, folder: Path, *, on_error: Callable[[BaseException], None] | None = None) -> None:
        self._folder = folder
        self._on_error = on_error
        self._faults: TextIO | None = None
        self._lock = threading.Lock()
        self._hooks: tuple[Any, Any] | None = None

    def begin(self) -> str | None:
        """Starts watching. The text about the last run if it ended without ``end``, else None."""
        self._folder.mkdir(parents=True, exist_ok=True)
        previous = self._previous()
        for name in (FAULTS, ERRORS):
            (self._folder / name).unlink(missing_ok=True)
        self._faults = (self._folder / FAULTS).open("w", encoding="utf-8")
        faulthandler.enable(self._faults, all_threads=True)
        (self._folder / MARKER).write_text(f"{os.getpid()} {datetime.now(UTC).isoformat()}\n", encoding="utf-8")
        self._hooks = (sys.excepthook, threading.excepthook)
        sys.excepthook = self._uncaught
        threading.excepthook = self._uncaught_in_thread
        return previous

    def watch_loop(self, loop: asyncio.AbstractEventLoop) -> None:
        """Records what tasks of a loop fail with unheard. Call it on the loop's own thread."""
        loop.set_exception_handler(self._uncaught_in_loop)

    def end(self) -> None:
        """A clean end: nothing to tell next time."""
        if self._hooks is not None:
            sys.excepthook, threading.excepthook = self._hooks
            self._hooks = None
        faulthandler.disable()
        if self._faults is not None:
            self._faults.close()
            self._faults = None
        for name in (MARKER, FAULTS, ERRORS):
            (self._folder / name).unlink(missing_ok=True)

    def record(self, error: BaseException) -> None:
        """Writes an error's place into the log and hands it to ``on_error``."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        text = f"{now} {anonymous_traceback(type(error), error.__traceback__)}\n"
        path = self._folder / ERRORS
        with self._lock:
            try:
                if not path.exists() or path.stat().st_size < MOST_BYTES:
                    with path.open("a", encoding="utf-8") as file:
                        file.write(text)
            except OSError as failure:
                log.error("The crash log cannot be written: %s", failure)
        if self._on_error is not None:
            self._on_error(error)

    def _previous(self) -> str | None:
        marker = self._folder / MARKER
        if not marker.exists():
            return None
        parts = [f"Started: {_read(marker).strip()}", _read(self._folder / FAULTS), _read(self._folder / ERRORS)]
        text = "\n\n".join(part.strip() for part in parts if part.strip())
        if len(parts[1].strip()) + len(parts[2].strip()) == 0:
            text += "\n\nNo error was recorded: the program was ended from outside, or the power failed."
        return text

    def _uncaught(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if isinstance(error, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
            return
        log.error("Unexpected error", exc_info=(kind, error, trace))
        self.record(error if error.__traceback__ is not None else error.with_traceback(trace))

    def _uncaught_in_thread(self, happened: threading.ExceptHookArgs) -> None:
        if happened.exc_value is not None and not isinstance(happened.exc_value, SystemExit):
            self._uncaught(happened.exc_type, happened.exc_value, happened.exc_traceback)

    def _uncaught_in_loop(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if isinstance(error, BaseException):
            log.error("Unexpected error in a task", exc_info=error)
            self.record(error)
        else:
            log.error("Unexpected trouble in the I/O loop: %s", context.get("message", ""))


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(MOST_BYTES).decode("utf-8", errors="replace")
    except OSError:
        return ""
