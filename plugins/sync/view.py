"""The sync panel: how the desk stands on top; below, conflicts side by side, refused changes, and the history. Qt."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app.services import LocalZone
from app.shell import tokens
from app.shell.commands import Command
from app.shell.popups import MIDDLE
from app.shell.standing import connection_words, waiting_words
from app.shell.ui import Ui
from app.shell.widgets import (
    Column,
    ElidedLabel,
    PanelHeader,
    RecordTable,
    SegmentedButtons,
    button,
    caption,
    label,
    separator,
    set_kind,
)
from app.sync.conflicts import Conflict, Wrote
from app.sync.quarantine import Said
from plugins.sync.app import SyncApp, SyncState, Waiting
from plugins.sync.editing import EditPage

CONFLICTS, QUARANTINE, HISTORY = 0, 1, 2
NO_CONFLICTS = "No conflicts. Where two desks change the same field, both values appear here."
NOTHING_REFUSED = "Nothing was refused. What the server does not take appears here, with the reason."
NO_HISTORY = "Nothing has happened yet."
_KINDS = {"online": "up", "offline": "warn", "refused": "dn", "conflict": "warn", "signed out": "warn", "wiped": "dn"}


class SyncPanel(QWidget):
    """Keyboard: Alt+K keeps, Alt+O takes the other, Ctrl+Z undoes; Alt+R sends again, Alt+E after editing,
    Del discards; F5 tries now.
    """

    def __init__(self, app: SyncApp, ui: Ui) -> None:
        super().__init__()
        self._app, self._ui = app, ui
        self._asked = app.state.value.asked
        self.setObjectName("panel")
        self.sections = SegmentedButtons(["Conflicts", "Quarantine", "History"], name="What of sync is shown")
        self.now_button = button("Try now  F5", "ghost", tip="Try to reach the server now")
        self.now_button.clicked.connect(self._retry)
        header = PanelHeader()
        header.title.hide()
        header.add(self.sections)
        header.add_right(self.now_button)
        self.state_line = ElidedLabel("", "h2")
        self.tip_line = label("", "mut")
        self.tip_line.setWordWrap(True)
        self.why_line = label("", "acc")
        self.why_line.setWordWrap(True)
        self.why_line.hide()
        self.conflicts = _conflict_table()
        self.waiting = _waiting_table()
        self.history = _history_table()
        self.sides = _Sides()
        self.keep_button = button("Keep what stands  Alt K", "pri")
        self.other_button = button("Take the other  Alt O")
        self.undo_button = button("Undo  Ctrl Z", "ghost")
        self.reason = label("", "warn")
        self.reason.setWordWrap(True)
        self.resend_button = button("Send again  Alt R", "pri", tip="Make the change again on top of what is there now")
        self.edit_button = button("Edit and send again  Alt E", tip="Put the change right, then make it again")
        self.edit: EditPage | None = None
        self.discard_button = button("Discard  Del", tip="The change stays undone")
        self._stack = QStackedWidget()
        self._stack.addWidget(_page(self.conflicts, self.sides, self.keep_button, self.other_button, self.undo_button))
        self._stack.addWidget(
            _page(self.waiting, self.reason, self.resend_button, self.edit_button, self.discard_button)
        )
        self._stack.addWidget(_giving_way(self.history))
        self.sections.changed.connect(self._section)
        words = QVBoxLayout()
        words.setContentsMargins(10, 4, 10, 6)
        words.setSpacing(3)
        for each in (self.state_line, self.tip_line, self.why_line):
            words.addWidget(each)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(words)
        column.addWidget(separator())
        column.addWidget(header)
        column.addWidget(self._stack, 1)
        self._connect()
        self.setFocusProxy(self.conflicts)
        ui.bind(app.state, self._show, self)

    def _connect(self) -> None:
        self.conflicts.chosen.connect(lambda _: self._show_chosen())
        self.waiting.chosen.connect(lambda _: self._show_chosen())
        for made, act in (
            (self.keep_button, self._keep), (self.other_button, self._take_other), (self.undo_button, self._undo),
            (self.resend_button, self._resend), (self.edit_button, self._edit), (self.discard_button, self._discard),
        ):  # fmt: skip
            made.clicked.connect(lambda _=False, act=act: act())

        def add(name: str, title: str, run: Any, keys: str, when: Any, icon: str) -> None:
            self._ui.commands.add(Command(f"sync.{name}", f"Sync: {title}", run, keys, when, self, icon))

        add("keep", "keep what stands", self._keep, "Alt+K", lambda: self._conflict() is not None, "check")
        add("other", "take the other value", self._take_other, "Alt+O", lambda: self._conflict() is not None, "refresh")
        add("undo", "undo the choice", self._undo, "Ctrl+Z", self._can_undo, "refresh")
        add(
            "resend",
            "send the refused change again",
            self._resend,
            "Alt+R",
            lambda: self._refusal() is not None,
            "play",
        )
        add(
            "edit",
            "edit the refused change and send it again",
            self._edit,
            "Alt+E",
            lambda: self._refusal() is not None,
            "edit",
        )
        add("discard", "discard the refused change", self._discard, "Del", lambda: self._refusal() is not None, "trash")
        add("now", "try to reach the server now", self._retry, "F5", None, "refresh")

    # -- what is shown

    def _show(self, state: SyncState) -> None:
        words, waits = connection_words(state.standing), waiting_words(state.standing)
        server = f" · {state.standing.server}" if state.standing.server else ""
        self.state_line.set_text(f"{words.text}{server} · {waits.text}")
        self.tip_line.setText(words.tip)
        self.why_line.setText(f"{state.record}: {state.why}" if state.why else "")
        self.why_line.setVisible(bool(state.why))
        self.now_button.setEnabled(state.standing.state in ("offline", "connecting", "refused"))
        for table, rows in (
            (self.conflicts, state.conflicts), (self.waiting, state.waiting), (self.history, state.events),
        ):  # fmt: skip
            if list(table.rows) != list(rows):
                table.set_rows(rows)
                if rows and table.current() is None and table is not self.history:
                    table.selectRow(0)
        self.sections.set_title(CONFLICTS, _counted("Conflicts", len(state.conflicts)))
        self.sections.set_title(QUARANTINE, _counted("Quarantine", len(state.waiting)))
        self.undo_button.setVisible(state.resolved is not None)
        self._show_chosen()
        if state.asked != self._asked:
            self._asked = state.asked
            self._ui.focus_panel("deskline-sync")

    def _show_chosen(self) -> None:
        conflict, refusal = self._conflict(), self._refusal()
        self.sides.show_conflict(conflict)
        self.keep_button.setEnabled(conflict is not None)
        self.other_button.setEnabled(conflict is not None)
        set_kind(self.reason, "warn" if refusal is not None else "mut")
        self.reason.setText(refusal.refusal.reason if refusal is not None else "")
        self.resend_button.setEnabled(refusal is not None)
        self.edit_button.setEnabled(refusal is not None)
        self.discard_button.setEnabled(refusal is not None)

    def _section(self, number: int) -> None:
        self._stack.setCurrentIndex(number)
        table = (self.conflicts, self.waiting, self.history)[number]
        self.setFocusProxy(table)
        self._show_chosen()

    # -- doing

    def _conflict(self) -> Conflict | None:
        found: Conflict | None = self.conflicts.current() if self.sections.current() == CONFLICTS else None
        return found

    def _refusal(self) -> Waiting | None:
        found: Waiting | None = self.waiting.current() if self.sections.current() == QUARANTINE else None
        return found

    def _keep(self) -> None:
        if (conflict := self._conflict()) is not None:
            self._ui.run(self._app.keep(conflict))

    def _take_other(self) -> None:
        if (conflict := self._conflict()) is not None:
            self._ui.run(self._app.take_other(conflict))

    def _can_undo(self) -> bool:
        return self._app.state.value.resolved is not None

    def _undo(self) -> None:
        self._ui.run(self._app.undo())

    def _resend(self) -> None:
        if (refusal := self._refusal()) is not None:
            self._ui.run(self._app.resend(refusal))

    def _edit(self) -> None:
        if (refusal := self._refusal()) is not None:
            self._ui.run(self._app.said(refusal), then=lambda said: self._open_edit(refusal, said), owner=self)

    def _open_edit(self, refusal: Waiting, said: Sequence[Said]) -> None:
        self._close_edit()
        page = self.edit = EditPage(refusal.record, refusal.refusal.reason, said)
        page.closed.connect(self._close_edit)
        page.sent.connect(lambda edited: self._send_edited(refusal, edited))
        self._ui.show_popup(page, MIDDLE)
        page.setFocus()

    def _send_edited(self, refusal: Waiting, edited: Sequence[Said]) -> None:
        self._close_edit()
        self._ui.run(self._app.resend(refusal, edited))

    def _close_edit(self) -> None:
        page, self.edit = self.edit, None
        if page is not None:
            self._ui.close_popup(page)
            page.deleteLater()

    def _discard(self) -> None:
        if (refusal := self._refusal()) is not None:
            self._ui.run(self._app.discard(refusal))

    def _retry(self) -> None:
        self._ui.run(self._app.retry())


class _Sides(QFrame):
    """The two values of a conflict beside each other, with who wrote them when."""

    def __init__(self) -> None:
        super().__init__()
        grid = QGridLayout(self)
        grid.setContentsMargins(10, 6, 10, 6)
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(2)
        self._texts: list[tuple[QLabel, QLabel]] = []
        for place, title in enumerate(("Stands", "Gave way")):
            who, value = label("", "mut"), label("")
            who.setWordWrap(True)
            value.setWordWrap(True)
            value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            grid.addWidget(caption(title), 0, place)
            grid.addWidget(value, 1, place)
            grid.addWidget(who, 2, place)
            grid.setColumnStretch(place, 1)
            self._texts.append((who, value))

    def show_conflict(self, conflict: Conflict | None) -> None:
        self.setVisible(conflict is not None)
        if conflict is None:
            return
        deleted = not conflict.field
        for (who, value), wrote, gone in zip(
            self._texts, (conflict.kept, conflict.lost), (deleted, False), strict=True
        ):
            value.setText("deleted" if gone else shown(wrote.value))
            who.setText(f"{wrote.by}, {_time(wrote.at)}")


def shown(value: Any) -> str:
    """A value as a person reads it."""
    if value in (None, ""):
        return "empty"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return "; ".join(f"{name.replace('_', ' ')} {shown(each)}" for name, each in value.items())
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _time(at: dt.datetime) -> str:
    local = at.astimezone(LocalZone())
    return f"{local:%H:%M:%S} on {local.day} {local:%b}"


def _counted(title: str, number: int) -> str:
    return f"{title} {number}" if number else title


def _value(wrote: Wrote) -> str:
    return f"{shown(wrote.value)} · {wrote.by}"


def _conflict_table() -> RecordTable:
    def kept(row: Conflict) -> str:
        return _value(row.kept) if row.field else f"deleted · {row.kept.by}"

    return RecordTable(
        [
            Column("Record", lambda row: row.record, 0, strong=True, tip=lambda row: row.record),
            Column("Field", lambda row: row.field.replace("_", " ") or "whole record", 90, color=lambda row: "tx2"),
            Column("Stands", kept, 130, tip=kept, least=84),
            Column("Gave way", lambda row: _value(row.lost), 130, color=lambda row: "warn", least=84),
        ],
        NO_CONFLICTS,
        key=lambda row: row.id,
        name="Conflicts",
    )


def _waiting_table() -> RecordTable:
    return RecordTable(
        [
            Column("Refused at", lambda row: _time(row.refusal.at), 130, color=lambda row: "tx3"),
            Column("Record", lambda row: row.record, 150, strong=True, least=100),
            Column("Why", lambda row: row.refusal.reason, 0, tip=lambda row: row.refusal.reason),
        ],
        NOTHING_REFUSED,
        key=lambda row: row.refusal.transaction,
        name="Changes that the server refused",
    )


def _history_table() -> RecordTable:
    return RecordTable(
        [
            Column("When", lambda row: _time(row.at), 130, color=lambda row: "tx3"),
            Column("What", lambda row: row.kind, 86, pill=lambda row: _KINDS.get(row.kind, "mut")),
            Column("", lambda row: row.text, 0, tip=lambda row: row.text),
        ],
        NO_HISTORY,
        key=lambda row: (row.at, row.kind, row.text),
        name="History of sync",
    )


def _giving_way(table: RecordTable) -> RecordTable:
    """In a low panel a table has fewer rows, and what is below it stays in sight."""
    table.setMinimumHeight(tokens.ROW * 3)
    table.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)
    return table


def _page(table: RecordTable, about: QWidget, *acts: QWidget) -> QWidget:
    made = QWidget()
    line = QHBoxLayout()
    line.setContentsMargins(10, 4, 10, 8)
    line.setSpacing(8)
    for each in acts:
        line.addWidget(each)
    line.addStretch(1)
    column = QVBoxLayout(made)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(2)
    column.addWidget(_giving_way(table), 1)
    about.setContentsMargins(10, 2, 10, 2)
    column.addWidget(about)
    column.addLayout(line)
    return made


def create(app: SyncApp, ui: Ui) -> QWidget:
    return SyncPanel(app, ui)
