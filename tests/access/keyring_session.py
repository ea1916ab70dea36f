"""What a desk does with a real keyring, on a session bus of its own. Run by ``test_os_keyring``; prints what it saw.

dbus-run-session -- python keyring_session.py FOLDER
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.access.keys import KeySource, KeyUnavailable, backend_name, describe, find_backend, is_allowed, obtain_key
from app.access.secrets import DeskSecrets


@contextmanager
def keyring_daemon(password: str) -> Iterator[None]:
    """GNOME's keyring, unlocked as by signing in to the computer."""
    daemon = subprocess.Popen(
        ["gnome-keyring-daemon", "--foreground", "--unlock", "--components=secrets"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert daemon.stdin is not None
    assert daemon.stdout is not None
    daemon.stdin.write(password)
    daemon.stdin.close()
    daemon.stdout.readline()  # where it listens: it is there
    try:
        yield
    finally:
        daemon.terminate()
        daemon.stdout.close()
        daemon.wait()


def as_another_process(folder: Path) -> str:
    """The key as the next start of the desk finds it."""
    code = (
        "import sys; from pathlib import Path; from app.access.keys import KeySource, obtain_key;"
        "print(obtain_key(Path(sys.argv[1]), source=KeySource.KEYRING, new_allowed=False).hex())"
    )
    done = subprocess.run([sys.executable, "-c", code, folder], capture_output=True, text=True, check=True, timeout=120)
    return done.stdout.strip()


def main(folder: Path) -> None:
    with keyring_daemon("the computer's password"):
        backend = find_backend()
        assert backend is not None
        assert is_allowed(backend), backend_name(backend)
        print("backend", backend_name(backend))
        key = obtain_key(folder, source=KeySource.KEYRING)
        assert len(key) == 32
        assert not (folder / "deskline.key").exists()
        assert as_another_process(folder) == key.hex()
        secrets = DeskSecrets(folder, bytes(32))
        secrets.set("refresh token", "a secret")
        assert secrets.get("refresh token") == "a secret"
        assert not (folder / "deskline.secrets").exists(), "nothing beside the keyring"
        secrets.set("device secret", "another")
        secrets.forget("refresh token")
        assert secrets.get("refresh token") is None
        assert describe(folder).source == "keyring"
        print("kept")
    with keyring_daemon("the computer's password"):
        assert as_another_process(folder) == key.hex()
        assert DeskSecrets(folder, bytes(32)).get("device secret") == "another"
        print("found again")
    try:
        obtain_key(folder, source=KeySource.KEYRING, new_allowed=False)
    except KeyUnavailable as error:
        print("gone", error)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
