"""Runs the simulated turret: audio server, desk link, scripts from a file and from standard input."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import stat
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from fdc3.client import DesktopAgent, connect_from_environment
from plugins.turret.adapter import TurretEvent
from plugins.turret.audio import AudioServer
from plugins.turret.desk_link import DeskLink
from plugins.turret.model import TurretError
from plugins.turret.script import Command, parse, perform, read_script
from plugins.turret.simulated import SimulatedTurret

log = logging.getLogger(__name__)

URL_VARIABLE = "FDC3_WEBSOCKET_URL"


@dataclass(frozen=True, slots=True)
class Options:
    script: Path | None = None
    speed: float = 1.0
    alone: bool = False
    exit_at_end: bool = False
    dialled_audio: Path | None = None


@dataclass(slots=True)
class TurretProcess:
    """Everything of a running turret but its window. ``say`` writes one JSON object for whoever scripts it."""

    options: Options
    turret: SimulatedTurret
    audio: AudioServer = field(default_factory=AudioServer)
    say: Callable[[dict[str, object]], None] = lambda message: None
    link: DeskLink | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Returns when ``stop`` is set, the desk has gone, or the script is over and heard to its end."""
        commands = read_script(self.options.script) if self.options.script else []
        await self.audio.start()
        agent: DesktopAgent | None = None
        endings: list[asyncio.Task[object]] = [asyncio.create_task(stop.wait(), name="stop")]
        try:
            if not self.options.alone:
                agent = await connect_from_environment()
                self.link = DeskLink(agent, self.turret, self.audio, self.turret.now)
                await self.link.start()
                endings.append(asyncio.create_task(_until_closed(agent), name="desk gone"))
            else:
                self.turret.subscribe(self._offer_audio)
            self.turret.subscribe(self._report)
            endings.append(asyncio.create_task(_parent_gone(), name="parent gone"))
            background = asyncio.create_task(self._read_standard_input(), name="standard input")
            self.say({"ready": True})
            endings.append(asyncio.create_task(self._script(commands), name="script"))
            await asyncio.wait(endings, return_when=asyncio.FIRST_COMPLETED)
            background.cancel()
            await self.turret.close()
            if self.link is not None:
                await self.link.close()
        finally:
            for ending in endings:
                ending.cancel()
            await asyncio.gather(*endings, return_exceptions=True)
            if agent is not None:
                with contextlib.suppress(Exception):
                    async with asyncio.timeout(2.0):
                        await agent.disconnect()
            await self.audio.close()

    async def perform(self, command: Command) -> None:
        try:
            await perform(self.turret, command)
        except TurretError as problem:
            self.say({"problem": str(problem)})
            if self.link is not None:
                await self.link.tell_problem(str(problem))
            else:
                log.warning("%s", problem)

    async def _script(self, commands: list[Command]) -> object:
        loop = asyncio.get_running_loop()
        started = loop.time()
        for command in commands:
            await asyncio.sleep(max(0.0, started + command.at / self.turret.speed - loop.time()))
            await self.perform(command)
        while not (self.options.exit_at_end and self.turret.quiet and not self.audio.unread):
            await asyncio.sleep(0.1 if self.options.exit_at_end else 3600)
        return None

    async def _read_standard_input(self) -> None:
        """Performs commands as they are written to this process; ``at`` delays one from its arrival."""
        loop = asyncio.get_running_loop()
        arrived: asyncio.Queue[str] = asyncio.Queue()

        def read() -> None:
            # os.read and not sys.stdin: a daemon thread must not hold that lock when the interpreter ends.
            pending = b""
            with contextlib.suppress(OSError, RuntimeError):
                while block := os.read(0, 65536):
                    *lines, pending = (pending + block).split(b"\n")
                    for line in lines:
                        loop.call_soon_threadsafe(arrived.put_nowait, line.decode(errors="replace"))

        threading.Thread(target=read, name="standard input", daemon=True).start()
        later: set[asyncio.Task[None]] = set()
        while True:
            text = await arrived.get()
            if text.strip():
                task = asyncio.create_task(self._one_command(text))
                later.add(task)
                task.add_done_callback(later.discard)

    async def _one_command(self, text: str) -> None:
        try:
            command = parse(text)
        except TurretError as problem:
            self.say({"problem": str(problem)})
            return
        await asyncio.sleep(command.at / self.turret.speed)
        await self.perform(command)

    def _report(self, event: TurretEvent) -> None:
        line = event.line
        told = {"event": event.happening, "line": line.line, "state": line.state, "call": line.call}
        self.say({**told, "number": line.number, "reason": event.reason})

    def _offer_audio(self, event: TurretEvent) -> None:
        """Without a desk, the address of the audio is said on standard output."""
        if event.happening == "answered" and event.line.call is not None:
            audio = self.turret.audio(event.line.call)
            if audio is not None:
                self.say({"audio": self.audio.offer(audio), "call": audio.call, "rate": audio.rate})


def speaker(options: Options) -> Callable[[dict[str, object]], None]:
    """Events as JSON lines on standard output, for whoever scripts the turret: alone, or through a pipe.

    A turret that the desk started by itself is silent: the desk's output may be a log, and callers' numbers do not
    belong there.
    """

    def say(message: dict[str, object]) -> None:
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.write(json.dumps(message) + "\n")
            sys.stdout.flush()

    return say if options.alone or _scripted() else lambda message: None


def _scripted() -> bool:
    try:
        return stat.S_ISFIFO(os.fstat(0).st_mode)
    except OSError:
        return False


async def _until_closed(agent: DesktopAgent) -> object:
    await agent.closed.wait()
    return None


async def _parent_gone() -> object:
    parent = os.getppid()
    while os.getppid() == parent:
        await asyncio.sleep(0.5)
    return None
