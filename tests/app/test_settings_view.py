"""Settings as the user reads them."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from app.desk import settings_view
from app.settings import Settings, descriptions, load


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "config" / "deskline.toml"
    monkeypatch.setattr(settings_view, "settings_file", lambda: path)
    return path


def test_every_setting_says_what_it_is() -> None:
    assert set(descriptions()) == {field.name for field in msgspec.structs.fields(Settings)}


def test_each_value_tells_where_it_comes_from(file: Path) -> None:
    file.parent.mkdir()
    file.write_text("font_scale = 1.2\n", encoding="utf-8")
    environment = {"DESKLINE_CHAT": "false"}
    settings = load(file, environment, {"desk": "demo"})
    rows = {row.name: row for row in settings_view.setting_rows(settings, environment)}
    assert [rows[name].source for name in ("font_scale", "chat", "desk", "channel")] == [
        "settings file",
        "environment",
        "command line",
        "default",
    ]
    assert (rows["chat"].value, rows["font_scale"].value, rows["app_folders"].value) == ("no", "1.2", "–")
    assert "next start" in rows["font_scale"].words


def test_the_file_that_is_opened_can_be_read_back_and_is_never_overwritten(file: Path) -> None:
    settings_view.prepare_file(file)
    assert load(file, {}) == Settings()
    file.write_text('desk = "mine"\n', encoding="utf-8")
    settings_view.prepare_file(file)
    assert load(file, {}).desk == "mine"
