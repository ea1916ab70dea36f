"""What desk and server say to each other, and how it is framed.

A frame is one byte of protocol version, one byte of flags and a MessagePack body (an array, its tag first). The same
frames travel over a websocket, one per binary message, and as bodies of ``POST`` where websockets do not get through.
"""

from __future__ import annotations

import zlib
from typing import Annotated, Literal, TypeAlias

import msgspec

VERSION = 1
MAX_FRAME = 8 * 1024 * 1024
"""Bytes of a frame, compressed or not; a larger one is refused unread."""
MAX_BATCH = 1000
"""Entries of one push and items of one page, where a single transaction is not longer."""

LONGEST_POLL = 25.0
"""Seconds that a pull over ``POST`` waits for something new."""

_COMPRESSED = 1
_WORTH_COMPRESSING = 512

LONGEST_NAME = 200
"""Characters of an id, a table's name, an actor: of what things are found by."""
Name: TypeAlias = Annotated[str, msgspec.Meta(max_length=LONGEST_NAME)]
Op: TypeAlias = Literal["insert", "update", "delete"]
Outcome: TypeAlias = Literal["applied", "merged", "rejected"]


class BadFrame(ValueError):
    """The bytes are not a frame of this protocol."""


class OtherVersion(BadFrame):
    """The frame is of a protocol version that is not spoken here."""


class _Message(msgspec.Struct, frozen=True, array_like=True, tag=True):
    pass


# -- what both directions carry


class Entry(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One entry of a site's chain as it was logged there.

    ``before`` and ``after`` are the logged JSON texts of the changed columns. ``hash`` covers them through
    ``commitment``, which is salted, so that a person's data can be erased from a chain that still verifies: an erased
    entry has neither texts nor salt.
    """

    id: Name
    site_seq: int
    hlc: Name
    actor: Name
    cause: Name
    cause_reference: Name | None
    transaction: Name
    table: Name
    record_id: Name
    op: Op
    before: str | None
    after: str | None
    schema_version: int
    salt: Name
    commitment: Name
    hash: Name


class Item(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One place in the server's order: an entry and what became of it.

    ``fields``: JSON text of the record as it stands on the server after this entry; of the fields that the entry
    touched, or of all where the record may be new to the reader (``whole``). None: the record is not there, or, where
    ``scope`` is empty, not (or no longer) for this reader to see. A rejected entry goes to its own site only, with the
    fields that its desk must show again.
    ``left`` is the scope that the record was in before, if it moved.
    """

    seq: int
    entry_id: str
    site: str
    site_seq: int
    hlc: str
    actor: str
    cause: str
    cause_reference: str | None
    transaction: str
    table: str
    record_id: str
    op: Op
    outcome: Outcome
    fields: str | None
    whole: bool
    scope: str
    left: str | None = None
    reason: str | None = None


class Stored(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A record of a snapshot: all its fields (JSON text) as of ``seq``."""

    table: str
    record_id: str
    fields: str
    scope: str
    seq: int


# -- desk to server


class Hello(_Message, frozen=True):
    """The first frame. ``epoch`` and ``cursor`` are what the desk has from the server, empty and 0 at first;
    ``written`` is the length of its own chain."""

    site: str
    app_version: str
    schema_version: int
    epoch: str
    cursor: int
    written: int


class Push(_Message, frozen=True):
    """Entries in the order of the site's chain, whole transactions only.

    ``withdrawn``: those transactions among them that were refused before and are not meant to be tried again.
    ``terms``, here and elsewhere: those of the last ``Welcome``.
    """

    entries: tuple[Entry, ...]
    withdrawn: Annotated[tuple[Name, ...], msgspec.Meta(max_length=5 * MAX_BATCH)] = ()
    terms: Name = ""


class Pull(_Message, frozen=True):
    """Asks for the items after ``cursor``. Where there are none yet, the answer waits until there are (over ``POST``,
    for at most ``LONGEST_POLL``). A newer pull replaces a waiting one."""

    cursor: int
    limit: int = MAX_BATCH
    terms: Name = ""


class SnapshotWanted(_Message, frozen=True):
    """Asks for the records of ``scope`` after ``(table, record_id)``; both empty at first."""

    scope: str
    table: str = ""
    record_id: str = ""
    limit: int = MAX_BATCH
    terms: Name = ""


class Reserve(_Message, frozen=True):
    """Asks that ``amount`` (decimal text, in the line's currency) of a credit line be held for this site.

    None asks for the server's usual share. The answer is an item of table ``credit_reserve``.
    """

    line_id: str
    amount: str | None = None


class Renew(_Message, frozen=True):
    """A fresh access token for this connection."""

    token: str


class Purged(_Message, frozen=True):
    """The desk has purged what ``Purge`` named."""

    scopes: tuple[str, ...]


class Returned(_Message, frozen=True):
    """To a restored server: all that an earlier epoch had accepted from here has been offered again. ``held``: by line,
    the credit that the desk held in that epoch (decimal text). The answer is another ``Welcome``."""

    held: Annotated[dict[Name, Name], msgspec.Meta(max_length=MAX_BATCH)]


# -- server to desk


class Welcome(_Message, frozen=True):
    """``received``: how many entries of this site's chain are durable here, ``previous`` the hash of the last of them.

    ``scopes`` are those that the device may hold. A desk whose ``epoch`` differs compares anew and offers again what is
    missing: ``base`` is the place up to which its epoch's order and this one are the same, 0 if nobody knows.
    ``away``: since the server was restored, this site has not ``Returned``. ``clock``: milliseconds since 1970.
    ``terms`` stands for the epoch and the scopes, and is another when they have changed, if only for a while: what the
    desk asks shows under which it asks, since a message that comes over ``POST`` stands alone.
    """

    epoch: str
    head: int
    received: int
    previous: str
    scopes: tuple[str, ...]
    clock: int
    schema_version: int
    base: int = 0
    away: bool = False
    terms: str = ""


class Receipt(_Message, frozen=True):
    """The entries up to ``received`` are durable; what became of them is in the items."""

    received: int
    head: int


class Page(_Message, frozen=True):
    """Items in order, whole transactions: those after place ``after`` up to ``upto``, the cursor after it; places
    between that hold nothing for this desk are left out. ``head``: the newest place there is. ``terms``, as with a
    snapshot: those of the question."""

    items: tuple[Item, ...]
    after: int
    upto: int
    head: int
    terms: str = ""


class Snapshot(_Message, frozen=True):
    """A page of a scope's records. ``at`` is the server's head when it was read; ``more`` says that others follow."""

    scope: str
    records: tuple[Stored, ...]
    at: int
    more: bool
    total: int
    terms: str = ""


class Purge(_Message, frozen=True):
    """The device may no longer hold these scopes; ``everything``: it is revoked and keeps nothing."""

    scopes: tuple[str, ...]
    everything: bool = False


class Renewed(_Message, frozen=True):
    expires: int


class Failure(_Message, frozen=True):
    """``code``: ``token-expired``, ``not-allowed``, ``too-old``, ``out-of-order``, ``broken-chain``, ``malformed``,
    ``oversize``, ``busy``, ``other-terms`` (greet once more). ``reason`` is a sentence for the user. ``retry`` says
    that trying again later can help."""

    code: str
    reason: str
    retry: bool = False
    received: int | None = None


FromDesk: TypeAlias = Hello | Push | Pull | SnapshotWanted | Reserve | Renew | Purged | Returned
FromServer: TypeAlias = Welcome | Receipt | Page | Snapshot | Purge | Renewed | Failure

_encoder = msgspec.msgpack.Encoder()
_from_desk: msgspec.msgpack.Decoder[FromDesk] = msgspec.msgpack.Decoder(FromDesk)
_from_server: msgspec.msgpack.Decoder[FromServer] = msgspec.msgpack.Decoder(FromServer)


def encode(message: FromDesk | FromServer) -> bytes:
    body = _encoder.encode(message)
    if len(body) < _WORTH_COMPRESSING:
        return bytes((VERSION, 0)) + body
    return bytes((VERSION, _COMPRESSED)) + zlib.compress(body, 1)


def read_from_desk(frame: bytes) -> FromDesk:
    """Raises BadFrame, OtherVersion."""
    try:
        return _from_desk.decode(_body(frame))
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise BadFrame(f"The frame could not be read: {error}.") from error


def read_from_server(frame: bytes) -> FromServer:
    """Raises BadFrame, OtherVersion."""
    try:
        return _from_server.decode(_body(frame))
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise BadFrame(f"The frame could not be read: {error}.") from error


def _body(frame: bytes) -> bytes:
    if len(frame) < 3 or len(frame) > MAX_FRAME:
        raise BadFrame(f"A frame has 3 to {MAX_FRAME} bytes, not {len(frame)}.")
    if frame[0] != VERSION:
        raise OtherVersion(f"Protocol version {frame[0]} is not spoken here; this is version {VERSION}.")
    if not frame[1] & _COMPRESSED:
        return frame[2:]
    unpacker = zlib.decompressobj()
    try:
        body = unpacker.decompress(frame[2:], MAX_FRAME)
    except zlib.error as error:
        raise BadFrame("The frame's compressed body is damaged.") from error
    if unpacker.unconsumed_tail or not unpacker.eof:
        raise BadFrame("The frame's body is larger than allowed, or cut off.")
    return body
