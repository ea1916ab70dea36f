"""Nonsense at every door: nothing crashes or hangs, answers are the standard's, and nothing of another app comes back.

A short run with the other tests; ``make soak`` sends a million messages to each door (``DESKLINE_FUZZ``: so many).
"""

from __future__ import annotations

import asyncio
import logging
import os
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import msgspec
import pytest
from fuzzing import (
    CANARY,
    NOW,
    REQUESTS,
    VOD,
    Http,
    Memory,
    Mutations,
    Page,
    Socket,
    Talker,
    Victims,
    hammer,
    request,
)
from web_site import web_record

from fdc3.bridge.hub import Close, Effect, Hub
from fdc3.bridge.messages import decode
from fdc3.directory import AppDirectory
from fdc3.host import Host, Timeouts
from fdc3.types import wscp
from fdc3.types.wire import dialect_for

SEED = int(os.environ.get("DESKLINE_TEST_SEED", "20261121"))
LONG = int(os.environ.get("DESKLINE_FUZZ", "1000000"))
versions = pytest.mark.parametrize("version", ["2.2", "3.0"])
counts = pytest.mark.parametrize(
    "count", [1500, pytest.param(LONG, id="soak", marks=[pytest.mark.soak, pytest.mark.timeout(7200)])]
)


@pytest.fixture
async def host(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Host]:
    # The fuzzer shall reach what is behind the limits, and the log shall not hold millions of lines.
    for module in ("websocket_server", "web_ports"):
        monkeypatch.setattr(f"fdc3.transports.{module}.Allowance.spend", lambda *_: 0.0)
    monkeypatch.setattr("fdc3.transports.websocket_server.INTRODUCTION_SECONDS", 0.5)
    logging.getLogger("fdc3").setLevel(logging.ERROR)
    intents = {"ViewChart": ["fdc3.instrument"], "ViewProfile": ["fdc3.contact"]}
    records = [web_record(name, f"https://{name}.example", **intents) for name in ("crm", "analytics", "fuzzer")]
    timeouts = Timeouts(connect=0.2, listener=0.2, resolver=0.2)
    host = Host(AppDirectory(records), timeouts=timeouts, reconnect_grace=0.2, navigation_grace=0.2)
    await host.start()
    yield host
    await host.close()
    logging.getLogger("fdc3").setLevel(logging.NOTSET)


@pytest.fixture
async def victims(host: Host) -> Victims:
    victims = Victims(host)
    await victims.confide()
    return victims


async def fuzz(
    victims: Victims,
    join: Callable[[], Awaitable[Talker]],
    kinds: list[Any],
    count: int,
    version: str,
    title: str,
) -> None:
    print(f"{title}, seed {SEED}", flush=True)
    mutations = Mutations(random.Random(SEED), kinds, victims.known)
    heard = await hammer(join, mutations, count, version, title)
    assert heard > count / 10, "much of it was near enough to sense to be answered"
    await victims.are_well()


@versions
@counts
async def test_an_app_of_this_process(host: Host, victims: Victims, version: str, count: int) -> None:
    async def join() -> Talker:
        return Memory(host, "fuzzer", dialect_for(version))

    await fuzz(victims, join, REQUESTS, count, version, f"memory, {version}")


@versions
@counts
async def test_a_program(host: Host, victims: Victims, version: str, count: int) -> None:
    async def join() -> Talker:
        return await Socket(host, "fuzzer", subprotocol=wscp.SPEAKS_3_0 if version == "3.0" else None).__aenter__()

    await fuzz(victims, join, REQUESTS, count, version, f"websocket, {version}")


@versions
@counts
async def test_a_web_app(host: Host, victims: Victims, version: str, count: int) -> None:
    async with Page(host) as page:
        await fuzz(victims, lambda: page.app("fuzzer", version), REQUESTS, count, version, f"web app, {version}")


HELLO = {
    "type": "WCP1Hello",
    "payload": {"identityUrl": "https://crm.example", "actualUrl": "https://crm.example", "fdc3Version": "2.2"},
    "meta": {"connectionAttemptUuid": "a", "timestamp": NOW},
}
IDENTITY = {**HELLO, "type": "WCP4ValidateAppIdentity"}
FRAMES = [
    ["hello", 1, "w", "https://crm.example", HELLO],
    ["hello", 2, "v", "https://crm.example", HELLO],
    *([["message", port, IDENTITY] for port in (1, 2)] * 3),
    *[["message", 1, {**message, "meta": {"requestUuid": "x", "timestamp": NOW}}] for message in REQUESTS],
    ["opened", 1, True],
    ["gone", "w"],
]


class Unheard:
    """The agent's end of a host page's socket."""

    def __init__(self) -> None:
        self.heard = 0

    def deliver(self, data: bytes) -> bool:
        assert CANARY.encode() not in data
        self.heard += 1
        return True

    def shut(self, reason: str, *, superseded: bool = False) -> None:
        pass


@counts
async def test_a_host_page(host: Host, victims: Victims, count: int) -> None:
    """Behind the socket, as one bad frame ends that."""
    print(f"host page, seed {SEED}", flush=True)
    mutations, socket = Mutations(random.Random(SEED), FRAMES, victims.known), Unheard()
    page = host.web.page()
    for number in range(1, count + 1):
        if number % 5000 == 1:
            page.attach(f"load {number}", socket)
        page.received(mutations())
        if number % 500 == 0:
            await asyncio.sleep(0)
        if number % 50_000 == 0:
            print(f"host page: {number:,} of {count:,}, {socket.heard:,} frames back", flush=True)
    assert socket.heard > count / 100
    page.close()
    await victims.are_well()


@pytest.mark.parametrize("path", ["/fdc3", "/web"])
async def test_nobody_is_introduced_by_nonsense(host: Host, victims: Victims, path: str) -> None:
    mutations = Mutations(random.Random(SEED), [*REQUESTS, *FRAMES, ["join", "x", "y"]], victims.known)
    before = host.instances()
    for _ in range(150):
        stranger = await Socket.stranger(host, path)
        await stranger.send(mutations())
        while not stranger.closed:
            await asyncio.sleep(0)
        assert all(b"ConnectFailed" in data for data in stranger.inbox)
        await stranger.leave()
    assert host.instances() == before
    await victims.are_well()


STEPS: list[Any] = [
    {"type": kind, "payload": payload, "meta": {"requestUuid": "x", "timestamp": NOW, **meta}}
    for kind, payload, meta in [
        ("broadcastRequest", {"channelId": "one", "context": VOD}, {}),
        ("findIntentRequest", {"intent": "ViewChart", "context": VOD}, {}),
        ("findIntentsByContextRequest", {"context": VOD}, {}),
        ("findInstancesRequest", {"app": {"appId": "crm"}}, {"source": {"appId": "x", "desktopAgent": "a"}}),
        ("getAppMetadataRequest", {"app": {"appId": "crm", "desktopAgent": "london"}}, {}),
        ("openRequest", {"app": {"appId": "crm", "desktopAgent": "london"}}, {"destination": {"desktopAgent": "l"}}),
        ("raiseIntentRequest", {"intent": "X", "context": VOD, "app": {"appId": "c", "desktopAgent": "london"}}, {}),
        ("PrivateChannel.broadcast", {"channelId": "x", "context": VOD}, {"destination": {"desktopAgent": "london"}}),
        ("PrivateChannel.onDisconnect", {"channelId": "x"}, {"destination": {"desktopAgent": "london"}}),
        ("findIntentResponse", {"appIntent": {"intent": {"name": "X"}, "apps": []}}, {"responseUuid": "y"}),
        ("raiseIntentResultResponse", {"intentResult": {"context": VOD}}, {"responseUuid": "y"}),
        ("handshake", {"implementationMetadata": {}, "requestedName": "x", "channelsState": {}}, {}),
    ]
]


FEATURES = {"OriginatingAppMetadata": True, "UserChannelMembershipAPIs": True, "DesktopAgentBridging": True}


@counts
def test_an_agent_on_the_bridge(count: int) -> None:
    """The bridge behind its socket: what is nonsense reaches nobody, and every message that it sends is readable."""
    print(f"bridge, seed {SEED}", flush=True)
    hub, mutations = Hub(), Mutations(random.Random(SEED), STEPS, ["london", "fuzzer"])
    implementation = {"fdc3Version": "2.2", "provider": "x", "optionalFeatures": FEATURES}
    passed = 0

    def carry(effects: list[Effect]) -> None:
        nonlocal passed
        for effect in effects:
            if isinstance(effect, Close):
                carry(hub.closed(effect.to))
            elif "london" in effect.to:
                decode(effect.data)
                passed += 1

    def join(name: str) -> None:
        payload = {"implementationMetadata": implementation, "requestedName": name, "channelsState": {}}
        carry(hub.opened(name))
        carry(hub.received(name, request("handshake", payload, "hello")))

    join("london")
    for number in range(1, count + 1):
        if "fuzzer" not in hub.agents:
            join("fuzzer")
        carry(hub.received("fuzzer", mutations()))
        if number % 500 == 0:
            carry(hub.closed("fuzzer"))
        if number % 50_000 == 0:
            print(f"bridge: {number:,} of {count:,}, {passed:,} passed on", flush=True)
    assert passed > count / 10
    assert "london" in hub.agents


@pytest.mark.parametrize("count", [300, pytest.param(LONG // 10, id="soak", marks=[pytest.mark.soak])])
@pytest.mark.timeout(7200)
async def test_plain_requests(host: Host, victims: Victims, count: int) -> None:
    """Each is a connection of its own. Whatever is asked: an answer of HTTP or the end of the connection."""
    http, dice = Http(host), random.Random(SEED)
    print(f"plain requests, seed {SEED}", flush=True)
    statuses: set[int] = set()
    for number in range(0, count, 100):
        statuses |= {*await asyncio.gather(*(http.ask(dice) for _ in range(100)))}
        if number % 10_000 == 0:
            print(f"plain requests: {number:,} of {count:,}", flush=True)
    assert {200, 400, 404, 421} <= statuses
    assert all(status < 600 and status != 500 for status in statuses)
    assert msgspec.json.decode(await http.get("/v2/apps/crm"))["appId"] == "crm"
    await victims.are_well()
