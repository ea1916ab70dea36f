"""A trader at work, as a program to be killed: takes calls, deals, types reports, and tells every acknowledged fact.

``python -m tests.end_to_end.trader FOLDER WAV SPEED [look]``: opens the real desk in FOLDER offscreen. Each fact that
the desk has acknowledged (a draft field shown as saved, a registered deal, seconds on the disk, a saved report) is one
JSON line on standard output. With ``look`` it only tells what a start finds, and closes the desk again. A key other
than the tests' comes in the environment as ``DESKLINE_TEST_KEY``.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtTest import QTest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.conversation.state import ConversationState
from app.desk.program import Program, make_application
from app.desk.stage import NothingHappened, Stage
from app.records.tables import Interaction
from app.settings import load
from tests.end_to_end.desk import CALLER, KEY

NOTES = "Asked for two-way euro-dollar, dealt on the offer, wants the confirmation before the close. "
DISPOSITIONS = ("Dealt", "Enquiry", "Relationship")


def tell(fact: str, **details: Any) -> None:
    """One line, one write: a reader sees it whole or not at all."""
    os.write(1, json.dumps({"fact": fact, **details}).encode() + b"\n")


class Trader:
    """Works on the desk's I/O loop until killed."""

    def __init__(self, program: Program, recording: Path, speed: float, *, look: bool) -> None:
        self.program, self.recording, self.look = program, recording, look
        self.stage = Stage(program, speed=speed)
        self._told: dict[str, dict[str, Any]] = {}
        self._calls = 0

    def start(self) -> None:
        self.program.ui.run(self._work(), then=lambda _: self.program.quit(), failed=self._failed)

    def _failed(self, error: Exception) -> None:
        tell("failed", sentence=f"{type(error).__name__}: {error}")
        self.program.quit()

    async def _work(self) -> None:
        reports = self.stage.app("deskline-reports").reports
        state = reports.state.value
        offered = [each.interaction_id for each in state.unfinished]
        notices = [notice.text for notice in await self.stage.on_screen(lambda: list(self.program.ui.notices))]
        tell("opened", offered=offered, notices=notices)
        if self.look:
            return
        reports.state.subscribe(self._drafts)
        await self.stage.open_turret()
        while True:
            await self._report(await self._call())

    async def _call(self) -> str:
        """From the ring to the end; a deal is registered meanwhile."""
        self._calls += 1
        lines, conversations = self.stage.app("deskline-lines"), self.program.core.conversations
        await self.stage.ring(CALLER, self.recording)
        await self.stage.until(lambda: lines.state.value.waiting("ringing"), "the ring")
        await lines.answer()
        await self.stage.until(lambda: lines.state.value.waiting("connected"), "the connection")
        interaction = ""
        while not interaction:
            interaction = await self.program.core.records.query(_live) or ""
        await self.stage.until(lambda: interaction in conversations._live, "the conversation")
        conversation = conversations.state(interaction)
        tell("connected", interaction=interaction)
        conversation.subscribe(self._recorded)
        await self._deal(interaction)
        await self.stage.until(lambda: conversation.value.phase != "live", "the end of the call")
        return interaction

    async def _deal(self, interaction: str) -> None:
        deals = self.stage.app("deskline-deals")
        await self.stage.until(lambda: deals.state.value.ticket.client is not None, "the customer's ticket")
        client = deals.state.value.ticket.client
        await self.stage.until(lambda: deals._talk_with(client) == interaction, "the ticket to hear of the call")
        before = {row.id for row in deals.state.value.rows}
        await deals.clear()
        await deals.choose_instrument("EURUSD")
        await deals.choose_side("buy")
        await deals.type("quantity", f"{self._calls}0000")
        await deals.type("price", "1.0923")
        await self.stage.until(lambda: deals.state.value.reading.complete, "a complete ticket")
        for _ in range(3):  # the ticket asks to be read again when it changed as it was registered
            await deals.register(deals.state.value.ticket, {}, "As agreed with the desk head.")
            if not (deals.state.value.refused or deals.state.value.needs_reason):
                break
        else:
            raise NothingHappened(f"the ticket says: {deals.state.value.refused or deals.state.value.needs_reason}")
        await self.stage.until(lambda: {row.id for row in deals.state.value.rows} - before, "the deal in the blotter")
        for row in deals.state.value.rows:
            if row.id not in before:
                tell("deal", deal=row.id, interaction=interaction, quantity=str(row.quantity), price=str(row.price))

    async def _report(self, interaction: str) -> None:
        """Types into the popup, key by key, and saves."""
        reports = self.stage.app("deskline-reports").reports

        def shown() -> Any:
            card = reports.state.value.current
            return card if card is not None and card.talk.interaction_id == interaction else None

        card = await self.stage.until(shown, "the report")
        popup = self.program.panels["deskline-reports"]
        await self.stage.until(lambda: popup.isVisible(), "the popup")  # type: ignore[attr-defined]
        tell("report", report=card.report_id, interaction=interaction)
        text = NOTES + str(self._calls)
        disposition = DISPOSITIONS[self._calls % len(DISPOSITIONS)]
        for place, key in enumerate(text):
            await self.stage.on_screen(lambda key=key: _type(popup, key))  # type: ignore[misc]
            if place == len(text) // 2:
                await reports.edit(card.report_id, "disposition", disposition)
        await self.stage.until(lambda: shown().draft.shown("notes") == text, "the typed notes")
        if await reports.save(card.report_id):
            tell("saved", report=card.report_id, notes=text, disposition=disposition)

    def _drafts(self, state: Any) -> None:
        """Tells what the popup shows as saved."""
        for card in state.cards:
            if card.saving.kind == "saved" and not card.read_only:
                fields = {name: card.draft.shown(name) for name in sorted(card.draft.edited)}
                if self._told.get(card.report_id) != fields:
                    self._told[card.report_id] = fields
                    tell("draft", report=card.report_id, interaction=card.talk.interaction_id, fields=fields)

    def _recorded(self, state: ConversationState) -> None:
        if state.recorded_seconds:
            tell("recorded", interaction=state.interaction_id, seconds=state.recorded_seconds)


def _type(popup: Any, key: str) -> None:
    QTest.keyClicks(popup.form.editor("notes").text, key)


def _live(session: Session) -> str | None:
    return session.scalars(select(Interaction.id).where(Interaction.status == "live")).first()


def main(folder: str, recording: str, speed: str, mode: str = "work") -> int:
    overrides = {"data_folder": folder, "desk": "demo", "turret": False, "chat": False, "price_updates": 50}
    settings = load(Path(folder) / "none.toml", {}, overrides)
    application = make_application(settings)
    key = bytes.fromhex(os.environ.get("DESKLINE_TEST_KEY", KEY.hex()))
    program = Program(settings, key=key)

    def refused(sentence: str) -> None:
        levels = [notice.level for notice in program.ui.notices]
        notices = [notice.text for notice in program.ui.notices]
        tell("refused", sentence=sentence, notices=notices, levels=levels, visible=program.window.isVisible())
        program.quit()

    trader = Trader(program, Path(recording), float(speed), look=mode == "look")
    program.failed.connect(refused)
    program.outside_ready.connect(trader.start)
    program.start()
    return int(application.exec())


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
