"""Who is it? Several matches to choose from by digit; or an unknown caller, near ones and a form for a new contact."""

from __future__ import annotations

from PySide6.QtCore import QStringListModel, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QCompleter, QGridLayout, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from app.shell import tokens
from app.shell.ui import Ui
from app.shell.widgets import Column, ElidedLabel, RecordTable, button, caption, field, heading, label, pill
from plugins.crm.app import CrmApp, CrmState
from plugins.crm.contacts import NewContact
from plugins.crm.identity import Match, Resolution, show_number

_LINES = 5


class MatchTable(RecordTable):
    """Matches with a number each: the digit chooses at once, arrows and Enter choose as well."""

    def __init__(self) -> None:
        super().__init__(
            [
                Column("#", self._number, 26, color=lambda match: "acc"),
                Column("Contact", lambda match: match.name, 116, strong=True),
                Column("Organization", lambda match: match.organization or "no organization", 0),
                Column("Role", lambda match: match.title, 96, color=lambda match: "tx2"),
                Column("Why", lambda match: match.why, 170, color=lambda match: "tx3"),
            ],
            "",
            key=lambda match: match.contact_id,
            name="Who it may be",
        )

    def _number(self, match: Match) -> str:
        place = next((number for number, each in enumerate(self.rows, 1) if each == match), 0)
        return str(place) if 0 < place < 10 else ""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        digit = event.key() - Qt.Key.Key_0
        if 1 <= digit <= min(len(self.rows), 9) and not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            self.activated.emit(self.rows[digit - 1])
            return
        super().keyPressEvent(event)


class IdentityPage(QWidget):
    def __init__(self, app: CrmApp, ui: Ui) -> None:
        super().__init__()
        self._app, self._ui = app, ui
        self._resolution: Resolution | None = None
        self.title = heading("", 1)
        self.state = pill("", "warn")
        self.hint = label("", "mut")
        self.hint.setWordWrap(True)
        self._matches_title = caption("")
        self.matches = MatchTable()
        self.matches.activated.connect(self._choose)
        self.form = self._form()
        first = QHBoxLayout()
        first.setSpacing(8)
        first.addWidget(self.title)
        first.addWidget(self.state)
        first.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 8, 10, 8)
        column.setSpacing(6)
        column.addLayout(first)
        column.addWidget(self.hint)
        column.addWidget(self._matches_title)
        column.addWidget(self.matches)
        column.addWidget(self.form)
        column.addStretch(1)

    def _form(self) -> QWidget:
        form = QWidget()
        self.name, self.organization, self.role = QLineEdit(), QLineEdit(), QLineEdit()
        self.email, self.phone = QLineEdit(), QLineEdit()
        self._organizations = QStringListModel(self)
        completer = QCompleter(self._organizations, self)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        self.organization.setCompleter(completer)
        self.organization.setPlaceholderText("existing or new")
        self.save = button("Create contact  ⏎", "pri")
        self.save.clicked.connect(self._create)
        self.problem = ElidedLabel("", "dn")
        grid = QGridLayout(form)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(6)
        grid.addWidget(caption("Create a contact from this conversation"), 0, 0, 1, 2)
        places = (("Name", self.name), ("Organization", self.organization), ("Role", self.role), ("E-mail", self.email))
        for number, (title, editor) in enumerate((*places, ("Phone", self.phone))):
            grid.addWidget(field(title, editor), 1 + number // 2, number % 2)
            editor.returnPressed.connect(self._create)
        line = QHBoxLayout()
        line.addWidget(self.problem, 1)
        line.addWidget(self.save)
        grid.addLayout(line, 3, 1, Qt.AlignmentFlag.AlignBottom)
        return form

    def show_state(self, state: CrmState) -> None:
        resolution = state.resolution
        if resolution is None or resolution is self._resolution:
            return
        again = self._resolution is not None and self._resolution.asked == resolution.asked
        self._resolution = resolution
        asked = resolution.asked
        several = resolution.kind == "several"
        self.title.setText(asked.label)
        self.state.setText("Several matches" if several else "Unknown caller")
        rows = resolution.matches if several else resolution.near
        if several:
            self.hint.setText("More than one contact is known by this. Press the number of the one who is calling.")
        elif rows:
            self.hint.setText(f"Nobody is known by {asked.label}. It may be one of these, or someone new.")
        else:
            self.hint.setText(f"Nobody is known by {asked.label}, and nobody near it.")
        self._matches_title.setText("WHO IS IT?" if several else "NEAR MATCHES · ENTER GIVES THEM THIS NUMBER")
        self._matches_title.setVisible(bool(rows))
        self.matches.setVisible(bool(rows))
        self.matches.setFixedHeight(tokens.CONTROL + 2 + tokens.ROW * min(max(len(rows), 1), 9 if several else _LINES))
        self.matches.set_rows(rows)
        if rows:
            self.matches.selectRow(0)
        self.form.setVisible(not several)
        self._organizations.setStringList(list(state.organizations))
        if not again:
            self.problem.set_text("")
            self.name.setText(asked.name or "")
            self.email.setText(asked.email or "")
            self.phone.setText(show_number(asked.phone) if asked.phone else "")
            self.organization.clear()
            self.role.clear()
        self.setFocusProxy(self.matches if rows else self.name)
        # Never pull the keyboard out of a report or a ticket: focus moves only if this panel has it already.
        focus = self.window().focusWidget()
        if focus is None or self.isAncestorOf(focus):
            self.setFocus()

    def _choose(self, match: Match) -> None:
        seen = self._resolution
        several = seen is not None and seen.kind == "several"
        self._ui.run(self._app.choose(match, seen) if several else self._app.adopt(match, seen), failed=self._failed)

    def _create(self) -> None:
        new = NewContact(
            self.name.text(), self.organization.text(), self.role.text(), self.email.text(), self.phone.text()
        )
        self.problem.set_text("")
        self.save.setEnabled(False)
        self._ui.run(
            self._app.create_contact(new, self._resolution),
            then=lambda _: self.save.setEnabled(True),
            failed=self._failed,
        )

    def _failed(self, error: Exception) -> None:
        self.save.setEnabled(True)
        self.problem.set_text(str(error))
