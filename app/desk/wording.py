"""The desk's own wording of reports: a file in its folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from app.services import Notice

FILE = "wording.yaml"


def own_wording(folder: Path, notify: Callable[[Notice], None]) -> Path | None:
    """The file, if there is one and it can be used; else the built-in wording stands and the desk is told why."""
    path = folder / FILE
    if not path.exists():
        return None
    from nlp.summary.templates import WordingError, load  # few desks need it at their start

    try:
        load(path)
    except WordingError as error:
        notify(Notice(f"Reports are worded as usual: {error}", "warning", str(path)))
        return None
    return path
