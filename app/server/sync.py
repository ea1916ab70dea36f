"""One desk's conversation with the server: messages in, messages out, on a ledger, without sockets.

Used by the websocket, by ``POST /sync`` and by the simulation. Messages of one connection are handled one after the
other. What is refused is refused with a reason, and logged without anything that a customer said.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass

from app.server.ledger import Batch, Ledger, Turn
from app.server.rights import KNOWN_TABLES, everything
from app.sync import authority
from app.sync.chain import BadPush, fresh
from app.sync.ground import Author, Rights, Verdict
from app.sync.policies import EVERYBODY
from app.sync.protocol import (
    MAX_BATCH,
    Failure,
    FromDesk,
    FromServer,
    Hello,
    Item,
    Op,
    Page,
    Pull,
    Purge,
    Purged,
    Push,
    Receipt,
    Renew,
    Reserve,
    Returned,
    Snapshot,
    SnapshotWanted,
    Welcome,
)
from app.sync.scopes import desk_scope

log = logging.getLogger(__name__)

OLDEST_SCHEMA = 3
"""Of the desks that are spoken to."""
LARGEST_PUSH = 5 * MAX_BATCH
"""Entries; only a transaction of more than ``MAX_BATCH`` makes a push that long."""
_PLACES_UNSEEN = 5 * MAX_BATCH
"""After so many places that hold nothing for a desk it hears how far it is, so as not to begin before them again."""

Compute = Callable[[Callable[[], Verdict]], Awaitable[Verdict]]
"""Runs what takes a while; the server does so beside its event loop."""


async def at_once(work: Callable[[], Verdict]) -> Verdict:
    return work()


@dataclass(frozen=True, slots=True)
class Device:
    """An enrolled desk as it stands now. ``site`` is its database, ``desk`` the name of the desk it stands at.

    ``users``: who has signed in there and still may. ``terms`` stands for the firm's epoch and what the device holds,
    and never comes again once they have changed.
    ``history``: entries of its chain up to here were made before it came to the server, with leave to bring them along.
    """

    firm: str
    id: str
    site: str
    desk: str
    holds: frozenset[str]
    may: Rights
    revoked: bool = False
    history: int = 0
    users: frozenset[str] = frozenset()
    terms: str = ""

    @property
    def scopes(self) -> tuple[str, ...]:
        """What is for everybody first: the rest refers to it."""
        return tuple(sorted(self.holds, key=lambda scope: (scope != EVERYBODY, scope)))


class Connection:
    """``waiting_at`` is the place after which a pull waits for something new, None where none does.

    ``alone``: for one message that came by itself, of a desk that was greeted elsewhere and may not know how it stands.
    ``newest``: the newest place that the process has heard of, if it hears of each one that follows; else -1.
    """

    def __init__(
        self,
        ledger: Ledger,
        device: Device,
        *,
        now: Callable[[], int],
        schema_version: int,
        compute: Compute = at_once,
        alone: bool = False,
        newest: Callable[[], int] = lambda: -1,
    ) -> None:
        self._ledger = ledger
        self._now = now
        self._schema_version = schema_version
        self._compute = compute
        self._greeted = self._alone = alone
        self._newest = newest
        self._cursor, self._terms = 0, ""  # of the pull that waits
        self.device = device
        self.waiting_at: int | None = None

    async def handle(self, message: FromDesk) -> list[FromServer]:
        if self.device.revoked:
            return [Purge((), everything=True)]
        if isinstance(message, Hello):
            return await self._hello(message)
        if not self._greeted:
            return [self._refused(Failure("malformed", "The first message must be a greeting."))]
        known = message.terms if self._alone and isinstance(message, Push | Pull | SnapshotWanted) else ""
        if known not in ("", self.device.terms):
            return [Failure("other-terms", "What this desk may hold has changed, or the server.", retry=True)]
        match message:
            case Push():
                return [await self._push(message)]
            case Pull():
                self._cursor = self.waiting_at = max(message.cursor, 0)
                self._terms = message.terms
                if self._cursor == self._newest():
                    return []
                return await self.catch_up(min(max(message.limit, 1), MAX_BATCH))
            case SnapshotWanted():
                return [await self._snapshot(message)]
            case Reserve():
                await self._reserve(message)
                return []
            case Returned():
                return [await self._returned(message)]
            case Renew() | Purged():  # the door's, which knows tokens and devices
                return []

    async def catch_up(self, limit: int = MAX_BATCH) -> list[FromServer]:
        """Answers a waiting pull from the ledger, if there is something to answer."""
        while self.waiting_at is not None:
            place = self.waiting_at
            batch = await self._ledger.items(self.device.firm, place, limit)
            if self.waiting_at != place:  # a newer pull, or news, came first
                return []
            if place > batch.head:  # it waits for what is new, as all do: who waits elsewhere costs the others
                self._cursor = self.waiting_at = batch.head
                return []
            answers = self.news(batch)
            if answers or batch.upto >= batch.head:
                return answers
        return []

    def news(self, batch: Batch) -> list[FromServer]:
        """Offers new places to a waiting pull. Nothing happens if places before them are missing here."""
        place = self.waiting_at
        if place is None or not batch.after <= place < batch.upto:
            return []
        items = self._visible(batch, place)
        if not items and batch.upto - self._cursor < _PLACES_UNSEEN:
            self.waiting_at = batch.upto
            return []
        self.waiting_at = None
        return [Page(items, self._cursor, batch.upto, max(batch.head, batch.upto), self._terms)]

    def give_up_waiting(self) -> list[FromServer]:
        """Ends a waiting pull with nothing: over ``POST`` it may wait only so long."""
        if self.waiting_at is None:
            return []
        upto, self.waiting_at = self.waiting_at, None
        return [Page((), self._cursor, upto, upto, self._terms)]

    async def update(self, device: Device) -> list[FromServer]:
        """An administrator changed something about the device."""
        before, self.device = self.device, device
        if device.revoked:
            return [Purge((), everything=True)]
        if not self._greeted or device.terms == before.terms:
            return []
        return [await self._welcome("")]

    # -- messages

    async def _hello(self, message: Hello) -> list[FromServer]:
        if message.site != self.device.site:
            failure = Failure(
                "not-allowed", "This desk's records are not those that were enrolled with the server. Enrol it again."
            )
            return [self._refused(failure)]
        if message.schema_version < OLDEST_SCHEMA:
            failure = Failure(
                "too-old",
                f"Deskline {message.app_version} is too old for this server. Update it; nothing is lost until then.",
            )
            return [self._refused(failure)]
        self._greeted = True
        return [await self._welcome(message.epoch)]

    async def _welcome(self, epoch: str) -> Welcome:
        device, ledger = self.device, self._ledger
        head, end = await ledger.head(device.firm), await ledger.end(device.firm, device.site)
        base = await ledger.base(device.firm, epoch) if epoch else 0
        away = await ledger.away(device.firm, device.site)
        return Welcome(
            head.epoch, head.place, end.received, end.hash, device.scopes, self._now(), self._schema_version, base,
            away, device.terms,
        )  # fmt: skip

    async def _push(self, message: Push) -> Receipt | Failure:
        device = self.device
        if len(message.entries) > LARGEST_PUSH:
            return self._refused(Failure("oversize", "Too many changes at once."))
        async with self._ledger.locked(device.firm) as turn:
            end = await turn.end(device.site)
            try:
                new = fresh(message.entries, end)
                may = device.may
                if end.received < device.history:  # the rest of the push follows by itself
                    may, new = everything, [entry for entry in new if entry.site_seq <= device.history]
                ground, own = await turn.ground(authority.wanted(new)), await turn.own()
                closed = await turn.gathering() and not await turn.away(device.site)
                author = Author(device.site, desk_scope(device.desk), device.holds, may, closed)
                withdrawn = frozenset(message.withdrawn)
                verdict = await self._compute(lambda: authority.judge(new, end, author, ground, own, withdrawn))
            except BadPush as refusal:
                return self._refused(Failure(refusal.code, str(refusal), received=end.received))
            if verdict.placed:
                await turn.keep(verdict, device.site)
        received = end.received if verdict.site_end is None else verdict.site_end.received
        self._log_rejections(verdict)
        return Receipt(received, verdict.head)

    async def _snapshot(self, message: SnapshotWanted) -> Snapshot | Purge:
        if message.scope not in self.device.holds:
            self._log_refusal("not-allowed")
            return Purge((message.scope,))
        after, limit = (message.table, message.record_id), min(max(message.limit, 1), MAX_BATCH)
        page = await self._ledger.snapshot(self.device.firm, message.scope, after, limit)
        return Snapshot(message.scope, tuple(page.records), page.at, page.more, page.total, message.terms)

    async def _reserve(self, message: Reserve) -> None:
        device = self.device
        async with self._ledger.locked(device.firm) as turn:
            held = await self._hold(turn, message.line_id, message.amount, closed=await turn.gathering())
        if not held:
            self._log_refusal("not-held")

    async def _returned(self, message: Returned) -> Welcome:
        device = self.device
        async with self._ledger.locked(device.firm) as turn:
            if await turn.away(device.site):
                for line_id, amount in sorted(message.held.items()):
                    await self._hold(turn, line_id, amount)
                await turn.returned(device.site)
        return await self._welcome("")

    async def _hold(self, turn: Turn, line_id: str, amount: str | None, *, closed: bool = False) -> bool:
        device = self.device
        ground, own = await turn.ground(authority.wanted_to_hold(line_id)), await turn.own()
        author = Author(device.site, desk_scope(device.desk), device.holds, self._may_use_credit, closed)
        occasion = authority.Occasion(None, own.new_id(), self._schema_version)
        verdict = authority.hold(line_id, amount, author, occasion, ground, own)
        if verdict is not None:
            await turn.keep(verdict, device.site)
        return verdict is not None

    # -- parts

    def _may_use_credit(self, _: str, table: str, op: Op, fields: Collection[str], scope: str) -> str | None:
        """A desk holds credit for those who deal there."""
        said = [self.device.may(f"user:{user}", table, op, fields, scope) for user in self.device.users]
        return None if None in said or not said else said[0]

    def _visible(self, batch: Batch, after: int) -> tuple[Item, ...]:
        site, holds = self.device.site, self.device.holds
        seen = (
            authority.visible(each.item, each.site_only, site, holds) for each in batch.listed if each.item.seq > after
        )
        return tuple(item for item in seen if item is not None)

    def _refused(self, failure: Failure) -> Failure:
        self._log_refusal(failure.code)
        return failure

    def _log_refusal(self, code: str) -> None:
        log.warning("refused", extra={"device": self.device.id, "code": code})

    def _log_rejections(self, verdict: Verdict) -> None:
        tables = [placed.item.table for placed in verdict.placed if placed.item.outcome == "rejected"]
        if tables:
            known = sorted({table if table in KNOWN_TABLES else "unknown" for table in tables})
            log.info("rejected", extra={"device": self.device.id, "entries": len(tables), "tables": known})
