"""The order in which one recogniser serves several conversations."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator

from nlp.speech.live import Utterance

Clock = Callable[[], float]
AT_ONCE = float("-inf")


class Work:
    """Jobs for one thread: ended utterances first, in order; what a phrase that was just heard means; the newest look
    at a running one, first at a pause, then at who has just begun; steps of hang-up passes and analyses take turns with
    each other, conversation by conversation.

    No conversation can starve another: passes yield after every window, analyses of the same conversation coalesce
    and keep a distance of ``pace`` times their own duration, but for what a phrase that ended asks for.
    """

    def __init__(self, clock: Clock = time.monotonic, least_distance: float = 0.7, pace: float = 3.0) -> None:
        self._clock, self._least, self._pace = clock, least_distance, pace
        self._ready = threading.Condition()
        self._ended: deque[Utterance] = deque()
        self._looks: dict[tuple[str, str], Utterance] = {}
        self._passes: OrderedDict[str, Iterator[None]] = OrderedDict()
        self._analyses: OrderedDict[str, float] = OrderedDict()  # conversation -> not before
        self._distance: dict[str, float] = {}
        self._analysed: dict[str, float] = {}
        self._pass_next = True

    def utterance(self, utterance: Utterance) -> None:
        with self._ready:
            side = (utterance.call, utterance.who)
            if utterance.ended:
                self._looks.pop(side, None)
                self._ended.append(utterance)
            else:
                older = self._looks.get(side)  # of no use any more; what is still not shown waits as long
                utterance.early |= older is not None and older.early
                self._looks[side] = utterance
            self._ready.notify()

    def again(self, utterance: Utterance) -> None:
        """Whisper was unsure of this one: it is looked at as a whole, which takes its time. Whoever has just begun is
        looked at before it; of a side that has gone on since it is not worth it any more."""
        with self._ready:
            utterance.whole = True
            if utterance.ended:
                self._ended.appendleft(utterance)
            else:
                self._looks.setdefault((utterance.call, utterance.who), utterance)
            self._ready.notify()

    def analysis(self, conversation: str, *, at_once: bool = False) -> None:
        """``at_once``: a phrase has ended, and somebody waits for what it means; no distance is kept."""
        with self._ready:
            last = self._analysed.get(conversation)
            due = 0.0 if last is None else last + self._distance.get(conversation, 0.0)
            due = AT_ONCE if at_once else due
            self._analyses[conversation] = min(due, self._analyses.get(conversation, due))
            self._ready.notify()

    def hang_up(self, conversation: str, steps: Iterator[None]) -> None:
        with self._ready:
            self._passes[conversation] = steps
            self._ready.notify()

    def forget(self, conversation: str) -> None:
        with self._ready:
            self._ended = deque(one for one in self._ended if one.call != conversation)
            for side in [side for side in self._looks if side[0] == conversation]:
                del self._looks[side]
            self._passes.pop(conversation, None)
            for table in (self._analyses, self._distance, self._analysed):
                table.pop(conversation, None)

    def analysed(self, conversation: str, seconds: float) -> None:
        """Notes how long an analysis took: the next one of this conversation keeps its distance."""
        with self._ready:
            self._analysed[conversation] = self._clock()
            self._distance[conversation] = max(self._least, self._pace * seconds)

    def waiting(self, conversation: str) -> list[Utterance]:
        with self._ready:
            return [one for one in self._ended if one.call == conversation]

    def next(self, timeout: float | None = None) -> Utterance | Iterator[None] | str | None:
        """An utterance, one pass to advance by a step, or the conversation to analyse. None after ``timeout``."""
        until = None if timeout is None else self._clock() + timeout
        with self._ready:
            while True:
                job, wait = self._choose()
                if job is not None:
                    return job
                left = None if until is None else until - self._clock()
                if left is not None and left <= 0:
                    return None
                waits = [seconds for seconds in (wait, left) if seconds is not None]
                self._ready.wait(min(waits) if waits else None)

    def _choose(self) -> tuple[Utterance | Iterator[None] | str | None, float | None]:
        look = min(self._looks, key=lambda side: self._looks[side].rank, default=None)
        if self._ended and (look is None or self._ended[0].rank <= self._looks[look].rank):
            return self._ended.popleft(), None
        awaited = next((name for name, at in self._analyses.items() if at == AT_ONCE), None)
        if awaited is not None:
            del self._analyses[awaited]
            return awaited, None
        if look is not None:
            return self._looks.pop(look), None
        now = self._clock()
        due = next((name for name, at in self._analyses.items() if at <= now), None)
        if self._passes and (self._pass_next or due is None):
            self._pass_next = False
            name, steps = self._passes.popitem(last=False)
            self._passes[name] = steps
            return steps, None
        if due is not None:
            self._pass_next = True
            del self._analyses[due]
            return due, None
        return None, min((at - now for at in self._analyses.values()), default=None)

    def passed(self, conversation: str) -> None:
        """The hang-up pass of this conversation is complete."""
        with self._ready:
            self._passes.pop(conversation, None)
