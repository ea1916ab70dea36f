"""Secrets of a desk beside the key of its records: in the system's keyring, or sealed under that key in a file."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

from app.access.keys import Backend, Keyring, KeyUnavailable, find_backend, is_allowed

_NONCE = 12


class DeskSecrets:
    """``key``: 32 bytes, derived from the records' for this purpose. Calls block and raise KeyUnavailable."""

    def __init__(self, folder: Path, key: bytes, *, backend: Callable[[], Backend | None] = find_backend) -> None:
        self._folder = folder
        self._key = key
        self._backend = backend
        self._file = folder / "deskline.secrets"

    def get(self, name: str) -> str | None:
        ring = self._ring()
        if ring is not None:
            return ring.get(self._full(name))
        return self._read().get(name)

    def set(self, name: str, secret: str) -> None:
        ring = self._ring()
        if ring is not None:
            ring.set(self._full(name), secret)
        else:
            self._write({**self._read(), name: secret})

    def forget(self, name: str) -> None:
        ring = self._ring()
        if ring is not None:
            ring.forget(self._full(name))
            return
        kept = self._read()
        if kept.pop(name, None) is not None:
            self._write(kept)

    def _ring(self) -> Keyring | None:
        found = self._backend()
        return Keyring(found) if found is not None and is_allowed(found) else None

    def _full(self, name: str) -> str:
        return f"{name} {self._folder.resolve()}"

    def _read(self) -> dict[str, str]:
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        try:
            sealed = self._file.read_bytes()
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise KeyUnavailable(f"{self._file} cannot be read: {error.strerror}.") from error
        try:
            found: dict[str, str] = json.loads(AESGCM(self._key).decrypt(sealed[:_NONCE], sealed[_NONCE:], None))
        except (InvalidTag, ValueError) as error:
            raise KeyUnavailable(f"{self._file} is damaged. Remove it, and sign in again.") from error
        return found

    def _write(self, kept: dict[str, str]) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        nonce = os.urandom(_NONCE)
        sealed = nonce + AESGCM(self._key).encrypt(nonce, json.dumps(kept).encode(), None)
        unfinished = self._file.with_name(self._file.name + ".part")
        try:
            unfinished.unlink(missing_ok=True)
            with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(sealed)
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(self._file)
        except OSError as error:
            raise KeyUnavailable(f"{self._file} cannot be written: {error.strerror}.") from error
