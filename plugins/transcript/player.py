"""The player of a call's recording: what sounds now, and what play, pause, jump and speed mean. Qt."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from PySide6.QtCore import QObject, Signal

from app.conversation.playback import Playback
from app.shell import sound_thread, speaker
from app.shell.speaker import Output
from app.shell.ui import Ui

SPEEDS = (0.75, 1.0, 1.25, 1.5, 1.75, 2.0)
AHEAD = 3.0
"""Seconds of sound that are made before they are needed."""

Open = Callable[[str, float, float], Coroutine[Any, Any, Playback]]
"""(interaction, from second, speed)"""


class Player(QObject):
    """One call at a time. ``moved`` carries the second of the call that sounds; ``changed`` any other news."""

    moved = Signal(float)
    changed = Signal()

    def __init__(self, ui: Ui, open_run: Open, find_output: Callable[[], Output], parent: QObject) -> None:
        super().__init__(parent)
        self.interaction_id = ""
        self.playing = False
        self.speed = 1.0
        self.at = 0.0
        self.seconds = 0.0
        """Length of the recording; 0 until it was opened."""
        self.trouble = ""
        self._ui, self._open, self._find_output = ui, open_run, find_output
        self._output: Output | None = None
        self._run: Playback | None = None
        self._origin = self._until = 0.0
        self._fed = 0.0
        self._fetching = False
        self._turn = 0  # grows with each beginning: answers to an earlier one are late

    @property
    def silent(self) -> str:
        """A sentence where nobody hears anything, as far as that is known."""
        return self._output.silent if self._output is not None else ""

    def load(self, interaction_id: str) -> None:
        """Another call is in the panel: what plays stops."""
        if interaction_id != self.interaction_id:
            self.pause()
            self.interaction_id = interaction_id
            self.at = self.seconds = 0.0
            self.trouble = ""
            self.changed.emit()

    def play(self, at: float | None = None, until: float | None = None) -> None:
        """From a second of the call on, or where it was paused; ``until``: pauses there."""
        if not self.interaction_id:
            return
        ended = bool(self.seconds) and self.at >= self.seconds - 0.05
        self.at = max(0.0, at if at is not None else 0.0 if ended else self.at)
        self._until = until if until is not None else 0.0
        self._turn += 1
        self.playing, self.trouble, self._run, self._fetching = True, "", None, False
        if self._output is not None:
            self._output.stop()
        turn = self._turn
        self._ui.run(
            self._begin(self.interaction_id, self.at, self.speed),
            then=lambda run: self._begun(turn, run),
            failed=lambda error: self._failed(turn, str(error)),
            owner=self,
        )
        self.changed.emit()

    def pause(self) -> None:
        if self.playing:
            self._turn += 1
            self.playing, self._run = False, None
            if self._output is not None:
                self._output.stop()
            self.changed.emit()

    def toggle(self) -> None:
        if self.playing:
            self.pause()
        else:
            self.play()

    def jump(self, at: float) -> None:
        """To a second of the call; goes on playing if it plays."""
        self.at = max(0.0, min(at, self.seconds or at))
        if self.playing:
            self.play(self.at)
        self.moved.emit(self.at)

    def set_speed(self, speed: float) -> None:
        self.speed = speed
        if self.playing:
            self.play(self.at, self._until or None)
        self.changed.emit()

    def faster(self, by: int) -> None:
        """The next speed up (1) or down (-1)."""
        place = SPEEDS.index(self.speed) + by
        if 0 <= place < len(SPEEDS):
            self.set_speed(SPEEDS[place])

    def close(self) -> None:
        self.pause()
        if self._output is not None:
            self._output.close()

    # -- inside

    async def _begin(self, interaction_id: str, at: float, speed: float) -> Playback:
        """On the I/O thread: nothing here may wait in the window's."""
        if self._output is None:
            await asyncio.to_thread(sound_thread.load)
        return await self._open(interaction_id, at, speed)

    def _begun(self, turn: int, run: Playback) -> None:
        if turn != self._turn:
            return
        if self._output is None:
            self._output = self._find_output()
            self._output.setParent(self)
            self._output.played.connect(self._sounded)
            self._output.ended.connect(self._ended)
            self._output.failed.connect(lambda sentence: self._failed(self._turn, sentence))
        self._run, self.seconds, self._origin, self._fed = run, run.seconds, run.start, 0.0
        self._output.begin()
        self._fetch()
        self.changed.emit()

    def _fetch(self) -> None:
        if self._run is not None and not self._fetching:
            self._fetching = True
            turn = self._turn
            self._ui.run(
                self._run.next(),
                then=partial(self._fetched, turn),
                failed=lambda error: self._failed(turn, str(error)),
                owner=self,
            )

    def _fetched(self, turn: int, pcm: bytes) -> None:
        if turn != self._turn or self._output is None:
            return
        self._fetching = False
        if not pcm:
            self._run = None
            self._output.finish()
            return
        self._output.feed(pcm)
        self._fed += len(pcm) / speaker.SAMPLE_BYTES / speaker.RATE
        self._sounded((self.at - self._origin) / self.speed)

    def _sounded(self, seconds: float) -> None:
        if not self.playing:
            return
        self.at = min(self._origin + seconds * self.speed, self.seconds)
        if self._until and self.at >= self._until:
            self.pause()
        elif self._fed - seconds < AHEAD:
            self._fetch()
        self.moved.emit(self.at)

    def _ended(self) -> None:
        self.at = self.seconds
        self.pause()
        self.moved.emit(self.at)

    def _failed(self, turn: int, sentence: str) -> None:
        if turn == self._turn:
            self.pause()
            self.trouble = sentence
            self.changed.emit()
