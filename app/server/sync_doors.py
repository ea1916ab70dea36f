"""The doors through which desks come in step: the websocket ``/sync``, and ``POST`` where it does not get through."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import psycopg
from sqlalchemy.exc import DataError, SQLAlchemyError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.websockets import WebSocket, WebSocketDisconnect

from app.records.migrations import CURRENT
from app.server.devices import Devices
from app.server.hub import Guest, Hub, Why
from app.server.ledger import Ledger
from app.server.limits import Allowance, Allowances, TooLarge, body_of
from app.server.metrics import Metrics
from app.server.postgres_ledger import wall_clock
from app.server.sync import Connection, Device
from app.server.tokens import AccessTokens, BadToken, Claims
from app.sync.ground import Verdict
from app.sync.protocol import (
    LONGEST_POLL,
    MAX_FRAME,
    BadFrame,
    Failure,
    FromDesk,
    FromServer,
    Hello,
    Purged,
    Push,
    Renew,
    Renewed,
    Welcome,
    encode,
    read_from_desk,
)
from app.sync.transports import framed

log = logging.getLogger(__name__)

MALFORMED, TOKEN, REVOKED, SUPERSEDED, BUSY = 4400, 4401, 4403, 4409, 1013
_ENDED: Mapping[Why, tuple[int, str]] = {
    "superseded": (SUPERSEDED, "Another connection of this desk took over."),
    "going away": (1001, "The server stops, or starts anew."),
}
"""Close codes, as RFC 6455 has them or of our own."""
_MESSAGES, _BURST = 50.0, 500
_POSTS, _POST_BURST = 20.0, 100
"""That a desk may send a second, and at once."""

_DATABASE = (psycopg.Error, SQLAlchemyError, OSError, TimeoutError)


class SyncDoors:
    def __init__(self, ledger: Ledger, hub: Hub, devices: Devices, access: AccessTokens, metrics: Metrics) -> None:
        self._ledger = ledger
        self._hub = hub
        self._devices = devices
        self._access = access
        self._metrics = metrics
        self._allowances = Allowances(_POSTS, _POST_BURST)  # by device

    # -- the websocket

    async def socket(self, socket: WebSocket) -> None:
        try:
            claims = self._access.read(_bearer(socket.headers.get("authorization", "")))
            device = await self._devices.get(claims.firm, claims.device)
        except BadToken as error:
            await socket.send_denial_response(_refusal(401, "token-expired", str(error)))
            return
        except _DATABASE:
            await socket.send_denial_response(_refusal(503, "busy", "The server cannot answer at the moment."))
            return
        if device is None:
            await socket.send_denial_response(_refusal(403, "not-allowed", "This desk is not enrolled."))
            return
        if not _still_counts(claims, device):
            await socket.send_denial_response(_refusal(401, "token-expired", "Please sign in again."))
            return
        await socket.accept()
        await _Visit(self, socket, claims, device).run()

    # -- one frame by POST

    async def post(self, request: Request) -> Response:
        try:
            claims = self._access.read(_bearer(request.headers.get("authorization", "")))
        except BadToken as error:
            return _refusal(401, "token-expired", str(error))
        try:
            message = read_from_desk(await body_of(request, MAX_FRAME))
        except TooLarge:
            return _refusal(413, "oversize", f"A frame has at most {MAX_FRAME} bytes.")
        except BadFrame as error:
            return _framed([Failure("malformed", str(error))])
        if not self._allowances.take(claims.device):
            return _framed([Failure("busy", "Too many messages at once.", retry=True)])
        try:
            device = await self._devices.get(claims.firm, claims.device)
            if device is None:
                return _refusal(403, "not-allowed", "This desk is not enrolled.")
            if not _still_counts(claims, device):
                return _refusal(401, "token-expired", "Please sign in again.")
            return _framed(await self._answers(message, device))
        except _DATABASE as error:
            return _framed([failed(error)])

    async def _answers(self, message: FromDesk, device: Device) -> list[FromServer]:
        connection = self.connection(device, alone=not isinstance(message, Hello))
        answers = await self.handled(connection, message)
        if connection.waiting_at is None:
            return answers
        news: asyncio.Future[Sequence[FromServer]] = asyncio.get_running_loop().create_future()

        async def take(told: Sequence[FromServer]) -> None:
            if not news.done():
                news.set_result(told)

        def end(_: Why) -> None:
            if not news.done():
                news.set_result(connection.give_up_waiting())

        guest = Guest(connection, take, end, shares=True)
        self._hub.join(guest)
        try:
            self._hub.waits(guest)
            async with asyncio.timeout(LONGEST_POLL):
                return [*answers, *await news]
        except TimeoutError:
            return [*answers, *connection.give_up_waiting()]
        finally:
            self._hub.leave(guest)

    # -- both

    def connection(self, device: Device, *, alone: bool = False) -> Connection:
        return Connection(
            self._ledger,
            device,
            now=wall_clock,
            schema_version=CURRENT,
            compute=_beside,
            alone=alone,
            newest=lambda: self._hub.newest(device.firm),
        )

    async def handled(self, connection: Connection, message: FromDesk) -> list[FromServer]:
        """What the desk's conversation answers, and what of it concerns the door."""
        began = time.perf_counter()
        if isinstance(message, Hello):
            device = connection.device
            await self._devices.seen(device, message.app_version)
            # An administrator may have changed it after it was let in and before it could be told.
            connection.device = await self._devices.get(device.firm, device.id) or device
        if isinstance(message, Purged):
            await self._devices.purged(connection.device, message.scopes)
            return []
        answers = await connection.handle(message)
        if isinstance(message, Push):
            self._metrics.pushed(len(message.entries), time.perf_counter() - began)
        for answer in answers:
            if isinstance(answer, Welcome):
                self._hub.heard(connection.device.firm, answer.head)
        self._metrics.answered(answers)
        return answers

    def join(self, guest: Guest) -> None:
        self._hub.join(guest)
        self._metrics.connections.set(self._hub.guests)

    def leave(self, guest: Guest) -> None:
        self._hub.leave(guest)
        self._metrics.connections.set(self._hub.guests)

    def waits(self, guest: Guest) -> None:
        self._hub.waits(guest)

    def renewed(self, token: str, device: Device) -> Claims | None:
        try:
            claims = self._access.read(token)
        except BadToken:
            return None
        return claims if (claims.firm, claims.device) == (device.firm, device.id) else None


class _Visit:
    """One websocket from its opening to its end."""

    def __init__(self, doors: SyncDoors, socket: WebSocket, claims: Claims, device: Device) -> None:
        self._doors = doors
        self._socket = socket
        self._expires = claims.expires
        self._connection = doors.connection(device)
        self._sending = asyncio.Lock()
        self._ended: asyncio.Future[Why] = asyncio.get_running_loop().create_future()
        self._guest = Guest(self._connection, self._send, self._end)
        self._allowance = Allowance(_MESSAGES, _BURST)

    async def run(self) -> None:
        self._doors.join(self._guest)
        try:
            while True:
                receiving = asyncio.create_task(self._socket.receive_bytes())
                left = max(self._expires - time.time(), 0)
                either: set[asyncio.Future[Any]] = {receiving, self._ended}
                await asyncio.wait(either, timeout=left, return_when=asyncio.FIRST_COMPLETED)
                # A desk that never pauses goes too.
                if not receiving.done() or self._ended.done() or time.time() >= self._expires:
                    receiving.cancel()
                    await asyncio.gather(receiving, return_exceptions=True)
                    if self._ended.done():
                        return await self._close(*_ENDED[self._ended.result()])
                    return await self._close(TOKEN, "The access token has expired.")
                code = await self._take(receiving.result())
                if code is not None:
                    return await self._close(code, "")
        except (WebSocketDisconnect, KeyError, RuntimeError):
            return None  # gone, in the middle of whatever it was; KeyError: it sent text
        finally:
            self._doors.leave(self._guest)

    async def _take(self, frame: bytes) -> int | None:
        """Handles a frame; the code to close with, if that is due."""
        if not self._allowance.take():
            await self._send([Failure("busy", "Too many messages at once.", retry=True)])
            return BUSY
        try:
            message = read_from_desk(frame)
        except BadFrame as error:
            await self._send([Failure("malformed", str(error))])
            return MALFORMED
        if isinstance(message, Renew):
            return await self._renew(message.token)
        try:
            async with self._guest.busy:
                answers = await self._doors.handled(self._connection, message)
        except _DATABASE as error:
            failure = failed(error)
            await self._send([failure])
            return BUSY if failure.retry else MALFORMED
        await self._send(answers)
        self._doors.waits(self._guest)
        if isinstance(message, Purged) and self._connection.device.revoked:
            return REVOKED
        return None

    async def _renew(self, token: str) -> int | None:
        claims = self._doors.renewed(token, self._connection.device)
        if claims is None:
            await self._send([Failure("token-expired", "Please sign in again.", retry=True)])
            return TOKEN
        self._expires = claims.expires
        await self._send([Renewed(claims.expires)])
        return None

    async def _send(self, answers: Sequence[FromServer]) -> None:
        async with self._sending:
            for answer in answers:
                await self._socket.send_bytes(encode(answer))

    def _end(self, why: Why) -> None:
        if not self._ended.done():
            self._ended.set_result(why)

    async def _close(self, code: int, reason: str) -> None:
        await self._socket.close(code, reason)


def failed(error: Exception) -> Failure:
    """What a desk is told when the database does not do as it should."""
    if isinstance(error, psycopg.DataError | DataError):  # no desk of ours writes what Postgres cannot hold
        log.warning("refused what cannot be stored: %s", type(error).__name__)
        return Failure("malformed", "A change of the push cannot be stored.")
    log.error("the database failed: %s", type(error).__name__)
    return Failure("busy", "The server's database does not answer at the moment. Nothing is lost.", retry=True)


async def _beside(work: Callable[[], Verdict]) -> Verdict:
    return await asyncio.to_thread(work)


def _still_counts(claims: Claims, device: Device) -> bool:
    """Whether who signed in there still may. A revoked desk comes in to hear that it is."""
    return device.revoked or claims.account in device.users


def _bearer(header: str) -> str:
    scheme, _, token = header.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _framed(answers: Sequence[FromServer]) -> Response:
    return Response(framed([encode(answer) for answer in answers]), media_type="application/octet-stream")


def _refusal(status: int, code: str, reason: str) -> JSONResponse:
    return JSONResponse({"code": code, "reason": reason}, status)
