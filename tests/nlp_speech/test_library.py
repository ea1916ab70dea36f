"""`deskline models`: a firm's own model is added whole or not at all, is checked, and can be chosen."""

from __future__ import annotations

import shutil
import tomllib
from pathlib import Path

import pytest

from app.__main__ import main
from nlp.speech import library
from nlp.speech.models import ModelChoice, ModelError, model_folder


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A library and settings of this test's own."""
    monkeypatch.setattr(library, "library_folder", lambda: tmp_path / "library")
    return tmp_path


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A folder that looks like a converted model."""
    folder = tmp_path / "small.en"
    folder.mkdir()
    (folder / "model.bin").write_bytes(b"weights")
    (folder / "config.json").write_text("{}", encoding="utf-8")
    return folder


def deskline(home: Path, *words: str) -> int:
    return main(["--settings", str(home / "deskline.toml"), "models", *words])


def test_a_firms_model_is_added_listed_verified_and_chosen(
    own_home: Path, small: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (own_home / "deskline.toml").write_text('desk = "main"\n', encoding="utf-8")
    assert deskline(own_home, "install", "ours", "--folder", str(small)) == 0
    shutil.rmtree(small)
    assert deskline(own_home, "select", "ours") == 0
    settings = tomllib.loads((own_home / "deskline.toml").read_text(encoding="utf-8"))
    assert settings == {"speech_model": "ours", "desk": "main"}
    assert deskline(own_home, "verify") == 0
    assert "* ours" in capsys.readouterr().out
    assert model_folder(ModelChoice("ours")) == own_home / "library" / "ours"


def test_a_changed_file_is_found(own_home: Path, small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert deskline(own_home, "install", "ours", "--folder", str(small)) == 0
    (own_home / "library" / "ours" / "model.bin").write_bytes(b"Weights")
    assert deskline(own_home, "verify") == 1
    assert "model.bin" in capsys.readouterr().out
    with pytest.raises(ModelError, match=r"model\.bin in .* changed"):
        model_folder(ModelChoice("ours"), afresh=True)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("install", "ours", "--folder", "nowhere"), "no folder nowhere"),
        (("install", "tiny.en", "--folder", "."), "Choose another name"),
        (("install", "../ours", "--folder", "."), "letters, digits, dots and dashes only"),
        (("install", "large"), "say --folder or --hub"),
        (("select", "ours"), "cannot be used"),
    ],
)
def test_what_cannot_be_done_is_said_and_leaves_nothing(
    own_home: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], sentence: str
) -> None:
    assert deskline(own_home, *words) == 1
    assert sentence in capsys.readouterr().err
    assert not (own_home / "deskline.toml").exists()
    assert not [*(own_home / "library").glob("*")]


def test_a_folder_without_a_model_is_not_added(own_home: Path, small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (small / "config.json").unlink()
    assert deskline(own_home, "install", "ours", "--folder", str(small)) == 1
    assert "config.json missing" in capsys.readouterr().err
    assert not [*(own_home / "library").glob("*")]


def test_a_name_is_given_once(own_home: Path, small: Path) -> None:
    assert deskline(own_home, "install", "ours", "--folder", str(small)) == 0
    assert deskline(own_home, "install", "ours", "--folder", str(small)) == 1
