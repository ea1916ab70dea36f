"""The customer: header, key figures, and a tab for each kind of record. Widgets are made once and updated in place."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from app.brokerage.entry import format_short
from app.brokerage.spans import ago
from app.records.lines import ContactCard
from app.records.tables import CreditLine
from app.shell.ui import Ui
from app.shell.widgets import ElidedLabel, Kpi, RecordTable, SegmentedButtons, pill, set_kind
from plugins.crm import tables
from plugins.crm.app import CrmApp, CrmState, Tab
from plugins.crm.customer import Customer, Past
from plugins.crm.identity import show_number

TABS: tuple[tuple[Tab, str, str, str], ...] = (
    ("holdings", "Holdings & axes", "Holdings", "Held"),
    ("interactions", "Interactions", "Interactions", "Talks"),
    ("deals", "Deals", "Deals", "Deals"),
    ("enquiries", "Enquiries", "Enquiries", "Asked"),
    ("contacts", "Contacts", "Contacts", "People"),
    ("follow_ups", "Follow-ups", "Tasks", "Tasks"),
)
"""Tab, its title, and the titles where there is less and little room."""
PAST_TABS = ("interactions", "deals", "enquiries")
_EMPTY: dict[Tab, str] = {
    "holdings": "No holdings or axes are known.",
    "interactions": "No calls or chats yet.",
    "deals": "No deals yet.",
    "enquiries": "No enquiries yet.",
    "contacts": "No contacts are known.",
    "follow_ups": "Nothing to follow up.",
}
NARROW, NARROWEST = 600, 470
_MIFID = {"professional": "Prof", "eligible counterparty": "ECP", "retail": "Retail"}


class CustomerPage(QWidget):
    def __init__(self, app: CrmApp, ui: Ui) -> None:
        super().__init__()
        self._app, self._ui = app, ui
        self._customer: Customer | None = None
        self._shown: Customer | None = None
        self._shown_past: Past | None = None
        self._counts: dict[Tab, int] = {}
        self._steps = (False, False)
        self._below = False
        self.name = ElidedLabel("", "h1")
        self.tier, self.mifid, self.status = pill("", "acc"), pill(), pill("", "warn")
        self.contact = ElidedLabel("", "mut")
        self.relation = ElidedLabel("", "dim")
        self.consents = ElidedLabel("", "dim")
        self.revenue, self.hits = Kpi("Revenue YTD"), Kpi("Hit ratio YTD")
        self.last = Kpi("Last contact")
        self.credit = pill()
        self.tabs = SegmentedButtons([title for _, title, _, _ in TABS], name="Customer's records")
        self.tables = self._tables()
        self._stack = QStackedWidget()
        for tab, *_ in TABS:
            self._stack.addWidget(self.tables[tab])
        self.tabs.changed.connect(self._tab_changed)
        self._lay_out()

    def _tables(self) -> dict[Tab, RecordTable]:
        now = self._now
        made: dict[Tab, RecordTable] = {
            "holdings": RecordTable(
                tables.holdings(lambda: self._customer, now),
                _EMPTY["holdings"],
                key=lambda line: line.holding.id,
                name="Holdings and axes",
            ),
            "interactions": RecordTable(
                tables.interactions(now),
                _EMPTY["interactions"],
                key=lambda line: line.interaction.id,
                name="Interactions",
            ),
            "deals": RecordTable(tables.deals(now), _EMPTY["deals"], key=lambda line: line.deal.id, name="Deals"),
            "enquiries": RecordTable(
                tables.enquiries(now), _EMPTY["enquiries"], key=lambda line: line.enquiry.id, name="Enquiries"
            ),
            "contacts": RecordTable(
                tables.contacts(), _EMPTY["contacts"], key=lambda card: card.contact.id, name="Contacts"
            ),
            "follow_ups": RecordTable(
                tables.follow_ups(now), _EMPTY["follow_ups"], key=lambda line: line.follow_up.id, name="Follow-ups"
            ),
        }
        run, app = self._ui.run, self._app
        for tab in ("holdings", "deals", "enquiries"):
            made[tab].activated.connect(
                lambda line: run(app.focus_instrument(line.instrument)) if line.instrument is not None else None
            )
        made["interactions"].activated.connect(lambda line: run(app.focus_interaction(line.interaction)))
        made["contacts"].activated.connect(lambda card: run(app.view_contact(card.contact.id)))
        made["follow_ups"].activated.connect(lambda line: run(app.open_interaction(line.follow_up.interaction_id)))
        return made

    def _lay_out(self) -> None:
        first = QHBoxLayout()
        first.setSpacing(8)
        first.addWidget(self.name, 1)
        for each in (self.tier, self.mifid, self.status, self.credit):
            first.addWidget(each)
        first.addStretch()
        self._first, self._fourth = first, QHBoxLayout()
        self._fourth.setSpacing(8)
        self._fourth.addWidget(self.consents, 1)
        second = QHBoxLayout()
        second.setSpacing(8)
        second.addWidget(self.contact, 1)
        figures = QHBoxLayout()
        figures.setSpacing(8)
        for kpi in (self.revenue, self.hits, self.last):
            figures.addWidget(kpi, 1)
        head = QVBoxLayout()
        head.setContentsMargins(10, 8, 10, 4)
        head.setSpacing(3)
        head.addLayout(first)
        head.addLayout(second)
        head.addWidget(self.relation)
        head.addLayout(self._fourth)
        head.addSpacing(3)
        head.addLayout(figures)
        tabs = QHBoxLayout()
        tabs.setContentsMargins(6, 2, 6, 2)
        # Six titles must not keep the panel from becoming narrow.
        self.tabs.setMinimumWidth(1)
        tabs.addWidget(self.tabs)
        tabs.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addLayout(tabs)
        column.addWidget(self._stack, 1)
        self.setFocusProxy(self._stack)

    def show_tab(self, tab: Tab) -> None:
        self.tabs.set_current(next(index for index, (name, *_) in enumerate(TABS) if name == tab))

    def show_state(self, state: CrmState) -> None:
        customer, person = state.customer, state.person
        self._customer = customer
        if customer is None:
            self._show_person_alone(person)
        else:
            self._show_header(customer)
            self._show_figures(customer)
        self._show_person(person, loading=state.phase == "loading")
        self._place_credit()
        changed: dict[Tab, tuple[Sequence[Any], int]] = {}
        if customer is not self._shown:
            changed |= _present(customer)
        if customer is not self._shown or state.past is not self._shown_past:
            changed |= _past(customer, state.past)
        self._shown, self._shown_past = customer, state.past
        self._fill(changed)

    def _show_header(self, customer: Customer) -> None:
        organization = customer.organization
        self._name(organization.name)
        self._pill(self.tier, f"Tier {organization.tier}" if organization.tier else "")
        category = organization.mifid_category or ""
        self._pill(self.mifid, f"MiFID: {_MIFID.get(category, category)}" if category else "")
        self._pill(self.status, "" if organization.status == "active" else organization.status.capitalize())
        parts = [organization.kind.capitalize(), organization.city or organization.country or ""]
        if customer.owner:
            parts.append(f"looked after by {customer.owner}")
        if organization.since:
            parts.append(f"since {organization.since:%Y}")
        self.relation.set_text(" · ".join(part for part in parts if part))

    def _show_person_alone(self, person: ContactCard | None) -> None:
        self._name(person.contact.name if person else "")
        for each in (self.tier, self.mifid, self.credit):
            self._pill(each, "")
        self._pill(self.status, "No organization")
        self.relation.set_text("")
        for kpi in (self.revenue, self.hits, self.last):
            kpi.set("–")

    def _show_person(self, person: ContactCard | None, *, loading: bool) -> None:
        if person is None:
            self.contact.set_text("Loading…" if loading else "No contact in focus: see Contacts.")
            self.consents.set_text("")
            return
        phone = show_number(person.phones[0].e164) if person.phones else ""
        email = person.emails[0].address if person.emails else ""
        parts = (person.contact.name, person.contact.title or "", phone, email, "loading…" if loading else "")
        self.contact.set_text(" · ".join(part for part in parts if part))
        words = tables.consent_words(person)
        self.consents.set_text(f"Consents: {words}" if words else "No consents on record")

    def _show_figures(self, customer: Customer) -> None:
        figures = customer.figures
        self.revenue.set(
            f"${format_short(round(figures.revenue_ytd, -3 if figures.revenue_ytd >= 100_000 else -2))}",
            *_growth(figures.revenue_ytd, figures.revenue_before),
        )
        if figures.hit_ratio is None:
            self.hits.set("–", "no firm enquiry")
        else:
            remark, kind = "", "dim"
            if figures.hit_ratio_before is not None:
                points = round((figures.hit_ratio - figures.hit_ratio_before) * 100)
                remark, kind = (
                    f"{points:+d} pts".replace("-", "−"),
                    "up" if points > 0 else "dn" if points < 0 else "dim",
                )
            self.hits.set(f"{figures.hit_ratio:.0%}", remark, kind)
        if figures.last_contact is None:
            self.last.set("never")
        else:
            self.last.set(ago(figures.last_contact, self._now()), figures.last_contact_kind)
        words, kind, whole = _credit_words(customer.lines)
        self._pill(self.credit, words)
        set_kind(self.credit, kind)
        self.credit.setToolTip(whole)

    def _fill(self, tabs: Mapping[Tab, tuple[Sequence[Any], int]]) -> None:
        for tab, (lines, count) in tabs.items():
            table = self.tables[tab]
            table.set_empty("Loading…" if count and not lines else _EMPTY[tab])
            table.set_rows(lines)
            self._counts[tab] = count
        self._title_tabs()

    def _title_tabs(self) -> None:
        narrow, narrowest = self._steps
        for index, (tab, title, middle, short) in enumerate(TABS):
            count = self._counts.get(tab, 0)
            words = short if narrowest else middle if narrow else title
            # Where there is least room the names stay whole and the counts go.
            bare = tab == "holdings" or not count or narrowest
            self.tabs.set_title(index, words if bare else f"{words} {count}")

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        steps = (self.width() < NARROW, self.width() < NARROWEST)
        if steps != self._steps:
            self._steps = steps
            self._title_tabs()
        self._place_credit()

    def _place_credit(self) -> None:
        """Behind the name where there is room for both, else a line of its own below."""
        pills = [each for each in (self.tier, self.mifid, self.status, self.credit) if each.text()]
        beside = 28 + sum(each.sizeHint().width() + 8 for each in pills)
        below = self._steps[1] or self.name.sizeHint().width() + beside > self.width()
        if below == self._below:
            return
        self._below = below
        (self._first if below else self._fourth).removeWidget(self.credit)
        if below:
            self._fourth.addWidget(self.credit)
        else:
            self._first.insertWidget(4, self.credit)

    def _tab_changed(self, index: int) -> None:
        self._stack.setCurrentIndex(index)
        self._app.past_in_front = TABS[index][0] in PAST_TABS

    def _now(self) -> dt.datetime:
        return self._ui.clock().astimezone()

    def _name(self, text: str) -> None:
        """As wide as the name, so that the pills follow it, and narrower where there is no room."""
        self.name.ensurePolished()
        self.name.set_text(text)
        self.name.setMaximumWidth(self.name.sizeHint().width())

    @staticmethod
    def _pill(label: Any, text: str) -> None:
        label.setText(text)
        label.setVisible(bool(text))


def _present(customer: Customer | None) -> dict[Tab, tuple[Sequence[Any], int]]:
    """What is read with the customer: the rows of each tab, and how many there are of all."""
    if customer is None:
        return {"holdings": ((), 0), "contacts": ((), 0), "follow_ups": ((), 0)}
    return {
        "holdings": (customer.holdings, len(customer.holdings)),
        "contacts": (customer.people, len(customer.people)),
        "follow_ups": (customer.follow_ups, len(customer.follow_ups)),
    }


def _past(customer: Customer | None, past: Past | None) -> dict[Tab, tuple[Sequence[Any], int]]:
    """What is read after; its counts are known with the customer."""
    return {
        "interactions": (past.interactions if past else (), customer.interaction_count if customer else 0),
        "deals": (past.deals if past else (), customer.deal_count if customer else 0),
        "enquiries": (past.enquiries if past else (), customer.enquiry_count if customer else 0),
    }


def _growth(this: Decimal, before: Decimal) -> tuple[str, str]:
    if before <= 0:
        return "", "dim"
    change = round((this / before - 1) * 100)
    return f"{change:+d}%".replace("-", "−"), "up" if change > 0 else "dn" if change < 0 else "dim"


def _credit_words(lines: Sequence[CreditLine]) -> tuple[str, str, str]:
    """The fullest line in short, its pill's kind, and all lines whole."""
    if not lines:
        return "No credit line", "pilldn", "Ask Credit to open a line before dealing."
    whole = [
        f"{line.kind.capitalize()}: {line.currency} {line.used:,.0f} of {line.limit:,.0f} used, "
        f"{line.status}, to {line.expires.day} {line.expires:%b %Y}"
        for line in lines
    ]
    fullest = max(lines, key=lambda line: (line.status != "active", _share(line)))
    if fullest.status != "active":
        return f"Credit {fullest.status}", "pilldn", "\n".join(whole)
    share = _share(fullest)
    kind = "pilldn" if share >= 1 else "pillwarn" if share >= Decimal("0.9") else "pill"
    return f"Credit {share:.0%} of {fullest.currency} {format_short(fullest.limit)}", kind, "\n".join(whole)


def _share(line: CreditLine) -> Decimal:
    return line.used / line.limit if line.limit else Decimal(2)


__all__ = ["TABS", "CustomerPage"]
