"""The follow-ups panel: what is due, red when overdue and amber today; Space is done, Enter shows the customer."""

from __future__ import annotations

import datetime as dt

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from app.brokerage.spans import due_words
from app.shell.commands import Command
from app.shell.ui import Ui
from app.shell.widgets import Column, ElidedLabel, RecordTable, button
from plugins.followups.app import FollowUpsApp, FollowUpsState, Task

_COLORS = {"overdue": "dn", "today": "warn", "later": "tx2", "open": "tx3"}
_FAR = dt.datetime.max.replace(tzinfo=dt.UTC)
# "overdue 6m" counts on by itself.
REFRESH_MS = 30_000


class FollowUpsPanel(QWidget):
    def __init__(self, app: FollowUpsApp, ui: Ui) -> None:
        super().__init__()
        self._app, self._ui = app, ui
        self.setObjectName("panel")
        self.table = RecordTable(
            [
                Column("Task", lambda task: task.what, 0, tip=_tip, least=146),
                Column(
                    "By",
                    lambda task: "us" if task.owner == "trader" else "client",
                    44,
                    color=lambda task: "tx3",
                    drop=1,
                ),
                Column("Client", lambda task: task.customer, 118, color=lambda task: "tx2"),
                Column("Due", self._due, 106, "right", self._color, sort=lambda task: task.due or _FAR),
            ],
            "Loading follow-ups…",
            name="Follow-ups",
        )
        self.table.activated.connect(lambda task: ui.run(app.show_customer(task)))
        self.undo_bar = QFrame()
        self.undo_bar.setObjectName("toast")
        self._done_text = ElidedLabel()
        undo = button("Undo  Ctrl Z")
        undo.clicked.connect(self._undo)
        line = QHBoxLayout(self.undo_bar)
        line.setContentsMargins(10, 4, 6, 4)
        line.addWidget(self._done_text, 1)
        line.addWidget(undo)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self.table)
        column.addWidget(self.undo_bar)
        self.setFocusProxy(self.table)
        self._clock = QTimer(self, interval=REFRESH_MS)
        self._clock.timeout.connect(lambda: self.table.refresh_rows(range(len(self.table.rows))))
        self._clock.start()
        ui.commands.add(
            Command("followups.done", "Follow-ups: done", self._finish, "Space", self._chosen, self.table, "check"),
            Command("followups.undo", "Follow-ups: undo done", self._undo, "Ctrl+Z", self._can_undo, self, "refresh"),
            Command("followups.show", "Follow-ups: go to the list", self._focus, icon="task"),
        )
        ui.bind(app.state, self._show, self)

    def _show(self, state: FollowUpsState) -> None:
        empty = {"loading": "Loading follow-ups…", "ready": "Nothing to follow up. Well done.", "failed": state.text}
        self.table.set_empty(empty[state.phase])
        if list(self.table.rows) != list(state.tasks):
            place = self.table.currentIndex().row()
            gone = self.table.current() is not None and self.table.current() not in state.tasks
            self.table.set_rows(state.tasks)
            if gone and state.tasks:
                # The next task takes the place of the one just done, so that Space, Space, Space works down the list.
                self.table.selectRow(min(place, len(state.tasks) - 1))
        self.undo_bar.setVisible(state.done is not None)
        if state.done is not None:
            self._done_text.set_text(f"Done: {state.done.what}")

    def _due(self, task: Task) -> str:
        return due_words(task.due, self._ui.clock().astimezone())[0]

    def _color(self, task: Task) -> str:
        return _COLORS[due_words(task.due, self._ui.clock().astimezone())[1]]

    def _chosen(self) -> bool:
        return self.table.current() is not None

    def _finish(self) -> None:
        task = self.table.current()
        if task is not None:
            self._ui.run(self._app.finish(task))

    def _can_undo(self) -> bool:
        return self._app.state.value.done is not None

    def _undo(self) -> None:
        self._ui.run(self._app.undo())

    def _focus(self) -> None:
        self._ui.focus_panel("deskline-followups")
        self.table.setFocus()


def _tip(task: Task) -> str:
    who = " · ".join(part for part in (task.contact, task.customer) if part)
    return f"{task.what}\n{who}" if who else task.what


def create(app: FollowUpsApp, ui: Ui) -> QWidget:
    return FollowUpsPanel(app, ui)
