"""The server's side of a connection, as thin as it can be: all decisions are in the rooms under test."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from app.sync import authority
from app.sync.authority import Author, BadPush, Occasion
from app.sync.protocol import (
    Failure,
    FromDesk,
    FromServer,
    Hello,
    Op,
    Page,
    Pull,
    Purge,
    Push,
    Receipt,
    Reserve,
    Snapshot,
    SnapshotWanted,
    Welcome,
)
from tests.simulation.ledger import MemoryLedger, run

FIRM = "firm"


@dataclass
class Device:
    """What an administrator said of a desk. ``scope`` takes what hangs on no customer."""

    scope: str
    holds: frozenset[str]


def may(actor: str, table: str, op: Op, fields: Collection[str], scope: str) -> str | None:
    if actor == "intern" and "title" in fields and op == "update":
        return "Titles are not for interns to change."
    return None


class Connection:
    """Lives in a server process; ``devices`` and the ledger are shared by all of them."""

    def __init__(
        self,
        ledger: MemoryLedger,
        devices: dict[str, Device],
        now: Callable[[], int],
        new_id: Callable[[], str],
        page: int,
    ) -> None:
        self._ledger, self._devices, self._now, self._new_id, self._page = ledger, devices, now, new_id, page
        self.site = ""
        self._waiting: Pull | None = None

    def handle(self, message: FromDesk) -> list[FromServer]:
        match message:
            case Hello():
                self.site = message.site
                return [self._welcome(message)]
            case Push():
                return [self._push(message)]
            case Pull():
                self._waiting = message
                return self.poll()
            case SnapshotWanted():
                return [self._snapshot(message)]
            case Reserve():
                self._reserve(message)
        return []

    def poll(self) -> list[FromServer]:
        """The answer to a pull that waits, if there is one now."""
        pull = self._waiting
        if pull is None:
            return []
        batch = run(self._ledger.items(FIRM, pull.cursor, min(pull.limit, self._page)))
        if batch.upto <= pull.cursor:
            return []
        self._waiting = None
        holds = self._devices[self.site].holds
        seen = (authority.visible(each.item, each.site_only, self.site, holds) for each in batch.listed)
        return [Page(tuple(each for each in seen if each is not None), batch.after, batch.upto, batch.head)]

    def purge(self, scopes: Collection[str]) -> FromServer:
        return Purge(tuple(sorted(scopes)))

    def _welcome(self, hello: Hello) -> Welcome:
        head, end = run(self._ledger.head(FIRM)), run(self._ledger.end(FIRM, self.site))
        base = run(self._ledger.base(FIRM, hello.epoch))
        holds = tuple(sorted(self._devices[self.site].holds))
        return Welcome(head.epoch, head.place, end.received, end.hash, holds, self._now(), 3, base)

    def _push(self, push: Push) -> FromServer:
        try:
            return run(self._judge(push))
        except BadPush as refusal:
            received = run(self._ledger.end(FIRM, self.site)).received
            return Failure(refusal.code, str(refusal), received=received)

    async def _judge(self, push: Push) -> Receipt:
        async with self._ledger.locked(FIRM) as turn:
            end = await turn.end(self.site)
            entries = authority.fresh(push.entries, end)
            if entries:
                ground = await turn.ground(authority.wanted(entries))
                verdict = authority.judge(entries, end, self._author(), ground, await turn.own(), push.withdrawn)
                await turn.keep(verdict, self.site)
                end = verdict.site_end
        return Receipt(end.received, (await self._ledger.head(FIRM)).place)

    def _snapshot(self, wanted: SnapshotWanted) -> Snapshot:
        if wanted.scope not in self._devices[self.site].holds:
            return Snapshot(wanted.scope, (), run(self._ledger.head(FIRM)).place, False, 0)
        after = (wanted.table, wanted.record_id)
        page = run(self._ledger.snapshot(FIRM, wanted.scope, after, min(wanted.limit, self._page)))
        return Snapshot(wanted.scope, tuple(page.records), page.at, page.more, page.total)

    def _reserve(self, asked: Reserve) -> None:
        run(self._hold(asked))

    async def _hold(self, asked: Reserve) -> None:
        async with self._ledger.locked(FIRM) as turn:
            ground = await turn.ground(authority.wanted_to_hold(asked.line_id))
            occasion = Occasion(None, self._new_id(), 3)
            verdict = authority.hold(asked.line_id, asked.amount, self._author(), occasion, ground, await turn.own())
            if verdict is not None:
                await turn.keep(verdict, None)

    def _author(self) -> Author:
        device = self._devices[self.site]
        return Author(self.site, device.scope, device.holds, may)
