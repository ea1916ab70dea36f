"""Programs go on when the agent is started again: the same instances, with their listeners and channels."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import socket
import stat
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from joining import LANGUAGES, joined
from restarting import AgentProcess
from running import QUICK, RECORDS, Running, eventually

from fdc3.broker import Broker
from fdc3.client import DesktopAgent, connect
from fdc3.client.channel import PrivateChannel
from fdc3.client.listeners import AgentEvent
from fdc3.directory import AppDirectory
from fdc3.host import Host
from fdc3.keeping import BURST, SHARE, Keeper
from fdc3.transports.link import Backoff
from fdc3.types import Contact, Context, ContextMetadata, Instrument, errors
from fdc3.types.messages import AddContextListenerRequest

SARAH = Contact(name="Sarah Whitcombe", id={"email": "sarah@example.com"})
VOD = Instrument(id={"ticker": "VOD"})
SIX = "fdc3.channel.6"
PATIENT = Backoff(first=0.01, longest=0.05, give_up_after=30.0)


@pytest.fixture
async def agent(tmp_path: Path) -> AsyncIterator[AgentProcess]:
    async with AgentProcess(tmp_path / "programs.json") as agent:
        yield agent


async def program(agent: AgentProcess, app_id: str) -> DesktopAgent:
    return await connect(agent.url, agent.secrets[app_id], backoff=PATIENT)


async def test_a_program_goes_on_when_its_agent_was_killed_and_started_again(agent: AgentProcess) -> None:
    crm, turret = await program(agent, "crm"), await program(agent, "turret")
    heard: list[Context] = []
    moves: list[AgentEvent] = []
    await turret.join_user_channel(SIX)
    user = await turret.add_context_listener("fdc3.contact", lambda context, _: heard.append(context))
    deals = await turret.get_or_create_channel("deals")
    await deals.add_context_listener(None, lambda context, _: heard.append(context))
    await turret.add_intent_listener("StartCall", lambda context, _: context)
    await turret.add_event_listener("userChannelChanged", moves.append)
    await agent.kill()
    assert await agent.start() == agent.url
    info = await turret.get_info()
    assert info.app_metadata
    assert info.app_metadata.identifier == turret.app
    await crm.join_user_channel(SIX)
    await crm.broadcast(SARAH)
    await (await crm.get_or_create_channel("deals")).broadcast(VOD)
    assert await (await crm.raise_intent("StartCall", SARAH)).get_result() == SARAH
    await eventually(lambda: heard == [SARAH, VOD])
    await user.unsubscribe()  # by the id that the agent before had given it
    await turret.join_user_channel("fdc3.channel.1")
    await eventually(lambda: [move.details for move in moves] == [{"currentChannelId": "fdc3.channel.1"}])
    for each in (crm, turret):
        await each.disconnect()


@pytest.mark.parametrize("language", LANGUAGES)
async def test_so_does_one_in_any_language(language: str, tmp_path: Path, agent: AgentProcess) -> None:
    crm = await program(agent, "crm")
    await crm.add_intent_listener("ViewProfile", lambda context, _: context)
    start = ("joined as joiner", "profile of Sarah Whitcombe")
    async with joined(language, tmp_path, agent.url, agent.secrets["joiner"]) as joiner:
        await joiner.says(*start)
        [before] = await crm.find_instances("joiner")
        for _ in range(2):
            await agent.kill()
            await agent.start()
        await crm.join_user_channel(SIX)
        await crm.broadcast(SARAH)
        await joiner.says(*start, "heard Sarah Whitcombe")
        assert await crm.find_instances("joiner") == [before]
        assert await (await crm.raise_intent("ViewNews", SARAH)).get_result() == Context(type="fdc3.nothing")
    await crm.disconnect()


async def test_the_file_has_no_secret_and_nothing_that_was_said_and_is_the_users_alone(agent: AgentProcess) -> None:
    crm, turret = await program(agent, "crm"), await program(agent, "turret")
    for each in (crm, turret):
        await each.join_user_channel(SIX)
    heard = asyncio.Event()
    await turret.add_context_listener(None, lambda *_: heard.set())
    await crm.broadcast(SARAH)
    await heard.wait()
    for each in (crm, turret):
        await each.leave_current_channel()  # after which the file is written
    kept = agent.keep.read_text()
    assert set(json.loads(kept)["sessions"]) >= {crm.app.instance_id, turret.app.instance_id}
    assert not any(secret in kept for secret in agent.secrets.values())
    assert "Whitcombe" not in kept
    if sys.platform != "win32":
        assert stat.S_IMODE(agent.keep.stat().st_mode) == 0o600
    for each in (crm, turret):
        await each.disconnect()


class Clock:
    def __init__(self) -> None:
        self.now = dt.datetime(2026, 3, 2, 9, 30, tzinfo=dt.UTC)

    def __call__(self) -> dt.datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


class Lives:
    """One agent after the other, in this process; each says goodbye."""

    def __init__(self, keep: Path, clock: Clock) -> None:
        self.keep = keep
        self._clock = clock
        self.host: Host
        self._programs: list[DesktopAgent] = []

    async def next(self, **options: Any) -> Host:
        if hasattr(self, "host"):
            await self.host.close()
        self.host = Host(AppDirectory(RECORDS), keep=self.keep, clock=self._clock, **options)
        await self.host.start()
        return self.host

    async def program(self, app_id: str) -> DesktopAgent:
        self._programs.append(await connect(*self.host.pair(app_id), backoff=PATIENT))
        return self._programs[-1]

    async def close(self) -> None:
        for each in self._programs:
            await each.disconnect()
        await self.host.close()


@pytest.fixture
async def lives(tmp_path: Path, clock: Clock) -> AsyncIterator[Lives]:
    lives = Lives(tmp_path / "programs.json", clock)
    await lives.next()
    yield lives
    await lives.close()


async def test_what_cannot_be_had_again_has_ended_and_the_program_is_told(lives: Lives) -> None:
    turret, crm = await lives.program("turret"), await lives.host.connect_memory("crm")
    ended = asyncio.Event()
    private: list[PrivateChannel] = []

    async def view(context: Context, metadata: ContextMetadata) -> PrivateChannel:
        private.append(await crm.create_private_channel())
        return private[0]

    async def never(context: Context, metadata: ContextMetadata) -> None:
        await asyncio.Event().wait()

    await crm.add_intent_listener("ViewProfile", view)
    await crm.add_intent_listener("ViewChart", never)
    channel = await (await turret.raise_intent("ViewProfile", SARAH)).get_result()
    assert isinstance(channel, PrivateChannel)
    await channel.on_disconnect(ended.set)
    awaited = await turret.raise_intent("ViewChart", VOD)
    await lives.next()
    async with asyncio.timeout(5):
        await ended.wait()
        with pytest.raises(errors.NoResultReturned):
            await awaited.get_result()


async def test_a_secret_is_good_for_its_own_app_alone_and_no_other_is(lives: Lives) -> None:
    url, secret = lives.host.pair("turret")
    stored = json.loads(lives.keep.read_text())["sessions"]
    [digest] = [each["secret"] for each in stored.values()]
    await lives.next()
    turret = await connect(url, secret)
    assert turret.app.app_id == "turret"
    for wrong in (digest, secret[:-1], ""):
        with pytest.raises(errors.AccessDenied):
            await connect(url, wrong)
    await turret.disconnect()


async def test_a_secret_ends_with_its_program_and_stays_ended(lives: Lives) -> None:
    url, secret = lives.host.pair("turret")
    turret = await connect(url, secret)
    lives.host.instance_gone(turret.app.instance_id or "")
    await lives.next()
    with pytest.raises(errors.AccessDenied):
        await connect(url, secret)
    await turret.disconnect()


@pytest.mark.parametrize(("hours", "good"), [(23, True), (25, False), (-25, False)])
async def test_a_secret_that_was_not_used_for_a_day_is_good_no_more(
    hours: int, good: bool, lives: Lives, clock: Clock
) -> None:
    url, secret = lives.host.pair("turret")
    await lives.next()
    clock.now += dt.timedelta(hours=hours)
    await lives.next()
    if good:
        await (await connect(url, secret)).disconnect()
    else:
        with pytest.raises(errors.AccessDenied):
            await connect(url, secret)


async def test_the_programs_of_an_agent_whose_port_another_has_taken_are_given_up(lives: Lives) -> None:
    """They may have told it their secrets."""
    url, secret = lives.host.pair("turret")
    port = int(url.split(":")[2].split("/")[0])
    await lives.host.close()
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        await lives.next()
        assert lives.host.url != url
        with pytest.raises(errors.AccessDenied):
            await connect(lives.host.url, secret)


async def test_who_does_not_come_back_in_time_may_come_later_and_start_afresh(lives: Lives) -> None:
    turret = await connect(*(door := lives.host.pair("turret")), backoff=Backoff(give_up_after=0.0))
    await turret.join_user_channel(SIX)
    await lives.next(reconnect_grace=0.0)
    await eventually(lambda: lives.host.instances() == ())
    again = await connect(*door)
    assert again.app == turret.app
    assert await again.get_current_channel() is None
    for each in (turret, again):
        await each.disconnect()


GARBAGE = ["", "{", "[]", '{"version":2}', '{"version":1,"port":"x","sessions":{}}', '{"version":1,"port":0}', "\udc80"]


@pytest.mark.parametrize("garbage", GARBAGE)
async def test_a_file_that_cannot_be_read_is_no_obstacle(garbage: str, lives: Lives) -> None:
    _, secret = lives.host.pair("turret")
    await lives.host.close()
    lives.keep.write_text(garbage, errors="surrogateescape")
    await lives.next()
    with pytest.raises(errors.AccessDenied):
        await connect(lives.host.url, secret)
    turret = await lives.program("turret")
    assert turret.app.app_id == "turret"


async def test_a_place_that_cannot_be_taken_up_is_started_afresh(lives: Lives) -> None:
    door = lives.host.pair("turret")
    turret = await connect(*door, backoff=Backoff(give_up_after=0.0))
    await turret.join_user_channel(SIX)
    await lives.host.close()
    lives.keep.write_text(lives.keep.read_text().replace(SIX, "fdc3.channel.9"))
    await lives.next()
    assert lives.host.instances() == ()
    again = await connect(*door)
    assert again.app == turret.app
    for each in (turret, again):
        await each.disconnect()


async def test_no_app_can_keep_the_agent_busy_with_writing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now, written = [0.0], []

    def slow(path: Path, data: bytes) -> None:
        now[0] += 0.01
        written.append(now[0])

    monkeypatch.setattr("fdc3.keeping.write_private", slow)
    broker = Broker(AppDirectory(()))
    keeper = Keeper(tmp_path / "programs.json", broker, {}, Clock(), monotonic=lambda: now[0])
    keeper.begin(1)
    for _ in range(10):
        keeper.changed(AddContextListenerRequest, program=True)
    assert len(written) == 11, "a program that begins is in the file at once"
    while now[0] < 10.0:
        keeper.changed(AddContextListenerRequest, program=True)
        now[0] += 0.001
    assert len(written) <= (BURST + 10 * SHARE) / 10_000 + 1
    keeper.close()


async def test_without_a_file_a_new_agent_knows_nobody() -> None:
    async with Running("websocket") as first:
        turret = await first.connect("turret")
    async with Running("websocket"):
        async with asyncio.timeout(QUICK.give_up_after + 5):
            await turret.closed.wait()
