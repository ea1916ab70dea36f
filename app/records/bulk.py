"""INSERT of many rows by the driver alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Any

from sqlalchemy import Connection

_MOST_VARIABLES = 4000
"""Of one statement; SQLite's own limit is eight times as high."""


@dataclass(frozen=True)
class BulkInsert:
    """``INSERT INTO ... VALUES``; ``into`` is what stands before the values, ``then`` what follows them.

    Some hundred rows go into one step of SQLite. The driver gives the interpreter's lock away and takes it back at
    each step: by rows, every other busy thread would make it wait a thousand times for a thousand rows.
    """

    into: str
    columns: int
    then: str = ""

    def run(self, connection: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
        """``rows``: a value for each column, as the database holds it."""
        whole = len(rows) // self._at_once * self._at_once
        for at in range(0, whole, self._at_once):
            connection.exec_driver_sql(self._several, tuple(chain.from_iterable(rows[at : at + self._at_once])))
        if whole < len(rows):
            connection.exec_driver_sql(self._one, list(rows[whole:]))

    @property
    def _at_once(self) -> int:
        return _MOST_VARIABLES // self.columns

    @cached_property
    def _one(self) -> str:
        return self._text(1)

    @cached_property
    def _several(self) -> str:
        return self._text(self._at_once)

    def _text(self, rows: int) -> str:
        row = f"({', '.join('?' * self.columns)})"
        return f"{self.into} VALUES {', '.join([row] * rows)} {self.then}"
