"""How much a stranger may ask for: bytes of a body, and how often."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

from starlette.requests import Request

_REMEMBERED = 10_000


class TooLarge(Exception):
    """The body is larger than it may be."""


async def body_of(request: Request, most: int) -> bytes:
    """Raises TooLarge, before more than ``most`` bytes are held."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise TooLarge
    return bytes(body)


class Allowance:
    """``burst`` at once, and then ``rate`` a second."""

    def __init__(self, rate: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._burst, self._clock = rate, float(burst), clock
        self._left, self._at = float(burst), clock()

    def take(self) -> bool:
        now = self._clock()
        self._left = min(self._burst, self._left + (now - self._at) * self._rate)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


class Allowances:
    """One each for whoever asks; of those who asked long ago nothing is kept."""

    def __init__(self, rate: float, burst: int) -> None:
        self._rate, self._burst = rate, burst
        self._of: OrderedDict[str, Allowance] = OrderedDict()

    def take(self, who: str) -> bool:
        allowance = self._of.setdefault(who, Allowance(self._rate, self._burst))
        self._of.move_to_end(who)
        if len(self._of) > _REMEMBERED:
            self._of.popitem(last=False)
        return allowance.take()
