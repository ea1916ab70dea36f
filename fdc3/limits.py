"""What a connection from outside may ask of the agent: how much, how fast, how deeply nested.

A program's socket is held back: it is read no faster than its allowance, so whoever floods delays only itself. The
port of a web page cannot be held back (it shares a socket with the other pages of its browser); one that spends its
allowance is shut. Apps of this process are trusted and have no allowance. What an app may have at a time is limited
for all alike (``Quotas``).
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

RATE: Final = 5000.0
"""Messages a second that a connection may send for as long as it likes; more than any client awaiting answers can."""
BURST: Final = 10_000.0
"""Messages that it may send at once after having been quiet."""
PIECE: Final = 4096
"""Each further so many bytes of a message count as another message."""
TURN: Final = 8
"""Messages of one connection that are handled before the others have their turn."""
DEEPEST: Final = 64
"""Levels of JSON in a message; the standard's own messages have up to ten."""
GREETING: Final = 50
"""As so many messages counts a web page that introduces itself."""


@dataclass(frozen=True, slots=True)
class Quotas:
    """What one instance of an app may have of the broker at a time. One more is refused with an error of the standard,
    and nothing else of the app or of others changes."""

    listeners: int = 5000
    """Of each kind: for contexts, for the events of private channels, for its user channel; one more is
    ``AccessDenied``."""
    intents: int = 250
    """Listeners for intents; one more is ``IntentDeliveryFailed``. Whoever raises an intent, all of them are asked."""
    channels: int = 1000
    """App channels that it has got and private channels that it is a party of; one more is ``CreationFailed``."""
    opened: int = 64
    """Apps that were started at its word and have not ended; one more is ``ErrorOnLaunch``, for an intent
    ``IntentDeliveryFailed``."""
    raised: int = 100
    """Intents that have no handler yet, because the user is asked or an app starts: ``IntentDeliveryFailed``."""
    results: int = 1000
    """Results that it awaits of one other app. For one more, the oldest is given up: ``NoResultReturned``."""
    contexts: int = 10_000
    """Current contexts that channels keep of one app, all its instances together, and of all guests; the oldest of
    more are forgotten."""
    context_bytes: int = 64 * 1024 * 1024
    """The same in bytes."""
    deserted: int = 1000
    """App channels that no instance has got and that are kept for whoever asks by name; of all apps together. The
    oldest is forgotten."""


Place = tuple[str, str]
"""A channel's id and a type of contexts."""


class Charges:
    """Who is charged for the current contexts of channels. ``most`` of them and ``most_bytes`` each."""

    def __init__(self, most: int, most_bytes: int) -> None:
        self._most = most
        self._most_bytes = most_bytes
        self._of: dict[str, dict[Place, int]] = {}
        self._bytes: dict[str, int] = {}
        self._payers: dict[Place, str] = {}

    def charge(self, payer: str, place: Place, size: int) -> list[Place]:
        """Charges for a new context. Returns what of the payer's is too much with it, its oldest: they have to go, and
        are not charged any more. The new one never is."""
        self.release(place)
        self._payers[place] = payer
        kept = self._of.setdefault(payer, {})
        kept[place] = size
        self._bytes[payer] = self._bytes.get(payer, 0) + size
        gone = []
        while len(kept) > 1 and (len(kept) > self._most or self._bytes[payer] > self._most_bytes):
            gone.append(oldest := next(iter(kept)))
            self.release(oldest)
        return gone

    def release(self, place: Place) -> None:
        payer = self._payers.pop(place, None)
        if payer is not None:
            kept = self._of[payer]
            self._bytes[payer] -= kept.pop(place)
            if not kept:
                del self._of[payer], self._bytes[payer]

    def of(self, payer: str) -> dict[Place, int]:
        """What a payer is charged for, with its bytes; the oldest first."""
        return dict(self._of.get(payer, {}))


class Allowance:
    """A token bucket, full at first. ``clock`` is monotonic, in seconds."""

    def __init__(
        self, rate: float = RATE, burst: float = BURST, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate = rate
        self._burst = burst
        self._clock = clock
        self._left = burst
        self._at = clock()
        self._messages = 0

    def spend(self, size: int, messages: int = 1) -> float:
        """Charges messages of so many bytes. Returns for how many seconds the connection is in debt; mostly 0."""
        now = self._clock()
        self._left = min(self._burst, self._left + (now - self._at) * self._rate) - messages - size // PIECE
        self._at = now
        return max(0.0, -self._left / self._rate)

    async def turn(self, size: int) -> None:
        """Charges as ``spend``, for a reader that can wait, and waits: for what is owed, and for others' turns."""
        debt = self.spend(size)
        self._messages += 1
        if debt or self._messages >= TURN:
            self._messages = 0
            await asyncio.sleep(debt)


_NO_BRACKETS = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[^\[\]{}"]++', re.DOTALL)
_STEPS = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}


def check_depth(data: bytes | str, deepest: int = DEEPEST) -> None:
    """Raises ``RecursionError`` for JSON nested more deeply than ``deepest``. Cheap where there are few brackets."""
    data = data.encode(errors="replace") if isinstance(data, str) else data
    if data.count(b"{") + data.count(b"[") <= deepest:
        return
    brackets = _NO_BRACKETS.sub(b"", data)
    if max(accumulate(map(_STEPS.__getitem__, brackets)), default=0) > deepest:
        raise RecursionError(f"nested more than {deepest} levels deep")
