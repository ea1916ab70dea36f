"""The turret as a real process without a desk: scripts, audio over a real socket, resuming, acknowledging."""

from __future__ import annotations

import asyncio
import json
import struct
import sys
import wave
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosedError, InvalidStatus

from plugins.turret.audio import AudioGone, CallAudio
from plugins.turret.model import TurretError
from plugins.turret.script import BadCommand, parse, read_script

RATE = 8000


def samples(seconds: float, seed: int = 7) -> bytes:
    random = np.random.default_rng(seed)
    return random.integers(-9000, 9000, (int(seconds * RATE), 2)).astype("<i2").tobytes()


def write_wav(path: Path, pcm: bytes) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(pcm)
    return path


class Turret:
    """A turret process and what it says."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.said: list[dict[str, Any]] = []

    @classmethod
    async def start(cls, *arguments: str) -> Turret:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "plugins.turret", "--headless", "--alone", *arguments,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        turret = cls(process)
        await turret.until(ready=True)
        return turret

    async def until(self, **wanted: object) -> dict[str, Any]:
        """The next message with these values."""
        assert self.process.stdout is not None
        async with asyncio.timeout(20):
            while True:
                line = await self.process.stdout.readline()
                assert line, f"the turret ended; it said {self.said}"
                message = json.loads(line)
                self.said.append(message)
                if all(message.get(key) == value for key, value in wanted.items()):
                    return message

    async def audio(self) -> str:
        while True:
            message = await self.until()
            if "audio" in message:
                return str(message["audio"])

    def do(self, **command: object) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(command).encode() + b"\n")

    async def close(self) -> None:
        if self.process.returncode is None:
            self.process.terminate()
        await asyncio.wait_for(self.process.wait(), 10)


@pytest.fixture
async def turret() -> AsyncIterator[Turret]:
    started = await Turret.start("--speed", "20")
    yield started
    await started.close()


async def listen(url: str, *, since: int = 0, frames: int | None = None) -> tuple[int, bytes, dict[str, Any] | None]:
    """(first offset, audio, end) of a call; checks that offsets follow each other."""
    heard = b""
    first, expected = since, since
    async with connect(f"{url}&from={since}", proxy=None) as socket:
        async for message in socket:
            if isinstance(message, str):
                await socket.send(json.dumps({"ack": expected}))
                return first, heard, json.loads(message)
            (offset,) = struct.unpack("<Q", message[:8])
            assert offset == expected
            heard += message[8:]
            expected += len(message[8:]) // 4
            if frames is not None:
                frames -= 1
                if frames == 0:
                    return first, heard, None
    raise AssertionError("the audio broke off")


async def test_the_audio_is_the_recording_byte_for_byte(turret: Turret, tmp_path: Path) -> None:
    pcm = samples(6)
    turret.do(do="ring", number="+442079460112", audio=str(write_wav(tmp_path / "call.wav", pcm)), auto_answer=1.0)
    ringing = await turret.until(event="ringing")
    assert (ringing["line"], ringing["number"]) == ("L1", "+442079460112")
    first, heard, end = await listen(await turret.audio())
    assert first == 0
    assert heard == pcm
    assert end == {"event": "end", "samples": 6 * RATE}
    assert (await turret.until(event="ended"))["reason"] == "the other side hung up"


async def test_telephone_sound_is_decoded(turret: Turret, tmp_path: Path) -> None:
    import av

    path = tmp_path / "alaw.wav"
    with av.open(str(path), "w") as file:
        stream = file.add_stream("pcm_alaw", rate=RATE, layout="stereo")
        tone = (8000 * np.sin(np.arange(RATE) / 7)).astype("<i2")
        frame = av.AudioFrame.from_ndarray(np.column_stack((tone, tone // 2)).reshape(1, -1), "s16", "stereo")
        frame.sample_rate = RATE
        file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    turret.do(do="ring", number="+442079460112", audio=str(path), auto_answer=0)
    _, heard, _ = await listen(await turret.audio())
    left = np.frombuffer(heard, "<i2").reshape(-1, 2)[:, 0].astype(float)
    assert np.abs(left - tone).max() < 300  # A-law keeps about 12 bits


async def test_a_reader_resumes_where_it_was_until_it_acknowledges(turret: Turret, tmp_path: Path) -> None:
    pcm = samples(10)
    turret.do(do="ring", number="+442079460112", audio=str(write_wav(tmp_path / "call.wav", pcm)), auto_answer=0)
    url = await turret.audio()
    _, begin, _ = await listen(url, frames=3)
    at = len(begin) // 4
    _, rest, _ = await listen(url, since=at)
    assert begin + rest == pcm
    with pytest.raises(ConnectionClosedError, match="no longer kept"):
        await listen(url)


async def test_two_calls_go_on_at_once_through_hold_and_resume(turret: Turret, tmp_path: Path) -> None:
    one, two = samples(8, seed=1), samples(8, seed=2)
    first, second = write_wav(tmp_path / "1.wav", one), write_wav(tmp_path / "2.wav", two)
    turret.do(do="ring", number="+442079460112", audio=str(first))
    await turret.until(event="ringing", line="L1")
    turret.do(do="ring", number="+442079460113", audio=str(second))
    await turret.until(event="ringing", line="L2")
    turret.do(do="answer", line="L1")
    url = await turret.audio()
    turret.do(do="hold", line="L1")
    await turret.until(event="held", line="L1", state="held")
    turret.do(do="answer", line="L2")
    other = await turret.audio()
    turret.do(do="resume", line="L1")
    await turret.until(event="resumed", line="L1", state="connected")
    turret.do(do="hangup", line="L2")
    assert (await turret.until(event="ended", line="L2"))["reason"] == "hung up here"
    (_, heard, _), (_, cut, end) = await asyncio.gather(listen(url), listen(other))
    # Hold is silence in the stream; what the caller says comes afterwards, nothing of it is lost.
    held = len(heard) - len(one)
    assert held > 0
    assert held % 4 == 0
    before = next(place for place in range(0, len(one), 4) if heard[place : place + 4] != one[place : place + 4])
    assert heard == one[:before] + bytes(held) + one[before:]
    assert two.startswith(cut)
    assert end == {"event": "end", "samples": len(cut) // 4}


async def test_mistakes_are_answered_with_a_sentence_and_change_nothing(turret: Turret, tmp_path: Path) -> None:
    turret.do(do="answer")
    assert (await turret.until())["problem"] == "There is no call to answer."
    turret.do(do="ring", number="1", audio=str(tmp_path / "none.wav"))
    assert "There is no recording" in (await turret.until())["problem"]
    turret.do(do="shout")
    assert (await turret.until())["problem"].startswith("Not a turret command")
    turret.do(do="hold", line="L3")
    assert (await turret.until())["problem"] == "Line L3 is idle: it is not possible to hold it now."


async def test_a_call_nobody_answers_gives_up(turret: Turret) -> None:
    turret.do(do="ring", number="+442079460112", give_up=2.0)
    assert (await turret.until(event="ended"))["reason"] == "not answered"
    await turret.until(event="cleared", line="L1", state="idle")


async def test_dialling_is_answered_by_the_far_end(turret: Turret, tmp_path: Path) -> None:
    pcm = samples(4)
    turret.do(do="dial", number="+442079460112", audio=str(write_wav(tmp_path / "d.wav", pcm)), auto_answer=1.0)
    await turret.until(event="dialling", line="L1")
    _, heard, _ = await listen(await turret.audio())
    assert heard == pcm


async def test_the_audio_is_for_the_token_only(turret: Turret) -> None:
    turret.do(do="ring", number="+442079460112", auto_answer=0)
    url = await turret.audio()
    for wrong in (url[:-3] + "abc", url.replace("/audio/", "/audio/x"), url + "&from=-1"):
        with pytest.raises(InvalidStatus, match="401"):
            await connect(wrong, proxy=None)
    with pytest.raises(InvalidStatus, match="403"):
        await connect(url, origin="https://example.com", proxy=None)


async def test_a_script_is_performed_to_its_end(tmp_path: Path) -> None:
    pcm = samples(2)
    write_wav(tmp_path / "call.wav", pcm)
    script = tmp_path / "demo.jsonl"
    script.write_text(
        "# a demo\n"
        '{"at": 1.0, "do": "answer"}\n'
        '{"at": 0.0, "do": "ring", "number": "+442079460112", "audio": "call.wav"}\n'
    )
    turret = await Turret.start("--speed", "10", "--script", str(script), "--exit-at-end")
    _, heard, _ = await listen(await turret.audio())
    assert heard == pcm
    assert await asyncio.wait_for(turret.process.wait(), 20) == 0


def test_a_script_with_a_mistake_names_the_line(tmp_path: Path) -> None:
    script = tmp_path / "bad.jsonl"
    script.write_text('{"do": "ring", "number": "1"}\n{"do": "dance"}\n')
    with pytest.raises(BadCommand, match=r"bad.jsonl, line 2"):
        read_script(script)
    for unread in ("no json", b'{"do": "ring", "number": "\xff"}'):
        with pytest.raises(TurretError):
            parse(unread)


async def test_audio_keeps_only_what_is_not_acknowledged() -> None:
    audio = CallAudio("c", RATE)
    audio.append(bytes(range(16)))
    audio.acknowledge(2)
    assert audio.samples == 4
    assert audio.read(2) == bytes(range(8, 16))
    assert audio.read(4) == b""
    with pytest.raises(AudioGone):
        audio.read(1)
    with pytest.raises(ValueError, match="whole"):
        audio.append(b"123")
    audio.end()
    assert not audio.done
    audio.acknowledge(99)
    assert audio.done
    assert not await audio.more(4)
