"""The strip over the input line: what the customer mentioned, and what can be shown of it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.shell.widgets import ElidedLabel, button, caption
from plugins.chat.model import Offer

_MOST = 3
_ICONS = {"ViewAnalysis": "chart", "ViewQuote": "quote", "ViewInstrument": "info"}
_KEYS = {"ViewAnalysis": "Alt+1", "ViewQuote": "Alt+2", "ViewInstrument": "Alt+3"}


class OfferStrip(QWidget):
    """One line per instrument, the newest mention first; only the first line's buttons have keys."""

    def __init__(self, act: Callable[[Offer, str], None]) -> None:
        super().__init__()
        self._act = act
        self._offers: tuple[Offer, ...] = ()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(10, 4, 8, 0)
        self._column.setSpacing(3)
        self.setVisible(False)

    def show_offers(self, offers: tuple[Offer, ...]) -> None:
        if offers == self._offers:
            return
        self._offers = offers
        while (item := self._column.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        if offers:
            self._column.addWidget(caption("Asked about"))
        for place, offer in enumerate(offers[:_MOST]):
            self._column.addWidget(self._line(offer, first=place == 0))
        self.setVisible(bool(offers))

    def _line(self, offer: Offer, *, first: bool) -> QWidget:
        made = QWidget()
        line = QHBoxLayout(made)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(4)
        name = ElidedLabel(offer.symbol, "h2" if first else "mut")
        line.addWidget(name, 1)
        for action in offer.actions:
            tip = f"{action.title} of {offer.symbol}" + (f" ({_KEYS[action.intent]})" if first else "")
            chip = button(action.title, "chip" if first else "ghost", tip=tip, icon=_ICONS.get(action.intent, "chart"))
            chip.setFixedWidth(chip.fontMetrics().horizontalAdvance(action.title) + 42)
            chip.setAccessibleName(f"{action.title} of {offer.symbol}")
            chip.clicked.connect(lambda _=False, intent=action.intent: self._act(offer, intent))
            line.addWidget(chip)
        return made
