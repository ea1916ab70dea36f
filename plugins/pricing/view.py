"""The price grid: conflated, a few rows a frame, only rows that are visible."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QTimer
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.market.book import FeedStatus
from app.shell.commands import Command
from app.shell.ui import Ui
from app.shell.widgets import Column, PanelHeader, RecordTable, label, pill, set_kind
from plugins.pricing.app import PricingApp, PricingState
from plugins.pricing.rows import PriceRow

FLUSH_MS = 16
IDLE_MS = 80
ROWS_A_FRAME = 5
"""So that a key pressed anywhere in the window waits for a few painted rows, however fast the market. At this pace a
screen of forty rows still shows each price within an eighth of a second."""
_PHASES = {
    "live": ("Live", "pillup"),
    "connecting": ("Connecting", "pillwarn"),
    "stale": ("Stale", "pillwarn"),
    "offline": ("No feed", "pilldn"),
}
_EMPTY = "No instruments to price yet. They come with the customer in focus, or with an instrument chosen elsewhere."


def _columns() -> list[Column]:
    """Wide enough for what is longest: 113.0469 in a Treasury future, 500 lots of it. Short of room the prices stay."""
    return [
        Column("Instrument", lambda row: row.line.symbol, width=0, strong=True, tip=_tip, least=106),
        Column("Size", lambda row: row.size, width=62, align="right", color=lambda row: "tx3", sort=_size, drop=2),
        Column("Bid", lambda row: row.bid, 72, "right", lambda row: row.tone, lambda row: row.bid_flash, strong=True),
        Column("Ask", lambda row: row.ask, 72, "right", lambda row: row.tone, lambda row: row.ask_flash, strong=True),
        Column("Spd bp", lambda row: row.spread, width=52, align="right", color=lambda row: row.tone, drop=3),
        Column("Chg", lambda row: row.change, width=64, align="right", color=lambda row: row.change_tone, sort=_change),
        Column("Age", lambda row: row.age, width=40, align="right", color=lambda row: "tx3", sort=_moved, drop=1),
    ]


def _tip(row: PriceRow) -> str:
    stale = "  Last known price: the feed is silent." if row.quote is not None and row.quote.stale else ""
    return " · ".join(part for part in (row.line.name, row.line.why) if part) + stale


def _size(row: PriceRow) -> int:
    return row.quote.size if row.quote is not None else -1


def _change(row: PriceRow) -> float:
    return float(row.quote.change) if row.quote is not None else float("-inf")


def _moved(row: PriceRow) -> float:
    return row.quote.moved_at.timestamp() if row.quote is not None else 0.0


class PricingPanel(QWidget):
    """Instruments that matter to the customer in focus, ticking."""

    def __init__(self, app: PricingApp, ui: Ui, monotonic: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._app = app
        self._ui = ui
        self._monotonic = monotonic
        self._rows: list[PriceRow] = []
        self._places: dict[str, int] = {}
        self._flashing: set[int] = set()
        self._waiting: dict[int, None] = {}  # in order of arrival
        self._version = 0
        self._asked = app.state.value.asked
        self.setObjectName("panel")
        self._header = PanelHeader("Desk runs")
        self._pill = pill("No feed", "dn")
        self._rate = label("", "dim")
        self._header.add(self._pill)
        self._header.add_right(self._rate)
        self.table = RecordTable(_columns(), "Loading instruments…", name="Prices")
        self.table.chosen.connect(self._chosen)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._header)
        layout.addWidget(self.table)
        self.setFocusProxy(self.table)
        self._flush = QTimer(self, interval=FLUSH_MS)
        self._flush.timeout.connect(self.flush)
        self._second = QTimer(self, interval=1000)
        self._second.timeout.connect(self._count_on)
        ui.bind(app.state, self._show, self)
        ui.bind(app.prices.status, self._show_status, self)
        ui.commands.add(
            Command("pricing.desk", "Prices: show the desk's runs", lambda: ui.run(app.show_desk()), icon="quote"),
            Command(
                "pricing.copy", "Prices: copy the selected rows", self.table.copy, icon="copy", when=self._has_rows
            ),
        )

    def flush(self, most: int = ROWS_A_FRAME) -> None:
        """Takes the newest prices of up to ``most`` rows, those that wait longest first, and repaints them.

        Rows above the limit wait for the next frame and then show the price of that moment.
        """
        self._version, changed = self._app.prices.changed_since(self._version)
        for instrument_id in reversed(changed):
            place = self._places.get(instrument_id)
            if place is not None:
                self._waiting.setdefault(place)
        now = self._monotonic()
        dirty = {place for place in self._flashing if self._rows[place].calm(now)}
        self._flashing -= dirty
        while self._waiting and len(dirty) < most:
            place = next(iter(self._waiting))
            del self._waiting[place]
            if self._take(place, now):
                dirty.add(place)
        self.table.refresh_rows(dirty)
        # With no price on the move the grid looks less often: an idle desk leaves the processor alone.
        pause = FLUSH_MS if changed or self._waiting or self._flashing else IDLE_MS
        if self._flush.interval() != pause:
            self._flush.setInterval(pause)

    def _take(self, place: int, now: float) -> bool:
        """Whether the row looks different with its newest price."""
        row = self._rows[place]
        quote = self._app.prices.quote(row.id)
        if quote is None:
            return False
        shown = (row.bid, row.ask, row.tone)
        row.take(quote, now)
        if row.flash_until:
            self._flashing.add(place)
        return (row.bid, row.ask, row.tone) != shown

    def _show(self, state: PricingState) -> None:
        if state.lines != tuple(row.line for row in self._rows):
            kept = {row.line: row for row in self._rows}
            self._rows = [kept.get(line) or PriceRow(line) for line in state.lines]
            self._places = {row.id: place for place, row in enumerate(self._rows)}
            self._flashing.clear()
            self._waiting.clear()
            self._version = 0
            self.table.set_empty("Loading instruments…" if state.loading else _EMPTY)
            # Rows are filled before they are shown: no frame with empty prices.
            self.flush(most=len(self._rows) + 1)
            self._count_on()
            self.table.set_rows(self._rows)
        elif not state.loading:
            self.table.set_empty(_EMPTY)
        self._header.set_title(state.title)
        current = self.table.current()
        if state.focus is not None and (current is None or current.id != state.focus):
            self.table.set_current(state.focus)
        if state.asked != self._asked:
            self._asked = state.asked
            self.table.scrollTo(self.table.currentIndex())
            if not self.isVisible():
                self._ui.focus_panel("deskline-pricing")

    def _show_status(self, status: FeedStatus) -> None:
        text, kind = _PHASES[status.phase]
        self._pill.setText(text)
        set_kind(self._pill, kind)
        self._pill.setToolTip(status.text or f"{status.source} prices")
        if status.phase != "live":
            self._rate.setText("")

    def _count_on(self) -> None:
        now = self._ui.clock()
        self.table.refresh_rows(place for place, row in enumerate(self._rows) if row.grow_old(now))
        if self._app.prices.status.value.phase == "live":
            self._rate.setText(f"{self._app.prices.updates_per_second():,.0f} px/s")

    def _chosen(self, row: PriceRow) -> None:
        self._ui.run(self._app.choose(row.id))

    def _has_rows(self) -> bool:
        return bool(self._rows)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.flush()
        self._flush.start()
        self._second.start()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._flush.stop()
        self._second.stop()


def create(app: PricingApp, ui: Ui) -> QWidget:
    return PricingPanel(app, ui)
