"""Complaints and KYC in the report: shown with their words, changed and struck out by the trader, saved with it."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QEnterEvent
from PySide6.QtWidgets import QApplication, QLabel, QWidget

from app.records.store import Records
from app.records.tables import CallReport, Interaction
from plugins.reports.matter_rows import MatterRow
from tests.reports.screen import FACTS, Screen

CONFIRMATION = "I'm looking at my third late confirmation in a fortnight"
LEI = "LEI lapses on the thirtieth"
HEARD: dict[str, Any] = {
    "transcript": [
        *FACTS["transcript"],
        {"who": "client", "start": 80.0, "end": 84.0, "text": f"{CONFIRMATION}. Log that as a formal complaint."},
        {"who": "trader", "start": 85.0, "end": 88.0, "text": f"I will. And your {LEI}."},
    ],
    "matters": [
        {
            "kind": "complaint",
            "what": CONFIRMATION,
            "raised_by": "client",
            "formal": True,
            "evidence": [4],
            "spans": [{"field": "what", "turn": 4, "start": 0, "end": len(CONFIRMATION)}],
        },
        {"kind": "kyc", "what": LEI, "raised_by": "trader", "evidence": [5]},
    ],
}


def rows(screen: Screen) -> list[MatterRow]:
    return [row for row in screen.popup.form.editor("matters").rows if isinstance(row, MatterRow)]  # type: ignore[attr-defined]


def test_a_talk_without_any_shows_none(screen: Screen) -> None:
    screen.end_call()
    assert not screen.popup.form.editor("matters").isVisible()


def test_each_is_shown_with_its_kind_and_makes_the_talk_a_complaint(screen: Screen) -> None:
    screen.end_call(facts=HEARD)
    assert screen.popup.form.editor("matters").isVisible()
    assert [(row.kind.currentText(), row.what.text()) for row in rows(screen)] == [
        ("Formal complaint", CONFIRMATION),
        ("KYC", LEI),
    ]
    assert screen.card.draft.shown("disposition") == "Complaint"


def test_hovering_a_row_shows_its_words(screen: Screen) -> None:
    screen.end_call(facts=HEARD)
    screen.popup.form.editor("notes").first().setFocus()
    row, card = rows(screen)[1], screen.popup.evidence
    middle = QPointF(row.rect().center())
    QApplication.sendEvent(row, QEnterEvent(middle, middle, QPointF(row.mapToGlobal(QPoint(0, 0)))))
    screen.until(card.isVisible)
    assert [said.turn for said in card.said] == [5]
    assert any(LEI in each.text() for each in card.findChildren(QLabel))
    QApplication.sendEvent(row, QEvent(QEvent.Type.Leave))


def test_the_trader_s_changes_are_saved_and_name_the_talk(screen: Screen, records: Records) -> None:
    screen.end_call(facts=HEARD)
    complaint, kyc = rows(screen)
    complaint.what.setFocus()
    complaint.what.selectAll()
    screen.bot.keyClicks(complaint.what, "Late confirmations")
    complaint.kind.setCurrentIndex(0)
    complaint.kind.activated.emit(0)
    screen.bot.mouseClick(kyc.findChildren(QWidget)[-1], Qt.MouseButton.LeftButton)
    screen.until(lambda: len(screen.card.draft.shown("matters")) == 1)
    report_id = screen.card.report_id
    screen.io(screen.reports.save(report_id))
    with records.read() as session:
        saved, talk = session.get(CallReport, report_id), session.get(Interaction, "i1")
    assert saved is not None
    assert talk is not None
    (matter,) = saved.fields["matters"]
    assert (matter["what"], matter["kind"], matter["formal"]) == ("Late confirmations", "complaint", False)
    assert [said["turn"] for said in matter["said"]] == [4]
    assert talk.subject == "Complaint · Late confirmations"


def test_the_keyboard_goes_through_the_rows(screen: Screen) -> None:
    screen.end_call(facts=HEARD)
    assert screen.popup.form.name_at(screen.focus("matters")) == "matters"
    screen.bot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Escape)
    screen.until(lambda: screen.card.draft.shown("matters") in ((), []))
    screen.until(lambda: not screen.popup.form.editor("matters").isVisible())
