"""Reading an ended call anew when its words were put right: what was understood follows the transcript.

The sound is not heard again. Nothing is stored: facts live in the report's draft, which hears of them.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.conversation import reference
from app.conversation.live import LiveConversation
from app.conversation.resumption import header_of
from app.conversation.state import ConversationState
from app.conversation.stored import segment_of
from app.records.errors import StoreError
from app.records.store import Records
from app.records.tables import Interaction, TranscriptSegment
from app.services import Notice
from nlp.language.model import Header, Lexicon
from nlp.speech import messages
from nlp.speech.client import LanguageWorker

if TYPE_CHECKING:
    from app.market.book import PriceBook

log = logging.getLogger(__name__)

Listener = Callable[[ConversationState], None]


@dataclass(frozen=True, slots=True)
class Ended:
    """An ended call as it is read anew."""

    header: Header
    organization_id: str | None
    state: ConversationState


class ReadingAnew:
    """On the I/O loop. A call that is corrected again while it is read is read once more afterwards."""

    def __init__(
        self,
        records: Records,
        worker: LanguageWorker,
        live: Mapping[str, LiveConversation],
        prices: PriceBook | None,
        notify: Callable[[Notice], None],
    ) -> None:
        self._records, self._worker, self._live = records, worker, live
        self._prices, self._notify = prices, notify
        self._asked: dict[str, ConversationState] = {}
        self._again: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._listeners: list[Listener] = []

    def on_read(self, listener: Listener) -> Callable[[], None]:
        """Calls ``listener`` with the call and its new facts; returns what ends this."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    def soon(self, interaction_id: str) -> None:
        """Reads a call that is over; one that is not is read with its careful pass anyway."""
        task = asyncio.get_running_loop().create_task(self._read(interaction_id), name="read anew")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def takes(self, event: messages.Event) -> bool:
        """Whether an event of the speech process answers a reading."""
        asked = self._asked.get(event.id)
        if asked is None:
            return False
        if not isinstance(event, messages.Finished | messages.Failed):
            return True
        del self._asked[event.id]
        if event.id in self._again:
            self._again.discard(event.id)
            self.soon(event.id)
        elif isinstance(event, messages.Failed):
            log.warning("a corrected call was not read anew")
        else:
            self._tell(replace(asked, analysis=event.analysis, summary=event.summary))
        return True

    def _tell(self, now: ConversationState) -> None:
        if (talk := self._live.get(now.interaction_id)) is not None:
            talk.update(analysis=now.analysis, summary=now.summary)
            now = talk.now
        for listener in tuple(self._listeners):
            listener(now)

    async def _read(self, interaction_id: str) -> None:
        if interaction_id in self._asked:
            self._again.add(interaction_id)
            return
        try:
            ended = await self._ended(interaction_id)
            if ended is None or interaction_id in self._asked:
                return
            self._asked[interaction_id] = ended.state
            known = await self._records.query(lambda s: reference.build(s, ended.organization_id, self._prices))
        except StoreError as error:
            self._asked.pop(interaction_id, None)
            self._notify(Notice("The facts of this call do not follow its correction yet.", "warning", str(error)))
            return
        # The lexicon had its say when the call was transcribed; what it learned since is for calls to come.
        known = msgspec.structs.replace(known, lexicon=Lexicon())
        turns = [segment.turn for segment in ended.state.segments]
        await self._worker.read(interaction_id, ended.header, known, turns)

    async def _ended(self, interaction_id: str) -> Ended | None:
        talk = self._live.get(interaction_id)
        if talk is None:
            return await self._records.query(lambda session: stored(session, interaction_id))
        return Ended(talk.header, talk.organization_id, talk.now) if talk.now.phase == "refined" else None


def stored(session: Session, interaction_id: str) -> Ended | None:
    """A call of an earlier run with its final transcript; None where there is none (yet)."""
    row = session.get(Interaction, interaction_id)
    lines = session.scalars(
        select(TranscriptSegment)
        .where(TranscriptSegment.interaction_id == interaction_id, TranscriptSegment.pass_ == "final")
        .order_by(TranscriptSegment.start, TranscriptSegment.seq)
    ).all()
    if row is None or row.kind != "call" or not lines:
        return None
    state = ConversationState(
        interaction_id,
        "call",
        phase="refined",
        segments=tuple(segment_of(line) for line in lines if line.text),
        speech="live",
        kept=row.recording is not None,
        talk_share=row.talk_share,
    )
    return Ended(header_of(session, row), row.organization_id, state)
