"""Nonsense at every door: nothing crashes or hangs, answers are the standard's, and nothing of another app comes back.

A short run with the other tests; ``make soak`` sends a million messages to each door (``DESKLINE_FUZZ``: so many).
"""

from __future__ import annotations

import asyncio
import logging
import os
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import msgspec
import pytest
from fuzzing import CANARY, Account, Http, Victims, hammer
from nonsense import FRAMES, REQUESTS, STEPS, Mutations
from running import eventually
from talking import Memory, Page, Peer, Socket, Talker, handshake
from web_site import web_record

from fdc3.bridge.client import BridgeClient
from fdc3.bridge.hub import Close, Effect, Hub
from fdc3.bridge.messages import decode
from fdc3.bridge.server import BridgeServer
from fdc3.directory import AppDirectory
from fdc3.host import Host, Timeouts
from fdc3.transports.web_frames import Join
from fdc3.transports.web_frames import decode as decode_frame
from fdc3.types import wscp
from fdc3.types.wire import dialect_for

SEED = int(os.environ.get("DESKLINE_TEST_SEED", "20261121"))
LONG = int(os.environ.get("DESKLINE_FUZZ", "1000000"))
versions = pytest.mark.parametrize("version", ["2.2", "3.0"])
counts = pytest.mark.parametrize(
    "count", [1500, pytest.param(LONG, id="soak", marks=[pytest.mark.soak, pytest.mark.timeout(7200)])]
)


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """The log shall not hold millions of lines."""
    logging.getLogger("fdc3").setLevel(logging.CRITICAL)
    yield
    logging.getLogger("fdc3").setLevel(logging.NOTSET)


@pytest.fixture
async def host(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Host]:
    # The fuzzer shall reach what is behind the limits.
    monkeypatch.setattr("fdc3.limits.Allowance.spend", lambda *_: 0.0)
    monkeypatch.setattr("fdc3.transports.websocket_server.INTRODUCTION_SECONDS", 0.5)
    monkeypatch.setattr("fdc3.transports.web_gateway.PATIENCE", 0.1)  # as ever, less than an app has to connect
    intents = {"ViewChart": ["fdc3.instrument"], "ViewProfile": ["fdc3.contact"]}
    records = [web_record(name, f"https://{name}.example", **intents) for name in ("crm", "analytics", "fuzzer")]
    timeouts = Timeouts(connect=0.2, listener=0.2, resolver=0.2)
    host = Host(AppDirectory(records), timeouts=timeouts, reconnect_grace=0.2, navigation_grace=0.2)
    await host.start()
    yield host
    await host.close()


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
    account = await hammer(join, mutations, count, version, title)
    await victims.are_well()
    assert account.heard > count / 10, "much of it was near enough to sense to be answered"
    account.close()


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
    account = Account("host page", count)
    mutations, socket = Mutations(random.Random(SEED), FRAMES, victims.known), Unheard()
    page = host.web.page()
    for number in range(1, count + 1):
        if number % 5000 == 1:
            page.attach(f"load {number}", socket)
        page.received(mutations())
        if number % 500 == 0:
            await asyncio.sleep(0)
        account.heard = socket.heard
        account.one_sent()
    assert socket.heard > count / 100
    page.close()
    await victims.are_well()
    account.close()


@pytest.mark.parametrize("count", [500, pytest.param(LONG // 10, id="soak", marks=[pytest.mark.soak])])
@pytest.mark.timeout(7200)
async def test_the_socket_of_a_host_page(host: Host, victims: Victims, count: int) -> None:
    """Of each frame that is none it is the end; the page comes back, and its windows are there no more than others'."""
    print(f"host page's socket, seed {SEED}", flush=True)
    account = Account("host page's socket", count)
    mutations = Mutations(random.Random(SEED), FRAMES, victims.known)
    page = await Page(host).__aenter__()
    for _ in range(count):
        data = mutations()
        await page.send(data)
        account.one_sent()
        if isinstance(decode_frame(data), Join | None):
            while not page.closed:
                await asyncio.sleep(0)
            account.lives += 1
            await page.rejoin()
        for heard in page.inbox:
            assert CANARY.encode() not in heard
        account.heard += len(page.inbox)
        page.inbox.clear()
    await page.leave()
    await victims.are_well()
    account.close()


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


@counts
def test_the_bridge(count: int) -> None:
    """The bridge behind its socket: what is nonsense reaches nobody, and every message that it sends is readable."""
    print(f"bridge, seed {SEED}", flush=True)
    hub, mutations = Hub(), Mutations(random.Random(SEED), STEPS, ["london", "fuzzer"])
    account = Account("bridge", count)
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
        carry(hub.opened(name))
        carry(hub.received(name, handshake(name)))

    join("london")
    for number in range(1, count + 1):
        if "fuzzer" not in hub.agents:
            join("fuzzer")
        carry(hub.received("fuzzer", mutations()))
        if number % 500 == 0:
            carry(hub.closed("fuzzer"))
        account.heard = passed
        account.one_sent()
    assert passed > count / 10
    assert "london" in hub.agents
    account.close()


@counts
async def test_an_agent_on_the_bridge(host: Host, victims: Victims, count: int) -> None:
    """Through its socket and the bridge's to a real agent, whose apps are the victims."""
    server = BridgeServer(Hub(), ports=[0])
    client = BridgeClient(host, name="london", url=await server.start())
    await client.start()

    async def join() -> Talker:
        return await Peer(f"ws://127.0.0.1:{server.port}", "fuzzer").__aenter__()

    try:
        await eventually(lambda: client.name)
        await fuzz(victims, join, STEPS, count, "2.2", "agent on the bridge")
    finally:
        await client.close()
        await server.close()


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
