"""Choosing one of a few: which app serves an intent, which of several customers is calling. Never modal."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.shell import tokens
from app.shell.cards import Card, CardList
from app.shell.ui import Ui
from app.shell.widgets import heading, icon_button, label

MOST_SHOWN = 7


@dataclass(frozen=True, slots=True)
class Option:
    title: str
    subtitle: str = ""
    icon: str = "window"


class Chooser(QWidget):
    """The list itself: arrows and Enter, or a digit, choose; Esc gives up. ``decided`` once, with an index or None.

    ``by_digit`` False: what is typed chooses nothing, for a question that may come while somebody types.
    """

    decided = Signal(object)

    def __init__(self, title: str, options: Sequence[Option], *, by_digit: bool = True) -> None:
        super().__init__()
        self.setAccessibleName(title)
        self._open = True
        self._by_digit = by_digit
        self._options = tuple(options)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        head = QHBoxLayout()
        head.setContentsMargins(12, 8, 8, 6)
        head.addWidget(heading(title), 1)
        close = icon_button("x", "Choose none", size=13)
        close.clicked.connect(lambda _=False: self.decide(None))
        head.addWidget(close)
        box.addLayout(head)
        self.list = CardList("Nothing to choose from", name=title)
        self.list.setProperty("k", "popup")
        self.list.set_cards(
            Card(str(index), option.title, option.subtitle, option.icon, aside=self._digit(index))
            for index, option in enumerate(self._options)
        )
        if self._options:
            self.list.set_current("0")
        self.list.setFixedHeight(tokens.CARD * max(1, min(len(self._options), MOST_SHOWN)))
        self.list.clicked.connect(lambda index: self.decide(index.row()))
        self.list.activated.connect(lambda card: self.decide(int(card.key)))
        box.addWidget(self.list)
        foot = label(("1–9 or " if by_digit else "") + "↑↓ and ⏎ choose   Esc none", "dim")
        foot.setContentsMargins(12, 6, 12, 7)
        box.addWidget(foot)
        self.list.installEventFilter(self)
        self.setFocusProxy(self.list)

    def decide(self, index: int | None) -> None:
        if self._open and (index is None or 0 <= index < len(self._options)):
            self._open = False
            self.decided.emit(index)

    def _digit(self, index: int) -> str:
        return str(index + 1) if self._by_digit and index < 9 else ""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        # Before the list sees the key: it would look for a card that begins with the digit.
        return event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent) and self._key(event)

    def _key(self, event: QKeyEvent) -> bool:
        if event.key() == Qt.Key.Key_Escape:
            self.decide(None)
            return True
        if not self._by_digit:
            return bool(event.text()) and event.text().isprintable()
        plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if plain and Qt.Key.Key_1 <= event.key() <= Qt.Key.Key_9:
            self.decide(event.key() - Qt.Key.Key_1)
            return True
        return False


def ask(
    ui: Ui,
    title: str,
    options: Sequence[Option],
    decided: Callable[[int | None], None],
    anchor: str = "transcript",
    *,
    by_digit: bool = True,
) -> Chooser:
    """Opens the chooser on the UI thread and calls back once."""
    chooser = Chooser(title, options, by_digit=by_digit)

    def answer(index: int | None) -> None:
        ui.close_popup(chooser)
        chooser.deleteLater()
        decided(index)

    chooser.decided.connect(answer)
    ui.show_popup(chooser, anchor)
    return chooser


async def choose(
    ui: Ui, title: str, options: Sequence[Option], anchor: str = "transcript", *, by_digit: bool = True
) -> int | None:
    """Asks the user from a coroutine on the I/O thread; the index, or None for none.

    Cancelling the coroutine (a time-out) takes the question away.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[int | None] = loop.create_future()
    shown: list[Chooser] = []

    def decided(index: int | None) -> None:
        shown.clear()
        if not loop.is_closed():
            loop.call_soon_threadsafe(lambda: None if answer.done() else answer.set_result(index))

    def withdraw() -> None:
        for chooser in list(shown):
            chooser.decide(None)

    ui.post(lambda: shown.append(ask(ui, title, options, decided, anchor, by_digit=by_digit)))
    try:
        return await answer
    except asyncio.CancelledError:
        ui.post(withdraw)
        raise
