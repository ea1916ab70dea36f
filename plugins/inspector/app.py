"""The inspector's app: looks on while messages pass, keeps the newest, records and replays."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from app.services import AgentView, LocalZone, Notice, Services, State
from fdc3.broker import Snapshot
from plugins.inspector.log import MessageLog
from plugins.inspector.recording import MOST_WAITING, NotARecording, Recording, lines, load
from plugins.inspector.seen import Filter, Party, Seen, read

if TYPE_CHECKING:
    from fdc3.client import DesktopAgent
    from fdc3.host import Observation

NOTHING, ANY = Snapshot(), Filter()
PUBLISH_SECONDS = 0.1
LOOK_SECONDS = 0.5
"""How often channels, apps and intents are looked at while one of these is shown."""
Section = Literal["messages", "channels", "apps", "intents"]
SECTIONS: tuple[Section, ...] = ("messages", "channels", "apps", "intents")


@dataclass(frozen=True)
class InspectorState:
    """``rows`` pass the filter, oldest first. ``recording`` and ``replay``: a file's name while that goes on."""

    rows: tuple[Seen, ...] = ()
    kept: int = 0
    dropped: int = 0
    apps: tuple[str, ...] = ()
    paused: bool = False
    passed: int = 0
    """Messages that came and went while it was paused."""
    recording: str = ""
    recorded: int = 0
    replay: str = ""
    filter: Filter = ANY
    snapshot: Snapshot = NOTHING
    timed_out: tuple[Seen, ...] = ()


class InspectorApp:
    """On the I/O loop. Nothing is looked at before it starts, nor after ``close``."""

    def __init__(self, desk: Services, agent: AgentView) -> None:
        self.state = State(InspectorState())
        self.zone: dt.tzinfo = LocalZone()
        self._desk = desk
        self._agent = agent
        self._log = MessageLog()
        self._number = 0
        self._parties: dict[str, Party] = {}
        self._paused = False
        self._passed = 0
        self._filter = Filter()
        self._section: Section = "messages"
        self._snapshot = Snapshot()
        self._replay = ""
        self._recording: Recording | None = None
        self._waiting: list[Seen] = []
        self._waiting_bytes = 0
        self._recorded = 0
        self._loop = asyncio.get_running_loop()
        self._publishing: asyncio.TimerHandle | None = None
        self._looking: asyncio.TimerHandle | None = None
        self._writing: asyncio.Task[None] | None = None
        self._unobserve = agent.observe(self._observed)
        self._publish()

    # What passes

    def _observed(self, observation: Observation) -> None:
        if self._replay or (self._paused and self._recording is None):
            self._passed += not self._replay
            self._soon()
            return
        parties = tuple(self._party(instance_id) for instance_id in observation.instances)
        data = msgspec.json.encode(observation.message)
        seen = read(self._number, observation.at, observation.direction, parties, data)
        self._number += 1
        if self._paused:
            self._passed += 1
        else:
            self._log.add(seen)
        if self._recording is not None:
            self._waiting.append(seen)
            self._waiting_bytes += seen.size
        self._soon()

    def _party(self, instance_id: str) -> Party:
        """Who that is. An instance that has gone is remembered from when it was there."""
        if instance_id not in self._parties:
            for instance in self._agent.instances():
                self._parties[instance.id] = Party(instance.app_id, instance.id)
        return self._parties.get(instance_id) or Party("?", instance_id)

    # What the developer does

    async def choose(self, wanted: Filter) -> None:
        self._filter = wanted
        self._log.filter(wanted)
        self._publish()

    async def show(self, section: Section) -> None:
        """What is looked at: only this is kept fresh."""
        self._section = section
        self._look()

    async def pause(self, paused: bool) -> None:
        self._paused = paused
        self._passed = 0
        self._publish()

    async def clear(self) -> None:
        self._log.clear()
        self._passed = 0
        self._publish()

    async def record(self, path: Path) -> None:
        """Writes every message from now on to a file, those that the filter hides as well. Raises ``OSError``."""
        await self.stop_recording()
        self._recording = await asyncio.to_thread(Recording, path, self._desk.clock())
        self._recorded = 0
        self._publish()

    async def stop_recording(self) -> None:
        if self._writing is not None:
            await self._writing
        recording, self._recording = self._recording, None
        if recording is None:
            return
        waiting, self._waiting, self._waiting_bytes = self._waiting, [], 0
        try:
            await asyncio.to_thread(recording.write, lines(waiting))
        finally:
            recording.close()
        self._recorded += len(waiting)
        self._desk.notify(Notice(f"{self._recorded:,} messages are in {recording.path.name}.", "success"))
        self._publish()

    async def replay(self, path: Path) -> None:
        """Shows a recorded file in place of what passes now."""
        try:
            found = await asyncio.to_thread(load, path)
        except NotARecording as reason:
            self._desk.notify(Notice(str(reason), "warning"))
            return
        except OSError as reason:
            self._desk.notify(Notice(f"{path.name} cannot be read.", "warning", reason.strerror or ""))
            return
        self._replay = path.name
        self._fill(found.rows)
        self._log.dropped = found.older
        if found.bad:
            self._desk.notify(
                Notice(f"{found.bad:,} lines of {path.name} could not be read and are left out.", "warning")
            )
        self._publish()

    async def live(self) -> None:
        """Back from a recorded file to what passes now."""
        if self._replay:
            self._replay = ""
            self._fill(())
            self._publish()

    async def close(self) -> None:
        self._unobserve()
        with contextlib.suppress(OSError):  # the file's disk is full or gone, and we are going as well
            await self.stop_recording()
        for timer in (self._publishing, self._looking):
            if timer is not None:
                timer.cancel()

    # Inside

    def _fill(self, rows: tuple[Seen, ...]) -> None:
        self._log = MessageLog()
        self._log.filter(self._filter)
        self._number = self._passed = 0
        for row in rows:
            self._log.add(replace(row, number=self._number))
            self._number += 1

    def _soon(self) -> None:
        if self._publishing is None:
            self._publishing = self._loop.call_later(PUBLISH_SECONDS, self._publish)

    def _publish(self) -> None:
        if self._publishing is not None:
            self._publishing.cancel()
            self._publishing = None
        self._write()
        recording = self._recording
        self.state.set(
            InspectorState(
                self._log.shown,
                len(self._log),
                self._log.dropped,
                self._log.apps,
                self._paused,
                self._passed,
                recording.path.name if recording is not None else "",
                self._recorded + len(self._waiting),
                self._replay,
                self._filter,
                self._snapshot,
                self._log.timed_out() if self._section == "intents" else (),
            )
        )

    def _look(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
            self._looking = None
        if self._section != "messages":
            self._snapshot = self._agent.snapshot()
            self._looking = self._loop.call_later(LOOK_SECONDS, self._look)
        self._publish()

    def _write(self) -> None:
        if self._recording is not None and self._waiting and (self._writing is None or self._writing.done()):
            self._writing = self._loop.create_task(self._write_out(self._recording))

    async def _write_out(self, recording: Recording) -> None:
        waiting, size = self._waiting, self._waiting_bytes
        self._waiting, self._waiting_bytes = [], 0
        try:
            await asyncio.to_thread(recording.write, lines(waiting))
            if size > MOST_WAITING:
                raise OSError(None, "messages come faster than they can be written")
        except OSError as reason:
            self._recording, self._waiting, self._waiting_bytes = None, [], 0
            with contextlib.suppress(OSError):
                recording.close()
            self._desk.notify(Notice("The recording has been stopped.", "error", reason.strerror or ""))
            self._soon()
        else:
            self._recorded += len(waiting)


async def start(fdc3: DesktopAgent, desk: Services) -> InspectorApp:
    if desk.agent is None:
        raise PermissionError("This desk does not let anybody look at its messages.")
    return InspectorApp(desk, desk.agent)
