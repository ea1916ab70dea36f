"""A turret without a telephone system: calls are recordings, played in real time or faster.

At ``speed`` N its clock runs N times as fast from its start on, so that durations and times of day stay those of the
recording whatever the speed.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from nlp.audio.recording import AudioError, load
from plugins.turret.adapter import Happening, TurretEvent
from plugins.turret.audio import CallAudio
from plugins.turret.computer import ComputerSound
from plugins.turret.model import Board, Line, TurretError

log = logging.getLogger(__name__)

TELEPHONE_RATE = 8000
TICK_SECONDS = 0.02
CLEAR_SECONDS = 3.0


async def _devices(microphone: str, far_end: str) -> ComputerSound:
    from plugins.turret.devices import open_devices  # Qt is loaded when it is needed

    return await open_devices(microphone, far_end)


class CannotPlay(TurretError):
    """The recording of a simulated call cannot be used; the message says why."""


@dataclass(slots=True)
class _Call:
    """The far end of one call: what it will say, how far it has got, and the sound made of it. With ``live`` sound both
    ends are people at this computer."""

    id: str
    rate: int
    pcm: bytes
    answer_after: float | None
    hang_up_at_end: bool
    position: int = 0
    audio: CallAudio | None = None
    started: float = 0.0  # of the sound, on the event loop's clock
    live: ComputerSound | None = None
    tasks: list[asyncio.Task[None]] = field(default_factory=list)


class SimulatedTurret:
    """A ``TurretAdapter`` whose far ends are recordings (left trader, right client). See ``ring`` and ``dial``."""

    def __init__(
        self,
        *,
        speed: float = 1.0,
        clock: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
        dialled_audio: Path | None = None,
        dialled_answer_after: float = 2.0,
        devices: Callable[[str, str], Awaitable[ComputerSound]] = _devices,
    ) -> None:
        self.speed = speed
        self._origin = clock()
        self._clock = clock
        self._dialled_audio = dialled_audio
        self._dialled_answer_after = dialled_answer_after
        self._devices = devices
        self._board = Board()
        self._calls: dict[str, _Call] = {}
        self._listeners: list[Callable[[TurretEvent], None]] = []
        self._clearing: set[asyncio.Task[None]] = set()

    @property
    def board(self) -> Board:
        return self._board

    def now(self) -> dt.datetime:
        return self._origin + (self._clock() - self._origin) * self.speed

    def subscribe(self, listener: Callable[[TurretEvent], None]) -> None:
        self._listeners.append(listener)

    def name(self, call: str, name: str | None) -> None:
        self._board = self._board.named(call, name)

    def audio(self, call: str) -> CallAudio | None:
        found = self._calls.get(call)
        return None if found is None else found.audio

    @property
    def quiet(self) -> bool:
        """Whether no call is going on."""
        return all(line.state in ("idle", "ended") for line in self._board.lines)

    async def ring(
        self,
        number: str,
        audio: Path | None = None,
        *,
        line: str | None = None,
        answer_after: float | None = None,
        give_up_after: float | None = None,
        hang_up_at_end: bool = True,
    ) -> str:
        """A call comes in. Times are seconds of this turret's clock; without ``audio`` the caller is silent.

        Raises:
            TurretError: no free line, or the recording cannot be played.
        """
        call = await self._prepare(audio, answer_after, hang_up_at_end)
        self._board = self._board.ring(number, call.id, self.now(), line)
        self._calls[call.id] = call
        self._happened("ringing", call.id)
        self._answer_later(call)
        if give_up_after is not None:
            call.tasks.append(asyncio.create_task(self._give_up(call, give_up_after)))
        return call.id

    async def dial(
        self, number: str, line: str | None = None, *, audio: Path | None = None, answer_after: float | None = None
    ) -> None:
        """Calls a number; the simulated far end answers after a moment."""
        wait = self._dialled_answer_after if answer_after is None else answer_after
        call = await self._prepare(audio or self._dialled_audio, wait, True)
        self._board = self._board.dial(number, call.id, self.now(), line)
        self._calls[call.id] = call
        self._happened("dialling", call.id)
        self._answer_later(call)

    async def answer(self, line: str) -> None:
        self._board = self._board.answer(line, self.now())
        self._connected(self._calls[self._board.line(line).call or ""])

    async def listen(self, number: str = "", microphone: str = "", far_end: str = "") -> str:
        """A call through this computer.

        Raises:
            TurretError: there is one already, or no device for it.
        """
        self._board.listen(number, "", self.now())
        sound = await self._devices(microphone, far_end)
        call = _Call(uuid.uuid4().hex, sound.rate, b"", None, False, live=sound)
        self._board = self._board.listen(number, call.id, self.now())
        self._calls[call.id] = call
        sound.start()
        self._connected(call)
        return sound.note

    def _connected(self, call: _Call) -> None:
        call.audio = CallAudio(call.id, call.rate)
        call.started = asyncio.get_running_loop().time()
        self._happened("answered", call.id)
        call.tasks.append(asyncio.create_task(self._play(call), name=f"play {call.id}"))

    async def hold(self, line: str) -> None:
        board = self._board.hold(line, self.now())
        self._advance(self._call_on(line))
        self._board = board
        self._happened("held", self._board.line(line).call)

    async def resume(self, line: str) -> None:
        board = self._board.resume(line, self.now())
        self._advance(self._call_on(line))
        self._board = board
        self._happened("resumed", self._board.line(line).call)

    async def hang_up(self, line: str) -> None:
        self._advance(self._call_on(line))
        self._end(line, "ended", "hung up here")

    def _call_on(self, line: str) -> _Call | None:
        return self._calls.get(self._board.line(line).call or "")

    async def close(self) -> None:
        for call in list(self._calls.values()):
            line = self._board.with_call(call.id)
            if line is not None and line.state != "ended":
                self._end(line.line, "ended", "the turret was closed")
        tasks = [task for call in self._calls.values() for task in call.tasks] + list(self._clearing)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # --- the far end ---

    async def _prepare(self, audio: Path | None, answer_after: float | None, hang_up_at_end: bool) -> _Call:
        rate, pcm = TELEPHONE_RATE, b""
        if audio is not None:
            try:
                recording = await asyncio.to_thread(load, audio)
            except AudioError as problem:
                raise CannotPlay(str(problem)) from problem
            if recording.damage:
                log.warning("%s", recording.damage)
            rate = recording.rate
            pcm = np.column_stack((recording.trader, recording.client)).astype("<i2").tobytes()
        return _Call(uuid.uuid4().hex, rate, pcm, answer_after, hang_up_at_end and audio is not None)

    def _answer_later(self, call: _Call) -> None:
        if call.answer_after is not None:
            call.tasks.append(asyncio.create_task(self._answer_after(call, call.answer_after)))

    async def _answer_after(self, call: _Call, seconds: float) -> None:
        await asyncio.sleep(seconds / self.speed)
        line = self._board.with_call(call.id)
        if line is not None and line.state in ("ringing", "dialling"):
            await self.answer(line.line)

    async def _give_up(self, call: _Call, seconds: float) -> None:
        await asyncio.sleep(seconds / self.speed)
        line = self._board.with_call(call.id)
        if line is not None and line.state == "ringing":
            self._end(line.line, "ended", "not answered")

    async def _play(self, call: _Call) -> None:
        try:
            while (line := self._advance(call)) is not None:
                if call.hang_up_at_end and line.state == "connected" and call.position >= len(call.pcm):
                    self._end(line.line, "ended", "the other side hung up")
                    return
                await asyncio.sleep(TICK_SECONDS)
        except (ValueError, OSError) as problem:
            log.exception("the simulated call broke off")
            line = self._board.with_call(call.id)
            if line is not None and line.state != "ended":
                self._end(line.line, "lost", f"The line broke off: {problem}.")

    def _advance(self, call: _Call | None) -> Line | None:
        """Brings the sound up to now in the line's present state; None when the call is over."""
        line = None if call is None else self._board.with_call(call.id)
        if call is None or call.audio is None or line is None or line.state not in ("connected", "held"):
            return None
        if call.live is not None:
            heard = call.live.take()
            call.audio.trouble = call.live.trouble
            call.audio.append(heard if line.state == "connected" else bytes(len(heard)))
            return line
        elapsed = asyncio.get_running_loop().time() - call.started
        due = max(0, int(elapsed * self.speed * call.rate) - call.audio.samples)
        # On hold both sides are silent and the far end waits: its words are not lost, they come later.
        call.audio.append(self._speak(call, due) if line.state == "connected" else bytes(4 * due))
        return line

    @staticmethod
    def _speak(call: _Call, due: int) -> bytes:
        said = call.pcm[call.position : call.position + 4 * due]
        call.position += len(said)
        if call.hang_up_at_end:
            return said
        return said + bytes(4 * due - len(said))

    # --- what the listeners hear ---

    def _end(self, line: str, happening: Happening, reason: str) -> None:
        self._board = self._board.hang_up(line, self.now())
        call = self._calls[self._board.line(line).call or ""]
        call.pcm = b""
        if call.live is not None:
            call.live.stop()
        if call.audio is not None:
            call.audio.end()
        self._happened(happening, call.id, reason)
        current = asyncio.current_task()
        for task in call.tasks:
            if task is not current:
                task.cancel()
        clearing = asyncio.create_task(self._clear_later(call.id))
        self._clearing.add(clearing)
        clearing.add_done_callback(self._clearing.discard)

    async def _clear_later(self, call: str) -> None:
        await asyncio.sleep(CLEAR_SECONDS / min(self.speed, 3.0))
        line = self._board.with_call(call)
        if line is not None and line.state == "ended":
            self._calls.pop(call, None)
            self._board = self._board.clear(line.line)
            self._tell(TurretEvent("cleared", self._board.line(line.line)))

    def _happened(self, happening: Happening, call: str | None, reason: str = "") -> None:
        line: Line | None = None if call is None else self._board.with_call(call)
        if line is not None:
            self._tell(TurretEvent(happening, line, reason))

    def _tell(self, event: TurretEvent) -> None:
        for listener in tuple(self._listeners):
            listener(event)
