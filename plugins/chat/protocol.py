"""What a chat service offers the desk, and how the loopback one says it. A real service implements ``ChatService``."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from typing import Literal, Protocol

import msgspec

Who = Literal["trader", "client"]


class Party(msgspec.Struct, frozen=True):
    """The customer of a conversation, as the service knows them."""

    handle: str
    name: str = ""
    organization: str = ""
    email: str | None = None


class Message(msgspec.Struct, frozen=True):
    """One message. ``seq`` counts from 0 within its conversation; ``nonce`` is the sender's own mark."""

    seq: int
    who: Who
    at: dt.datetime
    text: str
    nonce: str | None = None


class Thread(msgspec.Struct, frozen=True):
    """A conversation as the service keeps it."""

    id: str
    service: str
    party: Party
    messages: list[Message] = []


class Snapshot(msgspec.Struct, tag="snapshot", frozen=True):
    """Everything there is; sent first on every connection, so that nothing written meanwhile is missed."""

    threads: list[Thread]


class Arrived(msgspec.Struct, tag="message", frozen=True):
    """A message in a conversation, new or not yet known to this client."""

    thread: str
    service: str
    party: Party
    message: Message


class Refused(msgspec.Struct, tag="refused", frozen=True):
    """The service could not do what was asked; ``text`` is a sentence for the trader."""

    text: str


class Connection(msgspec.Struct, tag="connection", frozen=True):
    """Made by the client side: the service is reachable or not, with a sentence when it is not."""

    phase: Literal["offline", "connecting", "live"]
    text: str = ""


class Send(msgspec.Struct, tag="send", frozen=True):
    thread: str
    text: str
    nonce: str


class Play(msgspec.Struct, tag="play", frozen=True):
    """Simulated service only: a customer begins to write as in this dialogue file."""

    dialogue: str
    speed: float = 1.0


ServiceEvent = Snapshot | Arrived | Refused | Connection
ToClient = Snapshot | Arrived | Refused
ToService = Send | Play


class ChatService(Protocol):
    """Conversations of one trader on one service."""

    def events(self) -> AsyncIterator[ServiceEvent]:
        """What happens, for ever; reconnects by itself and begins each connection with a snapshot."""

    async def send(self, thread: str, text: str, nonce: str) -> None:
        """Sends a message of the trader; it comes back as ``Arrived`` with its nonce.

        Raises:
            ChatUnavailable: there is no connection.
        """


class ChatUnavailable(ConnectionError):
    def __init__(self) -> None:
        super().__init__("The chat service is not connected; the message was not sent and stays in the input line.")
