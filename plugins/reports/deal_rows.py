"""The form's deals: questions about them, those registered, and those heard that stand in no record. Qt."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize, Qt, Signal
from PySide6.QtWidgets import QApplication, QHBoxLayout, QVBoxLayout, QWidget

from app.shell.tokens import T
from app.shell.widgets import ElidedLabel, button, icon_button, label
from plugins.reports import wording
from plugins.reports.ask_row import AskRow
from plugins.reports.asking import Question
from plugins.reports.evidence import Said
from plugins.reports.items import Registered
from plugins.reports.open_report import ReportCard
from plugins.reports.rows import drop
from plugins.reports.suggest import HeardDeal


class DealRows(QWidget):
    """What is open about a deal, as questions; deals registered; and in amber those heard that stand in no record:
    register them, or say they are none. ``left_question``: one was answered that had the keyboard."""

    register = Signal(str)
    dismiss = Signal(str)
    answered = Signal(object, str)
    left_question = Signal()
    evidence_asked = Signal(object)  # the words
    pointed = Signal(object)  # the row under the mouse, None when it leaves

    def __init__(self) -> None:
        super().__init__()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(3)
        self._shown: tuple[object, ...] | None = None
        self.rows: list[QWidget] = []
        self._said: list[tuple[Said, ...]] = []

    def show_deals(self, card: ReportCard) -> None:
        """The card's questions, the deals registered, and those that are not."""
        shown = (card.questions, card.registered, card.heard, card.read_only)
        if shown == self._shown:
            return
        self._shown = shown
        asked_before = any(isinstance(row, AskRow) and _has_keyboard(row) for row in self.rows)
        for row in self.rows:
            drop(row)
        said = {each.deal_id: each.terms.said for each in card.heard}
        made = [(self._ask_row(each), each.said) for each in card.questions if not card.read_only]
        made += [(_registered_row(deal), said.get(deal.id, ())) for deal in card.registered]
        made += [(self._heard_row(each, read_only=card.read_only), each.terms.said) for each in card.unregistered]
        self.rows, self._said = [row for row, _ in made], [words for _, words in made]
        for row in self.rows:
            row.installEventFilter(self)
            self._column.addWidget(row)
        if asked_before:
            self.left_question.emit()

    @property
    def question(self) -> QWidget | None:
        """The first open question."""
        return next((row for row in self.rows if isinstance(row, AskRow)), None)

    def said_at(self, widget: QWidget) -> tuple[Said, ...]:
        """The words of the row that a widget belongs to."""
        at = next((at for at, row in enumerate(self.rows) if row is widget or row.isAncestorOf(widget)), None)
        return self._said[at] if at is not None else ()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Enter, QEvent.Type.Leave):
            self.pointed.emit(watched if event.type() == QEvent.Type.Enter else None)
        return False

    def _ask_row(self, question: Question) -> QWidget:
        row = AskRow(question)
        row.answered.connect(lambda value: self.answered.emit(question, value))
        row.dismissed.connect(lambda: self.dismiss.emit(question.deal))
        return row

    def _heard_row(self, heard: HeardDeal, *, read_only: bool) -> QWidget:
        row, line = _strip("warn")
        key, said = heard.terms.key, heard.terms.said
        where = icon_button("alert", "Heard but not registered: show where it was said", tint="warn", size=13)
        where.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        where.clicked.connect(lambda: self.evidence_asked.emit(said))
        line.addWidget(where)
        note = "; ".join(heard.differences) or "heard, not registered"
        words = ElidedLabel(heard.text)
        words.setToolTip(f"{heard.text}: {note}")
        text = QVBoxLayout()
        text.setSpacing(0)
        text.addWidget(words)
        text.addWidget(ElidedLabel(note, "warn"))
        line.addLayout(text, 1)
        if not read_only:
            if heard.status == "missing":
                act = button("Register", tip="Open the deal ticket, filled in")
                act.clicked.connect(lambda: self.register.emit(key))
                line.addWidget(act)
            no = icon_button("x", "Not a deal, or the record is right", tint="tx3", size=12)
            no.clicked.connect(lambda: self.dismiss.emit(key))
            line.addWidget(no)
        return row


def _has_keyboard(row: QWidget) -> bool:
    focus = QApplication.focusWidget()
    return focus is not None and (focus is row or row.isAncestorOf(focus))


def _registered_row(deal: Registered) -> QWidget:
    row, line = _strip("up")
    mark = label()
    mark.setPixmap(icon_button("check", "", tint="up", size=13).icon().pixmap(QSize(13, 13)))
    line.addWidget(mark)
    line.addWidget(ElidedLabel(wording.registered(deal)), 1)
    line.addWidget(label("registered", "up"))
    return row


def _strip(kind: str) -> tuple[QWidget, QHBoxLayout]:
    row = QWidget()
    row.setObjectName("strip")
    row.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
    row.setStyleSheet(f"QWidget#strip{{background:{T[kind + 'bg']};border-radius:3px}}")
    line = QHBoxLayout(row)
    line.setContentsMargins(6, 3, 4, 3)
    line.setSpacing(6)
    return row, line
