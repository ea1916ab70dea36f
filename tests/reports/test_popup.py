"""The popup by keyboard: Tab accepts, Esc rejects and closes, Ctrl+Enter saves, what is typed is never overwritten."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, cast

import pytest
import shiboken6
from PySide6.QtCore import QRect, Qt
from PySide6.QtWidgets import QApplication, QCheckBox, QLineEdit, QPushButton, QWidget
from pytestqt.qtbot import QtBot
from sqlalchemy import select

from app.records.store import Records
from app.records.tables import CallReport, Interaction
from app.services import Services
from app.shell import theme
from app.shell.io_loop import IoLoop
from app.shell.popups import Popups
from app.shell.ui import Ui
from plugins.reports import store
from plugins.reports.items import Reference
from plugins.reports.open_report import ReportCard
from plugins.reports.rows import TaskRow
from plugins.reports.stops import tab_stops
from plugins.reports.store import Talk
from plugins.reports.view import ReportPopup
from plugins.reports.work import Reports

NOW = dt.datetime(2026, 11, 24, 10, 42, 31, tzinfo=dt.UTC)
FACTS: dict[str, Any] = {
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
        }
    ],
    "follow_ups": [{"owner": "trader", "what": "Check 15mm level", "due": "2026-11-24", "evidence": [3]}],
    "consents": [{"channel": "whatsapp", "granted": False, "evidence": [2]}],
    "mentions": [{"kind": "instrument", "turn": 0, "text": "Vodafone 33s", "instrument_id": "vod33"}],
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

    def end_call(self, interaction_id: str = "i1", name: str = "Northgate Asset Management") -> None:
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
            await self.reports.hear(report, FACTS, client_spoke=True)
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
def screen(qtbot: QtBot, desk: Services) -> Iterator[Screen]:
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
    popup = ReportPopup(cast("Any", SimpleNamespace(reports=reports)), ui)
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


def test_the_end_of_a_call_shows_the_filled_form(screen: Screen) -> None:
    screen.end_call()
    form = screen.popup.form
    assert form.editor("customer").first().currentText() == "Northgate Asset Management"  # type: ignore[attr-defined]
    assert form.summary.text.toPlainText() == "Client asked for an offer in VOD 33s."
    assert form.editor("disposition").said
    assert form.editor("consents").findChild(QCheckBox).text() == "WhatsApp: refused"
    assert "5 fields suggested" in screen.popup.findChild(QWidget, "hint").text()


def test_tab_accepts_the_suggestion_and_moves_on(screen: Screen) -> None:
    screen.end_call()
    widget = screen.focus("disposition")
    screen.bot.keyClick(widget, Qt.Key.Key_Tab)
    screen.until(lambda: "disposition" in screen.card.draft.edited)
    assert screen.card.draft.shown("disposition") == "Dealt"
    assert not screen.popup.form.editor("disposition").said
    assert screen.popup.form.name_at(QApplication.focusWidget()) != "disposition"


def test_tab_goes_from_the_last_field_to_the_buttons_and_round_to_the_first(screen: Screen) -> None:
    screen.end_call()
    visited = []
    widget = screen.focus("notes")
    for _ in range(3):
        screen.bot.keyClick(widget, Qt.Key.Key_Tab)
        found = QApplication.focusWidget()
        assert found is not None
        visited.append(found.accessibleName())
        widget = found
    assert [name.split("  ")[0] for name in visited[:3]] == ["Discard", "Save draft", "Save & next"]
    screen.bot.keyClick(widget, Qt.Key.Key_Tab)
    screen.until(lambda: QApplication.focusWidget() is not widget)
    first = QApplication.focusWidget()
    assert first is not None
    assert screen.popup.isAncestorOf(first)
    screen.bot.keyClick(first, Qt.Key.Key_Backtab, Qt.KeyboardModifier.ShiftModifier)
    assert QApplication.focusWidget() is screen.button("Save & next")


def test_tab_visits_rows_that_were_filled_in_later_where_they_stand(screen: Screen) -> None:
    screen.end_call()
    order = [screen.popup.form.name_at(widget) for widget in tab_stops(screen.popup)]
    named = list(dict.fromkeys(name for name in order if name))
    expected = ["customer", "contact", "disposition", "sentiment", "products", "summary"]
    assert named == [*expected, "quotes", "orders", "follow_ups", "consents", "notes"]
    assert order.count("follow_ups") > 3  # add, and what, who, when of each


def test_esc_rejects_the_suggestion_and_the_second_esc_closes_keeping_the_draft(
    screen: Screen, records: Records
) -> None:
    screen.end_call()
    widget = screen.focus("summary")
    screen.bot.keyClick(widget, Qt.Key.Key_Escape)
    screen.until(lambda: "summary" in screen.card.draft.edited)
    assert screen.popup.form.summary.text.toPlainText() == ""
    assert screen.popup.isVisible()
    screen.bot.keyClick(widget, Qt.Key.Key_Escape)
    screen.until(lambda: not screen.popup.isVisible())
    with records.read() as session:
        (stored,) = session.scalars(select(CallReport)).all()
    assert (stored.status, stored.fields["summary"]) == ("draft", "")
    screen.until(lambda: len(screen.reports.state.value.unfinished) == 1)


def test_typing_is_kept_when_the_careful_pass_arrives(screen: Screen) -> None:
    screen.end_call()
    screen.focus("summary")
    text = screen.popup.form.summary.text
    text.selectAll()
    screen.bot.keyClicks(text, "Mine")
    report = screen.reports.of("i1")
    assert report is not None
    screen.io(screen.reports.hear(report, {**FACTS, "summary": "Refined."}, client_spoke=True))
    screen.until(screen.popup.form.summary._offer.isVisible)
    assert text.toPlainText() == "Mine"
    screen.popup.form.take("summary")
    assert text.toPlainText() == "Refined."
    text.undo()
    assert text.toPlainText() == "Mine"


def test_ctrl_enter_saves_and_shows_the_next_report(screen: Screen, records: Records) -> None:
    screen.end_call("i1")
    screen.end_call("i2")
    screen.until(lambda: len(screen.reports.state.value.cards) == 2)
    first = screen.card.report_id
    widget = screen.focus("notes")
    screen.bot.keyClicks(widget, "sent the axe list")
    screen.bot.keyClick(widget, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    screen.until(lambda: len(screen.reports.state.value.cards) == 1)
    screen.until(lambda: screen.popup.form.editor("notes").first().toPlainText() == "")  # type: ignore[attr-defined]
    assert screen.card.report_id != first
    with records.read() as session:
        saved = session.get(CallReport, first)
        talk = session.get(Interaction, "i1")
    assert saved is not None
    assert talk is not None
    assert (saved.status, saved.fields["notes"]) == ("saved", "sent the axe list")
    assert (talk.report_status, talk.disposition) == ("saved", "Dealt")


def test_follow_ups_are_edited_row_by_row(screen: Screen) -> None:
    screen.end_call()
    editor = screen.popup.form.editor("follow_ups")
    (row,) = editor.findChildren(TaskRow)
    assert row.when.text() == "Today"
    row.when.setFocus()
    row.when.selectAll()
    screen.bot.keyClicks(row.when, "tomorrow 9am")
    screen.until(lambda: screen.card.draft.shown("follow_ups")[0]["due"] == "2026-11-25T09:00:00+00:00")
    screen.bot.keyClicks(row.when, " or so")
    assert row.when.property("k") == "bad"
    editor._add_row()
    screen.bot.keyClicks(editor.rows[1].what, "Send the deck")  # type: ignore[attr-defined]
    screen.until(lambda: [t["what"] for t in screen.card.draft.shown("follow_ups")][1:] == ["Send the deck"])
    screen.bot.mouseClick(row.findChildren(QWidget)[-1], Qt.MouseButton.LeftButton)
    screen.until(lambda: len(screen.card.draft.shown("follow_ups")) == 1)


def test_a_heard_deal_is_flagged_and_can_be_registered_or_dismissed(screen: Screen) -> None:
    screen.end_call()
    assert screen.popup.form.deals.isVisible()
    screen.bot.mouseClick(screen.button("Register"), Qt.MouseButton.LeftButton)
    screen.until(lambda: screen.sent)
    channel, message = screen.sent[0]
    assert (channel, message["type"], message["client_side"]) == ("deskline.deals", "deskline.deal.proposal", "buy")
    screen.popup.form.deals.dismiss.emit(screen.card.heard[0].terms.key)
    screen.until(lambda: not screen.card.heard)
    screen.until(lambda: not screen.popup.form.deals.isVisible())


def test_a_discarded_report_can_be_brought_back_from_the_popup(screen: Screen) -> None:
    screen.end_call()
    screen.popup.discard()
    screen.until(lambda: screen.reports.state.value.discarded)
    screen.bot.mouseClick(screen.button("Undo"), Qt.MouseButton.LeftButton)
    screen.until(lambda: screen.reports.state.value.current)
    screen.until(screen.popup.form.isVisible)
    assert screen.card.draft.shown("disposition") == "Dealt"


def test_a_saved_report_is_read_only_until_edit(screen: Screen) -> None:
    screen.end_call()
    screen.io(screen.reports.save(screen.card.report_id))
    screen.until(lambda: not screen.popup.isVisible())
    screen.io(screen.reports.show("i1"))
    screen.until(screen.popup.isVisible)
    assert screen.popup.form.summary.text.isReadOnly()
    screen.popup.unlock()
    screen.until(lambda: not screen.popup.form.summary.text.isReadOnly())


def test_products_are_chips_that_come_and_go(screen: Screen) -> None:
    screen.end_call()
    line = cast("QLineEdit", screen.popup.form.editor("products").first())
    line.setFocus()
    screen.bot.keyClicks(line, "Bund")
    screen.bot.keyClick(line, Qt.Key.Key_Return)
    screen.until(lambda: [p["name"] for p in screen.card.draft.shown("products")] == ["VOD 3⅜ 08/33", "Bund"])
    screen.bot.mouseClick(screen.button("VOD"), Qt.MouseButton.LeftButton)
    screen.until(lambda: [p["name"] for p in screen.card.draft.shown("products")] == ["Bund"])


def test_the_popup_fits_a_small_screen_by_scrolling(screen: Screen) -> None:
    screen.root.resize(1366, 480)
    screen.end_call()
    frame = screen.popup.parentWidget()
    assert QRect(0, 0, 1366, 480).contains(frame.geometry())
    screen.until(lambda: screen.popup._scroll.verticalScrollBar().maximum() > 0)


def test_a_failed_write_is_shown_with_a_way_to_repeat_it(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    screen.end_call()
    screen.until(lambda: screen.card.saving.kind == "saved")

    async def full(*_: Any, **__: Any) -> None:
        raise OSError("The disk is full.")

    with monkeypatch.context() as patched:
        patched.setattr(screen.reports, "write", full)
        widget = screen.focus("notes")
        screen.bot.keyClicks(widget, "x")
        screen.until(lambda: screen.card.saving.kind == "failed")
        screen.until(lambda: screen.popup._state.text_whole() == "not saved: The disk is full.")
    screen.bot.mouseClick(screen.button("Retry"), Qt.MouseButton.LeftButton)
    screen.until(lambda: screen.popup._state.text_whole() == "draft · saved locally 10:42:31")
