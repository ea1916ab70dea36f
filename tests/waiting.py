"""Waiting for a condition while Qt's loop runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from pytestqt.qtbot import QtBot

T = TypeVar("T")


def until(
    qtbot: QtBot, condition: Callable[[], T], what: str, seconds: float, seen: Callable[[], object] = lambda: ""
) -> T:
    """The condition's value once it is true. If it never is, the failure says for ``what``, and what was ``seen``."""
    found: list[T] = []

    def holds() -> bool:
        found[:] = [condition()]
        return bool(found[0])

    try:
        qtbot.waitUntil(holds, timeout=round(seconds * 1000))
    except Exception as error:
        raise AssertionError(f"waited {seconds} s in vain for {what}; {seen()}".rstrip("; ")) from error
    return found[0]
