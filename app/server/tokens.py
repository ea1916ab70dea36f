"""Passwords and tokens: how they are made and checked. Nothing here knows the database."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OctKey

ACCESS_LIFETIME = 600
"""Seconds."""
REFRESH_LIFETIME = 30 * 24 * 3600
SHORTEST_PASSWORD = 12

# Argon2id by the second recommended option of RFC 9106: 64 MiB, 3 passes, 4 lanes.
_hasher = PasswordHasher(time_cost=3, memory_cost=65536, parallelism=4)
_NOBODY = _hasher.hash(secrets.token_hex(16))
_ISSUER = "deskline"
_claims = jwt.JWTClaimsRegistry(
    iss={"essential": True, "value": _ISSUER},
    sub={"essential": True},
    exp={"essential": True},
)


class BadToken(Exception):
    """It is not ours, was altered, or has expired."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What an access token says: who, on which device, of which firm, until when (seconds since 1970)."""

    account: str
    device: str
    firm: str
    expires: int


def hash_password(password: str) -> str:
    """Takes tens of milliseconds and 64 MiB."""
    return _hasher.hash(password)


def is_password(password: str, hashed: str | None) -> bool:
    """Takes as long where there is nothing to compare with, so that nobody learns which names exist."""
    try:
        return _hasher.verify(hashed or _NOBODY, password) and hashed is not None
    except (VerificationError, InvalidHashError):
        return False


def new_secret() -> str:
    return secrets.token_urlsafe(32)


def new_code() -> str:
    """For a person to type once: 16 letters and digits that cannot be taken for each other, 80 bits."""
    letters = "".join(secrets.choice("ABCDEFGHJKLMNPQRSTUVWXYZ23456789") for _ in range(16))
    return "-".join(letters[start : start + 4] for start in range(0, 16, 4))


def digest(secret: str) -> str:
    """How random secrets are kept. (They are long: nothing is gained by a slow hash.)"""
    return hashlib.sha256(secret.encode()).hexdigest()


def is_secret(secret: str, kept: str | None) -> bool:
    return kept is not None and hmac.compare_digest(digest(secret), kept)


def new_signing_key() -> Mapping[str, object]:
    """A key for access tokens as a JWK."""
    return OctKey.generate_key(256, {"use": "sig", "alg": "HS256", "kid": secrets.token_hex(8)}).as_dict(private=True)


class AccessTokens:
    """Signs with the first key and takes what any of them signed. Every process of the server has the same keys."""

    def __init__(self, keys: list[Mapping[str, object]]) -> None:
        self._signing = OctKey.import_key(dict(keys[0]))  # type: ignore[arg-type]
        self._all = KeySet([OctKey.import_key(dict(key)) for key in keys])  # type: ignore[arg-type]

    def issue(self, account: str, device: str, firm: str) -> tuple[str, int]:
        """The token, and when it expires."""
        now = int(time.time())
        claims = {
            "iss": _ISSUER, "sub": account, "dev": device, "firm": firm, "iat": now, "exp": now + ACCESS_LIFETIME,
            "jti": secrets.token_hex(8),
        }  # fmt: skip
        header = {"alg": "HS256", "kid": self._signing.kid}
        return jwt.encode(header, claims, self._signing), now + ACCESS_LIFETIME

    def read(self, token: str) -> Claims:
        """Raises BadToken."""
        try:
            decoded = jwt.decode(token, self._all, algorithms=["HS256"])
            _claims.validate(decoded.claims)
            found = decoded.claims
            return Claims(str(found["sub"]), str(found["dev"]), str(found["firm"]), int(found["exp"]))
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise BadToken("The access token is not valid, or no longer.") from error
