"""The popup on a small window: real records and reports on an I/O thread, the form on this one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, cast

import pytest
import shiboken6
from PySide6.QtWidgets import QApplication, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from app.services import Services, State
from app.shell import theme
from app.shell.io_loop import IoLoop
from app.shell.popups import Popups
from app.shell.ui import Ui
from nlp.summary.local_model import LocalModel
from plugins.reports import store
from plugins.reports.items import Reference
from plugins.reports.open_report import ReportCard
from plugins.reports.store import Talk
from plugins.reports.view import ReportPopup
from plugins.reports.work import Reports

NOW = dt.datetime(2026, 11, 24, 10, 42, 31, tzinfo=dt.UTC)
FACTS: dict[str, Any] = {
    "transcript": [
        {"who": "client", "start": 1.0, "end": 6.0, "text": "Where can you offer ten million Vodafone 33s?"},
        {"who": "trader", "start": 67.0, "end": 69.0, "text": "98.49."},
        {"who": "client", "start": 70.0, "end": 71.0, "text": "Mine, ten at 98.49. And no WhatsApp <please>."},
        {"who": "trader", "start": 72.0, "end": 75.0, "text": "Done. I'll check the 15mm level today."},
    ],
    "summary": "Client asked for an offer in VOD 33s.",
    "deals": [
        {
            "client_side": "buy",
            "product": "bond",
            "instrument": "XS2104567890",
            "instrument_id": "vod33",
            "quantity": 10000000,
            "quantity_ccy": "EUR",
            "price": 98.49,
            "evidence": [1, 2],
            "spans": [{"field": "price", "turn": 2, "start": 13, "end": 18}],
        }
    ],
    "follow_ups": [{"owner": "trader", "what": "Check 15mm level", "due": "2026-11-24", "evidence": [3]}],
    "consents": [{"channel": "whatsapp", "granted": False, "evidence": [2]}],
    "mentions": [
        {"kind": "instrument", "turn": 0, "start": 32, "end": 44, "text": "Vodafone 33s", "instrument_id": "vod33"}
    ],
}


@dataclass
class Screen:
    popup: ReportPopup
    reports: Reports
    loop: IoLoop
    root: QWidget
    sent: list[tuple[str, dict[str, Any]]]
    bot: QtBot

    def io(self, work: Any) -> Any:
        return self.loop.submit(work).result(5)

    def end_call(
        self, interaction_id: str = "i1", name: str = "Northgate Asset Management", facts: dict[str, Any] = FACTS
    ) -> None:
        talk = Talk(
            interaction_id,
            "call",
            "inbound",
            dt.datetime(2026, 11, 24, 10, 38, tzinfo=dt.UTC),
            "L1",
            "+442079460143",
            None,
            Reference(name, "ngam"),
            Reference("Sarah Whitfield", "sarah"),
        )

        async def end() -> None:
            await self.reports.write(lambda change: store.begin(change, talk, "user-mk"))
            report = self.reports.begin(talk)
            report.measure_time(seconds=252.0, share=0.44)
            await self.reports.hear(report, facts, client_spoke=True)
            report.set_phase("ended")
            report.saver.touch()
            self.reports.present(report)

        self.io(end())
        self.bot.waitUntil(self.popup.isVisible)

    @property
    def card(self) -> ReportCard:
        current = self.reports.state.value.current
        assert current is not None
        return current

    def focus(self, name: str) -> QWidget:
        widget = self.popup.form.editor(name).first()
        widget.setFocus()
        self.bot.waitUntil(lambda: self.popup.form.name_at(QApplication.focusWidget()) == name)
        found = QApplication.focusWidget()
        assert found is not None
        return found

    def until(self, condition: Callable[[], Any]) -> None:
        self.bot.waitUntil(lambda: bool(condition()), timeout=5000)

    def button(self, text: str) -> QPushButton:
        return next(b for b in self.popup.findChildren(QPushButton) if b.accessibleName().startswith(text))


@pytest.fixture
def language_model() -> LocalModel | None:
    """What rewords summaries: nothing, unless a test's file says so."""
    return None


@pytest.fixture
def screen(qtbot: QtBot, desk: Services, language_model: LocalModel | None) -> Iterator[Screen]:
    application = cast("QApplication", QApplication.instance())
    theme.apply(application)
    loop = IoLoop()
    loop.start()
    ui = Ui(loop, clock=lambda: NOW)
    sent: list[tuple[str, dict[str, Any]]] = []

    async def send(channel: str, message: dict[str, Any]) -> None:
        sent.append((channel, message))

    async def make() -> Reports:
        return Reports(desk, dt.UTC, send)

    reports = loop.submit(make()).result(5)
    root = QWidget()
    root.resize(700, 1000)
    popups = Popups(root, lambda _: None, root.rect)
    host: Any = SimpleNamespace(
        prepare_popup=popups.prepare,
        show_popup=popups.show,
        close_popup=popups.close,
        focus_panel=lambda _: False,
        show_panel=lambda _: False,
    )
    ui.set_host(host)
    ui.commands.set_window(root)
    app = SimpleNamespace(reports=reports, dictating=SimpleNamespace(state=State(None)), language_model=language_model)
    popup = ReportPopup(cast("Any", app), ui)
    root.show()
    root.activateWindow()
    qtbot.waitUntil(root.isActiveWindow)
    yield Screen(popup, reports, loop, root, sent, qtbot)
    popups.close(popup)
    loop.submit(reports.close()).result(5)
    loop.stop()
    # Here, while the window's services still live: a panel that goes takes its commands with it.
    shiboken6.delete(popup)
    shiboken6.delete(root)
