"""Who the user is: the intent ``GetUser``, answered with a signed token (JWT) that only the asking app can read."""

from __future__ import annotations

import json
import math
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from fdc3.security.algorithms import signing
from fdc3.security.encryption import ENCRYPTED, decrypt_with, encrypt_for
from fdc3.security.errors import KeyNotFound, NotDecrypted, TokenRejected
from fdc3.security.keys import PublishedKeys
from fdc3.security.signing import AHEAD_SECONDS, ALGORITHMS, LONGEST_SECONDS, Authenticity, Replays, Signer, decoded
from fdc3.types.context import Context

GET_USER: Final = "GetUser"
USER: Final = "fdc3.security.user"
USER_REQUEST: Final = "fdc3.security.userRequest"


@dataclass(frozen=True, slots=True)
class UserClaims:
    """What an identity provider says of the user, to one app (``aud``), until ``exp`` (seconds since 1970)."""

    iss: str
    sub: str
    aud: str
    exp: float
    iat: float
    jti: str


def user_request(audience: str) -> Context:
    """The context to raise ``GetUser`` with, signed. ``audience``: our own address."""
    return Context(type=USER_REQUEST, aud=audience)


class IdentityProvider:
    """Answers ``GetUser``. ``issuer`` is the provider's address; ``keys`` say to whom tokens are given."""

    def __init__(self, signer: Signer, issuer: str, keys: PublishedKeys) -> None:
        self._signer = signer
        self._issuer = issuer
        self._keys = keys

    async def answer(self, request: Context, authenticity: Authenticity, user: str) -> Context:
        """The ``fdc3.security.user`` for a verified request. Raises ``TokenRejected`` or ``KeyNotFound``.

        ``aud`` has to be of the signer's own origin, so that nobody asks for a token in another app's name.
        """
        audience = request.get("aud")
        if request.type != USER_REQUEST or not isinstance(audience, str):
            raise TokenRejected("this is no request for a user")
        if not authenticity.accepted:
            raise TokenRejected("the request is not signed by an app that is trusted")
        if not _same_origin(audience, authenticity.jku):
            raise TokenRejected("the request is signed by another app than it asks for")
        reader = await self._keys.wrapping_key(authenticity.jku)
        now = int(self._signer.clock())
        claims = {
            "iss": self._issuer,
            "sub": user,
            "aud": audience,
            "exp": now + self._signer.valid_seconds,
            "iat": now,
            "jti": str(uuid.uuid4()),
        }
        header = {"alg": self._signer.algorithm, "jku": self._signer.jku, "kid": self._signer.key.kid}
        registry = signing(self._signer.algorithm)
        token = jwt.encode(header, claims, self._signer.key, registry=registry)
        return Context(type=USER, wrappedJwt=encrypt_for(reader, token.encode()))


async def read_user(
    answer: Mapping[str, Any],
    private: RSAKey,
    keys: PublishedKeys,
    audience: str,
    replays: Replays,
    *,
    clock: Callable[[], float] = time.time,
) -> UserClaims:
    """Who the user is, by the answer to our ``GetUser``. Raises ``TokenRejected``.

    Takes the standard's ``fdc3.security.user``, and also the form of its reference implementation: that context, with a
    plain token, as a whole inside an ``fdc3.security.encryptedContext``.
    """
    try:
        if answer.get("type") == ENCRYPTED:
            user = Context.decode(decrypt_with(private, answer.get("encryptedPayload")))
            token = str(user.get("wrappedJwt"))
            if token.count(".") == 4:
                token = decrypt_with(private, token).decode()
        else:
            user = Context.parse(answer)
            token = decrypt_with(private, user.get("wrappedJwt")).decode()
    except (NotDecrypted, ValueError) as reason:
        raise TokenRejected(str(reason)) from None
    if user.type != USER:
        raise TokenRejected("the answer is no user")
    claims, jku = await _verified(token, keys)
    now = clock()
    if not keys.trust(jku, claims.iss):
        raise TokenRejected(f"{claims.iss} is not trusted to say who the user is")
    if claims.aud != audience:
        raise TokenRejected("the token was made for another app")
    if now > claims.exp or claims.iat - now > AHEAD_SECONDS or claims.exp - claims.iat > LONGEST_SECONDS:
        raise TokenRejected("the token is not valid now")
    if not replays.first_time(f"{jku} {claims.jti}", claims.exp + AHEAD_SECONDS, now):
        raise TokenRejected("the token was used before")
    return claims


async def _verified(token: str, keys: PublishedKeys) -> tuple[UserClaims, str]:
    try:
        header = json.loads(decoded(token.partition(".")[0]))
        jku, kid, alg = header["jku"], header["kid"], header["alg"]
        if not (isinstance(jku, str) and isinstance(kid, str) and alg in ALGORITHMS):
            raise ValueError("jku, kid or alg")
        key = await keys.signing_key(jku, kid, alg)
        registry = signing(alg)
        claims = json.loads(jws.deserialize_compact(token, key, registry=registry).payload)
        said = UserClaims(**{name: claims[name] for name in UserClaims.__slots__})
    except KeyNotFound as reason:
        raise TokenRejected(str(reason)) from None
    except (ValueError, KeyError, TypeError, RecursionError, JoseError):
        raise TokenRejected("the token is not signed as it should be") from None
    times = (said.exp, said.iat)
    texts = (said.iss, said.sub, said.aud, said.jti)
    if not all(isinstance(t, int | float) and math.isfinite(t) for t in times) or not all(
        isinstance(text, str) and text for text in texts
    ):
        raise TokenRejected("the token does not say what it has to")
    return said, jku


def _same_origin(one: str, other: str) -> bool:
    first, second = urlsplit(one), urlsplit(other)
    return bool(first.hostname) and (first.scheme, first.netloc) == (second.scheme, second.netloc)
