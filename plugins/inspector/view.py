"""The inspector's panel: messages as a sequence, and channels, apps and intents as they are now. Qt."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app.shell import icons
from app.shell.commands import Command
from app.shell.ui import Ui
from app.shell.widgets import ElidedLabel, RecordTable, SegmentedButtons, icon_button, pill
from plugins.inspector.app import SECTIONS, InspectorApp, InspectorState
from plugins.inspector.details import Details
from plugins.inspector.seen import Filter
from plugins.inspector.tables import (
    CHANNEL_COLUMNS,
    INSTANCE_COLUMNS,
    INTENT_COLUMNS,
    channel_rows,
    instance_rows,
    intent_rows,
    message_columns,
)

TITLES = ("Messages", "Channels", "Apps", "Intents")
SORTS = (("All", ""), ("Requests", "request"), ("Answers", "answer"), ("Events", "event"), ("Errors", "error"))
ALL_APPS = "All apps"
NO_MESSAGE = "No message yet. What apps say and hear appears here as it passes."
NONE_PASSES = "No message passes the filter. Ctrl+Backspace takes it away."
SUFFIX = "jsonl"
FILES = f"Recorded messages (*.{SUFFIX})"


class InspectorPanel(QWidget):
    """Keyboard: Ctrl+F filters, up and down choose a message, Ctrl+Shift+C copies it."""

    def __init__(self, app: InspectorApp, ui: Ui) -> None:
        super().__init__()
        self._app, self._ui = app, ui
        self._state = InspectorState()
        self._stale = True
        self.setObjectName("panel")
        self.sections = SegmentedButtons(list(TITLES), name="What is inspected")
        self.sections.changed.connect(self._section_chosen)
        self.status = ElidedLabel("", "dim")
        self.recording = pill("", "dn")
        self.pause_button = icon_button("pause", "Pause (Ctrl+P)")
        self.record_button = icon_button("record", "Record to a file (Ctrl+R)")
        self.open_button = icon_button("file", "Show a recorded file (Ctrl+O)")
        self.clear_button = icon_button("trash", "Clear (Ctrl+L)")
        self.search = QLineEdit()
        self.search.setPlaceholderText("Filter")
        self.search.setAccessibleName("Filter by text")
        self.search.setClearButtonEnabled(True)
        self.search.setMinimumWidth(90)
        self.search.setToolTip("Text of the type, the app, the channel or anything in the message (Ctrl+F)")
        self.search.textChanged.connect(self._filtered)
        self.apps = QComboBox()
        self.apps.setAccessibleName("Messages of which app")
        self.apps.addItem(ALL_APPS, "")
        self.apps.currentIndexChanged.connect(self._filtered)
        self.sorts = SegmentedButtons([title for title, _ in SORTS], name="Which messages")
        self.sorts.changed.connect(self._filtered)
        self.messages = RecordTable(
            message_columns(app.zone), NO_MESSAGE, key=lambda row: row.number, name="Messages, oldest first"
        )
        self.channels = RecordTable(CHANNEL_COLUMNS, "No channels.", name="Channels with members and current contexts")
        self.instances = RecordTable(INSTANCE_COLUMNS, "No app runs.", name="Apps and their listeners")
        self.intents = RecordTable(
            INTENT_COLUMNS, "No intent is on its way, and nothing has timed out.", name="Intents and time-outs"
        )
        self._tables = (self.messages, self.channels, self.instances, self.intents)
        self.details = Details()
        self._lay_out()
        for table in self._tables:
            table.chosen.connect(self.details.show_row)
        self._add_commands()
        self.setFocusProxy(self.messages)
        ui.bind(app.state, self._show, self)

    def _lay_out(self) -> None:
        first = QHBoxLayout()
        first.setContentsMargins(8, 5, 6, 3)
        first.setSpacing(4)
        first.addWidget(self.sections)
        first.addSpacing(6)
        first.addWidget(self.status, 1)
        first.addWidget(self.recording)
        for made in (self.pause_button, self.record_button, self.open_button, self.clear_button):
            first.addWidget(made)
        self._filters = QWidget()
        second = QHBoxLayout(self._filters)
        second.setContentsMargins(8, 0, 8, 5)
        second.setSpacing(6)
        second.addWidget(self.search, 1)
        second.addWidget(self.apps)
        second.addWidget(self.sorts)
        self._stack = QStackedWidget()
        for table in self._tables:
            self._stack.addWidget(table)
        self._split = QSplitter(Qt.Orientation.Vertical)
        self._split.setChildrenCollapsible(False)
        self._split.addWidget(self._stack)
        self._split.addWidget(self.details)
        self._split.setSizes([300, 150])
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(first)
        column.addWidget(self._filters)
        column.addWidget(self._split, 1)

    def _add_commands(self) -> None:
        def add(name: str, title: str, run: Any, keys: str | None, icon: str, when: Any = None) -> None:
            self._ui.commands.add(Command(f"inspector.{name}", f"FDC3 inspector: {title}", run, keys, when, self, icon))

        for number, title in enumerate(TITLES):
            show = partial(self.sections.set_current, number)
            add(title.casefold(), title.casefold(), show, f"Ctrl+Alt+{number + 1}", "list")
        add("filter", "filter", self._focus_filter, "Ctrl+F", "filter")
        add("no-filter", "show all messages", self.show_all, "Ctrl+Backspace", "filter")
        add("pause", "pause or go on", self.pause, "Ctrl+P", "pause")
        add("clear", "clear", self.clear, "Ctrl+L", "trash")
        add("record", "record to a file, or stop", self.record, "Ctrl+R", "record")
        add("replay", "show a recorded file", self.open_recording, "Ctrl+O", "file")
        add("live", "back to what passes now", self.live, None, "play", lambda: bool(self._state.replay))
        add("copy", "copy as JSON", self.details.copy, "Ctrl+Shift+C", "copy", self.details.can_copy)
        self.pause_button.clicked.connect(self.pause)
        self.record_button.clicked.connect(self.record)
        self.open_button.clicked.connect(self.open_recording)
        self.clear_button.clicked.connect(self.clear)

    # What the developer does

    def pause(self) -> None:
        """Stops the sequence, or lets it go on; from a recorded file back to what passes now."""
        if self._state.replay:
            self.live()
        else:
            self._ui.run(self._app.pause(not self._state.paused), owner=self)

    def clear(self) -> None:
        self._ui.run(self._app.clear(), owner=self)

    def live(self) -> None:
        self._ui.run(self._app.live(), owner=self)

    def record(self) -> None:
        if self._state.recording:
            self._ui.run(self._app.stop_recording(), owner=self)
            return
        dialog = self._dialog("Record messages to a file")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix(SUFFIX)
        dialog.selectFile(f"fdc3-{self._ui.clock().astimezone(self._app.zone):%Y-%m-%d-%H%M}.{SUFFIX}")
        dialog.fileSelected.connect(self.record_to)
        dialog.open()

    def record_to(self, path: str) -> None:
        self._ui.run(self._app.record(Path(path)), owner=self)

    def open_recording(self) -> None:
        dialog = self._dialog("Show a recorded file")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(self.replay)
        dialog.open()

    def replay(self, path: str) -> None:
        self.sections.set_current(0)
        self._ui.run(self._app.replay(Path(path)), owner=self)

    def show_all(self) -> None:
        self.search.clear()
        self.apps.setCurrentIndex(0)
        self.sorts.set_current(0)

    def _dialog(self, title: str) -> QFileDialog:
        dialog = QFileDialog(self, title)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setNameFilter(FILES)
        return dialog

    def _focus_filter(self) -> None:
        self.sections.set_current(0)
        self.search.setFocus()
        self.search.selectAll()

    def _section_chosen(self, number: int) -> None:
        self._stack.setCurrentIndex(number)
        self._filters.setVisible(number == 0)
        self.setFocusProxy(self._tables[number])
        self._ui.run(self._app.show(SECTIONS[number]), owner=self)
        self.details.show_row(self._tables[number].current())

    def _filtered(self) -> None:
        sort: Any = SORTS[self.sorts.current()][1]
        wanted = Filter(self.search.text().strip(), self.apps.currentData() or "", sort)
        self._ui.run(self._app.choose(wanted), owner=self)

    # What is shown

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._stale:
            self._show(self._state)

    def _show(self, state: InspectorState) -> None:
        """Behind another tab nothing is drawn; it is made good when the panel is seen again."""
        self._state = state
        self._stale = not self.isVisible()
        if self._stale:
            return
        self._show_apps(state.apps)
        number = self.sections.current()
        table = self._tables[number]
        if number == 0:
            self._show_messages(state)
        elif number == 1:
            table.set_rows(channel_rows(state.snapshot))
        elif number == 2:
            table.set_rows(instance_rows(state.snapshot))
        else:
            table.set_rows(intent_rows(state.snapshot, state.timed_out, self._app.zone))
        self.details.show_row(table.current())
        self._show_status(state)

    def _show_messages(self, state: InspectorState) -> None:
        bar = self.messages.verticalScrollBar()
        following = bar.value() >= bar.maximum() - 1
        self.messages.set_empty(NONE_PASSES if state.kept else NO_MESSAGE)
        self.messages.set_rows(state.rows)
        if following:
            bar.setValue(bar.maximum())

    def _show_apps(self, apps: tuple[str, ...]) -> None:
        chosen = self.apps.currentData() or ""
        wanted = ["", *dict.fromkeys((*apps, *([chosen] if chosen else [])))]
        if wanted == [self.apps.itemData(place) for place in range(self.apps.count())]:
            return
        with QSignalBlocker(self.apps):
            self.apps.clear()
            for app_id in wanted:
                self.apps.addItem(app_id or ALL_APPS, app_id)
            self.apps.setCurrentIndex(wanted.index(chosen))

    def _show_status(self, state: InspectorState) -> None:
        parts = [
            f"{len(state.rows):,} of {state.kept:,} messages"
            if state.filter != Filter()
            else f"{state.kept:,} messages"
        ]
        if state.dropped:
            parts.append(f"{state.dropped:,} older let go")
        if state.replay:
            parts.insert(0, f"Recorded in {state.replay}")
        elif state.paused:
            parts.insert(0, f"Paused, {state.passed:,} passed unseen")
        self.status.set_text(" · ".join(parts))
        self.recording.setVisible(bool(state.recording))
        self.recording.setText(f"REC {state.recorded:,}")
        self.recording.setToolTip(state.recording)
        stopped = state.paused or bool(state.replay)
        self.pause_button.setIcon(icons.icon("play" if stopped else "pause", "acc" if stopped else "tx2"))
        tip = "Back to what passes now" if state.replay else "Go on" if state.paused else "Pause"
        self.pause_button.setToolTip(f"{tip} (Ctrl+P)")
        self.record_button.setIcon(icons.icon("record", "rec" if state.recording else "tx2"))
        self.record_button.setToolTip(f"{'Stop recording' if state.recording else 'Record to a file'} (Ctrl+R)")


def create(app: InspectorApp, ui: Ui) -> QWidget:
    return InspectorPanel(app, ui)
