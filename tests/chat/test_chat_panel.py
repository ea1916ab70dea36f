"""The chat panel: reading, writing, choosing, and showing what the customer mentioned, by keyboard."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from PySide6.QtCore import Qt, QUrl
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

from app.services import State
from app.shell import theme
from app.shell.io_loop import IoLoop
from app.shell.ui import Ui
from plugins.chat.model import Action, ChatState, Conversation, Mention, Offer
from plugins.chat.protocol import Message, Party
from plugins.chat.thread_view import marked
from plugins.chat.view import ChatPanel

AT = dt.datetime(2026, 11, 21, 10, 36, tzinfo=dt.UTC)
BOTH = (Action("ViewAnalysis", "Analysis"), Action("ViewQuote", "Quote"))
SAID = "can you show me 10mm VOD 33s"


class ChatStandIn:
    """Takes what the panel asks for."""

    def __init__(self) -> None:
        first = Conversation(
            "a",
            "demo",
            Party("swhitfield", "Sarah Whitfield", "Northgate AM"),
            "Sarah Whitfield",
            "Northgate AM",
            (Message(0, "client", AT, SAID), Message(1, "trader", AT + dt.timedelta(seconds=40), "sure")),
            mentions=(Mention(0, 21, 28, "vod"),),
            offers=(Offer("vod", "VOD 3⅜ 08/33", 0, BOTH),),
        )
        other = Conversation(
            "b",
            "demo",
            Party("jo", "Jo Lindqvist", "Kestrel"),
            "Jo Lindqvist",
            "Kestrel",
            (Message(0, "client", AT, "axes pls"),),
            2,
        )
        self.state = State(ChatState((other, first), "a", "live", ""))
        self.asked: list[tuple[Any, ...]] = []
        self.reachable = True
        self.can_play = True

    async def select(self, conversation_id: str) -> None:
        self.asked.append(("select", conversation_id))
        self.state.set(self.state.value.selected(conversation_id))

    async def send(self, text: str) -> bool:
        self.asked.append(("send", text))
        return self.reachable

    async def report(self) -> None:
        self.asked.append(("report",))

    async def show(self, offer: Offer, intent: str) -> None:
        self.asked.append(("show", offer.instrument_id, intent))

    async def end(self, conversation_id: str) -> None:
        self.asked.append(("end", conversation_id))

    async def watch(self, watched: bool) -> None: ...

    async def play(self, dialogue: Path, speed: float = 1.0) -> None:
        self.asked.append(("play", dialogue.name))


@pytest.fixture
def ui(qapp: QApplication) -> Iterator[Ui]:
    theme.apply(qapp)
    loop = IoLoop()
    loop.start()
    yield Ui(loop)
    loop.stop()


@pytest.fixture
def app() -> ChatStandIn:
    return ChatStandIn()


@pytest.fixture
def panel(qtbot: QtBot, ui: Ui, app: ChatStandIn) -> Iterator[ChatPanel]:
    made = ChatPanel(cast(Any, app), ui)
    ui.commands.set_window(made)
    qtbot.addWidget(made)
    made.resize(760, 420)
    made.show()
    yield made
    made.hide()


def test_enter_sends_and_shift_enter_starts_a_line(panel: ChatPanel, app: ChatStandIn, qtbot: QtBot) -> None:
    qtbot.keyClicks(panel.input, "98.46 best")
    qtbot.keyClick(panel.input, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    qtbot.keyClicks(panel.input, "in 15mm")
    qtbot.keyClick(panel.input, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: app.asked == [("send", "98.46 best\nin 15mm")])
    qtbot.waitUntil(lambda: panel.input.toPlainText() == "")
    qtbot.keyClick(panel.input, Qt.Key.Key_Return)
    assert len(app.asked) == 1


def test_what_could_not_be_sent_stays_in_the_line(panel: ChatPanel, app: ChatStandIn, qtbot: QtBot) -> None:
    app.reachable = False
    qtbot.keyClicks(panel.input, "done")
    qtbot.keyClick(panel.input, Qt.Key.Key_Return)
    with qtbot.waitCallback() as called:  # whatever follows the sending is over when a later errand is
        panel._ui.run(app.report(), then=called)
    assert app.asked[0] == ("send", "done")
    assert panel.input.toPlainText() == "done"


def test_each_conversation_keeps_its_own_draft(panel: ChatPanel, app: ChatStandIn, qtbot: QtBot) -> None:
    qtbot.keyClicks(panel.input, "half a sentence")
    panel._ui.commands.run("chat.next")
    qtbot.waitUntil(lambda: panel._header.title.text() == "Jo Lindqvist")
    assert panel.input.toPlainText() == ""
    panel._ui.commands.run("chat.next")
    qtbot.waitUntil(lambda: panel.input.toPlainText() == "half a sentence")
    assert app.asked == [("select", "b"), ("select", "a")]


def test_a_mention_is_shown_by_key_by_chip_and_by_click(panel: ChatPanel, app: ChatStandIn, qtbot: QtBot) -> None:
    panel._ui.commands.run("chat.quote")
    chips = {chip.accessibleName(): chip for chip in panel.offers.findChildren(QPushButton)}
    assert sorted(chips) == ["Analysis of VOD 3⅜ 08/33", "Quote of VOD 3⅜ 08/33"]
    qtbot.mouseClick(chips["Analysis of VOD 3⅜ 08/33"], Qt.MouseButton.LeftButton)
    panel.thread_view.anchorClicked.emit(QUrl("instrument:vod"))
    qtbot.waitUntil(lambda: len(app.asked) == 3)
    assert app.asked == [("show", "vod", "ViewQuote"), ("show", "vod", "ViewAnalysis"), ("show", "vod", "ViewAnalysis")]
    command = panel._ui.commands.get("chat.instrument")
    assert command is not None
    assert not command.available()  # no app serves ViewInstrument here


def test_a_report_has_a_button_and_a_command(panel: ChatPanel, app: ChatStandIn, qtbot: QtBot) -> None:
    qtbot.mouseClick(panel._report, Qt.MouseButton.LeftButton)
    panel._ui.commands.run("chat.report")
    qtbot.waitUntil(lambda: app.asked == [("report",), ("report",)])


def test_the_list_shows_who_waits_and_moves_above_where_it_is_narrow(panel: ChatPanel, qtbot: QtBot) -> None:
    cards = {card.title: card for card in panel.list.cards}
    assert (cards["Kestrel"].badge, cards["Kestrel"].subtitle) == (2, "axes pls")
    assert cards["Northgate AM"].subtitle == "You: sure"
    assert panel.list.height() == panel.height()
    panel.resize(360, 420)
    qtbot.waitUntil(lambda: panel.list.width() == panel.width())


def test_without_a_service_the_panel_says_so(panel: ChatPanel, app: ChatStandIn, qtbot: QtBot) -> None:
    app.state.set(ChatState((), None, "offline", "The chat service is away. Deskline keeps trying to reconnect."))
    qtbot.waitUntil(panel._empty.isVisible)
    assert not panel.input.isEnabled()
    assert panel._pill.text() == "Offline"


def test_the_end_of_the_thread_stays_in_sight_unless_the_reader_has_scrolled_up(
    panel: ChatPanel, app: ChatStandIn, qtbot: QtBot
) -> None:
    def at_the_end() -> bool:
        return bar.maximum() > 0 and bar.value() == bar.maximum()

    def write(count: int) -> None:
        said = tuple(Message(n, "client", AT, f"message {n}") for n in range(count))
        app.state.set(app.state.value.changed("a", messages=said, mentions=()))
        qtbot.waitUntil(lambda: f"message {count - 1}" in panel.thread_view.toPlainText())

    bar = panel.thread_view.verticalScrollBar()
    write(40)
    qtbot.waitUntil(at_the_end)
    panel.resize(760, 300)
    qtbot.waitUntil(at_the_end)
    bar.setValue(10)
    write(41)
    assert bar.value() == 10


def test_marks_never_break_the_text_whatever_is_in_it() -> None:
    text = "<b>VOD</b> & 33s\nok"
    html = marked(text, [Mention(0, 3, 6, "v"), Mention(0, 5, 9, "overlaps"), Mention(0, 90, 99, "outside")])
    assert html.startswith("&lt;b&gt;<a href=")
    assert html.count("<a ") == 1
    assert "&amp; 33s<br>ok" in html
