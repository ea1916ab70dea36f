"""The lines of a dealer board and what may happen to them. Pure: no Qt, no I/O, the time is passed in.

Each line is its own instrument: two calls may be connected at once, as with two handsets and a speaker.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from typing import Final, Literal

LineState = Literal["idle", "dialling", "ringing", "connected", "held", "ended"]
Direction = Literal["inbound", "outbound"]

LINE_NAMES: Final = ("L1", "L2", "L3", "L4")
COMPUTER: Final = "PC"
"""The line of a call through this computer: there while there is such a call."""
FREE: Final[frozenset[str]] = frozenset({"idle", "ended"})
ACTIVE: Final[frozenset[str]] = frozenset({"connected", "held"})


class TurretError(Exception):
    """A command that the lines do not allow; the message is a sentence for the trader."""


class UnknownLine(TurretError):
    def __init__(self, line: str) -> None:
        super().__init__(f"There is no line {line} on this turret.")


class NoFreeLine(TurretError):
    def __init__(self) -> None:
        super().__init__("Every line is in use; end or finish a call first.")


class NotPossible(TurretError):
    def __init__(self, line: str, state: str, action: str) -> None:
        super().__init__(f"Line {line} is {state}: it is not possible to {action} it now.")
        self.line, self.state, self.action = line, state, action


class NoNumber(TurretError):
    def __init__(self) -> None:
        super().__init__("Give a number to dial.")


@dataclass(frozen=True, slots=True)
class Line:
    """One line. ``since`` is when the present state began, ``call`` identifies the call on it."""

    line: str
    state: LineState = "idle"
    number: str | None = None
    direction: Direction | None = None
    since: dt.datetime | None = None
    call: str | None = None
    connected_at: dt.datetime | None = None
    name: str | None = None  # who the desk says it is


def _idle_lines() -> tuple[Line, ...]:
    return tuple(Line(name) for name in LINE_NAMES)


@dataclass(frozen=True, slots=True)
class Board:
    """All lines; every transition gives a new board or raises a ``TurretError`` and changes nothing."""

    lines: tuple[Line, ...] = field(default_factory=_idle_lines)

    def line(self, name: str) -> Line:
        for line in self.lines:
            if line.line == name:
                return line
        raise UnknownLine(name)

    def with_call(self, call: str) -> Line | None:
        return next((line for line in self.lines if line.call == call), None)

    def free_line(self) -> Line:
        """An idle line, else the one whose call ended first."""
        lines = [line for line in self.lines if line.line != COMPUTER]
        idle = [line for line in lines if line.state == "idle"]
        ended = sorted((line for line in lines if line.state == "ended"), key=_since)
        if not idle and not ended:
            raise NoFreeLine
        return (idle or ended)[0]

    def ring(self, number: str, call: str, at: dt.datetime, line: str | None = None) -> Board:
        """A call comes in."""
        return self._begin("ring", "ringing", "inbound", number, call, at, line)

    def dial(self, number: str, call: str, at: dt.datetime, line: str | None = None) -> Board:
        """The trader calls a number."""
        if not number.strip():
            raise NoNumber
        return self._begin("dial", "dialling", "outbound", number.strip(), call, at, line)

    def listen(self, number: str, call: str, at: dt.datetime) -> Board:
        """A call that is made with this computer, without the telephone system: it is connected as it begins."""
        others = tuple(line for line in self.lines if line.line != COMPUTER)
        if len(others) < len(self.lines):
            self._require(COMPUTER, FREE, "take another call on")
        return Board((*others, Line(COMPUTER, "connected", number.strip() or None, "outbound", at, call, at)))

    def answer(self, line: str, at: dt.datetime) -> Board:
        """The called side picks up: the trader on a ringing line, the customer on a dialling one."""
        self._require(line, {"ringing", "dialling"}, "answer")
        return self._move(line, "connected", at, connected_at=at)

    def hold(self, line: str, at: dt.datetime) -> Board:
        self._require(line, {"connected"}, "hold")
        return self._move(line, "held", at)

    def resume(self, line: str, at: dt.datetime) -> Board:
        self._require(line, {"held"}, "resume")
        return self._move(line, "connected", at)

    def hang_up(self, line: str, at: dt.datetime) -> Board:
        """Either side ends the call, or the caller gives up."""
        self._require(line, {"ringing", "dialling", "connected", "held"}, "hang up")
        return self._move(line, "ended", at)

    def clear(self, line: str) -> Board:
        """Forgets an ended call."""
        self._require(line, {"ended"}, "clear")
        if line == COMPUTER:
            return Board(tuple(each for each in self.lines if each.line != line))
        return self._replace(Line(line))

    def named(self, call: str, name: str | None) -> Board:
        """Shows who is on the line, if the call is still there."""
        found = self.with_call(call)
        return self if found is None else self._replace(replace(found, name=name))

    def _begin(
        self,
        action: str,
        state: LineState,
        direction: Direction,
        number: str,
        call: str,
        at: dt.datetime,
        name: str | None,
    ) -> Board:
        line = self.free_line() if name is None else self.line(name)
        self._require(line.line, FREE, action)
        return self._replace(Line(line.line, state, number, direction, at, call))

    def _require(self, name: str, states: frozenset[str] | set[str], action: str) -> None:
        line = self.line(name)
        if line.state not in states:
            raise NotPossible(name, line.state, action)

    def _move(self, name: str, state: LineState, at: dt.datetime, *, connected_at: dt.datetime | None = None) -> Board:
        line = self.line(name)
        return self._replace(replace(line, state=state, since=at, connected_at=connected_at or line.connected_at))

    def _replace(self, changed: Line) -> Board:
        return Board(tuple(changed if line.line == changed.line else line for line in self.lines))


def _since(line: Line) -> dt.datetime:
    return line.since or dt.datetime.min.replace(tzinfo=dt.UTC)
