"""The turret's window: a dealer board with lines, buttons and demo calls. qasync runs it beside the sockets."""

from __future__ import annotations

import asyncio
import datetime as dt
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml
from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QApplication, QComboBox, QFrame, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from app.shell import theme
from app.shell.widgets import ElidedLabel, button, caption, icon_button, label, pill, separator, set_kind
from plugins.turret.model import COMPUTER, LINE_NAMES, Line, TurretError
from plugins.turret.process import Options, TurretProcess, speaker
from plugins.turret.simulated import SimulatedTurret

DEMO_FOLDER = Path(__file__).parents[2] / "resources" / "demo"
UNKNOWN_CALLER = "+442079460999"
_STATES = {
    "idle": ("Free", "pill"),
    "ringing": ("Ringing", "pillwarn"),
    "dialling": ("Dialling", "pillacc"),
    "connected": ("On call", "pillup"),
    "held": ("On hold", "pillwarn"),
    "ended": ("Ended", "pill"),
}
_VERBS = {"ringing": ("Answer", "buy"), "connected": ("Hold", ""), "held": ("Resume", "pri")}


@dataclass(frozen=True, slots=True)
class DemoCall:
    """A recording that can be placed as a call. ``title`` is what the choice shows."""

    title: str
    number: str
    audio: Path


def demo_calls(folder: Path = DEMO_FOLDER) -> list[DemoCall]:
    """Recordings with a header beside them (same name, ``.yaml``) that says who calls."""
    found = []
    for audio in sorted(folder.glob("*.wav")):
        header = audio.with_suffix(".yaml")
        if not header.exists():
            continue
        content = yaml.safe_load(header.read_text(encoding="utf-8"))
        client = content.get("client", {}) if isinstance(content, dict) else {}
        title = f"{client.get('contact', 'Unknown')}, {client.get('organization', '')}".strip(", ")
        found.append(DemoCall(title, str(client.get("phone") or UNKNOWN_CALLER), audio))
    return found


class _LineCard(QFrame):
    """One line of the board."""

    def __init__(self, name: str, act: Callable[[str, str], None]) -> None:
        super().__init__()
        self.setObjectName("kpi")
        self._line = Line(name)
        self._state = pill("Free")
        self._state.setMinimumWidth(62)
        self._who = ElidedLabel("", "h2")
        self._number = ElidedLabel("", "dim")
        self._time = label("", "num")
        self._main = button("Answer", "buy")
        self._main.setFixedWidth(84)
        self._main.clicked.connect(lambda: act(name, self._verb()))
        self._hang_up = button("Hang up", "sell")
        self._hang_up.setFixedWidth(84)
        self._hang_up.clicked.connect(lambda: act(name, "hangup"))
        for widget in (self._main, self._hang_up):
            kept = widget.sizePolicy()
            kept.setRetainSizeWhenHidden(True)
            widget.setSizePolicy(kept)
        texts = QVBoxLayout()
        texts.setSpacing(1)
        texts.addWidget(self._who)
        texts.addWidget(self._number)
        line = QHBoxLayout(self)
        line.setContentsMargins(12, 7, 10, 7)
        line.setSpacing(10)
        line.addWidget(label(name, "h1"))
        line.addWidget(self._state)
        line.addLayout(texts, 1)
        line.addWidget(self._time)
        line.addWidget(self._main)
        line.addWidget(self._hang_up)
        self.setFixedHeight(56)
        self.show_line(self._line)

    def show_line(self, line: Line) -> None:
        self._line = line
        text, kind = _STATES[line.state]
        self._state.setText(text)
        set_kind(self._state, kind)
        self._who.set_text(line.name or line.number or "")
        direction = {"inbound": "Incoming", "outbound": "Outgoing", None: ""}[line.direction]
        detail = f"{direction} · {line.number}" if line.name and line.number else direction
        self._number.set_text(detail)
        verb = _VERBS.get(line.state)
        self._main.setVisible(verb is not None)
        if verb is not None:
            self._main.setText(verb[0])
            set_kind(self._main, verb[1])
        self._hang_up.setVisible(line.state in ("ringing", "dialling", "connected", "held"))
        self.setAccessibleName(f"{line.line}, {text}, {line.name or line.number or ''}")

    def count(self, now: dt.datetime) -> None:
        started = self._line.connected_at if self._line.state in ("connected", "held") else self._line.since
        if started is None or self._line.state in ("idle", "ended"):
            self._time.setText("")
            return
        seconds = max(0, int((now - started).total_seconds()))
        self._time.setText(f"{seconds // 60:02d}:{seconds % 60:02d}")

    def _verb(self) -> str:
        return {"ringing": "answer", "connected": "hold", "held": "resume"}.get(self._line.state, "")


class TurretWindow(QWidget):
    """Lines, a field to dial, and the choice of demo calls."""

    closed = Signal()

    def __init__(self, turret: SimulatedTurret, demos: Sequence[DemoCall]) -> None:
        super().__init__()
        self._turret = turret
        self._demos = tuple(demos)
        self._tasks: set[asyncio.Future[None]] = set()
        self.setObjectName("root")
        self.setWindowTitle("Deskline turret")
        self.cards = {name: _LineCard(name, self._act) for name in (*LINE_NAMES, COMPUTER)}
        self.problem = ElidedLabel("", "warn")
        self.number = QLineEdit()
        self.number.setPlaceholderText("Number to dial")
        self.number.setAccessibleName("Number to dial")
        self.number.returnPressed.connect(self._dial)
        self.demo = QComboBox()
        self.demo.setAccessibleName("Demo call")
        for call in self._demos:
            self.demo.addItem(call.title)
        self.demo.addItem("Unknown caller, no sound")
        self._lay_out()
        turret.subscribe(lambda event: self.refresh())
        self._timer = QTimer(self, interval=500)
        self._timer.timeout.connect(self.refresh)
        self._timer.start()
        self.refresh()

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 12, 14, 12)
        column.setSpacing(6)
        top = QHBoxLayout()
        top.addWidget(label("Turret", "h1"))
        top.addWidget(pill("Simulated", "acc"))
        top.addStretch(1)
        if self._turret.speed != 1:
            top.addWidget(label(f"{self._turret.speed:g} times as fast", "dim"))
        column.addLayout(top)
        for card in self.cards.values():
            column.addWidget(card)
        column.addWidget(self.problem)
        column.addWidget(separator())
        bottom = QHBoxLayout()
        bottom.setSpacing(6)
        place = button("Place demo call", "pri", icon="phone-incoming")
        place.clicked.connect(self._place)
        dial = icon_button("phone-outgoing", "Dial this number")
        dial.clicked.connect(self._dial)
        bottom.addWidget(caption("Demo"))
        bottom.addWidget(self.demo, 2)
        bottom.addWidget(place)
        bottom.addSpacing(12)
        bottom.addWidget(self.number, 1)
        bottom.addWidget(dial)
        column.addLayout(bottom)
        column.addStretch(1)
        self.resize(640, 344)
        self.setMinimumWidth(560)

    def refresh(self) -> None:
        now = self._turret.now()
        lines = {line.line: line for line in self._turret.board.lines}
        for name, card in self.cards.items():
            card.setVisible(name in lines)
            if name in lines:
                card.show_line(lines[name])
                card.count(now)

    def _act(self, line: str, action: str) -> None:
        act = {
            "answer": self._turret.answer,
            "hold": self._turret.hold,
            "resume": self._turret.resume,
            "hangup": self._turret.hang_up,
        }.get(action)
        if act is not None:
            self._run(act(line))

    def _place(self) -> None:
        chosen = self.demo.currentIndex()
        if 0 <= chosen < len(self._demos):
            self._run(self._ring(self._demos[chosen].number, self._demos[chosen].audio))
        else:
            self._run(self._ring(UNKNOWN_CALLER, None))

    async def _ring(self, number: str, audio: Path | None) -> None:
        await self._turret.ring(number, audio)

    def _dial(self) -> None:
        if number := self.number.text().strip():
            self.number.clear()
            self._run(self._turret.dial(number))

    def _run(self, work: Awaitable[None]) -> None:
        async def carefully() -> None:
            try:
                await work
                self.problem.set_text("")
            except TurretError as problem:
                self.problem.set_text(str(problem))
            self.refresh()

        task = asyncio.ensure_future(carefully())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def closeEvent(self, event: QCloseEvent) -> None:
        self._timer.stop()
        super().closeEvent(event)
        self.closed.emit()


def run_with_window(options: Options) -> None:
    import qasync

    application = QApplication(sys.argv[:1])
    application.setApplicationName("Deskline turret")
    # The last window closing must not stop the loop under the calls; ``stop`` does, once they are ended.
    application.setQuitOnLastWindowClosed(False)
    theme.apply(application)
    with qasync.QEventLoop(application) as loop:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(_windowed(options))


async def _windowed(options: Options) -> None:
    stop = asyncio.Event()
    demos = demo_calls()
    dialled = options.dialled_audio or (demos[0].audio if demos else None)
    turret = SimulatedTurret(speed=options.speed, dialled_audio=dialled)
    window = TurretWindow(turret, demos)
    window.closed.connect(stop.set)
    window.setAttribute(Qt.WidgetAttribute.WA_QuitOnClose, False)
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    window.show()
    try:
        await TurretProcess(options, turret, say=speaker(options)).run(stop)
    finally:
        window.close()
