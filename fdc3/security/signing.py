"""Signed contexts: a detached JWS over the canonical ``{context, antiReplay}``, and the judgement of one received."""

from __future__ import annotations

import base64
import json
import math
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from joserfc import jws
from joserfc.errors import JoseError

from fdc3.security.algorithms import signing
from fdc3.security.canonical import canonical
from fdc3.security.errors import KeyNotFound
from fdc3.security.keys import PublishedKeys, SigningKey
from fdc3.types.context_metadata import AntiReplayClaims, AppProvidableContextMetadata, DetachedSignature

ALGORITHMS: Final = ("EdDSA", "ES256")
VALID_SECONDS: Final = 300
"""For so long a signature is fresh and what we sign is valid (the reference implementation's limits)."""
LONGEST_SECONDS: Final = 24 * 3600
"""Longer validity is not accepted: each name has to be remembered until its context ends."""
AHEAD_SECONDS: Final = 60
"""So far may the sender's clock be ahead of ours."""
_REGISTRIES = {name: signing(name) for name in ALGORITHMS}


@dataclass(frozen=True, slots=True)
class Authenticity:
    """The judgement of a context's signature (the standard: ``ContextVerificationMetadata.authenticity``)."""

    signed: bool
    """There was a signature."""
    valid: bool = False
    """It is the signer's, over this very context, fresh, and seen for the first time."""
    trusted: bool = False
    """The signer is one of those we believe. Of others nothing is fetched, so their signatures are never valid."""
    jku: str = ""
    kid: str = ""
    alg: str = ""
    errors: tuple[str, ...] = ()

    @property
    def accepted(self) -> bool:
        """Signed, valid and trusted: it may be acted upon."""
        return self.signed and self.valid and self.trusted


class Signer:
    """Signs as the app whose public key is published at ``jku``. The key stays here."""

    def __init__(
        self, key: SigningKey, jku: str, *, valid_seconds: int = VALID_SECONDS, clock: Callable[[], float] = time.time
    ) -> None:
        algorithm = str(key.get("alg"))
        if algorithm not in ALGORITHMS or not key.kid or not key.is_private:
            raise ValueError("a signer needs a private EdDSA or ES256 key with an id")
        self.key = key
        self.jku = jku
        self.algorithm = algorithm
        self.valid_seconds = valid_seconds
        self.clock = clock

    def sign(self, context: Mapping[str, Any]) -> AppProvidableContextMetadata:
        """What to send along with this context: ``channel.broadcast(context, signer.sign(context))``."""
        now = int(self.clock())
        claims = AntiReplayClaims(iat=now, exp=now + self.valid_seconds, jti=str(uuid.uuid4()))
        header = {"alg": self.algorithm, "jku": self.jku, "iat": now, "kid": self.key.kid}
        compact = jws.serialize_compact(
            header, _signed_bytes(context, claims), self.key, registry=_REGISTRIES[self.algorithm]
        )
        protected, _, signature = compact.split(".")
        return AppProvidableContextMetadata(signature=DetachedSignature(protected, signature), anti_replay=claims)


class Replays:
    """Names (``jti``) that were seen, each until its context has ended. With ``most`` held, new ones are refused."""

    def __init__(self, *, most: int = 100_000) -> None:
        self._seen: dict[str, float] = {}
        self._most = most

    def first_time(self, jti: str, exp: float, now: float) -> bool:
        if len(self._seen) >= self._most:
            self._seen = {name: end for name, end in self._seen.items() if end >= now}
        if jti in self._seen or len(self._seen) >= self._most:
            return False
        self._seen[jti] = exp
        return True


class Verifier:
    """Judges signed contexts. Share one per app: it remembers what was seen."""

    def __init__(
        self,
        keys: PublishedKeys,
        *,
        replays: Replays | None = None,
        fresh_seconds: int = VALID_SECONDS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.keys = keys
        self.replays = replays or Replays()
        self.clock = clock
        self._fresh_seconds = fresh_seconds

    async def verify(self, context: Mapping[str, Any], metadata: AppProvidableContextMetadata) -> Authenticity:
        """Never raises for what was received; the reasons are in ``errors``."""
        signature, claims = metadata.signature, metadata.anti_replay
        if signature is None:
            return Authenticity(False)
        if claims is None:
            return Authenticity(True, errors=("the claims against replay are missing",))
        try:
            header = json.loads(decoded(signature.protected))
            alg, jku, kid, iat = header["alg"], header["jku"], header["kid"], header["iat"]
            usable = isinstance(jku, str) and isinstance(kid, str) and _is_moment(iat) and alg in ALGORITHMS
        except (ValueError, KeyError, TypeError, RecursionError):
            usable = False
        if not usable or "crit" in header or "b64" in header:
            return Authenticity(True, errors=("the signature's header is not usable",))
        known = {"jku": jku, "kid": kid, "alg": alg}
        if not self.keys.trust(jku, None):
            return Authenticity(True, **known, errors=("the signer is not trusted",))
        if errors := self._out_of_time(iat, claims):
            return Authenticity(True, trusted=True, **known, errors=errors)
        try:
            key = await self.keys.signing_key(jku, kid, alg)
            payload = base64.urlsafe_b64encode(_signed_bytes(context, claims)).rstrip(b"=").decode()
            compact = f"{signature.protected}.{payload}.{signature.signature}"
            jws.deserialize_compact(compact, key, registry=_REGISTRIES[alg])
        except KeyNotFound as reason:
            return Authenticity(True, trusted=True, **known, errors=(str(reason),))
        except (JoseError, ValueError, TypeError):
            return Authenticity(True, trusted=True, **known, errors=("the signature is not of this context",))
        # Last: nobody but the signer can use up a name.
        if not self.replays.first_time(f"{jku} {claims.jti}", claims.exp + AHEAD_SECONDS, self.clock()):
            return Authenticity(True, trusted=True, **known, errors=("it was sent before",))
        return Authenticity(True, valid=True, trusted=True, **known)

    def _out_of_time(self, iat: float, claims: AntiReplayClaims) -> tuple[str, ...]:
        now, errors = self.clock(), list[str]()
        if not (_is_moment(claims.iat) and _is_moment(claims.exp) and claims.jti):
            return ("the claims against replay are not usable",)
        if now - min(iat, claims.iat) > self._fresh_seconds:
            errors.append("the signature is too old")
        if max(iat, claims.iat) - now > AHEAD_SECONDS:
            errors.append("the signature is of the future")
        if now > claims.exp:
            errors.append("the context has expired")
        if claims.exp - claims.iat > LONGEST_SECONDS:
            errors.append("the context is valid for too long")
        return tuple(errors)


def _signed_bytes(context: Mapping[str, Any], claims: AntiReplayClaims) -> bytes:
    return canonical({"context": context, "antiReplay": {"iat": claims.iat, "exp": claims.exp, "jti": claims.jti}})


def _is_moment(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def decoded(text: str) -> bytes:
    """Base64url without padding. Raises ``ValueError``."""
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
