"""The application's side of the speech process: started, fed, and started again if it dies.

Nothing here waits for the process: the recording is the truth, and what the process missed is read back from it.
"""

from __future__ import annotations

import asyncio
import logging
import os
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from pathlib import Path

from nlp.audio.channels import CHANNELS, Channel, sides
from nlp.language.model import Header, Reference, Turn
from nlp.speech.messages import (
    LENGTH,
    Alive,
    Audio,
    Event,
    Failed,
    Finish,
    Finished,
    Forget,
    Message,
    Open,
    Partial,
    Pulse,
    Ready,
    Refer,
    Reply,
    Said,
    Segment,
    pack,
    reply,
)
from nlp.speech.models import ModelChoice
from nlp.speech.talk import Talk

log = logging.getLogger(__name__)

Reread = Callable[[str, float], Awaitable[bytes]]
"""(interaction id, from second) -> interleaved two-channel 16-bit PCM at the call's rate, to its end."""

FIRST_PAUSE, LONGEST_PAUSE = 0.25, 30.0
SILENCE = 20.0
"""Seconds without any sign of life after which the process is taken for hung."""
LOADING = 120.0
GRACE = 1.0
UNREAD = 16 << 20
"""Bytes the process may leave unread before sound is no longer put in its pipe."""
STEADY = 60.0
MOST_DEATHS = 3


class LanguageWorker:
    """Transcription and understanding of running conversations.

    ``on_event`` and ``on_status`` are called on the loop's thread. Status: "starting", "live", "restarting" or
    "unavailable: <sentence>". All methods return at once.
    """

    def __init__(
        self,
        model: ModelChoice | None = None,
        *,
        on_event: Callable[[Event], None] | None = None,
        on_status: Callable[[str], None] | None = None,
        reread: Reread | None = None,
        command: Sequence[str] | None = None,
        cache: Path | None = None,
        looks: bool = True,
        wording: Path | None = None,
    ) -> None:
        self.on_event, self.on_status, self.reread = on_event, on_status, reread
        self._command = [*(command or (sys.executable, "-m", "nlp.speech.worker"))]
        self._command += ["--model", (model or ModelChoice()).name]
        self._command += ["--cache", str(cache)] if cache else []
        self._command += [] if looks else ["--no-looks"]
        self._command += ["--wording", str(wording)] if wording else []
        self._status = "starting"
        self._talks: dict[str, Talk] = {}
        self._process: asyncio.subprocess.Process | None = None
        self._up = False
        self._failures = 0
        self._running: asyncio.Task[None] | None = None
        self._feeding: set[asyncio.Task[None]] = set()

    @property
    def status(self) -> str:
        return self._status

    @property
    def pid(self) -> int | None:
        """Of the running process."""
        return self._process.pid if self._process is not None else None

    async def start(self) -> None:
        """Starts the process; its model loads meanwhile."""
        if self._running is None:
            self._running = asyncio.get_running_loop().create_task(self._run(), name="speech process")

    async def close(self) -> None:
        """Ends the process; unfinished conversations are left to a later start."""
        if self._running is not None:
            self._running.cancel()
            with suppress(asyncio.CancelledError):
                await self._running
            self._running = None
        for task in tuple(self._feeding):
            task.cancel()

    # Conversations.

    async def open(self, interaction_id: str, header: Header, reference: Reference, rate: int = 8000) -> None:
        """Begins a call or chat; ``header.id`` is replaced by the interaction's id."""
        talk = Talk(interaction_id, _named(header, interaction_id), reference, rate)
        self._talks[interaction_id] = talk
        if self._up:
            self._feed(talk)

    async def audio(self, interaction_id: str, channel: Channel, pcm: bytes, at_seconds: float) -> None:
        """16-bit PCM of one side at the call's rate, beginning ``at_seconds`` into the call."""
        talk = self._talks.get(interaction_id)
        if talk is None or talk.finishing:
            return
        message = Audio(id=interaction_id, channel=channel, at=round(at_seconds * talk.rate), pcm=pcm)
        talk.remember(message)
        if self._up and talk.fed:
            if self._unread() < UNREAD:
                self._send(message)
            else:
                talk.fed = False  # it will be fed from the recording as soon as the process reads again

    async def turn(self, interaction_id: str, turn: Turn) -> None:
        """A chat message."""
        if (talk := self._talks.get(interaction_id)) is not None:
            talk.turns.append(turn)
            if self._up and talk.fed:
                self._send(Said(id=interaction_id, turn=turn))

    async def refer(self, interaction_id: str, header: Header, reference: Reference) -> None:
        """The customer became known, or prices moved: analyse with these from now on."""
        if (talk := self._talks.get(interaction_id)) is not None:
            talk.header, talk.reference = _named(header, interaction_id), reference
            if talk.fed or talk.feeding:
                self._send(Refer(id=interaction_id, header=talk.header, reference=reference))

    async def finish(self, interaction_id: str) -> None:
        """No more will come; ``Finished`` or ``Failed`` follows, however often the process dies meanwhile."""
        talk = self._talks.get(interaction_id)
        if talk is None or talk.finishing:
            return
        talk.finishing, talk.deaths = True, 0
        if self._up and talk.fed:
            self._spawn(self._complete(talk))

    async def transcribe(
        self, interaction_id: str, header: Header, reference: Reference, rate: int, seconds: float
    ) -> None:
        """The careful pass over a recording that exists already, read through ``reread``."""
        talk = Talk(interaction_id, _named(header, interaction_id), reference, rate, finishing=True)
        talk.heard = dict.fromkeys(CHANNELS, seconds)
        self._talks[interaction_id] = talk
        if self._up:
            self._feed(talk)

    async def read(self, interaction_id: str, header: Header, reference: Reference, turns: Sequence[Turn]) -> None:
        """What the turns of an ended call mean, without its sound; answered as ``finish`` is."""
        talk = Talk(interaction_id, _named(header, interaction_id), reference, 0, finishing=True, sound=False)
        talk.turns = list(turns)
        self._talks[interaction_id] = talk
        if self._up:
            self._feed(talk)

    async def forget_span(self, interaction_id: str, start: float, end: float) -> None:
        """What was said in a stretch of a running call is known no more, here and in the process; sound up to ``end``
        is not asked for again before the careful pass."""
        talk = self._talks.get(interaction_id)
        if talk is None:
            return
        talk.turns = [turn for turn in talk.turns if turn.end <= start or turn.start >= end]
        talk.forget_sound()
        talk.settle(dict.fromkeys(CHANNELS, end))
        if self._up:
            self._feed(talk)

    async def forget(self, interaction_id: str) -> None:
        """Drops a conversation without an answer."""
        if self._talks.pop(interaction_id, None) is not None:
            self._send(Forget(id=interaction_id))

    # The process.

    async def _run(self) -> None:
        try:
            while True:
                began = time.monotonic()
                try:
                    await self._live()
                except OSError as error:
                    log.error("the speech process cannot be started: %s", error.strerror)
                except Exception as error:  # an answer that could not be taken: a new process, not the end of them all
                    log.error("the speech process is started anew after a %s", type(error).__name__)
                self._up = False
                pause = min(FIRST_PAUSE * 2.0 ** min(self._failures, 10), LONGEST_PAUSE)
                # One that ran for a while is started again at once; one that dies young is given more and more time.
                self._failures = 0 if time.monotonic() - began > STEADY else self._failures + 1
                log.warning("the speech process ended; it is started again in %.1f s", pause)
                self._count_deaths()
                self._set_status("restarting" if self._failures < 5 else NOT_STARTING)
                await asyncio.sleep(pause)
        finally:
            self._up = False
            await self._kill()

    async def _live(self) -> None:
        """One life of the process: from its start to the end of its output."""
        flags = 0
        if sys.platform == "win32":
            flags = subprocess.BELOW_NORMAL_PRIORITY_CLASS | subprocess.CREATE_NO_WINDOW
        root = str(Path(__file__).resolve().parents[2])
        path = os.pathsep.join(part for part in (root, os.environ.get("PYTHONPATH", "")) if part)
        self._process = process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": path},
            creationflags=flags,
        )
        assert process.stdout is not None
        try:
            patience = LOADING
            while True:
                async with asyncio.timeout(patience):
                    head = await process.stdout.readexactly(LENGTH.size)
                async with asyncio.timeout(SILENCE):
                    body = await process.stdout.readexactly(*LENGTH.unpack(head))
                patience = SILENCE
                self._handle(reply(body))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        except TimeoutError:
            log.error("the speech process gave no sign of life and is ended")
        finally:
            self._up = False
            await self._kill()

    async def _kill(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()  # the end of its input ends it
        try:
            async with asyncio.timeout(GRACE):
                await process.wait()
        except TimeoutError:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    def _handle(self, message: Reply) -> None:
        if isinstance(message, Ready):
            self._up = True
            self._set_status(f"unavailable: {message.speech}" if message.speech else "live")
            for waiting in tuple(self._talks.values()):
                self._feed(waiting)
            return
        if isinstance(message, Alive):
            if self._unread() < UNREAD // 2:
                for behind in self._talks.values():
                    if not behind.fed and not behind.feeding:
                        self._feed(behind)
            return
        talk = self._talks.get(message.id)
        if talk is None:
            return
        if isinstance(message, Segment):
            talk.turns.append(message.turn)
            talk.seq = message.seq + 1
            talk.settle({message.who: message.end})
        elif isinstance(message, Pulse):
            talk.settle(message.heard)
        elif isinstance(message, Finished | Failed):
            del self._talks[message.id]
        self._tell(message)

    def _feed(self, talk: Talk) -> None:
        """(Re)opens a conversation in the process and gives it what it has not transcribed yet."""
        talk.fed, talk.feeding = False, True
        talk.origin = dict(talk.heard)
        self._send(
            Open(
                id=talk.id,
                header=talk.header,
                reference=talk.reference,
                rate=talk.rate,
                seq=talk.seq,
                turns=tuple(talk.turns),
                heard=talk.heard,
                sound=talk.sound,
            )
        )
        if talk.header.kind == "chat" or not talk.sound:
            talk.fed, talk.feeding = True, False
            if talk.finishing:
                self._send(Finish(id=talk.id))
        else:
            self._spawn(self._catch_up(talk, self._process))

    async def _catch_up(self, talk: Talk, process: asyncio.subprocess.Process | None) -> None:
        try:
            for side in CHANNELS:
                self._tell(Partial(id=talk.id, who=side, start=0.0, text=""))
            await self._read_back(talk, process)
            if self._process is not process or talk.id not in self._talks:
                return
            for message in talk.recent:
                self._send(message)
            talk.fed = True
            if talk.finishing:
                await self._complete(talk)
        finally:
            talk.feeding = False

    async def _read_back(self, talk: Talk, process: asyncio.subprocess.Process | None) -> None:
        """Sends the recording from the first second that is not transcribed, until it meets the sound kept here."""
        at = min((talk.heard.get(who, 0.0) for who in CHANNELS), default=0.0)
        for _ in range(10):
            if talk.meets(at):
                return
            pcm = await self._recorded(talk.id, at)
            await self._send_sound(talk, pcm, round(at * talk.rate))
            at += len(pcm) / 4 / talk.rate
            if self._process is not process or talk.meets(at) or not talk.recent:
                return
            await asyncio.sleep(0.2)  # the recording is written a little later than the sound came

    async def _recorded(self, interaction_id: str, from_seconds: float) -> bytes:
        """The recording as far as it can be read; the conversation goes on with what there is."""
        if self.reread is None:
            return b""
        try:
            return await self.reread(interaction_id, from_seconds)
        except Exception as error:
            log.error("the recording could not be read back: %s", type(error).__name__)
            return b""

    async def _complete(self, talk: Talk) -> None:
        """Gives the process the part of the call that an earlier one transcribed, then asks for the careful pass."""
        missing = max(talk.origin.values(), default=0.0)
        if missing > 0:
            process, pcm = self._process, await self._recorded(talk.id, 0.0)
            if self._process is not process or not self._up:
                return  # the next one is told when it is ready
            await self._send_sound(talk, pcm[: (round(missing * talk.rate) + 1) * 4], 0)
        self._send(Finish(id=talk.id))

    async def _send_sound(self, talk: Talk, pcm: bytes, at: int) -> None:
        step = talk.rate * 4
        for number in range(0, len(pcm), step):
            for who, samples in sides(pcm[number : number + step]).items():
                self._send(Audio(id=talk.id, channel=who, at=at + number // 4, pcm=samples))
            if self._process is not None and self._process.stdin is not None:
                with suppress(ConnectionError):
                    await self._process.stdin.drain()

    def _send(self, message: Message) -> None:
        if self._up and self._process is not None and self._process.stdin is not None:
            with suppress(ConnectionError, RuntimeError):
                self._process.stdin.write(pack(message))

    def _unread(self) -> int:
        if self._process is None or self._process.stdin is None:
            return 0
        return self._process.stdin.transport.get_write_buffer_size()

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._feeding.add(task)
        task.add_done_callback(self._fed)

    def _fed(self, task: asyncio.Task[None]) -> None:
        self._feeding.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("feeding the speech process failed: %s", type(error).__name__)

    def _count_deaths(self) -> None:
        for talk in tuple(self._talks.values()):
            talk.fed = False
            talk.deaths += 1
            if talk.finishing and talk.deaths >= MOST_DEATHS:
                del self._talks[talk.id]
                self._tell(Failed(id=talk.id, reason=GAVE_UP))

    def _set_status(self, status: str) -> None:
        if status != self._status:
            self._status = status
            if self.on_status is not None:
                self.on_status(status)

    def _tell(self, event: Event) -> None:
        if self.on_event is not None:
            self.on_event(event)


NOT_STARTING = (
    "unavailable: The speech process keeps stopping. Calls are recorded and transcribed later; "
    "`deskline doctor` says what is missing."
)
GAVE_UP = "The speech process stopped three times over this recording. It is kept and tried again at the next start."


def _named(header: Header, interaction_id: str) -> Header:
    return Header(interaction_id, header.kind, header.started, header.client, header.trader)
