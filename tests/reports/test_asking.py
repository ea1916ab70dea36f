"""What the talk left open is asked plainly, answered by one key, and stays blank until then."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLabel, QPushButton

from app.shell.widgets import ElidedLabel
from plugins.reports import asking
from plugins.reports.ask_row import AskRow
from plugins.reports.evidence import stretch
from plugins.reports.items import Terms, read
from tests.reports.screen import FACTS, Screen
from tests.reports.test_evidence import SAID

UNCLEAR: dict[str, Any] = {
    "client_side": "buy",
    "product": "bond",
    "instrument": "XS2104567890",
    "instrument_id": "vod33",
    "quantity": 10000000,
    "quantity_ccy": "EUR",
    "price": 98.49,
    "doubtful": ["client_side", "price"],
    "evidence": [1, 2],
    "spans": [{"field": "price", "turn": 2, "start": 13, "end": 18}],
}
LOW = {**FACTS, "deals": [], "unclear": [UNCLEAR], "summary": "Client asked for an offer in VOD 33s."}


def unclear(**fields: Any) -> Terms:
    return read([{**UNCLEAR, **fields}], Terms)[0]


def answer(deal: Terms, field: str, value: str) -> dict[str, str]:
    return {"deal": asking.blanked(deal).key, "field": field, "value": value}


def test_a_doubtful_field_is_blank_whatever_was_heard() -> None:
    blank = asking.blanked(unclear())
    assert (blank.client_side, blank.price, blank.quantity) == (None, None, Decimal(10_000_000))


def test_the_questions_come_one_by_one_until_nothing_is_open() -> None:
    deal = unclear(doubtful=["price", "client_side", "value_date"])
    first = asking.question(deal, (), "VOD 3⅜ 08/33")
    assert first is not None
    assert (first.about, first.text) == ("10mm EUR VOD 3⅜ 08/33", "Which side?")
    assert [choice.key for choice in first.choices] == ["B", "S"]
    sold = answer(deal, "client_side", "sell")
    second = asking.question(deal, [sold])
    assert second is not None
    assert (second.text, second.choices) == ("At what price?", ())
    done = asking.answered(deal, [sold, answer(deal, "price", "98.512")])
    assert (done.client_side, done.price, done.quantity) == ("sell", Decimal("98.512"), Decimal(10_000_000))
    assert asking.question(deal, [sold, answer(deal, "price", "98.512")]) is None


def test_an_answer_to_another_deal_answers_nothing() -> None:
    other = answer(unclear(instrument_id="ora31"), "client_side", "sell")
    assert asking.answered(unclear(), [other]).client_side is None


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        ("quantity", "15m", "15000000"),
        ("price", "98.5", "98.5"),
        ("price", "99-16+", "99.515625"),
        ("quantity", "so", None),
    ],
)
def test_an_answer_is_typed_as_on_the_ticket(field: str, text: str, value: str | None) -> None:
    found = asking.typed(field, text)
    assert (found and Decimal(found)) == (value and Decimal(value))


@given(st.lists(SAID, min_size=1, max_size=6))
def test_the_stretch_to_play_lies_within_the_words(said: list[Any]) -> None:
    start, end = stretch(said)
    assert start in {turn.start for turn in said}
    assert end in {turn.end for turn in said}


def asks(screen: Screen) -> list[AskRow]:
    return [row for row in screen.popup.form.deals.rows if isinstance(row, AskRow)]


def test_a_low_confidence_report_asks_and_leaves_the_rest_blank(screen: Screen) -> None:
    screen.end_call(facts=LOW)
    (row,) = asks(screen)
    texts = [label.text_whole() for label in row.findChildren(ElidedLabel)]
    assert row.accessibleName() == "10mm EUR VOD 3⅜ 08/33: Which side?"
    assert texts[0] == "10mm EUR VOD 3⅜ 08/33"
    assert texts[1].startswith("heard: “Mine, ten at 98.49.")
    assert screen.card.draft.shown("disposition") == ""
    assert not screen.card.heard
    assert "1 to answer" in cast("QLabel", screen.popup.findChild(QLabel, "hint")).text()
    assert screen.popup.focusProxy() is row, "the keyboard starts at the question"


def test_one_key_answers_and_the_next_question_has_the_keyboard(screen: Screen) -> None:
    screen.end_call(facts=LOW)
    row = asks(screen)[0]
    row.setFocus()
    screen.bot.keyClick(row, Qt.Key.Key_S)
    screen.until(lambda: asks(screen) and asks(screen)[0].question.field == "price")
    entry = asks(screen)[0].entry
    assert entry is not None
    screen.until(entry.hasFocus)
    screen.bot.keyClicks(entry, "rubbish")
    screen.bot.keyClick(entry, Qt.Key.Key_Return)
    assert entry.property("k") == "bad"
    entry.selectAll()
    screen.bot.keyClicks(entry, "98.512")
    screen.bot.keyClick(entry, Qt.Key.Key_Return)
    screen.until(lambda: not asks(screen))
    (heard,) = screen.card.heard
    assert (heard.terms.client_side, heard.terms.price, heard.status) == ("sell", Decimal("98.512"), "missing")
    assert screen.card.draft.shown("disposition") == "Dealt"
    screen.until(lambda: screen.popup.isAncestorOf(QApplication.focusWidget() or screen.root))
    screen.bot.mouseClick(screen.button("Register"), Qt.MouseButton.LeftButton)
    screen.until(lambda: screen.sent)
    assert (screen.sent[0][1]["client_side"], screen.sent[0][1]["price"]) == ("sell", "98.512")


def test_n_says_that_no_deal_was_done(screen: Screen) -> None:
    screen.end_call(facts=LOW)
    row = asks(screen)[0]
    row.setFocus()
    screen.bot.keyClick(row, Qt.Key.Key_N)
    screen.until(lambda: not screen.card.questions)
    assert not screen.card.heard
    assert screen.card.draft.shown("disposition") == ""


def test_an_answer_outlives_the_careful_pass(screen: Screen) -> None:
    screen.end_call(facts=LOW)
    row = asks(screen)[0]
    row.setFocus()
    screen.bot.keyClick(row, Qt.Key.Key_B)
    screen.until(lambda: asks(screen) and asks(screen)[0].question.field == "price")
    report = screen.reports.of("i1")
    assert report is not None
    screen.io(screen.reports.hear(report, {**LOW, "summary": "Refined."}, client_spoke=True))
    screen.until(lambda: screen.card.draft.shown("summary") == "Refined.")
    assert [question.field for question in screen.card.questions] == ["price"]


def test_alt_p_plays_the_words_of_a_call(screen: Screen) -> None:
    screen.end_call()
    focus = screen.focus("disposition")
    screen.bot.keyClick(focus, Qt.Key.Key_P, Qt.KeyboardModifier.AltModifier)
    screen.until(lambda: screen.sent)
    channel, message = screen.sent[0]
    assert (channel, message["type"], message["id"]) == (
        "deskline.conversation",
        "deskline.recording.play",
        {"deskline": "i1"},
    )
    assert (message["start"], message["end"]) == (70.0, 71.0)


def test_what_was_perhaps_spoken_of_is_offered_and_left_out_until_it_is_pressed(screen: Screen) -> None:
    strange = {"kind": "instrument", "turn": 3, "start": 18, "end": 22, "text": "Orava 31"}
    screen.end_call(facts={**FACTS, "mentions": [*FACTS["mentions"], strange]})
    assert [each["name"] for each in screen.card.draft.shown("products")] == ["VOD 3⅜ 08/33"]
    chip = screen.button("Orava 31?")
    assert screen.popup.form.words_at(chip)[1][0].text.startswith("Done.")
    screen.bot.mouseClick(chip, Qt.MouseButton.LeftButton)
    screen.until(lambda: [each["name"] for each in screen.card.draft.shown("products")][1:] == ["Orava 31"])
    assert not [
        each for each in screen.popup.findChildren(QPushButton) if each.text() == "Orava 31?" and each.isVisible()
    ]
