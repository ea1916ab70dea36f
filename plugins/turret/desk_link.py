"""The turret's FDC3 side: tells the desk about lines and calls, and takes its commands.

Works with any ``TurretAdapter``. Each call has its own follower, so that a desk slow to answer for one call delays
neither another call nor the telephone system.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from fdc3.client import Channel, DesktopAgent, PrivateChannel
from fdc3.types import Contact, Context, ContextMetadata
from fdc3.types.errors import Fdc3Error
from plugins.turret.adapter import TurretAdapter, TurretEvent
from plugins.turret.audio import CHANNELS, AudioServer
from plugins.turret.model import Line, TurretError

log = logging.getLogger(__name__)

TURRET_CHANNEL = "deskline.turret"
_CALL_EVENTS = {"held": "held", "resumed": "resumed", "ended": "ended", "lost": "lost"}
_IDENTITY_SECONDS = 0.3  # how long an answered call waits for the desk to say who calls
_RETRY_SECONDS = (0.5, 1.0, 2.0, 4.0)


class DeskLink:
    """Joins a turret to the desk. ``now`` is the turret's clock."""

    def __init__(
        self, agent: DesktopAgent, turret: TurretAdapter, audio: AudioServer, now: Callable[[], dt.datetime]
    ) -> None:
        self._agent = agent
        self._turret = turret
        self._audio = audio
        self._now = now
        self._lines: Channel | None = None
        self._followers: dict[str, _Follower] = {}
        self._changed = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        self._lines = await self._agent.get_or_create_channel(TURRET_CHANNEL)
        await self._lines.add_context_listener("deskline.turret.command", self._command)
        self._turret.subscribe(self._heard)
        self._changed.set()
        self._spawn(self._tell_lines(), "tell lines")

    async def close(self) -> None:
        """Lets calls that have ended finish telling the desk, then leaves."""
        followers = [follower.task for follower in self._followers.values() if follower.task is not None]
        if followers:
            await asyncio.wait(followers, timeout=2.0)
        for task in (*followers, *self._tasks):
            task.cancel()
        await asyncio.gather(*followers, *self._tasks, return_exceptions=True)

    def _spawn(self, work: Awaitable[None], name: str) -> None:
        task = asyncio.ensure_future(work)
        assert isinstance(task, asyncio.Task)
        task.set_name(name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _heard(self, event: TurretEvent) -> None:
        self._changed.set()
        call = event.line.call
        if call is None:
            return
        follower = self._followers.get(call)
        if follower is None:
            follower = self._followers[call] = _Follower(self._agent, self._turret, self._audio, self.tell_problem)
            follower.start(lambda: self._followers.pop(call, None))
            follower.named = self._changed.set
        follower.events.put_nowait((event, self._now(), self._attention_is_free(event.line)))

    def _attention_is_free(self, line: Line) -> bool:
        return not any(other.state == "connected" and other.line != line.line for other in self._turret.board.lines)

    async def _tell_lines(self) -> None:
        """Broadcasts the lines after changes; changes that come together go out together."""
        assert self._lines is not None
        while True:
            await self._changed.wait()
            self._changed.clear()
            lines = [_line_context(line) for line in self._turret.board.lines]
            try:
                await self._lines.broadcast(Context({"type": "deskline.turret.lines", "lines": lines}))
            except Exception:
                log.exception("the desk did not take the state of the lines")
            await asyncio.sleep(0.02)

    async def _command(self, context: Context, metadata: ContextMetadata | None = None) -> None:
        line, number, microphone, far_end = (
            str(context.get(key) or "") for key in ("line", "number", "microphone", "farEnd")
        )
        action = context.get("action")
        commands: dict[str, Callable[[], Awaitable[None]]] = {
            "answer": lambda: self._turret.answer(line),
            "hold": lambda: self._turret.hold(line),
            "resume": lambda: self._turret.resume(line),
            "hangup": lambda: self._turret.hang_up(line),
            "dial": lambda: self._turret.dial(number, line or None),
            "listen": lambda: self._listen(number, microphone, far_end),
        }
        run = commands.get(str(action))
        try:
            if run is None:
                raise TurretError(f"The turret knows no command {action!r}.")
            await run()
        except TurretError as problem:
            await self.tell_problem(str(problem))

    async def _listen(self, number: str, microphone: str, far_end: str) -> None:
        if note := await self._turret.listen(number, microphone, far_end):
            await self.tell_problem(note)

    async def tell_problem(self, text: str) -> None:
        """A sentence for the trader, shown at the desk."""
        log.warning("%s", text)
        if self._lines is not None:
            await self._lines.broadcast(Context({"type": "deskline.turret.notice", "text": text, "level": "warning"}))


class _Follower:
    """Takes one call through the desk: identity, interaction, private channel, call events, in this order."""

    def __init__(
        self,
        agent: DesktopAgent,
        turret: TurretAdapter,
        audio: AudioServer,
        problem: Callable[[str], Awaitable[None]],
    ) -> None:
        self.events: asyncio.Queue[tuple[TurretEvent, dt.datetime, bool]] = asyncio.Queue()
        self.task: asyncio.Task[None] | None = None
        self.named: Callable[[], None] = lambda: None
        self._agent = agent
        self._turret = turret
        self._audio = audio
        self._problem = problem
        self._identity: asyncio.Task[None] | None = None
        self._contact: Contact | None = None
        self._channel: PrivateChannel | None = None

    def start(self, done: Callable[[], object]) -> None:
        self.task = asyncio.create_task(self._follow(), name="follow call")
        self.task.add_done_callback(lambda _: done())

    async def _follow(self) -> None:
        try:
            over = False
            while not over:
                event, at, attention_is_free = await self.events.get()
                over = event.happening in ("ended", "lost")
                await self._pass_on(event, at, attention_is_free)
            if self._channel is not None:  # else the agent would keep one for every call of the day
                with contextlib.suppress(Fdc3Error):
                    await self._channel.disconnect()
        finally:
            if self._identity is not None:
                self._identity.cancel()

    async def _pass_on(self, event: TurretEvent, at: dt.datetime, attention_is_free: bool) -> None:
        if self._identity is None and event.line.number and (attention_is_free or event.happening == "answered"):
            self._identity = asyncio.create_task(self._identify(event.line), name="who calls")
        if event.happening == "answered":
            await self._create_interaction(event.line, at)
        elif event.happening in _CALL_EVENTS and self._channel is not None:
            told: dict[str, Any] = {"type": "deskline.call.event", "event": _CALL_EVENTS[event.happening]}
            told["at"] = at.isoformat()
            if event.reason:
                told["reason"] = event.reason
            try:
                await self._channel.broadcast(Context(told))
            except Exception:
                log.exception("the desk did not take the event %s", event.happening)

    async def _identify(self, line: Line) -> None:
        """Asks the desk to show who is on the line; what it answers names the line."""
        try:
            resolution = await self._agent.raise_intent("ViewProfile", _caller(line))
            result = await resolution.get_result()
        except Exception as problem:
            # Unknown callers are answered by the desk; here nobody answered at all. The call goes on by its number.
            log.warning("nobody showed the caller: %s", problem)
            return
        if isinstance(result, Contact):
            self._contact = result
            if line.call is not None and self._contact.get("resolution") != "unknown" and self._contact.get("name"):
                self._turret.name(line.call, str(self._contact["name"]))
                self.named()

    async def _create_interaction(self, line: Line, at: dt.datetime) -> None:
        audio = None if line.call is None else self._turret.audio(line.call)
        if audio is None or line.call is None:
            return
        url = self._audio.offer(audio)
        if self._identity is not None:
            await asyncio.wait({self._identity}, timeout=_IDENTITY_SECONDS)
        context = Context(
            {
                "type": "fdc3.interaction",
                "interactionType": "Phone Call",
                "id": {"deskline-turret": line.call},
                "timeRange": {"type": "fdc3.timeRange", "startTime": at.isoformat()},
                "participants": {"type": "fdc3.contactList", "contacts": [self._contact or _caller(line)]},
                "description": _description(line),
                "call": {
                    "line": line.line,
                    "number": line.number,
                    "direction": line.direction,
                    "audio": {
                        "url": url,
                        "rate": audio.rate,
                        "encoding": audio.encoding,
                        "channels": list(CHANNELS),
                    },
                },
            }
        )
        if line.direction == "inbound":
            context["initiator"] = self._contact or _caller(line)
        self._channel = await self._raise_until_taken(context)
        if self._channel is None:
            await self._problem(f"The call on {line.line} is connected, but no panel takes it down. Check Reports.")

    async def _raise_until_taken(self, interaction: Context) -> PrivateChannel | None:
        """A desk that is just starting gets a few seconds; the audio is kept meanwhile."""
        for delay in (*_RETRY_SECONDS, None):
            try:
                resolution = await self._agent.raise_intent("CreateInteraction", interaction)
                result = await resolution.get_result()
            except Exception as problem:
                log.warning("nobody took the call: %s", problem)
            else:
                if isinstance(result, PrivateChannel):
                    return result
                log.warning("the panel that took the call gave no private channel")
            if delay is not None:
                await asyncio.sleep(delay)
        return None


def _description(line: Line) -> str:
    return f"Call {'from' if line.direction == 'inbound' else 'to'} {line.number or 'an unknown number'}"


def _caller(line: Line) -> Contact:
    return Contact(id={"phone": line.number} if line.number else {})


def _line_context(line: Line) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "line": line.line,
        "state": line.state,
        "number": line.number,
        "direction": line.direction,
        "since": None if line.since is None else line.since.isoformat(),
    }
    if line.connected_at is not None:
        shown["connectedAt"] = line.connected_at.isoformat()
    if line.name:
        shown["name"] = line.name
    return shown
