"""The composition root of the desktop: the one place where the parts meet. It wires and decides nothing else."""

from __future__ import annotations

from app.settings import Settings

__all__ = ["open_desk"]


def open_desk(settings: Settings) -> int:
    """Opens the desk's window and returns when it is closed; the program's exit status."""
    from app.desk.program import run

    return run(settings)
