"""The sync panel's app: reads what waits for a decision, decides it, and says why a record is not in step."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.orm import Session

from app.records.change import Change
from app.records.errors import StoreError
from app.services import CentralServer, CommitWatch, Notice, Services, Standing, State
from app.sync import conflicts as resolving
from app.sync.conflicts import Conflict, title_of
from app.sync.quarantine import Quarantine, Refusal, Said, why
from app.sync.store import Event, RecordsStore
from fdc3.client import DesktopAgent
from fdc3.types import Context, ContextMetadata

EVENTS = 200
_PAUSE = 0.3
"""Seconds that commits are gathered before the panel reads again."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A refused change and its record in words."""

    refusal: Refusal
    record: str


@dataclass(frozen=True, slots=True)
class SyncState:
    """``resolved``: the conflict decided last, as long as that can be undone here. ``asked``: counts requests of other
    apps to hear why a record is not in step; ``record`` and ``why`` are the newest answer."""

    standing: Standing
    conflicts: tuple[Conflict, ...] = ()
    waiting: tuple[Waiting, ...] = ()
    events: tuple[Event, ...] = ()
    resolved: Conflict | None = None
    record: str = ""
    why: str = ""
    asked: int = 0


class SyncApp:
    """All methods run on the I/O loop."""

    def __init__(self, fdc3: DesktopAgent, desk: Services, server: CentralServer) -> None:
        self._fdc3, self._desk, self._server = fdc3, desk, server
        self._loop = asyncio.get_running_loop()
        self.state: State[SyncState] = State(SyncState(server.state.value))
        self._unsubscribe = server.state.subscribe(self._stands)
        self._watch = CommitWatch(desk.records, {"sync_conflict"}, self.refresh, pause=_PAUSE)
        self._reading: asyncio.Task[None] | None = None

    async def listen(self) -> None:
        await self._fdc3.add_intent_listener("deskline.ExplainSync", self._explain)
        await self.refresh()

    async def close(self) -> None:
        self._unsubscribe()
        self._watch.close()
        if self._reading is not None:
            self._reading.cancel()

    async def refresh(self) -> None:
        records = self._desk.records

        def read(session: Session) -> tuple[tuple[Conflict, ...], dict[str, str]]:
            found = tuple(resolving.conflicts(session))
            titles = {each.transaction: title_of(session, each.table, each.record_id) for each in refusals}
            return found, titles

        refusals = await asyncio.to_thread(lambda: Quarantine(records).refusals())
        events = await asyncio.to_thread(lambda: RecordsStore(records).events(EVENTS))
        found, titles = await records.query(read)
        waiting = tuple(Waiting(each, titles[each.transaction]) for each in refusals)
        self._set(conflicts=found, waiting=waiting, events=tuple(events))

    async def retry(self) -> None:
        await self._server.retry()

    # -- decisions

    async def keep(self, conflict: Conflict) -> None:
        await self._decide(conflict, lambda change: resolving.keep(change, conflict.id))

    async def take_other(self, conflict: Conflict) -> None:
        await self._decide(conflict, lambda change: resolving.take_other(change, conflict.id))

    async def undo(self) -> None:
        conflict = self.state.value.resolved
        if conflict is not None:
            self._set(resolved=None)
            await self._do(lambda change: resolving.undo(change, conflict.id))

    async def said(self, waiting: Waiting) -> list[Said]:
        """What the refused change set."""
        quarantine = Quarantine(self._desk.records)
        return await asyncio.to_thread(quarantine.said, waiting.refusal.transaction)

    async def resend(self, waiting: Waiting, edited: Sequence[Said] = ()) -> None:
        """Makes the change again on what is there now, put right where it was edited; it is requested anew."""
        quarantine, actor = Quarantine(self._desk.records), self._desk.user.actor
        await self._leave_quarantine(lambda: quarantine.resend(waiting.refusal.transaction, actor, edited))

    async def discard(self, waiting: Waiting) -> None:
        quarantine, actor = Quarantine(self._desk.records), self._desk.user.actor
        await self._leave_quarantine(lambda: quarantine.withdraw(waiting.refusal.transaction, actor))

    # -- why

    async def _explain(self, context: Context, metadata: ContextMetadata | None = None) -> None:
        table, record_id = str(context.get("table", "")), (context.id or {}).get("deskline")
        if not table or not record_id:
            return
        records = self._desk.records
        record = await records.query(lambda session: title_of(session, table, record_id))
        words = await asyncio.to_thread(lambda: why(records, RecordsStore(records), table, record_id))
        self._set(record=record, why=words, asked=self.state.value.asked + 1)

    # -- parts

    async def _decide(self, conflict: Conflict, work: Callable[[Change], None]) -> None:
        if await self._do(work):
            self._set(resolved=conflict)

    async def _do(self, work: Callable[[Change], None]) -> bool:
        try:
            await self._desk.records.write(self._desk.user.actor, work)
        except StoreError as refused:
            self._desk.notify(Notice(str(refused), "warning"))
            return False
        await self.refresh()
        return True

    async def _leave_quarantine(self, work: Callable[[], None]) -> None:
        try:
            await asyncio.to_thread(work)
        except StoreError as refused:
            self._desk.notify(Notice(str(refused), "warning"))
        await self._server.look_again()
        await self.refresh()

    def _stands(self, standing: Standing) -> None:
        """Called where the server's state is set, which is this loop."""
        self._set(standing=standing)
        if self._reading is None or self._reading.done():
            self._reading = self._loop.create_task(self._soon())

    async def _soon(self) -> None:
        await asyncio.sleep(_PAUSE)
        await self.refresh()

    def _set(self, **changes: Any) -> None:
        self.state.set(replace(self.state.value, **changes))


async def start(fdc3: DesktopAgent, desk: Services) -> SyncApp:
    if desk.server is None:
        raise PermissionError("This desk has no server to be in step with.")
    app = SyncApp(fdc3, desk, desk.server)
    await app.listen()
    return app
