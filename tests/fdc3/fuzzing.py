"""Hammering at the agent's doors: who is hammered at, what may come back, and what it costs."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import psutil
from bridging import check_bridging
from jsonschema import ValidationError
from nonsense import Mutations
from referencing.exceptions import Unresolvable
from schemas import check_message
from talking import Memory, Peer, Talker
from websockets.exceptions import ConnectionClosed

from fdc3.host import Host
from fdc3.types import errors

STANDARD_ERRORS = {
    name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, errors.Fdc3Error)
}
CANARY = "CANARY-7f31"


class Victims:
    """Two apps that keep something to themselves: on a private channel, and in an intent with its result."""

    def __init__(self, host: Host) -> None:
        self._crm, self._analytics = Memory(host, "crm"), Memory(host, "analytics")
        for victim in (self._crm, self._analytics):
            victim.inbox = deque(maxlen=100)
        self.known: list[str] = []

    async def confide(self) -> None:
        secret = {"type": "fdc3.contact", "name": CANARY}
        channel = (await self._crm.ask("createPrivateChannelRequest", {}))["privateChannel"]
        listening = {"channelId": channel["id"], "contextType": None}
        listener = (await self._crm.ask("addContextListenerRequest", listening))["listenerUUID"]
        events = {"privateChannelId": channel["id"], "listenerType": None}
        hearing = (await self._crm.ask("privateChannelAddEventListenerRequest", events))["listenerUUID"]
        assert await self._crm.ask("broadcastRequest", {"channelId": channel["id"], "context": secret}) == {}
        handling = (await self._analytics.ask("addIntentListenerRequest", {"intent": "Confide"}))["listenerUUID"]
        app = {"appId": "analytics", "instanceId": self._analytics.instance_id}
        await self._crm.ask("raiseIntentRequest", {"intent": "Confide", "context": secret, "app": app})
        event = await self._analytics.heard()
        assert event["payload"]["context"] == secret
        self.known += [channel["id"], listener, hearing, handling, self._crm.instance_id, app["instanceId"]]
        self.known += [event["meta"]["eventUuid"], event["payload"]["raiseIntentRequestUuid"], "Confide"]

    async def are_well(self) -> None:
        for victim in (self._crm, self._analytics):
            assert not victim.closed
            victim.inbox.clear()
            assert "implementationMetadata" in await victim.ask("getInfoRequest", {})


class Account:
    """What came of the messages sent to one door: how many a second, the answers' errors, and the process's memory."""

    def __init__(self, title: str, count: int) -> None:
        self.title, self.count = title, count
        self.sent = self.heard = self.lives = 0
        self.errors = Counter[str]()
        self._began = time.perf_counter()
        self._memory: list[float] = []

    def one_sent(self) -> None:
        self.sent += 1
        if self.sent % 50_000 == 0:
            self._memory.append(psutil.Process().memory_info().rss / 2**20)
            speed = self.sent / (time.perf_counter() - self._began)
            print(
                f"{self.title}: {self.sent:,} of {self.count:,}, {speed:,.0f} a second, {self.heard:,} came back, "
                f"{self.lives} lives, {self._memory[-1]:,.0f} MiB",
                flush=True,
            )

    def close(self) -> None:
        """The memory is flat: whatever has been sent, nothing of it is left."""
        print(f"{self.title}: {self.errors}", flush=True)
        if len(self._memory) >= 10:
            assert max(self._memory) < 1.05 * max(self._memory[:4]), self._memory


def check_answer(data: bytes, talker: Talker, version: str | None) -> dict[str, Any]:
    """Nothing of others, and only errors of the standard; returns the payload. ``version``: the whole message is by its
    schema, too. (Who says 2.2 and sends what only 3.0 has is answered in 3.0.)"""
    assert CANARY.encode() not in data, data
    message = msgspec.json.decode(data)
    payload: dict[str, Any] = message.get("payload", {})
    for code in (payload.get("error"), *message.get("meta", {}).get("errorDetails", ())):
        assert code is None or code in STANDARD_ERRORS, message
    if version is not None and isinstance(talker, Peer):
        check_bridging(data, "Bridge")
    elif version is not None and not message["type"].startswith("W"):
        try:
            check_message(message, version)
        except (ValidationError, Unresolvable):
            check_message(message, "3.0")
    return payload


async def hammer(
    join: Callable[[], Awaitable[Talker]], mutate: Mutations, count: int, version: str, title: str
) -> Account:
    """Sends ``count`` mutations; begins anew every few thousand, and whenever it was put out."""
    account, talker, lived = Account(title, count), await join(), 0
    for number in range(1, count + 1):
        if talker.closed or lived >= 5000:
            await talker.leave()
            talker, lived, account.lives = await join(), 0, account.lives + 1
        last = f"last-{number}" if number % 128 == 0 else None
        try:
            await talker.send(mutate())
            if last is not None:
                await talker.send(talker.mark(last))
        except ConnectionClosed:
            talker.closed = True
        lived += 1
        account.one_sent()
        caught_up = last is None
        began = time.perf_counter()
        while talker.inbox or not (caught_up or talker.closed):
            if not talker.inbox:
                assert time.perf_counter() < began + 20, "it hangs"
                await asyncio.sleep(0)
                continue
            data = talker.inbox.popleft()
            caught_up = caught_up or f'"{last}"'.encode() in data
            thorough = count <= 10_000 or account.heard % 200 == 0
            payload = check_answer(data, talker, version if thorough else None)
            mutate.learn(payload)
            account.errors[payload.get("error", "none")] += 1
            account.heard += 1
        if last is not None:
            await asyncio.sleep(0)
    await talker.leave()
    return account


LINES = ("GET /v2/apps HTTP/1.1", "GET /v2/apps/crm HTTP/1.1", "GET /web/host.html HTTP/1.1", "GET /fdc3 HTTP/1.1",
         "POST /v2/apps HTTP/1.1", "GET /v2/apps/%2e%2e%2f HTTP/1.1", "GET /v2/apps/%ff HTTP/1.0", "GET //[ HTTP/1.1",
         "HEAD / HTTP/1.1", "GET http://[::1 HTTP/1.1", "GET /web HTTP/1.1")  # fmt: skip
FIELDS = ("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==", "Origin: null",
          "Sec-WebSocket-Version: 13", "Content-Length: 5", "Host: evil.example", "X: " + "y" * 9000)  # fmt: skip


class Http:
    """Plain requests to the agent's port, each over a connection of its own."""

    def __init__(self, host: Host) -> None:
        self._authority = host.web.address.removeprefix("http://")

    async def ask(self, dice: random.Random) -> int:
        """Asks for something; returns the status of the answer, 0 if the agent just ended the connection."""
        fields = [
            *([f"Host: {self._authority}"] if dice.random() < 0.9 else []),
            *dice.sample(FIELDS, dice.randint(0, 3)),
        ]
        data = bytearray("\r\n".join([dice.choice(LINES), *fields, "", ""]).encode())
        for _ in range(dice.choice((0, 0, 0, 1, 3))):
            place = dice.randrange(len(data))
            data[place : place + dice.randint(0, 2)] = dice.randbytes(dice.randrange(3))
        answer = await self._exchange(bytes(data))
        assert CANARY.encode() not in answer
        if not answer:
            return 0
        assert answer.startswith(b"HTTP/1.1 "), answer[:80]
        return int(answer.split(b" ")[1])

    async def get(self, path: str) -> bytes:
        answer = await self._exchange(f"GET {path} HTTP/1.1\r\nHost: {self._authority}\r\n\r\n".encode())
        return answer.partition(b"\r\n\r\n")[2]

    async def _exchange(self, data: bytes) -> bytes:
        address, port = self._authority.split(":")
        reader, writer = await asyncio.open_connection(address, int(port))
        try:
            writer.write(data)
            async with asyncio.timeout(20):
                return await reader.read()
        except ConnectionError:
            return b""
        finally:
            writer.close()
