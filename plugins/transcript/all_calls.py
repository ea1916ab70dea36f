"""Search over all calls and chats: a line to type in and what was found; Enter opens the talk at the word. Qt."""

from __future__ import annotations

import datetime as dt

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit

from app.records.search import Spoken
from app.services import LocalZone
from app.shell.card_page import CardPage
from app.shell.cards import Card
from app.shell.ui import Ui
from app.shell.widgets import label
from plugins.transcript.app import TranscriptApp
from plugins.transcript.script import clock

NOT_ASKED = "Type words that were said: every call and chat of the desk is searched."
NOTHING = "Nobody said that in any call or chat of this desk."


class AllCalls(CardPage):
    """``opened`` with what was chosen."""

    opened = Signal(object)

    def __init__(self, app: TranscriptApp, ui: Ui) -> None:
        super().__init__(NOT_ASKED, name="Where it was said", back="Back to the transcript")
        self._app, self._ui = app, ui
        self._zone = LocalZone()
        self._asked = 0
        self.text = QLineEdit()
        self.text.setPlaceholderText("Search all calls and chats")
        self.text.setAccessibleName("Search all calls and chats")
        self.text.textChanged.connect(self._search)
        self.text.returnPressed.connect(self._open_current)
        self.text.installEventFilter(self)
        self._count = label("", "dim")
        self.add(self.text, 1)
        self.add(self._count)
        self.list.activated.connect(self._open)
        self.setFocusProxy(self.text)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Up and down in the line choose in the list, so that the hands stay where they are."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            step = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}.get(Qt.Key(event.key()))
            if step is not None and self.list.cards:
                self.choose(self.list.currentIndex().row() + step)
                return True
        return super().eventFilter(watched, event)

    def _search(self) -> None:
        self._asked += 1
        asked, text = self._asked, self.text.text()
        self._ui.run(
            self._app.search(text),
            then=lambda found: self._show(asked, text, found),
            failed=lambda error: self._failed(asked, error),
            owner=self,
        )

    def _show(self, asked: int, text: str, found: tuple[Spoken, ...]) -> None:
        if asked != self._asked:
            return
        self.list.set_empty(NOTHING if text.strip() else NOT_ASKED)
        today = self._ui.clock().astimezone(self._zone).date()
        self.list.set_cards([_card(number, hit, self._zone, today) for number, hit in enumerate(found)])
        self.choose(0)
        places = "1 place" if len(found) == 1 else f"{len(found)} places"
        self._count.setText(places if found else "")

    def _failed(self, asked: int, error: Exception) -> None:
        if asked == self._asked:
            self.list.set_cards([])
            self.list.set_empty(f"The search did not work. {error}")
            self._count.setText("")

    def _open_current(self) -> None:
        card = self.list.current()
        if card is not None:
            self._open(card)

    def _open(self, card: Card) -> None:
        self.opened.emit(card.data)


def _card(number: int, hit: Spoken, zone: dt.tzinfo, today: dt.date) -> Card:
    local = hit.started_at.astimezone(zone)
    day = "today" if local.date() == today else f"{local.day} {local:%b %Y}"
    who = "You" if hit.who == "trader" else "Client"
    # The number makes the key: a turn is found once, and the list of another search is another list.
    return Card(
        f"{number} {hit.interaction_id} {hit.start}",
        f"{hit.title} · {day} {local:%H:%M}",
        f"{who}: {hit.snippet}",
        "phone" if hit.kind == "call" else "message",
        aside=clock(hit.at) if hit.kind == "call" else "",
        data=hit,
    )
