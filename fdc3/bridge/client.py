"""Our agent as a client of a bridge: it looks for one, joins it, and comes back when the connection ends."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import uuid
from collections.abc import Callable, Iterable
from typing import Final

from msgspec import UNSET
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.connection import broadcast
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI

from fdc3.bridge import messages as b
from fdc3.bridge import steps as s
from fdc3.bridge.incoming import Incoming
from fdc3.bridge.line import Line, now
from fdc3.bridge.outgoing import Outgoing, Patience
from fdc3.bridge.tokens import TokenKeys, TokenRefused
from fdc3.host import Host
from fdc3.limits import Allowance
from fdc3.transports.link import FRAMES
from fdc3.types.metadata import AppIdentifier, OptionalFeatures

logger = logging.getLogger(__name__)

RETRY_SECONDS: Final = 5.0
"""The standard: wait at least so long between attempts to find a bridge."""
HELLO_SECONDS: Final = 2.0
LARGEST_MESSAGE: Final = 16 * 1024 * 1024


class BridgeClient:
    """Keeps a ``Host`` bridged. Everything happens on the event loop that called ``start``.

    ``url``: one bridge; without it those ports of 127.0.0.1 are tried on which the standard expects one. With ``keys``
    only a bridge that proves itself by them is joined. ``changed`` is told the names of the other agents whenever an
    agent comes or goes, and None when there is no bridge any more.
    """

    def __init__(
        self,
        host: Host,
        *,
        name: str = "Deskline",
        version: str = "0",
        url: str = "",
        ports: Iterable[int] = s.PORTS,
        keys: TokenKeys | None = None,
        patience: Patience | None = None,
        retry: float = RETRY_SECONDS,
        changed: Callable[[tuple[str, ...] | None], None] = lambda others: None,
    ) -> None:
        self._wanted_name = name
        self._version = version
        self._urls = [url] if url else [f"ws://127.0.0.1:{port}" for port in ports]
        self._keys = keys
        self._retry = retry
        self._changed = changed
        self._connection: ClientConnection | None = None
        self._handshake_uuid = ""
        self._task: asyncio.Task[None] | None = None
        self._host = host
        broker, carry_out = host.bridge(self)
        self._line = Line(broker, carry_out, self._send)
        self._incoming = Incoming(self._line)
        self._outgoing = Outgoing(self._line, self._incoming, patience)
        self.takes, self.deliver, self.raised = self._outgoing.takes, self._incoming.deliver, self._outgoing.raised

    @property
    def name(self) -> str:
        """What the bridge calls this agent; empty while there is none."""
        return self._line.name

    @property
    def others(self) -> tuple[str, ...]:
        """The other agents on the bridge."""
        return self._line.others

    async def start(self) -> None:
        """Begins to look for a bridge; returns at once."""
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        await self._outgoing.close()

    async def _run(self) -> None:
        while True:
            try:
                for url in self._urls:
                    if await self._try(url):
                        break
            except Exception:  # whatever a bridge may send: it must not end the looking for bridges
                logger.exception("The connection to the bridge failed")
            await asyncio.sleep(self._retry)

    # Connecting

    async def _try(self, url: str) -> bool:
        """Joins the bridge at an address and stays there; False if there is none."""
        try:
            connection = await connect(
                url, compression=None, max_size=LARGEST_MESSAGE, proxy=None, open_timeout=HELLO_SECONDS, logger=FRAMES
            )
        except (OSError, TimeoutError, InvalidHandshake, InvalidURI):
            return False
        try:
            token = await self._greeted(connection)
            if token is None:
                return False
            self._connection = connection
            self._introduce(token)
            await self._converse(connection)
        finally:
            self._connection = None
            self._left()
            await connection.close()
        return True

    async def _greeted(self, connection: ClientConnection) -> str | None:
        """Our token (empty: none is asked for) if this is a bridge that we trust; else None."""
        try:
            async with asyncio.timeout(HELLO_SECONDS):
                hello = b.decode(await connection.recv(decode=False))
        except (TimeoutError, ConnectionClosed, b.Malformed):
            return None
        if not isinstance(hello, s.Hello):
            return None
        if self._keys is None:
            if hello.payload.auth_required:
                logger.warning("The bridge asks for a token, and no key file is set")
                return None
            return ""
        try:
            self._keys.verify(hello.payload.auth_token or "")
        except TokenRefused as refused:
            logger.warning("What answers as a bridge does not have our keys: %s", refused)
            return None
        return self._keys.sign()

    def _introduce(self, token: str) -> None:
        self._handshake_uuid = str(uuid.uuid4())
        payload = s.HandshakePayload(
            implementation_metadata=s.AgentImplementation(
                fdc3_version=s.FDC3_VERSIONS[0],
                provider=self._wanted_name,
                provider_version=self._version,
                optional_features=OptionalFeatures(OriginatingAppMetadata=True, DesktopAgentBridging=True),
            ),
            requested_name=self._wanted_name,
            channels_state=self._line.broker.guests.state(),
            auth_token=token or UNSET,
        )
        self._send(s.Handshake(payload=payload, meta=s.RequestMeta(request_uuid=self._handshake_uuid, timestamp=now())))

    async def _converse(self, connection: ClientConnection) -> None:
        with contextlib.suppress(ConnectionClosed):
            allowance = Allowance()
            while True:
                data = await connection.recv(decode=False)
                self._received(data)
                await allowance.turn(len(data))

    def _send(self, message: s.BridgeMessage) -> None:
        if self._connection is not None:
            broadcast([self._connection], b.encode(message), text=True)

    # What the bridge says

    def _received(self, data: bytes) -> None:
        try:
            message = b.decode(data)
        except b.Malformed as malformed:
            if notice := b.decode_notice(data):
                logger.warning("The bridge refused a %s: %s", notice.type, notice.payload.error)
                self._outgoing.refused(notice.meta.request_uuid, notice.payload.error)
            else:
                logger.warning("The bridge sent a message that cannot be read: %s", malformed)
            return
        match message:
            case s.ConnectedAgentsUpdate():
                self._update(message)
            case b.BridgeRequest() if self._line.name:
                self._incoming.handle(message)
            case b.BridgeResponse() if self._line.name:
                self._outgoing.answered(message)
            case s.AuthenticationFailed():
                logger.warning("The bridge did not accept our token")

    def _update(self, update: s.ConnectedAgentsUpdate) -> None:
        payload = update.payload
        if update.meta.request_uuid == self._handshake_uuid and payload.add_agent is not UNSET:
            self._line.name = payload.add_agent
            logger.info("Bridged as %s", self._line.name)
        if not self._line.name:
            return
        names = tuple(agent.desktop_agent for agent in payload.all_agents if agent.desktop_agent)
        self._line.others = tuple(name for name in names if name != self._line.name)
        if payload.remove_agent is not UNSET:
            self._incoming.agent_left(payload.remove_agent)
        if payload.channels_state is not UNSET:
            sender = self._incoming.guest(AppIdentifier(self._line.name), self._line.name)
            self._line.carry_out(self._line.broker.guests.adopt(payload.channels_state, sender))
        self._changed(self._line.others)

    def _left(self) -> None:
        if not self._line.name:
            return
        self._line.name, self._line.others = "", ()
        logger.info("The bridge is gone")
        self._outgoing.lost()
        self._incoming.agent_left()
        self._changed(None)
