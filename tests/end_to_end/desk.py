"""A program on a test's Qt loop, with a stage on its I/O loop."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

from pytestqt.qtbot import QtBot
from sqlalchemy.orm import Session

from app.conversation.state import ConversationState
from app.desk.program import Program, make_application
from app.desk.stage import Stage
from app.records.recordings import Recordings
from app.records.tables import Interaction, TranscriptSegment
from app.services import Notice
from app.settings import Settings, load
from tests.waiting import until

T = TypeVar("T")
KEY = bytes(range(32))
DEMO = Path(__file__).parents[2] / "resources" / "demo"
CALLER = "+442079460112"


def settings_in(folder: Path, **changes: Any) -> Settings:
    """Settings of the desk ``demo`` in a folder; its turret is the stage's."""
    overrides = {"data_folder": str(folder), "desk": "demo", "turret": False, "price_updates": 200}
    return load(folder / "none.toml", {}, {**overrides, **changes})


class Desk:
    """A program on the test's Qt loop, with a stage on its I/O loop."""

    def __init__(self, qtbot: QtBot, settings: Settings, *, speed: float, key: bytes = KEY) -> None:
        self.qtbot = qtbot
        make_application(settings)
        self.program = Program(settings, key=key, quit_application=False)
        self.stage = Stage(self.program, speed=speed)
        self.ended = False
        self.program.closed.connect(self._end)
        self.refusals: list[str] = []
        self.program.failed.connect(self.refusals.append)

    def open(self) -> Desk:
        with self.qtbot.waitSignal(self.program.outside_ready, timeout=60_000):
            self.program.start()
        self.play(self.stage.open_turret())
        return self

    def play(self, scene: Coroutine[Any, Any, T], seconds: float = 120) -> T:
        """Runs a scene on the I/O loop while the window lives on."""
        future = self.program.loop.submit(scene)
        self.qtbot.waitUntil(future.done, timeout=round(seconds * 1000))
        return future.result()

    def until(self, condition: Callable[[], T], what: str, seconds: float = 60) -> T:
        """Waits for a condition while the window lives on; returns its value."""
        return until(self.qtbot, condition, what, seconds, lambda: f"notices: {self.notices()}")

    def read(self, work: Callable[[Session], T]) -> T:
        return self.play(self.program.core.records.query(work))

    # -- what the trader sees

    def app(self, app_id: str) -> Any:
        return self.stage.app(app_id)

    def notices(self, since: int = 0) -> list[str]:
        return [notice.text for notice in self.program.ui.notices[since:]]

    def noticed(self, begins: str, since: int = 0) -> Notice:
        """Waits for a notice that begins so."""

        def found() -> Notice | None:
            return next((each for each in self.program.ui.notices[since:] if each.text.startswith(begins)), None)

        notice = self.until(found, f"a notice “{begins}…”")
        assert notice is not None
        return notice

    # -- calls

    def answer(self, number: str) -> str:
        """Answers the call from a number; returns its interaction."""
        lines, talks = self.app("deskline-lines"), self.program.core.conversations._live

        def ringing() -> str:
            return next(
                (one.line for one in lines.state.value.lines if (one.number, one.state) == (number, "ringing")), ""
            )

        line = self.until(ringing, "the ring")
        before = set(talks)
        self.play(lines.command("answer", line))
        return self.until(lambda: next(iter(set(talks) - before), ""), "the conversation")

    def call(self, number: str, recording: Path) -> str:
        """A customer calls and is answered; returns the interaction."""
        self.play(self.stage.ring(number, recording))
        return self.answer(number)

    def talk(self, interaction: str) -> ConversationState:
        return self.program.core.conversations.state(interaction).value

    def refined(self, interaction: str) -> None:
        self.until(lambda: self.talk(interaction).phase == "refined", "the careful pass", 120)

    def interaction(self, interaction: str) -> Interaction:
        return self.read(lambda session: session.get_one(Interaction, interaction))

    def words(self, interaction: str) -> str:
        """The final transcript as stored."""

        def read(session: Session) -> str:
            rows = session.query(TranscriptSegment).filter_by(interaction_id=interaction, pass_="final")
            return " ".join(row.text for row in sorted(rows, key=lambda row: row.start))

        return self.read(read)

    def card(self, interaction: str) -> Any:
        """The talk's report in the popup."""
        cards = self.app("deskline-reports").reports.state

        def found() -> Any:
            return next((card for card in cards.value.cards if card.talk.interaction_id == interaction), None)

        return self.until(found, "the report")

    def save(self, interaction: str, notes: str) -> None:
        """Types notes into a talk's report and saves it."""
        reports, card = self.app("deskline-reports").reports, self.card(interaction)
        self.play(reports.edit(card.report_id, "notes", notes))
        assert self.play(reports.save(card.report_id)), self.notices()

    @property
    def recordings(self) -> Recordings:
        return Recordings.beside(self.program.core.records)

    def kept(self, interaction: str) -> bytes:
        """The recorded sound."""
        return self.recordings.read(f"{interaction}.rec").pcm

    def close(self) -> None:
        if self.ended:
            return
        self.play(self.stage.close())
        self.program.quit()
        self.qtbot.waitUntil(lambda: self.ended, timeout=30_000)

    def _end(self) -> None:
        self.ended = True
