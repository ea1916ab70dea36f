"""A report in work: its draft, the facts behind it, the deals beside it, and how safely it is stored."""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from plugins.reports import draft as drafts
from plugins.reports.asking import Question, answered, blanked, question
from plugins.reports.draft import Draft, Suggestion
from plugins.reports.evidence import Json, together, with_words
from plugins.reports.items import Reference, Registered, Terms, read, write
from plugins.reports.saving import NEW, DraftSaver, Saving
from plugins.reports.store import Talk
from plugins.reports.suggest import Facts, HeardDeal, heard_deals, suggestions, unsure

Phase = Literal["live", "ended", "refined", "stored"]
"""live: still talking; ended: the careful pass is under way; refined: it is done; stored: from the records."""


@dataclass(frozen=True)
class ReportCard:
    """A report as the popup shows it."""

    report_id: str
    talk: Talk
    draft: Draft
    registered: tuple[Registered, ...] = ()
    heard: tuple[HeardDeal, ...] = ()
    questions: tuple[Question, ...] = ()
    saving: Saving = NEW
    phase: Phase = "stored"
    read_only: bool = False
    busy: bool = False
    corrected: bool = False  # words of its transcript were put right since it was written

    @property
    def unregistered(self) -> tuple[HeardDeal, ...]:
        """Deals heard that stand in no record, or stand there differently."""
        return tuple(each for each in self.heard if each.status != "registered")


class OpenReport:
    """Mutable, on the I/O loop only. ``changed`` is called after every change that the popup should show."""

    def __init__(
        self,
        report_id: str,
        talk: Talk,
        draft: Draft,
        *,
        write_draft: Callable[[OpenReport], Awaitable[None]],
        changed: Callable[[], None],
        clock: Callable[[], dt.datetime],
        phase: Phase = "live",
        read_only: bool = False,
    ) -> None:
        self.report_id = report_id
        self.talk = talk
        self.draft = draft
        self.phase = phase
        self.read_only = read_only
        self.busy = False
        self.corrected = False
        self.registered: tuple[Registered, ...] = ()
        self.symbols: Mapping[str, str] = {}
        self._changed = changed
        self.saver = DraftSaver(lambda: write_draft(self), lambda _: changed(), clock)

    @property
    def written(self) -> bool:
        """Whether this report was ever put on disk, or is about to be."""
        return self.saver.saving.kind != "new"

    @property
    def card(self) -> ReportCard:
        dismissed, answers = frozenset(self.draft.shown("deals_dismissed")), self.draft.shown("deals_answered")
        unclear = [each for each in self._unclear if blanked(each).key not in dismissed]
        heard = heard_deals(
            (*read(self.draft.shown("deals_heard"), Terms), *self._settled(unclear)),
            self.registered,
            self.symbols,
            dismissed,
        )
        # A deal that was registered meanwhile, and stands for no other one, is the answer.
        answering = {deal.instrument_id for deal in self.registered if deal.id not in {each.deal_id for each in heard}}
        asked = [
            question(each, answers, self.symbols.get(each.instrument_id or "", ""))
            for each in unclear
            if each.instrument_id not in answering
        ]
        return ReportCard(
            self.report_id,
            self.talk,
            self.draft,
            self.registered,
            heard,
            tuple(each for each in asked if each is not None),
            self.saver.saving,
            self.phase,
            self.read_only,
            self.busy,
            self.corrected,
        )

    def measure_talk(self, talk: Talk) -> None:
        """Who it is and how it came in, for the fields that the trader left alone."""
        self.talk = talk
        self._set(
            drafts.observe(
                self.draft,
                {
                    "customer": _named(talk.customer),
                    "contact": _named(talk.contact),
                    "line": talk.line or "",
                    "number": talk.number or talk.handle or "",
                    "direction": talk.direction,
                    "started_at": talk.started.astimezone(dt.UTC).isoformat(),
                },
            )
        )

    def measure_time(self, *, seconds: float, share: float | None) -> None:
        self._set(drafts.observe(self.draft, {"duration": round(seconds, 1), "talk_share": share}))

    def hear(self, facts: Facts, *, client_spoke: bool) -> None:
        """A pass over the conversation: new suggestions for what the trader left alone."""
        if not facts:
            return
        facts = with_words(facts)
        measured = {
            "deals_heard": write(read(facts.get("deals"), Terms)),
            "deals_unclear": write(read(facts.get("unclear"), Terms)),
            "products_unsure": write(unsure(facts, self.symbols)),
        }
        found = suggestions(facts, symbols=self.symbols, deals=self.registered, client_spoke=client_spoke)
        self._set(self._dealt(drafts.observe(drafts.refine(self.draft, found), measured)))

    def answer(self, question: Question, value: str) -> None:
        """What the talk left open about a deal, as the trader says it was."""
        answers = [*self.draft.shown("deals_answered")]
        answers.append({"deal": question.deal, "field": question.field, "value": value})
        self._set(self._dealt(drafts.edit(self.draft, "deals_answered", answers)))

    @property
    def _unclear(self) -> tuple[Terms, ...]:
        return read(self.draft.shown("deals_unclear"), Terms)

    def _settled(self, unclear: Iterable[Terms], draft: Draft | None = None) -> tuple[Terms, ...]:
        """The deals of which nothing is open any more, by the trader's answers."""
        answers = (draft or self.draft).shown("deals_answered")
        return tuple(deal for each in unclear if not (deal := answered(each, answers)).doubtful)

    def _dealt(self, draft: Draft) -> Draft:
        """A deal that became clear by answers is the outcome of the talk, unless the trader chose another."""
        settled = self._settled(read(draft.shown("deals_unclear"), Terms), draft)
        if not settled or "disposition" in draft.edited:
            return draft
        dealt = Suggestion("Dealt", together(each.said for each in settled))
        return replace(draft, suggestions={**draft.suggestions, "disposition": dealt})

    def edit(self, name: str, value: Json) -> None:
        self._set(drafts.edit(self.draft, name, value))

    def accept(self, name: str) -> None:
        self._set(drafts.accept(self.draft, name))

    def reject(self, name: str) -> None:
        self._set(drafts.reject(self.draft, name))

    def name_instruments(self, symbols: Mapping[str, str]) -> None:
        self.symbols = {**self.symbols, **symbols}
        self._changed()

    def set_registered(self, deals: tuple[Registered, ...]) -> None:
        if deals != self.registered:
            self.registered = deals
            self._changed()

    def set_phase(self, phase: Phase) -> None:
        if phase != self.phase:
            self.phase = phase
            self._changed()

    def set_corrected(self) -> None:
        if not self.corrected:
            self.corrected = True
            self._changed()

    def _set(self, draft: Draft) -> None:
        # A saved or discarded report no longer follows the conversation.
        if self.read_only or draft == self.draft:
            return
        self.draft = draft
        # While the talk is live nothing is written: the transcript itself is what survives a crash.
        if self.phase != "live":
            self.saver.touch()
        self._changed()


def _named(who: Reference | None) -> Json:
    return {"name": who.name, "id": who.id} if who else None
