"""Notes spoken into a report: the trader's voice to the speech process and back as text. Nothing is recorded.

The sound stays in memory until the notes are written, so that a speech process that dies costs no word, and goes then.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from app.services import State
from nlp.language.model import Header, Reference, Turn
from nlp.speech import messages
from nlp.speech.client import LanguageWorker

LONGEST = 900.0
"""Seconds of notes; beyond them the dictation ends by itself."""


@dataclass(frozen=True, slots=True)
class Dictated:
    """``text``: what is written down so far, that of the careful pass when ``phase`` is done. ``partial``: words that
    are still being spoken. ``trouble``: a sentence, or empty."""

    phase: Literal["listening", "finishing", "done"] = "listening"
    text: str = ""
    partial: str = ""
    trouble: str = ""


class Dictation:
    """One dictation, on the I/O loop. ``over`` is called when nothing more will come."""

    def __init__(
        self,
        worker: LanguageWorker,
        header: Header,
        reference: Reference,
        rate: int,
        over: Callable[[Dictation], object],
    ) -> None:
        self.id = header.id
        self.state = State(Dictated())
        self._worker, self._header, self._reference, self._rate = worker, header, reference, rate
        self._over = over
        self._sound = bytearray()
        self._said: list[tuple[float, str]] = []

    async def start(self) -> None:
        await self._worker.open(self.id, self._header, self._reference, self._rate)

    async def hear(self, pcm: bytes) -> None:
        """16-bit samples of one channel, in order."""
        if self.state.value.phase != "listening" or not pcm:
            return
        at = len(self._sound) / 2 / self._rate
        self._sound += pcm
        await self._worker.audio(self.id, "trader", pcm, at)
        await self._worker.audio(self.id, "client", bytes(len(pcm)), at)
        if at > LONGEST:
            await self.stop()

    async def stop(self) -> None:
        """Nothing more is said: the careful pass follows, and then ``done``."""
        if self.state.value.phase == "listening":
            self._update(phase="finishing", partial="")
            await self._worker.finish(self.id)

    async def cancel(self) -> None:
        """Without an answer; what is written down stays."""
        if self.state.value.phase != "done":
            await self._worker.forget(self.id)
            self._end("")

    def sound(self, from_seconds: float) -> bytes:
        """For a speech process that begins anew: two channels, the second silent."""
        mono = bytes(self._sound[round(from_seconds * self._rate) * 2 :])
        both = bytearray(2 * len(mono))
        both[0::4], both[1::4] = mono[0::2], mono[1::2]
        return bytes(both)

    def take(self, event: messages.Event) -> None:
        if isinstance(event, messages.Segment):
            self._said.append((event.start, event.text))
            self._update(text=self._text(), partial="")
        elif isinstance(event, messages.Partial) and event.who == "trader":
            self._update(partial=event.text)
        elif isinstance(event, messages.Facts):
            self._repair(event.analysis.turns)
        elif isinstance(event, messages.Finished):
            self._said = []
            self._repair(event.analysis.turns or event.turns)
            self._end("")
        elif isinstance(event, messages.Failed):
            self._end(event.reason)

    def _repair(self, turns: tuple[Turn, ...]) -> None:
        """The words as the language room reads them, names and instruments put right."""
        said = [(turn.start, turn.text) for turn in turns]
        self._said = said + [each for each in self._said if not said or each[0] > said[-1][0]]
        self._update(text=self._text())

    def _text(self) -> str:
        return " ".join(text for _, text in sorted(self._said))

    def _end(self, trouble: str) -> None:
        self._sound.clear()
        self._update(phase="done", partial="", trouble=trouble)
        self._over(self)

    def _update(self, **fields: object) -> None:
        after = replace(self.state.value, **fields)  # type: ignore[arg-type]
        if after != self.state.value:
            self.state.set(after)
