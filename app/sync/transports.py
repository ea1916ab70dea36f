"""Ways to the server: a websocket, and plain POSTs where something on the way does not let websockets through."""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
from collections.abc import Awaitable, Callable
from typing import Protocol

import httpx
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as connect_websocket
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage, InvalidStatus

from app.sync.protocol import LONGEST_POLL, MAX_FRAME

OPEN_TIMEOUT = 10.0
PING_INTERVAL = 15.0
"""Seconds; a server that does not answer a ping for as long again is gone, whatever the network says."""

_SOMEBODY_ELSE = "Something else answered in the server's place, perhaps a network's sign-in page."
_POST_TIMEOUT = LONGEST_POLL + 15.0


class Unreachable(Exception):
    """No connection, or it ended; ``str()`` says why in a sentence."""


class TokenRefused(Exception):
    """The server does not take this access token any more."""


class Connection(Protocol):
    async def send(self, frame: bytes) -> None: ...

    async def receive(self) -> bytes:
        """The next frame. Raises Unreachable, TokenRefused."""

    async def close(self) -> None: ...


async def connect(url: str, token: str, tls: ssl.SSLContext | None) -> Connection:
    """Opens a connection to the server at ``url`` (http or https): a websocket, or POSTs if those get through instead.

    Raises Unreachable, TokenRefused.
    """
    try:
        return await _Socket.open(url, token, tls)
    except _NoWebsocket as refused:
        posts = _Posts(url, token, tls)
        try:
            await posts.check()
        except Unreachable:
            await posts.close()
            raise Unreachable(str(refused)) from refused
        return posts


class _NoWebsocket(Exception):
    """The server, or something before it, answered, but did not make a websocket of it."""


class _Socket:
    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    @classmethod
    async def open(cls, url: str, token: str, tls: ssl.SSLContext | None) -> _Socket:
        address = url.replace("http", "ws", 1).rstrip("/") + "/sync"
        try:
            socket = await connect_websocket(
                address,
                additional_headers={"Authorization": f"Bearer {token}"},
                ssl=tls if address.startswith("wss") else None,
                max_size=MAX_FRAME,
                compression=None,  # the frames are compressed already
                open_timeout=OPEN_TIMEOUT,
                ping_interval=PING_INTERVAL,
                ping_timeout=PING_INTERVAL,
            )
        except InvalidStatus as error:
            if error.response.status_code == 401:
                raise TokenRefused from error
            if reason := _reason(error.response.body):
                raise Unreachable(reason) from error
            if error.response.status_code >= 500:
                raise Unreachable("The server is there but cannot answer at the moment.") from error
            raise _NoWebsocket("Something between here and the server does not let the connection through.") from error
        except (InvalidHandshake, InvalidMessage) as error:
            raise _NoWebsocket(_SOMEBODY_ELSE) from error
        except (OSError, TimeoutError) as error:
            raise unreachable(error) from error
        return cls(socket)

    async def send(self, frame: bytes) -> None:
        with contextlib.suppress(ConnectionClosed):  # the reader hears of it, with the reason
            await self._socket.send(frame)

    async def receive(self) -> bytes:
        try:
            frame = await self._socket.recv(decode=False)
        except ConnectionClosed as error:
            if error.rcvd is not None and error.rcvd.code == 4401:
                raise TokenRefused from error
            reason = error.rcvd.reason if error.rcvd is not None and error.rcvd.reason else "The connection broke."
            raise Unreachable(reason) from error
        return frame

    async def close(self) -> None:
        await self._socket.close()


class _Posts:
    """Each frame is a POST of its own and brings its answers back; a waiting pull does not hold up a push."""

    def __init__(self, url: str, token: str, tls: ssl.SSLContext | None) -> None:
        self._client = httpx.AsyncClient(
            base_url=url,
            headers={"Authorization": f"Bearer {token}", "Content-Type": "application/octet-stream"},
            verify=tls if tls is not None else True,
            timeout=httpx.Timeout(_POST_TIMEOUT, connect=OPEN_TIMEOUT),
        )
        self._arrived: asyncio.Queue[bytes | Exception] = asyncio.Queue()
        self._tasks: set[asyncio.Task[None]] = set()

    async def check(self) -> None:
        """Whether it is our server that answers. Raises Unreachable."""
        try:
            answer = await self._client.get("/health")
            known = answer.status_code == 200 and answer.json().get("service") == "deskline"
        except (httpx.HTTPError, ValueError) as error:
            raise unreachable(error) from error
        if not known:
            raise Unreachable(_SOMEBODY_ELSE)

    async def send(self, frame: bytes) -> None:
        task = asyncio.create_task(self._post(frame))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def receive(self) -> bytes:
        arrived = await self._arrived.get()
        if isinstance(arrived, Exception):
            raise arrived
        return arrived

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._client.aclose()

    async def _post(self, frame: bytes) -> None:
        try:
            answer = await self._client.post("/sync", content=frame)
        except httpx.HTTPError as error:
            self._arrived.put_nowait(unreachable(error))
            return
        if answer.status_code == 401:
            self._arrived.put_nowait(TokenRefused())
        elif answer.status_code != 200:
            words = _reason(answer.content) or f"The server answered with status {answer.status_code}."
            self._arrived.put_nowait(Unreachable(words))
        else:
            for each in frames_in(answer.content):
                self._arrived.put_nowait(each)


def frames_in(body: bytes) -> list[bytes]:
    """The frames of a POST's answer, each after its length (4 bytes, big-endian). What is cut off is left out."""
    frames: list[bytes] = []
    at = 0
    while at + 4 <= len(body):
        end = at + 4 + int.from_bytes(body[at : at + 4], "big")
        if end > len(body):
            break
        frames.append(body[at + 4 : end])
        at = end
    return frames


def framed(frames: list[bytes]) -> bytes:
    """The inverse."""
    return b"".join(len(frame).to_bytes(4, "big") + frame for frame in frames)


def _reason(body: bytes | bytearray | None) -> str:
    """The sentence in one of our server's refusals; empty where somebody else answered."""
    try:
        found = json.loads(body or b"")
        return str(found["reason"]) if "code" in found else ""
    except (ValueError, TypeError, KeyError):
        return ""


def unreachable(error: Exception) -> Unreachable:
    """What a failure of a connection means, in a sentence."""
    return Unreachable(_sentence(error))


def _sentence(error: Exception) -> str:
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ssl.SSLCertVerificationError):
        cause = cause.__cause__ or cause.__context__
    if cause is not None:
        return "The server's certificate is not the one this desk was enrolled with."
    if isinstance(error, TimeoutError | httpx.TimeoutException):
        return "The server does not answer."
    return "The server cannot be reached."


Connect = Callable[[str], Awaitable[Connection]]
"""Opens a connection with an access token."""
