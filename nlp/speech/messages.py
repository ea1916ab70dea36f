"""What the application and the speech process say to each other: length-prefixed MessagePack frames."""

from __future__ import annotations

import struct
from typing import Literal

import msgspec

from nlp.audio.channels import Channel
from nlp.language.model import Analysis, Header, Reference, Timed, Turn, Who
from nlp.masking import MaskedSpan

LENGTH = struct.Struct("<I")
LONGEST_FRAME = 64 << 20


class Message(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """Base of all messages; the type's name travels as the tag."""


class Open(Message, frozen=True, kw_only=True):
    """Begin, or after a restart continue, a conversation. Turns before ``seq`` have been transcribed already.

    Without ``sound`` the turns are all there is, of a call too: they are read as they stand."""

    id: str
    header: Header
    reference: Reference
    rate: int = 8000
    seq: int = 0
    turns: tuple[Turn, ...] = ()
    heard: dict[str, float] = {}  # side -> seconds up to which it was transcribed
    sound: bool = True


class Refer(Message, frozen=True, kw_only=True):
    """Other instruments, names or header, as when the customer becomes known during the call."""

    id: str
    header: Header
    reference: Reference


class Audio(Message, frozen=True, kw_only=True):
    """16-bit PCM of one side beginning ``at`` samples into the call. Overlap with earlier sound is ignored."""

    id: str
    channel: Channel
    at: int
    pcm: bytes


class Said(Message, frozen=True, kw_only=True):
    """A chat message."""

    id: str
    turn: Turn


class Finish(Message, frozen=True, kw_only=True):
    """Nothing more will come: make the careful pass and the last analysis."""

    id: str


class Forget(Message, frozen=True, kw_only=True):
    """Drop the conversation without an answer."""

    id: str


class Ready(Message, frozen=True, kw_only=True):
    """Conversations can be opened. ``speech``: a sentence why calls cannot be transcribed; chats work even so."""

    model: str
    speech: str = ""


class Segment(Message, frozen=True, kw_only=True):
    """A finished utterance with the times of its words. ``latency``: seconds from the arrival of its last speech to
    this message. ``guessed``: the call has one channel, and who spoke is open."""

    id: str
    seq: int
    who: Who
    start: float
    end: float
    text: str
    pass_: Literal["live", "final"] = msgspec.field(default="live", name="pass")
    latency: float = 0.0
    words: tuple[Timed, ...] = ()
    guessed: bool = False

    @property
    def turn(self) -> Turn:
        return Turn(self.who, self.start, self.end, self.text, self.words, self.guessed)


class Partial(Message, frozen=True, kw_only=True):
    """Words of an utterance that still runs; replaces the earlier ones of this side. Empty text takes them back."""

    id: str
    who: Who
    start: float
    text: str


class Facts(Message, frozen=True, kw_only=True):
    """What is understood so far."""

    id: str
    analysis: Analysis
    summary: str


class Finished(Message, frozen=True, kw_only=True):
    """The careful pass and what is understood from it. ``turns`` are as heard, masked where need be; the analysis
    has the repaired ones. ``masked``: what must not be heard either."""

    id: str
    turns: tuple[Turn, ...]
    analysis: Analysis
    summary: str
    masked: tuple[MaskedSpan, ...] = ()


class Failed(Message, frozen=True, kw_only=True):
    """One conversation could not be worked on; ``reason`` is a sentence."""

    id: str
    reason: str


class Pulse(Message, frozen=True, kw_only=True):
    """Sign of life. ``lag``: seconds of speech not yet transcribed; ``heard``: seconds settled per side."""

    id: str
    lag: float
    heard: dict[str, float]


class Alive(Message, frozen=True, kw_only=True):
    """Sign of life of the process itself."""


Request = Open | Refer | Audio | Said | Finish | Forget
Event = Segment | Partial | Facts | Finished | Failed | Pulse
Reply = Event | Ready | Alive

_encoder = msgspec.msgpack.Encoder(decimal_format="string")
_requests: msgspec.msgpack.Decoder[Request] = msgspec.msgpack.Decoder(Request)
_replies: msgspec.msgpack.Decoder[Reply] = msgspec.msgpack.Decoder(Reply)


def pack(message: Message) -> bytes:
    body = _encoder.encode(message)
    return LENGTH.pack(len(body)) + body


def request(body: bytes) -> Request:
    return _requests.decode(body)


def reply(body: bytes) -> Reply:
    return _replies.decode(body)
