"""The settings as the user reads them: value, where it comes from, and what it is. No Qt windows here."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path

import msgspec

from app.settings import PREFIX, Settings, descriptions, settings_file
from app.shell.pages import SettingRow

_REMARKS = {
    "channel": "The top bar changes it until the next start.",
    "font_scale": "Seen after the next start.",
}
_FIRST_LINES = """# Settings of Deskline, read when it starts. One line each, for example:
# speech_model = "base"
# font_scale = 1.2
"""


def setting_rows(settings: Settings, environment: Mapping[str, str] = os.environ) -> list[SettingRow]:
    """All settings in their order, as they are in force."""
    written, words = _written(settings_file()), descriptions()
    rows = []
    for field in msgspec.structs.fields(Settings):
        value = getattr(settings, field.name)
        if PREFIX + field.name.upper() in environment:
            source = "environment"
        elif field.name in written and written[field.name] == value:
            source = "settings file"
        else:
            source = "default" if value == _default(field) else "command line"
        said = f"{words.get(field.name, '')} {_REMARKS.get(field.name, '')}".strip()
        rows.append(SettingRow(field.name, _shown(value), source, said))
    return rows


def prepare_file(path: Path) -> None:
    """Makes the settings file with an example in it, unless it is there. Raises OSError."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_FIRST_LINES, encoding="utf-8")


def _written(path: Path) -> Mapping[str, object]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def _default(field: msgspec.structs.FieldInfo) -> object:
    factory = field.default_factory
    return factory() if callable(factory) else field.default


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(str(each) for each in value) or "–"
    return str(value) if value != "" else "–"
