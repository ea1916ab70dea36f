"""What the desk has learned to hear: a list, from which an entry can be taken and put back. Qt."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent

from app.services import Notice
from app.shell.card_page import CardPage
from app.shell.cards import Card
from app.shell.ui import Ui
from app.shell.widgets import ElidedLabel
from plugins.transcript.app import Learned, TranscriptApp

EMPTY = "Nothing learned yet. Correct a word in a transcript (F2) and choose “Always”."


class LexiconList(CardPage):
    """Keyboard: Del forgets the chosen entry, Ctrl+Z puts the last one back, Esc leaves."""

    def __init__(self, app: TranscriptApp, ui: Ui) -> None:
        super().__init__(EMPTY, name="The desk's lexicon", back="Back to the transcript")
        self._app, self._ui = app, ui
        self._gone: list[Learned] = []
        self.add(ElidedLabel("What the desk has learned to hear · Del forgets · Ctrl+Z puts back", "dim"), 1)

    def refresh(self) -> None:
        self._ui.run(self._app.lexicon(), then=self._show, owner=self)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        card = self.list.current()
        if event.key() == Qt.Key.Key_Delete and card is not None:
            self._forget(card.data)
        elif event.key() == Qt.Key.Key_Z and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.put_back()
        else:
            super().keyPressEvent(event)

    def put_back(self) -> None:
        if self._gone:
            entry = self._gone.pop()
            self._ui.run(self._app.learn(entry.heard, entry.means), then=lambda _: self.refresh(), owner=self)

    def _forget(self, entry: Learned) -> None:
        self._gone.append(entry)
        self._ui.run(self._app.unlearn(entry.id), then=lambda _: self._forgotten(entry), owner=self)

    def _forgotten(self, entry: Learned) -> None:
        self._ui.notify(Notice(f"“{entry.heard}” is no longer heard as “{entry.means}”.", "info"))
        self.refresh()

    def _show(self, entries: tuple[Learned, ...]) -> None:
        self.list.set_cards(
            [Card(entry.id, entry.means, f"heard as “{entry.heard}”", "transcript", data=entry) for entry in entries]
        )
        if self.list.current() is None:
            self.choose(0)
