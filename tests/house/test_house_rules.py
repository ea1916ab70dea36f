"""The rules of the house, as code."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PRODUCT = ("app", "fdc3", "nlp", "plugins", "resources", "packaging")
PLUGIN_DOORS = (
    "app.services",
    "app.records",
    "app.brokerage",
    "app.market",
    "app.conversation",
    "app.shell",
    "app.sync",
)


def sources(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from sorted((ROOT / folder).rglob("*.py"))


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def test_the_import_contract_is_kept() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    result = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("plugin", sorted(p.parent.name for p in (ROOT / "plugins").glob("*/__init__.py")))
def test_a_plugin_uses_only_its_doors(plugin: str) -> None:
    for path in sources(f"plugins/{plugin}"):
        for module in imported(path):
            if module.split(".")[0] == "app":
                assert module.startswith(PLUGIN_DOORS), f"{path.relative_to(ROOT)} imports {module}"
            if module.split(".")[0] == "plugins":
                assert module.startswith(f"plugins.{plugin}"), f"{path.relative_to(ROOT)} imports {module}"


def test_only_views_of_a_plugin_know_qt() -> None:
    for path in sources("plugins"):
        if path.name == "app.py":
            assert not any(module.startswith("PySide6") for module in imported(path)), path


def test_every_plugin_has_an_app_directory_record() -> None:
    for folder in (p for p in (ROOT / "plugins").iterdir() if (p / "__init__.py").exists()):
        records = list(folder.glob("*.json"))
        assert records, folder
        for record in records:
            assert {"appId", "title", "type", "details"} <= json.loads(record.read_text(encoding="utf-8")).keys()


def test_no_nested_event_loop_in_the_product() -> None:
    """A nested loop inside a coroutine breaks other tasks; only the application's own loop runs."""
    for path in sources("app", "plugins"):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if re.search(r"\.exec\(\)", line):
                assert re.search(r"\b(application|app)\.exec\(\)", line), (
                    f"{path.relative_to(ROOT)}:{number} {line.strip()}"
                )


def test_no_object_is_asked_for_its_qt_thread() -> None:
    """PySide deletes the thread that it answers with, the main thread's own, with the object that was asked."""
    asking = [str(path) for path in sources("app", "plugins") if ".thread()" in path.read_text(encoding="utf-8")]
    assert not asking


def test_files_stay_readable() -> None:
    long = [
        f"{path.relative_to(ROOT)}: {lines}"
        for path in sources(*PRODUCT)
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 450
    ]
    assert not long


def test_locks_hold_hashes_and_no_address() -> None:
    for lock in ROOT.glob("requirements*.lock"):
        text = lock.read_text(encoding="utf-8")
        assert "://" not in text, lock.name
        assert "--hash=sha256:" in text, lock.name


def test_no_model_and_no_large_file_is_kept_in_the_repository() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        path = ROOT / name
        if path.exists():
            assert path.stat().st_size < 2_000_000, name
            assert path.suffix not in {".bin", ".onnx", ".safetensors", ".gguf"}, name


def test_no_wait_that_can_swallow_its_cancellation() -> None:
    """Before Python 3.12 ``asyncio.wait_for`` may return a result in place of the cancellation it was given.

    A task cancelled at that moment runs on for ever, and whoever closes it waits as long. ``asyncio.timeout`` does not.
    """
    for path in sources("app", "fdc3", "nlp", "plugins"):
        assert "asyncio.wait_for(" not in path.read_text(encoding="utf-8"), path.relative_to(ROOT)


@pytest.mark.parametrize(
    ("part", "later"),
    [
        (
            "app.desk.program",
            ("PySide6.QtWebEngineCore", "sqlalchemy", "numpy", "cryptography", "websockets", "app.desk.core"),
        ),
        (
            "app.desk.core",
            (
                "PySide6.QtWebEngineCore",
                "numpy",
                "pyqtgraph",
                "spacy",
                "dateparser",
                "faster_whisper",
                "keyring",
                "yaml",
            ),
        ),
    ],
)
def test_what_takes_long_to_load_is_loaded_later(part: str, later: tuple[str, ...]) -> None:
    """The window is painted before the core is imported, and panels are filled before charts and language are."""
    code = f"import sys, {part}; print(*[name for name in {later!r} if name in sys.modules])"
    made = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert made.stdout.split() == []
