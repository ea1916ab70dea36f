"""Calls from the turret's process through a real agent: who calls, interactions, call events, commands, its death."""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import signal
import struct
import sys
import wave
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from websockets.asyncio.client import connect

from app.market.book import PriceBook
from app.services import CurrentUser, Notice, Services, utc_now
from app.settings import Settings
from fdc3.client import DesktopAgent, PrivateChannel, connect_memory
from fdc3.directory import AppDirectory
from fdc3.host import Host
from fdc3.launching import ProcessLauncher
from fdc3.types import Contact, Context, ContextMetadata
from plugins.lines.app import LinesApp, NoTurret, start

ROOT = Path(__file__).parents[2]
RATE = 8000


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(15):
        while not condition():
            await asyncio.sleep(0.01)


class Panels:
    """Stands for CRM and reports."""

    def __init__(self, agent: DesktopAgent) -> None:
        self.agent = agent
        self.profiles: list[Context] = []
        self.interactions: list[Context] = []
        self.events: dict[str, list[tuple[str, Any]]] = {}
        self.gone: list[str] = []
        self._kept: list[PrivateChannel] = []

    async def start(self) -> Panels:
        await self.agent.add_intent_listener("ViewProfile", self._profile)
        await self.agent.add_intent_listener("CreateInteraction", self._interaction)
        return self

    def _profile(self, context: Context, metadata: ContextMetadata) -> Context:
        self.profiles.append(context)
        if context["id"]["phone"].endswith("999"):
            return Context.parse({**context, "resolution": "unknown"})
        return Contact(name="Gareth Pemberly", id={**context["id"], "deskline": "contact-1"})

    async def _interaction(self, context: Context, metadata: ContextMetadata) -> PrivateChannel:
        line = context["call"]["line"]
        self.interactions.append(context)
        channel = await self.agent.create_private_channel()
        events = self.events.setdefault(line, [])
        await channel.add_context_listener(
            "deskline.call.event", lambda told, metadata: events.append((told["event"], told.get("reason")))
        )
        await channel.on_disconnect(lambda: self.gone.append(line))
        self._kept.append(channel)
        return channel


@pytest.fixture
def call(tmp_path: Path) -> Path:
    path = tmp_path / "call.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(np.random.default_rng(7).integers(-9000, 9000, (20 * RATE, 2)).astype("<i2").tobytes())
    return path


class Callers:
    """Rings at the test's word, through the turret's standard input: no call begins or ends by a clock of its own,
    unless it has a recording."""

    def __init__(self, path: Path) -> None:
        self.path = path
        os.mkfifo(path)
        self._pipe = os.open(path, os.O_RDWR)  # for reading too, so that it opens before there is a turret

    def ring(self, number: str, audio: Path | None = None) -> None:
        recording = {} if audio is None else {"audio": str(audio)}
        os.write(self._pipe, json.dumps({"do": "ring", "number": number, **recording}).encode() + b"\n")

    def close(self) -> None:
        os.close(self._pipe)


@pytest.fixture
def callers(tmp_path: Path) -> Iterator[Callers]:
    made = Callers(tmp_path / "callers")
    yield made
    made.close()


@pytest.fixture
async def host(tmp_path: Path, callers: Callers) -> AsyncIterator[Host]:
    others = tmp_path / "others.json"
    record = json.loads((ROOT / "plugins/turret/app.json").read_text())
    turret = f"{shlex.quote(sys.executable)} -m plugins.turret --headless --speed 4"
    record["details"] = {
        "path": "sh",
        "arguments": shlex.join(["-c", f"exec {turret} < {shlex.quote(str(callers.path))}"]),
    }
    panels = {
        "appId": "panels", "title": "Panels", "type": "other", "details": {},
        "interop": {"intents": {"listensFor": {
            "ViewProfile": {"contexts": ["fdc3.contact"], "displayName": "Profile", "resultType": "fdc3.contact"},
            "CreateInteraction": {"contexts": ["fdc3.interaction"], "displayName": "Report", "resultType": "channel"},
        }}},
    }  # fmt: skip
    others.write_text(json.dumps([record, panels]))
    running = Host(AppDirectory.load(ROOT / "plugins/lines/app.json", others), launcher=ProcessLauncher(cwd=ROOT))
    await running.start()
    yield running
    await running.close()


@pytest.fixture
async def panels(host: Host) -> AsyncIterator[Panels]:
    agent = await connect_memory(host, app_id="panels")
    yield await Panels(agent).start()
    await agent.close()


@pytest.fixture
def notices() -> list[Notice]:
    return []


@pytest.fixture
async def lines(host: Host, panels: Panels, notices: list[Notice]) -> AsyncIterator[LinesApp]:
    services = Services(
        user=CurrentUser("u", "Hannah Osgood", "HO", "FX"),
        records=cast(Any, None),
        conversations=cast(Any, None),
        prices=PriceBook(),
        settings=Settings(call_microphone="no such input"),
        clock=utc_now,
        notify=notices.append,
    )
    agent = await connect_memory(host, app_id="deskline-lines")
    app = await start(agent, services)
    yield app
    await app.close()
    await agent.close()


def state_of(app: LinesApp, line: str) -> str:
    return next((one.state for one in app.state.value.lines if one.line == line), "?")


async def test_two_calls_are_answered_held_and_ended_from_the_desk(
    callers: Callers, lines: LinesApp, panels: Panels, notices: list[Notice]
) -> None:
    with pytest.raises(NoTurret):
        await lines.dial("+442079460113")
    await lines.start_turret()
    callers.ring("+442079460112")
    await until(lambda: state_of(lines, "L1") == "ringing")
    await until(lambda: lines.state.value.lines[0].who == "Gareth Pemberly")
    assert panels.profiles[0] == {"type": "fdc3.contact", "id": {"phone": "+442079460112"}}
    await lines.answer()
    await until(lambda: panels.interactions)
    talk = panels.interactions[0]
    assert talk["interactionType"] == "Phone Call"
    assert talk["call"]["line"] == "L1"
    assert talk["call"]["direction"] == "inbound"
    assert talk["call"]["audio"]["rate"] == RATE
    assert talk["call"]["audio"]["channels"] == ["trader", "client"]
    assert talk["participants"]["contacts"][0]["name"] == "Gareth Pemberly"

    callers.ring("+442079460999")
    await until(lambda: state_of(lines, "L2") == "ringing")
    assert len(panels.profiles) == 1  # the trader is talking: the second caller does not take the desk away
    await lines.hold_or_resume()
    await until(lambda: panels.events["L1"] == [("held", None)])
    await lines.answer()
    await until(lambda: len(panels.interactions) == 2 and len(panels.profiles) == 2)
    assert panels.interactions[1]["call"]["number"] == "+442079460999"
    await lines.command("resume", "L1")
    await until(lambda: panels.events["L1"][-1] == ("resumed", None))
    await lines.command("hangup", "L2")
    await until(lambda: panels.events["L2"] == [("ended", "hung up here")])
    await until(lambda: state_of(lines, "L2") in ("ended", "idle"))  # told apart from what befalls the call
    await lines.command("hold", "L4")
    await until(lambda: notices)
    assert notices[-1].text == "Line L4 is idle: it is not possible to hold it now."
    await lines.hang_up()
    await until(lambda: panels.events["L1"][-1] == ("ended", "hung up here"))


async def test_the_desk_reads_the_audio_while_the_call_goes_on(
    callers: Callers, lines: LinesApp, panels: Panels, call: Path
) -> None:
    await lines.start_turret()
    callers.ring("+442079460112", call)
    await until(lambda: state_of(lines, "L1") == "ringing")
    await lines.answer()
    await until(lambda: panels.interactions)
    with wave.open(str(call)) as file:
        pcm = file.readframes(file.getnframes())
    heard = b""
    async with connect(panels.interactions[0]["call"]["audio"]["url"], proxy=None) as socket:
        async for message in socket:
            if isinstance(message, str):
                break
            assert struct.unpack("<Q", message[:8])[0] * 4 == len(heard)
            heard += message[8:]
            await socket.send(json.dumps({"ack": len(heard) // 4}))
    assert heard == pcm
    await until(lambda: panels.events["L1"] == [("ended", "the other side hung up")])


async def test_a_call_through_this_computer_asks_for_the_inputs_of_the_settings_and_says_what_there_is(
    lines: LinesApp, panels: Panels, notices: list[Notice]
) -> None:
    await lines.start_turret()
    await until(lambda: lines.state.value.present)
    await lines.listen("+442079460112")
    await until(lambda: notices)
    assert notices[-1].text.startswith(
        "No input is called “no such input”, which the settings name for the microphone."
    )
    assert "There are: " in notices[-1].text
    assert not lines.state.value.busy
    assert not panels.interactions


async def test_the_turrets_death_in_a_call_is_noticed(
    host: Host, callers: Callers, lines: LinesApp, panels: Panels
) -> None:
    await lines.start_turret()
    callers.ring("+442079460112")
    await until(lambda: state_of(lines, "L1") == "ringing")
    await lines.answer()
    await until(lambda: panels.interactions and lines.state.value.busy[0].name == "Gareth Pemberly")
    launcher = host._launcher
    assert isinstance(launcher, ProcessLauncher)
    (process,) = launcher.processes.values()
    os.kill(process, signal.SIGKILL)
    await until(lambda: not lines.state.value.present)
    assert lines.state.value.lines == ()
    await until(lambda: panels.gone == ["L1"])
    await lines.start_turret()
    callers.ring("+442079460112")
    await until(lambda: lines.state.value.present and state_of(lines, "L1") == "ringing")
