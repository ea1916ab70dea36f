"""The form's deals: those registered, and those heard that stand in no record. Qt."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, QSize, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.shell.tokens import T
from app.shell.widgets import ElidedLabel, button, icon_button, label
from plugins.reports import wording
from plugins.reports.evidence import Said
from plugins.reports.items import Registered
from plugins.reports.rows import drop
from plugins.reports.suggest import HeardDeal


class DealRows(QWidget):
    """Deals registered, and in amber those heard that stand in no record: register them, or say they are none."""

    register = Signal(str)
    dismiss = Signal(str)
    evidence_asked = Signal(object)  # the words
    pointed = Signal(object)  # the row under the mouse, None when it leaves

    def __init__(self) -> None:
        super().__init__()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(3)
        self._shown: tuple[object, object, bool] | None = None
        self.rows: list[QWidget] = []
        self._said: list[tuple[Said, ...]] = []

    def show_deals(self, registered: Sequence[Registered], heard: Sequence[HeardDeal], *, read_only: bool) -> None:
        shown = (tuple(registered), tuple(heard), read_only)
        if shown == self._shown:
            return
        self._shown = shown
        for row in self.rows:
            drop(row)
        said = {each.deal_id: each.terms.said for each in heard}
        unregistered = [each for each in heard if each.status != "registered"]
        self.rows = [_registered_row(deal) for deal in registered]
        self.rows += [self._heard_row(each, read_only=read_only) for each in unregistered]
        self._said = [*(said.get(deal.id, ()) for deal in registered), *(each.terms.said for each in unregistered)]
        for row in self.rows:
            row.installEventFilter(self)
            self._column.addWidget(row)

    def said_at(self, widget: QWidget) -> tuple[Said, ...]:
        """The words of the row that a widget belongs to."""
        return next(
            (
                said
                for row, said in zip(self.rows, self._said, strict=True)
                if row is widget or row.isAncestorOf(widget)
            ),
            (),
        )

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Enter, QEvent.Type.Leave):
            self.pointed.emit(watched if event.type() == QEvent.Type.Enter else None)
        return False

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
