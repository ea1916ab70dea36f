"""Recordings of messages: JSON lines, the first saying what this is, then one message a line."""

from __future__ import annotations

import datetime as dt
import os
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import msgspec
from msgspec import Raw

from plugins.inspector.log import MOST, MOST_BYTES
from plugins.inspector.seen import Direction, Party, Seen, read

LONGEST_LINE = 32 * 1024 * 1024
MOST_WAITING = 64 * 1024 * 1024


class NotARecording(ValueError):
    """The file holds something else; the message says so."""


class Head(msgspec.Struct, tag="fdc3-recording", tag_field="format"):
    version: int
    began: dt.datetime


class Line(msgspec.Struct):
    at: dt.datetime
    direction: Direction
    apps: tuple[Party, ...]
    message: Raw


@dataclass(frozen=True, slots=True)
class Replay:
    """What a file held: its newest messages, how many older ones it has, and how many lines could not be read."""

    rows: tuple[Seen, ...]
    older: int
    bad: int


def lines(rows: Iterable[Seen]) -> bytes:
    return b"".join(
        msgspec.json.encode(Line(row.at, row.direction, row.parties, Raw(row.data))) + b"\n" for row in rows
    )


class Recording:
    """A file being written; for its user alone, because it holds what apps say about clients. Blocking."""

    def __init__(self, path: Path, began: dt.datetime) -> None:
        """Makes the file or empties it. Raises ``OSError``."""
        self.path = path
        self._file: BinaryIO = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")
        self.write(msgspec.json.encode(Head(1, began)) + b"\n")

    def write(self, data: bytes) -> None:
        self._file.write(data)
        self._file.flush()

    def close(self) -> None:
        self._file.close()


def load(path: Path) -> Replay:
    """The messages of a recording. Raises ``OSError`` and ``NotARecording``."""
    rows: deque[Seen] = deque()
    held = number = bad = 0
    with path.open("rb") as file:
        try:
            head = msgspec.json.decode(file.readline(LONGEST_LINE), type=Head)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            raise NotARecording(f"{path.name} is not a recording of FDC3 messages.") from None
        if head.version != 1:
            raise NotARecording(f"{path.name} was recorded by a newer Deskline.")
        while text := file.readline(LONGEST_LINE):
            row = _row(number, text)
            if row is None:
                bad += 1
                continue
            number += 1
            held += row.size
            rows.append(row)
            while len(rows) > MOST or (held > MOST_BYTES and len(rows) > 1):
                held -= rows.popleft().size
    return Replay(tuple(rows), number - len(rows), bad)


def _row(number: int, text: bytes) -> Seen | None:
    try:
        line = msgspec.json.decode(text, type=Line)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None
    if line.at.tzinfo is None:
        return None
    return read(number, line.at, line.direction, line.apps, bytes(line.message))
