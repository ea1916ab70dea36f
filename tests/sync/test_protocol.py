"""Frames: what goes in comes out, and what is no frame is refused."""

from __future__ import annotations

import zlib

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.sync.protocol import (
    MAX_FRAME,
    VERSION,
    BadFrame,
    Failure,
    Hello,
    Item,
    OtherVersion,
    Page,
    Pull,
    Push,
    Receipt,
    Reserve,
    SnapshotWanted,
    Welcome,
    encode,
    read_from_desk,
    read_from_server,
)

HELLO = Hello("site", "1.0", 3, "epoch", 7, 9)


@pytest.mark.parametrize("message", [HELLO, Push(()), Pull(3), SnapshotWanted("*"), Reserve("line", "10.5")])
def test_what_a_desk_says_arrives(message: Hello) -> None:
    assert read_from_desk(encode(message)) == message


@pytest.mark.parametrize(
    "message",
    [
        Welcome("e", 1, 2, "hash", ("*", "desk:emea"), 1, 3, 4),
        Receipt(1, 2),
        Page((), 1, 2, 3),
        Failure("busy", "Later.", retry=True),
    ],
)
def test_what_the_server_says_arrives(message: Welcome) -> None:
    assert read_from_server(encode(message)) == message


def test_large_frames_are_compressed() -> None:
    item = Item(1, "e", "s", 1, "h", "a", "user", None, "t", "contact", "c", "update", "applied", "{}", False, "*")
    frame = encode(Page((item,) * 200, 0, 200, 200))
    assert len(frame) < 2000
    assert read_from_server(frame) == Page((item,) * 200, 0, 200, 200)


def test_a_desk_cannot_speak_for_the_server() -> None:
    with pytest.raises(BadFrame):
        read_from_desk(encode(Receipt(1, 2)))


@given(st.binary(max_size=200))
@example(b"\x00\x91\xa9\x00\x00\x00\x00\x00\x00\x00\x00\x80")  # text that is no UTF-8
@example(b"\x00" + b"\x91" * 5_000)  # too deep
def test_noise_is_refused(noise: bytes) -> None:
    for read in (read_from_desk, read_from_server):
        try:
            message = read(bytes((VERSION,)) + noise)
        except BadFrame:
            continue
        assert isinstance(message, msgspec.Struct)


@given(st.integers(0, 200))
def test_a_frame_that_was_cut_off_is_refused(length: int) -> None:
    frame = encode(Push((), tuple(f"transaction {number}" for number in range(100))))
    with pytest.raises(BadFrame):
        read_from_desk(frame[: min(length, len(frame) - 1)])


def test_another_version_is_told_apart() -> None:
    with pytest.raises(OtherVersion, match="version 99"):
        read_from_desk(b"\x63" + encode(HELLO)[1:])


def test_an_oversized_frame_is_refused_however_it_is_packed() -> None:
    with pytest.raises(BadFrame, match="bytes"):
        read_from_desk(bytes((VERSION, 0)) + bytes(MAX_FRAME))
    bomb = zlib.compress(bytes(MAX_FRAME + 1))
    assert len(bomb) < 10_000
    with pytest.raises(BadFrame, match="larger than allowed"):
        read_from_desk(bytes((VERSION, 1)) + bomb)


def test_a_damaged_body_is_refused() -> None:
    for body in (b"\x00\x01\x02", zlib.compress(bytes(100))[:-3]):
        with pytest.raises(BadFrame):
            read_from_desk(bytes((VERSION, 1)) + body)
