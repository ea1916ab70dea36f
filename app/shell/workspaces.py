"""Named workspaces: which panels are where, kept as one JSON text. No Qt; garbage counts as no workspace."""

from __future__ import annotations

import base64
import binascii
import json
import logging
import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)
VERSION = 1
FIRST = "Sales desk"


class WorkspaceNameTaken(ValueError):
    """There is a workspace of this name already."""


@dataclass(frozen=True, slots=True)
class Layout:
    """A dock state and the panels there were when it was taken.

    ``guests`` are the panels among them that come and go, each as whoever makes them describes it.
    """

    docks: bytes
    panels: tuple[str, ...]
    guests: tuple[Mapping[str, str], ...] = ()


@dataclass(slots=True)
class Workspaces:
    """Workspaces by name; ``None`` is the default layout. ``session`` is how the window was left."""

    layouts: dict[str, Layout | None] = field(default_factory=lambda: {FIRST: None})
    current: str = FIRST
    session: Layout | None = None
    geometry: bytes = b""
    recent: list[str] = field(default_factory=list)
    """Palette commands, the last one used first."""

    def names(self) -> list[str]:
        return list(self.layouts)

    def save_as(self, name: str, layout: Layout) -> None:
        """Keeps a layout under a name, new or not, and makes it current."""
        name = _clean(name)
        self.layouts[name] = layout
        self.current = name

    def rename(self, old: str, new: str) -> None:
        new = _clean(new)
        if new == old:
            return
        if new in self.layouts:
            raise WorkspaceNameTaken(f"There is already a workspace called “{new}”. Choose another name.")
        self.layouts = {new if name == old else name: layout for name, layout in self.layouts.items()}
        if self.current == old:
            self.current = new

    def delete(self, name: str) -> None:
        """Forgets a workspace. After the last one there is the first one again, with the default layout."""
        self.layouts.pop(name, None)
        if not self.layouts:
            self.layouts[FIRST] = None
        if self.current == name:
            self.current = next(iter(self.layouts))

    def to_json(self) -> str:
        return json.dumps(
            {
                "version": VERSION,
                "current": self.current,
                "workspaces": [{"name": name, **_layout_to_json(layout)} for name, layout in self.layouts.items()],
                "session": _layout_to_json(self.session),
                "geometry": base64.b64encode(self.geometry).decode(),
                "recent": self.recent[:20],
            },
            ensure_ascii=False,
            indent=1,
        )

    @classmethod
    def from_json(cls, text: str | None) -> Workspaces:
        """Reads what ``to_json`` wrote. What cannot be read is left out, and logged; never an error."""
        if not text:
            return cls()
        try:
            data = json.loads(text)
        except (ValueError, RecursionError):
            data = None
        if not isinstance(data, dict) or data.get("version") != VERSION:
            log.warning("The saved workspaces cannot be read; the default layout is used")
            return cls()
        layouts: dict[str, Layout | None] = {}
        entries = data.get("workspaces")
        for entry in entries if isinstance(entries, list) else []:
            if isinstance(entry, dict) and isinstance(name := entry.get("name"), str) and name.strip():
                layouts[name.strip()[:60]] = _layout_from_json(entry)
        found = cls(layouts=layouts or {FIRST: None}, session=_layout_from_json(data.get("session")))
        current = data.get("current")
        found.current = current if isinstance(current, str) and current in found.layouts else found.names()[0]
        found.geometry = _bytes(data.get("geometry"))
        recent = data.get("recent")
        found.recent = [name for name in recent if isinstance(name, str)][:20] if isinstance(recent, list) else []
        return found


def _clean(name: str) -> str:
    cleaned = " ".join(name.split())[:60]
    if not cleaned:
        raise ValueError("A workspace needs a name.")
    return cleaned


def _layout_to_json(layout: Layout | None) -> dict[str, Any]:
    if layout is None:
        return {}
    made = {"docks": base64.b64encode(layout.docks).decode(), "panels": list(layout.panels)}
    return {**made, "guests": [dict(guest) for guest in layout.guests]} if layout.guests else made


def _layout_from_json(data: object) -> Layout | None:
    if not isinstance(data, dict) or not (docks := _bytes(data.get("docks"))):
        return None
    panels, guests = data.get("panels"), data.get("guests")
    return Layout(
        docks,
        tuple(name for name in panels if isinstance(name, str)) if isinstance(panels, list) else (),
        tuple(filter(_is_guest, guests)) if isinstance(guests, list) else (),
    )


def _is_guest(data: object) -> bool:
    return isinstance(data, dict) and all(isinstance(part, str) for pair in data.items() for part in pair)


def _bytes(text: object) -> bytes:
    if not isinstance(text, str):
        return b""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""


def file_store(path: Path) -> tuple[Callable[[], str | None], Callable[[str], None]]:
    """Loads and saves the text in a file. Saving replaces the file whole: a crash leaves the old or the new text."""

    def load() -> str | None:
        try:
            return path.read_text(encoding="utf-8")
        except (FileNotFoundError, UnicodeDecodeError):
            return None
        except OSError as error:
            log.warning("The workspaces file cannot be read: %s", error)
            return None

    def save(text: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".new")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            os.replace(name, path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise

    return load, save
