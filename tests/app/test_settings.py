"""Settings come from a file, the environment and the command line, the later winning."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.settings import SettingsError, load


def test_the_command_line_wins_over_the_environment_and_that_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "deskline.toml"
    file.write_text('desk = "file"\nprice_updates = 10\nchannel = "fdc3.channel.1"\n')
    settings = load(file, {"DESKLINE_DESK": "env", "DESKLINE_PRICE_UPDATES": "20"}, {"desk": "line"})
    assert (settings.desk, settings.price_updates, settings.channel) == ("line", 20, "fdc3.channel.1")


def test_a_missing_file_gives_the_defaults(tmp_path: Path) -> None:
    assert load(tmp_path / "none.toml", {}).speech_model == "tiny.en"


@pytest.mark.parametrize(
    ("text", "environment", "overrides", "named"),
    [
        ("desk = [", {}, {}, "deskline.toml"),
        ("colour = 1", {}, {}, "colour"),
        ("", {"DESKLINE_PRICE_UPDATES": "many"}, {}, "DESKLINE_PRICE_UPDATES"),
        ("", {}, {"desk": "../other"}, "command line"),
        ("font_scale = 9.0", {}, {}, "font_scale"),
        ('server = "http://deskline.example.com"', {}, {}, "https"),
        ('unknown_apps = "admit"', {}, {}, "unknown_apps"),
        ('rewording = "http://example.com:8080"', {}, {}, "rewording: .* is not on this computer"),
        ("", {"DESKLINE_REWORDING": "on"}, {}, "DESKLINE_REWORDING: rewording: on must be a plain address"),
    ],
)
def test_an_unusable_value_is_refused_by_name(
    tmp_path: Path, text: str, environment: dict[str, str], overrides: dict[str, str], named: str
) -> None:
    file = tmp_path / "deskline.toml"
    file.write_text(text)
    with pytest.raises(SettingsError, match=named):
        load(file, environment, overrides)


def test_summaries_are_reworded_only_where_a_model_is_named(tmp_path: Path) -> None:
    assert load(tmp_path / "none.toml", {}).language_model is None
    named = load(
        tmp_path / "none.toml", {"DESKLINE_REWORDING": "http://localhost:11434"}, {"rewording_model": "qwen2.5:7b"}
    )
    assert named.language_model is not None
    assert (named.language_model.url, named.language_model.name) == (
        "http://127.0.0.1:11434/v1/chat/completions",
        "qwen2.5:7b",
    )


def test_a_desk_keeps_everything_in_its_own_folder(tmp_path: Path) -> None:
    settings = load(tmp_path / "none.toml", {}, {"data_folder": str(tmp_path), "desk": "credit"})
    assert settings.desk_folder == tmp_path / "credit"
    assert settings.state_folder.is_relative_to(settings.desk_folder)
