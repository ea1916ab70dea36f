"""Chance and time for the demo desk: one seeded source, working days and hours, ids."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any, TypeVar

T = TypeVar("T")
HISTORY_DAYS = 730


def demo_id(at: dt.datetime, chance: random.Random) -> str:
    """A UUIDv7 of that time with its random bits from ``chance``."""
    milliseconds = int(at.timestamp() * 1000)
    number = milliseconds << 80 | 7 << 76 | chance.getrandbits(12) << 64 | 2 << 62 | chance.getrandbits(62)
    text = f"{number:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


@cache
def material(name: str) -> dict[str, Any]:
    """A data file of the demo desk."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    loaded: dict[str, Any] = yaml.load((resources.files("resources.demo") / name).read_bytes(), Loader=loader)
    return loaded


class Draw:
    def __init__(self, seed: int, today: dt.date) -> None:
        self.chance = random.Random(f"{seed} {today.isoformat()}")
        self.today = today
        # The fixed holidays of the calendars most customers keep; enough for history to look lived in.
        days = (today - dt.timedelta(days=back) for back in range(HISTORY_DAYS, 0, -1))
        self.workdays = [day for day in days if is_workday(day)]
        self.first_moment = dt.datetime.combine(self.workdays[0], dt.time(7), dt.UTC)

    def id(self, at: dt.datetime) -> str:
        return demo_id(at, self.chance)

    def pick(self, choices: Sequence[T]) -> T:
        return choices[int(self.chance.random() * len(choices))]

    def weighted(self, weights: Mapping[T, float]) -> T:
        return self.chance.choices(list(weights), list(weights.values()))[0]

    def likely(self, share: float) -> bool:
        return self.chance.random() < share

    def moment(self, day: dt.date, opens: float = 7.0) -> dt.datetime:
        """Within the working day of a desk that opens at ``opens`` (UTC hours): busiest mid-morning and after lunch."""
        peak = 2.5 if self.likely(0.55) else 7.0
        hour = opens + min(9.9, max(0.1, self.chance.gauss(peak, 1.4)))
        seconds = int(hour * 3600) + self.chance.randrange(60)
        return dt.datetime.combine(day, dt.time(), dt.UTC) + dt.timedelta(seconds=seconds)


def is_workday(day: dt.date) -> bool:
    return day.weekday() < 5 and (day.month, day.day) not in {(1, 1), (12, 25), (12, 26), (5, 1)}


def workdays_after(day: dt.date, count: int) -> dt.date:
    while count > 0 or not is_workday(day):
        day += dt.timedelta(days=1)
        count -= is_workday(day)
    return day
