"""The analytics panel: the instrument's price above, the customer's business below."""

from __future__ import annotations

import asyncio
import datetime as dt
import importlib
from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from app.brokerage.entry import format_price, format_short
from app.market.book import Quote
from app.shell.commands import Command
from app.shell.ui import Ui
from app.shell.widgets import (
    ElidedLabel,
    EmptyState,
    PanelHeader,
    SegmentedButtons,
    caption,
    label,
    separator,
    set_kind,
)
from plugins.analytics.app import AnalyticsApp, AnalyticsState
from plugins.analytics.bars import Bar, Columns, Rows
from plugins.analytics.business import Business, Focus, daily

if TYPE_CHECKING:
    from plugins.analytics.chart import PriceChart

SPANS = ("1D", "5D", "1M", "YTD")
REFRESH_MS = 250
LOWEST = 320
QUIET_MS = 1500
_DAYS = {"5D": 7, "1M": 31}


class AnalyticsPanel(QWidget):
    def __init__(self, app: AnalyticsApp, ui: Ui) -> None:
        super().__init__()
        self._app, self._ui = app, ui
        self._state = app.state.value
        self._asked = self._state.asked
        self._drawn: tuple[object, ...] = ()
        self.chart: PriceChart | None = None
        self._loading = False
        self.setObjectName("panel")
        self.header = PanelHeader("Analytics")
        self.price, self.change, self.source = label("", "h2"), label("", "up"), ElidedLabel("", "dim")
        self.header.add(self.price)
        self.header.add(self.change)
        self.spans = SegmentedButtons(SPANS, name="Span of the chart")
        self.spans.changed.connect(lambda _: self._draw())
        self.header.add_right(self.spans)
        self._empty = EmptyState("Choose an instrument in any panel to see its price.", icon="chart")
        self._charts = QStackedWidget()
        self._charts.addWidget(self._empty)
        self.business = BusinessStrip()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.header)
        remark = QHBoxLayout()
        remark.setContentsMargins(10, 0, 10, 2)
        remark.addWidget(self.source)
        column.addLayout(remark)
        column.addWidget(self._charts, 1)
        column.addWidget(separator())
        column.addWidget(self.business)
        self._timer = QTimer(self, interval=REFRESH_MS)
        self._timer.timeout.connect(self._draw)
        for number, span in enumerate(SPANS):
            ui.commands.add(
                Command(f"analytics.{span}", f"Analytics: chart of {span}", self._span(number), icon="chart")
            )
        ui.bind(app.state, self._show, self)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._timer.start()
        QTimer.singleShot(QUIET_MS, self, self._load_chart)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        # Where both do not fit, the price wins.
        self.business.setVisible(self.height() >= LOWEST)

    def _load_chart(self) -> None:
        """Brings pyqtgraph in: its numpy on another thread, itself here, because it alters Qt's classes.

        That takes a third of a second, so it happens in the quiet after the start and not when the first call rings.
        """
        if not self._loading:
            self._loading = True
            self._ui.run(_import_numpy(), then=self._numpy_loaded, failed=self._chart_failed, owner=self)

    def _numpy_loaded(self, _module: ModuleType) -> None:
        try:
            from plugins.analytics.chart import PriceChart
        except ImportError as error:
            self._chart_failed(error)
            return
        self.chart = PriceChart()
        self._charts.addWidget(self.chart)
        self._draw()

    def _chart_failed(self, error: Exception) -> None:
        self._empty.set_text(f"Charts cannot be drawn here: {error}")

    def _span(self, number: int) -> Callable[[], None]:
        return lambda: self.spans.set_current(number)

    def _show(self, state: AnalyticsState) -> None:
        self._state = state
        self.business.show_business(state.business)
        if state.phase == "failed" or (state.text and state.focus is None):
            self._empty.set_text(state.text)
        self._draw()
        if state.asked != self._asked:
            self._asked = state.asked
            self._ui.focus_panel("deskline-analytics")

    def _draw(self) -> None:
        """Brings header and line up to date, if anything they show has changed since the last time."""
        focus = self._state.focus
        if focus is None:
            self.header.set_title("Analytics")
            for text in (self.price, self.change):
                text.setText("")
            self.source.set_text("")
            self._charts.setCurrentWidget(self._empty)
            return
        quote = self._app.prices.quote(focus.instrument_id)
        span = SPANS[self.spans.current()]
        now = self._ui.clock()
        wanted = (focus, quote, span, self.chart)
        if wanted == self._drawn:
            return
        self._drawn = wanted
        self._show_header(focus, quote)
        live = float(quote.mid) if quote is not None else None
        if span == "1D":
            history = self._app.prices.history(focus.instrument_id)
            times, prices = list(history.seconds), list(history.mids)
            since = times[0] if times else now.timestamp()
            began = dt.datetime.fromtimestamp(since, now.astimezone().tzinfo)
            words = f"Mid of the feed since {began:%H:%M}" if times else "No prices yet today"
        else:
            since = _start(span, now)
            times, prices = daily(focus.deals, since)
            words = (
                f"Last price dealt here each day, {len(times)} days with deals" if times else "No deals in this span"
            )
            if live is not None and times:
                times, prices = [*times, now.timestamp()], [*prices, live]
                words += ", then the price now"
        marks = [mark for mark in focus.deals if mark.at >= since]
        if any(mark.theirs for mark in marks):
            words += " · coloured triangles: deals of this customer"
        self.source.set_text(words)
        if self.chart is None:
            self._empty.set_text("Loading the chart…")
        elif times or marks:
            self.chart.show_line(times, prices, marks, focus.decimals, live)
            self._charts.setCurrentWidget(self.chart)
            return
        else:
            self._empty.set_text(f"{words} for {focus.symbol}.")
        self._charts.setCurrentWidget(self._empty)

    def _show_header(self, focus: Focus, quote: Quote | None) -> None:
        self.header.set_title(focus.symbol)
        self.header.title.setToolTip(focus.name)
        price = quote.mid if quote is not None else focus.close
        self.price.setText(format_price(round(price, focus.decimals), focus.decimals))
        change = price - focus.close
        if quote is None:
            self.change.setText("last close")
            set_kind(self.change, "dim")
            return
        moved = round(change, focus.decimals)
        words = f"{moved:+.{focus.decimals}f}".replace("-", "−") if moved else f"{0:.{focus.decimals}f}"
        self.change.setText(words + (" · stale" if quote.stale else ""))
        set_kind(self.change, "warn" if quote.stale else "up" if moved > 0 else "dn" if moved else "dim")


class BusinessStrip(QWidget):
    """The customer's twelve months: sales credit by month and by product, and what stands out in words."""

    def __init__(self) -> None:
        super().__init__()
        self.title = caption("Customer's business")
        self.words = ElidedLabel("Choose a customer to see their business.", "mut")
        self.months = Columns("Sales credit by month", "No sales credit yet")
        self.products = Rows("Sales credit by product", "No deals yet")
        bars = QHBoxLayout()
        bars.setSpacing(16)
        bars.addWidget(self.months, 3)
        bars.addWidget(self.products, 2)
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 6, 10, 8)
        column.setSpacing(4)
        column.addWidget(self.title)
        column.addWidget(self.words)
        column.addLayout(bars, 1)
        column.addStretch()
        self.setFixedHeight(154)
        self._shown: Business | None = None
        self.months.hide()
        self.products.hide()

    def show_business(self, business: Business | None) -> None:
        if business is self._shown:
            return
        self._shown = business
        self.months.setVisible(business is not None)
        self.products.setVisible(business is not None)
        if business is None:
            self.title.setText("CUSTOMER'S BUSINESS")
            self.words.set_text("Choose a customer to see their business.")
            self.months.set_bars(())
            self.products.set_bars(())
            return
        total = f"${format_short(business.total.usd)}"
        self.title.setText(f"{business.name.upper()} · {total} SALES CREDIT IN TWELVE MONTHS")
        self.words.set_text(business.sentence)
        self.words.setToolTip(
            "Matters to them: " + ", ".join(each.symbol for each in business.matters[:8]) if business.matters else ""
        )
        self.months.set_bars(
            [
                Bar(
                    f"{month:%b}",
                    float(part.usd),
                    f"${format_short(round(part.usd, 0))}",
                    f"{month:%B %Y}: ${part.usd:,.0f}",
                )
                for month, part in business.months
            ]
        )
        self.products.set_bars(
            [
                Bar(
                    share.product,
                    float(share.revenue_usd),
                    f"${format_short(round(share.revenue_usd, 0))} · {share.deals}",
                    f"{share.product}: ${share.revenue_usd:,.0f} in {share.deals} deals, {share.part:.0%}",
                )
                for share in business.products
            ]
        )


async def _import_numpy() -> ModuleType:
    return await asyncio.to_thread(importlib.import_module, "numpy")


def _start(span: str, now: dt.datetime) -> float:
    if span == "YTD":
        return now.replace(month=1, day=1, hour=0, minute=0, second=0, microsecond=0).timestamp()
    return (now - dt.timedelta(days=_DAYS[span])).timestamp()


def create(app: AnalyticsApp, ui: Ui) -> QWidget:
    return AnalyticsPanel(app, ui)
