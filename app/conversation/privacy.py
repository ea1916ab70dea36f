"""What is not kept of a call: before the client agrees, while the trader pauses, and what is to be forgotten.

Where nothing is kept the recording is silent, so that times stay right, and nothing is transcribed. Every such stretch
stands in the records as a ``recording_span``, logged under who brought it about.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.conversation.intake import Intake
from app.conversation.keeping import ACTOR, Keeping
from app.conversation.live import LiveConversation
from app.conversation.permission import CONSENT, Permission, Policies, Standing
from app.records.change import Change
from app.records.erasure import erase_texts
from app.records.errors import Refused
from app.records.ids import new_id
from app.records.log import Cause
from app.records.store import Records
from app.records.tables import Consent, Interaction, RecordingSpan, TranscriptEdit, TranscriptSegment
from app.services import Clock
from nlp.language.model import Timed, Turn
from nlp.masking import MaskedSpan, masked
from nlp.speech.client import LanguageWorker

FORGET_SECONDS = 120.0
_KINDS: Mapping[Standing, str] = {"paused": "paused", "waiting for consent": "refused", "not allowed": "refused"}


@dataclass(slots=True)
class _Call:
    permission: Permission
    contact_id: str | None
    span: str | None = None  # of the stretch that is not kept now
    named: bool = False  # the interaction names its recording


class Privacy:
    """Of the running calls. On the I/O loop."""

    def __init__(
        self,
        records: Records,
        keeping: Keeping,
        worker: LanguageWorker,
        live: Mapping[str, LiveConversation],
        intakes: Mapping[str, Intake],
        policies: Policies,
        clock: Clock,
    ) -> None:
        self._records, self._keeping, self._worker, self._clock = records, keeping, worker, clock
        self._live, self._intakes, self._policies = live, intakes, policies
        self._calls: dict[str, _Call] = {}

    def begin(self, interaction_id: str, line: str | None) -> None:
        """A call begins: what its line allows. Nothing waits for the records."""
        self._calls[interaction_id] = _Call(Permission(self._policies.of(line)), None)
        self._stand(interaction_id, ACTOR)

    async def identified(self, interaction_id: str, contact_id: str | None) -> None:
        """The client became known, and with them perhaps what they agreed to in an earlier call."""
        call = self._calls.get(interaction_id)
        if call is None or contact_id is None or contact_id == call.contact_id:
            return
        call.contact_id = contact_id
        if call.permission.policy == "consent" and call.permission.consent is None:
            known = await self._consent(contact_id)
            if call.permission.consent is None and known is not None and interaction_id in self._calls:
                call.permission = replace(call.permission, consent=known)
                self._stand(interaction_id, ACTOR)

    async def pause(self, actor: str, interaction_id: str, *, paused: bool = True) -> None:
        """Nothing is kept until it is resumed. Raises Refused where no call runs."""
        call = self._running(interaction_id)
        call.permission = replace(call.permission, paused=paused)
        self._stand(interaction_id, actor)

    async def consent(self, actor: str, interaction_id: str, *, granted: bool) -> None:
        """What the client said about the recording; it is kept among their consents. Raises Refused, StoreError."""
        call, now = self._running(interaction_id), self._clock()
        call.permission = replace(call.permission, consent=granted)
        self._stand(interaction_id, actor)
        if (contact := call.contact_id) is not None:

            def work(change: Change) -> None:
                change.add(
                    Consent(contact_id=contact, channel=CONSENT, granted=granted, at=now, interaction_id=interaction_id)
                )

            await self._records.write(actor, work, Cause.user())

    async def forget_last(self, actor: str, interaction_id: str, seconds: float = FORGET_SECONDS) -> float:
        """Takes sound, words and the facts that rest on them away for good; returns how many seconds that were.

        Raises Refused where no call runs, StoreError where the disk or the records do not take it: then it may be
        asked again, and nothing that was taken away comes back.
        """
        self._running(interaction_id)
        talk, intake = self._live[interaction_id], self._intakes[interaction_id]
        end = intake.received / intake.rate
        start = max(0.0, end - seconds)
        # First what runs, so that nothing written from now on brings the words back.
        talk.forget(start, end)
        await self._worker.forget_span(interaction_id, start, end)
        await intake.forget(start, end)
        if not await self._keeping.drained():
            raise Refused("The words are not taken out of the records yet: free space on the disk, then ask again.")
        await asyncio.to_thread(self._erase, actor, interaction_id, start, end)
        return end - start

    async def mask_live(self, interaction_id: str) -> None:
        """What the careful pass would mask is masked in what was heard live too: a number that was read over several
        turns is known only at its end. Harmless where there is nothing."""
        if await self._keeping.drained():
            await asyncio.to_thread(self._mask_live, interaction_id)

    def over(self, interaction_id: str, seconds: float) -> None:
        """The call has ended after so many seconds."""
        call = self._calls.pop(interaction_id, None)
        if call is not None and call.span is not None:
            self._end_span(call.span, seconds, ACTOR)

    # -- inside

    def _running(self, interaction_id: str) -> _Call:
        talk = self._live.get(interaction_id)
        if interaction_id not in self._calls or talk is None or talk.now.phase != "live":
            raise Refused("No call is being recorded here.")
        return self._calls[interaction_id]

    def _stand(self, interaction_id: str, actor: str) -> None:
        """Brings sound, records and panels in line with what is allowed now."""
        call, intake, talk = self._calls[interaction_id], self._intakes[interaction_id], self._live[interaction_id]
        standing = call.permission.standing
        intake.keeps = standing == "recording"
        seconds = round(intake.received / intake.rate, 2)
        if call.span is not None:
            self._end_span(call.span, seconds, actor)
            call.span = None
        if standing == "recording" and not call.named:
            call.named = True
            self._keeping.add(
                lambda change: change.update(Interaction, interaction_id, recording=f"{interaction_id}.rec")
            )
        elif standing != "recording":
            call.span = new_id()
            span = (call.span, interaction_id, _KINDS[standing], seconds, call.permission.reason)
            self._keeping.add(lambda change: _begin_span(change, *span), actor)
        talk.update(keeping=standing)

    def _end_span(self, span_id: str, seconds: float, actor: str) -> None:
        def work(change: Change) -> None:
            span = change.require(RecordingSpan, span_id)
            change.update(RecordingSpan, span_id, end=max(span.start, round(seconds, 2)))

        self._keeping.add(work, actor)

    async def _consent(self, contact_id: str) -> bool | None:
        last = (
            select(Consent.granted)
            .where(Consent.contact_id == contact_id, Consent.channel == CONSENT)
            .order_by(Consent.at.desc())
            .limit(1)
        )

        def read(session: Session) -> bool | None:
            return session.scalar(last)

        return await self._records.query(read)

    def _mask_live(self, interaction_id: str) -> None:
        live = (
            select(TranscriptSegment)
            .where(TranscriptSegment.interaction_id == interaction_id, TranscriptSegment.pass_ == "live")
            .order_by(TranscriptSegment.start, TranscriptSegment.seq)
        )
        with self._records.read() as session:
            rows = session.scalars(live).all()
        turns = [
            Turn("trader" if row.who == "trader" else "client", row.start, row.end, row.text, _times(row.words))
            for row in rows
        ]
        found = masked(turns)
        hidden = [(row.id, turn.text) for row, turn in zip(rows, found.turns, strict=True) if row.text != turn.text]
        if not hidden:
            return
        self._records.remove_copies()
        with self._records.change(ACTOR, Cause("erase", "masked")) as change:
            erase_texts(change.session.connection(), [("transcript_segment", row) for row, _ in hidden])
            for row, text in hidden:
                change.erase(TranscriptSegment, row, {"text": text})
            add_masks(change, interaction_id, found.spans)

    def _erase(self, actor: str, interaction_id: str, start: float, end: float) -> None:
        self._records.remove_copies()
        with self._records.change(actor, Cause("erase", "forgotten")) as change:
            session = change.session
            turns = session.scalars(
                select(TranscriptSegment.id).where(
                    TranscriptSegment.interaction_id == interaction_id,
                    TranscriptSegment.start < end,
                    TranscriptSegment.end > start,
                )
            ).all()
            edits = session.scalars(
                select(TranscriptEdit.id).where(
                    TranscriptEdit.interaction_id == interaction_id,
                    TranscriptEdit.at >= start,
                    TranscriptEdit.at < end,
                )
            ).all()
            keys = [("transcript_segment", each) for each in turns] + [("transcript_edit", each) for each in edits]
            erase_texts(session.connection(), keys)
            for turn in turns:  # that somebody spoke stays, as at a server, which deletes no turn: what was said goes
                change.erase(TranscriptSegment, turn, {"text": "", "words": []})
            for edit in edits:
                change.erase(TranscriptEdit, edit, {"heard": "", "means": ""})
            change.add(
                RecordingSpan(
                    interaction_id=interaction_id,
                    kind="forgotten",
                    start=round(start, 2),
                    end=round(end, 2),
                    reason="The trader had it forgotten.",
                )
            )


def _begin_span(change: Change, span: str, interaction_id: str, kind: str, start: float, reason: str) -> None:
    change.add(RecordingSpan(id=span, interaction_id=interaction_id, kind=kind, start=start, end=None, reason=reason))


def add_masks(change: Change, interaction_id: str, masks: Iterable[MaskedSpan]) -> None:
    """The stretches that are muted when the call is heard again or copied."""
    for mask in masks:
        change.add(
            RecordingSpan(
                interaction_id=interaction_id, kind="masked", start=mask.start, end=mask.end, reason=mask.kind
            )
        )


def _times(words: list[Any]) -> tuple[Timed, ...]:
    return tuple(Timed(*word) for word in words)
