"""The report popup: non-modal, keyboard first, one report at a time out of the queue. Qt."""

from __future__ import annotations

import datetime as dt
from collections.abc import Coroutine
from typing import Any, TypeVar

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QFrame, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from app.shell import tokens
from app.shell.ui import Ui
from app.shell.widgets import ElidedLabel, button, heading, icon_button, label, pill, separator, set_kind
from plugins.reports import wording
from plugins.reports.app import ReportsApp
from plugins.reports.dictation_bar import DictationBar
from plugins.reports.evidence import Json, Said
from plugins.reports.evidence_card import EvidenceCard
from plugins.reports.form import ReportForm
from plugins.reports.open_report import ReportCard
from plugins.reports.popup_commands import commands
from plugins.reports.publish import speaker
from plugins.reports.queue import ReportsState
from plugins.reports.rewording_bar import RewordingBar
from plugins.reports.stops import tab_stops
from plugins.reports.undo_bar import UndoBar

T = TypeVar("T")

WARM_MS = 400
"""After the window is up and quiet, the form is built once so that the end of a call only fills it."""


class ReportPopup(QWidget):
    """Shows ``app.reports.state``. Every action is a command, and works on the report in front."""

    def __init__(self, app: ReportsApp, ui: Ui) -> None:
        super().__init__()
        self._reports = app.reports
        self._ui = ui
        self._card: ReportCard | None = None
        self._open = False
        self._form: ReportForm | None = None
        self.evidence = EvidenceCard(lambda widget: self.form.words_at(widget))
        self.evidence.asked.connect(self._show_words)
        self.evidence.played.connect(self._play_words)
        self.setObjectName("report")
        self.setWindowTitle("Call report")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.dictation = DictationBar(app, ui)
        self.rewords = app.language_model is not None
        self.rewording = RewordingBar(app.language_model, ui, lambda: self.form.summary)
        self._build_frame()
        QTimer.singleShot(WARM_MS, self, self._warm)
        self._ui.commands.add(*commands(self, self._reports))
        application = QApplication.instance()
        if isinstance(application, QApplication):
            application.focusChanged.connect(self._focus_moved)
        ui.bind(self._reports.state, self._show, self)

    @property
    def form(self) -> ReportForm:
        if self._form is None:
            self._form = self._build_form()
        return self._form

    # -- keyboard

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Tab accepts the suggestion in the field and moves on; after the last button comes the first field again."""
        if forward:
            self._settle(accept=True)
        stops = tab_stops(self)
        focus = QApplication.focusWidget()
        if focus not in stops:
            return super().focusNextPrevChild(forward)
        reason = Qt.FocusReason.TabFocusReason if forward else Qt.FocusReason.BacktabFocusReason
        target = stops[(stops.index(focus) + (1 if forward else -1)) % len(stops)]
        target.setFocus(reason)
        if self.form.isAncestorOf(target):
            self._scroll.ensureWidgetVisible(target, 0, 24)
        return True

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            if not (self.rewording.cancel() or self._settle(accept=False)):
                self.put_aside()
        else:
            super().keyPressEvent(event)

    def _settle(self, *, accept: bool) -> bool:
        card, name = self._card, self.form.name_at(self.focusWidget())
        if card is None or card.read_only or name is None or not self.form.settle(name, accept=accept):
            return False
        report_id = card.report_id
        self._do(self._reports.accept(report_id, name) if accept else self._reports.reject(report_id, name))
        return True

    # -- commands

    def save(self) -> None:
        if self._card is not None and not self._card.read_only:
            self._do(self._reports.save(self._card.report_id))

    def save_draft(self) -> None:
        if self._card is not None and not self._card.read_only:
            self._do(self._reports.flush(self._card.report_id))

    def put_aside(self) -> None:
        """Closes the popup on this report; its draft stays."""
        if self._card is not None:
            self._do(self._reports.put_aside(self._card.report_id))

    def discard(self) -> None:
        if self._card is not None and not self._card.read_only:
            self._do(self._reports.discard(self._card.report_id))

    def undo_discard(self) -> None:
        self._do(self._reports.undo_discard())

    def dictate(self) -> None:
        """Begins to write down what is spoken into this report's notes, or ends it."""
        if self._card is not None and not self._card.read_only:
            self.dictation.toggle(self._card.report_id)

    def reword(self) -> None:
        """Asks the language model on this computer for the summary in other words."""
        if self._card is not None and not self._card.read_only:
            self.rewording.begin()

    def unlock(self) -> None:
        if self._card is not None and self._card.read_only:
            self._do(self._reports.unlock(self._card.report_id))

    def step(self, by: int) -> None:
        """To the next or the previous report of the queue."""
        cards = self._reports.state.value.cards
        ids = [card.report_id for card in cards]
        if self._card is not None and self._card.report_id in ids and len(ids) > 1:
            self._do(self._reports.bring_front(ids[(ids.index(self._card.report_id) + by) % len(ids)]))

    @property
    def card(self) -> ReportCard | None:
        """The report in front."""
        return self._card

    def show_evidence(self) -> None:
        """The words that the field with the keyboard rests on, in the transcript."""
        self._show_words(self._focused_words())

    def play_evidence(self) -> None:
        """The same, from the recording."""
        self._play_words(self._focused_words())

    def finish_unfinished(self) -> None:
        """Opens the oldest draft that waits outside the popup."""
        self._do(self._reports.show_unfinished())

    # -- showing

    def _show(self, state: ReportsState) -> None:
        card = state.current
        changed = card is not None and (self._card is None or card.report_id != self._card.report_id)
        self._card = card
        if changed or card is None:
            self.evidence.forget()
            self.dictation.end()
            self.rewording.leave()
        if card is not None:
            self._fill(card, state)
        self._undo.offer(state.discarded.talk.title if state.discarded else None)
        wanted = card is not None or state.discarded is not None
        if not wanted and self._open:
            self._ui.close_popup(self)  # while it still has the keyboard, so that it is given back
        self._body.setVisible(card is not None)
        if changed:
            self.setFocusProxy(self.form.first_to_settle())
        if wanted and (changed or not self._open):
            self._ui.show_popup(self, "transcript")
        self._open = wanted
        if (frame := self.parentWidget()) is not None:
            self.evidence.stand_beside(frame)
        if self.evidence.isVisible():
            self.evidence.refresh()

    def _fill(self, card: ReportCard, state: ReportsState) -> None:
        chat = card.talk.kind == "chat"
        self._title.setText("Chat report" if chat else "Call report")
        self._icon.setPixmap(self._ui.icon("message" if chat else "phone", "up", 16).pixmap(QSize(16, 16)))
        self._duration.setText(wording.duration(card.draft.shown("duration")) or "–")
        place = [each.report_id for each in state.cards].index(card.report_id) + 1
        self._place.setText(f"{place} of {len(state.cards)}")
        several: tuple[QWidget, ...] = (self._place, self._previous, self._next)
        for widget in several:
            widget.setVisible(len(state.cards) > 1)
        self._show_saving(card)
        self.form.show_card(card)
        names = {who: speaker(card.talk, who) for who in ("trader", "client")}
        self.evidence.set_talk(names, sounding=card.talk.kind == "call")
        pending = len(card.draft.pending) if not card.read_only else 0
        fields = "field" if pending == 1 else "fields"
        hints = [f"{pending} {fields} suggested · Tab accepts, Esc rejects"] if pending else []
        if asked := len(card.questions) if not card.read_only else 0:
            hints.insert(0, f"{asked} to answer" if pending else f"{asked} to answer: one key, or N for no deal")
        self._hint.setText(" · ".join(hints) or self._phase(card))
        set_kind(self._hint, "warn" if card.read_only and card.corrected else "mut")
        for writing in (self._discard, self._keep, self._submit):
            writing.setVisible(not card.read_only)
            writing.setEnabled(not card.busy)
        for reading in (self._edit, self._close):
            reading.setVisible(card.read_only)

    def _phase(self, card: ReportCard) -> str:
        if card.read_only and card.corrected:
            return "Saved; its transcript was corrected since. Edit reopens it."
        if card.read_only:
            return "Saved. Edit reopens it as a draft."
        return "The careful pass over the recording is under way" if card.phase == "ended" else ""

    def _show_saving(self, card: ReportCard) -> None:
        saving = card.saving
        failed = saving.kind == "failed"
        if card.read_only:
            text = "saved"
        elif failed:
            text = f"not saved: {saving.why}"
        elif saving.at is not None:
            # Beside the arrows of a queue there is less room.
            how = "saved" if len(self._reports.state.value.cards) > 1 else "saved locally"
            text = f"draft · {how} {self._local(saving.at):%H:%M:%S}"
        else:
            text = "draft · saving…" if saving.kind == "pending" else "draft"
        self._state.set_text(text)
        set_kind(self._state, "warn" if failed else "dim")
        self._retry.setVisible(failed and not card.read_only)

    def _local(self, moment: dt.datetime) -> dt.datetime:
        return moment.astimezone(self._reports.zone)

    def sizeHint(self) -> QSize:
        """As high as the form needs; the window cuts it to the screen and the form scrolls."""
        height = self._undo.sizeHint().height() if self._undo.isVisibleTo(self) else 0
        if self._body.isVisibleTo(self) and self._form is not None:
            rest = self._head.sizeHint().height() + self._foot.sizeHint().height() + 2
            form = self._form.layout()
            width = tokens.POPUP - 4
            height += rest + (form.totalHeightForWidth(width) if form is not None and form.hasHeightForWidth() else 0)
        return QSize(tokens.POPUP - 2, height)

    # -- building

    def _build_frame(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self._undo = UndoBar()
        self._undo.wanted.connect(self.undo_discard)
        self._undo.over.connect(lambda: self._do(self._reports.forget_discarded()))
        column.addWidget(self._undo)
        self._body = QWidget()
        self._body.hide()
        column.addWidget(self._body)
        inner = QVBoxLayout(self._body)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(0)
        self._head = self._build_head()
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._scroll.viewport().setAutoFillBackground(False)
        self._foot = self._build_foot()
        inner.addWidget(self._head)
        inner.addWidget(self._scroll, 1)
        inner.addWidget(separator())
        inner.addWidget(self._foot)

    def _build_head(self) -> QWidget:
        made = QWidget()
        line = QHBoxLayout(made)
        line.setContentsMargins(12, 10, 8, 6)
        line.setSpacing(8)
        self._icon = QLabel()
        self._title = heading("Call report")
        self._state = ElidedLabel("draft", "dim")
        self._retry = button("Retry", "ghost")
        self._retry.clicked.connect(self.save_draft)
        self._previous = icon_button("chevron-left", "Previous report (Alt+PgUp)", size=14)
        self._previous.clicked.connect(lambda: self.step(-1))
        self._place = label("", "dim")
        self._next = icon_button("chevron-right", "Next report (Alt+PgDown)", size=14)
        self._next.clicked.connect(lambda: self.step(1))
        self._duration = pill("")
        self._shut = icon_button("x", "Close, the draft is kept (Esc)", size=14)
        self._shut.clicked.connect(self.put_aside)
        line.addWidget(self._icon)
        line.addWidget(self._title)
        line.addWidget(self._state, 1)
        line.addWidget(self._retry)
        line.addWidget(self._previous)
        line.addWidget(self._place)
        line.addWidget(self._next)
        line.addWidget(self._duration)
        line.addWidget(self._shut)
        for mouse_only in (self._previous, self._next, self._shut):
            mouse_only.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        return made

    def _build_foot(self) -> QWidget:
        made = QWidget()
        column = QVBoxLayout(made)
        column.setContentsMargins(12, 6, 12, 10)
        column.setSpacing(6)
        self._hint = label("", "mut")
        self._hint.setObjectName("hint")
        column.addWidget(self.dictation)
        column.addWidget(self.rewording)
        column.addWidget(self._hint)
        line = QHBoxLayout()
        line.setSpacing(6)
        self._discard = button("Discard", "ghost", tip="Ctrl+Backspace; it can be undone")
        self._keep = button("Save draft  Ctrl S", tip="Drafts are saved as typed; this writes at once")
        self._submit = button("Save & next  Ctrl ⏎", "pri")
        self._edit = button("Edit", tip="Ctrl+E")
        self._close = button("Close", "pri", tip="Esc")
        for widget, act in (
            (self._discard, self.discard),
            (self._keep, self.save_draft),
            (self._submit, self.save),
            (self._edit, self.unlock),
            (self._close, self.put_aside),
        ):
            widget.clicked.connect(act)
        line.addWidget(self._discard)
        line.addStretch(1)
        for widget in (self._keep, self._submit, self._edit, self._close):
            line.addWidget(widget)
        column.addLayout(line)
        return made

    def _build_form(self) -> ReportForm:
        form = ReportForm(lambda: self._local(self._ui.clock()).date(), self._reports.zone, rewords=self.rewords)
        form.setObjectName("reportform")
        form.setStyleSheet("QWidget#reportform{background:transparent}")
        form.edited.connect(self._edited)
        form.taken.connect(lambda name: self._on_card(lambda card: self._reports.accept(card.report_id, name)))
        form.evidence.connect(self._show_words)
        form.pointed.connect(self.evidence.point)
        form.deals.register.connect(
            lambda key: self._on_card(lambda card: self._reports.register_deal(card.report_id, key))
        )
        form.deals.dismiss.connect(
            lambda key: self._on_card(lambda card: self._reports.dismiss_deal(card.report_id, key))
        )
        form.deals.answered.connect(
            lambda question, value: self._on_card(lambda card: self._reports.answer(card.report_id, question, value))
        )
        form.customer_changed.connect(self._customer_changed)
        form.reword.clicked.connect(self.reword)
        form.summary.text.textChanged.connect(lambda: self.rewording.follow(form.summary.text.toPlainText()))
        self._scroll.setWidget(form)
        self._ui.run(self._reports.customers(), then=form.set_customers, owner=form)
        return form

    def _warm(self) -> None:
        self.form.ensurePolished()
        self._ui.prepare_popup(self)
        self.sizeHint()

    # -- doing

    def _edited(self, name: str, value: Json) -> None:
        self._on_card(lambda card: self._reports.edit(card.report_id, name, value))

    def _show_words(self, said: tuple[Said, ...]) -> None:
        """In the transcript."""
        if said:
            self._on_card(lambda card: self._reports.show_words(card.report_id, said))

    def _play_words(self, said: tuple[Said, ...]) -> None:
        """From the recording. A chat has none."""
        if said and self._card is not None and self._card.talk.kind == "call":
            self._on_card(lambda card: self._reports.play_words(card.report_id, said))

    def _focused_words(self) -> tuple[Said, ...]:
        focus = QApplication.focusWidget()
        return self.form.words_at(focus)[1] if focus is not None and self.form.isAncestorOf(focus) else ()

    def _customer_changed(self, organization_id: str | None) -> None:
        if organization_id is None:
            self.form.set_contacts(())
        else:
            self._ui.run(self._reports.contacts(organization_id), then=self.form.set_contacts, owner=self)

    def _focus_moved(self, old: QWidget | None, new: QWidget | None) -> None:
        if self._form is not None:
            self.evidence.follow(new if new is not None and self._form.isAncestorOf(new) else None)
        if self._form is not None and old is not None and self._form.isAncestorOf(old) and self._card is not None:
            self._do(self._reports.flush(self._card.report_id))

    def _on_card(self, act: Any) -> None:
        if self._card is not None:
            self._do(act(self._card))

    def _do(self, work: Coroutine[Any, Any, object]) -> None:
        self._ui.run(work, owner=self)


def create(app: ReportsApp, ui: Ui) -> QWidget:
    """The popup; it shows and hides itself by ``ui.show_popup`` and belongs into no dock."""
    return ReportPopup(app, ui)
