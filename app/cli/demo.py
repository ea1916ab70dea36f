"""``deskline demo``: an invented desk on which a customer calls and another one writes."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import functools
import json
import os
import secrets
import sys
import tempfile
import time
import wave
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from app.settings import Settings

if TYPE_CHECKING:
    from app.desk.program import Program
    from app.desk.stage import Stage

DEMO = Path(__file__).parents[2] / "resources" / "demo"
SIZE = (1920, 1080)
NOTES = (74.7, 79.2)
"""Seconds of the demo call that are spoken as notes."""


def run(settings: Settings, *, call: Path | None, chat: Path | None, offscreen: bool, speed: float, out: Path) -> int:
    """Exit status 0 when the demo was played. Offscreen it plays the trader too and leaves pictures in ``out``."""
    for given in (call, chat):
        if given is not None and not given.exists():
            print(f"deskline demo: {given} does not exist", file=sys.stderr)
            return 1
    if speed <= 0:
        print("deskline demo: --speed must be above zero", file=sys.stderr)
        return 2
    if not offscreen:
        if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
            print("deskline demo: there is no display; add --offscreen to get pictures instead", file=sys.stderr)
            return 1
        return _play(settings, Script(call, chat, speed))
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    # The desk of an offscreen demo lives as long as the demo: encrypted under a key that nobody keeps.
    with tempfile.TemporaryDirectory(prefix="deskline-demo-") as folder:
        notes = Path(folder) / "notes.wav"
        _write_notes(notes)
        desk = msgspec.structs.replace(settings, desk="demo", data_folder=folder, microphone=str(notes))
        return _play(desk, Script(call, chat, speed, out), key=secrets.token_bytes(32))


def _write_notes(path: Path) -> None:
    """What the trader dictates into the report: their last words of the demo call, which suit a note."""
    from nlp.audio import load

    call = load(DEMO / "call.wav")
    first, last = (round(seconds * call.rate) for seconds in NOTES)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(call.rate)
        file.writeframes(call.trader[first:last].astype("<i2").tobytes())


@dataclasses.dataclass(frozen=True)
class Script:
    """What is played. With ``out`` the trader is played as well."""

    call: Path | None
    chat: Path | None
    speed: float
    out: Path | None = None


def _play(settings: Settings, script: Script, key: bytes | None = None) -> int:
    from PySide6.QtCore import qInstallMessageHandler

    from app.desk.program import Program, make_application

    settings = msgspec.structs.replace(settings, demo_data=True, turret=False)
    application = make_application(settings)
    program = Program(settings, key=key)
    demo = Demo(program, script)
    program.outside_ready.connect(demo.start)
    program.failed.connect(demo.fail)
    if script.out is not None:
        qInstallMessageHandler(_say_qt)
        program.window.setFixedSize(*SIZE)
        demo.say("building two years of business")
    program.start()
    application.exec()
    return demo.status


def _say_qt(_kind: object, _where: object, text: str) -> None:
    """Qt's warnings, without the one that there is no real window without a display."""
    if "propagateSizeHints" not in text:
        print(text, file=sys.stderr)


def _marked(stage: Stage) -> bool:
    """Whether the live transcript shows what a deal is made of."""
    lines = stage.app("deskline-transcript").state.value.lines
    return len(lines) >= 8 and any(span.tone == "deal" for line in lines for span in line.spans)


def _more_rows(deals: Any, before: int) -> bool:
    return len(deals.state.value.rows) > before


def _done(deals: Any) -> bool:
    """Whether a deal waits that was agreed; what is still being asked for is left in the draft."""
    return any(heard.done for heard in deals.state.value.heard)


def _complete_draft(deals: Any) -> bool:
    heard = deals.state.value.ticket.heard
    return heard is not None and None not in (heard.side, heard.quantity, heard.price)


class Demo:
    """Plays the script on an open desk."""

    def __init__(self, program: Program, script: Script) -> None:
        self.program, self.script = program, script
        self.status = 0
        self._began = time.monotonic()
        self._pictures = 0

    def say(self, text: str) -> None:
        print(f"[{time.monotonic() - self._began:6.1f} s] {text}", flush=True)

    def fail(self, sentence: str) -> None:
        print(f"deskline demo: {sentence}", file=sys.stderr)
        self.status = 1
        if self.script.out is not None:
            self.program.quit()

    def start(self) -> None:
        """On the UI thread, when everything runs."""
        self.program.ui.run(self._play(), then=lambda _: self._over(), failed=lambda error: self.fail(str(error)))

    def _over(self) -> None:
        if self.script.out is not None:
            self.say(f"done; look into {self.script.out}/")
            self.program.quit()

    async def _play(self) -> None:
        from app.desk.stage import Stage

        stage = Stage(self.program, speed=self.script.speed)
        await stage.open_turret()
        try:
            if self.script.out is not None:
                self.script.out.mkdir(parents=True, exist_ok=True)
            await self._picture(stage, "desk")
            both = self.script.call is None and self.script.chat is None
            if both or self.script.call:
                await self._call(stage, self.script.call or DEMO / "call.wav")
            if both or self.script.chat:
                await self._chat(stage, self.script.chat or DEMO / "chat.yaml")
            if self.script.out is None:
                await asyncio.Event().wait()  # the turret stays for as long as the window is open
        finally:
            await stage.close()

    async def _call(self, stage: Stage, recording: Path) -> None:
        number = _header(recording).get("client", {}).get("phone", "+442079460112")
        self.say(f"a call from {number}")
        if self.script.out is None:
            await stage.ring(number, recording, auto_answer=20.0)
            return
        await stage.ring(number, recording)
        lines, crm = stage.app("deskline-lines"), stage.app("deskline-crm")
        await stage.until(lambda: lines.state.value.waiting("ringing"), "the call to ring")
        await stage.until(lambda: crm.state.value.phase not in ("empty", "loading"), "the customer to be shown")
        await asyncio.sleep(0.5)
        await self._picture(stage, "ringing")
        await lines.answer()
        conversation = await self._conversation(stage)
        self.say("connected; the talk is being transcribed")
        await stage.until(lambda: _marked(stage) or conversation().phase != "live", "facts in the transcript", 180)
        if conversation().phase == "live":  # a machine that is too busy understands the call only when it is over
            await self._picture(stage, "live-transcript")
        deals = stage.app("deskline-deals")
        await stage.until(lambda: _done(deals) or conversation().phase != "live", "a deal to be heard", 300)
        await self._register(stage)
        await stage.until(lambda: conversation().phase != "live", "the call to end", 600)
        await self._report(stage, conversation, "call")

    async def _chat(self, stage: Stage, dialogue: Path) -> None:
        self.say("a customer writes")
        chat = stage.app("deskline-chat")
        await stage.on_screen(lambda: self.program.window.focus_panel("deskline-chat"))
        await stage.write(dialogue)
        await stage.until(lambda: chat.state.value.shown and chat.state.value.shown.messages, "the first message")
        conversation = await self._conversation(stage)
        wanted = len(_header(dialogue).get("turns", []))
        await stage.until(lambda: chat.state.value.shown.offers, "an instrument to be mentioned", 120)
        if self.script.out is None:
            return
        await self._picture(stage, "chat")
        shown = chat.state.value.shown
        offer = shown.offers[0]
        for action in offer.actions[:1]:
            await chat.show(offer, action.intent)
        await asyncio.sleep(0.5)
        await self._picture(stage, "chat-analysis")
        deals = stage.app("deskline-deals")
        await stage.until(
            lambda: _complete_draft(deals) or len(chat.state.value.shown.messages) >= wanted, "a draft", 900
        )
        await self._picture(stage, "live-ticket")
        await stage.until(lambda: len(chat.state.value.shown.messages) >= wanted, "the chat to be over", 900)
        await stage.until(lambda: conversation().analysis is not None, "the chat to be understood")
        await chat.report()
        await self._report(stage, conversation, "chat")

    async def _register(self, stage: Stage) -> None:
        """Takes each deal that was heard into the ticket, and registers it, but for one that only a trader can answer
        for: as it stands, it wants a reason."""
        deals = stage.app("deskline-deals")
        while _done(deals):
            await self._take(deals)
            await self._picture(stage, "ticket-prefilled")
            if not await self._press_register(stage):
                await deals.clear()
                return
            self.say(f"deal registered: {deals.state.value.rows[0].sentence}")
            await self._picture(stage, "deal-registered")

    async def _press_register(self, stage: Stage) -> bool:
        """Whether it is registered. A ticket that changes while it is read is read again: the talk goes on."""
        from app.desk.stage import NothingHappened

        deals = stage.app("deskline-deals")
        more = functools.partial(_more_rows, deals, len(deals.state.value.rows))
        for patience in (4.0, 8.0, 16.0, 32.0):
            await stage.command("deals.register")
            with contextlib.suppress(NothingHappened):
                await stage.until(
                    lambda: more() or deals.state.value.needs_reason, "the deal to be registered", patience
                )
                break
            self.say(f"the ticket says: {deals.state.value.refused or deals.state.value.reading.problem}")
            await self._take(deals)
        if not more():
            self.say(f"not registered: {deals.state.value.needs_reason or deals.state.value.refused}")
        return more()

    async def _take(self, deals: Any) -> None:
        """Takes what was heard. The talks name days of the week in which they were held; in this week such a day may be
        a holiday."""
        await deals.accept_heard()
        await asyncio.sleep(0.4)
        state = deals.state.value
        if state.reading.complete or not state.ticket.text("value_date"):
            return
        self.say(f"the ticket says: {state.reading.problem}")
        if state.ticket.text("product") == "fx-forward":
            await deals.type("product", "fx-spot")
        await deals.type("value_date", "")

    async def _conversation(self, stage: Stage) -> Callable[[], Any]:
        """The state of the conversation that began last."""
        from sqlalchemy import select

        from app.records.tables import Interaction

        def live(session: Any) -> str | None:
            newest = select(Interaction.id).where(Interaction.status == "live").order_by(Interaction.started_at.desc())
            found: str | None = session.scalars(newest.limit(1)).first()
            return found

        for _ in range(500):
            found = await self.program.core.records.query(live)
            try:
                if found is not None:
                    state = self.program.core.conversations.state(found)
                    return lambda: state.value
            except KeyError:
                pass
            await asyncio.sleep(0.02)
        raise RuntimeError("no conversation began")

    async def _report(self, stage: Stage, conversation: Callable[[], Any], kind: str) -> None:
        reports = stage.app("deskline-reports").reports
        card = await stage.until(lambda: reports.state.value.current, "the report popup")
        await asyncio.sleep(0.3)
        await self._picture(stage, f"{kind}-report")
        await stage.until(lambda: kind == "chat" or conversation().phase == "refined", "the second pass", 300)
        await asyncio.sleep(0.5)
        await self._picture(stage, f"{kind}-report-refined")
        await self._evidence(stage, kind)
        if kind == "call":
            await self._dictation(stage)
        await self._register(stage)
        await reports.save(card.report_id)
        await stage.until(lambda: reports.state.value.current is None, "the report to be saved")
        await asyncio.sleep(0.3)
        await self._picture(stage, f"{kind}-report-saved")
        if kind == "call":
            await self._playback(stage, card)
        self._write_report(conversation(), kind)

    async def _playback(self, stage: Stage, card: Any) -> None:
        """The words of the first deal are heard again: the transcript lights them up as they sound."""
        reports, transcript = stage.app("deskline-reports").reports, self.program.panels["deskline-transcript"]
        await reports.show(card.talk.interaction_id)
        shown = reports.state.value.current
        said = next((heard.terms.said for heard in shown.heard), shown.draft.said("summary"))
        if said:
            await reports.play_words(shown.report_id, said)
        await reports.put_aside(shown.report_id)
        if said:
            page: Any = transcript
            await stage.until(lambda: page.page.lit, "a word to light up")
            await self._picture(stage, "call-playback")

    async def _dictation(self, stage: Stage) -> None:
        """The trader speaks a note into the report: it stands there as it is heard."""
        dictating = stage.app("deskline-reports").dictating
        await stage.command("reports.dictate")
        await stage.until(lambda: dictating.state.value and dictating.state.value.text, "the dictated words", 120)
        await self._picture(stage, "call-dictation")
        await stage.command("reports.dictate")
        await stage.until(lambda: dictating.state.value is None, "the dictated notes", 120)

    async def _evidence(self, stage: Stage, kind: str) -> None:
        """The keyboard is at the first deal: the words it rests on stand beside the popup."""
        popup: Any = self.program.panels["deskline-reports"]
        shown = await stage.on_screen(lambda: next(iter(popup.form.deals.rows), popup.form.editor("summary")))
        await stage.on_screen(lambda: popup.evidence.follow(shown))
        card = popup.evidence
        await stage.until(
            lambda: card.isVisible() and card.said == popup.form.words_at(shown)[1], "the words of a deal"
        )
        await self._picture(stage, f"{kind}-report-evidence")
        await stage.on_screen(lambda: popup.evidence.follow(None))

    def _write_report(self, state: Any, kind: str) -> None:
        from nlp import report
        from nlp.language.model import Dialogue

        assert self.script.out is not None
        header = self.program.core.conversations.header(state.interaction_id)
        dialogue = Dialogue(header, tuple(segment.turn for segment in state.segments))
        made = report.build(dialogue, state.analysis, kind == "call")
        text = json.dumps(report.to_json(made), indent=2, ensure_ascii=False)
        (self.script.out / f"{kind}-report.json").write_text(text, encoding="utf-8")
        (self.script.out / f"{kind}-report.html").write_text(report.to_html(made), encoding="utf-8")
        self.say(f"report saved: {made.summary}")

    async def _picture(self, stage: Stage, name: str) -> None:
        if self.script.out is None:
            return
        self._pictures += 1
        path = self.script.out / f"{self._pictures:02d}-{name}.png"
        await stage.on_screen(lambda: self.program.window.grab().save(str(path)))
        self.say(f"picture {path.name}")


def _header(path: Path) -> dict[str, Any]:
    """The dialogue file itself, or the one beside a recording."""
    import yaml

    beside = path.with_suffix(".yaml")
    return yaml.safe_load(beside.read_text(encoding="utf-8")) if beside.exists() else {}
