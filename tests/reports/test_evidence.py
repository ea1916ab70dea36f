"""What a field rests on: the words with speaker and time, beside the popup by mouse and by keyboard."""

from __future__ import annotations

from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QEnterEvent
from PySide6.QtWidgets import QApplication, QLabel, QWidget
from sqlalchemy import select

from app.records.store import Records
from app.records.tables import CallReport
from plugins.reports import evidence
from plugins.reports.draft import BY_NAME
from plugins.reports.evidence import Said, together, with_words, words
from plugins.reports.rows import TaskRow
from tests.reports.screen import FACTS, Screen


def test_the_words_of_a_fact_are_its_turns_with_the_characters_that_count() -> None:
    (deal,) = with_words(FACTS)["deals"]
    assert [(said["who"], said["start"]) for said in deal["said"]] == [("trader", 67.0), ("client", 70.0)]
    ((start, end),) = deal["said"][1]["marks"]
    assert deal["said"][1]["text"][start:end] == "98.49"


def test_a_turn_or_a_mark_that_is_not_there_is_left_out() -> None:
    assert words(FACTS, {9: [], -1: []}) == ()
    assert words(FACTS, {1: [(0, 99), (3, 3), (-2, 2)]})[0].marks == ()
    assert with_words({"deals": [{"evidence": [0]}]}) == {"deals": [{"evidence": [0]}]}


SAID = st.builds(
    lambda turn, mark: Said(turn, "client", float(turn), turn + 1.0, "abcdef", ((mark, mark + 1),)),
    st.integers(0, 9),
    st.integers(0, 4),
)


@given(st.lists(st.lists(SAID, max_size=5), max_size=5))
def test_together_every_turn_stands_once_in_order_with_all_marks(parts: list[list[Said]]) -> None:
    whole = together(parts)
    assert [said.turn for said in whole] == sorted({said.turn for part in parts for said in part})
    assert {(said.turn, mark) for said in whole for mark in said.marks} == {
        (said.turn, mark) for part in parts for said in part for mark in said.marks
    }


def test_the_time_is_read_as_minutes_and_seconds() -> None:
    assert [evidence.clock(seconds) for seconds in (0, 67.9, 3601)] == ["00:00", "01:07", "60:01"]


def card_text(screen: Screen) -> str:
    return " | ".join(each.text() for each in screen.popup.evidence.findChildren(QLabel) if each.isVisible())


def point(widget: QWidget) -> None:
    """The mouse comes over a widget, as Qt tells it."""
    middle = QPointF(widget.rect().center())
    QApplication.sendEvent(widget, QEnterEvent(middle, middle, QPointF(widget.mapToGlobal(QPoint(0, 0)))))


def leave(widget: QWidget) -> None:
    QApplication.sendEvent(widget, QEvent(QEvent.Type.Leave))


def test_hovering_a_field_shows_who_said_what_when(screen: Screen) -> None:
    screen.end_call()
    screen.popup.form.editor("notes").first().setFocus()
    card = screen.popup.evidence
    point(screen.popup.form.editor("disposition"))
    screen.until(card.isVisible)
    text = card_text(screen)
    assert text.startswith("DISPOSITION | 01:07 | You | 98.49. | 01:10 | Sarah | Mine")
    assert ">98.49</span>" in text
    assert "&lt;please&gt;" in text  # nobody's words are taken for markup
    leave(screen.popup.form.editor("disposition"))
    screen.until(lambda: not card.isVisible())


def test_hovering_a_row_shows_the_words_of_that_row(screen: Screen) -> None:
    screen.end_call()
    editor = screen.popup.form.editor("follow_ups")
    (row,) = editor.findChildren(TaskRow)
    point(row)
    screen.until(lambda: "check the 15mm level" in card_text(screen))
    assert len(screen.popup.evidence.said) == 1
    point(screen.popup.form.deals.rows[0])
    screen.until(lambda: card_text(screen).startswith("DEAL"))
    card = screen.popup.evidence
    assert card.height() >= 60, "other words in an open card have room too"
    assert all(card.rect().contains(each.geometry()) for each in card.findChildren(QLabel) if each.isVisible())


def test_the_keyboard_shows_the_words_too_and_alt_e_shows_them_in_the_transcript(screen: Screen) -> None:
    screen.end_call()
    focus = screen.focus("disposition")
    screen.until(lambda: card_text(screen).startswith("DISPOSITION"))
    screen.bot.keyClick(focus, Qt.Key.Key_E, Qt.KeyboardModifier.AltModifier)
    screen.until(lambda: screen.sent)
    assert (screen.sent[0][1]["type"], screen.sent[0][1]["turns"]) == ("deskline.transcript.show", [1, 2])
    screen.focus("notes")
    screen.until(lambda: not screen.popup.evidence.isVisible())


def test_the_card_stands_beside_the_popup_and_goes_with_it(screen: Screen) -> None:
    screen.root.resize(1200, 900)
    screen.end_call()
    screen.focus("disposition")
    card = screen.popup.evidence
    screen.until(card.isVisible)
    frame = screen.popup.parentWidget()
    assert not card.geometry().intersects(frame.geometry())
    assert screen.root.rect().contains(card.geometry())
    screen.io(screen.reports.put_aside(screen.card.report_id))
    screen.until(lambda: not card.isVisible())


def test_the_card_of_the_lowest_field_ends_with_the_popup_and_its_heading_is_whole(screen: Screen) -> None:
    screen.root.resize(1200, 720)
    screen.end_call()
    card, frame = screen.popup.evidence, screen.popup.parentWidget()
    point(cast("Any", screen.popup.form.editor("follow_ups")).rows[0])
    screen.until(card.isVisible)
    assert card.geometry().bottom() <= frame.geometry().bottom()
    for name in ("products", "consents", "disposition"):
        point(screen.popup.form.editor(name))
        screen.until(lambda name=name: card_text(screen).startswith(BY_NAME[name].title.upper()))
        heading = next(each for each in card.findChildren(QLabel) if each.isVisible())
        assert heading.width() >= heading.sizeHint().width()


def test_a_field_in_the_traders_own_words_rests_on_nothing_said(screen: Screen) -> None:
    screen.end_call()
    text = screen.focus("summary")
    screen.until(screen.popup.evidence.isVisible)
    screen.bot.keyClicks(text, "x")
    screen.until(lambda: "summary" in screen.card.draft.edited)
    screen.until(lambda: not screen.popup.evidence.isVisible())


def test_a_saved_report_still_shows_what_its_fields_rest_on(screen: Screen, records: Records) -> None:
    screen.end_call()
    report_id = screen.card.report_id
    screen.io(screen.reports.save(report_id))
    screen.until(lambda: not screen.popup.isVisible())
    with records.read() as session:
        (stored,) = session.scalars(select(CallReport)).all()
    assert stored.fields["follow_ups"][0]["said"][0]["text"].startswith("Done. I'll check")
    screen.io(screen.reports.show("i1"))
    screen.until(screen.popup.isVisible)
    point(screen.popup.form.editor("disposition"))
    screen.until(lambda: card_text(screen).startswith("DISPOSITION"))
    point(cast("Any", screen.popup.form.editor("follow_ups")).rows[0])
    screen.until(lambda: card_text(screen).startswith("FOLLOW-UPS"))
