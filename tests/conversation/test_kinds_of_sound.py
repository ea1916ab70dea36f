"""Every kind of sound that a turret sends, live: telephone packets of a byte a sample, and 16 bit at any usual rate."""

from __future__ import annotations

from collections.abc import Callable

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from app.conversation.state import ConversationState
from nlp.audio.g711 import Encoding, to_pcm
from plugins.turret.audio import AudioServer, CallAudio
from tests.conversation.conftest import Room, Until

Samples = NDArray[np.int16]


def encoded(samples: Samples, rate: int, encoding: Encoding) -> bytes:
    """As FFmpeg writes it, sample by sample, both channels interleaved."""
    if encoding == "s16":
        return samples.astype("<i2").tobytes()
    coder = av.CodecContext.create(f"pcm_{encoding}", "w")
    coder.sample_rate, coder.layout, coder.format = rate, "stereo", "s16"  # type: ignore[attr-defined]
    frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), "s16", "stereo")
    frame.sample_rate = rate
    return b"".join(bytes(packet) for packet in [*coder.encode(frame), *coder.encode(None)])


def tones(rate: int, seconds: float) -> Samples:
    at = np.arange(int(rate * seconds)) / rate
    both = (12_000 * np.sin(2 * np.pi * 440 * at), 300 * np.sin(2 * np.pi * 650 * at))
    return np.ascontiguousarray(np.column_stack(both).astype(np.int16))


@pytest.mark.parametrize("encoding", ["alaw", "mulaw"])
def test_all_codes_of_a_byte_are_decoded_as_by_the_reference(encoding: Encoding) -> None:
    codes = bytes(range(256))
    decoder = av.CodecContext.create(f"pcm_{encoding}", "r")
    decoder.sample_rate, decoder.layout = 8000, "mono"  # type: ignore[attr-defined]
    (frame,) = decoder.decode(av.Packet(codes))
    assert to_pcm(codes, encoding) == frame.to_ndarray().astype("<i2").tobytes()


@pytest.mark.parametrize(
    ("encoding", "rate", "off"),
    [("alaw", 8000, 0.03), ("mulaw", 8000, 0.03), ("s16", 8000, 0.0), ("s16", 16_000, 0.0), ("s16", 48_000, 0.0)],
)
async def test_a_call_of_this_kind_is_recorded_as_it_was_spoken(
    room: Room, server: AudioServer, until: Until, encoding: Encoding, rate: int, off: float
) -> None:
    samples = tones(rate, 2.0)
    sound = encoded(samples, rate, encoding)
    audio = CallAudio("call-1", rate, encoding)
    call = room.interaction()
    state = await room.conversations.open_call(
        call, server.offer(audio), room.header(call), rate=rate, encoding=encoding
    )
    packet = rate // 50 * len(sound) // len(samples)  # 20 ms, as telephones send it
    for at in range(0, len(sound), packet):
        audio.append(sound[at : at + packet])
    await until(state, lambda now: now.recorded_seconds >= 2.0)
    audio.end()
    await room.conversations.end(call)
    kept = room.recordings.read(f"{call}.rec")
    assert kept.rate == rate
    heard = np.frombuffer(kept.pcm, "<i2").reshape(-1, 2)
    assert heard.shape == samples.shape
    assert (np.abs(heard - samples.astype(int)) <= 16 + off * np.abs(samples.astype(int))).all()
    assert off or np.array_equal(heard, samples)


async def test_a_broken_connection_goes_on_at_the_right_sample_of_telephone_packets(
    room: Room, server: AudioServer, until: Until
) -> None:
    samples = tones(8000, 3.0)
    sound = encoded(samples, 8000, "alaw")
    audio = CallAudio("call-1", 8000, "alaw")
    call = room.interaction()
    url = server.offer(audio)
    state = await room.conversations.open_call(call, url, room.header(call), encoding="alaw")
    audio.append(sound[:16_000])
    await until(state, lambda now: now.recorded_seconds >= 1.0)
    socket = room.conversations._intakes[call]._socket
    assert socket is not None
    socket.transport.abort()
    audio.append(sound[16_000:])
    audio.end()
    await room.conversations.end(call)
    assert room.recordings.read(f"{call}.rec").pcm == to_pcm(sound, "alaw")


@pytest.mark.parametrize(("encoding", "rate"), [("opus", 48_000), ("s16", 0), ("s16", 10**9)])
async def test_what_is_not_understood_is_said_and_not_recorded(room: Room, encoding: str, rate: int) -> None:
    call = room.interaction()
    state = await room.conversations.open_call(
        call, "ws://127.0.0.1:1/audio", room.header(call), rate=rate, encoding=encoding
    )
    assert "not recorded" in state.value.audio
    assert f"({encoding}, {rate} samples a second)" in state.value.audio
    assert room.notices[-1].text == state.value.audio


def says(sentence: str) -> Callable[[ConversationState], bool]:
    return lambda now: now.audio == sentence


async def test_what_the_turret_says_is_missing_stands_in_the_state_until_it_is_well(
    room: Room, server: AudioServer, until: Until
) -> None:
    audio = CallAudio("call-1", 8000)
    call = room.interaction()
    state = await room.conversations.open_call(call, server.offer(audio), room.header(call))
    audio.trouble = "The microphone is gone."
    audio.append(bytes(8000))
    await until(state, says("The microphone is gone."))
    assert room.notices[-1].text == "The microphone is gone."
    audio.trouble = ""
    audio.append(bytes(8000))
    await until(state, says(""))
    audio.end()
    await room.conversations.end(call)
    assert len(room.recordings.read(f"{call}.rec").pcm) == 16_000
