"""How a desk comes to a server: the address and its certificate, enrolment by a code, and who is signed in.

What is kept with the records (``Enrolment``) is no secret; the device's secret and the refresh token are for the
keyring (``Secrets``), and the access token stays in memory.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol, TypeVar
from urllib.parse import urlsplit

import httpx
import msgspec
from sqlalchemy import Connection

from app.records.chain import Authored
from app.records.store import Records
from app.sync import browser
from app.sync.client import SignInNeeded
from app.sync.kept import ENROLMENT, keep, read_kept
from app.sync.transports import Unreachable, unreachable

T = TypeVar("T")

DEVICE_SECRET, REFRESH_TOKEN = "device secret", "refresh token"
SIGN_IN = "Sign in again to go on. Everything is kept and goes to the server afterwards."
_EARLY = 120.0
"""Seconds before its end that an access token is renewed."""
_TIMEOUT = 20.0


class Refused(Exception):
    """The server said no; ``str()`` is its sentence, ``code`` is for the program."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class ServerUser(msgspec.Struct, frozen=True):
    id: str
    name: str
    login: str
    roles: tuple[str, ...] = ()


class Enrolment(msgspec.Struct, frozen=True):
    """With which server, as which device. ``certificate`` (PEM) is the only one that is trusted; empty: any that the
    system trusts. ``user``: who signed in last."""

    url: str
    certificate: str
    firm: str
    firm_name: str
    device: str
    desk: str
    user: ServerUser | None = None


class OpenIdOffered(msgspec.Struct, frozen=True):
    available: bool


class OpenIdBegun(msgspec.Struct, frozen=True):
    url: str
    state: str


class SignedIn(msgspec.Struct, frozen=True):
    user: ServerUser
    access: str
    refresh: str


class Enrolled(msgspec.Struct, frozen=True):
    """``history``: what the desk has already goes to the server too."""

    firm: str
    firm_name: str
    device: str
    secret: str
    desk: str
    history: bool = False


class _Refusal(msgspec.Struct, frozen=True):
    code: str = ""
    reason: str = ""


class _Claims(msgspec.Struct, frozen=True):
    iat: int
    exp: int


class Secrets(Protocol):
    """Where secrets of this desk are kept. Blocking; what it raises says what the user can do."""

    def get(self, name: str) -> str | None: ...

    def set(self, name: str, secret: str) -> None: ...

    def forget(self, name: str) -> None: ...


# -- the address and its certificate


def fingerprint(certificate: str) -> str:
    """SHA-256 of a PEM certificate, as the server prints it: pairs of hexadecimal digits between colons."""
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(certificate)).digest().hex(":").upper()


async def self_made_certificate(url: str) -> str:
    """The server's certificate (PEM) if the system does not trust it, so that the user may; else empty.

    Raises Unreachable.
    """
    parts = urlsplit(url)
    if parts.scheme != "https":
        return ""
    host, port = parts.hostname or "", parts.port or 443
    with contextlib.suppress(ssl.SSLCertVerificationError):
        await _handshake(host, port, ssl.create_default_context())
        return ""
    anybody = ssl.create_default_context()
    anybody.check_hostname, anybody.verify_mode = False, ssl.CERT_NONE
    return ssl.DER_cert_to_PEM_cert(await _handshake(host, port, anybody))


async def _handshake(host: str, port: int, context: ssl.SSLContext) -> bytes:
    try:
        async with asyncio.timeout(_TIMEOUT):
            _, writer = await asyncio.open_connection(host, port, ssl=context)
    except ssl.SSLCertVerificationError:
        raise
    except (OSError, TimeoutError) as error:
        raise unreachable(error) from error
    try:
        found: bytes = writer.get_extra_info("ssl_object").getpeercert(binary_form=True) or b""
        return found
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


def tls(certificate: str) -> ssl.SSLContext:
    """Trusts the enrolled certificate alone, under whatever name; without one, what the system trusts."""
    if not certificate:
        return ssl.create_default_context()
    context = ssl.create_default_context(cadata=certificate)
    context.check_hostname = False
    return context


# -- what is kept with the records


def enrolment_of(records: Records) -> Enrolment | None:
    with records.read() as session:
        return read_kept(session, ENROLMENT, Enrolment)


def keep_enrolment(records: Records, enrolment: Enrolment) -> None:
    def work(connection: Connection) -> Sequence[Authored]:
        keep(connection, ENROLMENT, enrolment)
        return ()

    records.receive(work)


# -- the server's forms


class Forms:
    """Enrolling and signing in. Calls raise Refused, Unreachable."""

    def __init__(self, url: str, certificate: str) -> None:
        self._client = httpx.AsyncClient(base_url=url, verify=tls(certificate), timeout=_TIMEOUT)

    async def close(self) -> None:
        await self._client.aclose()

    async def enrol(self, code: str, site: str, written: int) -> Enrolled:
        return await self._post("/enrol", {"code": code, "site": site, "written": written}, Enrolled)

    async def sign_in(self, device: str, secret: str, login: str, password: str, new: str = "") -> SignedIn:
        """``new``: the password to have from now on."""
        form = {"device": device, "secret": secret, "login": login, "password": password}
        if new:
            return await self._post("/auth/password", {**form, "new": new}, SignedIn)
        return await self._post("/auth/login", form, SignedIn)

    async def offers_openid(self) -> bool:
        return (await self._ask("GET", "/auth/openid", None, OpenIdOffered)).available

    async def begin_openid(self, device: str, secret: str, back: str) -> OpenIdBegun:
        """``back``: where the browser is to be sent back to."""
        form = {"device": device, "secret": secret, "redirect": back}
        return await self._post("/auth/openid/begin", form, OpenIdBegun)

    async def finish_openid(self, device: str, secret: str, state: str, code: str) -> SignedIn:
        form = {"device": device, "secret": secret, "state": state, "code": code}
        return await self._post("/auth/openid/finish", form, SignedIn)

    async def refresh(self, device: str, secret: str, token: str) -> SignedIn:
        return await self._post("/auth/refresh", {"device": device, "secret": secret, "refresh": token}, SignedIn)

    async def sign_out(self, token: str) -> None:
        with contextlib.suppress(httpx.HTTPError):  # it ends by itself, and nobody waits for that
            await self._client.post("/auth/logout", json={"refresh": token})

    async def _post(self, path: str, form: Mapping[str, object], answer: type[T]) -> T:
        return await self._ask("POST", path, form, answer)

    async def _ask(self, method: str, path: str, form: Mapping[str, object] | None, answer: type[T]) -> T:
        try:
            given = await self._client.request(method, path, json=form)
        except httpx.HTTPError as error:
            raise unreachable(error) from error
        try:
            if given.status_code == 200:
                return msgspec.json.decode(given.content, type=answer)
            refusal = msgspec.json.decode(given.content, type=_Refusal)
        except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
            raise Unreachable("Something else answered in the server's place.") from error
        if given.status_code >= 500 or given.status_code == 429 and refusal.code != "locked":
            raise Unreachable(refusal.reason or "The server is there but cannot answer at the moment.")
        raise Refused(refusal.code, refusal.reason or "The server refused.")


# -- who is signed in


class Pass:
    """The access token, renewed with the refresh token. Lives on the I/O loop."""

    def __init__(self, forms: Forms, device: str, secrets: Secrets) -> None:
        self._forms, self._device, self._secrets = forms, device, secrets
        self._access = ""
        self._good_until = 0.0
        self._renewing = asyncio.Lock()

    async def token(self, fresh: bool = False) -> str:
        """A valid access token; ``fresh``: another one than before. Raises SignInNeeded, Unreachable."""
        before = self._access
        async with self._renewing:
            if self._access and self._access != before:  # somebody renewed it while we waited
                return self._access
            if not fresh and time.monotonic() < self._good_until:
                return self._access
            secret, refresh = await self._kept(DEVICE_SECRET), await self._kept(REFRESH_TOKEN)
            if secret is None or refresh is None:
                raise SignInNeeded(SIGN_IN)
            try:
                await self._take(await self._forms.refresh(self._device, secret, refresh))
            except Refused as refused:
                self._access, self._good_until = "", 0.0
                await asyncio.to_thread(self._secrets.forget, REFRESH_TOKEN)
                raise SignInNeeded(str(refused)) from refused
            return self._access

    async def sign_in(self, login: str, password: str, new: str = "") -> ServerUser:
        """Raises Refused (``change-password``: with ``new`` it goes on), Unreachable, SignInNeeded."""
        secret = await self._device_secret()
        async with self._renewing:
            signed_in = await self._forms.sign_in(self._device, secret, login, password, new)
            await self._take(signed_in)
        return signed_in.user

    async def sign_in_by_browser(self, open_page: Callable[[str], Awaitable[None]]) -> ServerUser:
        """At the firm's identity provider, in the browser that ``open_page`` opens. Raises Refused, Unreachable,
        SignInNeeded."""
        secret = await self._device_secret()
        async with browser.waiting() as back:
            begun = await self._forms.begin_openid(self._device, secret, back.address)
            back.state = begun.state
            await open_page(begun.url)
            try:
                code = await back.code()
            except browser.NotSignedIn as error:
                raise Refused("wrong", str(error)) from error
        async with self._renewing:
            signed_in = await self._forms.finish_openid(self._device, secret, begun.state, code)
            await self._take(signed_in)
        return signed_in.user

    async def sign_out(self) -> None:
        """What is not at the server yet stays here until somebody signs in."""
        async with self._renewing:
            refresh = await self._kept(REFRESH_TOKEN)
            self._access, self._good_until = "", 0.0
            await asyncio.to_thread(self._secrets.forget, REFRESH_TOKEN)
        if refresh is not None:
            await self._forms.sign_out(refresh)

    async def _device_secret(self) -> str:
        secret = await self._kept(DEVICE_SECRET)
        if secret is None:
            raise SignInNeeded("This desk's secret is no longer in the keyring. Ask for a new code and enrol it again.")
        return secret

    async def _kept(self, name: str) -> str | None:
        try:
            return await asyncio.to_thread(self._secrets.get, name)
        except Exception as error:  # a locked keyring: it may be open when it is tried again
            raise Unreachable(str(error)) from error

    async def _take(self, signed_in: SignedIn) -> None:
        await asyncio.to_thread(self._secrets.set, REFRESH_TOKEN, signed_in.refresh)
        self._access = signed_in.access
        self._good_until = time.monotonic() + _lifetime(signed_in.access) - _EARLY


def _lifetime(token: str) -> float:
    """Seconds that a fresh token lives, as it says itself: the two clocks need not agree."""
    try:
        body = token.split(".")[1]
        claims = msgspec.json.decode(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)), type=_Claims)
    except (IndexError, ValueError):
        return 0.0
    return float(claims.exp - claims.iat)
