"""The summary in other words, from a model on this computer: checked, undone by one key, never over what was typed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence

from app.settings import Settings
from nlp.summary.local_model import LocalModel
from plugins.reports.rewording_bar import CHANGED, RewordingBar
from plugins.reports.stops import tab_stops
from tests.local_model_server import LocalModelServer, serving
from tests.reports.screen import FACTS, Screen

SUMMARY = "The client bought EUR 10 million of VOD 33s at 98.49. Mara Keller to check the level (today)."
REWORDED = "The client purchased EUR 10 million of VOD 33s at 98.49. Mara Keller will check the level today."
CALL = {**FACTS, "summary": SUMMARY}


@pytest.fixture
def server() -> Iterator[LocalModelServer]:
    yield from serving()


@pytest.fixture
def language_model(server: LocalModelServer) -> LocalModel | None:
    server.answer = lambda _: REWORDED
    return LocalModel.parse(server.url)


def bar(screen: Screen) -> RewordingBar:
    return screen.popup.rewording


def summary(screen: Screen) -> str:
    return screen.popup.form.summary.text.toPlainText()


def ask(screen: Screen) -> None:
    screen.bot.mouseClick(screen.button("Reword"), Qt.MouseButton.LeftButton)


def answered(screen: Screen) -> str:
    screen.bot.waitUntil(lambda: not bar(screen).running, timeout=30_000)
    return bar(screen)._words.text()


def ask_and_wait_for_the_request(screen: Screen, server: LocalModelServer) -> None:
    server.hold.clear()
    ask(screen)
    screen.bot.waitUntil(lambda: bool(server.asked), timeout=30_000)


def test_the_reworded_text_is_the_traders_own_edit_and_can_be_undone(screen: Screen) -> None:
    screen.end_call(facts=CALL)
    ask(screen)
    assert answered(screen).startswith("Reworded")
    assert summary(screen) == REWORDED
    screen.until(lambda: screen.card.draft.shown("summary") == REWORDED)
    assert "summary" in screen.card.draft.edited
    screen.bot.mouseClick(bar(screen)._undo, Qt.MouseButton.LeftButton)
    assert summary(screen) == SUMMARY
    assert bar(screen).isHidden()
    screen.until(lambda: screen.card.draft.shown("summary") == SUMMARY)


def test_ctrl_z_in_the_field_undoes_it_too(screen: Screen) -> None:
    screen.end_call(facts=CALL)
    ask(screen)
    answered(screen)
    screen.focus("summary")
    screen.bot.keySequence(screen.popup.form.summary.text, QKeySequence(QKeySequence.StandardKey.Undo))
    assert summary(screen) == SUMMARY
    assert bar(screen).isHidden()


def test_it_is_a_command_and_a_stop_of_the_keyboard(screen: Screen) -> None:
    screen.end_call(facts=CALL)
    assert screen.popup.form.reword in tab_stops(screen.popup)
    widget = screen.focus("summary")
    screen.bot.keyClick(widget, Qt.Key.Key_W, Qt.KeyboardModifier.AltModifier)
    screen.bot.waitUntil(lambda: bar(screen).running or not bar(screen).isHidden(), timeout=30_000)
    assert answered(screen).startswith("Reworded")


def test_a_refused_text_changes_nothing_and_says_why(screen: Screen, server: LocalModelServer) -> None:
    server.answer = lambda text: text.replace("10 million", "15 million")
    screen.end_call(facts=CALL)
    ask(screen)
    assert answered(screen) == (
        "The reworded text was not taken: it says “15 million” where the summary says “10 million”."
    )
    assert summary(screen) == SUMMARY
    assert "summary" not in screen.card.draft.edited
    assert bar(screen)._undo.isHidden()


def test_a_model_that_fails_is_told_in_a_sentence(screen: Screen, server: LocalModelServer) -> None:
    server.answer = lambda _: (500, b"")
    screen.end_call(facts=CALL)
    ask(screen)
    assert answered(screen) == "The summary was not reworded: the language model answered with status 500."


def test_a_text_that_is_the_same_is_no_edit(screen: Screen, server: LocalModelServer) -> None:
    server.answer = lambda text: text
    screen.end_call(facts=CALL)
    ask(screen)
    assert answered(screen) == "The language model would write the summary as it is."
    assert "summary" not in screen.card.draft.edited


def test_what_the_trader_writes_meanwhile_stays(screen: Screen, server: LocalModelServer) -> None:
    screen.end_call(facts=CALL)
    ask_and_wait_for_the_request(screen, server)
    assert bar(screen)._progress.isVisible()
    text = screen.focus("summary")
    screen.bot.keyClicks(text, "Mine. ")
    mine = summary(screen)
    assert "Mine." in mine
    server.hold.set()
    assert answered(screen) == CHANGED
    assert summary(screen) == mine


def test_esc_ends_it_and_it_can_be_asked_again(screen: Screen, server: LocalModelServer) -> None:
    screen.end_call(facts=CALL)
    ask_and_wait_for_the_request(screen, server)
    widget = screen.focus("notes")
    screen.bot.keyClick(widget, Qt.Key.Key_Escape)
    assert not bar(screen).running
    assert bar(screen).isHidden()
    assert screen.popup.isVisible()
    server.hold.set()
    ask(screen)
    assert answered(screen).startswith("Reworded")


def test_another_report_in_front_ends_it(screen: Screen, server: LocalModelServer) -> None:
    screen.end_call("i1", facts=CALL)
    screen.end_call("i2", facts={**CALL, "summary": "Somebody else asked for nothing."})
    screen.until(lambda: len(screen.reports.state.value.cards) == 2)
    ask_and_wait_for_the_request(screen, server)
    screen.popup.step(1)
    screen.until(lambda: summary(screen) == "Somebody else asked for nothing.")
    assert not bar(screen).running
    server.hold.set()
    screen.popup.step(-1)
    screen.until(lambda: summary(screen) == SUMMARY)


def test_a_saved_report_offers_no_rewording(screen: Screen) -> None:
    screen.end_call(facts=CALL)
    assert screen.popup.form.reword.isVisible()
    screen.io(screen.reports.save(screen.card.report_id))
    screen.until(lambda: not screen.popup.isVisible())
    screen.io(screen.reports.show("i1"))
    screen.until(screen.popup.isVisible)
    assert screen.popup.form.reword.isHidden()
    screen.popup.reword()
    assert not bar(screen).running


class TestOff:
    """As Deskline comes."""

    @pytest.fixture
    def language_model(self) -> LocalModel | None:
        return Settings().language_model

    def test_nothing_of_it_shows(self, screen: Screen, server: LocalModelServer) -> None:
        screen.end_call(facts=CALL)
        assert screen.popup.form.reword.isHidden()
        screen.popup.reword()
        assert bar(screen).isHidden()
        assert not server.asked
