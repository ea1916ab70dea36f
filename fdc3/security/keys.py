"""Keys: making them, publishing their public halves, and fetching those that other apps publish."""

from __future__ import annotations

import asyncio
import json
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeyParameters, KeySet, OctKey, OKPKey, RSAKey

from fdc3.security.errors import KeyNotFound

Key = OctKey | RSAKey | ECKey | OKPKey
SigningKey = OKPKey | ECKey
Trust = Callable[[str, str | None], bool]
"""Whether a signer is believed: by the address of its published keys (``jku``) and, for users' tokens, their issuer."""
Fetch = Callable[[str], Awaitable[bytes]]

WRAPPING: Final = "RSA-OAEP-256"
LARGEST: Final = 64 * 1024
"""Bytes of a published key set."""
FETCH_SECONDS: Final = 5.0


def new_signing_key(kid: str, algorithm: str = "EdDSA") -> SigningKey:
    """A private key for signing: ``EdDSA`` (Ed25519) or ``ES256`` (P-256)."""
    parameters: KeyParameters = {"kid": kid, "alg": algorithm, "use": "sig"}
    if algorithm == "EdDSA":
        return OKPKey.generate_key("Ed25519", parameters)
    if algorithm == "ES256":
        return ECKey.generate_key("P-256", parameters)
    raise ValueError(f"contexts are signed by EdDSA or ES256, not {algorithm}")


def new_wrapping_key(kid: str) -> RSAKey:
    """A private key to which others encrypt what only we shall read."""
    return RSAKey.generate_key(2048, {"kid": kid, "alg": WRAPPING, "use": "enc"})


def published(*keys: Key) -> dict[str, Any]:
    """The key set to serve at our ``jku`` (mostly ``/.well-known/jwks.json`` of our origin): public halves only."""
    if any(isinstance(key, OctKey) for key in keys):
        raise ValueError("a secret key is not published")
    return {"keys": [key.as_dict(private=False) for key in keys]}


@dataclass(slots=True)
class _Held:
    """A fetched key set, and when on the monotonic clock."""

    keys: list[Key] = field(default_factory=list)
    at: float = float("-inf")
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class PublishedKeys:
    """The keys of trusted apps, fetched from where they publish them and kept for ``lifetime`` seconds.

    Nothing is fetched from an address that ``trust`` does not name: a signature cannot make us call any server. A key
    that is missing from a set that we hold makes us look again, at most every ``cooldown`` seconds (keys are rotated).
    """

    def __init__(
        self,
        trust: Trust,
        *,
        fetch: Fetch | None = None,
        lifetime: float = 600.0,
        cooldown: float = 30.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.trust = trust
        self._fetch = fetch or fetch_https
        self._lifetime = lifetime
        self._cooldown = cooldown
        self._monotonic = monotonic
        self._held: dict[str, _Held] = {}

    async def signing_key(self, jku: str, kid: str, algorithm: str) -> Key:
        """The key of a signature. Raises ``KeyNotFound``."""

        def fits(key: Key) -> bool:
            return key.kid == kid and key.get("alg", algorithm) == algorithm and key.get("use", "sig") == "sig"

        return await self._find(jku, fits, f"no key {kid!r} for {algorithm}")

    async def wrapping_key(self, jku: str) -> RSAKey:
        """The key to which an app wants things encrypted. Raises ``KeyNotFound``."""

        def fits(key: Key) -> bool:
            return isinstance(key, RSAKey) and key.get("alg") == WRAPPING and key.get("use", "enc") == "enc"

        found = await self._find(jku, fits, f"no key for {WRAPPING}")
        assert isinstance(found, RSAKey)
        return found

    async def _find(self, jku: str, fits: Callable[[Key], bool], what: str) -> Key:
        if not self.trust(jku, None):
            raise KeyNotFound(f"{jku} is not trusted")
        held = self._held.setdefault(jku, _Held())
        async with held.lock:
            now = self._monotonic()
            found = next((key for key in held.keys if fits(key)), None)
            age = now - held.at
            if age > self._lifetime or (found is None and age > self._cooldown):
                held.keys, held.at = await self._load(jku), now
                found = next((key for key in held.keys if fits(key)), None)
        if found is None:
            raise KeyNotFound(f"{jku}: {what}")
        return found

    async def _load(self, jku: str) -> list[Key]:
        address = urlsplit(jku)
        if address.scheme != "https" or not address.hostname or address.username is not None:
            raise KeyNotFound(f"{jku} is not an https address")
        try:
            value = json.loads(await self._fetch(jku))
            return [key for key in KeySet.import_key_set(value).keys if not isinstance(key, OctKey)]
        except (OSError, TimeoutError) as reason:
            raise KeyNotFound(f"{jku} cannot be fetched: {type(reason).__name__}") from None
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError, JoseError):
            raise KeyNotFound(f"{jku} holds no key set") from None


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """The address is the identity of whoever publishes there; what it points to is somebody else."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


async def fetch_https(url: str) -> bytes:
    """What is published at an https address: certificate checked, no redirects. Raises ``OSError``."""
    return await asyncio.to_thread(_get, url)


def _get(url: str) -> bytes:
    context = ssl.create_default_context()
    opener = urllib.request.build_opener(_NoRedirects, urllib.request.HTTPSHandler(context=context))
    request = urllib.request.Request(url, headers={"Accept": "application/jwk-set+json, application/json"})
    with opener.open(request, timeout=FETCH_SECONDS) as answer:
        data: bytes = answer.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise urllib.error.URLError("the key set is too large")
    return data
