"""The form's editors: each shows one field of the report as JSON value, and says when the trader changed it. Qt."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QEnterEvent, QTextCursor, QWheelEvent
from PySide6.QtWidgets import (
    QComboBox,
    QCompleter,
    QHBoxLayout,
    QLineEdit,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from app.shell.widgets import caption, icon_button, label, set_kind
from plugins.reports.draft import Field
from plugins.reports.evidence import Json, Said
from plugins.reports.growing import GrowingText
from plugins.reports.items import Reference, reference


class FieldEditor(QWidget):
    """A caption over an editor. ``edited`` carries the new value, by the trader's hand only.

    A suggestion is marked by its border and a spark beside the caption; the spark leads to the evidence. A better
    text for a field that was edited is offered beside the caption (``taken`` when it is wanted).
    """

    edited = Signal(object)
    evidence_asked = Signal()
    taken = Signal()
    pointed = Signal(object)  # the widget under the mouse: this one or a row of it; None when it leaves

    def __init__(self, field: Field) -> None:
        super().__init__()
        self.field = field
        self.said = False
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(2)
        self.head = QHBoxLayout()
        self.head.setContentsMargins(0, 0, 0, 0)
        self.head.setSpacing(4)
        self.caption = caption(field.title)
        self.caption.setMinimumHeight(14)
        self.head.addWidget(self.caption)
        self._spark = icon_button("spark", "Suggested from the transcript: show where it was said", tint="acc", size=12)
        self._spark.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._spark.setFixedSize(16, 14)
        self._spark.setStyleSheet("padding:0")
        self._spark.clicked.connect(self._ask_evidence)
        self._spark.hide()
        self.head.addWidget(self._spark)
        self.remark = label("", "dim")
        self.remark.hide()
        self.head.addWidget(self.remark)
        self._offer = icon_button("refresh", "The careful pass reads this differently: take its version", size=12)
        self._offer.setFixedSize(16, 14)
        self._offer.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._offer.clicked.connect(self._take)
        self._offer.hide()
        self.head.addWidget(self._offer)
        self.head.addStretch(1)
        self._column.addLayout(self.head)

    def add_editor(self, editor: QWidget) -> None:
        self.caption.setBuddy(editor)
        editor.setAccessibleName(self.field.title)
        self._column.addWidget(editor)

    def set_value(self, value: Json) -> None:
        """Shows a value without saying ``edited``."""
        raise NotImplementedError

    def first(self) -> QWidget:
        """What takes the keyboard."""
        raise NotImplementedError

    def dress(self, kind: str) -> None:
        """Marks the editor: "said" for a suggestion, "bad" for what cannot be read, "" otherwise."""

    def said_at(self, _widget: QWidget) -> tuple[Said, ...] | None:
        """The words that the part of a list at this widget rests on; None where that is a matter of the whole field."""
        return None

    def enterEvent(self, _event: QEnterEvent) -> None:
        self.pointed.emit(self)

    def leaveEvent(self, _event: QEvent) -> None:
        self.pointed.emit(None)

    def set_said(self, said: bool) -> None:
        self.said = said
        self._spark.setVisible(said)
        self.dress("said" if said else "")

    def set_offer(self, text: str) -> None:
        """What the careful pass would say instead; empty to withdraw it."""
        self._offer.setVisible(bool(text))
        if text:
            self._offer.setToolTip(f"The careful pass reads this differently. Click to take it:\n{text}")

    def set_read_only(self, read_only: bool) -> None:
        self.setEnabled(not read_only)

    def _ask_evidence(self) -> None:
        self.evidence_asked.emit()

    def _take(self) -> None:
        self.taken.emit()


class LineEditor(FieldEditor):
    """One line. ``show`` and ``read`` translate between the value and its text; unreadable text is marked, not kept."""

    def __init__(
        self,
        field: Field,
        show: Callable[[Json], str] = lambda value: str(value or ""),
        read: Callable[[str], Json] = lambda text: text,
    ) -> None:
        super().__init__(field)
        self._show = show
        self._read = read
        self.line = QLineEdit()
        self.line.textEdited.connect(self._typed)
        self.add_editor(self.line)

    def first(self) -> QWidget:
        return self.line

    def set_value(self, value: Json) -> None:
        self.line.setText(self._show(value))
        self.line.setCursorPosition(0)

    def dress(self, kind: str) -> None:
        set_kind(self.line, kind)

    def set_read_only(self, read_only: bool) -> None:
        self.line.setReadOnly(read_only)

    def _typed(self, text: str) -> None:
        value = self._read(text) if text.strip() else self.field.empty
        if value is None and text.strip():
            self.dress("bad")
            return
        self.set_said(False)
        self.edited.emit(value)


class QuietCombo(QComboBox):
    """A choice that the mouse wheel does not change while the form is scrolled over it."""

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


class ChoiceEditor(FieldEditor):
    """One of a few values, or none. A value that is not among them is shown all the same."""

    def __init__(self, field: Field, choices: Sequence[str]) -> None:
        super().__init__(field)
        self.combo = QuietCombo()
        self.combo.addItem("")
        for choice in choices:
            self.combo.addItem(choice[:1].upper() + choice[1:], choice)
        self.combo.setMaxVisibleItems(12)
        self.combo.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.combo.activated.connect(self._chosen)
        self.add_editor(self.combo)

    def first(self) -> QWidget:
        return self.combo

    def set_value(self, value: Json) -> None:
        index = self.combo.findData(value) if value else 0
        if index < 0:
            self.combo.addItem(str(value), value)
            index = self.combo.count() - 1
        self.combo.setCurrentIndex(index)

    def dress(self, kind: str) -> None:
        set_kind(self.combo, kind)

    def _chosen(self, _index: int) -> None:
        self.set_said(False)
        self.edited.emit(self.combo.currentData() or "")


class ReferenceEditor(FieldEditor):
    """A customer or contact: chosen from those known, found by any part of the name, or a new name."""

    def __init__(self, field: Field) -> None:
        super().__init__(field)
        self._known: tuple[Reference, ...] = ()
        self.combo = QuietCombo()
        self.combo.setEditable(True)
        self.combo.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.combo.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._line = QLineEdit()
        self._line.textEdited.connect(self._typed)
        self._line.setStyleSheet("border:0;padding:0;background:transparent;min-height:20px")
        self.combo.setLineEdit(self._line)
        completer = QCompleter(self.combo.model(), self.combo)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.combo.setCompleter(completer)
        self.combo.activated.connect(self._chosen)
        completer.activated.connect(self._typed)
        self.add_editor(self.combo)

    def first(self) -> QWidget:
        return self.combo

    def set_choices(self, known: Sequence[Reference]) -> None:
        """The names to choose from; what is shown stays."""
        shown = self.combo.currentText()
        self._known = tuple(known)
        self.combo.clear()
        self.combo.addItems([each.name for each in known])
        self._show(shown)

    def set_value(self, value: Json) -> None:
        who = reference(value)
        self._show(who.name if who else "")

    def dress(self, kind: str) -> None:
        set_kind(self.combo, kind)

    def set_read_only(self, read_only: bool) -> None:
        self.combo.setEnabled(not read_only)

    def _show(self, name: str) -> None:
        self.combo.setCurrentIndex(self.combo.findText(name) if name else -1)
        self.combo.setEditText(name)
        self._line.setCursorPosition(0)

    def _chosen(self, index: int) -> None:
        self._typed(self.combo.itemText(index))

    def _typed(self, text: str) -> None:
        name = text.strip()
        known = next((each.id for each in self._known if each.name == name), None)
        self.set_said(False)
        self.edited.emit({"name": name, "id": known} if name else None)


class TextEditor(FieldEditor):
    """Several lines, as high as the text within ``rows``. Tab leaves it."""

    def __init__(self, field: Field, rows: tuple[int, int], placeholder: str = "") -> None:
        super().__init__(field)
        self._rows = rows
        self._showing = False
        self.text = GrowingText(rows)
        self.text.setPlaceholderText(placeholder)
        self.text.textChanged.connect(self._changed)
        self.add_editor(self.text)

    def first(self) -> QWidget:
        return self.text

    def set_value(self, value: Json) -> None:
        self._showing = True
        self.text.setPlainText(str(value or ""))
        self._showing = False

    def replace(self, value: str) -> None:
        """Puts a new text in as if typed, so that undo brings the old one back."""
        cursor = self.text.textCursor()
        cursor.select(QTextCursor.SelectionType.Document)
        cursor.insertText(value)

    def dress(self, kind: str) -> None:
        set_kind(self.text, kind)

    def set_read_only(self, read_only: bool) -> None:
        self.text.setReadOnly(read_only)

    def _changed(self) -> None:
        if not self._showing:
            self.set_said(False)
            self.edited.emit(self.text.toPlainText())
