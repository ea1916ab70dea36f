"""The server as an ASGI application: where desks enrol, sign in and come in step, and how the server is."""

from __future__ import annotations

import contextlib
import ipaddress
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Annotated, Any, TypeVar

import msgspec
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.server.accounts import Accounts, SignedIn, SignInRefused
from app.server.devices import Devices
from app.server.hints import Hints
from app.server.hub import Hub
from app.server.limits import Allowances, TooLarge, body_of
from app.server.metrics import Metrics
from app.server.openid import OpenId, Provider
from app.server.postgres_ledger import PostgresLedger
from app.server.sync_doors import SyncDoors
from app.server.tokens import AccessTokens

T = TypeVar("T")
log = logging.getLogger(__name__)

_LARGEST_FORM = 16 * 1024
_FORMS, _BURST = 5.0, 50
"""Forms that one address may send a second, and at once."""


class Enrol(msgspec.Struct, forbid_unknown_fields=True):
    """``written``: the length of the desk's own chain."""

    code: str
    site: str
    written: Annotated[int, msgspec.Meta(ge=0, le=2**53)] = 0


class FromDevice(msgspec.Struct, forbid_unknown_fields=True):
    """What every form of an enrolled desk says."""

    device: str
    secret: str


class SignIn(FromDevice, forbid_unknown_fields=True):
    login: str
    password: str


class ChangePassword(SignIn, forbid_unknown_fields=True):
    new: str


class BeginOpenId(FromDevice, forbid_unknown_fields=True):
    """``redirect``: where the desk waits for the browser, ``http://127.0.0.1:PORT/...``."""

    redirect: str


class FinishOpenId(FromDevice, forbid_unknown_fields=True):
    state: str
    code: str


class Refresh(FromDevice, forbid_unknown_fields=True):
    refresh: str


class SignOut(msgspec.Struct, forbid_unknown_fields=True):
    refresh: str


FORMS: Mapping[str, type[msgspec.Struct]] = {
    "/enrol": Enrol,
    "/auth/login": SignIn,
    "/auth/password": ChangePassword,
    "/auth/openid/begin": BeginOpenId,
    "/auth/openid/finish": FinishOpenId,
    "/auth/refresh": Refresh,
    "/auth/logout": SignOut,
}
"""What is posted where, as JSON."""


class _Refused(Exception):
    def __init__(self, status: int, code: str, reason: str) -> None:
        super().__init__(reason)
        self.status, self.code = status, code


class _Unkept:
    """Nothing that the server answers is kept on the way."""

    def __init__(self, inner: ASGIApp) -> None:
        self._inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["Cache-Control"] = "no-store"
            await send(message)

        await self._inner(scope, receive, told)


class Doors:
    """Everything over one database. ``application`` is what uvicorn runs. ``nats``: for hints to other processes."""

    def __init__(
        self, url: str, engine: AsyncEngine, access: AccessTokens, provider: Provider | None = None, nats: str = ""
    ) -> None:
        self._engine = engine
        self.metrics = Metrics()
        self.ledger = PostgresLedger(engine)
        self.devices = Devices(engine)
        self.accounts = Accounts(engine, access)
        self.openid = None if provider is None else OpenId(provider, engine, self.accounts)
        self.hub = Hub(url, self.ledger, self.devices.get, self.metrics.answered)
        if nats:
            self.ledger.hints = Hints(nats, self.hub.told, self.hub.look)
        self._allowances = Allowances(_FORMS, _BURST)
        sync = SyncDoors(self.ledger, self.hub, self.devices, access, self.metrics)
        answers: dict[str, Callable[[Any], Awaitable[Response]]] = {
            "/enrol": self._enrol,
            "/auth/login": self._sign_in,
            "/auth/password": self._change_password,
            "/auth/openid/begin": self._begin_openid,
            "/auth/openid/finish": self._finish_openid,
            "/auth/refresh": self._refresh,
            "/auth/logout": self._sign_out,
        }
        self.application = Starlette(
            routes=[
                Route("/health", self._health),
                Route("/ready", self._ready),
                Route("/metrics", self._metrics),
                Route("/auth/openid", self._has_openid),
                *(Route(path, self._form(FORMS[path], answer), methods=["POST"]) for path, answer in answers.items()),
                Route("/sync", sync.post, methods=["POST"]),
                WebSocketRoute("/sync", sync.socket),
            ],
            middleware=[Middleware(_Unkept)],
            exception_handlers={HTTPException: _no_door},
            lifespan=self._lifespan,
        )
        # A redirect would name whatever host the request did.
        self.application.router.redirect_slashes = False

    @contextlib.asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        await self.hub.start()
        hints = self.ledger.hints
        if hints is not None:
            hints.start()
        yield
        if hints is not None:
            await hints.close()
        await self.hub.close()

    # -- how the server is

    async def _health(self, _: Request) -> Response:
        """That this is a Deskline server and its process answers."""
        return JSONResponse({"service": "deskline", "status": "ok"})

    async def _ready(self, _: Request) -> Response:
        """Whether it can serve desks now."""
        try:
            async with self._engine.connect() as connection:
                await connection.execute(text("SELECT 1"))
        except (SQLAlchemyError, OSError):
            return JSONResponse({"ready": False, "reason": "The database does not answer."}, 503)
        if not self.hub.listening:
            return JSONResponse({"ready": False, "reason": "The database does not tell what is new."}, 503)
        return JSONResponse({"ready": True})

    async def _metrics(self, request: Request) -> Response:
        """For who asks from this machine; a proxy must not pass it on."""
        if request.client is None or not ipaddress.ip_address(request.client.host).is_loopback:
            return JSONResponse({"code": "not-allowed", "reason": "Only from this machine."}, 403)
        return Response(self.metrics.text(), media_type="text/plain; version=0.0.4")

    # -- forms

    def _form(
        self, form: type[T], answer: Callable[[T], Awaitable[Response]]
    ) -> Callable[[Request], Awaitable[Response]]:
        async def door(request: Request) -> Response:
            try:
                if not self._allowances.take(request.client.host if request.client else ""):
                    raise _Refused(429, "busy", "Too many requests. Try again in a moment.")
                return await answer(_read(await body_of(request, _LARGEST_FORM), form))
            except _Refused as refused:
                return JSONResponse({"code": refused.code, "reason": str(refused)}, refused.status)
            except TooLarge:
                return JSONResponse({"code": "oversize", "reason": "The request is too large."}, 413)
            except SignInRefused as refused:
                return self._not_signed_in(refused)
            except (SQLAlchemyError, OSError) as error:
                log.error("the database failed: %s", type(error).__name__)
                return JSONResponse({"code": "busy", "reason": "The server's database does not answer."}, 503)

        return door

    def _not_signed_in(self, refused: SignInRefused) -> Response:
        self.metrics.sign_ins.labels(refused.code).inc()
        log.info("not signed in", extra={"code": refused.code})
        status = {
            "change-password": 403,
            "device": 403,
            "code": 403,
            "locked": 429,
            "weak": 422,
            "redirect": 422,
            "provider": 502,
        }.get(refused.code, 401)
        headers = {"Retry-After": str(refused.retry_after)} if refused.retry_after else None
        body = {"code": refused.code, "reason": str(refused), "retry_after": refused.retry_after}
        return JSONResponse(body, status, headers)

    def _signed_in(self, signed_in: SignedIn) -> Response:
        self.metrics.sign_ins.labels("ok").inc()
        return _json(signed_in)

    async def _enrol(self, form: Enrol) -> Response:
        return _json(await self.devices.enrol(form.code, form.site, form.written))

    async def _sign_in(self, form: SignIn) -> Response:
        return self._signed_in(await self.accounts.sign_in(form.device, form.secret, form.login, form.password))

    async def _change_password(self, form: ChangePassword) -> Response:
        signed_in = await self.accounts.change_password(form.device, form.secret, form.login, form.password, form.new)
        return self._signed_in(signed_in)

    async def _has_openid(self, _: Request) -> Response:
        return JSONResponse({"available": self.openid is not None})

    async def _begin_openid(self, form: BeginOpenId) -> Response:
        return _json(await self._provider().begin(form.device, form.secret, form.redirect))

    async def _finish_openid(self, form: FinishOpenId) -> Response:
        return self._signed_in(await self._provider().finish(form.device, form.secret, form.state, form.code))

    def _provider(self) -> OpenId:
        if self.openid is None:
            raise _Refused(404, "not-available", "This server has no identity provider. Sign in with a password.")
        return self.openid

    async def _refresh(self, form: Refresh) -> Response:
        return self._signed_in(await self.accounts.refresh(form.device, form.secret, form.refresh))

    async def _sign_out(self, form: SignOut) -> Response:
        await self.accounts.sign_out(form.refresh)
        return Response(status_code=204)


async def _no_door(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code, reason = {
        404: ("not-found", "There is no such address."),
        405: ("not-allowed", "This address does not take that method."),
    }.get(error.status_code, ("refused", error.detail))
    return JSONResponse({"code": code, "reason": reason}, error.status_code, error.headers)


def _read(body: bytes, form: type[T]) -> T:
    try:
        found = msgspec.json.decode(body, type=form)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise _Refused(422, "malformed", "The request is not what this address takes.") from error
    if b"\\u0000" in body:  # Postgres holds no such text
        raise _Refused(422, "malformed", "The request is not what this address takes.")
    return found


def _json(value: object) -> Response:
    return Response(msgspec.json.encode(value), media_type="application/json")
