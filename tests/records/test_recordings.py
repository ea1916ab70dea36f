from __future__ import annotations

import os
import subprocess
import sys
import wave
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.records.errors import DiskFull
from app.records.recordings import RecordingDamaged, RecordingMissing, Recordings

KEY = bytes(range(32))
HALF_SECOND = 8000 * 2 * 2 // 2


@pytest.fixture
def recordings(tmp_path: Path) -> Recordings:
    return Recordings(tmp_path / "recordings", KEY)


def _sound(number: int, size: int = HALF_SECOND) -> bytes:
    return bytes((number * 31 + at) % 251 for at in range(256)) * (size // 256 + 1)


def _chunks(count: int) -> list[bytes]:
    return [_sound(number)[:HALF_SECOND] for number in range(count)]


def _record(recordings: Recordings, chunks: list[bytes], close: bool = True) -> Path:
    writer = recordings.writer("call", 8000, 2)
    for chunk in chunks:
        writer.append(chunk)
    if close:
        writer.close()
    else:
        os.close(writer._file)  # what a killed process leaves
    return recordings.folder / writer.name


def test_a_recording_reads_back_as_it_was(recordings: Recordings) -> None:
    chunks = [*_chunks(4), _sound(9, 200_000)[:200_000]]
    _record(recordings, chunks)
    assert recordings.read("call.rec") == (8000, 2, b"".join(chunks))
    assert recordings.seconds("call.rec") == pytest.approx(4 * 0.5 + 200_000 / 32_000)
    assert recordings.complete("call.rec")


def test_sound_is_not_readable_on_the_disk(recordings: Recordings) -> None:
    path = _record(recordings, _chunks(2))
    assert _sound(0)[:64] not in path.read_bytes()
    assert path.stat().st_mode & 0o077 == 0


def test_what_was_appended_is_durable_and_can_be_continued(recordings: Recordings) -> None:
    chunks = _chunks(6)
    _record(recordings, chunks[:3], close=False)
    assert not recordings.complete("call.rec")
    with recordings.writer("call", 8000, 2) as writer:
        assert writer.samples == 3 * 4000
        for chunk in chunks[3:]:
            writer.append(chunk)
    assert recordings.read("call.rec").pcm == b"".join(chunks)


def test_a_closed_recording_can_be_continued_too(recordings: Recordings) -> None:
    chunks = _chunks(3)
    _record(recordings, chunks[:2])
    with recordings.writer("call", 8000, 2) as writer:
        writer.append(chunks[2])
    assert recordings.read("call.rec").pcm == b"".join(chunks)


@settings(max_examples=60, deadline=None)
@given(lost=st.integers(1, HALF_SECOND), junk=st.booleans())
def test_a_torn_tail_costs_the_torn_piece_only(tmp_path_factory: pytest.TempPathFactory, lost: int, junk: bool) -> None:
    recordings = Recordings(tmp_path_factory.mktemp("torn"), KEY)
    chunks = _chunks(3)
    path = _record(recordings, chunks, close=False)
    data = path.read_bytes()
    path.write_bytes(data[:-lost] + (bytes(lost) if junk else b""))
    assert recordings.read("call.rec").pcm == b"".join(chunks[:2])
    with recordings.writer("call", 8000, 2) as writer:
        assert writer.samples == 2 * 4000
        writer.append(chunks[2])
    assert recordings.read("call.rec").pcm == b"".join(chunks)


@pytest.mark.parametrize("byte", [0, 6, 20, 5000])
def test_damage_in_the_middle_is_said(recordings: Recordings, byte: int) -> None:
    path = _record(recordings, _chunks(12))
    data = bytearray(path.read_bytes())
    frame = len(data) // 12
    data[2 * frame + 200 + byte] ^= 1
    path.write_bytes(data)
    with pytest.raises(RecordingDamaged, match="damaged about"):
        recordings.read("call.rec")


def test_pieces_cannot_be_exchanged_or_left_out(recordings: Recordings) -> None:
    path = _record(recordings, _chunks(12))
    data = path.read_bytes()
    size = 16 + 12 + HALF_SECOND + 16
    start = len(data) - 12 * size - 44
    frames = [data[start + at * size : start + (at + 1) * size] for at in range(12)]
    assert b"".join(frames) == data[start:-44]
    exchanged = [*frames[:2], frames[3], frames[2], *frames[4:]]
    for order in (exchanged, frames[:4] + frames[5:]):
        path.write_bytes(data[:start] + b"".join(order) + data[-44:])
        with pytest.raises(RecordingDamaged):
            recordings.read("call.rec")


def test_another_key_reads_nothing(recordings: Recordings) -> None:
    _record(recordings, _chunks(12))
    with pytest.raises(RecordingDamaged):
        Recordings(recordings.folder, bytes(32)).read("call.rec")


def test_another_kind_of_file_is_said(recordings: Recordings) -> None:
    path = _record(recordings, _chunks(1))
    path.write_bytes(b"RIFF" + bytes(100))
    with pytest.raises(RecordingDamaged, match="header"):
        recordings.read("call.rec")
    with pytest.raises(RecordingMissing):
        recordings.read("nothing.rec")
    with pytest.raises(ValueError, match="name"):
        recordings.read("../deskline.db")


def test_a_recording_is_not_continued_in_another_shape(recordings: Recordings) -> None:
    _record(recordings, _chunks(1))
    with pytest.raises(RecordingDamaged, match="8000 Hz"):
        recordings.writer("call", 16000, 2)
    with pytest.raises(ValueError, match="sample"):
        recordings.writer("call", 8000, 2).append(b"abc")


@pytest.mark.skipif(sys.platform == "win32", reason="needs file size limits")
def test_a_full_disk_keeps_what_was_there_and_goes_on_once_there_is_room(
    recordings: Recordings, monkeypatch: pytest.MonkeyPatch
) -> None:
    chunks = _chunks(2)
    writer = recordings.writer("call", 8000, 2)
    writer.append(chunks[0])
    real = os.write

    def half(file: int, data: bytes) -> int:
        if len(data) > 10:
            return real(file, data[: len(data) // 2])
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as full:
        full.setattr(os, "write", half)
        with pytest.raises(DiskFull):
            writer.append(chunks[1])
    assert recordings.read("call.rec").pcm == chunks[0]
    writer.append(chunks[1])
    writer.close()
    assert recordings.read("call.rec").pcm == b"".join(chunks)


def test_a_killed_recorder_loses_nothing_it_was_told_is_safe(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from app.records.recordings import Recordings\n"
        "writer = Recordings(Path(sys.argv[1]), bytes(range(32))).writer('call', 8000, 2)\n"
        "while True:\n    writer.append(bytes(16000)); print(writer.samples, flush=True)"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    safe = [int(process.stdout.readline()) for _ in range(20)][-1]
    process.kill()
    process.communicate()
    assert len(Recordings(tmp_path, KEY).read("call.rec").pcm) >= safe * 4
    assert Recordings(tmp_path, KEY).writer("call", 8000, 2).samples >= safe


def test_an_exported_copy_is_an_ordinary_sound_file(recordings: Recordings, tmp_path: Path) -> None:
    chunks = _chunks(2)
    _record(recordings, chunks)
    recordings.export_wav("call.rec", tmp_path / "call.wav")
    with wave.open(str(tmp_path / "call.wav")) as copy:
        assert (copy.getframerate(), copy.getnchannels(), copy.getsampwidth()) == (8000, 2, 2)
        assert copy.readframes(copy.getnframes()) == b"".join(chunks)


@given(first=st.integers(0, 24_000), count=st.integers(0, 24_000))
@settings(max_examples=40, deadline=None)
def test_any_stretch_is_read_as_it_stands_in_the_whole(
    tmp_path_factory: pytest.TempPathFactory, first: int, count: int
) -> None:
    recordings = Recordings(tmp_path_factory.mktemp("desk") / "recordings", KEY)
    _record(recordings, _chunks(5), close=False)
    whole = recordings.read("call.rec").pcm
    reader = recordings.reader("call.rec")
    assert (reader.samples, reader.seconds) == (20_000, 2.5)
    assert reader.read(first, count) == whole[first * 4 : (first + count) * 4]


def test_a_reader_says_where_the_damage_is(recordings: Recordings) -> None:
    path = _record(recordings, _chunks(4))
    data = bytearray(path.read_bytes())
    data[-100] ^= 1
    path.write_bytes(data)
    reader = recordings.reader("call.rec")
    assert reader.read(0, 100)
    with pytest.raises(RecordingDamaged, match="damaged about 2 s in"):
        reader.read(0, 16_000)


def test_a_reader_refuses_a_recording_whose_pieces_do_not_follow_each_other(recordings: Recordings) -> None:
    path = _record(recordings, _chunks(4))
    data = path.read_bytes()
    piece = HALF_SECOND + 16 + 12 + 16
    start = len(data) - 4 * piece - 16 - 12 - 16
    path.write_bytes(data[: start + piece] + data[start + 2 * piece :])
    with pytest.raises(RecordingDamaged):
        recordings.reader("call.rec")


def test_what_is_forgotten_is_silent_and_the_rest_is_as_it_was(recordings: Recordings) -> None:
    path = _record(recordings, _chunks(6))
    before, file = recordings.read("call.rec").pcm, path.read_bytes()
    recordings.forget("call.rec", [(1.0, 2.25)])
    after = recordings.read("call.rec").pcm
    first, last = 8000 * 4, 18_000 * 4
    assert after == before[:first] + bytes(last - first) + before[last:]
    assert recordings.complete("call.rec")
    assert [found.name for found in recordings.folder.iterdir()] == ["call.rec"]
    # Nothing of the old file, the untouched parts included, can be laid over the new one.
    assert path.read_bytes()[-200:] != file[-200:]


def test_a_recording_goes_on_after_a_part_of_it_was_forgotten(recordings: Recordings) -> None:
    _record(recordings, _chunks(2))
    recordings.forget("call.rec", [(0.0, 1.0)])
    with recordings.writer("call", 8000, 2) as writer:
        writer.append(_chunks(1)[0])
    assert recordings.read("call.rec").pcm == bytes(2 * HALF_SECOND) + _chunks(1)[0]


def test_a_full_disk_leaves_the_recording_as_it_was(recordings: Recordings, monkeypatch: pytest.MonkeyPatch) -> None:
    _record(recordings, _chunks(3))
    before = recordings.read("call.rec").pcm

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("app.records.recordings.os.write", full)
        with pytest.raises(DiskFull):
            recordings.forget("call.rec", [(0.0, 1.0)])
    assert recordings.read("call.rec").pcm == before
    assert [found.name for found in recordings.folder.iterdir()] == ["call.rec"]


def test_masked_stretches_are_silent_in_a_copy(recordings: Recordings, tmp_path: Path) -> None:
    _record(recordings, _chunks(3))
    whole = recordings.read("call.rec").pcm
    recordings.export_wav("call.rec", tmp_path / "call.wav", muted=[(0.5, 1.0), (1.4, 99.0)])
    with wave.open(str(tmp_path / "call.wav")) as copy:
        pcm = copy.readframes(copy.getnframes())
    middle = whole[8000 * 4 : 11_200 * 4]
    assert pcm == whole[: 4000 * 4] + bytes(4000 * 4) + middle + bytes(len(whole) - 11_200 * 4)
