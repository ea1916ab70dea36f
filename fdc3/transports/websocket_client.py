"""The app's end of a websocket connection (WSCP): connecting, and reconnecting when the link breaks."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import uuid

from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.connection import broadcast
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI
from websockets.typing import Subprotocol

from fdc3.transports.link import FRAMES, LARGEST_REQUEST, Backoff, Receiver
from fdc3.types import wscp
from fdc3.types.errors import AccessDenied, AgentError, AgentNotFound, ErrorOnConnect, MalformedMessage
from fdc3.types.metadata import AppIdentifier
from fdc3.types.wire import FDC3_2_2, Dialect

logger = logging.getLogger(__name__)

MAX_MESSAGE = 16 * 1024 * 1024
"""Bytes a client accepts in one message from its agent."""


class WebSocketLink:
    def __init__(self, url: str, shared_secret: str, backoff: Backoff) -> None:
        self._url = url
        self._secret = shared_secret
        self.dialect: Dialect = FDC3_2_2
        self._backoff = backoff
        self._connection: ClientConnection | None = None
        self._reader: asyncio.Task[None] | None = None

    async def open(self, receiver: Receiver) -> AppIdentifier:
        connection, identity, _ = await self._connect()
        self._connection = connection
        self._reader = asyncio.create_task(self._read(connection, receiver))
        return identity

    def send(self, data: bytes) -> bool:
        if len(data) > LARGEST_REQUEST:
            raise MalformedMessage(f"it is larger than {LARGEST_REQUEST // 1024} KiB")
        connection = self._connection
        if connection is None:
            return False
        # Writes without waiting, in order, and passes over a connection that has just closed.
        broadcast([connection], data, text=True)
        return True

    async def close(self) -> None:
        reader, self._reader = self._reader, None
        connection, self._connection = self._connection, None
        if connection is not None:
            goodbye = wscp.WSCPGoodbye(meta=wscp.GoodbyeMeta(dt.datetime.now(dt.UTC)))
            broadcast([connection], wscp.encode(goodbye), text=True)
            await connection.close()
        if reader is not None and reader is not asyncio.current_task():
            reader.cancel()
            await asyncio.gather(reader, return_exceptions=True)

    async def _connect(self) -> tuple[ClientConnection, AppIdentifier, bool]:
        """Opens a socket and introduces us. Returns also whether the agent kept our state."""
        try:
            connection = await connect(
                self._url,
                subprotocols=[Subprotocol(wscp.SPEAKS_3_0)],
                compression=None,
                max_size=MAX_MESSAGE,
                proxy=None,
                open_timeout=5,
                logger=FRAMES,
            )
        except InvalidURI:
            raise ErrorOnConnect("the agent's address is not a websocket URL") from None
        except InvalidHandshake as reason:
            raise ErrorOnConnect(type(reason).__name__) from None
        except (OSError, TimeoutError) as reason:
            raise AgentNotFound(type(reason).__name__) from None
        self.dialect = wscp.dialect_of(connection.subprotocol)
        try:
            return connection, *await self._introduce(connection)
        except BaseException:
            await connection.close()
            raise

    async def _introduce(self, connection: ClientConnection) -> tuple[AppIdentifier, bool]:
        hello = wscp.WSCPApplicationConnect(
            payload=wscp.ApplicationConnect(wscp.PROTOCOL_VERSION, self._secret),
            meta=wscp.ConnectionMeta(str(uuid.uuid4()), dt.datetime.now(dt.UTC)),
        )
        try:
            await connection.send(wscp.encode(hello).decode())
            async with asyncio.timeout(5):
                answer = wscp.decode(await connection.recv(decode=False))
        except (ConnectionClosed, TimeoutError):
            raise ErrorOnConnect("the agent did not answer the introduction") from None
        if isinstance(answer, wscp.WSCPConnectFailed):
            raise AccessDenied(answer.payload.message)
        if not isinstance(answer, wscp.WSCPDesktopAgentConnect):
            raise ErrorOnConnect("the agent does not speak WSCP")
        app = answer.payload.implementation_metadata.app_metadata
        if not app or not app.instance_id:
            raise ErrorOnConnect("the agent did not say who we are")
        return app.identifier, bool(app.instance_metadata and app.instance_metadata.get("resumed"))

    async def _read(self, connection: ClientConnection, receiver: Receiver) -> None:
        while True:
            try:
                while True:
                    data = await connection.recv(decode=False)
                    if wscp.is_goodbye(data):  # the agent may well be started again, and is looked for as if it broke
                        await connection.close()
                    else:
                        receiver.received(data)
            except ConnectionClosed as closed:
                superseded = closed.rcvd is not None and closed.rcvd.code == wscp.SUPERSEDED
            if self._connection is None:  # closed by us
                return
            self._connection = None
            if superseded:
                logger.warning("Another program has joined the desktop agent in our place")
                receiver.lost()
                return
            logger.info("The connection to the desktop agent has ended; reconnecting")
            again = await self._reconnect()
            if again is None:
                logger.warning("The desktop agent cannot be reached any more")
                receiver.lost()
                return
            connection, resumed = again
            self._connection = connection
            receiver.reconnected(resumed=resumed)

    async def _reconnect(self) -> tuple[ClientConnection, bool] | None:
        loop = asyncio.get_running_loop()
        give_up, pause = loop.time() + self._backoff.give_up_after, self._backoff.first
        while True:
            try:
                connection, _, resumed = await self._connect()
                return connection, resumed
            except AccessDenied:
                return None
            except AgentError:
                if loop.time() + pause > give_up:
                    return None
            await asyncio.sleep(pause)
            pause = min(pause * 2, self._backoff.longest)
