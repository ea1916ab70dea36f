"""Sound made here, and the demo call that the project brings."""

from __future__ import annotations

import wave
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

DEMO_CALL = Path(__file__).parents[2] / "resources" / "demo" / "call.wav"

WriteSound = Callable[..., Path]


@pytest.fixture(scope="session")
def demo_call() -> Path:
    if not DEMO_CALL.is_file():
        pytest.skip("the demo call resources/demo/call.wav is not there")
    return DEMO_CALL


@pytest.fixture
def write_sound(tmp_path: Path) -> WriteSound:
    """Writes (samples, channels) with a codec: write_sound("a.wav", samples, rate, "pcm_alaw")."""

    def write(name: str, samples: NDArray[np.int16], rate: int, codec: str = "pcm_s16le") -> Path:
        path = tmp_path / name
        if codec == "pcm_s16le":
            with wave.open(str(path), "wb") as file:
                file.setnchannels(samples.shape[1])
                file.setsampwidth(2)
                file.setframerate(rate)
                file.writeframes(samples.tobytes())
            return path
        layout = "stereo" if samples.shape[1] == 2 else "mono"
        with av.open(str(path), "w") as container:
            stream = container.add_stream(codec, rate=rate, layout=layout)
            frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout=layout)
            frame.sample_rate = rate
            for packet in [*stream.encode(frame), *stream.encode(None)]:
                container.mux(packet)
        return path

    return write
