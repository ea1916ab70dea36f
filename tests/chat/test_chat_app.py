"""A chat brings the desk round, is taken down, and what the customer mentions can be shown: over a real agent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from app.market.loopback import LoopbackService
from fdc3.client import Channel, DesktopAgent, PrivateChannel, connect_memory
from fdc3.host import Host
from fdc3.types import Contact, Context, ContextMetadata
from plugins.chat.app import ChatApp
from plugins.chat.client import LoopbackChat

if TYPE_CHECKING:
    from conftest import Desk

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
  - {who: client, at: 60, text: "mine at .49, and enel 31s?"}
"""


class Others:
    """Stands for the other panels: identity, reports, analysis, quotes."""

    def __init__(self, agent: DesktopAgent) -> None:
        self.agent = agent
        self.profiles: list[Context] = []
        self.interactions: list[Context] = []
        self.messages: list[Context] = []
        self.events: list[str] = []
        self.shown: list[tuple[str, Any]] = []
        self.known = True
        self._facts: Channel
        self._kept: list[PrivateChannel] = []

    async def start(self) -> Others:
        await self.agent.add_intent_listener("ViewProfile", self._profile)
        await self.agent.add_intent_listener("CreateInteraction", self._interaction)
        for intent in ("ViewAnalysis", "ViewQuote"):
            await self.agent.add_intent_listener(intent, self._shower(intent))
        self._facts = await self.agent.get_or_create_channel("deskline.conversation")
        self.turret = await self.agent.get_or_create_channel("deskline.turret")
        return self

    def _profile(self, context: Context, metadata: ContextMetadata) -> Context:
        self.profiles.append(context)
        if not self.known:
            return Context.parse({**context, "resolution": "unknown"})
        return Contact(name="Sarah J. Whitfield", id={**context["id"], "deskline": "contact-1"})

    async def _interaction(self, context: Context, metadata: ContextMetadata) -> PrivateChannel:
        self.interactions.append(context)
        channel = await self.agent.create_private_channel()
        await channel.add_context_listener("deskline.chat.message", lambda c, m: self.messages.append(c))
        await channel.add_context_listener("deskline.call.event", lambda c, m: self.events.append(c["event"]))
        number = len(self.interactions)

        async def accept(kind: str | None) -> None:
            if kind == "deskline.call.accepted":
                accepted = {"type": "deskline.call.accepted", "id": {"deskline": f"interaction-{number}"}}
                await channel.broadcast(Context(accepted))

        await channel.on_add_context_listener(accept)
        self._kept.append(channel)
        return channel

    def _shower(self, intent: str) -> Callable[[Context, ContextMetadata], None]:
        return lambda context, metadata: self.shown.append((intent, context["id"]["deskline"]))

    async def tell_facts(self, *mentions: dict[str, Any], interaction: str = "interaction-1") -> None:
        told = {"type": "deskline.conversation.facts", "id": {"deskline": interaction}, "mentions": list(mentions)}
        await self._facts.broadcast(Context(told))


@pytest.fixture
async def service() -> AsyncIterator[LoopbackService]:
    made = LoopbackService("plugins.chat.service", token_variable="DESKLINE_CHAT_TOKEN")
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def others(host: Host) -> AsyncIterator[Others]:
    agent = await connect_memory(host, app_id="desk")
    yield await Others(agent).start()
    await agent.close()


@pytest.fixture
async def chat(host: Host, desk: Desk, service: LoopbackService, others: Others) -> AsyncIterator[ChatApp]:
    agent = await connect_memory(host, app_id="deskline-chat")
    app = ChatApp(agent, desk.services, LoopbackChat(lambda: (service.url, service.token)))
    await app.start()
    await until(lambda: app.state.value.phase == "live")
    yield app
    await app.close()
    await agent.close()


@pytest.fixture
def dialogue(tmp_path: Path) -> Path:
    path = tmp_path / "chat.yaml"
    path.write_text(DIALOGUE, encoding="utf-8")
    return path


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.01)


async def test_a_chat_brings_the_desk_round_and_every_message_reaches_the_report(
    chat: ChatApp, others: Others, dialogue: Path
) -> None:
    await chat.play(dialogue, speed=100)
    await until(lambda: len(others.messages) == 4)
    assert others.profiles[0]["id"] == {"handle": "swhitfield.northgate", "service": "demo-chat"}
    (interaction,) = others.interactions
    assert interaction["interactionType"] == "Instant Message"
    assert interaction["chat"]["handle"] == "swhitfield.northgate"
    assert interaction["participants"]["contacts"][0]["id"]["deskline"] == "contact-1"
    assert [message["who"] for message in others.messages] == ["client", "client", "trader", "client"]
    assert [message["seq"] for message in others.messages] == [0, 1, 2, 3]
    assert interaction["timeRange"]["startTime"] == others.messages[0]["at"]
    assert chat.state.value.conversations[0].name == "Sarah J. Whitfield"


async def test_what_the_customer_mentions_is_offered_where_an_app_serves_it(
    chat: ChatApp, others: Others, dialogue: Path, desk: Desk
) -> None:
    await chat.play(dialogue, speed=100)
    await until(lambda: len(others.messages) == 4 and chat.state.value.conversations[0].interaction_id)
    await others.tell_facts(
        {"turn": 1, "start": 21, "end": 28, "kind": "instrument", "instrument_id": desk.vod},
        {"turn": 3, "start": 17, "end": 25, "kind": "instrument", "instrument_id": desk.enel},
    )
    await until(lambda: len(chat.state.value.conversations[0].offers) == 2)
    newest, earlier = chat.state.value.conversations[0].offers
    assert (newest.symbol, earlier.symbol) == ("ENEL 4 31", "VOD 3⅜ 08/33")
    assert [action.intent for action in newest.actions] == ["ViewAnalysis", "ViewQuote"]  # nobody serves ViewInstrument
    await chat.show(earlier, "ViewQuote")
    await until(lambda: others.shown == [("ViewQuote", desk.vod)])


async def test_a_report_is_asked_for_after_all_messages_so_far(chat: ChatApp, others: Others, dialogue: Path) -> None:
    await chat.play(dialogue, speed=1000)
    await until(lambda: len(chat.state.value.conversations) == 1)
    await until(lambda: len(chat.state.value.conversations[0].messages) == 4)
    await chat.report()
    await until(lambda: others.events == ["report"])
    assert len(others.messages) == 4


async def test_the_trader_writes_and_a_closed_chat_begins_a_new_interaction(
    chat: ChatApp, others: Others, dialogue: Path
) -> None:
    await chat.play(dialogue, speed=1000)
    await until(lambda: len(others.messages) == 4)
    assert await chat.send("done")
    await until(lambda: len(others.messages) == 5)
    await chat.end(chat.state.value.conversations[0].id)
    await until(lambda: others.events == ["ended"])
    assert chat.state.value.open == ()
    assert not await chat.send("nobody is shown")


async def test_an_unknown_writer_keeps_the_name_that_the_service_knows(
    chat: ChatApp, others: Others, dialogue: Path
) -> None:
    others.known = False
    await chat.play(dialogue, speed=1000)
    await until(lambda: len(others.messages) == 4)
    assert chat.state.value.conversations[0].name == "Sarah Whitfield"


async def test_a_chat_does_not_turn_the_desk_away_from_a_call(chat: ChatApp, others: Others, dialogue: Path) -> None:
    lines = [{"line": "L1", "state": "connected"}]
    await others.turret.broadcast(Context({"type": "deskline.turret.lines", "lines": lines}))
    await chat.play(dialogue, speed=1000)
    await until(lambda: len(others.messages) == 4)
    assert others.profiles == []
    await chat.select(chat.state.value.conversations[0].id)
    await until(lambda: len(others.profiles) == 1)


async def test_a_message_that_cannot_be_sent_is_not_lost(
    chat: ChatApp, dialogue: Path, service: LoopbackService, desk: Desk
) -> None:
    await chat.play(dialogue, speed=1000)
    await until(lambda: chat.state.value.shown)
    await service.stop()
    await until(lambda: chat.state.value.phase != "live")
    assert not await chat.send("done")
    assert "stays in the input line" in desk.notices[-1].text
