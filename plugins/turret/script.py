"""Commands for the simulated turret, one JSON object a line, from a file or standard input.

``{"at": 0.0, "do": "ring", "number": "+442079460112", "audio": "call.wav", "auto_answer": 1.0}``; ``do`` is ring,
dial, listen (to this computer's devices), answer, hold, resume or hangup.
``at`` counts seconds of the turret's clock from the start of the script.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import msgspec

from plugins.turret.model import Line, LineState, TurretError
from plugins.turret.simulated import SimulatedTurret

Verb = Literal["ring", "dial", "listen", "answer", "hold", "resume", "hangup"]

_SUITABLE: dict[str, tuple[LineState, ...]] = {
    "answer": ("ringing",),
    "hold": ("connected",),
    "resume": ("held",),
    "hangup": ("connected", "held", "ringing", "dialling"),
}


class Command(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line of a script. Without ``line`` a command goes to the line that has waited longest for it."""

    do: Verb
    at: float = 0.0
    number: str = ""
    audio: str | None = None
    auto_answer: float | None = None
    give_up: float | None = None
    line: str | None = None
    microphone: str = ""
    far_end: str = ""


class BadCommand(TurretError):
    """The line is no command; the message says what is wrong with it."""


class NoSuchCall(TurretError):
    def __init__(self, action: str) -> None:
        super().__init__(f"There is no call to {action}.")


def parse(text: str | bytes) -> Command:
    try:
        return msgspec.json.decode(text, type=Command)
    except (msgspec.DecodeError, UnicodeError) as problem:
        raise BadCommand(f"Not a turret command: {problem}.") from problem


def read_script(path: Path) -> list[Command]:
    """All commands of a file in order of time; audio paths are relative to the file.

    Raises:
        BadCommand: naming the line.
    """
    commands = []
    for number, text in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not text.strip() or text.lstrip().startswith("#"):
            continue
        try:
            command = parse(text)
        except BadCommand as problem:
            raise BadCommand(f"{path.name}, line {number}: {problem}") from problem
        if command.audio is not None:
            command = msgspec.structs.replace(command, audio=str(path.parent / command.audio))
        commands.append(command)
    return sorted(commands, key=lambda command: command.at)


def waiting_line(lines: Iterable[Line], action: str) -> str:
    """The line that has been longest in a state that allows ``action``.

    Raises:
        NoSuchCall: there is none.
    """
    for state in _SUITABLE[action]:
        found = [line for line in lines if line.state == state]
        if found:
            return min(found, key=lambda line: line.since.timestamp() if line.since else 0.0).line
    raise NoSuchCall(action)


async def perform(turret: SimulatedTurret, command: Command) -> None:
    """Does what the command says; raises ``TurretError`` where the lines do not allow it."""
    audio = None if command.audio is None else Path(command.audio)
    if command.do == "ring":
        await turret.ring(
            command.number,
            audio,
            line=command.line,
            answer_after=command.auto_answer,
            give_up_after=command.give_up,
        )
    elif command.do == "dial":
        await turret.dial(command.number, command.line, audio=audio, answer_after=command.auto_answer)
    elif command.do == "listen":
        await turret.listen(command.number, command.microphone, command.far_end)
    else:
        line = command.line or waiting_line(turret.board.lines, command.do)
        act = {"answer": turret.answer, "hold": turret.hold, "resume": turret.resume, "hangup": turret.hang_up}
        await act[command.do](line)


async def play(turret: SimulatedTurret, commands: Iterable[Command]) -> None:
    """Performs commands at their times."""
    loop = asyncio.get_running_loop()
    started = loop.time()
    for command in commands:
        await asyncio.sleep(max(0.0, started + command.at / turret.speed - loop.time()))
        await perform(turret, command)
