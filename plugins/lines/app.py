"""State of the turret's lines as told on the app channel, and commands back to it."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from dataclasses import dataclass, replace
from typing import Literal

from app.services import Notice, Services, State
from fdc3.client import Channel, DesktopAgent
from fdc3.types import Context, ContextMetadata

log = logging.getLogger(__name__)

TURRET_CHANNEL = "deskline.turret"
TURRET_APP = "deskline-turret"
LOOK_SECONDS = 2.0

Action = Literal["answer", "hold", "resume", "hangup", "dial", "listen"]
BUSY = ("ringing", "dialling", "connected", "held")


@dataclass(frozen=True, slots=True)
class LineView:
    """One line as the turret tells it."""

    line: str
    state: str = "idle"
    number: str | None = None
    direction: str | None = None
    since: dt.datetime | None = None
    connected_at: dt.datetime | None = None
    name: str | None = None

    @property
    def who(self) -> str:
        return self.name or self.number or ""


@dataclass(frozen=True, slots=True)
class LinesState:
    """``present``: whether a turret is there to hear a command."""

    lines: tuple[LineView, ...] = ()
    present: bool = False

    def waiting(self, *states: str) -> LineView | None:
        """The line that has been longest in the first of ``states`` that any line is in."""
        for state in states:
            found = [line for line in self.lines if line.state == state]
            if found:
                return min(found, key=lambda line: line.since.timestamp() if line.since else 0.0)
        return None

    @property
    def busy(self) -> tuple[LineView, ...]:
        return tuple(line for line in self.lines if line.state in BUSY)


class NoTurret(RuntimeError):
    def __init__(self) -> None:
        super().__init__("The turret is not running. Start it with the command “Start the turret” and try again.")


class LinesApp:
    """Follows the lines; commands go to the line that has waited longest for them."""

    def __init__(self, fdc3: DesktopAgent, desk: Services) -> None:
        self.state: State[LinesState] = State(LinesState())
        self._fdc3 = fdc3
        self._desk = desk
        self._channel: Channel | None = None
        self._looking: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._channel = await self._fdc3.get_or_create_channel(TURRET_CHANNEL)
        await self._channel.add_context_listener("deskline.turret.lines", self._told)
        await self._channel.add_context_listener("deskline.turret.notice", self._noticed)
        # An app channel tells a late listener nothing by itself.
        if (lines := await self._channel.get_current_context("deskline.turret.lines")) is not None:
            await self._told(lines)

    async def close(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)

    async def command(self, action: Action, line: str = "", number: str = "", **more: str) -> None:
        """Sends a command to the turret.

        Raises:
            NoTurret: there is none.
        """
        if self._channel is None or not self.state.value.present:
            raise NoTurret
        told = {"type": "deskline.turret.command", "line": line, "action": action, **more}
        await self._channel.broadcast(Context({**told, "number": number} if number else told))

    async def answer(self) -> None:
        await self._to_waiting("answer", "ringing")

    async def hold_or_resume(self) -> None:
        """Holds the call that is on; with none on, resumes the one held longest."""
        line = self.state.value.waiting("connected", "held")
        if line is not None:
            await self.command("hold" if line.state == "connected" else "resume", line.line)

    async def hang_up(self) -> None:
        await self._to_waiting("hangup", "connected", "dialling", "held", "ringing")

    async def dial(self, number: str) -> None:
        await self.command("dial", number=number.strip())

    async def listen(self, number: str = "") -> None:
        """Begins a call through this computer's own devices, as made with a softphone; ``number`` says with whom."""
        settings = self._desk.settings
        devices = {"microphone": settings.call_microphone, "farEnd": settings.far_end}
        await self.command("listen", number=number.strip(), **devices)

    async def start_turret(self) -> None:
        """Opens the turret program if it is not running."""
        if not self.state.value.present:
            await self._fdc3.open(TURRET_APP)

    async def _to_waiting(self, action: Action, *states: str) -> None:
        line = self.state.value.waiting(*states)
        if line is not None:
            await self.command(action, line.line)

    async def _told(self, context: Context, metadata: ContextMetadata | None = None) -> None:
        lines = context.get("lines")
        if isinstance(lines, list):
            self.state.set(LinesState(tuple(_line(line) for line in lines if isinstance(line, dict)), present=True))
            if self._looking is None or self._looking.done():
                self._looking = asyncio.create_task(self._look_after(), name="look after the turret")

    async def _noticed(self, context: Context, metadata: ContextMetadata | None = None) -> None:
        self._desk.notify(Notice(str(context.get("text", "")), "warning"))

    async def _look_after(self) -> None:
        """Notices that the turret has gone: the standard tells nobody when an app ends."""
        while self.state.value.present:
            await asyncio.sleep(LOOK_SECONDS)
            if await self._fdc3.find_instances(TURRET_APP):
                continue
            # Nothing is said here: whoever took the call down says that it was cut off, and the desk that it starts
            # the turret again.
            self.state.set(replace(self.state.value, present=False, lines=()))


def _line(told: dict[str, object]) -> LineView:
    return LineView(
        str(told.get("line", "")),
        str(told.get("state", "idle")),
        _text(told.get("number")),
        _text(told.get("direction")),
        _time(told.get("since")),
        _time(told.get("connectedAt")),
        _text(told.get("name")),
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _time(value: object) -> dt.datetime | None:
    try:
        return dt.datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


async def start(fdc3: DesktopAgent, desk: Services) -> LinesApp:
    app = LinesApp(fdc3, desk)
    await app.start()
    return app
