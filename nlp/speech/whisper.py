"""Whisper whose encoder looks at no more than it has to. Loads the recognition library: import it late."""

from __future__ import annotations

import ctranslate2
import numpy as np
from faster_whisper import WhisperModel
from numpy.typing import NDArray

WHOLE = 30.0
"""Seconds that whisper was trained on, filled up with nothing."""
LEAST, AFTER = 10.0, 2.0
"""Seconds. With less of the nothing that it expects after the words, whisper makes up some of its own."""
FRAMES = 100
"""Of one second; the encoder takes two at a time."""


class Whisper(WhisperModel):  # type: ignore[misc]  # the library has no types
    """What the encoder takes grows faster than what it looks at: for a third of the thirty seconds, a sixth."""

    _frames = int(WHOLE * FRAMES)

    def fit(self, seconds: float = WHOLE) -> None:
        """From now on looks at no more than a sound of this length needs."""
        needed = min(WHOLE, max(LEAST, seconds + AFTER))
        self._frames = int(needed * FRAMES) // 2 * 2

    def encode(self, features: NDArray[np.float32]) -> ctranslate2.StorageView:
        return super().encode(features[..., : self._frames])
