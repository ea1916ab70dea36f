"""The ticket: fields, the two-way price as buttons, what was heard, the checks, and Register."""

from __future__ import annotations

from PySide6.QtCore import QStringListModel, Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QCompleter,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from app.brokerage.entry import format_price, format_short
from app.brokerage.settlement import describe
from app.shell import tokens
from app.shell.commands import Command
from app.shell.ui import Ui
from app.shell.widgets import Column, ElidedLabel, RecordTable, button, caption, icon_button, label, separator, set_kind
from plugins.deals.app import DealsApp
from plugins.deals.directory import Directory, security_names
from plugins.deals.reading import CheckLine
from plugins.deals.state import DealsState
from plugins.deals.ticket import SOURCES, Entry, FieldName, Side, Ticket

_RESULTS = {"pass": ("Pass", "up"), "refer": ("Refer", "warn"), "fail": ("Fail", "dn"), "waiting": ("Waiting", "mut")}
_SOURCES = {"voice": "Client enquiry · voice", "chat": "Client enquiry · chat", "electronic": "Electronic"}
_TYPED: tuple[FieldName, ...] = ("quantity", "price", "value_date")


class EntryLine(QLineEdit):
    """A field of the ticket. While the trader is in it, nothing but the trader changes its text."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self._ticket = ""
        self._mine = False
        self.textEdited.connect(self._edited)
        self.editingFinished.connect(self._left)

    def show_entry(self, ticket_id: str, entry: Entry, problem: str) -> None:
        if ticket_id != self._ticket:
            self._ticket, self._mine = ticket_id, False
        if not self._mine and self.text() != entry.text:
            self.setText(entry.text)
        wrong = bool(problem) and bool(self.text().strip())
        set_kind(self, "bad" if wrong else "said" if entry.origin == "said" else "")
        self.setToolTip(problem if wrong else "From the conversation" if entry.origin == "said" else "")

    def _edited(self) -> None:
        self._mine = True

    def _left(self) -> None:
        self._mine = bool(self.text().strip())


class TicketPage(QWidget):
    accepted = Signal()
    """What was heard is now the ticket, and wants to be seen."""

    def __init__(self, app: DealsApp, ui: Ui) -> None:
        super().__init__()
        self._app, self._ui = app, ui
        self._state = app.state.value
        self._directory: Directory | None = None
        self.client = self._named_line("Client", app.choose_client)
        self.instrument = self._named_line("Instrument", app.choose_instrument)
        self.lines: dict[FieldName, EntryLine] = {
            "quantity": EntryLine("Quantity"),
            "price": EntryLine("Price"),
            "value_date": EntryLine("Settle"),
        }
        self.lines["quantity"].setPlaceholderText("10m, 2.5k, usd 5m")
        for name, line in self.lines.items():
            line.textEdited.connect(lambda text, name=name: ui.run(app.type(name, text)))
        self.account, self.product, self.source = (self._choice(name) for name in ("account", "product", "source"))
        self._captions: dict[str, QLabel] = {}
        self.sell = button("Client SELLS", "sell", tip="The client sells at the bid (Alt+S)")
        self.buy = button("Client BUYS", "buy", tip="The client buys at the offer (Alt+B)")
        self.sell.clicked.connect(lambda: self._choose_side("sell"))
        self.buy.clicked.connect(lambda: self._choose_side("buy"))
        self._build_heard()
        self._build_checks()
        self._build_register()
        self._lay_out()
        self._add_commands()

    def start_typing(self) -> None:
        """The first field that still wants something; Register when nothing does."""
        if self.register.isEnabled():
            self.register.setFocus()
            return
        wanted = next((line for line in (self.client, self.instrument, *self.lines.values()) if not line.text()), None)
        (wanted or self.lines["quantity"]).setFocus()

    # Building

    def _named_line(self, name: str, choose: object) -> EntryLine:
        line = EntryLine(name)
        completer = QCompleter(QStringListModel(line), line)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        line.setCompleter(completer)

        def take(_text: str = "") -> None:
            known = self._client_name() if line is self.client else self._instrument_name()
            if line.text().strip() and line.text() != known:
                self._ui.run(choose(line.text()))  # type: ignore[operator]

        completer.activated.connect(take)
        line.editingFinished.connect(take)
        return line

    def _choice(self, name: FieldName) -> QComboBox:
        made = QComboBox()
        made.setAccessibleName(name.replace("_", " "))
        made.activated.connect(lambda _: self._ui.run(self._app.type(name, made.currentData() or "")))
        return made

    def _build_heard(self) -> None:
        self.heard = QWidget()
        row = QHBoxLayout(self.heard)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        spark = QLabel()
        spark.setPixmap(self._ui.icon("spark", "acc", 14).pixmap(14, 14))
        self._heard_text = ElidedLabel("", "mut")
        self.accept = icon_button("check", "Accept what was said as the ticket (Alt+A)", tint="up")
        self.dismiss = icon_button("x", "Take what was said out of the ticket (Alt+D)")
        self.accept.clicked.connect(self._accept)
        self.dismiss.clicked.connect(self._dismiss)
        row.addWidget(spark)
        row.addWidget(self._heard_text, 1)
        row.addWidget(self.accept)
        row.addWidget(self.dismiss)

    def _build_checks(self) -> None:
        self.checks = RecordTable(
            [
                Column("Pre-trade check", lambda row: row.name, 0, strong=True, tip=lambda row: row.reason),
                Column("Result", lambda row: _RESULTS[row.result][0], 66, pill=lambda row: _RESULTS[row.result][1]),
                Column("By", lambda row: row.by, 54, align="right", color=lambda row: "tx2"),
            ],
            "Checks begin with a client and an instrument.",
            key=lambda row: row.name,
            name="Pre-trade checks",
        )
        self.checks.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.checks.setFixedHeight(tokens.ROW * 2 + tokens.CONTROL + 2)
        self.credit = label("", "mut")
        self.credit.setWordWrap(True)
        self.credit.setMinimumHeight(2 * 16)
        self.credit.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)

    def _build_register(self) -> None:
        self.problem = label("", "warn")
        self.problem.setWordWrap(True)
        self.problem.hide()
        self.reason = QLineEdit()
        self.reason.setAccessibleName("Reason for going ahead")
        self.reason.setPlaceholderText("Reason for going ahead, then Ctrl+Enter again")
        self.reason.hide()
        self.register = button("Register deal  Ctrl ⏎", "pri")
        self.register.clicked.connect(self._register)
        self.clear = button("New ticket", "ghost", tip="Empty the ticket (Alt+N)")
        self.clear.clicked.connect(lambda: self._ui.run(self._app.clear()))

    def _lay_out(self) -> None:
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(1)
        fields: list[tuple[str, QWidget]] = [
            ("Client", self.client), ("Instrument", self.instrument),
            ("Quantity", self.lines["quantity"]), ("Price", self.lines["price"]),
            ("Settle", self.lines["value_date"]), ("Account", self.account),
            ("Product", self.product), ("Reason", self.source),
        ]  # fmt: skip
        for number, (title, editor) in enumerate(fields):
            row, column = divmod(number, 2)
            over = caption(title)
            over.setBuddy(editor)
            self._captions[title] = over
            grid.addWidget(over, row * 3, column)
            grid.addWidget(editor, row * 3 + 1, column)
            grid.setRowMinimumHeight(row * 3 + 2, 3)
            grid.setColumnStretch(column, 1)
        sides = QHBoxLayout()
        sides.setSpacing(8)
        sides.addWidget(self.sell, 1)
        sides.addWidget(self.buy, 1)
        end = QHBoxLayout()
        end.setSpacing(8)
        end.addStretch(1)
        end.addWidget(self.clear)
        end.addWidget(self.register)
        inner = QWidget()
        fields_column = QVBoxLayout(inner)
        fields_column.setContentsMargins(10, 2, 10, 4)
        fields_column.setSpacing(5)
        fields_column.addLayout(grid)
        fields_column.addLayout(sides)
        fields_column.addWidget(self.heard)
        fields_column.addWidget(self.problem)
        fields_column.addWidget(separator())
        fields_column.addWidget(self.checks)
        fields_column.addWidget(self.credit)
        fields_column.addStretch(1)
        # On a low screen the fields scroll; Register stays in sight.
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.viewport().setAutoFillBackground(False)
        inner.setAutoFillBackground(False)
        scroll.setWidget(inner)
        foot = QVBoxLayout()
        foot.setContentsMargins(10, 2, 10, 8)
        foot.addWidget(self.reason)
        foot.addLayout(end)
        page = QVBoxLayout(self)
        page.setContentsMargins(0, 0, 0, 0)
        page.setSpacing(0)
        page.addWidget(scroll, 1)
        page.addLayout(foot)

    def _add_commands(self) -> None:
        def waiting() -> bool:
            return bool(self._state.heard)

        self._ui.commands.add(
            Command("deals.register", "Deals: register the deal", self._register, "Ctrl+Return", None, self, "check"),
            Command(
                "deals.client_sells", "Deals: the client sells", lambda: self._choose_side("sell"), "Alt+S", None, self
            ),
            Command(
                "deals.client_buys", "Deals: the client buys", lambda: self._choose_side("buy"), "Alt+B", None, self
            ),
            Command("deals.accept", "Deals: accept what was heard", self._accept, "Alt+A", waiting, None, "spark"),
            Command("deals.dismiss", "Deals: dismiss what was heard", self._dismiss, "Alt+D", waiting, None, "x"),
            Command("deals.clear", "Deals: new ticket", self.clear.click, "Alt+N", None, self, "plus"),
        )

    # Showing

    def show_state(self, state: DealsState) -> None:
        self._state = state
        ticket, reading = state.ticket, state.reading
        if state.directory is not self._directory:
            self._directory = state.directory
            self._offer_names(state.directory)
        client_error = state.not_found.get("client", "")
        instrument_error = state.not_found.get("instrument", "")
        if not client_error:
            self.client.show_entry(f"{ticket.id}{self._client_name()}", Entry(self._client_name()), "")
        set_kind(self.client, "bad" if client_error else "")
        if not instrument_error:
            self.instrument.show_entry(f"{ticket.id}{self._instrument_name()}", Entry(self._instrument_name()), "")
        said = ticket.security_origin == "said"
        set_kind(self.instrument, "bad" if instrument_error else "said" if said else "")
        for name in _TYPED:
            self.lines[name].show_entry(ticket.id, ticket.entry(name), reading.errors.get(name, ""))
        self._show_settlement(state)
        self._show_choices(state)
        self._show_sides(state)
        self._show_heard(state)
        self._show_checks(state)
        self._show_problem(state, client_error or instrument_error)

    def _client_name(self) -> str:
        client = self._state.ticket.client
        return client.name if client is not None else ""

    def _instrument_name(self) -> str:
        security = self._state.ticket.security
        return security.symbol if security is not None else ""

    def _offer_names(self, directory: Directory) -> None:
        customers = [customer.name for customer in directory.customers]
        instruments = [name for security in directory.securities for name in security_names(security)[:3]]
        for line, names in ((self.client, customers), (self.instrument, list(dict.fromkeys(instruments)))):
            model = line.completer().model()
            if isinstance(model, QStringListModel):
                model.setStringList(names)

    def _show_settlement(self, state: DealsState) -> None:
        settles, security = state.reading.value_date, state.ticket.security
        today = self._ui.clock().astimezone().date()
        words = describe(settles, today, security.calendars) if settles is not None and security is not None else ""
        self.lines["value_date"].setPlaceholderText(words or "spot, 3m, 25 Nov")
        typed = bool(state.ticket.text("value_date")) and words
        _set_text(self._captions["Settle"], f"SETTLE · {words.upper()}" if typed else "SETTLE")

    def _show_choices(self, state: DealsState) -> None:
        ticket, reading = state.ticket, state.reading
        accounts = {choice.number: choice.number for choice in ticket.client.accounts} if ticket.client else {}
        products = {product: product for product in ticket.security.products} if ticket.security else {}
        _fill(self.account, accounts, ticket.text("account"))
        _fill(self.product, products, reading.product or ticket.text("product"))
        _fill(self.source, {source: _SOURCES[source] for source in SOURCES}, reading.source)

    def _show_sides(self, state: DealsState) -> None:
        ticket, market = state.ticket, state.market
        for side, made, word, price in (
            ("sell", self.sell, "SELLS", market.bid),
            ("buy", self.buy, "BUYS", market.ask),
        ):
            shown = format_price(price, ticket.security.decimals) if price is not None and ticket.security else ""
            _set_text(made, f"Client {word} {shown}".rstrip())
            if ticket.side not in (side, None):
                kind = "side"
            else:
                kind = side if shown or ticket.side else f"{side}soft"
            set_kind(made, kind)
            made.setAccessibleDescription("chosen" if ticket.side == side else "")

    def _show_heard(self, state: DealsState) -> None:
        self.heard.setVisible(bool(state.heard))
        if not state.heard:
            return
        heard = state.ticket.heard or state.heard[0]
        number = next((place for place, each in enumerate(state.heard) if each.key == heard.key), 0) + 1
        more = f" ({number} of {len(state.heard)})" if len(state.heard) > 1 else ""
        where = "chat" if state.reading.source == "chat" else "call"
        what = f"Prefilled from the {where}" if heard.done else "Draft, nothing is done yet"
        self._heard_text.set_text(f"{what}: {heard.sentence}{more}")
        self.accept.setEnabled(_said_anything(state.ticket) or state.ticket.heard is None)

    def _show_checks(self, state: DealsState) -> None:
        rows = list(state.reading.checks)
        if list(self.checks.rows) != rows:
            self.checks.set_rows(rows)
        credit = state.reading.credit
        if credit is None or not credit.currency:
            words = credit.reason if credit is not None else ""
        else:
            amounts = (("Limit", credit.limit), ("used", credit.used), ("this deal", credit.this_deal))
            figures = " · ".join(f"{name} {format_short(round(amount, -4))}" for name, amount in amounts)
            words = f"{credit.currency}  {figures}\n{credit.reason}"
            self.credit.setToolTip(" · ".join(f"{name} {amount:,.0f}" for name, amount in amounts))
        remarks = [row.reason for row in rows if row.by != "Credit" and row.result == "refer"]
        _set_text(self.credit, "\n".join([words, *remarks]).strip())

    def _show_problem(self, state: DealsState, not_found: str) -> None:
        ticket = state.ticket
        text = state.refused or state.needs_reason or not_found
        credit = state.reading.credit
        if not text and (ticket.touched or ticket.heard is not None):
            text = next(
                (state.reading.errors[name] for name in _TYPED if name in state.reading.errors and ticket.text(name)),
                "",
            )
        set_kind(self.problem, "dn" if state.refused or (credit is not None and not credit.bookable) else "warn")
        _set_text(self.problem, text)
        self.problem.setVisible(bool(text))
        self.reason.setVisible(bool(state.needs_reason))
        if state.needs_reason and not self.reason.hasFocus() and not self.reason.text():
            self.reason.setFocus()
        if not state.needs_reason and self.reason.text():
            self.reason.clear()
        ready = not state.busy and state.reading.ready
        if not ready and self.register.hasFocus():
            # Qt would hand the keyboard to whatever comes next in the window.
            self.instrument.setFocus()
        self.register.setEnabled(ready)
        _set_text(self.register, "Registering…" if state.busy else "Register deal  Ctrl ⏎")

    # Doing

    def _choose_side(self, side: Side) -> None:
        self._ui.run(self._app.choose_side(side))

    def _accept(self) -> None:
        # From anywhere, in the middle of a call: one key takes the deal, the next registers it.
        self._ui.run(self._app.accept_heard(), then=lambda _: self.accepted.emit(), owner=self)

    def _dismiss(self) -> None:
        self._ui.run(self._app.dismiss_heard())

    def _register(self) -> None:
        shown = {name: line.text() for name, line in self.lines.items()}
        self._ui.run(self._app.register(self._state.ticket, shown, self.reason.text()))


def _said_anything(ticket: Ticket) -> bool:
    return "said" in (ticket.security_origin, ticket.side_origin, *(entry.origin for entry in ticket.entries.values()))


def _set_text(widget: QLabel | QPushButton, text: str) -> None:
    if widget.text() != text:
        widget.setText(text)


def _fill(box: QComboBox, items: dict[str, str], chosen: str) -> None:
    """Offers the items and shows the chosen one, leaving a box alone that is as it should be."""
    if [box.itemData(index) for index in range(box.count())] != list(items):
        box.clear()
        for value, text in items.items():
            box.addItem(text, value)
    index = box.findData(chosen)
    if index >= 0 and index != box.currentIndex():
        box.setCurrentIndex(index)


__all__ = ["CheckLine", "EntryLine", "TicketPage"]
