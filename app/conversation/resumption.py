"""What an earlier run of the program left undone: calls without a final transcript, interactions still "live"."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.conversation import reference
from app.conversation.correcting import edits_of
from app.conversation.keeping import Keeping
from app.conversation.live import LiveConversation
from app.records.change import Change
from app.records.errors import StoreError
from app.records.recordings import Recordings
from app.records.store import Records
from app.records.tables import Contact, Interaction, Organization, TranscriptSegment, User
from app.services import Notice
from nlp.language.model import Header, Party, Trader
from nlp.speech.client import LanguageWorker

if TYPE_CHECKING:
    from app.market.book import PriceBook


@dataclass(frozen=True, slots=True)
class Pending:
    """A recorded call that has no final transcript yet."""

    interaction_id: str
    recording: str
    header: Header
    organization_id: str | None


def left_live(session: Session, running: Collection[str]) -> list[str]:
    """Interactions that say "live" and are not running in this program."""
    rows = session.scalars(select(Interaction.id).where(Interaction.status == "live"))
    return [interaction_id for interaction_id in rows if interaction_id not in running]


def pending(session: Session, running: Collection[str]) -> list[Pending]:
    """Newest first: yesterday's call is wanted before last week's."""
    has_final = (
        select(TranscriptSegment.id)
        .where(TranscriptSegment.interaction_id == Interaction.id, TranscriptSegment.pass_ == "final")
        .exists()
    )
    rows = session.scalars(
        select(Interaction)
        .where(Interaction.kind == "call", Interaction.recording.is_not(None), ~has_final)
        .order_by(Interaction.started_at.desc())
    )
    return [_pending(session, row) for row in rows if row.id not in running]


def header_of(session: Session, row: Interaction) -> Header:
    """Who spoke with whom in a call of an earlier run."""
    contact = session.get(Contact, row.contact_id) if row.contact_id else None
    organization = session.get(Organization, row.organization_id) if row.organization_id else None
    trader = session.get(User, row.trader_id) if row.trader_id else None
    return Header(
        row.id,
        "call",
        row.started_at.astimezone(),  # relative dates count from the desk's own day
        Party(contact.name if contact else "", organization.name if organization else "", row.number),
        Trader(trader.name if trader else "", trader.desk if trader else ""),
    )


def _pending(session: Session, row: Interaction) -> Pending:
    assert row.recording is not None
    return Pending(row.id, row.recording, header_of(session, row), row.organization_id)


class Resumption:
    """Does it, one call after the other, in the background. On the I/O loop."""

    def __init__(
        self,
        records: Records,
        recordings: Recordings,
        worker: LanguageWorker,
        keeping: Keeping,
        live: dict[str, LiveConversation],
        prices: PriceBook | None,
        notify: Callable[[Notice], None],
    ) -> None:
        self._records, self._recordings, self._worker, self._keeping = records, recordings, worker, keeping
        self._live, self._prices, self._notify = live, prices, notify
        self._waiting: dict[str, asyncio.Future[None]] = {}
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run(), name="pending transcripts")

    def close(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def settled(self, interaction_id: str) -> None:
        """The speech process has answered, well or not: the next call may come."""
        waiting = self._waiting.pop(interaction_id, None)
        if waiting is not None and not waiting.done():
            waiting.set_result(None)

    async def transcribe(self, one: Pending, rate: int, seconds: float) -> None:
        """Returns when the speech process has answered."""
        talk = LiveConversation(one.interaction_id, one.header, self._worker.status)
        self._live[one.interaction_id] = talk
        talk.heard_out, talk.organization_id = True, one.organization_id
        talk.update(phase="ended", recorded_seconds=seconds)
        found = await self._records.query(lambda session: reference.build(session, one.organization_id, self._prices))
        talk.edits = await self._records.query(lambda session: edits_of(session, one.interaction_id))
        done = self._waiting[one.interaction_id] = asyncio.get_running_loop().create_future()
        await self._worker.transcribe(one.interaction_id, one.header, found, rate, seconds)
        await done

    async def _run(self) -> None:
        left = await self._records.query(lambda session: left_live(session, set(self._live)))
        for interaction_id in left:
            await self._interrupt(interaction_id)
        found = await self._records.query(lambda session: pending(session, set(self._live)))
        for one in found:
            try:
                recording = await asyncio.to_thread(self._recordings.read, one.recording)
            except StoreError as error:
                self._notify(Notice(f"A recording cannot be transcribed. {error}", "warning"))
                continue
            while self._worker.status != "live":
                await asyncio.sleep(1.0)
            await self.transcribe(one, recording.rate, len(recording.pcm) / 4 / recording.rate)

    async def _interrupt(self, interaction_id: str) -> None:
        try:
            seconds = await asyncio.to_thread(self._recordings.seconds, f"{interaction_id}.rec")
        except StoreError:
            seconds = 0.0

        def work(change: Change) -> None:
            row = change.require(Interaction, interaction_id)
            if row.status == "live":
                ended = row.ended_at or row.started_at + dt.timedelta(seconds=seconds)
                change.update(Interaction, interaction_id, status="interrupted", ended_at=ended)

        self._keeping.add(work)
