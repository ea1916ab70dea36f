"""The websocket door: who gets in, and what happens to nonsense."""

from __future__ import annotations

import asyncio
import logging
import random
import socket
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from running import Running, eventually
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_socket
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Origin
from wscp_socket import NOW, asked, introduced

from fdc3.client import connect
from fdc3.host import Session
from fdc3.types import Contact, Context, Instrument, errors

SARAH = Contact(name="Sarah Whitcombe", id={"email": "sarah@example.com"})
VOD = Instrument(id={"ticker": "VOD"})
SIX = "fdc3.channel.6"


@pytest.fixture
async def running() -> AsyncIterator[Running]:
    async with Running("websocket", reconnect_grace=5.0) as running:
        yield running


async def test_it_listens_on_loopback_only(running: Running) -> None:
    assert running.host.url.startswith("ws://127.0.0.1:")
    port = int(running.host.url.split(":")[2].split("/")[0])
    own_address = "127.0.0.2"
    with pytest.raises(OSError):  # noqa: PT011
        socket.create_connection((own_address, port), timeout=1).close()


async def test_the_right_secret_is_an_identity(running: Running) -> None:
    _, secret = running.host.pair("turret")
    socket, answer = await introduced(running, secret)
    assert answer["type"] == "WSCPDesktopAgentConnect"
    assert answer["meta"]["connectionAttemptUuid"] == "attempt-1"
    assert answer["payload"]["implementationMetadata"]["appMetadata"]["appId"] == "turret"
    assert secret not in str(answer)
    assert (await asked(socket))["payload"]["implementationMetadata"]["appMetadata"]["appId"] == "turret"
    await socket.close()


@pytest.mark.parametrize(("secret", "version"), [("wrong", "1.0"), ("", "1.0"), ("geheim-ß", "1.0"), (None, "2.0")])
async def test_a_wrong_secret_or_version_is_refused(running: Running, secret: str | None, version: str) -> None:
    socket, answer = await introduced(running, secret if secret is not None else running.host.pair("crm")[1], version)
    assert answer["type"] == "WSCPConnectFailed"
    with pytest.raises(ConnectionClosed):
        await socket.recv()
    assert running.host.instances() == ()


async def test_a_client_with_a_wrong_secret_or_address_gets_a_clear_error(running: Running) -> None:
    with pytest.raises(errors.AccessDenied):
        await connect(running.host.url, "wrong")
    with pytest.raises(errors.AgentNotFound):
        await connect("ws://127.0.0.1:1", "any")
    with pytest.raises(errors.ErrorOnConnect):
        await connect("http://nowhere", "any")


async def test_web_pages_are_refused_by_their_origin(running: Running) -> None:
    with pytest.raises(InvalidStatus) as refusal:
        await open_socket(running.host.url, origin=Origin("https://evil.example"), proxy=None)
    assert refusal.value.response.status_code == 403
    async with Running("websocket", origins=["https://desk.example"]) as other:
        await (await open_socket(other.host.url, origin=Origin("https://desk.example"), proxy=None)).close()


async def test_nothing_is_heard_before_the_introduction(running: Running) -> None:
    socket = await open_socket(running.host.url, proxy=None)
    await socket.send(
        '{"type":"getInfoRequest","payload":{},"meta":{"requestUuid":"1","timestamp":"2026-03-02T09:30:00Z"}}'
    )
    assert msgspec.json.decode(await socket.recv())["type"] == "WSCPConnectFailed"


async def test_secrets_and_client_data_stay_out_of_the_log(running: Running, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        url, secret = running.host.pair("turret")
        agent = await connect(url, secret)
        await agent.join_user_channel(SIX)
        await agent.broadcast(SARAH)
        with pytest.raises(errors.AccessDenied):
            await connect(url, "not-the-secret")
        await agent.disconnect()
    assert secret not in caplog.text
    assert "not-the-secret" not in caplog.text
    assert "Whitcombe" not in caplog.text


async def test_nonsense_never_ends_a_connection(running: Running) -> None:
    """Mutations of real messages and plain noise: the connection survives and still answers."""
    socket, _ = await introduced(running, running.host.pair("turret")[1])
    dice = random.Random(20260302)
    meta = {"requestUuid": "x", "timestamp": NOW}
    real = [
        {"type": "broadcastRequest", "payload": {"channelId": SIX, "context": VOD}, "meta": meta},
        {"type": "raiseIntentRequest", "payload": {"intent": "ViewProfile", "context": SARAH}, "meta": meta},
        {"type": "addContextListenerRequest", "payload": {"channelId": None, "contextType": None}, "meta": meta},
        {"type": "WSCPApplicationConnect", "payload": {"protocolVersion": "1.0"}, "meta": meta},
    ]
    fixed = ["", "null", "[]", "{}", "[" * 5000, '"\\ud800"', "NaN", '{"type":1e999}', "\x00"]
    for message in [*fixed, *(_mutated(dice, real) for _ in range(500))]:
        await socket.send(message)
    await socket.send(b"\xff\xfe binary")
    assert (await asked(socket, "still there"))["type"] == "getInfoResponse"
    await socket.close()


def _mutated(dice: random.Random, real: list[Any]) -> str:
    text = list(msgspec.json.encode(dice.choice(real)).decode())
    for _ in range(dice.randint(1, 6)):
        place = dice.randrange(len(text))
        text[place : place + dice.randint(0, 3)] = [dice.choice('{}[]",:0\\ué\n')] * dice.randint(0, 2)
    return "".join(text)


async def test_a_message_too_large_ends_only_its_own_connection(running: Running) -> None:
    socket, _ = await introduced(running, running.host.pair("turret")[1])
    other, _ = await introduced(running, running.host.pair("crm")[1])
    await socket.send("x" * (2 * 1024 * 1024))
    with pytest.raises(ConnectionClosed) as closed:
        await socket.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1009
    assert (await asked(other))["type"] == "getInfoResponse"
    await other.close()


async def read_on(socket: ClientConnection) -> None:
    async with asyncio.timeout(10):
        while True:
            await socket.recv()


async def test_an_app_that_does_not_read_is_cut_off_and_the_others_are_not(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fdc3.transports.websocket_server.MAX_UNSENT", 1_000_000)
    crm, turret = await running.connect_all("crm", "turret")
    heard: list[Context] = []
    await (await turret.get_or_create_channel("big")).add_context_listener(None, lambda c, _: heard.append(c))
    deaf, _ = await introduced(running, running.host.pair("pricing")[1])
    deaf.transport.pause_reading()
    meta = {"requestUuid": "x", "timestamp": NOW}
    payload = {"channelId": "big", "contextType": None}
    await deaf.send(
        msgspec.json.encode({"type": "addContextListenerRequest", "payload": payload, "meta": meta}).decode()
    )
    channel = await crm.get_or_create_channel("big")
    sent = 0
    async with asyncio.timeout(20):
        while any(i.app_id == "pricing" for i in running.host.instances()):
            await channel.broadcast(Context(type="deskline.big", text="x" * 500_000))
            sent += 1
    await eventually(lambda: len(heard) == sent)
    deaf.transport.resume_reading()
    with pytest.raises(ConnectionClosed) as ended:
        await read_on(deaf)
    assert ended.value.rcvd is not None
    assert ended.value.rcvd.reason == "messages were not read"


async def test_a_request_too_large_is_refused_without_costing_the_connection(running: Running) -> None:
    crm, turret = await running.connect_all("crm", "turret")
    huge = Context(type="deskline.big", text="x" * (2 * 1024 * 1024))
    channel = await turret.get_or_create_channel("big")
    with pytest.raises(errors.MalformedMessage):
        await channel.broadcast(huge)
    await turret.add_intent_listener("StartCall", lambda context, _: huge)
    resolution = await crm.raise_intent("StartCall", SARAH)
    with pytest.raises(errors.IntentHandlerRejected):
        await asyncio.wait_for(resolution.get_result(), 5)
    assert not any(session.grace for session in running.host._sessions.values())


async def test_an_app_that_gives_up_connecting_leaves_nothing_behind(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running.host, "receive", lambda *_: None)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await connect(*running.host.pair("turret"))
    await eventually(lambda: running.host.instances() == ())


def test_sessions_show_neither_secret_nor_messages() -> None:
    session = Session("turret", "the-secret")
    session.backlog.append(b"Sarah Whitcombe")
    session.remember("1", b"Sarah Whitcombe")
    assert "the-secret" not in repr(session)
    assert "Whitcombe" not in repr(session)


async def test_what_an_app_sends_is_not_repeated_in_the_log(running: Running, caplog: pytest.LogCaptureFixture) -> None:
    socket, _ = await introduced(running, running.host.pair("turret")[1])
    meta = {"requestUuid": "x", "timestamp": NOW}
    payload = {"privateChannelId": "x", "listenerType": "Sarah Whitcombe"}
    kind = "privateChannelAddEventListenerRequest"
    for message in ({"type": kind, "payload": payload, "meta": meta}, {"type": "Sarah Whitcombe\n2026 forged"}):
        await socket.send(msgspec.json.encode(message).decode())
    await asked(socket, "done")
    assert "cannot be read" in caplog.text
    assert "Whitcombe" not in caplog.text
    assert "forged" not in caplog.text
    await socket.close()
