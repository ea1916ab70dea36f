"""The agent's end of connections: programs (WSCP, ``/fdc3``), host pages of web apps (``/web``), and plain GETs.

Loopback only; nobody joins without a secret. Requests that name another host are refused, whatever they ask for: that
is how a web page elsewhere would come here by a name that it points at this machine.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import functools
import logging
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Protocol

from websockets.asyncio.connection import broadcast
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode
from websockets.http11 import Request, Response
from websockets.protocol import State
from websockets.typing import Subprotocol

from fdc3.directory import AppDirectory
from fdc3.limits import BURST, RATE, Allowance
from fdc3.transports import http_pages
from fdc3.transports.link import FRAMES, LARGEST_REQUEST, Outlet
from fdc3.transports.web_gateway import WebGateway
from fdc3.types import wscp
from fdc3.types.metadata import ImplementationMetadata
from fdc3.types.wire import Dialect

logger = logging.getLogger(__name__)

MAX_UNSENT = 32 * 1024 * 1024
"""Bytes an app may leave unread before it is cut off."""
INTRODUCTION_SECONDS = 5.0
PAGES = 4
"""A host page carries the messages of many apps: it has the allowance of so many."""


class Gate(Protocol):
    """What the server needs of the host."""

    web: WebGateway

    @property
    def directory(self) -> AppDirectory: ...

    def admit(self, secret: str) -> str | None:
        """The instance that a secret was minted for."""

    def welcome(self, instance_id: str, outlet: Outlet, dialect: Dialect | None = None) -> ImplementationMetadata:
        """An instance is connected by ``outlet``, which supersedes any earlier one. Nothing is delivered yet."""

    def ready(self, instance_id: str, outlet: Outlet) -> None:
        """The instance has been answered; deliver what there is."""

    def receive(self, instance_id: str, outlet: Outlet, data: bytes) -> None: ...

    def detach(self, instance_id: str, outlet: Outlet) -> None:
        """The instance said goodbye."""

    def interrupted(self, instance_id: str, outlet: Outlet) -> None:
        """The socket has closed. Unless it said goodbye or was superseded, the instance may come back."""


class SocketOutlet:
    """One socket. Messages are written at once, without waiting; an app that does not read is cut off."""

    def __init__(self, connection: ServerConnection, cut_off: Callable[[SocketOutlet], None]) -> None:
        self._connection = connection
        self._cut_off = cut_off
        self._overflowed = False
        self._closing: asyncio.Task[None] | None = None
        self._unsent: list[bytes] = []

    def deliver(self, data: bytes) -> bool:
        if self._overflowed:
            return True
        if self._closing is not None or self._connection.state is not State.OPEN:
            return False
        if self._connection.transport.get_write_buffer_size() > MAX_UNSENT:
            # Its messages have a gap now, so it may not resume: it has to start afresh. If it goes on reading it finds
            # the reason at their end, else the socket is aborted after a while.
            self._overflowed = True
            self.shut("messages were not read")
            asyncio.get_running_loop().call_soon(self._cut_off, self)
            return True
        if not self._unsent:
            asyncio.get_running_loop().call_soon(self._flush)
        self._unsent.append(_framed(data))
        return True

    def _flush(self) -> None:
        """What has come together in one turn of the loop is written at once: a system call costs more than all else."""
        unsent, self._unsent = self._unsent, []
        if self._connection.state is State.OPEN:
            self._connection.transport.write(b"".join(unsent))

    def shut(self, reason: str, *, superseded: bool = False) -> None:
        if self._closing is None:
            code = wscp.SUPERSEDED if superseded else 1001
            self._closing = asyncio.ensure_future(self._connection.close(code, reason))

    def goodbye(self) -> None:
        self._flush()
        broadcast([self._connection], wscp.encode(wscp.WSCPGoodbye(meta=wscp.GoodbyeMeta(_now()))), text=True)


class WebSocketServer:
    """``origins``: Origin headers to accept on ``/fdc3``. A program sends none; a web page does, and is refused."""

    def __init__(self, gate: Gate, *, port: int = 0, origins: Sequence[str] = ()) -> None:
        self._gate = gate
        self.port = port
        """0: one that is free, until ``start``."""
        self._authority = ""
        self._origins = [None, *origins]
        self._server: Server | None = None
        self._outlets: set[SocketOutlet] = set()

    async def start(self) -> str:
        """Listens on 127.0.0.1 and returns the URL."""
        self._server = await serve(
            self._serve,
            "127.0.0.1",
            self.port,
            process_request=self._process,
            subprotocols=[Subprotocol(wscp.SPEAKS_3_0)],
            select_subprotocol=_subprotocol,
            compression=None,
            max_size=LARGEST_REQUEST,
            open_timeout=INTRODUCTION_SECONDS,
            server_header=None,
            logger=FRAMES,
        )
        self.port = next(iter(self._server.sockets)).getsockname()[1]
        self._authority = f"127.0.0.1:{self.port}"
        self._gate.web.address = f"http://{self._authority}"
        return f"ws://{self._authority}/fdc3"

    async def close(self) -> None:
        for outlet in self._outlets:
            outlet.goodbye()
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    def _process(self, connection: ServerConnection, request: Request) -> Response | None:
        """Lets a websocket request through (None), or answers it."""
        path, origins = request.path, request.headers.get_all("Origin")
        if request.headers.get_all("Host") != [self._authority]:
            return connection.respond(HTTPStatus.MISDIRECTED_REQUEST, "This is not the host you asked for.\n")
        if path in ("/fdc3", "/web"):
            allowed = self._origins if path == "/fdc3" else [self._gate.web.address]
            if (origins[0] if origins else None) in allowed and len(origins) < 2:
                return None
            return connection.respond(HTTPStatus.FORBIDDEN, "Not from there.\n")
        if request.method != "GET":
            return connection.respond(HTTPStatus.METHOD_NOT_ALLOWED, "Only GET.\n")
        page = http_pages.answer(path, self._gate.directory)
        response = connection.respond(page.status, page.body)
        del response.headers["Content-Type"]
        response.headers.update(page.headers(self._authority))
        return response

    async def _serve(self, connection: ServerConnection) -> None:
        if connection.request is not None and connection.request.path == "/web":
            await self._carry_page(connection)
        else:
            await self._join(connection)

    async def _carry_page(self, connection: ServerConnection) -> None:
        """The socket of a host page."""

        def cut_off(overflowed: SocketOutlet) -> None:
            logger.warning("A page of web apps that does not read its messages was cut off")
            if page is not None:
                page.cut_off(overflowed)

        outlet = SocketOutlet(connection, cut_off)
        page = None
        try:
            async with asyncio.timeout(INTRODUCTION_SECONDS):
                page = self._gate.web.join(await connection.recv(decode=False), outlet)
            allowance = Allowance(PAGES * RATE, PAGES * BURST)
            while page is not None and page.received(data := await connection.recv(decode=False)):
                await allowance.turn(len(data))
            await connection.close(1008, "refused")
        except TimeoutError:
            await connection.close(1008, "no introduction")
        except ConnectionClosed:
            pass
        finally:
            if page is not None:
                page.detach(outlet)

    async def _join(self, connection: ServerConnection) -> None:
        try:
            async with asyncio.timeout(INTRODUCTION_SECONDS):
                hello = wscp.decode(await connection.recv(decode=False))
            attempt = (
                hello.meta.connection_attempt_uuid if isinstance(hello, wscp.WSCPApplicationConnect) else "unknown"
            )
            meta = wscp.ConnectionMeta(attempt, _now())
            instance_id = self._admit(hello)
            await self._converse(connection, instance_id, meta)
        except _Refused as refused:
            logger.warning("An app was refused: %s", refused)
            failed = wscp.WSCPConnectFailed(payload=wscp.ConnectFailed(str(refused)), meta=meta)
            broadcast([connection], wscp.encode(failed), text=True)
            await connection.close(1008, "refused")
        except TimeoutError:
            await connection.close(1008, "no introduction")
        except ConnectionClosed:
            pass

    def _admit(self, hello: wscp.ConnectionStep | None) -> str:
        if not isinstance(hello, wscp.WSCPApplicationConnect):
            raise _Refused("The first message must be WSCPApplicationConnect")
        if hello.payload.protocol_version != wscp.PROTOCOL_VERSION:
            raise _Refused(f"This agent speaks WSCP {wscp.PROTOCOL_VERSION}")
        instance_id = self._gate.admit(hello.payload.shared_secret or "")
        if instance_id is None:
            raise _Refused("Invalid or unknown sharedSecret")
        return instance_id

    async def _converse(self, connection: ServerConnection, instance_id: str, meta: wscp.ConnectionMeta) -> None:
        def cut_off(overflowed: SocketOutlet) -> None:
            logger.warning("An app that does not read its messages was cut off")
            self._gate.detach(instance_id, overflowed)

        outlet = SocketOutlet(connection, cut_off)
        self._outlets.add(outlet)
        try:
            implementation = self._gate.welcome(instance_id, outlet, wscp.dialect_of(connection.subprotocol))
            welcome = wscp.WSCPDesktopAgentConnect(
                payload=wscp.DesktopAgentConnect(wscp.PROTOCOL_VERSION, implementation), meta=meta
            )
            broadcast([connection], wscp.encode(welcome), text=True)
            self._gate.ready(instance_id, outlet)
            allowance = Allowance()
            while True:
                data = await connection.recv(decode=False)  # the decoder of messages looks after broken UTF-8
                if wscp.is_goodbye(data):
                    self._gate.detach(instance_id, outlet)
                    break
                self._gate.receive(instance_id, outlet, data)
                await allowance.turn(len(data))
        finally:
            self._outlets.discard(outlet)
            self._gate.interrupted(instance_id, outlet)


@functools.lru_cache(maxsize=2)  # one for each version of the standard
def _framed(data: bytes) -> bytes:
    """The frame of a message; an event is the same for all who are told of it."""
    return Frame(Opcode.TEXT, data).serialize(mask=False)


def _subprotocol(_: ServerConnection, offered: Sequence[Subprotocol]) -> Subprotocol | None:
    return next((name for name in offered if name == wscp.SPEAKS_3_0), None)


class _Refused(Exception):
    """Why somebody is not let in."""


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
