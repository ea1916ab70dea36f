"""Desks and a server through days of trouble. ``python -m tests.simulation SEED`` plays one of them again."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.simulation.scenario import play

SEEDS = 300
_PART = 25


@pytest.fixture(scope="module")
def tally() -> Counter[str]:
    return Counter()


@pytest.mark.parametrize("first", range(0, SEEDS, _PART))
def test_whatever_happens_nothing_is_lost_doubled_leaked_or_overdrawn(first: int, tally: Counter[str]) -> None:
    for seed in range(first, first + _PART):
        tally += play(seed).tally


def test_the_days_of_trouble_had_all_the_trouble_there_is(tally: Counter[str]) -> None:
    """Runs after the seeds above: what never happened in them was not tested by them."""
    if not tally:
        pytest.skip("the seeds were not played")
    wanted = (
        "desk died", "server died", "disk full", "cut", "twice", "unplugged", "clock set", "restored", "entitled",
        "conflict", "conflict resolved", "refused", "sent again", "withdrawn", "moved", "deleted", "brought back",
        "reserve", "used reserve", "deal", "deal offline", "cancelled", "erased", "snapshot resumed", "older desk",
        "upgraded", "given back", "by posts", "person erased", "wiped", "updated",
    )  # fmt: skip
    assert not [what for what in wanted if tally[what] < 5], tally


@pytest.mark.soak
@pytest.mark.timeout(7200)
def test_ten_thousand_days_of_trouble() -> None:
    broken = []
    for seed in range(10_000):
        try:
            play(seed)
        except Exception as error:
            broken.append(seed)
            print(f"seed {seed}: {error}")
    assert not broken
