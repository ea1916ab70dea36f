"""What host page and agent say to each other over the ``/web`` socket: JSON arrays, the kind first.

A host page is the window that opens web apps and carries their messages. It numbers the message ports of its apps,
and names the windows they live in; the name of a window that the agent had opened is the agent's.
"""

from __future__ import annotations

import msgspec
from msgspec import Raw

READ_ERRORS = (msgspec.MsgspecError, UnicodeError, RecursionError)


class FromPage(msgspec.Struct, array_like=True, tag=lambda name: name.lower()):
    pass


class Join(FromPage):
    """The first frame. ``page`` is made up by the script when it is loaded: another one is another load of the page."""

    secret: str
    page: str

    def __repr__(self) -> str:  # the secret must not reach a log
        return "Join()"


class Hello(FromPage):
    """A page said ``WCP1Hello`` and was given a port."""

    port: int
    window: str
    origin: str
    """As the browser vouches for it."""
    message: Raw


class Message(FromPage):
    port: int
    message: Raw


class Opened(FromPage):
    """The answer to ``open``: whether the browser let the window be opened."""

    open_id: int
    done: bool


class Gone(FromPage):
    """A window has been closed, or a frame removed."""

    window: str


FRAMES = Join | Hello | Message | Opened | Gone
_decoder: msgspec.json.Decoder[FRAMES] = msgspec.json.Decoder(FRAMES)
_encoder = msgspec.json.Encoder()


def decode(data: bytes) -> FRAMES | None:
    """A frame of a host page; None for anything else."""
    try:
        return _decoder.decode(data)
    except READ_ERRORS:
        return None


def joined(ports: list[int], secret: str) -> bytes:
    """The page is let in; ``ports`` are those that go on living, ``secret`` is what it comes back with."""
    return _encoder.encode(("joined", ports, secret))


def message(port: int, data: bytes) -> bytes:
    return b'["message",%d,%b]' % (port, data)


def shut(port: int) -> bytes:
    """Nothing more will come through a port."""
    return _encoder.encode(("shut", port))


def open_window(open_id: int, url: str, window: str, title: str) -> bytes:
    return _encoder.encode(("open", open_id, url, window, title))


def close_window(window: str) -> bytes:
    return _encoder.encode(("close", window))


LOOK = b'["look"]'
"""Look at once which windows have been closed."""
