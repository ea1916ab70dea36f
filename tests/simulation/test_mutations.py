"""The net has no holes: each of these small mistakes in the code is noticed by the simulation."""

from __future__ import annotations

import inspect
import sys
import textwrap
from dataclasses import dataclass
from types import FunctionType, ModuleType

import pytest

from app.server import sync as server
from app.sync import authority, chain, credit, hearing, merge, session
from app.sync import replica as replica_room
from tests.simulation.scenario import play
from tests.simulation.world import Broken

SEEDS = 300


@dataclass(frozen=True)
class Slip:
    """A line of a function, and what it might have been by mistake."""

    module: ModuleType
    function: str  # a method with its class
    right: str
    wrong: str


MISTAKES = {
    "the earlier clock wins": [
        Slip(merge, "_update", "elif edit.stamp > held_stamp:", "elif edit.stamp < held_stamp:")
    ],
    "losers go without a word": [Slip(hearing, "Court.hear", "loser in case.losers:", "loser in []:")],
    "a settled entry takes later ones with it": [
        Slip(replica_room, "plan", "if each.site_seq > item.site_seq]", "if each.site_seq < 0]")
    ],
    "the cursor is stored before what it stands for": [
        Slip(
            session,
            "DeskSession._page",
            "self._commit(plan, position)",
            "self._store.commit(replica.Plan({}, [], [], at.settled), position); self._commit(plan, position)",
        )
    ],
    "a push that is repeated counts again": [
        Slip(chain, "fresh", "if entry.site_seq > end.received", "if entry"),
        Slip(chain, "check_chain", "for entry in entries:", "for entry in ():"),
    ],
    "a counter is set, not counted": [
        Slip(merge, "_update", "_counted(table, name, held, before.get(name), value)", "value")
    ],
    "two desks cancel one deal": [
        Slip(merge, "_update", 'elif kind == "command":', 'elif kind == "command" and held != value:')
    ],
    "credit that is held is not used up": [Slip(credit, "settle", "if taken > 0:", "if taken < 0:")],
    "credit that others hold is given away": [Slip(credit, "free", " - outstanding(sites)", "")],
    "everybody sees everything": [Slip(authority, "visible", "if placed.scope in holds:", "if True:")],
    "what hangs on a customer stays behind": [Slip(hearing, "_Case.settle", "self._move_below(key)", "pass")],
    "what came before a restore is not asked for again": [
        Slip(session, "DeskSession._begin", "min(at.cursor, welcome.base)", "welcome.head")
    ],
    "a restored server gives away what it has forgotten": [Slip(credit, "settle", "if closed and (", "if False and (")],
    "who is erased and not there yet is forgotten": [
        Slip(authority, "erase", "for key in sorted(keys)", "for key in sorted(keys & ground.states.keys())")
    ],
    "what came before its record is not made again": [
        Slip(session, "DeskSession._make_again", "if at.accepted and", "if False and")
    ],
    "what a restored server lacks stays on the desk": [
        Slip(session, "DeskSession._forget_the_unseen", "self._store.keys_unseen()", "[]")
    ],
    "what comes back is taken for what was written": [
        Slip(replica_room, "_as_written", "item.fields == entry.after", "True")
    ],
    "a refusal is not told": [Slip(replica_room, "plan", "list(refused.values())", "[]")],
    "who asks under old terms is answered": [Slip(server, "Connection.handle", "if self._alone and", "if False and")],
    "a device that was revoked keeps what it has": [Slip(session, "DeskSession._purge", "self._store.wipe()", "pass")],
    "what is written late of an erased person is kept": [Slip(hearing, "Court.hear", "case.erase(entries)", "pass")],
    "what is refused of an erased person is kept": [
        Slip(hearing, "Court.refuse", "if self._is_about_erased(entry, state):", "if False:")
    ],
    "what hangs on an erased person later is kept": [
        Slip(hearing, "_Case._is_of_erased", "erasure.is_of_erased(key[0], state.fields, self._standing)", "False")
    ],
    "what is taken away stays in the log": [
        Slip(replica_room, "plan", "frozenset(gone | erased), frozenset(unseen)", "frozenset(), frozenset()")
    ],
}

# Seeds that are known to notice the rare ones: tried first, so as not to play hundreds.
_NOTICED = {
    "a restored server gives away what it has forgotten": (65,),
    "what came before a restore is not asked for again": (306, 372),
    "what hangs on an erased person later is kept": (42,),
    "who asks under old terms is answered": (28,),
    "who is erased and not there yet is forgotten": (5858,),
    "what comes back is taken for what was written": (345, 348),
    "two desks cancel one deal": (72, 93),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_small_mistake_is_noticed(mistake: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for slip in MISTAKES[mistake]:
        _make(slip, monkeypatch)
    for seed in (*_NOTICED.get(mistake, ()), *range(SEEDS)):
        try:
            play(seed)
        except Broken as noticed:
            print(f"seed {seed}: {noticed}")
            return
    pytest.fail(f"{SEEDS} seeds did not notice it")


def _make(slip: Slip, monkeypatch: pytest.MonkeyPatch) -> None:
    """Puts the mistaken function wherever the right one is used."""
    owner, _, name = slip.function.rpartition(".")
    home = getattr(slip.module, owner) if owner else slip.module
    right: FunctionType = getattr(home, name)
    source = textwrap.dedent(inspect.getsource(right))
    assert source.count(slip.right) == 1, f"{slip.function} no longer has {slip.right!r}"
    made: dict[str, FunctionType] = {}
    exec(
        compile(f"from __future__ import annotations\n{source.replace(slip.right, slip.wrong)}", slip.function, "exec"),
        right.__globals__,
        made,
    )
    for holder in [home, *(module for key, module in sys.modules.items() if key.startswith("app."))]:
        if getattr(holder, name, None) is right:
            monkeypatch.setattr(holder, name, made[name])
