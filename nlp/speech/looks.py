"""What was heard of each side at the last look at it, so that none is gone through twice."""

from __future__ import annotations

import time

from nlp.audio.channels import CHANNELS, Channel
from nlp.speech.live import Utterance
from nlp.speech.recognition import Heard, Recogniser

TOO_SLOW = 0.7
"""Seconds for an utterance from which on a busy machine spares itself the looks at those who still speak."""
NOTHING = Heard((), sure=True)


class Looks:
    """Looks at utterances, each no wider than it has to be. One thread uses it."""

    def __init__(self, recogniser: Recogniser) -> None:
        self._recogniser = recogniser
        self._last: dict[tuple[str, Channel], tuple[int, float, Heard]] = {}  # key of the stretch, its end, its words
        self._takes = 0.0  # seconds that a look has taken lately

    @property
    def too_slow(self) -> bool:
        """Whether there is no time to look at those who still speak."""
        return self._takes >= TOO_SLOW

    def at(self, utterance: Utterance) -> Heard:
        """The words of an utterance: those of the last look if there is no more of it than then. Of one that is to be
        looked at whole, those that whisper is sure of, or has no more sound for."""
        if utterance.echo:
            return NOTHING
        side = (utterance.call, utterance.who)
        key, end, heard = self._last.get(side, (-1, -1.0, NOTHING))
        seen = key == utterance.key and abs(end - utterance.end) < 0.001
        if not seen or (utterance.whole and not heard.sure):
            began = time.monotonic()
            timed = utterance.ended or utterance.paused
            heard = self._recogniser.quick(utterance.sound, timed=timed, whole=utterance.whole)
            self._takes = 0.7 * self._takes + 0.3 * (time.monotonic() - began)
        self._last[side] = (utterance.key, utterance.end, heard)
        return heard

    def forget(self, call: str) -> None:
        for who in CHANNELS:
            self._last.pop((call, who), None)
