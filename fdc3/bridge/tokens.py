"""Who may join a bridge: JSON Web Tokens signed with keys that the bridge and its agents share in a file.

A token is ``{"sub": <id of the key>, "iat": <ISO 8601>}`` as the bridging standard has it. It is good for a minute and
once; the bridge proves itself to agents in the same way.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Final

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OctKey

from fdc3.security.algorithms import signing

LIFETIME: Final = 60.0
"""Seconds between a token's making and its use."""
SHORTEST_SECRET: Final = 32
"""Bytes."""
_ALGORITHMS: Final = {"oct": "HS256", "OKP": "EdDSA", "EC": "ES256", "RSA": "RS256"}


class TokenRefused(Exception):
    """Why a token is not accepted."""


class TokenKeys:
    """The keys of one side. The first signs, any verifies. A key's kind fixes its algorithm, whatever a token says."""

    def __init__(self, keys: KeySet, *, clock: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC)) -> None:
        self._keys = {key.kid: key for key in keys.keys if key.kid}
        if not self._keys:
            raise ValueError("it holds no key")
        if any(isinstance(key, OctKey) and len(key.raw_value) < SHORTEST_SECRET for key in self._keys.values()):
            raise ValueError(f"a shared key needs {SHORTEST_SECRET} bytes")
        self._clock = clock
        self._used: dict[str, dt.datetime] = {}

    @classmethod
    def read(cls, file: Path) -> TokenKeys:
        """Keys from a file: a JSON Web Key or a key set. Raises ``ValueError`` with a sentence."""
        try:
            value = json.loads(file.read_text(encoding="utf-8"))
            return cls(KeySet.import_key_set(value if "keys" in value else {"keys": [value]}))
        except OSError as reason:
            raise ValueError(f"{file} cannot be read: {reason.strerror}") from None
        except (ValueError, TypeError, KeyError, JoseError) as reason:
            raise ValueError(f"{file} is not a JSON Web Key set: {reason}") from None

    @staticmethod
    def create(file: Path) -> None:
        """Writes a new shared key, readable by its owner alone."""
        key = OctKey.generate_key(256, {"kid": str(uuid.uuid4())})
        file.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as out:
            json.dump({"keys": [key.as_dict(private=True)]}, out)

    def sign(self) -> str:
        """A new token. It is used from our side's view: whoever sends it back to us is refused."""
        kid, key = next(iter(self._keys.items()))
        algorithm = _ALGORITHMS[key.key_type]
        now = self._clock()
        token = jwt.encode({"alg": algorithm}, {"sub": kid, "iat": now.isoformat()}, key, registry=signing(algorithm))
        self._remember(token, now)
        return token

    def verify(self, token: str) -> None:
        """Raises ``TokenRefused``."""
        if token.rpartition(".")[0] in self._used:
            raise TokenRefused("the token has been used")
        for key in self._keys.values():
            registry = signing(_ALGORITHMS[key.key_type])
            try:
                claims = jwt.decode(token, key, registry=registry).claims
            except (JoseError, ValueError):
                continue
            if claims.get("sub") == key.kid:
                break
        else:
            raise TokenRefused("the token is not signed with a known key")
        try:
            made = dt.datetime.fromisoformat(str(claims["iat"]))
            age = abs((self._clock() - made).total_seconds())
        except (KeyError, ValueError, TypeError):
            raise TokenRefused("the token does not say when it was made") from None
        if age > LIFETIME:
            raise TokenRefused("the token is too old")
        self._remember(token, self._clock())

    def _remember(self, token: str, now: dt.datetime) -> None:
        self._used = {used: at for used, at in self._used.items() if (now - at).total_seconds() <= 2 * LIFETIME}
        # Not the signature: the last bits of its text are free, and another text would be another token.
        self._used[token.rpartition(".")[0]] = now
