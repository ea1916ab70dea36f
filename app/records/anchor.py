"""The end of the change log, kept beside the database as well.

Inside the database a removed tail could be made to look like a shorter log. This file remembers how long it was. It
holds two slots, written in turn after each commit, each authenticated by a key derived from the database key: a
torn write spoils one slot and leaves the other.
It may lag behind the database by the commits of a crash, never lead it.
"""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path

from app.records.codec import canonical
from app.records.log import Head

_SLOT = 512
log = logging.getLogger(__name__)


class Anchor:
    def __init__(self, path: Path, key: bytes) -> None:
        self._path = path
        self.key = key
        self._file = -1
        self._turn = 0

    @property
    def exists(self) -> bool:
        return self._path.exists()

    def read(self) -> Head | None:
        """The newest authentic head; None if there is no file or nothing in it was written with this key."""
        try:
            data = self._path.read_bytes()
        except FileNotFoundError:
            return None
        heads = [head for slot in (0, 1) if (head := self._parse(data[slot * _SLOT : (slot + 1) * _SLOT])) is not None]
        return max(heads, key=lambda head: head.count, default=None)

    def alarm(self, head: Head) -> str:
        """What is wrong between this file and the database's ``head``; empty if nothing is."""
        known = self.read()
        if known is None:
            if head.count == 0:
                return ""
            state = "could not be authenticated" if self.exists else "was missing"
            return f"the head file {state} when the log had {head.count} entries; a tail removed before would not show"
        if known.site != head.site:
            return "the head file belongs to another database"
        if known.count > head.count:
            return f"the log was cut: it had {known.count} entries, {head.count} are left"
        if known.count == head.count and known.hash != head.hash:
            return f"entry {head.count} is not the one that was last written"
        return ""

    def open(self) -> None:
        """Opens the file for writing; both slots exist from then on, so that a full disk cannot stop an update."""
        if not self.exists:
            self._path.touch(mode=0o600)
        self._file = os.open(self._path, os.O_RDWR | getattr(os, "O_BINARY", 0))
        if os.fstat(self._file).st_size < 2 * _SLOT:
            os.write(self._file, b" " * (2 * _SLOT))
            os.fsync(self._file)

    def write(self, head: Head) -> None:
        """Not synced to disk: after a power failure the file may be behind, which is allowed."""
        text = canonical([head.site, head.count, head.hash, head.hlc, head.mac(self.key)]).encode()
        self._turn = 1 - self._turn
        try:
            os.lseek(self._file, self._turn * _SLOT, os.SEEK_SET)
            os.write(self._file, text.ljust(_SLOT))
        except OSError as error:  # the commit itself stands; the next one writes the slot again
            log.warning("the head file was not updated: %s", error.strerror)

    def forget(self) -> None:
        """The log that it remembers was taken away on purpose."""
        self._path.unlink(missing_ok=True)

    def close(self) -> None:
        if self._file >= 0:
            os.fsync(self._file)
            os.close(self._file)
            self._file = -1

    def _parse(self, slot: bytes) -> Head | None:
        try:
            site, count, last, hlc, mac = json.loads(slot)
            head = Head(site, count, last, hlc)
            return head if head.authentic(self.key, mac) else None
        except (ValueError, TypeError):
            return None
