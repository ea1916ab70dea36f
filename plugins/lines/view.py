"""A compact panel of lines with their buttons, and the commands that work from anywhere in the window."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from app.shell.commands import Command
from app.shell.ui import Ui
from app.shell.widgets import ElidedLabel, EmptyState, PanelHeader, button, icon_button, label, pill, set_kind
from plugins.lines.app import LinesApp, LinesState, LineView

_STATES = {
    "idle": ("Free", "pill"),
    "ringing": ("Ringing", "pillwarn"),
    "dialling": ("Dialling", "pillacc"),
    "connected": ("On call", "pillup"),
    "held": ("On hold", "pillwarn"),
    "ended": ("Ended", "pill"),
}


COMPUTER = "PC"
"""The turret's line of a call through this computer."""
ROOMY = 236
"""Row width from which the time is shown too."""


class _LineRow(QWidget):
    """One line: name, state, who, how long, and the two things that can be done with it now."""

    def __init__(self, app: LinesApp, ui: Ui, name: str) -> None:
        super().__init__()
        self._app = app
        self._ui = ui
        self._line = LineView(name)
        self._state = pill("Free")
        self._who = ElidedLabel("")
        self._time = label("", "dim")
        self._main = button("Answer", "buy")
        self._hang_up = icon_button("phone-off", "Hang up", tint="dn")
        self._main.clicked.connect(self._act)
        self._hang_up.clicked.connect(lambda: self._command("hangup"))
        self._main.setFixedWidth(64)
        self._state.setMinimumWidth(self._state.sizeHint().width())
        for place in (self._main, self._hang_up):
            kept = place.sizePolicy()
            kept.setRetainSizeWhenHidden(True)
            place.setSizePolicy(kept)
        grid = QGridLayout(self)
        grid.setContentsMargins(10, 4, 6, 4)
        grid.setHorizontalSpacing(6)
        grid.setVerticalSpacing(2)
        grid.addWidget(label(name, "num"), 0, 0, 2, 1)
        grid.addWidget(self._who, 0, 1, 1, 2)
        grid.addWidget(self._state, 1, 1)
        grid.addWidget(self._time, 1, 2)
        grid.addWidget(self._main, 0, 3, 2, 1)
        grid.addWidget(self._hang_up, 0, 4, 2, 1)
        grid.setColumnStretch(2, 1)
        self.setFixedHeight(46)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        # The list of calls counts the time as well; here what can be done comes first.
        self._time.setVisible(self.width() >= ROOMY)

    def show_line(self, line: LineView) -> None:
        self._line = line
        busy = line.state != "idle"
        self.setFixedHeight(46 if busy else 30)
        self._state.setVisible(busy)
        text, kind = _STATES.get(line.state, (line.state, "pill"))
        self._state.setText(text)
        set_kind(self._state, kind)
        self._state.setMinimumWidth(self._state.sizeHint().width())
        nameless = "This computer" if line.line == COMPUTER else "Unknown number" if busy else "Free"
        self._who.set_text(line.who or nameless)
        set_kind(self._who, "" if busy else "dim")
        verb = {"ringing": ("Answer", "buy"), "connected": ("Hold", ""), "held": ("Resume", "pri")}.get(line.state)
        self._main.setVisible(verb is not None)
        if verb is not None:
            self._main.setText(verb[0])
            self._main.setAccessibleName(f"{verb[0]} {line.line}")
            set_kind(self._main, verb[1])
        self._hang_up.setVisible(line.state in ("ringing", "dialling", "connected", "held"))
        self._hang_up.setAccessibleName(f"Hang up {line.line}")
        self.setAccessibleName(f"{line.line}, {text}, {line.who}")
        self.count()

    def count(self) -> None:
        started = self._line.connected_at if self._line.state in ("connected", "held") else self._line.since
        if started is None or self._line.state in ("idle", "ended"):
            self._time.setText("")
            return
        seconds = max(0, int((self._ui.clock() - started).total_seconds()))
        self._time.setText(f"{seconds // 60:02d}:{seconds % 60:02d}")

    def _act(self) -> None:
        action = {"ringing": "answer", "connected": "hold", "held": "resume"}.get(self._line.state)
        if action is not None:
            self._command(action)

    def _command(self, action: str) -> None:
        if action in ("answer", "hold", "resume", "hangup"):
            self._ui.run(self._app.command(action, self._line.line))  # type: ignore[arg-type]


class LinesPanel(QWidget):
    """All lines, and a field to dial."""

    def __init__(self, app: LinesApp, ui: Ui) -> None:
        super().__init__()
        self._app = app
        self._ui = ui
        self._rows: dict[str, _LineRow] = {}
        self.setObjectName("panel")
        self._header = PanelHeader("Turret")
        self._pill = pill("Not running", "dn")
        self._header.add(self._pill)
        self._number = QLineEdit()
        self._number.setPlaceholderText("Number to dial")
        self._number.setAccessibleName("Number to dial")
        self._number.returnPressed.connect(self._dial)
        dial = icon_button("phone-outgoing", "Dial this number")
        dial.clicked.connect(self._dial)
        self._listen_button = icon_button("headset", "Call through this computer (Shift+F9)")
        self._listen_button.clicked.connect(self._listen)
        dialling = QHBoxLayout()
        dialling.setContentsMargins(10, 6, 6, 4)
        dialling.setSpacing(4)
        dialling.addWidget(self._number)
        dialling.addWidget(dial)
        dialling.addWidget(self._listen_button)
        self._empty = EmptyState(
            "The turret is not running: no calls can be taken.", icon="phone-off", action="Start it"
        )
        self._empty.acted.connect(lambda: ui.run(app.start_turret()))
        self._list = QVBoxLayout()
        self._list.setSpacing(0)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 4)
        column.setSpacing(0)
        column.addWidget(self._header)
        column.addLayout(self._list)
        column.addWidget(self._empty)
        column.addLayout(dialling)
        column.addStretch(1)
        self._second = QTimer(self, interval=1000)
        self._second.timeout.connect(self._count)
        ui.bind(app.state, self._show, self)
        self._add_commands()

    def _add_commands(self) -> None:
        app, ui = self._app, self._ui

        def some(*states: str) -> bool:
            return app.state.value.waiting(*states) is not None

        ui.commands.add(
            Command(
                "lines.answer",
                "Answer call",
                lambda: ui.run(app.answer()),
                "F9",
                lambda: some("ringing"),
                None,
                "phone",
            ),
            Command(
                "lines.hold",
                "Hold or resume call",
                lambda: ui.run(app.hold_or_resume()),
                "F10",
                lambda: some("connected", "held"),
                None,
                "pause",
            ),
            Command(
                "lines.hang_up",
                "Hang up",
                lambda: ui.run(app.hang_up()),
                "F12",
                lambda: bool(app.state.value.busy),
                None,
                "phone-off",
            ),
            Command(
                "lines.dial", "Dial a number", self._ask_number, "Ctrl+Shift+D", self._present, None, "phone-outgoing"
            ),
            Command(
                "lines.listen",
                "Call through this computer: begin to listen",
                self._listen,
                "Shift+F9",
                self._present,
                None,
                "headset",
            ),
            Command(
                "lines.start",
                "Start the turret",
                lambda: ui.run(app.start_turret()),
                None,
                lambda: not self._present(),
                None,
                "headset",
            ),
        )

    def _present(self) -> bool:
        return self._app.state.value.present

    def _ask_number(self) -> None:
        self._ui.focus_panel("deskline-lines")
        self._number.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._number.selectAll()

    def _dial(self) -> None:
        if number := self._number.text().strip():
            self._ui.run(self._app.dial(number), then=lambda _: self._number.clear(), owner=self)

    def _listen(self) -> None:
        """The number in the field, if there is one, says who is on the line."""
        self._ui.run(self._app.listen(self._number.text()), then=lambda _: self._number.clear(), owner=self)

    def _show(self, state: LinesState) -> None:
        self._pill.setVisible(True)
        busy = len(state.busy)
        self._pill.setText("Not running" if not state.present else f"{busy} active" if busy else "Ready")
        set_kind(self._pill, "pilldn" if not state.present else "pillup" if busy else "pill")
        self._empty.setVisible(not state.present)
        self._number.setEnabled(state.present)
        self._listen_button.setEnabled(state.present and not any(line.line == COMPUTER for line in state.busy))
        for line in state.lines:
            if line.line not in self._rows:
                self._rows[line.line] = _LineRow(self._app, self._ui, line.line)
                self._list.addWidget(self._rows[line.line])
            self._rows[line.line].show_line(line)
        for name, row in self._rows.items():
            row.setVisible(any(line.line == name for line in state.lines))

    def _count(self) -> None:
        for row in self._rows.values():
            row.count()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._second.start()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._second.stop()


def create(app: LinesApp, ui: Ui) -> QWidget:
    return LinesPanel(app, ui)
