"""Refuses a Qt binding that is known to abort, before any window is made."""

from __future__ import annotations

import sys


class UnsafeQt(RuntimeError):
    """This PySide6 on this Python loses references and aborts after some minutes of use."""


def refuse_unsafe_qt(version: str | None = None, python: tuple[int, int] | None = None) -> None:
    """Raises ``UnsafeQt`` for PySide6 6.12.0 on Python before 3.12.

    That pair drops a reference to None in every void call and to True in every signal emit, and Python before 3.12
    counts them: the program dies after some hundred emits, which a short smoke test does not see.
    """
    if version is None:
        import PySide6

        version = PySide6.__version__
    python = python or sys.version_info[:2]
    if version == "6.12.0" and python < (3, 12):
        raise UnsafeQt(
            f"PySide6 {version} crashes on Python {python[0]}.{python[1]}. "
            "Install the locked version with: pip install PySide6-Essentials==6.11.2 PySide6-Addons==6.11.2 "
            "PySide6-QtAds==5.1.1"
        )
