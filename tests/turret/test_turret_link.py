"""The turret's side of the desk, without a process or a window: a board by hand, a real agent."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Callable
from typing import Any, cast

import pytest

from fdc3.client import DesktopAgent, PrivateChannel
from fdc3.directory import AppDirectory
from fdc3.host import Host
from fdc3.types import Context, ContextMetadata
from plugins.turret.adapter import TurretEvent
from plugins.turret.audio import AudioServer, CallAudio
from plugins.turret.desk_link import DeskLink
from plugins.turret.model import Board

NOW = dt.datetime(2026, 11, 10, 14, 20, tzinfo=dt.UTC)


class Hand:
    """A turret moved by hand."""

    def __init__(self) -> None:
        self.board = Board()
        self.listeners: list[Callable[[TurretEvent], None]] = []

    def subscribe(self, listener: Callable[[TurretEvent], None]) -> None:
        self.listeners.append(listener)

    def name(self, call: str, name: str | None) -> None:
        pass

    def audio(self, call: str) -> CallAudio:
        return CallAudio(call, 8000)

    def tell(self, happening: Any, board: Board) -> None:
        self.board = board
        for listener in self.listeners:
            listener(TurretEvent(happening, board.line("L1")))


class Desk:
    """Takes calls down, as Reports does."""

    def __init__(self, agent: DesktopAgent) -> None:
        self.agent = agent
        self.said: list[str] = []

    async def take(self, context: Context, metadata: ContextMetadata) -> PrivateChannel:
        channel = await self.agent.create_private_channel()
        await channel.add_context_listener(None, lambda told, _: self.said.append(str(told.get("event"))))
        await channel.on_disconnect(lambda: self.said.append("disconnected"))
        return channel


@pytest.fixture
async def host() -> AsyncIterator[Host]:
    host = Host(AppDirectory())
    yield host
    await host.close()


async def test_a_call_that_is_over_leaves_no_channel_behind(host: Host) -> None:
    """Else the agent and the apps would keep one for every call of the day."""
    desk = Desk(await host.connect_memory("desk"))
    await desk.agent.add_intent_listener("CreateInteraction", desk.take)
    turret = Hand()
    link = DeskLink(await host.connect_memory("turret"), cast(Any, turret), AudioServer(), lambda: NOW)
    await link.start()
    ringing = turret.board.ring("", "call-1", NOW)
    turret.tell("ringing", ringing)
    turret.tell("answered", ringing.answer("L1", NOW))
    turret.tell("ended", turret.board.hang_up("L1", NOW))
    async with asyncio.timeout(5):
        while len(desk.said) < 2:
            await asyncio.sleep(0.005)
    assert desk.said == ["ended", "disconnected"]
    await link.close()
