"""Client of the loopback chat service."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, WebSocketException

from app.market.loopback import credentials
from plugins.chat.protocol import ChatUnavailable, Connection, Play, Send, ServiceEvent, ToClient, ToService

URL_VARIABLE = "DESKLINE_CHAT_URL"
TOKEN_VARIABLE = "DESKLINE_CHAT_TOKEN"
_LOOK_SECONDS = 0.5
_RECONNECT_DELAYS = (0.1, 0.25, 0.5, 1.0, 2.0, 5.0)

log = logging.getLogger(__name__)


Address = Callable[[], tuple[str, str] | None]
"""Gives URL and token of the service, or None while there is none."""


class LoopbackChat:
    """A ``ChatService`` on loopback; ``play`` is the simulation's own."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._socket: ClientConnection | None = None

    @property
    def connected(self) -> bool:
        return self._socket is not None

    async def events(self) -> AsyncIterator[ServiceEvent]:
        decoder = msgspec.json.Decoder(ToClient)
        attempt = 0
        while True:
            found = self._address()
            if found is None:
                yield Connection("offline", "No chat service is running for this desk.")
                while (found := self._address()) is None:
                    await asyncio.sleep(_LOOK_SECONDS)
            url, token = found
            yield Connection("connecting", "Connecting to the chat service.")
            reason = "The chat service is away. Deskline keeps trying to reconnect."
            try:
                async with connect(url, additional_headers=credentials(token), proxy=None, compression=None) as socket:
                    attempt = 0
                    self._socket = socket
                    yield Connection("live")
                    async for raw in socket:
                        try:
                            yield decoder.decode(raw)
                        except (msgspec.DecodeError, UnicodeError):
                            log.exception("the chat service sent something that is no event")
            except InvalidHandshake as problem:
                log.warning("the chat service refused the connection: %s", problem)
                reason = "The chat service refused the connection. Restart Deskline to renew the access."
            except (OSError, WebSocketException) as problem:
                log.info("the chat service is away: %s", problem)
            finally:
                self._socket = None
            yield Connection("offline", reason)
            await asyncio.sleep(_RECONNECT_DELAYS[min(attempt, len(_RECONNECT_DELAYS) - 1)])
            attempt += 1

    async def send(self, thread: str, text: str, nonce: str) -> None:
        await self._ask(Send(thread, text, nonce))

    async def play(self, dialogue: Path, speed: float = 1.0) -> None:
        """A customer begins to write as in this dialogue file."""
        await self._ask(Play(str(dialogue.resolve()), speed))

    async def _ask(self, asked: ToService) -> None:
        if self._socket is None:
            raise ChatUnavailable
        try:
            await self._socket.send(msgspec.json.encode(asked).decode())
        except ConnectionClosed as gone:
            raise ChatUnavailable from gone


def from_environment(environment: Mapping[str, str] = os.environ) -> LoopbackChat:
    """The chat service that the desk names in the environment: now, or later if it comes up after the panel.

    What is named now is remembered: the desk takes it out of the environment again, so that programs do not inherit it.
    """

    def look() -> tuple[str, str] | None:
        url, token = environment.get(URL_VARIABLE), environment.get(TOKEN_VARIABLE)
        return (url, token) if url and token else None

    named = look()
    return LoopbackChat(lambda: named or look())
