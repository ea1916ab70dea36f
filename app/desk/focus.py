"""What the desk turned to last outlives it: at the next start its panels show the same customer and instrument."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

import msgspec
from sqlalchemy.orm import Session

from app.desk.status import ATTENTION
from app.records.store import Records
from app.records.tables import Contact, Instrument, Interaction, Organization, Record
from fdc3.client import DesktopAgent
from fdc3.types import Context, ContextMetadata

log = logging.getLogger(__name__)

FOLLOWED: dict[str, type[Record]] = {
    "fdc3.contact": Contact,
    "fdc3.organization": Organization,
    "fdc3.instrument": Instrument,
    "fdc3.interaction": Interaction,
}
"""What panels turn to, and where the records have it."""
NAME = "focus"
PAUSE = 2.0
"""Seconds in which contexts are gathered before they are written."""


class Focus:
    """Keeps the last context of each type that was heard on the desk's user channel. Lives on the I/O loop.

    ``agent`` has joined that channel; whoever made it disconnects it.
    """

    def __init__(self, agent: DesktopAgent, records: Records) -> None:
        self._agent, self._records = agent, records
        self._latest: dict[str, Context] = {}
        """In the order in which they came: of a contact and an organization the later counts."""
        self._timer: asyncio.TimerHandle | None = None
        self._writing: asyncio.Task[None] | None = None

    async def start(self) -> None:
        for kind in FOLLOWED:
            await self._agent.add_context_listener(kind, self._hear)

    async def show_again(self) -> None:
        """Broadcasts what was kept, unless something was broadcast before or a call is on. Once, at the start."""
        try:
            await self._show_again()
        except Exception:  # the desk opens with empty panels, then
            log.exception("what the desk turned to last was not shown again")

    async def _show_again(self) -> None:
        kept = await self._records.kept(NAME)
        if kept is None:
            return
        contexts = [Context.parse(each) for each in msgspec.json.decode(kept)]
        contexts = await self._records.query(lambda session: still_known(session, contexts))
        if await self._on_a_call() or self._latest:
            return
        self._latest = {context.type: context for context in contexts}
        for context in contexts:
            await self._agent.broadcast(context)

    async def move_to(self, channel: str) -> None:
        """The desk has moved to another user channel."""
        await self._agent.join_user_channel(channel)

    async def close(self) -> None:
        """Writes what is not written yet."""
        if self._timer is not None:
            self._timer.cancel()
            self._write()
        if self._writing is not None:
            await self._writing

    async def _on_a_call(self) -> bool:
        """A turret that outlived the desk before this one may be there already."""
        turret = await self._agent.get_or_create_channel("deskline.turret")
        told = await turret.get_current_context("deskline.turret.lines")
        return told is not None and any(line.get("state") in ATTENTION for line in told.get("lines", []))

    def _hear(self, context: Context, metadata: ContextMetadata | None = None) -> None:
        # Panels find an instrument by what others call it, too; the rest they know by our own id.
        if not isinstance(context.id.get("deskline"), str) and context.type != "fdc3.instrument":
            return
        self._latest.pop(context.type, None)
        self._latest[context.type] = context
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(PAUSE, self._write)

    def _write(self) -> None:
        self._timer = None
        text = msgspec.json.encode(list(self._latest.values())).decode()
        self._writing = asyncio.create_task(self._keep(text), name="keep what the desk turned to")

    async def _keep(self, text: str) -> None:
        try:
            await self._records.keep(NAME, text)
        except Exception:  # no work is lost, and of a full disk the trader hears where it is
            log.exception("what the desk turned to was not kept")


def still_known(session: Session, contexts: Sequence[Context]) -> list[Context]:
    """Without what is no longer in the records; of a contact and an organization that is not theirs only the later."""
    known: dict[str, Context] = {}
    rows: dict[str, Record | None] = {}
    for context in contexts:
        identity = context.id.get("deskline")
        row = session.get(FOLLOWED[context.type], identity) if isinstance(identity, str) else None
        if identity is None or row is not None:
            known[context.type], rows[context.type] = context, row
    person, house = rows.get("fdc3.contact"), rows.get("fdc3.organization")
    if isinstance(person, Contact) and house is not None and person.organization_id != house.id:
        del known[next(kind for kind in known if kind in ("fdc3.contact", "fdc3.organization"))]
    return list(known.values())
