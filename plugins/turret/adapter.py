"""What a telephone system offers the desk. A real turret adapter implements ``TurretAdapter``; nothing else changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from plugins.turret.audio import CallAudio
from plugins.turret.model import Board, Line

Happening = Literal["ringing", "dialling", "answered", "held", "resumed", "ended", "lost", "cleared"]


@dataclass(frozen=True, slots=True)
class TurretEvent:
    """Something happened to a line; ``line`` is its state afterwards. ``lost``: the call or its audio broke off."""

    happening: Happening
    line: Line
    reason: str = ""


class TurretAdapter(Protocol):
    """Lines of one trader's turret: events out, commands in, audio per call.

    Commands raise ``TurretError`` with a sentence for the trader. Listeners are called in order on the event loop.
    """

    @property
    def board(self) -> Board: ...

    def subscribe(self, listener: Callable[[TurretEvent], None]) -> None: ...

    def name(self, call: str, name: str | None) -> None:
        """Shows the caller's name on the line, as the desk resolved it."""

    async def answer(self, line: str) -> None: ...

    async def hold(self, line: str) -> None: ...

    async def resume(self, line: str) -> None: ...

    async def hang_up(self, line: str) -> None: ...

    async def dial(self, number: str, line: str | None = None) -> None: ...

    async def listen(self, number: str = "", microphone: str = "", far_end: str = "") -> str:
        """Begins a call whose sound is that of this computer's devices, by name; gives what the trader is to know of
        it, or nothing. It ends by ``hang_up`` on its line."""

    def audio(self, call: str) -> CallAudio | None:
        """The sound of an answered call, growing while it goes on."""

    async def close(self) -> None: ...
