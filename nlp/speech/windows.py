"""The stretches of a side in which somebody speaks, packed into windows of what the recogniser takes at once.

Whisper looks at thirty seconds whether they are full or not, and makes up words where nobody speaks: so silence is cut
out, and what was said around it is put together.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from nlp.audio.recording import SPEECH_RATE, Sound
from nlp.audio.voice import FRAME, Endpointer, Endpointing, VoiceActivity

RULES = Endpointing(breath=18.0, longest=25.0)
LONGEST = 25.0
BEFORE, AFTER = 0.4, 0.3
"""Seconds kept around speech: the detector hears the start of a word late."""
BLOCK = 3750 * FRAME
"""Two minutes: whoever waits for the recogniser waits no longer than the detector needs for these."""


@dataclass(frozen=True, slots=True)
class Window:
    """Pieces of a sound, as (start, end) samples, in order and apart."""

    pieces: tuple[tuple[int, int], ...]

    def cut(self, sound: Sound) -> Sound:
        return np.concatenate([sound[start:end] for start, end in self.pieces])

    def place(self, start: float, end: float) -> tuple[float, float]:
        """Where in the whole sound the seconds of a word of the cut one lie.

        Whisper counts the silence before a word to the word; none spans a joint, so it is where most of it lies.
        """
        first, last = start * SPEECH_RATE, end * SPEECH_RATE
        before, best, placed = 0, -1.0, (0.0, 0.0)
        for begin, finish in self.pieces:
            after = before + finish - begin
            inside = min(last, after) - max(first, before)
            if inside > best:
                best = inside
                placed = (begin + max(first - before, 0.0), begin + min(last, after) - before)
            before = after
        return placed[0] / SPEECH_RATE, placed[1] / SPEECH_RATE


def windows(sound: Sound) -> Iterator[Window]:
    """The windows of one side of a call at 16 kHz, each at most about 25 seconds of speech; none if nobody speaks."""
    pieces: list[tuple[int, int]] = []
    length = 0
    for start, end in _speech(sound):
        if pieces and length + end - start > LONGEST * SPEECH_RATE:
            yield Window(tuple(pieces))
            pieces, length = [], 0
        pieces.append((start, end))
        length += end - start
    if pieces:
        yield Window(tuple(pieces))


def _speech(sound: Sound) -> Iterator[tuple[int, int]]:
    voice, ends = VoiceActivity(), Endpointer(RULES)
    until = 0
    for at in range(0, len(sound), BLOCK):
        block = sound[at : at + BLOCK]
        whole = np.concatenate([block, np.zeros(-len(block) % FRAME, dtype=np.float32)])
        found = [ends.push(float(probability)) for probability in voice.probabilities(whole)]
        if at + BLOCK >= len(sound):
            found.append(ends.flush())
        for boundary in found:
            if boundary is not None and boundary.kind == "end":
                start = max(until, boundary.start * FRAME - int(BEFORE * SPEECH_RATE))
                until = min(len(sound), boundary.end * FRAME + int(AFTER * SPEECH_RATE))
                yield start, until
