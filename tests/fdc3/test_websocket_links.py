"""Programs whose link breaks, is taken over by another, or ends with a goodbye: what that costs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest
from running import QUICK, Running, eventually
from websockets.exceptions import ConnectionClosed
from wscp_socket import NOW, asked, cut, introduced

from fdc3.client import connect
from fdc3.client.channel import PrivateChannel
from fdc3.host import Observation
from fdc3.types import Contact, Context, ContextMetadata, Instrument
from fdc3.types.messages import AddContextListenerRequest

SARAH = Contact(name="Sarah Whitcombe", id={"email": "sarah@example.com"})
VOD = Instrument(id={"ticker": "VOD"})
SIX = "fdc3.channel.6"


@pytest.fixture
async def running() -> AsyncIterator[Running]:
    async with Running("websocket", reconnect_grace=5.0) as running:
        yield running


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
