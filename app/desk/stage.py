"""A customer who calls and writes: plays recordings and dialogues at an open desk, for the demo and for trials.

The call comes from the real simulated turret in its own process, the chat from the chat service; nothing here reaches
into a panel except through its app and the window's commands, as a trader's hands would.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from app.desk.program import Program
from fdc3.client.connect import SECRET_VARIABLE, URL_VARIABLE

T = TypeVar("T")


class NothingHappened(RuntimeError):
    """What the stage waited for did not come in time; the message says what that was."""


class Stage:
    """Lives on the program's I/O loop. ``speed``: how much faster than life customers talk and write."""

    def __init__(self, program: Program, *, speed: float = 1.0) -> None:
        self.program = program
        self.speed = speed
        self._turret: asyncio.subprocess.Process | None = None
        self._watching: asyncio.Task[None] | None = None

    async def open_turret(self) -> None:
        """Starts the turret with a standard input to script it by."""
        others = self._turrets()
        url, secret = self.program.core.host.pair("deskline-turret")
        self._turret = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "plugins.turret", "--headless", "--speed", str(self.speed),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            env={**os.environ, URL_VARIABLE: url, SECRET_VARIABLE: secret},
        )  # fmt: skip
        joined = await self.until(lambda: self._turrets() - others, "the turret to start")
        self._watching = asyncio.create_task(self._watch(self._turret, joined), name="watch the stage's turret")
        await self.until(lambda: self.app("deskline-lines").state.value.present, "the turret to start")

    def _turrets(self) -> frozenset[str]:
        instances = self.program.core.host.instances
        return frozenset(one.id for one in instances() if one.app_id == "deskline-turret" and one.connected)

    async def _watch(self, turret: asyncio.subprocess.Process, joined: frozenset[str]) -> None:
        """As the desk does with its own programs: when the process has ended, the apps hear of it at once."""
        await turret.wait()
        for instance_id in joined:
            self.program.core.host.instance_gone(instance_id)

    @property
    def turret_pid(self) -> int:
        assert self._turret is not None
        return self._turret.pid

    async def turret(self, do: str, **details: Any) -> None:
        """Writes one command to the turret's script."""
        assert self._turret is not None
        assert self._turret.stdin is not None
        self._turret.stdin.write(json.dumps({"do": do, **details}).encode() + b"\n")
        await self._turret.stdin.drain()

    async def ring(self, number: str, recording: Path, **details: Any) -> None:
        """A customer calls; the recording is what will be said."""
        await self.turret("ring", number=number, audio=str(recording.resolve()), **details)

    async def write(self, dialogue: Path) -> None:
        """A customer begins to write; both sides of the dialogue are played."""
        await self.app("deskline-chat").play(dialogue.resolve(), self.speed)

    def app(self, app_id: str) -> Any:
        """A running in-process app."""
        return self.program.core.apps[app_id].app

    async def on_screen(self, call: Callable[[], T]) -> T:
        """Runs a function on the UI thread and returns its result."""
        return await self.program.ui.on_screen(call)

    async def command(self, command_id: str) -> bool:
        """Runs a command of the palette; False if it may not run now."""
        return await self.on_screen(lambda: self.program.ui.commands.run(command_id))

    async def until(self, condition: Callable[[], T], what: str, seconds: float = 60.0) -> T:
        """Waits for a condition; raises ``NothingHappened`` naming it."""
        end = time.monotonic() + seconds
        while not (value := condition()):
            if time.monotonic() > end:
                raise NothingHappened(f"waited {seconds:.0f} s in vain for {what}")
            await asyncio.sleep(0.02)
        return value

    async def close(self) -> None:
        if self._turret is not None and self._turret.returncode is None:
            self._turret.terminate()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(3.0):
                    await self._turret.wait()
