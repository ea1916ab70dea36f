from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.records.hlc import ZERO, HybridClock, pack, unpack, wall_time

START = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)


class Wall:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> dt.datetime:
        return self.now


def test_a_reading_shows_the_wall_time() -> None:
    assert wall_time(HybridClock(lambda: START).tick()) == START


def test_readings_increase_while_the_wall_clock_stands_still() -> None:
    clock = HybridClock(lambda: START)
    readings = [clock.tick() for _ in range(1000)]
    assert readings == sorted(set(readings))


def test_readings_increase_when_the_wall_clock_goes_back() -> None:
    wall = Wall()
    clock = HybridClock(wall)
    before = clock.tick()
    wall.now -= dt.timedelta(hours=1)
    assert clock.tick() > before


def test_readings_increase_across_a_restart_with_an_earlier_wall_clock() -> None:
    last = HybridClock(lambda: START).tick()
    assert HybridClock(lambda: START - dt.timedelta(days=1), last).tick() > last


def test_a_full_counter_carries_into_the_milliseconds() -> None:
    milliseconds, _ = unpack(HybridClock(lambda: START).tick())
    clock = HybridClock(lambda: START, pack(milliseconds, 0xFFFF))
    assert clock.tick() == pack(milliseconds + 1, 0)


def test_a_witnessed_reading_is_followed_by_a_later_one() -> None:
    ahead = HybridClock(lambda: START + dt.timedelta(minutes=2)).tick()
    clock = HybridClock(lambda: START)
    assert clock.witness(ahead) > ahead
    assert clock.tick() > ahead


@given(st.lists(st.integers(-5000, 5000), min_size=1, max_size=60))
def test_readings_increase_whatever_the_wall_clock_does(steps: list[int]) -> None:
    wall = Wall()
    clock, last = HybridClock(wall), ZERO
    for step in steps:
        wall.now += dt.timedelta(milliseconds=step)
        reading = clock.tick()
        assert reading > last
        last = reading


@pytest.mark.parametrize("text", ["", "0-0", "zzzzzzzzzzzz-0000", "000000000000x0000"])
def test_what_is_not_a_reading_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"hybrid|invalid literal"):
        unpack(text)
