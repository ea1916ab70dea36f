"""The reports in work: the popup's queue, and everything the trader does to a report."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeVar

from app.records.change import Change
from app.records.errors import StoreError
from app.records.ids import new_id
from app.records.log import Cause
from app.services import Notice, Services, State
from plugins.reports import draft as drafts
from plugins.reports import publish, store
from plugins.reports.asking import Question
from plugins.reports.draft import Draft
from plugins.reports.evidence import Json, Said, stretch
from plugins.reports.items import Reference
from plugins.reports.open_report import OpenReport, Phase
from plugins.reports.queue import ReportsState, Unfinished
from plugins.reports.store import StoredReport, Talk
from plugins.reports.suggest import Facts, instrument_ids, talk_share

T = TypeVar("T")

TICKED = frozenset({"consents"})
"""What a save takes over only after an explicit yes: a consent is the client's, not ours to assume."""


class Reports:
    """On the I/O loop only; ``state`` may be read anywhere. Report ids name the report, not the interaction."""

    def __init__(
        self, desk: Services, zone: dt.tzinfo, send: Callable[[str, publish.Message], Awaitable[None]]
    ) -> None:
        self.state = State(ReportsState())
        self.zone = zone
        self._desk = desk
        self._send = send
        self._open: dict[str, OpenReport] = {}  # by interaction
        self._queue: list[OpenReport] = []
        self._front: str | None = None
        self._unfinished: tuple[Unfinished, ...] = ()
        self._discarded: OpenReport | None = None
        self._adopting = asyncio.Lock()

    # -- following the talks

    def begin(self, talk: Talk) -> OpenReport:
        """The report of a talk that starts now; it shows and is stored when the talk ends."""
        report = self._make(new_id(), talk, Draft(), "live")
        report.measure_talk(talk)
        return report

    def of(self, interaction_id: str) -> OpenReport | None:
        return self._open.get(interaction_id)

    def present(self, report: OpenReport, *, to_front: bool = False) -> None:
        """Puts a report into the popup's queue; the one being worked on stays in front unless told."""
        if report not in self._queue:
            self._queue.append(report)
        if to_front or self._front is None:
            self._front = report.report_id
        self._publish()

    def forget(self, report: OpenReport) -> None:
        """The talk is over and understood: a finished report need not be held any longer."""
        identity = report.talk.interaction_id
        if report.read_only and report not in (*self._queue, self._discarded) and self._open.get(identity) is report:
            del self._open[identity]

    async def hear(self, report: OpenReport, facts: Facts, *, client_spoke: bool) -> None:
        unknown = instrument_ids(facts) - report.symbols.keys()
        if unknown:
            report.name_instruments(await self._desk.records.query(lambda s: store.symbols(s, unknown)))
        report.hear(facts, client_spoke=client_spoke)

    async def hear_late(
        self, interaction_id: str, facts: Facts, *, seconds: float, share: float | None, client_spoke: bool
    ) -> None:
        """The transcript of a recording from an earlier run is there: its draft, wherever it waits, learns of it."""
        report = self.of(interaction_id) or await self._adopt(interaction_id)
        if report is not None and not report.read_only:
            report.measure_time(seconds=seconds, share=share)
            await self.hear(report, facts, client_spoke=client_spoke)
            await report.saver.flush()

    async def hear_anew(self, interaction_id: str, facts: Facts, *, client_spoke: bool) -> None:
        """Words of an ended talk were put right: its draft follows where the trader did not lead; a saved report stays
        as it is and says so."""
        report = self.of(interaction_id) or await self._adopt(interaction_id, unreported=False)
        if report is None:
            return
        if report.read_only:
            report.set_corrected()
            self.forget(report)
        else:
            await self.hear(report, facts, client_spoke=client_spoke)
            await report.saver.flush()

    async def refresh_deals(self) -> None:
        """Deals were registered or cancelled."""
        for report in list(self._open.values()):
            identity = report.talk.interaction_id
            report.set_registered(
                await self._desk.records.query(lambda s, identity=identity: store.registered(s, identity))  # type: ignore[misc]
            )

    async def interrupted(self, talk: Talk, now: dt.datetime) -> None:
        """A crash left this talk open: it is closed where its transcript ends, and gets a draft."""
        turns, existing = await self._desk.records.query(
            lambda s: (store.turns(s, talk.interaction_id), store.report_of(s, talk.interaction_id))
        )
        seconds = max((turn["end"] for turn in turns), default=0.0)
        share = talk_share(turns)
        # A chat is whole as it stands; a call that lost its desk was cut off.
        status = "interrupted" if talk.kind == "call" else "ended"
        report = None if existing else self._make(new_id(), talk, Draft(), "stored")
        if report is not None:
            report.measure_talk(talk)
            report.measure_time(seconds=seconds, share=share)
        user = self._desk.user.id

        def work(change: Change) -> None:
            ended = talk.started + dt.timedelta(seconds=seconds)
            store.close(change, talk, user, status=status, ended=ended, share=share)
            if report is not None:
                store.keep_draft(change, report.report_id, talk, user, report.draft, now)

        await self.write(work, Cause.program("recovery"))
        if report is not None:
            report.saver.stop()

    # -- what the trader does

    async def edit(self, report_id: str, name: str, value: Json) -> None:
        """The trader typed. On disk within ``saving.DELAY`` seconds."""
        self.put(report_id, name, value)

    def put(self, report_id: str, name: str, value: Json) -> None:
        """As ``edit``: the trader's words, however they came."""
        if report := self._held(report_id):
            report.edit(name, value)

    async def accept(self, report_id: str, name: str) -> None:
        if report := self._held(report_id):
            report.accept(name)

    async def reject(self, report_id: str, name: str) -> None:
        if report := self._held(report_id):
            report.reject(name)

    async def flush(self, report_id: str) -> bool:
        """Writes what is unwritten; true when all is on disk."""
        report = self._held(report_id)
        return report is None or await report.saver.flush()

    async def save(self, report_id: str) -> bool:
        """Save and next: one transaction. On failure the draft stays open with the reason beside it."""
        report = self._held(report_id)
        if report is None or report.busy or report.read_only:
            return False
        report.busy = True
        self._publish()
        try:
            await report.saver.flush()
            async with report.saver.paused():
                report.draft = await self._finish(report)
                self._finished(report)
        except StoreError as error:
            report.saver.touch()
            self._desk.notify(Notice(f"The report is not saved, its draft is kept. {error}", "error"))
            return False
        finally:
            report.busy = False
            self._publish()
        self._desk.notify(Notice(f"Report of {report.talk.title} saved.", "success"))
        return True

    async def _finish(self, report: OpenReport) -> Draft:
        """What was saved. Whatever the trader types before it is on the disk is saved with it."""
        taken = report.draft
        draft = drafts.accept_all(taken, except_for=TICKED)
        talk, deals, now, user = report.talk, report.registered, self._desk.clock(), self._desk.user.id
        while True:
            saved = await self.write(
                lambda change, draft=draft: store.finish(  # type: ignore[misc]
                    change, report.report_id, talk, user, draft, deals, now, self.zone
                )
            )
            late = drafts.edits_since(taken, report.draft)
            if not late:
                return saved
            taken, draft = report.draft, saved
            for name, value in late.items():
                draft = drafts.edit(draft, name, value)

    async def discard(self, report_id: str) -> None:
        """Takes the report away; ``undo_discard`` brings it back whole."""
        report = self._held(report_id)
        if report is None or report.read_only:
            return
        await report.saver.flush()
        async with report.saver.paused():
            await self.write(lambda change: store.set_status(change, report_id, "discarded", self._desk.clock()))
            self._discarded = report
            self._finished(report)

    async def undo_discard(self) -> None:
        report = self._discarded
        if report is None:
            return
        await self.write(lambda change: store.set_status(change, report.report_id, "draft", self._desk.clock()))
        self._discarded = None
        report.read_only = False
        report.saver.touch()  # with what was typed as it was discarded
        self._open[report.talk.interaction_id] = report
        self.present(report, to_front=True)

    async def forget_discarded(self) -> None:
        """The offer to undo has passed."""
        self._discarded = None
        self._publish()

    async def put_aside(self, report_id: str) -> None:
        """Closes the popup on this report and keeps its draft."""
        report = self._held(report_id)
        if report is None:
            return
        await report.saver.flush()
        self._dequeue(report)
        await self.refresh_unfinished()

    async def bring_front(self, report_id: str) -> None:
        self._front = self._find(report_id).report_id
        self._publish()

    async def show(self, interaction_id: str) -> bool:
        """Opens an interaction's report: a draft to go on with, a saved one to read. False while the talk is live."""
        report = self._open.get(interaction_id)
        if report is not None and report.phase == "live":
            return False
        if report is None or (report not in self._queue and report.read_only):
            report = await self._adopt(interaction_id)
            if report is None:
                return False
        self.present(report, to_front=True)
        await self.refresh_unfinished()
        return True

    async def show_unfinished(self) -> bool:
        """Opens the oldest unfinished report; false when there is none."""
        waiting = self._unfinished
        return await self.show(waiting[0].interaction_id) if waiting else False

    async def unlock(self, report_id: str) -> None:
        """A saved report is edited: it is a draft again until it is saved. Words put right since then are offered."""
        report = self._find(report_id)
        report.read_only = False
        report.saver.touch()
        self._publish()
        if report.corrected:
            self._desk.conversations.anew.soon(report.talk.interaction_id)

    async def dismiss_deal(self, report_id: str, key: str) -> None:
        """What was heard was no deal."""
        report = self._find(report_id)
        report.edit("deals_dismissed", [*report.draft.shown("deals_dismissed"), key])

    async def answer(self, report_id: str, question: Question, value: str) -> None:
        """The trader says what the talk left open about a deal."""
        self._find(report_id).answer(question, value)

    async def register_deal(self, report_id: str, key: str) -> None:
        """Proposes a heard deal to whoever keeps the ticket."""
        card = self._find(report_id).card
        heard = next((each for each in card.heard if each.terms.key == key), None)
        if heard is not None:
            await self._send("deskline.deals", publish.proposal(card.talk, heard.terms))

    async def show_words(self, report_id: str, said: Sequence[Said]) -> None:
        """Asks the transcript to show where something was said."""
        identity = self._find(report_id).talk.interaction_id
        await self._send("deskline.conversation", publish.show_turns(identity, [each.turn for each in said]))

    async def play_words(self, report_id: str, said: Sequence[Said]) -> None:
        """Asks whoever plays recordings to sound the stretch in which these words were said."""
        identity = self._find(report_id).talk.interaction_id
        await self._send("deskline.conversation", publish.play(identity, *stretch(said)))

    async def customers(self) -> tuple[Reference, ...]:
        return await self._desk.records.query(store.customers)

    async def contacts(self, organization_id: str) -> tuple[Reference, ...]:
        return await self._desk.records.query(lambda session: store.contacts(session, organization_id))

    # -- all together

    async def refresh_unfinished(self) -> None:
        """Reads which drafts wait outside the popup."""
        queued = {report.talk.interaction_id for report in self._queue}
        stored = await self._desk.records.query(store.unfinished)
        self._unfinished = tuple(
            Unfinished(each.talk.interaction_id, each.talk.title, each.talk.started)
            for each in sorted(stored, key=lambda each: each.talk.started)
            if each.talk.interaction_id not in queued
        )
        self._publish()

    async def close(self) -> None:
        """Writes every draft a last time."""
        for report in list(self._open.values()):
            await report.saver.close()

    async def write(self, work: Callable[[Change], T], cause: Cause | None = None) -> T:
        return await self._desk.records.write(self._desk.user.actor, work, cause or Cause.user())

    # -- inside

    def _make(self, report_id: str, talk: Talk, draft: Draft, phase: Phase, *, read_only: bool = False) -> OpenReport:
        report = OpenReport(
            report_id,
            talk,
            draft,
            write_draft=self._write_draft,
            changed=self._publish,
            clock=self._desk.clock,
            phase=phase,
            read_only=read_only,
        )
        self._open[talk.interaction_id] = report
        return report

    async def _write_draft(self, report: OpenReport) -> None:
        talk, user, draft, now = report.talk, self._desk.user.id, report.draft, self._desk.clock()
        await self.write(lambda change: store.keep_draft(change, report.report_id, talk, user, draft, now))

    async def _adopt(self, interaction_id: str, *, unreported: bool = True) -> OpenReport | None:
        """A report from the records, or, if wished, a new one for a talk that is over and has none."""
        async with self._adopting:  # whoever asks meanwhile gets the same one
            stored, talk, deals, bare = await self._desk.records.query(
                lambda s: (
                    store.report_of(s, interaction_id),
                    store.talk(s, interaction_id),
                    store.registered(s, interaction_id),
                    store.unreported(s, interaction_id),
                )
            )
            standing = self._open.get(interaction_id)
            if standing is not None and (standing in self._queue or not standing.read_only):
                return standing  # opened while this was read: a second copy would write over the first
            if stored is not None:
                report = self._from_store(stored)
            elif unreported and talk is not None and bare is not None:
                report = self._make(new_id(), talk, Draft(), "stored")
                report.measure_talk(talk)
                report.measure_time(seconds=bare[0], share=bare[1])
            else:
                return None
            report.name_instruments(await self._symbols(report))
            report.set_registered(deals)
            return report

    def _from_store(self, stored: StoredReport) -> OpenReport:
        finished = stored.status != "draft"
        report = self._make(stored.report_id, stored.talk, stored.draft, "stored", read_only=finished)
        report.corrected = stored.corrected
        return report

    async def _symbols(self, report: OpenReport) -> Mapping[str, str]:
        ids = instrument_ids({"deals": report.draft.shown("deals_heard")})
        return await self._desk.records.query(lambda session: store.symbols(session, ids))

    def _held(self, report_id: str) -> OpenReport | None:
        """None for a report that was just finished: the popup may be a moment behind."""
        return next((each for each in (*self._queue, *self._open.values()) if each.report_id == report_id), None)

    def _find(self, report_id: str) -> OpenReport:
        report = self._held(report_id)
        if report is None:
            raise LookupError("This report is no longer open.")
        return report

    def _finished(self, report: OpenReport) -> None:
        report.saver.stop()
        report.read_only, report.corrected = True, False
        self._dequeue(report)
        if report.phase in ("refined", "stored"):
            self.forget(report)

    def _dequeue(self, report: OpenReport) -> None:
        if report in self._queue:
            index = self._queue.index(report)
            self._queue.remove(report)
            if self._front == report.report_id:
                following = self._queue[index : index + 1] or self._queue[:1]
                self._front = following[0].report_id if following else None
        self._publish()

    def _publish(self) -> None:
        self.state.set(
            ReportsState(
                tuple(report.card for report in self._queue),
                self._front,
                self._unfinished,
                self._discarded.card if self._discarded else None,
            )
        )
