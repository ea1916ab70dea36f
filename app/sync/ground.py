"""What the server loads to judge a push, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from app.sync.chain import ChainEnd
from app.sync.merge import State
from app.sync.protocol import Entry, Item, Op

Key = tuple[str, str]
"""Table and record id."""

Rights = Callable[[str, str, Op, Collection[str], str], str | None]
"""``(actor, table, op, fields, scope)`` -> the sentence why not, or None if it is allowed."""


@dataclass(frozen=True, slots=True)
class Author:
    """The site that pushes. ``scope`` takes what hangs on no customer; ``holds`` are the scopes of its device.
    ``closed``: it gets no credit but what is reserved for it: others may hold what the server does not know of."""

    site: str
    scope: str
    holds: frozenset[str]
    may: Rights
    closed: bool = False


@dataclass(frozen=True, slots=True)
class Wanted:
    """``unique``: table and value of its unique field. ``below``: records of which all that hangs on them is needed,
    and what they hang on themselves by any of their fields. ``again``: those of which it is needed if they are there
    already."""

    keys: frozenset[Key]
    unique: frozenset[tuple[str, str]] = frozenset()
    below: frozenset[Key] = frozenset()
    again: frozenset[Key] = frozenset()


@dataclass(frozen=True, slots=True)
class Ground:
    """What was loaded. Records that are not there are absent from ``states``; deleted ones are there.

    ``unique``: who has a value, among records that are not deleted. ``below``: all that hangs on a record, directly or
    not, also where the record itself is not there (yet); the states of these are in ``states`` too.
    """

    head: int
    states: Mapping[Key, State]
    unique: Mapping[tuple[str, str], str] = field(default_factory=dict)  # -> record id
    below: Mapping[Key, Sequence[Key]] = field(default_factory=dict)


class Placed(msgspec.Struct, frozen=True, gc=False):
    """An entry with its place in the firm's order. ``site_only``: nobody but the site that wrote it sees the item."""

    entry: Entry
    item: Item
    site_only: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to store: the entries in order, the records that changed, the ends of both chains, the new head.

    ``site_end`` is None where only the server wrote. ``erased``: records of which all that earlier places say goes.
    """

    placed: Sequence[Placed]
    states: Mapping[Key, State]
    site_end: ChainEnd | None
    own_end: ChainEnd
    head: int
    erased: Collection[Key] = ()
