"""What happens on the watched desk: customers come up, calls end, words are spoken, a report is typed."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import random
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtGui import QInputDevice, QKeyEvent
from PySide6.QtWidgets import QApplication, QWidget
from sqlalchemy import select

from app.desk.program import Program
from app.desk.stage import Stage
from app.records.tables import Contact
from fdc3.client.connect import SECRET_VARIABLE, URL_VARIABLE
from tests.bench.paints import Paints
from tests.bench.watched import tell

DEMO_CALL = Path(__file__).parents[2] / "resources" / "demo" / "call.wav"
CALLER = "+442079460112"
CUSTOMERS, CALLS, KEYS = 60, 20, 200
TALK_SECONDS = 80.0
SEED = 7
FOLLOWING = ("deskline-crm", "deskline-analytics", "deskline-pricing", "deskline-deals")
"""The panels that turn to the customer. Whatever else is painted for it counts as well."""
TICKING = ("deskline-analytics", "deskline-pricing")
"""Painted all the time: what counts is the first frame with the new customer."""
QUIET = 0.15


class Day:
    """Lives on the program's I/O loop."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.stage = Stage(program)
        self.chance = random.Random(SEED)
        self.listener: Callable[[str, float], None] = lambda name, at: None
        self.paints: Paints

    async def work(self) -> None:
        await self.stage.on_screen(self._watch)
        await self.stage.until(lambda: self.program.core.worker.status == "live", "the models", 120)
        await asyncio.sleep(3.0)  # charts and forms are brought in during the quiet after the start
        await self.stage.open_turret()
        try:
            await self._customers()
            await self.stage.on_screen(self._watch_calls)
            await self._calls()
            await self._talk()
            await self._keys()
        finally:
            await self.stage.close()

    def _watch(self) -> None:
        self.paints = Paints(lambda name, at: self.listener(name, at))
        for app_id, panel in self.program.panels.items():
            self.paints.watch(app_id, panel)

    def _watch_calls(self) -> None:
        """Only what a call brings up: a watch over every widget of the window takes a share of each frame itself."""
        self.paints = Paints(lambda name, at: self.listener(name, at))
        self.paints.watch("deskline-reports", self.program.panels["deskline-reports"])
        self.paints.watch("deskline-transcript", self.program.panels["deskline-transcript"])

    # -- customers

    async def _customers(self) -> None:
        url, secret = self.program.core.host.pair("deskline-bench")
        caller = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.bench.caller",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, URL_VARIABLE: url, SECRET_VARIABLE: secret},
        )  # fmt: skip
        assert caller.stdin is not None
        assert caller.stdout is not None
        await caller.stdout.readline()
        known = await self.program.core.records.query(
            lambda session: session.execute(
                select(Contact.id, Contact.organization_id).where(Contact.organization_id.is_not(None))
            ).all()
        )
        before = ""
        for _ in range(CUSTOMERS):
            contact, organization = self.chance.choice([one for one in known if one[1] != before])
            before = wanted = str(organization)
            painted: dict[str, float] = {}

            def listen(name: str, at: float, painted: dict[str, float] = painted, wanted: str = wanted) -> None:
                if name not in TICKING or (name not in painted and self._drawn(name) == wanted):
                    painted[name] = at

            self.listener = listen
            caller.stdin.write(f"{contact}\n".encode())
            began = float(await caller.stdout.readline())
            await self.stage.until(partial(self._turned, wanted, painted), "every panel to turn", 20)
            ends = {name: (at - began) * 1000 for name, at in painted.items() if at > began}
            tell("customer", ms=max(ends.values()), panels=ends)
            await asyncio.sleep(self.chance.uniform(0.1, 0.3))
        self.listener = lambda name, at: None
        caller.stdin.close()
        await caller.wait()

    def _turned(self, wanted: str, painted: dict[str, float]) -> bool:
        """Whether all panels show the customer and nothing more is being painted for it."""
        if not all(self._shown(app_id) == wanted and app_id in painted for app_id in FOLLOWING):
            return False
        return time.monotonic() - max(painted.values()) > QUIET

    def _drawn(self, app_id: str) -> Any:
        """The organization that a ticking panel has drawn: its view's, which may be behind its app's."""
        panel: Any = self.program.panels[app_id]
        if app_id == "deskline-analytics":
            return getattr(panel._state.business, "organization_id", None)
        lines = tuple(row.line for row in panel._rows)
        state = self.stage.app(app_id).state.value
        return state.organization_id if lines == state.lines else None

    def _shown(self, app_id: str) -> Any:
        """The organization that an app's state shows."""
        state = self.stage.app(app_id).state.value
        match app_id:
            case "deskline-crm":
                return state.customer.id if state.customer is not None and state.phase == "known" else None
            case "deskline-analytics":
                return getattr(state.business, "organization_id", None)
            case "deskline-pricing":
                return state.organization_id
            case _:
                return state.ticket.client.organization_id if state.ticket.client is not None else None

    # -- calls

    async def _calls(self) -> None:
        reports = self.stage.app("deskline-reports").reports
        for _ in range(CALLS):
            await self._connect()
            await asyncio.sleep(self.chance.uniform(2.0, 3.0))
            await self._end_call()
            card = await self.stage.until(lambda: reports.state.value.current, "the report")
            await reports.put_aside(card.report_id)
            await self.stage.until(lambda: reports.state.value.current is None, "the popup to close")

    async def _connect(self) -> dt.datetime:
        """From the ring to the connection; returns when the talk began, by the turret's clock."""
        lines = self.stage.app("deskline-lines")
        await self.stage.ring(CALLER, DEMO_CALL)
        await self.stage.until(lambda: lines.state.value.waiting("ringing"), "the ring")
        await asyncio.sleep(0.3)
        await lines.answer()
        line = await self.stage.until(lambda: lines.state.value.waiting("connected"), "the connection")
        began: dt.datetime = line.connected_at
        return began

    async def _end_call(self) -> None:
        """Hangs up at the turret, and tells how long it took until the report was on the screen."""
        popup = self.program.panels["deskline-reports"]
        painted: list[float] = []

        def listen(name: str, at: float) -> None:
            if name == "deskline-reports" and popup.isVisible():
                painted.append(at)

        self.listener = listen
        began = time.monotonic()
        await self.stage.turret("hangup")
        await self.stage.until(lambda: painted, "the popup on the screen", 20)
        self.listener = lambda name, at: None
        tell("call ended", ms=(painted[0] - began) * 1000)

    # -- words

    async def _talk(self) -> None:
        """A call in real time: from the end of each utterance to the frame that shows its final live text."""
        panel: Any = self.program.panels["deskline-transcript"]
        await self.stage.on_screen(lambda: self.program.window.focus_panel("deskline-transcript"))
        zero = [await self._connect()]
        seen: set[tuple[str, float]] = set()

        def listen(name: str, at: float) -> None:
            if name != "deskline-transcript" or not panel._script.running:
                return
            since = (dt.datetime.now(dt.UTC) - zero[0]).total_seconds() - (time.monotonic() - at)
            for line in panel._script.lines:
                if (line.who, line.start) not in seen:
                    seen.add((line.who, line.start))
                    tell("words", s=since - line.end)

        self.listener = listen
        await asyncio.sleep(TALK_SECONDS)
        self.listener = lambda name, at: None
        await self._end_call()

    # -- keys

    async def _keys(self) -> None:
        """Keys in the summary of the report that has just come up, while the second pass runs and prices tick."""
        popup: Any = self.program.panels["deskline-reports"]
        conversations = self.program.core.conversations
        reports = self.stage.app("deskline-reports").reports
        card = await self.stage.until(lambda: reports.state.value.current, "the report")
        interaction = card.talk.interaction_id
        await self.stage.until(
            lambda: conversations.state(interaction).value.phase == "refined", "the second pass", 400
        )
        await asyncio.sleep(1.0)
        editor: QWidget = await self.stage.on_screen(lambda: popup.form.editor("summary").first())
        await self.stage.on_screen(lambda: self._alone(editor))
        ticks = self.program.core.prices.updates_per_second()
        for _ in range(KEYS):
            await asyncio.sleep(self.chance.uniform(0.03, 0.08))
            typed = await self.stage.on_screen(lambda: len(editor.toPlainText()))  # type: ignore[attr-defined]
            painted: list[float] = []

            def listen(name: str, at: float, typed: int = typed, painted: list[float] = painted) -> None:
                if name == "summary" and len(editor.toPlainText()) > typed:  # type: ignore[attr-defined]
                    painted.append(at)

            self.listener = listen
            key = QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_A, Qt.KeyboardModifier.NoModifier, "a")
            began = time.monotonic()
            QCoreApplication.postEvent(editor, key)
            await self.stage.until(partial(bool, painted), "the letter on the screen", 10)
            tell("key", ms=(painted[0] - began) * 1000, ticks=ticks)
        self.listener = lambda name, at: None

    def _alone(self, editor: QWidget) -> None:
        """Only the editor's text is watched, and its cursor does not blink: that paints too, and answers no key."""
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        application.setCursorFlashTime(0)
        QInputDevice.primaryKeyboard()  # Qt makes it with the first key, on the thread of that key
        editor.setFocus()
        self.paints = Paints(lambda name, at: self.listener(name, at))
        self.paints.watch("summary", editor.viewport())  # type: ignore[attr-defined]
