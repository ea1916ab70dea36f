"""The Calls & chats panel: a filter and a list of cards. Qt."""

from __future__ import annotations

import datetime as dt
from functools import partial

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QWidget

from app.shell.card_page import CardPage
from app.shell.commands import Command
from app.shell.ui import Ui
from app.shell.widgets import Card, SegmentedButtons
from plugins.interactions.app import InteractionsApp, TalksState
from plugins.interactions.rows import FILTERS, TalkRow, look

EMPTY = {
    "all": "No calls or chats yet. They appear here as they come in.",
    "calls": "No calls yet.",
    "chats": "No chats yet.",
    "to_report": "Every report is written.",
}


class InteractionsPanel(CardPage):
    """Keyboard: up and down choose, Enter opens, left and right in the filter choose what is listed."""

    def __init__(self, app: InteractionsApp, ui: Ui) -> None:
        super().__init__("Loading…", name="Calls and chats")
        self._app = app
        self._ui = ui
        self._state = TalksState()
        self._asked = 0
        self.setObjectName("panel")
        self.filter = SegmentedButtons(["All", "Calls", "Chats", "To report"], name="Which calls and chats")
        self.filter.changed.connect(self._filtered)
        self.add(self.filter)
        self.list.activated.connect(self._activated)
        self.list.verticalScrollBar().valueChanged.connect(self._scrolled)
        self._clock = QTimer(self)
        self._clock.setInterval(1000)
        self._clock.timeout.connect(self._draw)
        for index, (name, title) in enumerate(zip(FILTERS, ("all", "calls", "chats", "to report"), strict=True)):
            ui.commands.add(
                Command(
                    f"interactions.{name.replace('_', '-')}",
                    f"Calls & chats: {title}",
                    partial(self.filter.set_current, index),
                    f"Ctrl+Alt+{index + 1}",
                    None,
                    self,
                )
            )
        ui.commands.add(
            Command("interactions.open", "Open the chosen call or chat", self.open_current, None, self._has_current),
            Command(
                "interactions.why",
                "Calls and chats: why is this not synced",
                self._explain,
                "Alt+Y",
                self._has_current,
                self,
                "help",
            ),
        )
        ui.bind(app.state, self._show, self)

    def open_current(self) -> None:
        card = self.list.current()
        if card is not None:
            self._activated(card)

    def _explain(self) -> None:
        card = self.list.current()
        if card is not None:
            self._ui.run(self._app.explain_sync(card.key), owner=self)

    def _has_current(self) -> bool:
        return self.list.current() is not None

    def _activated(self, card: Card) -> None:
        self._ui.run(self._app.open(card.key), owner=self)

    def _filtered(self, index: int) -> None:
        self._ui.run(self._app.choose(FILTERS[index]), owner=self)

    def _scrolled(self, value: int) -> None:
        """Near the end of what is loaded, the next page is fetched once."""
        bar = self.list.verticalScrollBar()
        loaded = len(self._state.rows)
        if self._state.more and value > bar.maximum() - 400 and self._asked != loaded:
            self._asked = loaded
            self._ui.run(self._app.load_more(), owner=self)

    def _show(self, state: TalksState) -> None:
        self._state = state
        self.filter.set_title(3, f"To report {state.to_report}" if state.to_report else "To report")
        self.list.set_empty(EMPTY[state.chosen] if state.loaded else "Loading…")
        self._draw()
        if any(row.live and row.kind == "call" for row in state.rows):
            if not self._clock.isActive():
                self._clock.start()
        else:
            self._clock.stop()

    def _draw(self) -> None:
        now = self._ui.clock()
        self.list.set_cards([_card(row, now, self._app.zone) for row in self._state.rows])


def _card(row: TalkRow, now: dt.datetime, zone: dt.tzinfo) -> Card:
    drawn = look(row, now, zone)
    return Card(
        row.key,
        row.title,
        drawn.subtitle,
        drawn.icon,
        drawn.tone,
        drawn.aside,
        drawn.aside_tone,
        row.unread,
        drawn.mark,
        drawn.mark_tone,
        row,
    )


def create(app: InteractionsApp, ui: Ui) -> QWidget:
    return InteractionsPanel(app, ui)
