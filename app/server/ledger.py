"""What the server keeps of a firm's order: the interface, and what is read from it.

Everything that changes the order happens in a ``Turn``: one at a time per firm, over all processes, so that the order
of places is the order of commits and a reader that asks for places after a cursor misses none.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

import msgspec

from app.sync.chain import ChainEnd, Own
from app.sync.ground import Ground, Verdict, Wanted
from app.sync.protocol import Item, Stored


@dataclass(frozen=True, slots=True)
class Head:
    """The newest place of a firm's order, and since which restore it counts."""

    epoch: str
    place: int


class Listed(msgspec.Struct, frozen=True, gc=False):
    """An item as it is stored. ``site_only``: nobody but the site that wrote it sees it."""

    item: Item
    site_only: bool


@dataclass(frozen=True, slots=True)
class Batch:
    """Consecutive places ``after < seq <= upto``, whole transactions. ``head``: the newest place when it was read."""

    listed: Sequence[Listed]
    after: int
    upto: int
    head: int


@dataclass(frozen=True, slots=True)
class SnapshotPage:
    """Records of one scope in the order of table and id. ``at``: the head before they were read; ``total``: how many
    there were when the snapshot began, or another of the same scope."""

    records: Sequence[Stored]
    at: int
    more: bool
    total: int


class Turn(Protocol):
    """The firm's order, locked. Nothing of it counts unless the block that holds it ends without an exception."""

    async def end(self, site: str) -> ChainEnd:
        """The end of a site's chain; of one that never pushed, its beginning."""

    async def own(self) -> Own:
        """The server as a site of this firm."""

    async def ground(self, wanted: Wanted) -> Ground: ...

    async def gathering(self) -> bool:
        """Whether the server was restored, and a desk is still away that may hold what the backup does not know."""

    async def away(self, site: str) -> bool:
        """Whether the site has not returned since then."""

    async def returned(self, site: str) -> None:
        """The site has returned."""

    async def keep(self, verdict: Verdict, site: str) -> None:
        """Stores it; ``site`` is the one that pushed."""


class Ledger(Protocol):
    def locked(self, firm: str) -> AbstractAsyncContextManager[Turn]: ...

    async def head(self, firm: str) -> Head: ...

    async def base(self, firm: str, epoch: str) -> int:
        """The place up to which the order of an earlier epoch and that of now are the same; 0 if that is not known."""

    async def end(self, firm: str, site: str) -> ChainEnd: ...

    async def away(self, firm: str, site: str) -> bool:
        """As that of a turn."""

    async def items(self, firm: str, after: int, limit: int) -> Batch: ...

    async def snapshot(self, firm: str, scope: str, after: tuple[str, str], limit: int) -> SnapshotPage: ...
