"""What the speech process answers: folded into the conversations, stored, and told."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from app.conversation.keeping import Keeping
from app.conversation.live import LiveConversation
from app.conversation.privacy import Privacy, add_masks
from app.conversation.reading_anew import ReadingAnew
from app.conversation.state import Segment
from app.conversation.stored import row_of
from app.records.change import Change
from app.records.tables import Interaction
from app.services import Notice
from nlp.speech import messages

log = logging.getLogger(__name__)

KEPT = 20
"""Conversations that stay in memory after their last pass; the records have all of them."""


class Results:
    """On the I/O loop. ``settled`` is called with a conversation's id after its last answer."""

    def __init__(
        self,
        live: dict[str, LiveConversation],
        keeping: Keeping,
        privacy: Privacy,
        anew: ReadingAnew,
        notify: Callable[[Notice], None],
        settled: Callable[[str], None],
    ) -> None:
        self._live, self._keeping, self._privacy, self._anew = live, keeping, privacy, anew
        self._notify, self._settled = notify, settled
        self._masking: set[asyncio.Task[None]] = set()
        self._listeners: list[Callable[[str], None]] = []

    async def close(self) -> None:
        await asyncio.gather(*self._masking, return_exceptions=True)

    def on_transcribed(self, listener: Callable[[str], None]) -> Callable[[], None]:
        """Calls ``listener`` with the interaction's id whenever a final transcript was made; returns what ends this."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    def store(self, interaction_id: str, segment: Segment) -> None:
        self._keeping.add(lambda change: change.add(row_of(interaction_id, segment)))

    def take(self, talk: LiveConversation, event: messages.Event) -> None:
        # What was on its way when the trader had it forgotten is not taken up again.
        if isinstance(event, messages.Segment):
            if not talk.forgot(event.start, event.end):
                self.store(event.id, talk.heard(event))
        elif isinstance(event, messages.Partial):
            if not talk.forgot(event.start, event.start + 0.1):
                talk.looked(event)
        elif isinstance(event, messages.Facts):
            if talk.knows(event.analysis):
                talk.understood(event.analysis, event.summary)
        elif isinstance(event, messages.Pulse):
            talk.update(lag_seconds=event.lag)
        elif isinstance(event, messages.Finished):
            self._finished(talk, event)
        else:
            self._failed(talk, event)

    def _finished(self, talk: LiveConversation, event: messages.Finished) -> None:
        final = talk.finished(event)
        share, interaction_id = talk.now.talk_share, event.id

        def work(change: Change) -> None:
            if talk.header.kind == "call":
                for segment in final:
                    change.add(row_of(interaction_id, segment))
                add_masks(change, interaction_id, event.masked)
            change.update(Interaction, interaction_id, talk_share=share)

        self._keeping.add(work)
        if talk.header.kind == "call":
            masking = asyncio.get_running_loop().create_task(self._privacy.mask_live(interaction_id))
            self._masking.add(masking)
            masking.add_done_callback(self._masked)
        self._settled(interaction_id)
        if talk.edits:  # what was understood rests on the words as they were heard
            self._anew.soon(interaction_id)
        for listener in tuple(self._listeners):
            listener(interaction_id)
        done = [each for each, known in self._live.items() if known.now.phase == "refined"]
        for old in done[:-KEPT]:
            del self._live[old]

    def _masked(self, task: asyncio.Task[None]) -> None:
        self._masking.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("what was heard live could not be masked: %s", type(error).__name__)

    def _failed(self, talk: LiveConversation, event: messages.Failed) -> None:
        log.warning("a conversation was not transcribed to its end")
        talk.update(speech=f"unavailable: {event.reason}", lag_seconds=0.0)
        if talk.header.kind == "call":
            self._notify(Notice(f"{event.reason} The recording is kept and transcribed at the next start.", "warning"))
        talk.failed = event.reason
        if talk.heard_out:  # until then the recording goes on
            self._settled(event.id)
