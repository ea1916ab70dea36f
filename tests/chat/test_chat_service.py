"""The simulated chat service as a real process, and its client."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve

from app.market.loopback import LoopbackService, ServiceNotStarted
from plugins.chat.client import LoopbackChat, from_environment
from plugins.chat.protocol import Arrived, ChatUnavailable, Connection, Party, Refused, ServiceEvent, Snapshot, Thread
from plugins.chat.service import ChatServer

NOW = dt.datetime(2026, 11, 10, 14, 20, tzinfo=dt.UTC)

DIALOGUE = """
id: chat-demo
kind: chat
started: "2026-11-10T14:20:30+00:00"
client: {contact: "Sarah Whitfield", organization: "Northgate Asset Management", chat_handle: "swhitfield.northgate"}
trader: {name: "Max Kern", desk: "EU Credit Sales"}
turns:
  - {who: client, at: 0, text: "hi max"}
  - {who: client, at: 20, text: "can you show me 10mm VOD 33s"}
  - {who: trader, at: 45, text: "sure, 98.41 / 98.49"}
  - {who: client, at: 60, text: "mine at .49"}
"""


def client(service: LoopbackService) -> LoopbackChat:
    return LoopbackChat(lambda: (service.url, service.token))


class Heard:
    """Collects what a client hears."""

    def __init__(self, chat: LoopbackChat) -> None:
        self.events: list[ServiceEvent] = []
        self._task = asyncio.create_task(self._listen(chat))

    async def _listen(self, chat: LoopbackChat) -> None:
        async for event in chat.events():
            self.events.append(event)

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    @property
    def messages(self) -> list[Arrived]:
        return [event for event in self.events if isinstance(event, Arrived)]

    @property
    def phase(self) -> str:
        return [event.phase for event in self.events if isinstance(event, Connection)][-1]

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(10):
            while not condition():
                await asyncio.sleep(0.01)


@pytest.fixture
def dialogue(tmp_path: Path) -> Path:
    path = tmp_path / "chat.yaml"
    path.write_text(DIALOGUE, encoding="utf-8")
    return path


@pytest.fixture
async def service() -> AsyncIterator[LoopbackService]:
    made = LoopbackService("plugins.chat.service", token_variable="DESKLINE_CHAT_TOKEN")
    await made.start()
    yield made
    await made.stop()


async def test_a_dialogue_is_played_in_order_with_its_own_times(service: LoopbackService, dialogue: Path) -> None:
    chat = client(service)
    heard = Heard(chat)
    try:
        await heard.until(lambda: heard.events and heard.phase == "live")
        await chat.play(dialogue, speed=200)
        await heard.until(lambda: len(heard.messages) == 4)
        said = [event.message for event in heard.messages]
        assert [(message.seq, message.who) for message in said] == [
            (0, "client"),
            (1, "client"),
            (2, "trader"),
            (3, "client"),
        ]
        assert said[1].text == "can you show me 10mm VOD 33s"
        assert [(message.at - said[0].at).total_seconds() for message in said] == [0, 20, 45, 60]
        assert heard.messages[0].party.handle == "swhitfield.northgate"
        assert heard.messages[0].party.organization == "Northgate Asset Management"
    finally:
        await heard.close()


async def test_the_trader_may_write_between_and_gets_the_message_back(service: LoopbackService, dialogue: Path) -> None:
    chat = client(service)
    heard = Heard(chat)
    try:
        await heard.until(lambda: heard.events and heard.phase == "live")
        await chat.play(dialogue, speed=200)
        await heard.until(lambda: len(heard.messages) == 4)
        last = heard.messages[-1]
        await chat.send(last.thread, "  done, 10mm at 98.49  ", "mark")
        await heard.until(lambda: len(heard.messages) == 5)
        mine = heard.messages[-1].message
        assert (mine.who, mine.text, mine.nonce, mine.seq) == ("trader", "done, 10mm at 98.49", "mark", 4)
        assert mine.at >= last.message.at
        await chat.send("nowhere", "x", "y")
        await heard.until(lambda: isinstance(heard.events[-1], Refused))
    finally:
        await heard.close()


async def test_a_client_that_comes_back_gets_what_it_missed(service: LoopbackService, dialogue: Path) -> None:
    first = client(service)
    heard = Heard(first)
    await heard.until(lambda: heard.events and heard.phase == "live")
    await first.play(dialogue, speed=200)
    await heard.until(lambda: len(heard.messages) >= 1)
    await heard.close()
    again = Heard(client(service))
    try:

        def known() -> int:
            snapshots = [event for event in again.events if isinstance(event, Snapshot)]
            kept = len(snapshots[-1].threads[0].messages) if snapshots and snapshots[-1].threads else 0
            return kept + len(again.messages)

        await again.until(lambda: known() == 4)
    finally:
        await again.close()


async def test_a_killed_service_is_said_to_be_away_and_found_again(service: LoopbackService) -> None:
    chat = client(service)
    heard = Heard(chat)
    try:
        await heard.until(lambda: heard.events and heard.phase == "live")
        assert service.pid is not None
        os.kill(service.pid, signal.SIGKILL)
        await heard.until(lambda: heard.phase != "live")
        with pytest.raises(ChatUnavailable, match="not sent"):
            await chat.send("a", "b", "c")
        await heard.until(lambda: heard.phase == "live")
    finally:
        await heard.close()


async def test_dialogues_can_be_given_at_the_start(dialogue: Path) -> None:
    service = LoopbackService(
        "plugins.chat.service",
        token_variable="DESKLINE_CHAT_TOKEN",
        arguments=["--play", str(dialogue), "--speed", "200"],
    )
    await service.start()
    heard = Heard(client(service))
    try:
        await heard.until(lambda: len(heard.messages) == 4)
    finally:
        await heard.close()
        await service.stop()


async def test_a_broken_dialogue_is_refused_with_a_sentence(service: LoopbackService, tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text("turns: [", encoding="utf-8")
    chat = client(service)
    heard = Heard(chat)
    try:
        await heard.until(lambda: heard.events and heard.phase == "live")
        await chat.play(bad)
        await heard.until(lambda: isinstance(heard.events[-1], Refused))
    finally:
        await heard.close()
    broken = LoopbackService(
        "plugins.chat.service", token_variable="DESKLINE_CHAT_TOKEN", arguments=["--play", str(bad)]
    )
    with pytest.raises(ServiceNotStarted):
        await broken.start()


async def test_a_message_written_while_the_snapshot_is_sent_is_not_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The socket takes its time over the snapshot; a customer writes meanwhile."""
    server = ChatServer()
    thread = Thread("t1", "demo-chat", Party("sarah.example"), [])
    server._threads[thread.id] = thread
    heard: list[str] = []

    async def serve_slowly(socket: ServerConnection) -> None:
        send = socket.send

        async def slow(data: Any) -> None:
            await asyncio.sleep(0.05)
            await send(data)

        monkeypatch.setattr(socket, "send", slow)
        await server.serve_client(socket)

    async with serve(serve_slowly, "127.0.0.1", 0, compression=None) as running:
        url = f"ws://127.0.0.1:{running.sockets[0].getsockname()[1]}"
        async with connect(url, proxy=None) as socket, asyncio.timeout(5):
            await asyncio.sleep(0.01)
            server._write(thread, "client", NOW, "are you there?", None)
            while not any("are you there?" in each for each in heard):
                heard.append(str(await socket.recv()))
    assert '"snapshot"' in heard[0]


async def test_a_service_that_cannot_be_started_again_at_once_is_tried_again(
    service: LoopbackService, monkeypatch: pytest.MonkeyPatch
) -> None:
    create, failures = asyncio.create_subprocess_exec, 0

    async def fail_once(*arguments: Any, **options: Any) -> Any:
        nonlocal failures
        failures += 1
        if failures == 1:
            raise OSError("too many open files")
        return await create(*arguments, **options)

    monkeypatch.setattr("app.market.loopback._RESTART_DELAYS", (0.01,))
    monkeypatch.setattr(asyncio, "create_subprocess_exec", fail_once)
    before = service.pid
    assert before is not None
    os.kill(before, signal.SIGKILL)
    async with asyncio.timeout(10):
        while service.pid == before:
            await asyncio.sleep(0.01)


async def test_the_service_may_come_up_after_the_panel(service: LoopbackService) -> None:
    environment: dict[str, str] = {}
    heard = Heard(from_environment(environment))
    try:
        await heard.until(lambda: heard.events and heard.phase == "offline")
        environment.update(DESKLINE_CHAT_URL=service.url, DESKLINE_CHAT_TOKEN=service.token)
        await heard.until(lambda: heard.phase == "live")
    finally:
        await heard.close()
