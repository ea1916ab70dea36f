"""Notes that the trader speaks into a report: they stand in its notes as they are heard."""

from __future__ import annotations

from app.conversation.dictation import Dictated, Dictation
from app.services import Services, State
from nlp.language.model import Trader
from plugins.reports.open_report import ReportCard
from plugins.reports.work import Reports


class Dictating:
    """On the I/O loop; one dictation at a time. ``state`` is None while nobody dictates."""

    def __init__(self, desk: Services, reports: Reports) -> None:
        self.state: State[Dictated | None] = State(None)
        self._desk, self._reports = desk, reports
        self._dictation: Dictation | None = None
        self._report_id = ""
        self._before = self._written = ""  # the notes without, and with, what was dictated
        self._text = self._settled = ""  # what was dictated, and how much of it is the trader's own by now

    @property
    def microphone_file(self) -> str:
        """The sound file that stands for a microphone; empty for the system's own."""
        return self._desk.settings.microphone

    async def start(self, report_id: str, rate: int) -> None:
        """What is heard from now on is added to the report's notes. Raises SpeechUnavailable, StoreError."""
        await self.cancel()
        card = self._card(report_id)
        if card is None or card.read_only:
            return
        customer = card.talk.customer
        trader = Trader(self._desk.user.name, self._desk.user.desk)
        dictation = await self._desk.conversations.dictate(trader, customer.id if customer else None, rate)
        self._dictation, self._report_id = dictation, report_id
        self._before = self._written = str(card.draft.shown("notes") or "")
        self._text = self._settled = ""
        self.state.set(dictation.state.value)
        dictation.state.subscribe(lambda now: self._heard(dictation, now))

    async def hear(self, pcm: bytes) -> None:
        if self._dictation is not None:
            await self._dictation.hear(pcm)

    async def stop(self) -> None:
        """The trader has finished: the notes are read once more, carefully."""
        if self._dictation is not None:
            await self._dictation.stop()

    async def cancel(self) -> None:
        """Ends it at once; what is in the notes stays."""
        if self._dictation is not None:
            await self._dictation.cancel()

    def _heard(self, dictation: Dictation, now: Dictated) -> None:
        if dictation is not self._dictation:
            return
        self._write(now.text)
        over = now.phase == "done"
        if over:
            self._dictation = None
        self.state.set(None if over and not now.trouble else now)

    def _write(self, text: str) -> None:
        """After what stood there. Once the trader changes the notes they are theirs, and only what is new follows."""
        card = self._card(self._report_id)
        if card is None or card.read_only:
            return
        standing = str(card.draft.shown("notes") or "")
        if standing != self._written:
            self._before, self._settled = standing, self._text
        self._text = text
        if not text.startswith(self._settled):  # the careful pass reads otherwise what the trader has changed since
            self._written = standing
            return
        fresh = text[len(self._settled) :].strip()
        self._written = " ".join(part for part in (self._before, fresh) if part)
        if self._written != standing:
            self._reports.put(self._report_id, "notes", self._written)

    def _card(self, report_id: str) -> ReportCard | None:
        return next((card for card in self._reports.state.value.cards if card.report_id == report_id), None)
