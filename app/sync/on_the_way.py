"""What of the desk's own log is on its way to the server: some pushes at once, in order."""

from __future__ import annotations

from app.sync.desk_store import DeskStore
from app.sync.protocol import MAX_BATCH, Push

_PUSHES = 2
"""On their way at once."""


class OnTheWay:
    """``received``: entries of the own chain that are durable at the server, once it has said so."""

    def __init__(self, store: DeskStore) -> None:
        self._store = store
        self.received = 0
        self._sent = self._pushes = 0  # entries that are on their way there or durable; pushes on their way

    @property
    def full(self) -> bool:
        """Whether as much is on its way as may be."""
        return self._pushes == _PUSHES

    def opened(self) -> None:
        """Nothing is on its way on a new connection."""
        self._pushes = 0

    def welcomed(self, received: int) -> None:
        self.received = received
        if not self._pushes:
            self._sent = received

    def arrived(self, received: int) -> None:
        """A push was answered. What the server did not take of it goes again, once none is on its way."""
        self._pushes = max(self._pushes - 1, 0)
        self.welcomed(received)

    def next(self, terms: str, again: int | None = None) -> list[Push]:
        """What can go now; ``again``: only transactions of which a part is up to this entry."""
        out: list[Push] = []
        while not self.full:
            going = self._store.outgoing(self._sent, MAX_BATCH)
            entries = going.entries
            if again is not None:
                first = {each.transaction for each in entries if each.site_seq <= again}
                entries = tuple(each for each in entries if each.transaction in first)
            if not entries:
                break
            self._pushes, self._sent = self._pushes + 1, entries[-1].site_seq
            out.append(Push(entries, going.withdrawn, terms))
        return out
