"""The price chart. pyqtgraph is slow to import: this module comes in on the UI thread, after the window is shown."""

from __future__ import annotations

from collections.abc import Sequence

import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPen
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.shell import theme, tokens
from app.shell.tokens import T
from plugins.analytics.business import Mark, moving_average

AVERAGE = 20
STEP = 30.0
LEAST_SECONDS = 60.0
LEAST_TICKS = 8
"""A line that has just begun, or hardly moves, is not blown up: prices on the axis stay different from each other."""


class PriceChart(QWidget):
    """One line, its moving average, the price now, and the deals as triangles: up the client bought, down they sold."""

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Price chart")
        self._decimals = 2
        self._plot = pg.PlotWidget(axisItems={"bottom": pg.DateAxisItem(orientation="bottom")})
        self._plot.setBackground(T["bg1"])
        self._plot.setMouseEnabled(x=True, y=False)
        self._plot.setMenuEnabled(False)
        self._plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._plot.hideButtons()
        item = self._plot.getPlotItem()
        item.showAxis("right")
        item.hideAxis("left")
        for name in ("right", "bottom"):
            axis = item.getAxis(name)
            axis.setPen(QPen(QColor(T["line2"])))
            axis.setTextPen(QPen(QColor(T["tx3"])))
            axis.setStyle(tickFont=theme.font(tokens.SMALL), tickLength=0)
        item.getAxis("right").setWidth(64)
        item.getAxis("right").tickStrings = self._prices
        # A pen wider than one pixel makes Qt draw a hundred times slower.
        ground = QColor(T["acc"])
        ground.setAlpha(28)
        self._line = item.plot(pen=QPen(QColor(T["acc"]), 0), brush=ground)
        self._line.setDownsampling(auto=True, method="peak")
        self._line.setClipToView(True)
        dashed = QPen(QColor(T["warn"]), 0, Qt.PenStyle.DashLine)
        self._average = item.plot(pen=dashed)
        self._now = pg.InfiniteLine(angle=0, pen=QPen(QColor(T["up"]), 0, Qt.PenStyle.DotLine))
        self._label = pg.InfLineLabel(self._now, "", position=0.97, anchors=[(1, 0.5), (1, 0.5)])
        self._label.setColor(QColor(T["onup"]))
        self._label.fill = pg.mkBrush(T["up"])
        self._marks = pg.ScatterPlotItem(size=8, pen=QPen(QColor(T["bg1"]), 0))
        item.addItem(self._now, ignoreBounds=True)
        item.addItem(self._marks)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._plot)

    def show_line(
        self, times: Sequence[float], prices: Sequence[float], marks: Sequence[Mark], decimals: int, now: float | None
    ) -> None:
        """Replaces what is drawn. ``now`` is the price at this moment; the view moves to hold everything."""
        self._decimals = decimals
        self._line.setData(list(times), list(prices))
        low = min((*prices, *(mark.price for mark in marks)), default=0.0)
        self._line.setFillLevel(low)
        even_times, even_prices = _even(times, prices)
        averaged = len(even_prices) > AVERAGE
        self._average.setData(even_times if averaged else [], moving_average(even_prices, AVERAGE) if averaged else [])
        self._marks.setData(
            x=[mark.at for mark in marks],
            y=[mark.price for mark in marks],
            symbol=["t1" if mark.side == "buy" else "t" for mark in marks],
            brush=[pg.mkBrush(T[_tint(mark)]) for mark in marks],
        )
        self._now.setVisible(now is not None)
        if now is not None:
            self._now.setPos(now)
            self._label.setFormat(f"{now:.{decimals}f}")
        moments = [*times, *(mark.at for mark in marks)]
        if moments:
            values = [*prices, *(mark.price for mark in marks), *([now] if now is not None else [])]
            self._plot.getPlotItem().getViewBox().setRange(
                xRange=(min(*moments, max(moments) - LEAST_SECONDS), max(moments)),
                yRange=_at_least(min(values), max(values), LEAST_TICKS * 10.0**-decimals),
                padding=0.04,
            )
        # The new range reaches axes and items now; left to the first paint, it would ask for a second one.
        self._plot.scene().prepareForPaint()

    def _prices(self, values: Sequence[float], scale: float, spacing: float) -> list[str]:
        return [f"{value:.{self._decimals}f}" for value in values]


def _even(times: Sequence[float], prices: Sequence[float]) -> tuple[list[float], list[float]]:
    """Points at least ``STEP`` apart, and the newest: dense points do not count for more than sparse ones."""
    kept = [0] if times else []
    for place, moment in enumerate(times):
        if moment - times[kept[-1]] >= STEP:
            kept.append(place)
    if kept and kept[-1] != len(times) - 1:
        kept.append(len(times) - 1)
    return [times[place] for place in kept], [prices[place] for place in kept]


def _at_least(low: float, high: float, span: float) -> tuple[float, float]:
    """The range, widened on both sides to the span."""
    room = max(0.0, span - (high - low)) / 2
    return low - room, high + room


def _tint(mark: Mark) -> str:
    if not mark.theirs:
        return "tx3"
    return "up" if mark.side == "buy" else "dn"
