"""The database key: in the operating system's keyring, or in a file wrapped with a passphrase.

The keyring is used only through an allow-list of back ends: with other packages installed the ``keyring`` library falls
back to plain text without a word. For runs without a person (kiosk, tests) the passphrase may come from the environment
variable ``DESKLINE_PASSPHRASE``; anyone who can read the process's environment can then open the records.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Protocol

KEY_BYTES = 32
PASSPHRASE_VARIABLE = "DESKLINE_PASSPHRASE"
SERVICE = "Deskline"

ALLOWED_BACKENDS = {
    "keyring.backends.SecretService.Keyring": "Secret Service (GNOME Keyring, KeePassXC)",
    "keyring.backends.libsecret.Keyring": "Secret Service (libsecret)",
    "keyring.backends.kwallet.DBusKeyring": "KDE Wallet",
    "keyring.backends.kwallet.DBusKeyringKWallet4": "KDE Wallet",
    "keyring.backends.macOS.Keyring": "macOS Keychain",
    "keyring.backends.Windows.WinVaultKeyring": "Windows Credential Locker",
}

# Argon2id at the second recommended option of RFC 9106 (64 MiB, 3 passes); the file keeps its own parameters.
_TIME_COST, _MEMORY_KIB, _LANES = 3, 65536, 4
_FILE_VERSION = 1

AskPassphrase = Callable[[str], str]
"""Shows the sentence, returns the passphrase; raises KeyUnavailable if the user declines."""


class KeyUnavailable(Exception):
    """The key cannot be had; ``str()`` says what the user can do."""


class WrongPassphrase(KeyUnavailable):
    """The passphrase does not open the key file."""


class KeySource(Enum):
    AUTO = "auto"  # the keyring if an allowed one is there, else the file
    KEYRING = "keyring"
    FILE = "file"


class Backend(Protocol):
    """What is used of a ``keyring`` back end."""

    def get_password(self, service: str, username: str) -> str | None: ...

    def set_password(self, service: str, username: str, password: str) -> None: ...

    def delete_password(self, service: str, username: str) -> None: ...


@dataclass(frozen=True, slots=True)
class KeyStatus:
    """For ``deskline doctor``."""

    source: str  # keyring, file, none
    backend: str  # in words
    allowed: bool
    text: str
    remedy: str


def find_backend() -> Backend | None:
    """The keyring back end that would be used, allowed or not. None if there is none."""
    import keyring
    from keyring.errors import KeyringError

    try:
        backend: Backend = keyring.get_keyring()
        chained = getattr(backend, "backends", None)
        if chained is not None:  # a chainer: take its first allowed one, never its fallbacks
            return next((each for each in chained if is_allowed(each)), None)
        return backend
    except (KeyringError, RuntimeError, OSError):
        return None


def backend_name(backend: Backend) -> str:
    return f"{type(backend).__module__}.{type(backend).__qualname__}"


def is_allowed(backend: Backend | None) -> bool:
    return backend is not None and backend_name(backend) in ALLOWED_BACKENDS


class Keyring:
    """Secrets by name in an allowed back end."""

    def __init__(self, backend: Backend) -> None:
        if not is_allowed(backend):
            raise KeyUnavailable(
                f"The keyring {backend_name(backend)} may not hold Deskline's key: it does not protect it. "
                "Unlock the system's own keyring, or use a passphrase."
            )
        self._backend = backend

    def get(self, name: str) -> str | None:
        with _keyring_errors():
            return self._backend.get_password(SERVICE, name)

    def set(self, name: str, secret: str) -> None:
        """Stores and reads back: a keyring that forgets at once would cost all records."""
        with _keyring_errors():
            self._backend.set_password(SERVICE, name, secret)
            if self._backend.get_password(SERVICE, name) != secret:
                raise KeyUnavailable("The system's keyring did not keep the key. Use a passphrase (key source: file).")

    def forget(self, name: str) -> None:
        with _keyring_errors():
            if self._backend.get_password(SERVICE, name) is not None:
                self._backend.delete_password(SERVICE, name)


def obtain_key(
    folder: Path,
    *,
    source: KeySource = KeySource.AUTO,
    ask: AskPassphrase | None = None,
    new_allowed: bool = True,
    backend: Callable[[], Backend | None] = find_backend,
) -> bytes:
    """The 32-byte key of the records in ``folder``; makes and stores one if there is none yet.

    ``ask``: asked for the passphrase when the key is in a file; without it the environment variable must be set.
    ``new_allowed``: False where records exist already, so that a lost key is reported rather than replaced.
    Raises KeyUnavailable, WrongPassphrase.
    """
    path = folder / "deskline.key"
    if source is not KeySource.KEYRING and path.exists():
        return read_key_file(path, _passphrase(ask, "Passphrase for Deskline's records:"))
    found = None if source is KeySource.FILE else backend()
    if is_allowed(found):
        assert found is not None
        return _from_keyring(Keyring(found), folder, new_allowed)
    if source is KeySource.KEYRING:
        raise KeyUnavailable(describe(folder, backend=lambda: found).remedy)
    if not new_allowed:
        raise KeyUnavailable(
            "The key of these records was in the system's keyring, which cannot be reached. Unlock it and start again."
        )
    passphrase = _passphrase(ask, "Choose a passphrase for Deskline's records. It cannot be recovered:")
    key = secrets.token_bytes(KEY_BYTES)
    write_key_file(path, key, passphrase)
    return key


def describe(folder: Path, *, backend: Callable[[], Backend | None] = find_backend) -> KeyStatus:
    """Where the key is or would be, without asking for it."""
    found = backend()
    allowed = is_allowed(found)
    name = "none" if found is None else ALLOWED_BACKENDS.get(backend_name(found), backend_name(found))
    if (folder / "deskline.key").exists():
        return KeyStatus("file", name, allowed, "The key is in a passphrase-protected file.", "")
    if allowed:
        return KeyStatus("keyring", name, True, f"The key is kept by {name}.", "")
    remedy = (
        "Install and unlock a Secret Service (Debian: gnome-keyring), or start with a passphrase"
        f" (interactively, or in {PASSPHRASE_VARIABLE} for unattended runs)."
    )
    none = found is None or backend_name(found).startswith(("keyring.backends.fail.", "keyring.backends.null."))
    text = "No keyring was found." if none else f"The keyring {name} is not safe for a key and is not used."
    return KeyStatus("none", name, False, text, remedy)


def write_key_file(path: Path, key: bytes, passphrase: str) -> None:
    """Wraps the key (argon2id, AES-256-GCM) and writes the file whole or not at all, readable by its owner only."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    if not passphrase:
        raise KeyUnavailable("An empty passphrase protects nothing. Choose another.")
    salt, nonce = secrets.token_bytes(16), secrets.token_bytes(12)
    head = {
        "version": _FILE_VERSION,
        "kdf": "argon2id",
        "time_cost": _TIME_COST,
        "memory_kib": _MEMORY_KIB,
        "lanes": _LANES,
        "salt": base64.b64encode(salt).decode(),
    }
    sealed = AESGCM(_wrapping_key(passphrase, head)).encrypt(nonce, key, _bound(head))
    body = {**head, "nonce": base64.b64encode(nonce).decode(), "sealed": base64.b64encode(sealed).decode()}
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = path.with_suffix(".part")
    unfinished.unlink(missing_ok=True)
    file = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(file, (json.dumps(body, indent=1) + "\n").encode())
        os.fsync(file)
    finally:
        os.close(file)
    unfinished.replace(path)
    _sync_folder(path.parent)


def read_key_file(path: Path, passphrase: str) -> bytes:
    """Raises WrongPassphrase, or KeyUnavailable if the file is damaged or of a newer version."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        body = json.loads(path.read_text())
        nonce, sealed = base64.b64decode(body.pop("nonce")), base64.b64decode(body.pop("sealed"))
        version = int(body["version"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise KeyUnavailable(f"The key file {path} is damaged. Restore it from a backup.") from error
    if version > _FILE_VERSION:
        raise KeyUnavailable("The key file was written by a newer Deskline. Install the newer version.")
    try:
        return AESGCM(_wrapping_key(passphrase, body)).decrypt(nonce, sealed, _bound(body))
    except InvalidTag as error:
        raise WrongPassphrase("The passphrase is wrong. Try again; capital letters matter.") from error
    except (ValueError, KeyError, TypeError) as error:
        raise KeyUnavailable(f"The key file {path} is damaged. Restore it from a backup.") from error


def _from_keyring(ring: Keyring, folder: Path, new_allowed: bool) -> bytes:
    name = f"records key {folder.resolve()}"
    stored = ring.get(name)
    if stored is not None:
        with contextlib.suppress(ValueError):
            key = bytes.fromhex(stored)
            if len(key) == KEY_BYTES:
                return key
        raise KeyUnavailable("The key in the system's keyring is damaged. Restore it from your keyring's backup.")
    if not new_allowed:
        raise KeyUnavailable(
            "The system's keyring no longer has the key of these records. Restore the keyring's entry from a backup."
        )
    key = secrets.token_bytes(KEY_BYTES)
    ring.set(name, key.hex())
    return key


def _passphrase(ask: AskPassphrase | None, question: str) -> str:
    given = os.environ.get(PASSPHRASE_VARIABLE)
    if given is not None:
        return given
    if ask is None:
        raise KeyUnavailable(
            f"The records are protected by a passphrase and nobody can be asked. Set {PASSPHRASE_VARIABLE}."
        )
    return ask(question)


def _wrapping_key(passphrase: str, head: dict[str, object]) -> bytes:
    from argon2.low_level import Type, hash_secret_raw

    if head["kdf"] != "argon2id":
        raise ValueError("unknown key derivation")
    time_cost, memory, lanes = (int(str(head[name])) for name in ("time_cost", "memory_kib", "lanes"))
    if not (1 <= time_cost <= 20 and 8 * lanes <= memory <= 2**21 and 1 <= lanes <= 16):
        raise ValueError("key derivation out of range")  # an altered file must not eat all memory
    salt = base64.b64decode(str(head["salt"]))
    return hash_secret_raw(passphrase.encode(), salt, time_cost, memory, lanes, KEY_BYTES, Type.ID)


def _bound(head: dict[str, object]) -> bytes:
    return json.dumps(head, sort_keys=True).encode()


@contextlib.contextmanager
def _keyring_errors() -> Iterator[None]:
    from keyring.errors import KeyringError

    try:
        yield
    except KeyringError as error:
        raise KeyUnavailable(
            "The system's keyring refused (locked, or the question was declined). Unlock it and start again."
        ) from error


def _sync_folder(folder: Path) -> None:
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
