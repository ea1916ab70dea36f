"""The order in which Tab visits the widgets of a form: as they stand on screen. Qt."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

SAME_ROW = 12
"""Pixels by which the middles of widgets side by side may differ."""


def tab_stops(form: QWidget) -> list[QWidget]:
    """What can have the keyboard, row by row. Qt's own order is that of creation: rows added later would come last."""
    found = [
        widget
        for widget in form.findChildren(QWidget)
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus
        and widget.focusProxy() is None
        and widget.isEnabled()
        and widget.isVisibleTo(form)
    ]
    middles = {widget: widget.mapTo(form, widget.rect().center()) for widget in found}
    # A tall text counts by its first line, as it is read.
    tops = {widget: min(middles[widget].y(), widget.mapTo(form, widget.rect().topLeft()).y() + 12) for widget in found}
    rows: list[list[QWidget]] = []
    start = 0
    for widget in sorted(found, key=lambda each: tops[each]):
        if not rows or tops[widget] - start > SAME_ROW:
            rows.append([])
            start = tops[widget]
        rows[-1].append(widget)
    return [widget for row in rows for widget in sorted(row, key=lambda each: middles[each].x())]
