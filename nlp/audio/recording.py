"""Reading a two-channel recording of a call: any container and codec that FFmpeg knows (G.711 wav, PCM, FLAC...)."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nlp.audio.channels import Channel
from nlp.audio.echo import without_echo
from nlp.audio.resampling import resample

log = logging.getLogger(__name__)

Samples = NDArray[np.int16]
Sound = NDArray[np.float32]
SPEECH_RATE = 16_000
"""What voice activity detection and recognition work on, in hertz."""
SHORTEST = 0.2


class AudioError(ValueError):
    """A recording cannot be used; the message is a sentence for the user."""


@dataclass(frozen=True, slots=True)
class Recording:
    """A call's sound at its own rate. ``damage`` says what is missing of a partly readable file. ``guessed``: it had
    one channel, and the sides are what the voices told."""

    rate: int
    trader: Samples
    client: Samples
    damage: str = ""
    guessed: bool = False

    @property
    def seconds(self) -> float:
        return len(self.trader) / self.rate

    def channel(self, who: Channel) -> Samples:
        return self.trader if who == "trader" else self.client

    def speech(self, who: Channel) -> Sound:
        """One side at 16 kHz, -1 to 1."""
        if not self.channel(who).any():
            return np.zeros(-(-len(self.channel(who)) * SPEECH_RATE // self.rate), dtype=np.float32)
        return resample(to_sound(self.channel(who)), self.rate, SPEECH_RATE)

    def voices(self) -> dict[Channel, Sound]:
        """Both sides at 16 kHz, each without the echo of the other."""
        trader, client = self.speech("trader"), self.speech("client")
        return {"trader": without_echo(trader, client), "client": without_echo(client, trader)}


def to_sound(samples: Samples) -> Sound:
    return samples.astype(np.float32) / np.float32(32768.0)


def from_interleaved(pcm: bytes, rate: int, damage: str = "") -> Recording:
    """A recording from interleaved 16-bit two-channel PCM; half a frame at the end is dropped."""
    frames = np.frombuffer(pcm[: len(pcm) // 4 * 4], dtype="<i2").reshape(-1, 2)
    return Recording(rate, np.ascontiguousarray(frames[:, 0]), np.ascontiguousarray(frames[:, 1]), damage)


def recorded(rate: int, trader: Samples, client: Samples, damage: str = "") -> Recording:
    """A recording of two channels. Two that are alike are one."""
    if trader.any() and np.array_equal(trader, client):
        return told_apart(rate, trader, damage)
    return Recording(rate, trader, client, damage)


def told_apart(rate: int, both: Samples, damage: str = "") -> Recording:
    """A call of which there is one channel: each side has the sound where its voice was heard, and else silence."""
    from nlp.audio.mono import apart

    sides = apart(resample(to_sound(both), rate, SPEECH_RATE))
    place = np.minimum(np.arange(len(both)) * SPEECH_RATE // rate, len(sides["trader"]) - 1)
    trader, client = (np.where(sides[who][place], both, 0).astype(np.int16) for who in ("trader", "client"))
    return Recording(rate, trader, client, damage, guessed=True)


def load(path: Path) -> Recording:
    """Reads a recording whole; raises :class:`AudioError` with what the user can do.

    A file that breaks off or is damaged further in gives what could be read, and says so in ``damage``.
    """
    if not path.is_file():
        raise AudioError(f"There is no recording at {path}.")
    if path.stat().st_size == 0:
        raise AudioError(f"{path.name} is empty: nothing was recorded, or the copy failed. Fetch the file again.")
    rate, pcm, damage = _decode(path)
    recording = from_interleaved(pcm, rate, damage)
    if recording.seconds < SHORTEST:
        raise AudioError(f"{path.name} holds less than {SHORTEST} seconds of sound, too short to be a call.")
    return recorded(rate, recording.trader, recording.client, damage)


def _decode(path: Path) -> tuple[int, bytes, str]:
    import av  # FFmpeg's libraries take a tenth of a second to load

    try:
        container = av.open(str(path), metadata_errors="ignore")
    except (av.FFmpegError, OSError, ValueError) as error:
        raise AudioError(
            f"{path.name} is not a recording that can be read (damaged, or not a sound file). "
            "Wav, FLAC and other common sound files with two channels are understood."
        ) from error
    blocks: list[bytes] = []
    damage = ""
    with container:
        if not container.streams.audio:
            raise AudioError(f"{path.name} contains no sound.")
        stream = container.streams.audio[0]
        channels, rate = stream.codec_context.channels, stream.codec_context.sample_rate
        if channels > 2:
            raise AudioError(
                f"{path.name} has {channels} channels; a call recording has two (left trader, right client) or one. "
                "Export the call again in stereo."
            )
        if not 4_000 <= rate <= 384_000:
            raise AudioError(f"{path.name} claims {rate} samples a second, which no recorder writes: it is damaged.")
        # The format changes to packed 16 bit; the rate stays, resampling is ours (streaming and file alike).
        packed = av.AudioResampler(format="s16", layout="stereo", rate=rate)
        try:
            for frame in container.decode(stream):
                for piece in packed.resample(frame):
                    blocks.append(piece.to_ndarray().astype("<i2").tobytes())
        except (av.FFmpegError, OSError, ValueError) as error:
            seconds = sum(map(len, blocks)) / 4 / rate
            log.warning("recording damaged after %.1f s: %s", seconds, type(error).__name__)
            damage = f"The recording is damaged after {seconds:.0f} seconds; what comes later is missing."
            if not blocks:
                raise AudioError(
                    f"{path.name} is damaged: no sound in it can be read. Fetch the file again."
                ) from error
    return rate, b"".join(blocks), damage
