"""Hearing a call again: its recording from any second on, at another tempo, masked stretches muted. No Qt.

The sound is decrypted in memory, a few seconds at a time, and is written nowhere.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.records.errors import RecordMissing, StoreError
from app.records.recordings import RecordingReader, Recordings, silenced
from app.records.store import Records
from app.records.tables import Interaction, RecordingSpan

RATE = 48_000
"""Samples a second of what is given to the loudspeaker: every sound card takes these."""
ALL_DAY = 86_400.0
PIECE = 2.0
"""Seconds of the call in a piece."""


class NotRecorded(StoreError):
    """There is no sound of this call; the message says why, as far as it is known."""


class Playback:
    """One run through a recording: 16-bit samples of one channel, both sides of the call mixed.

    ``seconds`` is the length of the call. A run is used by one reader at a time and never goes back.
    """

    def __init__(
        self, reader: RecordingReader, muted: Sequence[tuple[float, float]], start: float, speed: float
    ) -> None:
        from nlp.audio.resampling import Resampler  # late: numbers are loaded when something is heard
        from nlp.audio.tempo import Tempo

        self.seconds, self.speed = reader.seconds, speed
        self._reader, self._muted = reader, muted
        self._at = max(0, min(round(start * reader.rate), reader.samples))
        self.start = self._at / reader.rate
        self._tempo = Tempo(reader.rate, speed)
        self._resampler = Resampler(reader.rate, RATE)
        self._over = False

    async def next(self) -> bytes:
        """The next piece; empty at the end of the recording. Raises RecordingDamaged."""
        return await asyncio.to_thread(self._next)

    def _next(self) -> bytes:
        import numpy as np

        reader = self._reader
        while not self._over:
            count = min(round(PIECE * reader.rate), reader.samples - self._at)
            pcm = silenced(reader.read(self._at, count), reader.rate, reader.channels, self._muted, self._at)
            self._at += count
            sides = np.frombuffer(pcm, dtype="<i2").reshape(-1, reader.channels).astype(np.int32)
            mixed = self._tempo.push(np.clip(sides.sum(axis=1), -32768, 32767).astype(np.int16))
            if count == 0:
                self._over = True
                mixed = self._tempo.flush()
            sound = self._resampler.push(mixed.astype(np.float32))
            if self._over:
                sound = np.concatenate([sound, self._resampler.flush()])
            if len(sound):
                return np.clip(np.rint(sound), -32768, 32767).astype("<i2").tobytes()
        return b""


async def open_playback(
    records: Records, recordings: Recordings, interaction_id: str, start: float, speed: float
) -> Playback:
    """Raises NotRecorded, RecordingMissing, RecordingDamaged, RecordMissing; ValueError for a speed out of range."""
    name, muted = await records.query(lambda session: _recorded(session, interaction_id))

    def run() -> Playback:
        return Playback(recordings.reader(name), muted, start, speed)

    return await asyncio.to_thread(run)


async def export(records: Records, recordings: Recordings, interaction_id: str, path: Path) -> None:
    """Writes an unencrypted copy of a call for the user, masked stretches muted. Raises as ``open_playback`` does."""
    name, muted = await records.query(lambda session: _recorded(session, interaction_id))
    await asyncio.to_thread(recordings.export_wav, name, path, muted)


def _recorded(session: Session, interaction_id: str) -> tuple[str, list[tuple[float, float]]]:
    talk = session.get(Interaction, interaction_id)
    if talk is None:
        raise RecordMissing("This call is not in the records.")
    if talk.recording is None:
        raise NotRecorded("There is no recording of this call." if talk.kind == "call" else "A chat has no sound.")
    spans = session.scalars(
        select(RecordingSpan).where(RecordingSpan.interaction_id == interaction_id, RecordingSpan.kind == "masked")
    )
    return talk.recording, [(span.start, ALL_DAY if span.end is None else span.end) for span in spans]
