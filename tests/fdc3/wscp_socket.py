"""A bare websocket that speaks WSCP to a running agent, and breaking the link of one that runs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec
from running import Running
from schemas import check_message
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_socket

NOW = "2026-03-02T09:30:00Z"


def hello(secret: str, version: str = "1.0") -> str:
    message = {
        "type": "WSCPApplicationConnect",
        "payload": {"protocolVersion": version, "sharedSecret": secret},
        "meta": {"connectionAttemptUuid": "attempt-1", "timestamp": NOW},
    }
    return msgspec.json.encode(message).decode()


async def introduced(running: Running, secret: str, version: str = "1.0") -> tuple[ClientConnection, dict[str, Any]]:
    socket = await open_socket(running.host.url, proxy=None)
    await socket.send(hello(secret, version))
    answer = await socket.recv()
    check_message(answer)
    return socket, msgspec.json.decode(answer)


async def asked(socket: ClientConnection, request_uuid: str = "r1") -> dict[str, Any]:
    """Asks the agent for its info and returns the answer: the proof that the connection works."""
    meta = {"requestUuid": request_uuid, "timestamp": NOW}
    await socket.send(msgspec.json.encode({"type": "getInfoRequest", "payload": {}, "meta": meta}).decode())
    async with asyncio.timeout(5):
        while (answer := msgspec.json.decode(await socket.recv()))["meta"].get("requestUuid") != request_uuid:
            pass
    result: dict[str, Any] = answer
    return result


def cut(running: Running, app_id: str) -> Callable[[], bool]:
    """Cuts an app's socket as a crash of the network would, without any goodbye. Returns whether it is noticed."""
    [session] = [each for each in running.host._sessions.values() if each.app_id == app_id]
    before = session.outlet
    assert before is not None
    before._connection.transport.abort()  # type: ignore[attr-defined]
    return lambda: session.outlet is not before
