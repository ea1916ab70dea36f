"""The chains of entries as the server sees them: the end of one, whether a push continues it, and the server's own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from app.records.codec import compact
from app.records.hlc import following
from app.records.log import commitment_of, entry_hash
from app.sync.protocol import Entry, Op


class BadPush(Exception):
    """The push as a whole cannot be judged: ``code`` as in ``protocol.Failure``. Nothing of it was taken."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


@dataclass(frozen=True, slots=True)
class ChainEnd:
    """How long a site's chain is here, the hash of its last entry, and its clock."""

    received: int
    hash: str
    hlc: str

    def after(self, entry: Entry) -> ChainEnd:
        return ChainEnd(entry.site_seq, entry.hash, max(self.hlc, entry.hlc))


@dataclass(frozen=True, slots=True)
class Occasion:
    """What an entry of the server's own is written for."""

    id: str | None
    transaction: str
    schema_version: int


@dataclass(frozen=True, slots=True)
class Own:
    """The server as a site of its own in this firm: it writes conflicts, credit reserves and moves between scopes."""

    site: str
    end: ChainEnd
    now: int  # milliseconds since 1970
    new_id: Callable[[], str]
    new_salt: Callable[[], str]

    def entry(
        self,
        end: ChainEnd,
        cause: Entry | Occasion,
        key: tuple[str, str],
        op: Op,
        after: dict[str, Any] | None,
        kind: str = "sync",
    ) -> Entry:
        """The next entry of the server's chain, which ends at ``end``; ``kind`` of the cause."""
        text, salt = None if after is None else compact(after), self.new_salt()
        entry = Entry(
            self.new_id(), end.received + 1, following(end.hlc, self.now), "system:server", kind, cause.id,
            cause.transaction, *key, op, None, text, cause.schema_version, salt, commitment_of(salt, None, text), "",
        )  # fmt: skip
        return msgspec.structs.replace(entry, hash=entry_hash(end.hash, self.site, entry))


def fresh(entries: Sequence[Entry], end: ChainEnd) -> Sequence[Entry]:
    """Those that are not here yet: a push that is repeated changes nothing."""
    return [entry for entry in entries if entry.site_seq > end.received]


def check_chain(entries: Iterable[Entry], site: str, end: ChainEnd) -> None:
    """Raises BadPush where the entries do not continue the site's chain."""
    previous, expected = end.hash, end.received + 1
    for entry in entries:
        if entry.site_seq != expected:
            raise BadPush("out-of-order", f"Entry {expected} was expected, {entry.site_seq} came.")
        if is_erased(entry):
            whole = entry.before is None and entry.after is None
        else:
            whole = commitment_of(entry.salt, entry.before, entry.after) == entry.commitment
        if not whole:
            raise BadPush("broken-chain", f"Entry {entry.site_seq} is not what was logged.")
        if entry_hash(previous, site, entry) != entry.hash:
            raise BadPush("broken-chain", f"Entry {entry.site_seq} does not continue the log of this desk.")
        previous, expected = entry.hash, expected + 1


def is_erased(entry: Entry) -> bool:
    """Whether its texts were taken out for good: the chain still verifies, but nobody knows what it said."""
    return not entry.salt
