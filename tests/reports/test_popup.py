"""The popup by keyboard: Tab accepts, Esc rejects and closes, Ctrl+Enter saves, what is typed is never overwritten."""

from __future__ import annotations

from typing import Any, cast

import pytest
from PySide6.QtCore import QRect, Qt
from PySide6.QtWidgets import QApplication, QCheckBox, QLineEdit, QPushButton, QWidget
from sqlalchemy import select

from app.records.store import Records
from app.records.tables import CallReport, Interaction
from plugins.reports.rows import TaskRow
from plugins.reports.stops import tab_stops
from tests.reports.screen import FACTS, Screen


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


def test_a_saved_report_gives_the_keyboard_back_where_it_was(screen: Screen) -> None:
    first, before = QLineEdit(screen.root), QPushButton("Where the trader was", screen.root)
    for widget in (first, before):
        widget.show()
    before.setFocus()
    screen.bot.waitUntil(before.hasFocus)
    screen.end_call()
    screen.focus("disposition")
    assert screen.io(screen.reports.save(screen.card.report_id))
    screen.until(lambda: not screen.popup.isVisible())
    screen.until(before.hasFocus)
