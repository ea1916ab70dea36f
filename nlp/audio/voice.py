"""Voice activity in one channel: Silero's probabilities per frame, and the endpointing that finds utterances."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import onnxruntime

Sound = NDArray[np.float32]
FRAME = 512
"""Samples of one frame at 16 kHz (32 ms): what the Silero model was trained on."""
CONTEXT = 64
FRAME_SECONDS = FRAME / 16_000
LOUD = 0.02
"""To this level (root mean square of a loud frame; full scale is 1) the sound is brought for the detector: it is surest
of quiet voices, and takes loud or clipped telephone speech for doubtful."""
FADING = 0.993
"""What a loud frame still counts in the next one: after five seconds of quiet a third."""
FAINTEST = 1e-4


class VoiceActivity:
    """Speech probability of each frame of one stream. Keeps the network's memory between calls."""

    def __init__(self) -> None:
        self._session = _silero()
        self._hidden = np.zeros((1, 1, 128), dtype=np.float32)
        self._cell = np.zeros((1, 1, 128), dtype=np.float32)
        self._context = np.zeros(CONTEXT, dtype=np.float32)
        self._loud = FAINTEST

    def probabilities(self, sound: Sound) -> NDArray[np.float32]:
        """One probability per frame; ``len(sound)`` must be a multiple of FRAME."""
        count = len(sound) // FRAME
        if count == 0:
            return np.zeros(0, dtype=np.float32)
        if not sound.any():  # a line that is not open yet, or held
            return np.zeros(count, dtype=np.float32)
        frames = self._levelled(sound[: count * FRAME].reshape(count, FRAME))
        before = np.vstack([self._context[None, :], frames[:-1, -CONTEXT:]])
        inputs = {"input": np.hstack([before, frames]), "h": self._hidden, "c": self._cell}
        output, self._hidden, self._cell = self._session.run(None, inputs)
        self._context = frames[-1, -CONTEXT:].copy()
        return np.asarray(output, dtype=np.float32).reshape(-1)

    def _levelled(self, frames: Sound) -> Sound:
        """The frames at one level: down at once where it gets louder, up slowly where it gets quieter."""
        gains = np.empty(len(frames), dtype=np.float32)
        for number, level in enumerate(np.sqrt(np.mean(frames**2, axis=1))):
            self._loud = max(float(level), self._loud * FADING, FAINTEST)
            gains[number] = LOUD / self._loud
        return frames * gains[:, None]


@lru_cache
def _silero() -> onnxruntime.InferenceSession:
    import onnxruntime

    found = importlib.util.find_spec("faster_whisper")
    if found is None or not found.submodule_search_locations:
        raise ModuleNotFoundError("the package faster-whisper, which brings the voice activity model, is not installed")
    options = onnxruntime.SessionOptions()
    options.inter_op_num_threads = 1
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    path = Path(found.submodule_search_locations[0]) / "assets" / "silero_vad_v6.onnx"
    return onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"], sess_options=options)


@dataclass(frozen=True, slots=True)
class Endpointing:
    """When an utterance begins and ends; seconds. On telephone sound higher thresholds eat the starts of turns."""

    on: float = 0.2
    off: float = 0.1
    sure: float = 0.35  # an utterance that never reaches this is a tone, music or noise
    endpoint: float = 0.5  # silence that ends an utterance
    pause: float = 0.224  # silence after which a first decoding is worth while
    longest: float = 18.0  # cut here if nobody breathes
    breath: float = 12.0  # after this a pause is enough to cut
    shortest: float = 0.096  # less is a click


@dataclass(frozen=True, slots=True)
class Boundary:
    """A point in an utterance, in frames from the start of the stream. ``end`` is where its speech stopped (so far)."""

    kind: Literal["begin", "pause", "end", "click"]
    start: int
    end: int


class Endpointer:
    """Turns frame probabilities into utterance boundaries. Pure: no sound, no clock."""

    def __init__(self, rules: Endpointing | None = None, first_frame: int = 0) -> None:
        self.rules = rules or Endpointing()
        self._frame = first_frame
        self._start: int | None = None
        self._silent_from: int | None = None
        self._paused = False
        self._peak = 0.0

    @property
    def speaking_since(self) -> int | None:
        """Frame at which the running utterance began; None in silence."""
        return self._start

    @property
    def surely(self) -> bool:
        """Whether the running utterance is speech for all that is known: neither tone nor click."""
        return self._start is not None and self._spoken(self._start, self._stopped)

    @property
    def silent(self) -> bool:
        """Whether the running utterance may be over."""
        return self._silent_from is not None

    @property
    def heard_until(self) -> int:
        """Frame up to which every utterance has been closed."""
        return self._frame if self._start is None else self._start

    def push(self, probability: float) -> Boundary | None:
        """The boundary that this frame brings about, if any."""
        rules, frame = self.rules, self._frame
        self._frame += 1
        if self._start is None:
            if probability < rules.on:
                return None
            self._start, self._silent_from, self._paused, self._peak = frame, None, False, probability
            return Boundary("begin", frame, frame + 1)
        self._peak = max(self._peak, probability)
        if probability >= rules.on:
            self._silent_from, self._paused = None, False
        elif probability < rules.off and self._silent_from is None:
            self._silent_from = frame
        silent = 0 if self._silent_from is None else self._frame - self._silent_from
        length = self._frame - self._start
        if silent >= _frames(rules.endpoint) or (silent >= _frames(rules.pause) and length >= _frames(rules.breath)):
            return self._close()
        if length >= _frames(rules.longest):
            return self._close()
        if silent >= _frames(rules.pause) and not self._paused and self.surely:
            self._paused = True
            return Boundary("pause", self._start, self._stopped)
        return None

    def flush(self) -> Boundary | None:
        """Ends a running utterance at the end of the stream."""
        return None if self._start is None else self._close()

    def _close(self) -> Boundary | None:
        assert self._start is not None
        start, end = self._start, self._stopped
        self._start = self._silent_from = None
        self._paused = False
        return Boundary("end" if self._spoken(start, end) else "click", start, end)

    @property
    def _stopped(self) -> int:
        """Frame at which the running utterance stopped, if it has."""
        return self._frame if self._silent_from is None else self._silent_from

    def _spoken(self, start: int, end: int) -> bool:
        return self._peak >= self.rules.sure and end - start >= _frames(self.rules.shortest)


def _frames(seconds: float) -> int:
    return max(1, round(seconds / FRAME_SECONDS))
