"""The blotter: deals of today or of the customer, cancelled at a key press, and that taken back at another."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from app.brokerage.entry import format_price, format_short
from app.shell.commands import Command
from app.shell.ui import Ui
from app.shell.widgets import Column, ElidedLabel, PanelHeader, RecordTable, SegmentedButtons, button
from plugins.deals.app import DealsApp
from plugins.deals.blotter import BlotterRow, Scope
from plugins.deals.state import DealsState

_SCOPES: tuple[Scope, ...] = ("today", "customer")


def _columns(now: Callable[[], dt.datetime]) -> list[Column]:
    def time(row: BlotterRow) -> str:
        local = row.traded_at.astimezone()
        if local.date() == now().date():
            return f"{local:%H:%M:%S}"
        return f"{local.day} {local:%b}" if local.year == now().year else f"{local:%b %Y}"

    def dim(row: BlotterRow) -> str | None:
        return "tx3" if row.cancelled else None

    def side_color(row: BlotterRow) -> str:
        return "tx3" if row.cancelled else "up" if row.client_side == "buy" else "dn"

    return [
        # The newest stand first anyway; what became of a deal is never out of sight.
        Column("Time", time, 66, color=lambda row: "tx3", sort=lambda row: row.traded_at, least=66, drop=1),
        Column("Client", lambda row: row.customer, 84, color=dim, strong=True, tip=lambda row: row.sentence, least=48),
        Column("Side", lambda row: row.client_side.capitalize(), 38, color=side_color, least=36),
        Column("Size", lambda row: format_short(row.quantity), 50, "right", dim, sort=lambda row: row.quantity),
        Column("Instrument", lambda row: row.symbol, 0, color=dim, least=50),
        Column(
            "Price", lambda row: format_price(row.price, row.decimals), 62, "right", dim, sort=lambda row: row.price
        ),
        Column("Status", _status, 86, pill=_pill, tip=_told, least=86),
    ]


def _status(row: BlotterRow) -> str:
    if row.standing == "refused":
        return "Refused"
    if row.standing == "requested":
        return "Cancelling" if row.cancelled else "Requested"
    return "Cancelled" if row.cancelled else "Referred" if row.credit_result == "refer" else "Done"


def _told(row: BlotterRow) -> str:
    if row.standing == "refused":
        return f"Refused: {row.reason} The sync panel sends it again or discards it."
    return "The server has still to accept it." if row.standing else ""


def _pill(row: BlotterRow) -> str:
    if row.standing:
        return "dn" if row.standing == "refused" else "acc"
    return "mut" if row.cancelled else "warn" if row.credit_result == "refer" else "up"


def _can_be_cancelled(row: BlotterRow) -> bool:
    return not row.cancelled and row.standing != "refused"


class BlotterPage(QWidget):
    def __init__(self, app: DealsApp, ui: Ui) -> None:
        super().__init__()
        self._app, self._ui = app, ui
        self.scope = SegmentedButtons(["Today", "This customer"], name="Which deals")
        self.scope.changed.connect(lambda index: ui.run(app.show(_SCOPES[index])))
        self.cancel_button = button("Cancel deal  Del", "ghost", tip="Cancel the selected deal; its credit is released")
        self.cancel_button.clicked.connect(self._cancel)
        header = PanelHeader()
        header.title.hide()
        header.add(self.scope)
        header.add_right(self.cancel_button)
        self.table = RecordTable(_columns(lambda: ui.clock().astimezone()), "No deals today.", name="Blotter")
        self.table.activated.connect(lambda row: ui.run(app.dealt.focus(row)))
        self.table.chosen.connect(lambda row: self.cancel_button.setEnabled(_can_be_cancelled(row)))
        self.undo_bar = QFrame()
        self.undo_bar.setObjectName("toast")
        self._undo_text = ElidedLabel()
        undo = button("Undo  Ctrl Z")
        undo.clicked.connect(self._undo)
        line = QHBoxLayout(self.undo_bar)
        line.setContentsMargins(10, 4, 6, 4)
        line.addWidget(self._undo_text, 1)
        line.addWidget(undo)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 6)
        column.setSpacing(2)
        column.addWidget(header)
        column.addWidget(self.table)
        column.addWidget(self.undo_bar)
        self.setFocusProxy(self.table)
        ui.commands.add(
            Command(
                "deals.cancel", "Deals: cancel the selected deal", self._cancel, "Del", self._can_cancel, self, "x"
            ),
            Command(
                "deals.undo", "Deals: undo the cancellation", self._undo, "Ctrl+Z", self._can_undo, self, "refresh"
            ),
            Command("deals.why", "Deals: why is this not synced", self._explain, "Alt+Y", self._chosen, self, "help"),
        )

    def show_state(self, state: DealsState) -> None:
        self.scope.blockSignals(True)
        self.scope.set_current(_SCOPES.index(state.scope))
        self.scope.blockSignals(False)
        if list(self.table.rows) != list(state.rows) or not state.rows:
            self.table.set_empty(state.blotter_text)
            self.table.set_rows(state.rows)
        self.cancel_button.setEnabled(self._can_cancel())
        self.undo_bar.setVisible(state.cancelled is not None)
        if state.cancelled is not None:
            self._undo_text.set_text(f"Cancelled: {state.cancelled.sentence}")

    def _can_cancel(self) -> bool:
        row = self.table.current()
        return row is not None and _can_be_cancelled(row)

    def _cancel(self) -> None:
        row = self.table.current()
        if row is not None and _can_be_cancelled(row):
            self._ui.run(self._app.dealt.cancel(row))

    def _chosen(self) -> bool:
        return self.table.current() is not None

    def _explain(self) -> None:
        row = self.table.current()
        if row is not None:
            self._ui.run(self._app.dealt.explain_sync(row))

    def _can_undo(self) -> bool:
        return self._app.state.value.cancelled is not None

    def _undo(self) -> None:
        self._ui.run(self._app.dealt.undo())
