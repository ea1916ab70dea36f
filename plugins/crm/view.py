"""The CRM panel: the customer, or the question who it is."""

from __future__ import annotations

from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from app.records.search import Hit
from app.shell.commands import Command
from app.shell.ui import SearchHit, Ui
from app.shell.widgets import EmptyState
from plugins.crm.app import CrmApp, CrmState
from plugins.crm.customer_view import CustomerPage
from plugins.crm.identity_view import IdentityPage

_ICONS = {
    "organization": "building",
    "contact": "user",
    "instrument": "chart",
    "interaction": "phone",
    "transcript": "transcript",
}


class CrmPanel(QWidget):
    def __init__(self, app: CrmApp, ui: Ui) -> None:
        super().__init__()
        self._app, self._ui = app, ui
        self.setObjectName("panel")
        self._asked = app.state.value.tab_asked
        self.customer = CustomerPage(app, ui)
        self.identity = IdentityPage(app, ui)
        self._empty = EmptyState("A call or a chat brings its customer here. Or find one with Ctrl+K.", icon="users")
        self._failed = EmptyState("", icon="alert", action="Try again")
        self._failed.acted.connect(lambda: ui.run(app.retry()))
        self._stack = QStackedWidget()
        for page in (self._empty, self.customer, self.identity, self._failed):
            self._stack.addWidget(page)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._stack)
        ui.add_search_provider("Customers", self._find)
        ui.commands.add(
            Command("crm.show", "CRM: go to the customer", self._focus, icon="users"),
            Command(
                "crm.why", "CRM: why is this customer not synced", self._explain, "Alt+Y", self._known, self, "help"
            ),
        )
        ui.bind(app.state, self._show, self)

    def _show(self, state: CrmState) -> None:
        if state.phase == "known" or (state.phase == "loading" and (state.customer or state.person)):
            self.customer.show_state(state)
            self._stack.setCurrentWidget(self.customer)
        elif state.phase in ("several", "unknown"):
            self.identity.show_state(state)
            self._stack.setCurrentWidget(self.identity)
        elif state.phase == "failed":
            self._failed.set_text(state.text)
            self._stack.setCurrentWidget(self._failed)
        elif state.phase == "empty":
            self._stack.setCurrentWidget(self._empty)
        if state.tab_asked != self._asked:
            self._asked = state.tab_asked
            self.customer.show_tab(state.tab)

    def _focus(self) -> None:
        self._ui.focus_panel("deskline-crm")
        page = self._stack.currentWidget()
        if page is not None:
            page.setFocus()

    def _known(self) -> bool:
        return self._app.state.value.customer is not None

    def _explain(self) -> None:
        customer = self._app.state.value.customer
        if customer is not None:
            self._ui.run(self._app.explain_sync(customer.organization.id))

    async def _find(self, text: str) -> list[SearchHit]:
        return [self._palette_line(hit) for hit in await self._app.find(text)]

    def _palette_line(self, hit: Hit) -> SearchHit:
        return SearchHit(
            hit.title, hit.snippet, _ICONS.get(hit.kind, "search"), lambda: self._ui.run(self._app.open_hit(hit))
        )


def create(app: CrmApp, ui: Ui) -> QWidget:
    return CrmPanel(app, ui)
