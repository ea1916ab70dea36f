"""What the top bar and the status bar say: heard on the app channels like any app hears it."""

from __future__ import annotations

import datetime as dt
import logging
from dataclasses import dataclass, replace

from app.services import State
from fdc3.client import DesktopAgent
from fdc3.types import Context, ContextMetadata

log = logging.getLogger(__name__)
ATTENTION = {"ringing": "rings · F9", "connected": "on call", "held": "held", "dialling": "dialling"}


@dataclass(frozen=True, slots=True)
class DeskStatus:
    """``recording``: when the oldest running call began. ``keeping``: what becomes of what is said there;
    "recording" if any of them is recorded.
    """

    turret: str = "Turret ready"
    turret_level: str = "up"
    recording: dt.datetime | None = None
    keeping: str = "recording"


class StatusFollower:
    """Keeps a ``DeskStatus`` up to date. Lives on the I/O loop."""

    def __init__(self, agent: DesktopAgent) -> None:
        self.state: State[DeskStatus] = State(DeskStatus())
        self._agent = agent
        self._calls: dict[str, tuple[dt.datetime, str]] = {}

    async def start(self) -> None:
        turret = await self._agent.get_or_create_channel("deskline.turret")
        await turret.add_context_listener("deskline.turret.lines", self._lines)
        conversation = await self._agent.get_or_create_channel("deskline.conversation")
        await conversation.add_context_listener("deskline.conversation.state", self._conversation)

    async def close(self) -> None:
        await self._agent.disconnect()

    def _lines(self, context: Context, metadata: ContextMetadata | None = None) -> None:
        busy = [line for line in context.get("lines", []) if line.get("state") in ATTENTION]
        text = "Turret ready"
        if busy:
            text = " · ".join(f"{line['line']} {ATTENTION[line['state']]}" for line in busy[:2])
        rings = any(line["state"] == "ringing" for line in busy)
        self.state.set(replace(self.state.value, turret=text, turret_level="warn" if rings else "up"))

    def _conversation(self, context: Context, metadata: ContextMetadata | None = None) -> None:
        interaction = str((context.id or {}).get("deskline", ""))
        if context.get("kind") == "call" and context.get("phase") == "live":
            started = dt.datetime.fromisoformat(str(context["started_at"]))
            self._calls[interaction] = started, str(context.get("keeping") or "recording")
        else:
            self._calls.pop(interaction, None)
        standing = [keeping for _, keeping in self._calls.values()]
        self.state.set(
            replace(
                self.state.value,
                recording=min((started for started, _ in self._calls.values()), default=None),
                keeping="recording" if "recording" in standing or not standing else standing[0],
            )
        )
