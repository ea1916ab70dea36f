"""The lines of the board: what may happen when, and what never happens."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from plugins.turret.model import LINE_NAMES, Board, NoFreeLine, NoNumber, NotPossible, UnknownLine

AT = dt.datetime(2026, 11, 21, 9, 0, tzinfo=dt.UTC)
ACTIONS = ("answer", "hold", "resume", "hang_up", "clear")
ALLOWED = {
    "idle": set(),
    "ringing": {"answer", "hang_up"},
    "dialling": {"answer", "hang_up"},
    "connected": {"hold", "hang_up"},
    "held": {"resume", "hang_up"},
    "ended": {"clear"},
}


def act(board: Board, action: str, line: str) -> Board:
    return board.clear(line) if action == "clear" else getattr(board, action)(line, AT)


def in_state(state: str) -> Board:
    board = Board()
    if state in ("idle",):
        return board
    board = board.dial("+442079460101", "c", AT) if state == "dialling" else board.ring("+442079460101", "c", AT)
    if state in ("connected", "held"):
        board = board.answer("L1", AT)
    if state == "held":
        board = board.hold("L1", AT)
    return board.hang_up("L1", AT) if state == "ended" else board


@pytest.mark.parametrize("state", sorted(ALLOWED))
@pytest.mark.parametrize("action", ACTIONS)
def test_a_line_does_only_what_its_state_allows(state: str, action: str) -> None:
    board = in_state(state)
    assert board.line("L1").state == state
    if action in ALLOWED[state]:
        assert act(board, action, "L1").line("L1").state != state
    else:
        with pytest.raises(NotPossible, match=f"Line L1 is {state}"):
            act(board, action, "L1")


def test_two_calls_are_connected_at_once() -> None:
    board = Board().ring("+442079460101", "a", AT).ring("+442079460102", "b", AT)
    board = board.answer("L1", AT).answer("L2", AT)
    assert [line.state for line in board.lines] == ["connected", "connected", "idle", "idle"]


def test_a_fifth_call_finds_no_free_line() -> None:
    board = Board()
    for call in "abcd":
        board = board.ring("+442079460101", call, AT)
    with pytest.raises(NoFreeLine):
        board.ring("+442079460101", "e", AT)


def test_a_call_takes_the_line_that_ended_first_when_none_is_idle() -> None:
    board = Board()
    for call in "abcd":
        board = board.ring("+442079460101", call, AT)
    board = board.hang_up("L3", AT).hang_up("L2", AT + dt.timedelta(seconds=5))
    assert board.ring("+442079460109", "e", AT).line("L3").call == "e"


def test_dialling_nothing_and_unknown_lines_are_refused() -> None:
    with pytest.raises(NoNumber):
        Board().dial("  ", "a", AT)
    with pytest.raises(UnknownLine, match="L9"):
        Board().line("L9")


def test_a_name_stays_with_its_call() -> None:
    board = Board().ring("+442079460101", "a", AT).named("a", "Ann").named("gone", "Bob").answer("L1", AT)
    assert board.line("L1").name == "Ann"
    assert board.hang_up("L1", AT).clear("L1").line("L1").name is None


class Lines(RuleBasedStateMachine):
    """Any order of events keeps the board whole."""

    calls = Bundle("calls")

    def __init__(self) -> None:
        super().__init__()
        self.board = Board()
        self.count = 0
        self.at = AT

    @rule(target=calls, inbound=st.booleans())
    def begin(self, inbound: bool) -> str:
        self.count += 1
        call = f"call {self.count}"
        self.at += dt.timedelta(seconds=1)
        start = self.board.ring if inbound else self.board.dial
        if all(line.state not in ("idle", "ended") for line in self.board.lines):
            with pytest.raises(NoFreeLine):
                start("+442079460101", call, self.at)
        else:
            self.board = start("+442079460101", call, self.at)
        return call

    @rule(call=calls, action=st.sampled_from(("answer", "hold", "resume")))
    def change(self, call: str, action: str) -> None:
        line = self.board.with_call(call)
        if line is not None and action in ALLOWED[line.state]:
            self.at += dt.timedelta(seconds=1)
            self.board = act(self.board, action, line.line)

    @rule(call=consumes(calls))
    def finish(self, call: str) -> None:
        line = self.board.with_call(call)
        if line is not None and line.state != "ended":
            self.board = self.board.hang_up(line.line, self.at)

    @invariant()
    def lines_are_whole(self) -> None:
        assert tuple(line.line for line in self.board.lines) == LINE_NAMES
        calls = [line.call for line in self.board.lines if line.call]
        assert len(calls) == len(set(calls))
        for line in self.board.lines:
            assert (line.state == "idle") == (line.call is None) == (line.since is None)
            assert line.state not in ("connected", "held") or line.connected_at is not None


TestLines = Lines.TestCase
TestLines.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
