"""Talking to the agent's doors byte by byte, without our client."""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from typing import Any

import msgspec
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_socket
from websockets.asyncio.connection import broadcast
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin, Subprotocol

from fdc3.host import Host
from fdc3.limits import Allowance
from fdc3.transports.link import FRAMES
from fdc3.types import wscp
from fdc3.types.wire import FDC3_2_2, Dialect

NOW = "2026-03-02T09:30:00Z"
UNLIMITED = Allowance(1e12, 1e12)
_numbers = itertools.count()


def request(kind: str, payload: Any, uuid: str, **meta: Any) -> bytes:
    meta = {"requestUuid": uuid, "timestamp": NOW, **meta}
    return msgspec.json.encode({"type": kind, "payload": payload, "meta": meta})


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

    def mark(self, uuid: str) -> bytes:
        """A request that is answered at once."""
        return request("getInfoRequest", {}, uuid)

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
        self.closed = False
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
    """A host page of web apps, as our script is one; in a browser that lets it open no windows."""

    def __init__(self, host: Host) -> None:
        super().__init__()
        self._host = host
        self.page = host.web.page()
        self.secret = self.page.url.partition("#")[2]
        self.apps: dict[int, PageApp] = {}

    async def __aenter__(self) -> Page:
        await self.rejoin()
        return self

    async def rejoin(self) -> None:
        """Connects, or comes back after the socket has closed."""
        address = self._host.web.address
        url = address.replace("http", "ws") + "/web"
        self.socket = await open_socket(url, proxy=None, origin=Origin(address), logger=FRAMES)
        self._listen()
        await self.send(msgspec.json.encode(["join", self.secret, "load"]))
        await self.until("joined")

    def took(self, data: bytes) -> None:
        if data.startswith(b'["message"'):
            _, port, message = msgspec.json.decode(data, type=tuple[str, int, msgspec.Raw])
            if port in self.apps:
                self.apps[port].arrived(bytes(message))
        elif data.startswith(b'["open"'):
            broadcast([self.socket], msgspec.json.encode(["opened", msgspec.json.decode(data)[1], False]), text=True)
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


FEATURES = {"OriginatingAppMetadata": True, "UserChannelMembershipAPIs": True, "DesktopAgentBridging": True}
IMPLEMENTATION = {"fdc3Version": "2.2", "provider": "x", "optionalFeatures": FEATURES}


def handshake(name: str) -> bytes:
    """By which an agent joins the bridge."""
    payload = {"implementationMetadata": IMPLEMENTATION, "requestedName": name, "channelsState": {}}
    return request("handshake", payload, "hello")


class Peer(_Socketed):
    """A desktop agent on the bridge."""

    def __init__(self, url: str, name: str) -> None:
        super().__init__()
        self._url, self._name = url, name

    async def __aenter__(self) -> Peer:
        self.socket = await open_socket(self._url, proxy=None, logger=FRAMES)
        self._listen()
        assert (await self.heard())["type"] == "hello"
        await self.send(handshake(self._name))
        assert (await self.heard())["type"] == "connectedAgentsUpdate"
        return self

    def mark(self, uuid: str) -> bytes:
        app = {"appId": "x", "desktopAgent": "nobody"}
        return request("findInstancesRequest", {"app": app}, uuid, destination={"desktopAgent": "nobody"})
