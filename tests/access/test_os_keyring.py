"""The system's own keyring, where there is one to try: GNOME Keyring on a session bus of the test's own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NEEDED = ("dbus-run-session", "gnome-keyring-daemon")


@pytest.mark.skipif(
    not all(map(shutil.which, NEEDED)),
    reason="no keyring to try here: apt-get install dbus gnome-keyring",
)
def test_a_desks_secrets_are_kept_by_the_systems_keyring(tmp_path: Path) -> None:
    home, folder = tmp_path / "home", tmp_path / "desk"
    home.mkdir()
    folder.mkdir()
    own = {"HOME": str(home), "XDG_DATA_HOME": str(home), "XDG_RUNTIME_DIR": str(home), "PYTHONPATH": str(ROOT)}
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    done = subprocess.run(
        ["dbus-run-session", "--", sys.executable, str(Path(__file__).with_name("keyring_session.py")), str(folder)],
        env={**kept, **own}, cwd=ROOT, capture_output=True, text=True, check=False, timeout=150,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    said = done.stdout.splitlines()
    assert "backend keyring.backends.SecretService.Keyring" in said
    assert {"kept", "found again"} <= {*said}
    assert any(line.startswith("gone ") and len(line) > 20 for line in said), "in words, once it is not there"
