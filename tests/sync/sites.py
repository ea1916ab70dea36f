"""Sites that push to a server's judgement without connections between."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import Any

from app.records.hlc import pack
from app.sync import authority
from app.sync.authority import Author, Occasion, Verdict
from app.sync.protocol import Entry, Item, Op
from app.sync.replica import Key
from tests.simulation.disk import Chain
from tests.simulation.ledger import MemoryLedger, run

NOW = 1_770_000_000_000
ALL = frozenset({"*", "desk:emea", "desk:apac", "book:flow"})


class Server:
    """A ledger and what a connection does with it, without the connection."""

    def __init__(self) -> None:
        self._numbers = count(1)
        self.ledger = MemoryLedger(lambda: NOW, self.new_id)
        self.ledger.found("firm", "epoch")

    def new_id(self) -> str:
        return f"{next(self._numbers):032x}"

    def take(self, site: Site, entries: Sequence[Entry] | None = None, withdrawn: Sequence[str] = ()) -> list[Item]:
        """Pushes what is given, or what is new; returns the items that came of it."""
        new = site.chain.entries[site.pushed :] if entries is None else entries
        site.pushed = len(site.chain.entries)
        return [each.item for each in run(self._judge(site, new, withdrawn)).placed]

    async def _judge(self, site: Site, entries: Sequence[Entry], withdrawn: Sequence[str]) -> Verdict:
        async with self.ledger.locked("firm") as turn:
            end = await turn.end(site.chain.site)
            new = authority.fresh(entries, end)
            author = Author(site.chain.site, "desk:emea", site.holds, site.may)
            ground = await turn.ground(authority.wanted(new))
            verdict = authority.judge(new, end, author, ground, await turn.own(), withdrawn)
            await turn.keep(verdict, site.chain.site)
            return verdict

    def hold(self, site: Site, line: Key, amount: str | None) -> Verdict | None:
        return run(self._hold(site, line[1], amount))

    async def _hold(self, site: Site, line_id: str, amount: str | None) -> Verdict | None:
        async with self.ledger.locked("firm") as turn:
            author = Author(site.chain.site, "desk:emea", site.holds, site.may)
            ground = await turn.ground(authority.wanted_to_hold(line_id))
            verdict = authority.hold(line_id, amount, author, Occasion(None, "t", 3), ground, await turn.own())
            if verdict is not None:
                await turn.keep(verdict, site.chain.site)
            return verdict

    def fields(self, key: Key) -> Any:
        return self.ledger.firms["firm"].states[key].fields

    def scope(self, key: Key) -> str:
        return self.ledger.firms["firm"].states[key].scope

    def records(self, table: str) -> list[Any]:
        return [state.fields for key, state in self.ledger.firms["firm"].states.items() if key[0] == table]

    def seen_by(self, site: Site) -> list[Item]:
        placed = self.ledger.firms["firm"].placed
        seen = [authority.visible(each.item, each.site_only, site.chain.site, site.holds) for each in placed]
        return [each for each in seen if each is not None]


class Site:
    def __init__(self, server: Server, holds: frozenset[str] = ALL) -> None:
        self._server = server
        self.chain = Chain(server.new_id(), server.new_id)
        self.holds = holds
        self.pushed = 0
        self.at = NOW
        self.refuses = ""

    def may(self, actor: str, table: str, op: Op, fields: Any, scope: str) -> str | None:
        return "You may not." if self.refuses and self.refuses in fields else None

    def log(self, key: Key, op: Op, before: Any = None, after: Any = None, transaction: str = "") -> Entry:
        self.at += 1
        name = transaction or self._server.new_id()
        return self.chain.append(pack(self.at, 0), "user:1", ("user", None), name, key, op, before, after)

    def insert(self, table: str, transaction: str = "", **fields: Any) -> Key:
        key = (table, self._server.new_id())
        self.log(key, "insert", None, {"id": key[1], **fields}, transaction)
        return key
