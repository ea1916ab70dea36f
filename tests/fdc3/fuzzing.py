"""Talking to the agent's doors byte by byte, and making nonsense that is nearly sense."""

from __future__ import annotations

import asyncio
import copy
import itertools
import random
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from jsonschema import ValidationError
from referencing.exceptions import Unresolvable
from schemas import check_message
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_socket
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin, Subprotocol

from fdc3.host import Host
from fdc3.limits import Allowance
from fdc3.transports.link import FRAMES
from fdc3.types import errors, wscp
from fdc3.types.wire import FDC3_2_2, Dialect

NOW = "2026-03-02T09:30:00Z"
STANDARD_ERRORS = {
    name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, errors.Fdc3Error)
}
UNLIMITED = Allowance(1e12, 1e12)
_numbers = itertools.count()


def request(kind: str, payload: Any, uuid: str) -> bytes:
    return msgspec.json.encode({"type": kind, "payload": payload, "meta": {"requestUuid": uuid, "timestamp": NOW}})


class Talker:
    """One end of a connection; ``inbox`` holds what the agent said."""

    def __init__(self) -> None:
        self.inbox: deque[bytes] = deque()
        self.closed = False
        self._arrived = asyncio.Event()

    def arrived(self, data: bytes) -> None:
        self.inbox.append(data)
        self._arrived.set()

    async def send(self, data: bytes) -> None:
        raise NotImplementedError

    async def leave(self) -> None:
        raise NotImplementedError

    async def heard(self, seconds: float = 10.0) -> Any:
        async with asyncio.timeout(seconds):
            while not self.inbox:
                self._arrived.clear()
                await self._arrived.wait()
        return msgspec.json.decode(self.inbox.popleft())

    async def answer(self, uuid: str, seconds: float = 10.0) -> Any:
        async with asyncio.timeout(seconds):
            while (message := await self.heard(seconds))["meta"].get("requestUuid") != uuid:
                pass
        return message

    async def ask(self, kind: str, payload: Any) -> Any:
        uuid = f"ask-{next(_numbers)}"
        await self.send(request(kind, payload, uuid))
        return (await self.answer(uuid))["payload"]


class Memory(Talker):
    """An app of this process."""

    def __init__(self, host: Host, app_id: str, dialect: Dialect = FDC3_2_2) -> None:
        super().__init__()
        self._host = host
        self.instance_id = host.seat(app_id, None, dialect)
        host.attach(self.instance_id, self)

    def deliver(self, data: bytes) -> bool:
        self.arrived(data)
        return True

    def shut(self, reason: str, *, superseded: bool = False) -> None:
        self.closed = True

    async def send(self, data: bytes) -> None:
        self._host.receive(self.instance_id, self, data)

    async def leave(self) -> None:
        self._host.detach(self.instance_id, self)


class _Socketed(Talker):
    socket: ClientConnection

    def _listen(self) -> None:
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        try:
            while True:
                self.took(await self.socket.recv(decode=False))
        except ConnectionClosed:
            self.closed = True

    def took(self, data: bytes) -> None:
        self.arrived(data)

    async def send(self, data: bytes) -> None:
        await self.socket.send(data, text=True)

    async def __aexit__(self, *_: object) -> None:
        await self.leave()

    async def leave(self) -> None:
        await self.socket.close()
        await self._reading


class Socket(_Socketed):
    """A program (WSCP)."""

    def __init__(self, host: Host, app_id: str, *, secret: str = "", subprotocol: str | None = None) -> None:
        super().__init__()
        self._host = host
        self.secret = secret or host.pair(app_id)[1]
        self._subprotocols = [Subprotocol(subprotocol)] if subprotocol else None

    @classmethod
    async def stranger(cls, host: Host, path: str) -> Socket:
        """Somebody who has not introduced himself."""
        self = cls(host, "", secret="none")
        address = host.web.address
        origin = Origin(address) if path == "/web" else None
        self.socket = await open_socket(address.replace("http", "ws") + path, proxy=None, origin=origin, logger=FRAMES)
        self._listen()
        return self

    async def __aenter__(self) -> Socket:
        self.socket = await open_socket(self._host.url, proxy=None, subprotocols=self._subprotocols, logger=FRAMES)
        self._listen()
        payload = {"protocolVersion": wscp.PROTOCOL_VERSION, "sharedSecret": self.secret}
        hello = {"type": "WSCPApplicationConnect", "payload": payload}
        meta = {"connectionAttemptUuid": "attempt", "timestamp": NOW}
        await self.send(msgspec.json.encode({**hello, "meta": meta}))
        self.introduction = await self.heard()
        return self


class Page(_Socketed):
    """A host page of web apps, as our script is one."""

    def __init__(self, host: Host) -> None:
        super().__init__()
        self._host = host
        self.page = host.web.page()
        self.secret = self.page.url.partition("#")[2]
        self.apps: dict[int, PageApp] = {}

    async def __aenter__(self) -> Page:
        address = self._host.web.address
        url = address.replace("http", "ws") + "/web"
        self.socket = await open_socket(url, proxy=None, origin=Origin(address), logger=FRAMES)
        self._listen()
        await self.send(msgspec.json.encode(["join", self.secret, "load"]))
        await self.until("joined")
        return self

    def took(self, data: bytes) -> None:
        if data.startswith(b'["message"'):
            _, port, message = msgspec.json.decode(data, type=tuple[str, int, msgspec.Raw])
            if port in self.apps:
                self.apps[port].arrived(bytes(message))
        else:
            self.arrived(data)
            if data.startswith(b'["shut"') and (app := self.apps.get(msgspec.json.decode(data)[1])):
                app.closed = True

    async def until(self, *frame: Any) -> None:
        while tuple((await self.heard())[: len(frame)]) != frame:
            pass

    async def leave(self) -> None:
        self.page.close()
        await super().leave()

    async def app(self, app_id: str, version: str = "2.2", *, limited: bool = True) -> PageApp:
        """A web app in a window of its own. Its record's address is ``https://<app id>.example``."""
        app = PageApp(self, next(_numbers))
        self.apps[app.port] = app
        await app.introduce(f"https://{app_id}.example", version)
        if not limited:
            self.page._windows[app.window].allowance = UNLIMITED
        return app


class PageApp(Talker):
    def __init__(self, page: Page, port: int) -> None:
        super().__init__()
        self.page, self.port, self.window = page, port, f"window-{port}"
        self.instance_uuid = ""

    async def introduce(self, origin: str, version: str) -> None:
        urls = {"identityUrl": origin, "actualUrl": origin}
        meta = {"connectionAttemptUuid": "attempt", "timestamp": NOW}
        hello = {"type": "WCP1Hello", "payload": {**urls, "fdc3Version": version}, "meta": meta}
        await self.page.send(msgspec.json.encode(["hello", self.port, self.window, origin, hello]))
        identity = {"type": "WCP4ValidateAppIdentity", "payload": urls, "meta": meta}
        await self.send(msgspec.json.encode(identity))
        answer = await self.heard()
        assert answer["type"] == "WCP5ValidateAppIdentityResponse", answer
        self.instance_uuid = answer["payload"]["instanceUuid"]

    async def send(self, data: bytes) -> None:
        try:
            msgspec.json.decode(data)
        except (msgspec.DecodeError, UnicodeError):
            data = msgspec.json.encode(data.decode("latin1"))  # a port carries values, and no broken JSON
        await self.page.send(b'["message",%d,%b]' % (self.port, data))

    async def leave(self) -> None:
        del self.page.apps[self.port]
        await self.page.send(msgspec.json.encode(["gone", self.window]))


# Nonsense ------------------------------------------------------------------------------------------------------------

ODD: tuple[Any, ...] = (
    None, True, 0, -1, 1e308, 2**70, "", "x" * 300, "\u202e\x00\U0001f600", [], {}, [[]], {"type": 5}, {"type": "x"},
    {"id": None}, "constructor", "__proto__", "fdc3.channel.1", "2026-03-02T09:30:00Z", "\ud7ff", NOW * 20,
)  # fmt: skip


NOISE = b'{}[]",:0\\u\xff\n\x00'


class Mutations:
    """Valid messages (``kinds``: by type, a payload each) changed a little or a lot. ``known`` are texts of other apps
    that it tries where a text stands: channels, listeners, instances."""

    def __init__(self, dice: random.Random, kinds: list[Any], known: list[str]) -> None:
        self._dice = dice
        self._kinds = kinds
        self._known = known

    def __call__(self) -> bytes:
        dice = self._dice
        if dice.random() < 0.05:
            return dice.randbytes(dice.randrange(60))
        message = msgspec.json.decode(msgspec.json.encode(dice.choice(self._kinds)))
        if "meta" in message:
            message["meta"]["requestUuid"] = f"f{next(_numbers)}"
        for _ in range(dice.choice((0, 0, 1, 1, 2, 5))):
            self._change(message)
        data = msgspec.json.encode(message)
        return self._damaged(data) if dice.random() < 0.2 else data

    def _change(self, value: Any) -> None:
        """Changes something somewhere within."""
        dice = self._dice
        while isinstance(value, dict | list) and value:
            key: Any = dice.choice(list(value)) if isinstance(value, dict) else dice.randrange(len(value))
            inner = value[key]
            if isinstance(inner, dict | list) and inner and dice.random() < 0.75:
                value = inner
                continue
            match dice.randrange(5):
                case 0:
                    del value[key]
                case 1:
                    value[key] = copy.deepcopy(dice.choice(ODD))
                case 2 if isinstance(value, dict):
                    value[dice.choice(("type", "id", "appId", "payload", "channelId", "error", "x"))] = inner
                case 3:
                    value[key] = [copy.deepcopy(inner) for _ in range(dice.randrange(5))]
                case _:
                    value[key] = dice.choice(self._known)
            return

    def _damaged(self, data: bytes) -> bytes:
        text, dice = bytearray(data), self._dice
        for _ in range(dice.randint(1, 6)):
            place = dice.randrange(len(text) + 1)
            noise = bytes(dice.choices(NOISE, k=dice.randint(0, 2)))
            text[place : place + dice.randint(0, 3)] = noise
        return bytes(text) if dice.random() > 0.02 else bytes(text) * 20


APP = {"appId": "crm"}
VOD = {"type": "fdc3.instrument", "id": {"ticker": "VOD"}}
SAID = {"traceId": "t", "custom": {"a": 1}, "signature": {"protected": "x", "signature": "y"}}
REQUESTS = [
    {"type": f"{kind}Request", "payload": payload, "meta": {"requestUuid": "", "timestamp": NOW}}
    for kind, payload in [
        ("addContextListener", {"channelId": None, "contextType": "fdc3.instrument"}),
        ("addContextListener", {"channelId": "shared", "contextType": None}),
        ("addEventListener", {"type": "USER_CHANNEL_CHANGED"}),
        ("addIntentListener", {"intent": "ViewChart", "contextTypes": ["fdc3.instrument"]}),
        ("addIntentListener", {"intent": "ViewProfile"}),
        ("broadcast", {"channelId": "shared", "context": VOD, "metadata": SAID}),
        ("broadcast", {"channelId": "fdc3.channel.1", "context": VOD}),
        ("clearContext", {"channelId": "shared", "contextType": None}),
        ("close", {}),
        ("contextListenerUnsubscribe", {"listenerUUID": "x"}),
        ("createPrivateChannel", {}),
        ("eventListenerUnsubscribe", {"listenerUUID": "x"}),
        ("findInstances", {"app": APP}),
        ("findIntent", {"intent": "ViewProfile", "context": VOD, "resultType": "x"}),
        ("findIntentsByContext", {"context": VOD}),
        ("getAppMetadata", {"app": APP}),
        ("getCurrentChannel", {}),
        ("getCurrentContext", {"channelId": "shared", "contextType": None}),
        ("getInfo", {}),
        ("getOrCreateChannel", {"channelId": "shared"}),
        ("getUserChannels", {}),
        ("heartbeatAcknowledgement", {"heartbeatEventUuid": "x"}),
        ("intentListenerUnsubscribe", {"listenerUUID": "x"}),
        ("intentResult", {"intentEventUuid": "x", "raiseIntentRequestUuid": "y", "intentResult": {"context": VOD}}),
        ("joinUserChannel", {"channelId": "fdc3.channel.1"}),
        ("leaveCurrentChannel", {}),
        ("open", {"app": APP, "context": VOD}),
        ("privateChannelAddEventListener", {"privateChannelId": "x", "listenerType": "disconnect"}),
        ("privateChannelDisconnect", {"channelId": "x"}),
        ("privateChannelUnsubscribeEventListener", {"listenerUUID": "x"}),
        ("raiseIntent", {"intent": "ViewChart", "context": VOD, "app": APP}),
        ("raiseIntent", {"intent": "ViewProfile", "context": VOD, "metadata": SAID, "newInstance": True}),
        ("raiseIntentForContext", {"context": VOD}),
    ]
] + [
    {"type": "WCP6Goodbye"},
    {"type": "WSCPApplicationConnect", "payload": {"protocolVersion": "1.0", "sharedSecret": "x"}},
    {"type": "WCP4ValidateAppIdentity", "payload": {"identityUrl": "https://crm.example", "actualUrl": "x"}},
]  # fmt: skip

CANARY = "CANARY-7f31"


class Victims:
    """Two apps that keep something to themselves: on a private channel, and in an intent with its result."""

    def __init__(self, host: Host) -> None:
        self._crm, self._analytics = Memory(host, "crm"), Memory(host, "analytics")
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


def check_heard(data: bytes, version: str | None) -> None:
    """Nothing of others, and only errors of the standard. ``version``: the whole message is by its schema, too. (Who
    says 2.2 and sends what only 3.0 has is answered in 3.0.)"""
    assert CANARY.encode() not in data, data
    message = msgspec.json.decode(data)
    error = message.get("payload", {}).get("error")
    assert error is None or error in STANDARD_ERRORS, message
    if version is None or message["type"].startswith("W"):
        return
    try:
        check_message(message, version)
    except (ValidationError, Unresolvable):
        check_message(message, "3.0")


async def hammer(
    join: Callable[[], Awaitable[Talker]], mutate: Callable[[], bytes], count: int, version: str, title: str
) -> int:
    """Sends ``count`` mutations; begins anew every few thousand, and whenever it was put out. Returns how many answers
    came back."""
    talker, lived, heard, lives = await join(), 0, 0, 1
    for number in range(1, count + 1):
        if talker.closed or lived >= 5000:
            await talker.leave()
            talker, lived, lives = await join(), 0, lives + 1
        last = request("getInfoRequest", {}, f"last-{number}") if number % 128 == 0 else None
        try:
            await talker.send(mutate())
            if last is not None:
                await talker.send(last)
        except ConnectionClosed:
            talker.closed = True
        lived += 1
        caught_up = last is None
        async with asyncio.timeout(20):
            while talker.inbox or not (caught_up or talker.closed):
                if not talker.inbox:
                    await asyncio.sleep(0)
                    continue
                data = talker.inbox.popleft()
                caught_up = caught_up or f'"last-{number}"'.encode() in data
                check_heard(data, version if count <= 10_000 or heard % 200 == 0 else None)
                heard += 1
        if number % 50_000 == 0:
            print(f"{title}: {number:,} of {count:,}, {heard:,} answers, {lives} lives", flush=True)
    await talker.leave()
    return heard


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
