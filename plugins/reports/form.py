"""The report's form: one editor per field, filled from a card and never over what the trader wrote. Qt."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from app.shell.widgets import button, caption, label
from plugins.reports import wording
from plugins.reports.deal_rows import DealRows
from plugins.reports.draft import BY_NAME
from plugins.reports.editors import ChoiceEditor, FieldEditor, LineEditor, ReferenceEditor, TextEditor
from plugins.reports.evidence import Json, Said
from plugins.reports.items import Product, Reference, read, reference
from plugins.reports.matter_rows import MattersEditor
from plugins.reports.open_report import ReportCard
from plugins.reports.rows import ConsentsEditor, LinesEditor, ProductsEditor, TasksEditor

WRITTEN_LOCALLY = "written locally from the transcript"


class ReportForm(QWidget):
    """``edited`` (field, value), ``taken`` (field), ``evidence`` (words) by the trader's hand.

    ``pointed``: the widget under the mouse, None when it leaves.
    """

    edited = Signal(str, object)
    taken = Signal(str)
    evidence = Signal(object)
    pointed = Signal(object)
    customer_changed = Signal(object)

    def __init__(self, today: Callable[[], dt.date], zone: dt.tzinfo, *, rewords: bool = False) -> None:
        super().__init__()
        self._rewords = rewords
        self._card: ReportCard | None = None
        self._own: set[str] = set()  # fields whose editor holds the trader's words and is not filled from outside
        self._shown: dict[str, Json] = {}
        self.customer = ReferenceEditor(BY_NAME["customer"])
        self.contact = ReferenceEditor(BY_NAME["contact"])
        self.deals = DealRows()
        self.products = ProductsEditor(BY_NAME["products"])
        self.summary = TextEditor(BY_NAME["summary"], (3, 7), "What was said and agreed")
        self.reword = _small("Reword", "By the language model on this computer, checked against the summary (Alt+W)")
        self.reword.hide()
        self.summary.head.addWidget(self.reword)
        self._editors: dict[str, FieldEditor] = {
            "customer": self.customer,
            "contact": self.contact,
            "disposition": ChoiceEditor(BY_NAME["disposition"], wording.DISPOSITIONS),
            "sentiment": ChoiceEditor(BY_NAME["sentiment"], wording.SENTIMENTS),
            "products": self.products,
            "summary": self.summary,
            "quotes": LinesEditor(BY_NAME["quotes"], "Add a quote"),
            "orders": LinesEditor(BY_NAME["orders"], "Add an order"),
            "follow_ups": TasksEditor(BY_NAME["follow_ups"], today, zone),
            "consents": ConsentsEditor(BY_NAME["consents"]),
            "matters": MattersEditor(BY_NAME["matters"]),
            "notes": TextEditor(BY_NAME["notes"], (2, 6), "Anything else worth knowing"),
            "line": LineEditor(BY_NAME["line"]),
            "number": LineEditor(BY_NAME["number"]),
            "direction": ChoiceEditor(BY_NAME["direction"], wording.DIRECTIONS),
            "started_at": LineEditor(
                BY_NAME["started_at"],
                lambda value: wording.clock_time(value, zone),
                lambda text: wording.parse_clock_time(text, zone),
            ),
            "duration": LineEditor(BY_NAME["duration"], wording.duration, wording.parse_duration),
            "talk_share": LineEditor(BY_NAME["talk_share"], wording.share, wording.parse_share),
        }
        self._zone = zone
        self._details = QWidget()
        self._lay_out()
        for name, editor in self._editors.items():
            editor.edited.connect(lambda value, name=name: self._edited(name, value))
            editor.taken.connect(lambda name=name: self.take(name))
            editor.evidence_asked.connect(lambda name=name: self._ask(name))
            editor.pointed.connect(self.pointed)
        self.deals.pointed.connect(self.pointed)
        self.deals.left_question.connect(lambda: self.first_to_settle().setFocus())
        self.deals.evidence_asked.connect(self.evidence)

    def editor(self, name: str) -> FieldEditor:
        return self._editors[name]

    def name_at(self, widget: QWidget | None) -> str | None:
        """The field that a widget of the form belongs to."""
        while widget is not None and widget is not self:
            if isinstance(widget, FieldEditor):
                return widget.field.name
            widget = widget.parentWidget()
        return None

    def words_at(self, widget: QWidget) -> tuple[str, tuple[Said, ...]]:
        """The title and the words of the field, or of the one row of it, that a widget belongs to."""
        if self.deals.isAncestorOf(widget):
            return "Deal", self.deals.said_at(widget)
        name = self.name_at(widget)
        if name is None or self._card is None:
            return "", ()
        said = self._editors[name].said_at(widget)
        return BY_NAME[name].title, self._card.draft.said(name) if said is None else said

    def first_to_settle(self) -> QWidget:
        """Where the keyboard starts: a question, else the first suggestion, else the disposition."""
        if (question := self.deals.question) is not None:
            return question
        pending = self._card.draft.pending if self._card else ()
        for name, editor in self._editors.items():
            if name in pending:
                return editor.first()
        return self._editors["disposition"].first()

    def show_card(self, card: ReportCard) -> None:
        """Fills what changed. Another report, or the same one opened for editing, is filled whole."""
        before, self._card = self._card, card
        fresh = before is None or before.report_id != card.report_id or before.read_only != card.read_only
        if fresh:
            self._own = set()
            self._shown = {}
        for name, editor in self._editors.items():
            value = card.draft.shown(name)
            if name not in self._own and self._shown.get(name, ...) != value:
                editor.set_value(value)
                if editor.said:
                    editor.dress("said")
                self._shown[name] = value
                if name == "customer":
                    who = reference(value)
                    self.customer_changed.emit(who.id if who else None)
            if fresh:
                editor.set_read_only(card.read_only)
            pending = card.draft.is_pending(name) and name not in self._own and not card.read_only
            if editor.said != pending:
                editor.set_said(pending)
            offer = card.draft.offer(name)
            editor.set_offer("" if offer is None or card.read_only else _words(offer.value))
        self._show_facts(card)

    def settle(self, name: str, *, accept: bool) -> bool:
        """Accepts or rejects the suggestion that the field shows; false if it shows none."""
        editor = self._editors[name]
        if not editor.said:
            return False
        editor.set_said(False)
        self._own.add(name)
        if not accept:
            empty = BY_NAME[name].empty
            editor.set_value(empty)
            self._shown[name] = empty
        return True

    def take(self, name: str) -> None:
        """Takes the careful pass's version of a field that was edited; undo brings the own words back."""
        offer = self._card.draft.offer(name) if self._card else None
        if offer is None:
            return
        editor = self._editors[name]
        if isinstance(editor, TextEditor):
            editor.replace(offer.value)
        else:
            editor.set_value(offer.value)
            self.taken.emit(name)

    def set_customers(self, known: Sequence[Reference]) -> None:
        self.customer.set_choices(known)

    def set_contacts(self, known: Sequence[Reference]) -> None:
        self.contact.set_choices(known)

    def show_details(self, shown: bool) -> None:
        self._details.setVisible(shown)
        self._more.setText("Less" if shown else "Edit")

    def _edited(self, name: str, value: Json) -> None:
        self._own.add(name)
        if name == "customer":
            who = reference(value)
            self.customer_changed.emit(who.id if who else None)
        self.edited.emit(name, value)

    def _ask(self, name: str) -> None:
        if self._card is not None:
            self.evidence.emit(self._card.draft.said(name))

    def _show_facts(self, card: ReportCard) -> None:
        shown = card.draft.shown
        self._editors["number"].caption.setText("HANDLE" if card.talk.kind == "chat" else "NUMBER")
        parts = (
            str(shown("direction")).capitalize(),
            str(shown("line")),
            wording.phone(str(shown("number") or "")),
            wording.clock_time(shown("started_at"), self._zone)[-5:],
            wording.duration(shown("duration")),
            wording.share(shown("talk_share")),
        )
        self._facts.setText(" · ".join(part for part in parts if part))
        self.products.set_unsure(read(shown("products_unsure"), Product))
        self.deals.show_deals(card)
        self._deals_title.setVisible(bool(self.deals.rows))
        self.deals.setVisible(bool(self.deals.rows))
        for name in ("consents", "matters"):
            self._editors[name].setVisible(bool(shown(name)))
        editor = self._editors["summary"]
        editor.remark.setText(WRITTEN_LOCALLY)
        editor.remark.setVisible(editor.said)
        self.reword.setVisible(self._rewords and not card.read_only)

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 2, 12, 8)
        column.setSpacing(7)
        self._facts = label("", "dim")
        self._more = _small("Edit", "Line, number, direction, start, duration and talk share")
        self._more.clicked.connect(lambda: self.show_details(self._details.isHidden()))
        facts = QHBoxLayout()
        facts.setSpacing(4)
        facts.addWidget(self._facts)
        facts.addWidget(self._more)
        facts.addStretch(1)
        column.addLayout(facts)
        self._details = QWidget()
        self._details.setLayout(
            _grid(self._pick("line", "number", "direction", "started_at", "duration", "talk_share"), 3)
        )
        self._details.hide()
        column.addWidget(self._details)
        column.addLayout(_grid(self._pick("customer", "contact", "disposition", "sentiment"), 2))
        column.addWidget(self._editors["products"])
        column.addWidget(self._editors["summary"])
        self._deals_title = caption("Deals")
        column.addWidget(self._deals_title)
        column.addWidget(self.deals)
        for editor in self._pick("quotes", "orders", "follow_ups", "matters", "consents", "notes"):
            column.addWidget(editor)
        column.addStretch(1)

    def _pick(self, *names: str) -> Iterator[FieldEditor]:
        return (self._editors[name] for name in names)


def _small(text: str, tip: str) -> QPushButton:
    made = button(text, "ghost", tip=tip)
    made.setFixedHeight(18)
    made.setStyleSheet("min-height:16px;padding:0 4px;font-size:11px")
    return made


def _grid(editors: Iterator[FieldEditor], columns: int) -> QGridLayout:
    grid = QGridLayout()
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setHorizontalSpacing(8)
    grid.setVerticalSpacing(7)
    for index, editor in enumerate(editors):
        grid.addWidget(editor, index // columns, index % columns, Qt.AlignmentFlag.AlignTop)
    for index in range(columns):
        grid.setColumnStretch(index, 1)
    return grid


def _words(value: Json) -> str:
    """A value in a tooltip."""
    if isinstance(value, list):
        return "\n".join(str(each.get("text") or each.get("what") or each.get("name") or "") for each in value)
    return str(value)
