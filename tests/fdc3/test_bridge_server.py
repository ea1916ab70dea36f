"""The bridge's sockets."""

from __future__ import annotations

import asyncio

import pytest
from running import eventually
from talking import Peer, request

from fdc3.bridge.hub import Hub
from fdc3.bridge.server import BridgeServer


async def test_an_agent_that_does_not_read_is_cut_off_with_a_reason_and_the_others_are_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("fdc3.bridge.server.MAX_UNSENT", 1_000_000)
    hub = Hub()
    server = BridgeServer(hub, ports=[0])
    url = await server.start()
    async with Peer(url, "slow") as slow, Peer(url, "london") as london, Peer(url, "tokyo") as tokyo:
        slow.socket.transport.pause_reading()
        big = {"channelId": "fdc3.channel.1", "context": {"type": "big", "text": "x" * 500_000}}
        sent = 0
        async with asyncio.timeout(20):
            while not server._cut_off:
                await london.send(request("broadcastRequest", big, f"b{sent}", source={"appId": "crm"}))
                await london.send(london.mark(f"m{sent}"))
                await london.answer(f"m{sent}")
                sent += 1
        slow.socket.transport.resume_reading()
        await eventually(lambda: slow.closed, 10)
        assert slow.socket.close_reason == "messages were not read"
        await eventually(lambda: hub.agents == ("london", "tokyo"))
        await eventually(lambda: sum(b"broadcastRequest" in data for data in tokyo.inbox) == sent)
        assert server._cut_off == set()
    await server.close()
