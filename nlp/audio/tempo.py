"""Speech faster or slower at its own pitch: FFmpeg's ``atempo``, on a stream of one channel."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from nlp.audio.recording import Samples

SLOWEST, FASTEST = 0.5, 4.0


class Tempo:
    """Changes the tempo of 16-bit samples. One second of sound becomes ``1 / speed`` seconds.

    Raises ValueError for a speed outside ``SLOWEST`` to ``FASTEST``.
    """

    def __init__(self, rate: int, speed: float) -> None:
        if not SLOWEST <= speed <= FASTEST:
            raise ValueError(f"a speed lies between {SLOWEST} and {FASTEST}")
        self._rate, self._speed, self._at = rate, speed, 0
        if speed == 1.0:
            return
        import av  # FFmpeg's libraries take a tenth of a second to load

        self._graph = av.filter.Graph()
        source = self._graph.add_abuffer(sample_rate=rate, format="s16", layout="mono", time_base=Fraction(1, rate))
        tempo, sink = self._graph.add("atempo", str(speed)), self._graph.add("abuffersink")
        source.link_to(tempo)
        tempo.link_to(sink)
        self._graph.configure()

    def push(self, samples: Samples) -> Samples:
        """What the sound so far gives; the filter keeps some tens of milliseconds back."""
        if self._speed == 1.0 or not len(samples):
            return samples
        import av

        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples)[None, :], format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = self._rate, self._at, Fraction(1, self._rate)
        self._at += len(samples)
        self._graph.push(frame)
        return self._pull()

    def flush(self) -> Samples:
        """The rest. The stream is used up afterwards."""
        if self._speed == 1.0:
            return np.zeros(0, dtype=np.int16)
        self._graph.push(None)
        return self._pull()

    def _pull(self) -> Samples:
        import av

        pieces: list[Samples] = []
        while True:
            try:
                pieces.append(self._graph.pull().to_ndarray()[0])
            except (BlockingIOError, EOFError, av.FFmpegError):
                return np.concatenate(pieces) if pieces else np.zeros(0, dtype=np.int16)
