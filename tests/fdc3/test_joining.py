"""Programs in other languages join by the pages of the documentation: the code on them is run as it stands there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from broker_desk import record
from joining import LANGUAGES, blocks, joined
from running import Running, eventually

from fdc3.client import DesktopAgent, connect
from fdc3.session import Session
from fdc3.types import Contact, Context

SIX = "fdc3.channel.6"
SARAH = Contact(name="Sarah Whitcombe")
START = ("joined as joiner", "profile of Sarah Whitcombe")
LONGEST = 100


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_client_is_short(language: str) -> None:
    assert len(blocks(language)[0].splitlines()) < LONGEST


@pytest.fixture
async def running() -> AsyncIterator[Running]:
    async with Running("memory", record("crm", ViewProfile=["fdc3.contact"]), record("joiner")) as host:
        yield host


@pytest.fixture
async def heard() -> list[str | None]:
    return []


@pytest.fixture
async def crm(running: Running, heard: list[str | None]) -> DesktopAgent:
    agent = await running.connect("crm")
    await agent.join_user_channel(SIX)
    await agent.add_context_listener("fdc3.country", lambda context, metadata: heard.append(context.name))
    await agent.add_intent_listener("ViewProfile", lambda context, metadata: context)
    return agent


def joiner(running: Running) -> tuple[str, Session]:
    [found] = [(key, each) for key, each in running.host._sessions.items() if each.app_id == "joiner"]
    return found


def cut(running: Running) -> Callable[[], bool]:
    """Breaks its link. Returns whether that is noticed."""
    _, session = joiner(running)
    before = session.outlet
    assert before is not None
    before._connection.transport.abort()  # type: ignore[attr-defined]
    return lambda: session.outlet is not before


@pytest.mark.parametrize("language", LANGUAGES)
async def test_it_joins_broadcasts_hears_and_raises_intents(
    language: str, tmp_path: Path, running: Running, crm: DesktopAgent, heard: list[str | None]
) -> None:
    async with joined(language, tmp_path, *running.host.pair("joiner")) as program:
        await program.says(*START)
        assert heard == ["Sweden"]
        await crm.broadcast(SARAH)
        await program.says(*START, "heard Sarah Whitcombe")
        resolution = await crm.raise_intent("ViewNews", SARAH)
        assert await resolution.get_result() == Context(type="fdc3.nothing")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("forget", [False, True], ids=["a broken link", "given up meanwhile"])
async def test_it_comes_back_and_hears_again(
    language: str, forget: bool, tmp_path: Path, running: Running, crm: DesktopAgent
) -> None:
    async with joined(language, tmp_path, *running.host.pair("joiner")) as program:
        await program.says(*START)
        noticed = cut(running)
        if forget:
            instance, session = joiner(running)
            running.host._drop(instance)
            await eventually(lambda: session.outlet is not None)
            await eventually(lambda: any(i.id == instance and i.channel_id for i in running.host.instances()))
            listens = [each.listens_to for each in running.host.snapshot().instances if each.app_id == "joiner"]
            assert listens == [("fdc3.contact",)]
        else:
            await eventually(noticed)
        await crm.broadcast(SARAH)
        await program.says(*START, "heard Sarah Whitcombe")
        assert [i.app_id for i in running.host.instances()].count("joiner") == 1
        resolution = await crm.raise_intent("ViewNews", SARAH)
        assert await resolution.get_result() == Context(type="fdc3.nothing")


@pytest.mark.parametrize("language", LANGUAGES)
async def test_it_stays_away_when_another_has_its_place(
    language: str, tmp_path: Path, running: Running, crm: DesktopAgent
) -> None:
    """It has nothing to wait for any more, and ends; one that tried to come back would go on."""
    url, secret = running.host.pair("joiner")
    async with joined(language, tmp_path, url, secret) as program:
        await program.says(*START)
        second = await connect(url, secret)
        async with asyncio.timeout(10):
            assert await program.process.wait() == 0
        assert not second.closed.is_set()
        await second.disconnect()
