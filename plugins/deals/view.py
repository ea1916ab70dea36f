"""The deals panel: ticket and blotter under one header."""

from __future__ import annotations

from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from app.shell.commands import Command
from app.shell.ui import Ui
from app.shell.widgets import PanelHeader, SegmentedButtons
from plugins.deals.app import DealsApp
from plugins.deals.blotter_view import BlotterPage
from plugins.deals.state import DealsState
from plugins.deals.ticket_view import TicketPage

TICKET, BLOTTER = 0, 1


class DealsPanel(QWidget):
    def __init__(self, app: DealsApp, ui: Ui) -> None:
        super().__init__()
        self._app, self._ui = app, ui
        self._asked = app.state.value.page_asked
        self.setObjectName("panel")
        self.pages = SegmentedButtons(["Ticket", "Blotter"], name="Ticket or blotter")
        header = PanelHeader()
        header.title.hide()
        header.add(self.pages)
        self.ticket = TicketPage(app, ui)
        self.blotter = BlotterPage(app, ui)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.ticket)
        self._stack.addWidget(self.blotter)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(header)
        column.addWidget(self._stack)
        self.pages.changed.connect(self._stack.setCurrentIndex)
        self.ticket.accepted.connect(self._go_to_ticket)
        ui.commands.add(
            Command("deals.ticket", "Deals: go to the ticket", self._go_to_ticket, "Ctrl+T", icon="deal"),
            Command("deals.blotter", "Deals: go to the blotter", self._go_to_blotter, "Ctrl+B", icon="list"),
        )
        ui.bind(app.state, self._show, self)

    def _show(self, state: DealsState) -> None:
        live = sum(not row.cancelled and row.standing != "refused" for row in state.rows)
        self.pages.set_title(BLOTTER, f"Blotter {live}" if live else "Blotter")
        self.ticket.show_state(state)
        self.blotter.show_state(state)
        if state.page_asked != self._asked:
            self._asked = state.page_asked
            self.pages.set_current(BLOTTER if state.page == "blotter" else TICKET)
            self._ui.focus_panel("deskline-deals")
            if state.page == "ticket":
                self.ticket.start_typing()

    def _go_to_ticket(self) -> None:
        self._ui.focus_panel("deskline-deals")
        self.pages.set_current(TICKET)
        self.ticket.start_typing()

    def _go_to_blotter(self) -> None:
        self._ui.focus_panel("deskline-deals")
        self.pages.set_current(BLOTTER)
        self.blotter.table.setFocus()


def create(app: DealsApp, ui: Ui) -> QWidget:
    return DealsPanel(app, ui)
