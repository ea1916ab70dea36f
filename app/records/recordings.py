"""Call recordings: encrypted files that grow while the call lasts and survive the program.

File: ``DSKREC01``, header length (u32), header (JSON: file id, rate, channels), then frames. Frame: length of the
sealed text (u32), index (u32), kind (u32: 1 sound, 2 end), CRC-32 of these three, 12 bytes nonce, AES-256-GCM sealed
text. All integers little-endian. Each file has its own key (HKDF of the recordings key and the file id); magic, header,
index and kind are associated data, so frames cannot be moved within a file or between files. The nonce is 8 random
bytes per opening and a counter: a frame torn by a crash and written again differently does not repeat one.

Sound is interleaved signed 16-bit little-endian PCM. An incomplete last frame is what a crash leaves and is dropped;
damage before that is an error.
"""

from __future__ import annotations

import contextlib
import json
import os
import struct
import wave
import zlib
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.records.errors import StoreError, translated
from app.records.ids import new_id
from app.records.log import derived_key

if TYPE_CHECKING:
    from app.records.store import Records

_MAGIC = b"DSKREC01"
_LENGTH = struct.Struct("<I")
_FRAME = struct.Struct("<IIII")
_NONCE = 12
_TAG = 16
_MOST_SOUND = 65536  # bytes of sound per frame; a larger append becomes several frames
_MOST_FRAME = _FRAME.size + _NONCE + _MOST_SOUND + _TAG
_SOUND, _END = 1, 2


class RecordingDamaged(StoreError):
    """The file is not a recording of these records, or was altered."""


class RecordingMissing(StoreError):
    """There is no recording of this name."""


class Recording(NamedTuple):
    rate: int
    channels: int
    pcm: bytes


@dataclass(frozen=True, slots=True)
class _Header:
    rate: int
    channels: int
    bound: bytes  # the bytes every frame is bound to
    cipher: AESGCM

    @property
    def frame_bytes(self) -> int:
        return 2 * self.channels


@dataclass(frozen=True, slots=True)
class _Frame:
    index: int
    kind: int
    sound: bytes
    end: int  # where the next frame begins in the file


class RecordingWriter:
    """Appends sound; what ``append`` returned from is on the disk."""

    def __init__(self, path: Path, header: _Header, end: int, index: int, size: int) -> None:
        self.name = path.name
        self.rate = header.rate
        self.channels = header.channels
        self._header = header
        self._end = end
        self._index = index
        self._size = size
        self._salt = os.urandom(8)
        self._sealed = 0
        self._file = os.open(path, os.O_RDWR | getattr(os, "O_BINARY", 0))
        os.ftruncate(self._file, end)

    @property
    def samples(self) -> int:
        """Samples per channel that are on the disk."""
        return self._size // self._header.frame_bytes

    def append(self, pcm: bytes) -> None:
        """Call it every quarter or half second of sound: each call waits for the disk.

        Raises ValueError for a broken sample, DiskFull or StoreUnavailable; then nothing of ``pcm`` was kept and the
        same append may be tried again.
        """
        if len(pcm) % self._header.frame_bytes:
            raise ValueError("sound ends within a sample")
        if pcm:
            step = _MOST_SOUND - _MOST_SOUND % self._header.frame_bytes
            pieces = [pcm[at : at + step] for at in range(0, len(pcm), step)]
            self._write(b"".join(self._seal(self._index + n, _SOUND, piece) for n, piece in enumerate(pieces)))
            self._index += len(pieces)
            self._size += len(pcm)

    def close(self) -> None:
        """Marks the recording as complete. A writer that is never closed leaves a readable recording as well."""
        if self._file < 0:
            return
        # Without room for the mark the sound is still all there.
        with contextlib.suppress(StoreError):
            self._write(self._seal(self._index, _END, b""))
        os.close(self._file)
        self._file = -1

    def __enter__(self) -> RecordingWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _seal(self, index: int, kind: int, sound: bytes) -> bytes:
        nonce = self._salt + self._sealed.to_bytes(4, "little")
        self._sealed += 1
        sealed = self._header.cipher.encrypt(nonce, sound, _bound_to(self._header, index, kind))
        return _frame_head(len(sealed), index, kind) + nonce + sealed

    def _write(self, data: bytes) -> None:
        try:
            os.lseek(self._file, self._end, os.SEEK_SET)
            written = 0
            while written < len(data):
                written += os.write(self._file, data[written:])
            os.fsync(self._file)
        except OSError as error:
            with contextlib.suppress(OSError):
                os.ftruncate(self._file, self._end)
            known = translated(error)
            raise known if known is not None else error from error
        self._end += len(data)


class RecordingReader:
    """A recording as it stood when it was opened; sound is decrypted where it is asked for, in memory only."""

    def __init__(self, name: str, header: _Header, start: int, data: bytes) -> None:
        self.rate, self.channels = header.rate, header.channels
        self._name, self._header, self._data = name, header, data
        self._starts: list[int] = []  # of each frame's sound, in bytes from the start of the call
        self._frames: list[int] = []  # where each frame begins in the file
        self._size = 0
        for place, length in _sound_frames(name, header, start, data):
            self._starts.append(self._size)
            self._frames.append(place)
            self._size += length

    @property
    def samples(self) -> int:
        """Per channel."""
        return self._size // self._header.frame_bytes

    @property
    def seconds(self) -> float:
        return self.samples / self.rate

    def read(self, first: int, count: int) -> bytes:
        """``count`` samples of all channels from sample ``first`` on, fewer at the end. Raises RecordingDamaged."""
        step = self._header.frame_bytes
        begin, end = first * step, min((first + count) * step, self._size)
        number = max(0, bisect_right(self._starts, begin) - 1)
        pieces = []
        while number < len(self._starts) and self._starts[number] < end:
            frame = _frame(self._header, number, self._frames[number], self._data)
            if frame is None:
                second = self._starts[number] / step / self.rate
                raise _damaged(self._name, second)
            start = self._starts[number]
            pieces.append(frame.sound[max(0, begin - start) : end - start])
            number += 1
        return b"".join(pieces)


class Recordings:
    """The recordings of one store, in a folder of their own. ``key``: 32 bytes; each file has its own from it."""

    def __init__(self, folder: Path, key: bytes) -> None:
        self.folder = folder
        self._key = key

    @classmethod
    def beside(cls, records: Records) -> Recordings:
        """In the records' folder, under a key derived from theirs."""
        return cls(records.folder / "recordings", records.derived_key("recordings"))

    def writer(self, interaction_id: str, rate: int, channels: int) -> RecordingWriter:
        """Starts the recording of an interaction, or goes on with one that a crash interrupted.

        Raises RecordingDamaged if there is a file that cannot be continued (other rate or channels, altered).
        """
        name = f"{interaction_id}.rec"
        path = self._path(name)
        try:
            if not path.exists() or path.stat().st_size < len(_MAGIC):
                self._create(path, rate, channels)
            header, start, data = self._open(name)
        except OSError as error:
            known = translated(error)
            raise known if known is not None else error from error
        if (header.rate, header.channels) != (rate, channels):
            raise RecordingDamaged(
                f"The recording {name} has {header.channels} channels at {header.rate} Hz and cannot be continued."
            )
        index, size, end = 0, 0, start
        for frame in _frames(name, header, start, data):
            if frame.kind == _SOUND:
                index, size, end = frame.index + 1, size + len(frame.sound), frame.end
        return RecordingWriter(path, header, end, index, size)

    def read(self, name: str) -> Recording:
        """All the sound that is safely there. Raises RecordingMissing, RecordingDamaged."""
        header, start, data = self._open(name)
        pcm = b"".join(frame.sound for frame in _frames(name, header, start, data))
        return Recording(header.rate, header.channels, pcm)

    def reader(self, name: str) -> RecordingReader:
        """For sound from anywhere in it. Raises RecordingMissing, RecordingDamaged."""
        return RecordingReader(name, *self._open(name))

    def seconds(self, name: str) -> float:
        recording = self.read(name)
        return len(recording.pcm) / (2 * recording.channels * recording.rate)

    def complete(self, name: str) -> bool:
        """Whether the writer was closed; if not, the call was interrupted or is still going on."""
        header, start, data = self._open(name)
        return any(frame.kind == _END for frame in _frames(name, header, start, data))

    def remove(self, name: str) -> None:
        """For good; harmless where the recording is not here. Raises StoreUnavailable."""
        path = self._path(name)
        try:
            path.unlink(missing_ok=True)
            path.with_suffix(".part").unlink(missing_ok=True)
        except OSError as error:
            known = translated(error)
            raise known if known is not None else error from error

    def forget(self, name: str, spans: Sequence[tuple[float, float]]) -> None:
        """Takes stretches (seconds) out for good: the file is written anew, under a key of its own, silent there.

        Nobody may be writing to it. A crash leaves the old file or the new one. Raises RecordingMissing,
        RecordingDamaged, DiskFull, StoreUnavailable.
        """
        rate, channels, pcm = self.read(name)
        step = _MOST_SOUND - _MOST_SOUND % (2 * channels)
        fresh = f"{Path(name).stem}.new"
        try:
            self._create(fresh_path := self._path(fresh), rate, channels)
            header, start, _ = self._open(fresh)
            with RecordingWriter(fresh_path, header, start, 0, 0) as writer:
                whole = silenced(pcm, rate, channels, spans)
                for at in range(0, len(whole), step):
                    writer.append(whole[at : at + step])
            self._put_in_place(fresh_path, self._path(name))
        except OSError as error:
            known = translated(error)
            raise known if known is not None else error from error
        finally:
            self._path(fresh).unlink(missing_ok=True)

    def export_wav(self, name: str, path: Path, muted: Sequence[tuple[float, float]] = ()) -> None:
        """Writes an unencrypted copy: only on the user's command. ``muted``: stretches in seconds that are silenced."""
        rate, channels, pcm = self.read(name)
        pcm = silenced(pcm, rate, channels, muted)
        with wave.open(str(path), "wb") as copy:
            copy.setnchannels(channels)
            copy.setsampwidth(2)
            copy.setframerate(rate)
            copy.writeframes(pcm)

    def _path(self, name: str) -> Path:
        if Path(name).name != name or name in ("", ".", ".."):
            raise ValueError(f"not a recording's name: {name!r}")
        return self.folder / name

    def _create(self, path: Path, rate: int, channels: int) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        header = json.dumps({"file": new_id(), "rate": rate, "channels": channels}).encode()
        unfinished = path.with_suffix(".part")
        with unfinished.open("wb") as file:
            os.chmod(unfinished, 0o600)
            file.write(_MAGIC + _LENGTH.pack(len(header)) + header)
            file.flush()
            os.fsync(file.fileno())
        self._put_in_place(unfinished, path)

    def _put_in_place(self, finished: Path, path: Path) -> None:
        finished.replace(path)
        if os.name == "posix":  # the name itself has to reach the disk too
            folder = os.open(self.folder, os.O_RDONLY)
            os.fsync(folder)
            os.close(folder)

    def _open(self, name: str) -> tuple[_Header, int, bytes]:
        try:
            data = self._path(name).read_bytes()
        except FileNotFoundError as error:
            raise RecordingMissing(f"The recording {name} is not in the recordings folder.") from error
        try:
            if not data.startswith(_MAGIC):
                raise ValueError("another kind of file")
            (length,) = _LENGTH.unpack_from(data, len(_MAGIC))
            start = len(_MAGIC) + _LENGTH.size + length
            fields = json.loads(data[len(_MAGIC) + _LENGTH.size : start])
            rate, channels = int(fields["rate"]), int(fields["channels"])
            if rate < 1 or channels < 1:
                raise ValueError("no rate or channels")
            cipher = AESGCM(derived_key(self._key, f"recording {fields['file']}"))
        except (ValueError, KeyError, TypeError, struct.error) as error:
            raise RecordingDamaged(f"The recording {name} has no readable header: restore it from a backup.") from error
        return _Header(rate, channels, data[:start], cipher), start, data


def silenced(pcm: bytes, rate: int, channels: int, spans: Sequence[tuple[float, float]], first: int = 0) -> bytes:
    """Sound that begins at sample ``first`` of a call, with these stretches of the call (seconds) silent."""
    step, whole = 2 * channels, bytearray(pcm)
    for start, end in spans:
        begin = max(0, round(start * rate) - first) * step
        until = min(len(whole), (round(end * rate) - first) * step)
        if begin < until:
            whole[begin:until] = bytes(until - begin)
    return bytes(whole)


def _bound_to(header: _Header, index: int, kind: int) -> bytes:
    return header.bound + struct.pack("<II", index, kind)


def _frame_head(length: int, index: int, kind: int) -> bytes:
    return _FRAME.pack(length, index, kind, zlib.crc32(struct.pack("<III", length, index, kind)))


def _frames(name: str, header: _Header, at: int, data: bytes) -> Iterator[_Frame]:
    """The sound frames in order, and the end mark. Stops at a torn last frame."""
    index = 0
    while at < len(data):
        frame = _frame(header, index, at, data)
        if frame is None:
            # One append may be cut short by a crash. Anything behind it means that something else happened.
            if len(data) - at > _torn_limit(data, at):
                raise _damaged(name, at / (2 * header.channels * header.rate))
            return
        yield frame
        if frame.kind == _END:
            return
        index, at = index + 1, frame.end


def _damaged(name: str, second: float) -> RecordingDamaged:
    return RecordingDamaged(f"The recording {name} is damaged about {second:.0f} s in; restore the file from a backup.")


def _sound_frames(name: str, header: _Header, at: int, data: bytes) -> Iterator[tuple[int, int]]:
    """Where each frame of sound begins and how much sound is in it, without decrypting; ends at a torn last frame."""
    index = 0
    while at < len(data):
        head = _head(data, at)
        end = at if head is None else at + _FRAME.size + _NONCE + head[0]
        if head is None or head[1] != index or end > len(data):
            if len(data) - at > _torn_limit(data, at):
                raise _damaged(name, at / (2 * header.channels * header.rate))
            return
        if head[2] == _END:
            return
        yield at, head[0] - _TAG
        index, at = index + 1, end


def _torn_limit(data: bytes, at: int) -> int:
    head = _head(data, at)
    return _MOST_FRAME if head is None else _FRAME.size + _NONCE + head[0]


def _head(data: bytes, at: int) -> tuple[int, int, int] | None:
    if len(data) - at < _FRAME.size:
        return None
    length, index, kind, check = _FRAME.unpack_from(data, at)
    return (length, index, kind) if zlib.crc32(struct.pack("<III", length, index, kind)) == check else None


def _frame(header: _Header, index: int, at: int, data: bytes) -> _Frame | None:
    head = _head(data, at)
    if head is None or head[1] != index:
        return None
    length, _, kind = head
    body = at + _FRAME.size
    end = body + _NONCE + length
    if end > len(data):
        return None
    try:
        nonce, sealed = data[body : body + _NONCE], data[body + _NONCE : end]
        return _Frame(index, kind, header.cipher.decrypt(nonce, sealed, _bound_to(header, index, kind)), end)
    except InvalidTag:
        return None
