"""A word is chosen, put right and taken back by the keyboard; the lexicon is looked at and mended."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest
import shiboken6
from PySide6.QtCore import Qt
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.services import State
from app.shell import theme
from app.shell.io_loop import IoLoop
from app.shell.speaker import SilentOutput
from app.shell.ui import Ui
from plugins.transcript.app import Learned
from plugins.transcript.script import Line, Script
from plugins.transcript.timing import word_bounds
from plugins.transcript.view import TranscriptPanel

if TYPE_CHECKING:
    from plugins.transcript.app import TranscriptApp

CALL = Script(
    interaction_id="call",
    phase="past",
    status="ended",
    lines=(
        Line(0, "client", "Sarah", 1.0, "Where are the buns?", 3.0),
        Line(1, "trader", "You", 6.0, "Ninety eight.", 8.0),
    ),
)


class App(SimpleNamespace):
    """Notes what it is asked; keeps a lexicon in memory."""

    def __init__(self) -> None:
        super().__init__(state=State(CALL), can_undo=False)
        self.asked: list[object] = []
        self.known = [Learned("1", "buns", "bunds"), Learned("2", "gilds", "gilts")]

    async def correct(self, at: int, first: int, last: int, means: str, *, always: bool) -> None:
        self.asked.append((at, CALL.lines[at].text[first:last], means, always))
        self.can_undo = True

    async def undo_correction(self) -> None:
        self.asked.append("undo")

    async def lexicon(self) -> tuple[Learned, ...]:
        return tuple(self.known)

    async def unlearn(self, entry_id: str) -> None:
        self.known = [entry for entry in self.known if entry.id != entry_id]

    async def learn(self, heard: str, means: str) -> None:
        self.known = [Learned("3", heard, means), *self.known]


@pytest.fixture
def app() -> App:
    return App()


@pytest.fixture
def panel(app: App, qtbot: QtBot) -> Iterator[TranscriptPanel]:
    theme.apply(cast("QApplication", QApplication.instance()))
    loop = IoLoop()
    loop.start()
    made = TranscriptPanel(cast("TranscriptApp", app), Ui(loop), SilentOutput)
    made.resize(640, 300)
    made.show()
    made.activateWindow()
    qtbot.waitUntil(made.isActiveWindow, timeout=10_000)
    made.page.setFocus()
    yield made
    loop.stop()
    shiboken6.delete(made)


def choose(panel: TranscriptPanel, line: int, before: str, words: str = "") -> None:
    """Puts the cursor into a word, or selects words."""
    block = panel.page.document().findBlockByNumber(line)
    at = block.position() + block.text().index(before) + 1
    cursor = QTextCursor(panel.page.document())
    cursor.setPosition(at)
    cursor.setPosition(at + max(0, len(words) - 2), QTextCursor.MoveMode.KeepAnchor)
    panel.page.setTextCursor(cursor)


def test_the_word_under_the_cursor_is_put_right(app: App, panel: TranscriptPanel, qtbot: QtBot) -> None:
    choose(panel, 0, "buns")
    qtbot.keyClick(panel.page, Qt.Key.Key_F2)
    qtbot.waitUntil(panel._correction.text.hasFocus, timeout=10_000)
    assert panel._correction.text.text() == "buns"
    qtbot.keyClicks(panel._correction.text, "bunds")
    qtbot.keyClick(panel._correction.text, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: bool(app.asked), timeout=10_000)
    assert app.asked == [(0, "buns", "bunds", False)]
    assert not panel._correction.isVisible()
    qtbot.keyClick(panel.page, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: app.asked[-1] == "undo", timeout=10_000)


def test_ctrl_enter_means_always_and_selected_words_are_one(app: App, panel: TranscriptPanel, qtbot: QtBot) -> None:
    choose(panel, 1, "Ninety eight", "Ninety eight")
    qtbot.keyClick(panel.page, Qt.Key.Key_F2)
    qtbot.waitUntil(panel._correction.text.hasFocus, timeout=10_000)
    qtbot.keyClicks(panel._correction.text, "98")
    qtbot.keyClick(panel._correction.text, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: bool(app.asked), timeout=10_000)
    assert app.asked == [(1, "Ninety eight", "98", True)]


def test_esc_leaves_it_as_it_is(app: App, panel: TranscriptPanel, qtbot: QtBot) -> None:
    choose(panel, 0, "buns")
    qtbot.keyClick(panel.page, Qt.Key.Key_F2)
    qtbot.waitUntil(panel._correction.text.hasFocus, timeout=10_000)
    qtbot.keyClick(panel._correction.text, Qt.Key.Key_Escape)
    assert not panel._correction.isVisible()
    assert app.asked == []


def test_the_lexicon_is_shown_and_an_entry_is_forgotten_and_put_back(
    app: App, panel: TranscriptPanel, qtbot: QtBot
) -> None:
    panel.show_lexicon()
    shown = panel._lexicon.list
    qtbot.waitUntil(lambda: [card.title for card in shown.cards] == ["bunds", "gilts"], timeout=10_000)
    qtbot.keyClick(shown, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: [card.title for card in shown.cards] == ["gilts"], timeout=10_000)
    qtbot.keyClick(shown, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: [card.title for card in shown.cards] == ["bunds", "gilts"], timeout=10_000)
    qtbot.keyClick(shown, Qt.Key.Key_Escape)
    assert panel.page.isVisible()


def test_an_empty_lexicon_says_how_it_learns(app: App, panel: TranscriptPanel) -> None:
    assert "F2" in panel._lexicon.list._empty


@pytest.mark.parametrize(
    ("first", "last", "word"),
    [(10, 10, "the"), (15, 16, "buns"), (18, 18, "buns"), (6, 12, "are the"), (0, 19, "Where are the buns")],
)
def test_a_choice_is_whole_words_without_their_stops(first: int, last: int, word: str) -> None:
    text = CALL.lines[0].text
    start, end = word_bounds(text, first, last)
    assert text[start:end] == word
