from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from app.access import keys
from app.access.keys import KeySource, KeyUnavailable, WrongPassphrase, describe, obtain_key, read_key_file
from app.access.secrets import DeskSecrets


class Remembering:
    """A keyring back end in memory; allowed by the fixture below."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


class Forgetting(Remembering):
    def set_password(self, service: str, username: str, password: str) -> None:
        pass


class Plaintext(Remembering):
    pass


Plaintext.__module__, Plaintext.__qualname__ = "keyrings.alt.file", "PlaintextKeyring"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "_MEMORY_KIB", 64)
    monkeypatch.setattr(keys, "_TIME_COST", 1)
    monkeypatch.delenv(keys.PASSPHRASE_VARIABLE, raising=False)


@pytest.fixture
def ring(monkeypatch: pytest.MonkeyPatch) -> Remembering:
    for kind in (Remembering, Forgetting):
        monkeypatch.setitem(keys.ALLOWED_BACKENDS, keys.backend_name(kind()), "a keyring of the tests")
    return Remembering()


def test_an_allowed_keyring_keeps_the_key(tmp_path: Path, ring: Remembering) -> None:
    key = obtain_key(tmp_path, backend=lambda: ring)
    assert len(key) == 32
    assert obtain_key(tmp_path, backend=lambda: ring, new_allowed=False) == key
    assert not (tmp_path / "deskline.key").exists()
    assert obtain_key(tmp_path / "other", backend=lambda: ring) != key


@pytest.mark.parametrize("name", ["keyrings.alt.file.PlaintextKeyring", "keyring.backends.null.Keyring",
                                  "keyring.backends.fail.Keyring", "keyrings.alt.file.EncryptedKeyring"])  # fmt: skip
def test_other_keyrings_never_see_the_key(tmp_path: Path, name: str) -> None:
    module, _, kind = name.rpartition(".")
    ring = type(kind, (Remembering,), {"__module__": module})()
    key = obtain_key(tmp_path, backend=lambda: ring, ask=lambda question: "correct horse")
    assert ring.kept == {}
    assert read_key_file(tmp_path / "deskline.key", "correct horse") == key
    with pytest.raises(KeyUnavailable, match="gnome-keyring"):
        obtain_key(tmp_path / "new", source=KeySource.KEYRING, backend=lambda: ring)
    with pytest.raises(KeyUnavailable, match="may not hold"):
        keys.Keyring(ring)


def test_no_keyring_and_nobody_to_ask_is_said(tmp_path: Path) -> None:
    with pytest.raises(KeyUnavailable, match="DESKLINE_PASSPHRASE"):
        obtain_key(tmp_path, backend=lambda: None)


def test_the_passphrase_file_opens_with_the_passphrase_only(tmp_path: Path) -> None:
    key = obtain_key(tmp_path, source=KeySource.FILE, ask=lambda question: "correct horse")
    assert obtain_key(tmp_path, ask=lambda question: "correct horse", backend=lambda: None) == key
    with pytest.raises(WrongPassphrase):
        obtain_key(tmp_path, ask=lambda question: "battery staple", backend=lambda: None)


def test_the_environment_gives_the_passphrase_to_unattended_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(keys.PASSPHRASE_VARIABLE, "correct horse")
    key = obtain_key(tmp_path, source=KeySource.FILE)
    monkeypatch.delenv(keys.PASSPHRASE_VARIABLE)
    assert obtain_key(tmp_path, source=KeySource.FILE, ask=lambda question: "correct horse") == key


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX file modes")
def test_the_key_file_is_the_users_alone_and_holds_no_key(tmp_path: Path) -> None:
    key = obtain_key(tmp_path, source=KeySource.FILE, ask=lambda question: "correct horse")
    path = tmp_path / "deskline.key"
    assert path.stat().st_mode & 0o777 == 0o600
    assert key.hex() not in path.read_text()
    assert [each.name for each in tmp_path.iterdir()] == ["deskline.key"]


def test_an_altered_key_file_is_refused(tmp_path: Path) -> None:
    obtain_key(tmp_path, source=KeySource.FILE, ask=lambda question: "correct horse")
    path = tmp_path / "deskline.key"
    body = json.loads(path.read_text())
    for change, error in (
        ({"memory_kib": 2**30}, KeyUnavailable),
        ({"time_cost": 2}, WrongPassphrase),
        ({"version": 2}, KeyUnavailable),
        ({"kdf": "none"}, KeyUnavailable),
    ):
        path.write_text(json.dumps({**body, **change}))
        with pytest.raises(error):
            read_key_file(path, "correct horse")
    path.write_text("{}")
    with pytest.raises(KeyUnavailable, match="damaged"):
        read_key_file(path, "correct horse")


def test_an_empty_passphrase_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KeyUnavailable, match="empty"):
        obtain_key(tmp_path, source=KeySource.FILE, ask=lambda question: "")


def test_a_lost_key_is_reported_and_not_replaced(tmp_path: Path, ring: Remembering) -> None:
    with pytest.raises(KeyUnavailable, match="no longer"):
        obtain_key(tmp_path, backend=lambda: ring, new_allowed=False)
    with pytest.raises(KeyUnavailable, match="cannot be reached"):
        obtain_key(tmp_path, backend=lambda: None, new_allowed=False, ask=lambda question: "x")
    assert ring.kept == {}


def test_a_keyring_that_forgets_is_found_out_before_anything_is_stored(tmp_path: Path, ring: Remembering) -> None:
    with pytest.raises(KeyUnavailable, match="did not keep"):
        obtain_key(tmp_path, backend=Forgetting)


def test_the_doctor_is_told_where_the_key_is_and_what_to_do(tmp_path: Path, ring: Remembering) -> None:
    good = describe(tmp_path, backend=lambda: ring)
    assert (good.source, good.allowed, good.remedy) == ("keyring", True, "")
    bad = describe(tmp_path, backend=Plaintext)
    assert (bad.source, bad.allowed) == ("none", False)
    assert "not safe" in bad.text
    assert "gnome-keyring" in bad.remedy
    obtain_key(tmp_path, source=KeySource.FILE, ask=lambda question: "x")
    assert describe(tmp_path, backend=lambda: None).source == "file"


def test_a_machine_without_a_keyring_is_no_error() -> None:
    assert not keys.is_allowed(keys.find_backend())


def test_a_desks_secrets_are_in_the_keyring(tmp_path: Path, ring: Remembering) -> None:
    secrets = DeskSecrets(tmp_path, bytes(32), backend=lambda: ring)
    assert secrets.get("refresh token") is None
    secrets.set("refresh token", "abc")
    assert DeskSecrets(tmp_path, bytes(32), backend=lambda: ring).get("refresh token") == "abc"
    assert DeskSecrets(tmp_path / "other", bytes(32), backend=lambda: ring).get("refresh token") is None
    secrets.forget("refresh token")
    secrets.forget("refresh token")
    assert not ring.kept
    assert not list(tmp_path.iterdir())


def test_without_a_keyring_they_are_sealed_under_the_records_key(tmp_path: Path) -> None:
    secrets = DeskSecrets(tmp_path, bytes(32), backend=lambda: Plaintext())
    secrets.set("device secret", "xyzzy")
    secrets.set("refresh token", "abc")
    secrets.forget("refresh token")
    again = DeskSecrets(tmp_path, bytes(32), backend=lambda: None)
    assert (again.get("device secret"), again.get("refresh token")) == ("xyzzy", None)
    (file,) = tmp_path.iterdir()
    assert b"xyzzy" not in file.read_bytes()
    assert file.stat().st_mode & 0o077 == 0
    with pytest.raises(KeyUnavailable, match="damaged"):
        DeskSecrets(tmp_path, bytes(31) + b"1", backend=lambda: None).get("device secret")
