"""Seeded random walks that look like quoted prices. Pure: the simulator's clock drives them."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

from app.market.feed import FeedInstrument

_SECONDS_A_YEAR = 252 * 9 * 3600.0
_PULL = 1 / 1800  # back to the start price, per second: a demo left running all day stays believable

_TOLERANCE = 0.1


@dataclass(frozen=True, slots=True)
class _Manner:
    """How a kind of instrument is quoted: yearly volatility and half spread as shares of the price, usual size."""

    volatility: float
    half_spread: float
    size: int


_MANNERS = {
    "fx": _Manner(0.08, 0.00004, 5_000_000),
    "bond": _Manner(0.06, 0.0004, 1_000_000),
    "equity": _Manner(0.28, 0.0004, 10_000),
    "future": _Manner(0.09, 0.00005, 100),
    "irs": _Manner(0.25, 0.0008, 10_000_000),
    "commodity": _Manner(0.25, 0.0002, 1_000),
}
_USUAL = _Manner(0.15, 0.0004, 1_000_000)
_SIZES = (1, 1, 1, 2, 2, 5)


class Walk:
    """One instrument's price. Prices come out in steps of the last decimal, bid below ask by at least one step."""

    def __init__(self, instrument: FeedInstrument, seed: str) -> None:
        self._random = random.Random(f"{seed}/{instrument.id}")
        manner = _MANNERS.get(instrument.kind, _USUAL)
        self._steps_a_unit = 10**instrument.decimals
        self._start = float(instrument.start)
        self._mid = self._start
        scale = max(abs(self._start), 1 / self._steps_a_unit)
        if instrument.price_type == "spread_bp":
            self._sigma, self._half = 0.4 * scale / math.sqrt(_SECONDS_A_YEAR), max(0.5, 0.01 * scale)
        else:
            self._sigma, self._half = manner.volatility * scale / math.sqrt(_SECONDS_A_YEAR), manner.half_spread * scale
        self._half *= self._random.uniform(0.7, 1.6)
        self._size = manner.size * self._random.choice(_SIZES)
        self._wide = 1.0
        self._quoted_mid = self._mid

    def step(self, seconds: float) -> tuple[int, int, int]:
        """Moves on by ``seconds`` and gives (bid, ask, size)."""
        noise = self._random.gauss(0.0, 1.0) * self._sigma * math.sqrt(seconds)
        self._mid += noise + (self._start - self._mid) * min(1.0, _PULL * seconds)
        # A dealer requotes when the market has moved away from the quote, and widens it now and then for a while.
        if self._random.random() < 0.01:
            self._wide = self._random.choice((1.0, 1.0, 1.3, 1.6))
            self._quoted_mid = self._mid
        if abs(self._mid - self._quoted_mid) > _TOLERANCE * self._half:
            self._quoted_mid = self._mid
        half = self._half * self._wide
        bid = math.floor((self._quoted_mid - half) * self._steps_a_unit + 0.5)
        ask = math.floor((self._quoted_mid + half) * self._steps_a_unit + 0.5)
        return bid, max(ask, bid + 1), self._size
