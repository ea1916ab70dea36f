"""The speech model is the one we know, or it is not loaded."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import pytest

from nlp.speech import models
from nlp.speech.models import KnownModel, ModelChoice, ModelError, describe_models, model_folder


@pytest.fixture
def in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model in two invented packages, known under the name "tiny.en"."""
    for number, content in ((1, b"first half, "), (2, b"second half")):
        folder = tmp_path / "site" / f"deskline_test_part{number}" / "data"
        folder.mkdir(parents=True)
        (folder.parent / "__init__.py").touch()
        (folder / f"model.bin.part{number}").write_bytes(content)
    for name in ("config.json", "tokenizer.json"):
        (tmp_path / "site" / "deskline_test_part1" / "data" / name).write_text("{}")
    whole = b"first half, second half"
    parts = tuple((f"deskline_test_part{n}", f"data/model.bin.part{n}") for n in (1, 2))
    known = KnownModel("tiny.en", parts, hashlib.sha256(whole).hexdigest(), len(whole), "install it")
    monkeypatch.setitem(models.KNOWN, "tiny.en", known)
    monkeypatch.setattr(sys, "path", [str(tmp_path / "site"), *sys.path])
    return tmp_path / "site"


def test_the_packaged_model_is_the_pinned_one(tmp_path: Path) -> None:
    folder = model_folder(ModelChoice("tiny.en"), tmp_path)
    assert (folder / "model.bin").stat().st_size == models.KNOWN["tiny.en"].size


def test_a_model_in_parts_is_joined_once(in_parts: Path, tmp_path: Path) -> None:
    folder = model_folder(ModelChoice(), tmp_path / "cache")
    assert (folder / "model.bin").read_bytes() == b"first half, second half"
    assert (folder / "tokenizer.json").exists()
    before = (folder / "model.bin").stat().st_mtime_ns
    assert model_folder(ModelChoice(), tmp_path / "cache") == folder
    assert (folder / "model.bin").stat().st_mtime_ns == before
    assert [path.name for path in (tmp_path / "cache").iterdir() if path.is_dir()] == [folder.name]


def test_a_torn_join_is_made_again(in_parts: Path, tmp_path: Path) -> None:
    folder = model_folder(ModelChoice(), tmp_path / "cache")
    (folder / "model.bin").write_bytes(b"first")
    assert (model_folder(ModelChoice(), tmp_path / "cache") / "model.bin").read_bytes() == b"first half, second half"


def test_another_content_is_refused_and_the_doctor_says_so(in_parts: Path, tmp_path: Path) -> None:
    (in_parts / "deskline_test_part2" / "data" / "model.bin.part2").write_bytes(b"second hack")
    with pytest.raises(ModelError, match="not the one Deskline knows"):
        model_folder(ModelChoice(), tmp_path / "cache")
    [report] = [report for report in describe_models(cache=tmp_path / "cache") if report.name == "tiny.en"]
    assert (report.state, report.remedy) == ("damaged", "install it")


def test_a_verified_file_is_not_read_again_until_it_changes(
    in_parts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = model_folder(ModelChoice(), tmp_path / "cache")
    with monkeypatch.context() as patched:
        patched.setattr(hashlib, "file_digest", lambda *_: pytest.fail("read again"))
        model_folder(ModelChoice(), tmp_path / "cache")
    (folder / "model.bin").write_bytes(b"FIRST half, second half")
    with pytest.raises(ModelError):
        model_folder(ModelChoice(), tmp_path / "cache")


def test_a_missing_package_is_named_with_its_remedy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    absent = KnownModel("base", (("deskline_absent_package", "model.bin"),), "0", 1, "pip install it")
    monkeypatch.setitem(models.KNOWN, "base", absent)
    with pytest.raises(ModelError, match=r"not installed\. Install it with: pip install it"):
        model_folder(ModelChoice("base"), tmp_path)
    assert {(report.name, report.state) for report in describe_models(cache=tmp_path)} >= {("base", "missing")}


def test_a_firms_own_folder_needs_a_model_in_it(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"model\.bin and config\.json missing"):
        model_folder(ModelChoice(str(tmp_path)))
    (tmp_path / "model.bin").touch()
    (tmp_path / "config.json").touch()
    assert model_folder(ModelChoice(str(tmp_path))) == tmp_path
