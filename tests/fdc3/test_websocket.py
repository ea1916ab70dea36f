"""The websocket door: who gets in, what happens to nonsense, and what a broken link costs."""

from __future__ import annotations

import asyncio
import logging
import random
import socket
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from running import QUICK, Running, eventually
from schemas import check_message
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_socket
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Origin

from fdc3.client import connect, connect_from_environment
from fdc3.client.channel import PrivateChannel
from fdc3.directory import AppRecord
from fdc3.host import Observation, Session
from fdc3.launching import ProcessLauncher
from fdc3.types import Contact, Context, ContextMetadata, Instrument, errors
from fdc3.types.messages import AddContextListenerRequest

SARAH = Contact(name="Sarah Whitcombe", id={"email": "sarah@example.com"})
VOD = Instrument(id={"ticker": "VOD"})
SIX = "fdc3.channel.6"
NOW = "2026-03-02T09:30:00Z"


@pytest.fixture
async def running() -> AsyncIterator[Running]:
    async with Running("websocket", reconnect_grace=5.0) as running:
        yield running


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
        async with asyncio.timeout(10):
            while True:
                await deaf.recv()
    assert ended.value.rcvd is not None
    assert ended.value.rcvd.reason == "messages were not read"


async def test_a_second_connection_with_the_secret_supersedes_the_first(running: Running) -> None:
    _, secret = running.host.pair("turret")
    first, before = await introduced(running, secret)
    second, after = await introduced(running, secret)
    identity = [x["payload"]["implementationMetadata"]["appMetadata"]["instanceId"] for x in (before, after)]
    assert identity[0] == identity[1]
    with pytest.raises(ConnectionClosed):
        await asked(first)
    assert (await asked(second))["type"] == "getInfoResponse"
    assert len(running.host.instances()) == 1
    await second.close()


async def test_goodbye_ends_the_instance_and_the_secret_brings_it_back(running: Running) -> None:
    url, secret = running.host.pair("turret")
    agent = await connect(url, secret)
    await agent.disconnect()
    await eventually(lambda: running.host.instances() == ())
    again = await connect(url, secret)
    assert again.app == agent.app
    await again.disconnect()


def cut(running: Running, app_id: str) -> Callable[[], bool]:
    """Cuts an app's socket as a crash of the network would, without any goodbye. Returns whether it is noticed."""
    [session] = [each for each in running.host._sessions.values() if each.app_id == app_id]
    before = session.outlet
    assert before is not None
    before._connection.transport.abort()  # type: ignore[attr-defined]
    return lambda: session.outlet is not before


async def test_a_broken_link_is_taken_up_again_with_nothing_lost(running: Running) -> None:
    crm, turret = await running.connect_all("crm", "turret")
    heard: list[Context] = []
    channels: list[PrivateChannel] = []

    async def view(context: Context, metadata: ContextMetadata) -> PrivateChannel:
        channels.append(await crm.create_private_channel())
        return channels[0]

    await crm.add_intent_listener("ViewProfile", view)
    await turret.join_user_channel(SIX)
    await turret.add_context_listener(None, lambda context, _: heard.append(context))
    private = await (await turret.raise_intent("ViewProfile", SARAH)).get_result()
    assert isinstance(private, PrivateChannel)
    await private.add_context_listener(None, lambda context, _: heard.append(context))
    await eventually(cut(running, "turret"))
    user = next(c for c in await crm.get_user_channels() if c.id == SIX)
    await user.broadcast(VOD)
    await channels[0].broadcast(SARAH)
    info = await turret.get_info()
    assert info.app_metadata
    assert info.app_metadata.identifier == turret.app
    await eventually(lambda: len(heard) == 2)
    assert heard == [VOD, SARAH]


async def test_an_app_that_was_forgotten_meanwhile_joins_and_listens_again() -> None:
    async with Running("websocket", reconnect_grace=0.0) as running:
        crm, turret = await running.connect_all("crm", "turret")
        heard: list[Context] = []
        await turret.join_user_channel(SIX)
        await turret.add_context_listener(None, lambda context, _: heard.append(context))
        deals = await turret.get_or_create_channel("deals")
        await deals.add_context_listener(None, lambda context, _: heard.append(context))
        await turret.add_intent_listener("StartCall", lambda context, _: context)
        cut(running, "turret")

        def listening() -> bool:
            return any(i.app_id == "turret" and i.channel_id == SIX for i in running.host.instances())

        await eventually(lambda: not listening())
        await eventually(listening)
        await crm.join_user_channel(SIX)
        await crm.broadcast(VOD)
        await (await crm.get_or_create_channel("deals")).broadcast(SARAH)
        assert await (await crm.raise_intent("StartCall", SARAH)).get_result() == SARAH
        await eventually(lambda: len(heard) == 2)


async def test_a_request_repeated_after_a_break_is_answered_again_but_done_once(running: Running) -> None:
    _, secret = running.host.pair("turret")
    socket, _ = await introduced(running, secret)
    meta = {"requestUuid": "once", "timestamp": NOW}
    create = msgspec.json.encode({"type": "createPrivateChannelRequest", "payload": {}, "meta": meta}).decode()
    await socket.send(create)
    first = await socket.recv()
    socket.transport.abort()
    socket, answer = await introduced(running, secret)
    assert answer["payload"]["implementationMetadata"]["appMetadata"]["instanceMetadata"] == {"resumed": True}
    await socket.send(create)
    assert await socket.recv() == first
    await socket.close()


async def test_a_client_gives_up_an_agent_that_does_not_come_back(running: Running) -> None:
    turret = await running.connect("turret")
    running.host._server._server.close(close_connections=False)  # type: ignore[union-attr]
    cut(running, "turret")
    await asyncio.wait_for(turret.closed.wait(), QUICK.give_up_after + 5)


CHILD = """
import asyncio, sys
sys.path.insert(0, {root!r})
from fdc3.client import connect_from_environment

async def main():
    agent = await connect_from_environment()
    await agent.add_intent_listener("ViewProfile", lambda context, metadata: context)
    await agent.closed.wait()

asyncio.run(main())
"""


@pytest.fixture
def native(tmp_path: Path) -> AppRecord:
    script = tmp_path / "child.py"
    script.write_text(CHILD.format(root=str(Path(__file__).resolve().parents[2])))
    intents = {"listensFor": {"ViewProfile": {"contexts": ["fdc3.contact"]}}}
    details = {"path": "python", "arguments": str(script)}
    value = {"appId": "child", "title": "Child", "type": "native", "details": details, "interop": {"intents": intents}}
    return msgspec.convert(value, AppRecord)


async def test_a_program_is_started_for_an_intent_and_ended_with_the_agent(native: AppRecord) -> None:
    launcher = ProcessLauncher()
    async with Running("memory", native, launcher=launcher) as running:
        desk = await running.connect("desk")
        assert await (await desk.raise_intent("ViewProfile", SARAH)).get_result() == SARAH
        [pid] = launcher.processes.values()
        if sys.platform == "linux":
            environment = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
            [secret] = [name.partition(b"=")[2] for name in environment if name.startswith(b"FDC3_SHARED_SECRET=")]
            assert secret not in Path(f"/proc/{pid}/cmdline").read_bytes()
    assert launcher.processes == {}


async def test_a_program_that_dies_is_gone_at_once(native: AppRecord) -> None:
    launcher = ProcessLauncher()
    async with Running("memory", native, launcher=launcher) as running:
        identifier = await running.host.launch("child", channel_id=SIX)
        await eventually(lambda: any(i.connected and i.channel_id == SIX for i in running.host.instances()), 20)
        launcher._processes[identifier.instance or ""].kill()
        await eventually(lambda: running.host.instances() == ())


async def test_a_program_that_cannot_be_started_is_an_error(native: AppRecord) -> None:
    native.details["path"] = "/no/such/program"
    async with Running("memory", native, launcher=ProcessLauncher()) as running:
        with pytest.raises(errors.ErrorOnLaunch):
            await running.host.launch("child")
        with pytest.raises(errors.IntentDeliveryFailed):
            await (await running.connect("desk")).raise_intent("ViewProfile", SARAH)


async def test_a_program_started_by_hand_is_told_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FDC3_WEBSOCKET_URL", raising=False)
    with pytest.raises(errors.AgentNotFound, match="FDC3_WEBSOCKET_URL"):
        await connect_from_environment()


async def test_two_programs_with_one_secret_do_not_fight_over_it(running: Running) -> None:
    url, secret = running.host.pair("turret")
    first = await connect(url, secret, backoff=QUICK)
    second = await connect(url, secret, backoff=QUICK)
    await asyncio.wait_for(first.closed.wait(), 5)
    assert not second.closed.is_set()
    info = await second.get_info()
    assert info.app_metadata
    assert info.app_metadata.identifier == first.app
    await second.close()


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


async def test_a_link_that_breaks_again_while_it_is_restored_keeps_its_channel(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second break comes when the app has been let in afresh, but has not joined its channel again."""
    monkeypatch.setattr(running.host, "_grace", 0.0)
    turret = await running.connect("turret")
    await turret.join_user_channel(SIX)
    await turret.add_context_listener(None, lambda context, _: None)
    breaks = 0

    def breaking(observation: Observation) -> None:
        nonlocal breaks
        if observation.direction == "in" and isinstance(observation.message, AddContextListenerRequest) and breaks < 2:
            breaks += 1
            cut(running, "turret")

    running.host.observe(breaking)
    cut(running, "turret")
    await eventually(lambda: breaks == 2)
    await eventually(lambda: any(i.channel_id == SIX for i in running.host.instances()))


async def test_an_app_that_gives_up_connecting_leaves_nothing_behind(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running.host, "receive", lambda *_: None)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await connect(*running.host.pair("turret"))
    await eventually(lambda: running.host.instances() == ())


async def test_a_program_that_could_not_be_started_leaves_no_secret(native: AppRecord) -> None:
    native.details["path"] = "/nowhere/at/all"
    async with Running("memory", native, launcher=ProcessLauncher()) as running:
        desk = await running.connect("desk")
        with pytest.raises(errors.ErrorOnLaunch):
            await desk.open("child")
        with pytest.raises(errors.ErrorOnLaunch):
            await running.host.launch("child")
        assert [session.app_id for session in running.host._sessions.values()] == ["desk"]


async def test_what_is_withheld_is_not_in_a_programs_environment(
    native: AppRecord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OUR_TOKEN", "secret")
    seen = tmp_path / "seen"
    (tmp_path / "child.py").write_text(f"import os; open({str(seen)!r}, 'w').write(repr(dict(os.environ)))")
    launcher = ProcessLauncher(withheld={"OUR_TOKEN"})
    await launcher.launch(native, "instance", "ws://127.0.0.1:1", "its-own")
    await eventually(lambda: launcher.processes == {})
    assert "OUR_TOKEN" not in seen.read_text()
    assert "its-own" in seen.read_text()


def test_sessions_show_neither_secret_nor_messages() -> None:
    session = Session("turret", "the-secret")
    session.backlog.append(b"Sarah Whitcombe")
    session.remember("1", b"Sarah Whitcombe")
    assert "the-secret" not in repr(session)
    assert "Whitcombe" not in repr(session)


async def test_what_comes_while_a_link_is_being_given_up_is_kept_for_the_next(running: Running) -> None:
    """An app froze (a suspended laptop): its pings fail, its socket is closing and takes nothing any more."""
    _, secret = running.host.pair("turret")
    [crm] = await running.connect_all("crm")
    frozen, _ = await introduced(running, secret)
    payload = {"channelId": SIX, "contextType": None}
    meta = {"requestUuid": "x", "timestamp": NOW}
    listen = {"type": "addContextListenerRequest", "payload": payload, "meta": meta}
    await frozen.send(msgspec.json.encode(listen).decode())
    await asked(frozen)
    frozen.transport.pause_reading()
    [outlet] = [s.outlet for s in running.host._sessions.values() if s.app_id == "turret"]
    closing = asyncio.create_task(outlet._connection.close(1011, "keepalive ping timeout"))  # type: ignore[union-attr]
    await asyncio.sleep(0)
    await crm.join_user_channel(SIX)
    await crm.broadcast(VOD)
    again, answer = await introduced(running, secret)
    assert answer["payload"]["implementationMetadata"]["appMetadata"]["instanceMetadata"] == {"resumed": True}
    async with asyncio.timeout(5):
        assert msgspec.json.decode(await again.recv())["payload"]["context"] == VOD
    frozen.transport.abort()
    await again.close()
    await closing


async def test_what_is_kept_for_an_app_whose_link_broke_is_bounded(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fdc3.session.BACKLOG_BYTES", 1_000_000)
    _, secret = running.host.pair("turret")
    [crm] = await running.connect_all("crm")
    away, _ = await introduced(running, secret)
    payload = {"channelId": None, "contextType": None}
    meta = {"requestUuid": "x", "timestamp": NOW}
    listen = {"type": "addContextListenerRequest", "payload": payload, "meta": meta}
    join = {"type": "joinUserChannelRequest", "payload": {"channelId": SIX}, "meta": {**meta, "requestUuid": "y"}}
    for message in (listen, join):
        await away.send(msgspec.json.encode(message).decode())
    await asked(away)
    away.transport.abort()
    await eventually(lambda: any(s.grace for s in running.host._sessions.values()))
    await crm.join_user_channel(SIX)
    for _ in range(5):
        await crm.broadcast(Context(type="deskline.big", text="x" * 300_000))
    await eventually(lambda: [i.app_id for i in running.host.instances()] == ["crm"])


async def test_the_secret_of_an_app_in_this_process_ends_when_it_has_connected(native: AppRecord) -> None:
    secrets: list[str] = []

    class Inside:
        async def launch(self, record: AppRecord, instance_id: str, url: str, secret: str) -> None:
            secrets.append(secret)
            await desk.connect_as("child", instance_id)

    async with Running("memory", native, launcher=Inside()) as desk:
        await desk.host.launch("child")
        with pytest.raises(errors.AccessDenied):
            await connect(desk.host.url, secrets[0])
        await desk.agents[0].disconnect()
        assert desk.host._sessions == {}


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


async def test_what_was_said_before_the_goodbye_arrives_before_it_and_in_order(running: Running) -> None:
    _, secret = running.host.pair("turret")
    socket, answer = await introduced(running, secret)
    instance_id = answer["payload"]["implementationMetadata"]["appMetadata"]["instanceId"]
    listen = {"type": "addEventListenerRequest", "payload": {"type": "USER_CHANNEL_CHANGED"}}
    await socket.send(msgspec.json.encode({**listen, "meta": {"requestUuid": "r0", "timestamp": NOW}}).decode())
    await asked(socket)
    channels = [channel.id for channel in running.host.user_channels]
    for channel in channels:
        running.host.join_user_channel(instance_id, channel)
    await running.host.close()
    heard = [msgspec.json.decode(message) async for message in socket]
    assert [message["type"] for message in heard] == ["channelChangedEvent"] * len(channels) + ["WSCPGoodbye"]
    assert [message["payload"]["newChannelId"] for message in heard[:-1]] == channels
