"""Signing in by OpenID Connect, where the firm has a provider: authorization code with PKCE, as RFC 8252 has it for
programs. The desk opens the browser and takes the code on a loopback address; the server changes it for an identity.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from sqlalchemy import delete, insert
from sqlalchemy.ext.asyncio import AsyncEngine

from app.records.hlc import utc_now
from app.server import tables, tokens
from app.server.accounts import Accounts, SignedIn, SignInRefused, firm_of_device

_LIFETIME = dt.timedelta(minutes=10)
_KEPT = 3600.0
"""Seconds that the provider's description and keys are believed."""
_ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA"]
_LEEWAY = 60
_TIMEOUT = 10.0


@dataclass(frozen=True, slots=True)
class Provider:
    """``issuer`` as its tokens name it; ``secret`` None where the client is a public one."""

    issuer: str
    client: str
    secret: str | None = None


@dataclass(frozen=True, slots=True)
class Begun:
    """The page to open in the browser, and what the answer must come back with."""

    url: str
    state: str


class OpenId:
    def __init__(self, provider: Provider, engine: AsyncEngine, accounts: Accounts) -> None:
        self._provider = provider
        self._engine = engine
        self._accounts = accounts
        self._known: tuple[float, Mapping[str, Any], KeySet] | None = None

    async def begin(self, device: str, secret: str, redirect: str) -> Begun:
        """``redirect``: where the desk waits for the browser, on its own machine. Raises SignInRefused."""
        place = urlsplit(redirect)
        if place.scheme != "http" or place.hostname not in ("127.0.0.1", "::1"):
            raise SignInRefused("redirect", "The browser may only be sent back to this machine.")
        described, _ = await self._described()
        state, nonce, verifier = tokens.new_secret(), tokens.new_secret(), secrets.token_urlsafe(48)
        request = tables.openid_request
        async with self._engine.begin() as connection:
            firm = await firm_of_device(connection, device, secret)
            await connection.execute(delete(request).where(request.c.until < utc_now()))
            await connection.execute(
                insert(request).values(
                    firm=firm, state=tokens.digest(state), device=device, nonce=nonce, verifier=verifier,
                    redirect=redirect, until=utc_now() + _LIFETIME,
                )
            )  # fmt: skip
        query = {
            "response_type": "code", "client_id": self._provider.client, "redirect_uri": redirect, "state": state,
            "scope": "openid email", "nonce": nonce, "code_challenge": _challenge(verifier),
            "code_challenge_method": "S256",
        }  # fmt: skip
        return Begun(f"{described['authorization_endpoint']}?{urlencode(query)}", state)

    async def finish(self, device: str, secret: str, state: str, code: str) -> SignedIn:
        """Raises SignInRefused."""
        request = tables.openid_request
        async with self._engine.begin() as connection:
            firm = await firm_of_device(connection, device, secret)
            mine = (request.c.firm == firm, request.c.state == tokens.digest(state), request.c.device == device)
            begun = (await connection.execute(delete(request).where(*mine).returning(request))).one_or_none()
        if begun is None or begun.until < utc_now():
            raise SignInRefused("expired", "This sign-in took too long. Begin again.")
        email = await self._email(code, begun.verifier, begun.redirect, begun.nonce)
        account = await self._accounts.is_account(firm, email)
        if account is None:
            raise SignInRefused("wrong", f"{email} is no user of this server. Ask an administrator.")
        return await self._accounts.admit(firm, account, device)

    async def _email(self, code: str, verifier: str, redirect: str, nonce: str) -> str:
        described, keys = await self._described()
        form = {
            "grant_type": "authorization_code", "code": code, "redirect_uri": redirect, "code_verifier": verifier,
            "client_id": self._provider.client,
        }  # fmt: skip
        who = None if self._provider.secret is None else (self._provider.client, self._provider.secret)
        if who is not None:
            del form["client_id"]
        try:
            async with httpx.AsyncClient(timeout=_TIMEOUT) as client:
                given = await client.post(
                    described["token_endpoint"], data=form, auth=who if who is not None else httpx.USE_CLIENT_DEFAULT
                )
                if given.status_code != 200:
                    raise SignInRefused("wrong", "The identity provider did not confirm this sign-in. Begin again.")
                claims = self._identity(str(given.json()["id_token"]), keys, nonce)
                if "email" not in claims and "userinfo_endpoint" in described:
                    bearer = {"Authorization": f"Bearer {given.json()['access_token']}"}
                    more = (await client.get(described["userinfo_endpoint"], headers=bearer)).raise_for_status().json()
                    if more["sub"] != claims["sub"]:
                        raise _no_provider()
                    claims = more
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            raise _no_provider() from error
        email = claims.get("email")
        if not isinstance(email, str) or claims.get("email_verified") is not True:
            raise SignInRefused("wrong", "The identity provider does not vouch for an e-mail address of this user.")
        return email.lower()

    def _identity(self, token: str, keys: KeySet, nonce: str) -> Mapping[str, Any]:
        """What an identity token says, if it is one for us and for this sign-in."""
        registry = jwt.JWTClaimsRegistry(
            leeway=_LEEWAY,
            iss={"essential": True, "value": self._provider.issuer},
            aud={"essential": True, "value": self._provider.client},
            nonce={"essential": True, "value": nonce},
            exp={"essential": True},
            sub={"essential": True},
        )
        try:
            claims = jwt.decode(token, keys, algorithms=_ALGORITHMS).claims
            registry.validate(claims)
        except (JoseError, ValueError) as error:
            raise SignInRefused("wrong", "What the identity provider said cannot be trusted.") from error
        return claims

    async def _described(self) -> tuple[Mapping[str, Any], KeySet]:
        """How the provider describes itself, and its keys. Raises SignInRefused."""
        if self._known is not None and time.monotonic() - self._known[0] < _KEPT:
            return self._known[1], self._known[2]
        try:
            async with httpx.AsyncClient(timeout=_TIMEOUT) as client:
                found = await client.get(self._provider.issuer.rstrip("/") + "/.well-known/openid-configuration")
                described = found.raise_for_status().json()
                if described["issuer"] != self._provider.issuer:
                    raise _no_provider()
                keys = KeySet.import_key_set((await client.get(described["jwks_uri"])).raise_for_status().json())
        except (httpx.HTTPError, ValueError, KeyError, TypeError, JoseError) as error:
            raise _no_provider() from error
        self._known = time.monotonic(), described, keys
        return described, keys


def _no_provider() -> SignInRefused:
    return SignInRefused("provider", "The firm's identity provider does not answer as it should. Try again later.")


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
