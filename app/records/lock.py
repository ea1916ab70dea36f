"""One process at a time: a lock on a file, released by the system however the process ends."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from app.records.errors import StoreBusy


class FolderLock:
    def __init__(self, path: Path) -> None:
        """Takes the lock or raises StoreBusy."""
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _lock(self._file)
        except OSError as error:
            os.close(self._file)
            raise StoreBusy(
                "The records are open in another Deskline on this computer. Close it, or use its window."
            ) from error

    def release(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


if sys.platform == "win32":
    import msvcrt

    def _lock(file: int) -> None:
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
