"""The form's lists: products as chips, follow-ups, quotes, orders and consents as rows. Qt."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence

import msgspec
from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from app.shell.tokens import T
from app.shell.widgets import button, icon_button, set_kind
from plugins.reports import due, wording
from plugins.reports.draft import Field
from plugins.reports.editors import FieldEditor, QuietCombo
from plugins.reports.evidence import Json, Said
from plugins.reports.flow import Flow
from plugins.reports.growing import GrowingLine
from plugins.reports.items import ConsentHeard, Line, Product, Task, read, write


class RowsEditor(FieldEditor):
    """A list of rows with an add button at the right of the caption."""

    def __init__(self, field: Field, add: str) -> None:
        super().__init__(field)
        self._body = QWidget()
        self._layout = QVBoxLayout(self._body)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(3)
        self.rows: list[QWidget] = []
        self._add = icon_button("plus", add, size=12)
        self._add.setFixedSize(18, 16)
        self._add.clicked.connect(self._add_row)
        self.head.addWidget(self._add)
        self.add_editor(self._body)
        self._body.hide()

    def first(self) -> QWidget:
        found = self._body.findChild(QLineEdit)
        return found if found is not None and found.isVisibleTo(self) else self._add

    def append(self, row: QWidget) -> None:
        self.rows.append(row)
        row.installEventFilter(self)
        self._layout.addWidget(row)
        self._body.show()

    def clear(self) -> None:
        for row in self.rows:
            drop(row)
        self.rows = []
        self._body.hide()

    def remove(self, row: QWidget) -> None:
        """Takes a row out by the trader's hand; the keyboard goes to the add button."""
        self._add.setFocus()
        self.rows.remove(row)
        drop(row)
        self._body.setVisible(bool(self.rows))
        self.tell()

    def tell(self) -> None:
        self.set_said(False)
        self.edited.emit(self.value())

    def said_at(self, widget: QWidget) -> tuple[Said, ...] | None:
        row = next((each for each in self.rows if each is widget or each.isAncestorOf(widget)), None)
        return self.said_in(row) if row is not None else None

    def said_in(self, row: QWidget) -> tuple[Said, ...]:
        """The words that one row rests on."""
        raise NotImplementedError

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Enter:
            self.pointed.emit(watched)
        return False

    def value(self) -> Json:
        raise NotImplementedError

    def _add_row(self) -> None:
        raise NotImplementedError


def drop(widget: QWidget) -> None:
    """Out of its layout and sight now, deleted when Qt is back in its loop."""
    widget.hide()
    widget.setParent(None)
    widget.deleteLater()


def cross(tip: str, act: Callable[[], None]) -> QWidget:
    made = icon_button("x", tip, tint="tx3", size=12)
    made.setFixedSize(20, 22)
    made.clicked.connect(act)
    return made


class TaskRow(QWidget):
    """What, who, when."""

    def __init__(self, owner: TasksEditor, task: Task, *, read_due: Callable[[str], str | None], shown: str) -> None:
        super().__init__()
        self._task = task
        self._owner = owner
        self._read_due = read_due
        self._due = task.due
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(3)
        self.what = GrowingLine(task.what)
        self.what.setPlaceholderText("What has to be done")
        self.what.setAccessibleName("Follow-up")
        self.side = QuietCombo()
        self.side.addItem("You", "trader")
        self.side.addItem("Client", "client")
        self.side.setCurrentIndex(max(0, self.side.findData(task.owner)))
        self.side.setAccessibleName("Who has to act")
        self.side.setFixedWidth(66)
        self.when = QLineEdit(shown)
        self.when.setPlaceholderText("today 14:00")
        self.when.setAccessibleName("Due")
        self.when.setFixedWidth(104)
        line.addWidget(self.what)
        for widget in (self.side, self.when, cross("Remove this follow-up", self._remove)):
            line.addWidget(widget, alignment=Qt.AlignmentFlag.AlignTop)
        self.what.textEdited.connect(self._changed)
        self.side.activated.connect(self._changed)
        self.when.textEdited.connect(self._due_typed)

    @property
    def task(self) -> Task:
        owner = "client" if self.side.currentData() == "client" else "trader"
        return msgspec.structs.replace(self._task, what=self.what.text(), owner=owner, due=self._due)

    def _changed(self, _value: object = None) -> None:
        self._owner.tell()

    def _due_typed(self, text: str) -> None:
        found = self._read_due(text)
        set_kind(self.when, "bad" if text.strip() and found is None else "")
        if found is not None or not text.strip():
            self._due = found
        self._owner.tell()

    def _remove(self) -> None:
        self._owner.remove(self)


class TasksEditor(RowsEditor):
    def __init__(self, field: Field, today: Callable[[], dt.date], zone: dt.tzinfo) -> None:
        super().__init__(field, "Add a follow-up")
        self._today = today
        self._zone = zone

    def set_value(self, value: Json) -> None:
        self.clear()
        for task in read(value, Task):
            self._append(task)

    def value(self) -> Json:
        return write(row.task for row in self.rows if isinstance(row, TaskRow))

    def dress(self, kind: str) -> None:
        for row in self.rows:
            if isinstance(row, TaskRow):
                set_kind(row.what, kind)

    def said_in(self, row: QWidget) -> tuple[Said, ...]:
        return row.task.said if isinstance(row, TaskRow) else ()

    def _append(self, task: Task) -> TaskRow:
        row = TaskRow(
            self,
            task,
            read_due=lambda text: due.parse(text, self._today(), self._zone),
            shown=due.show(task.due, self._today(), self._zone),
        )
        self.append(row)
        return row

    def _add_row(self) -> None:
        self._append(Task("")).what.setFocus()


class _LineRow(QWidget):
    def __init__(self, owner: LinesEditor, line: Line) -> None:
        super().__init__()
        self._line = line
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(3)
        self.text = GrowingLine(line.text)
        self.text.textEdited.connect(lambda _: owner.tell())
        layout.addWidget(self.text)
        layout.addWidget(cross("Remove this line", lambda: owner.remove(self)), alignment=Qt.AlignmentFlag.AlignTop)

    @property
    def line(self) -> Line:
        return msgspec.structs.replace(self._line, text=self.text.text())


class LinesEditor(RowsEditor):
    """Quotes or orders, one line of text each."""

    def set_value(self, value: Json) -> None:
        self.clear()
        for line in read(value, Line):
            self.append(_LineRow(self, line))

    def value(self) -> Json:
        return write(row.line for row in self.rows if isinstance(row, _LineRow) and row.text.text().strip())

    def dress(self, kind: str) -> None:
        for row in self.rows:
            if isinstance(row, _LineRow):
                set_kind(row.text, kind)

    def said_in(self, row: QWidget) -> tuple[Said, ...]:
        return row.line.said if isinstance(row, _LineRow) else ()

    def _add_row(self) -> None:
        row = _LineRow(self, Line(""))
        row.text.setAccessibleName(self.field.title)
        self.append(row)
        row.text.setFocus()


class ConsentsEditor(RowsEditor):
    """What the client allowed or refused. Only what is ticked is recorded with the contact."""

    def __init__(self, field: Field) -> None:
        super().__init__(field, "")
        self._add.hide()
        self.remark.setText("tick to record with the contact")
        self._heard: list[ConsentHeard] = []

    def first(self) -> QWidget:
        return self._body.findChild(QCheckBox) or self._body

    def set_value(self, value: Json) -> None:
        self.clear()
        self._heard = list(read(value, ConsentHeard))
        for index, consent in enumerate(self._heard):
            name = wording.CHANNEL_NAMES.get(consent.channel, consent.channel)
            box = QCheckBox(f"{name}: {'allowed' if consent.granted else 'refused'}")
            box.setChecked(consent.accepted)
            box.setEnabled(consent.id is None)
            box.toggled.connect(lambda on, index=index: self._ticked(index, on))
            self.append(box)
        self.remark.setVisible(bool(self._heard))

    def value(self) -> Json:
        return write(self._heard)

    def said_in(self, row: QWidget) -> tuple[Said, ...]:
        return self._heard[self.rows.index(row)].said

    def _ticked(self, index: int, on: bool) -> None:
        self._heard[index] = msgspec.structs.replace(self._heard[index], accepted=on)
        self.tell()


class ProductsEditor(FieldEditor):
    """Chips with their confidence; a click on the cross takes one out, the last chip adds one."""

    def __init__(self, field: Field) -> None:
        super().__init__(field)
        self._items: list[Product] = []
        self._unsure: tuple[Product, ...] = ()
        self._chips: list[tuple[QPushButton, Product]] = []
        self._body = QWidget()
        self._flow = Flow(self._body)
        self._line = QLineEdit()
        self._line.setPlaceholderText("+ add")
        self._line.setAccessibleName("Add a product")
        self._line.setFixedSize(72, 20)
        self._line.setStyleSheet("min-height:16px;font-size:11px;padding:0 4px")
        self._line.returnPressed.connect(self._added)
        self._line.editingFinished.connect(self._added)
        self._flow.insert(0, self._line)
        self.add_editor(self._body)

    def first(self) -> QWidget:
        return self._line

    def set_value(self, value: Json) -> None:
        self._items = list(read(value, Product))
        self._build()

    def set_read_only(self, read_only: bool) -> None:
        super().set_read_only(read_only)
        self._line.setVisible(not read_only)

    def set_unsure(self, unsure: Sequence[Product]) -> None:
        """What may have been spoken of: offered behind the others, and no part of the report until it is pressed."""
        if tuple(unsure) != self._unsure:
            self._unsure = tuple(unsure)
            self._build()

    def _build(self) -> None:
        for chip in [each for each in self._flow.widgets if each is not self._line]:
            self._flow.remove(chip)
            drop(chip)
        self._chips = []
        for index, product in enumerate(self._items):
            sure = f"  {product.confidence * 100:.0f} %" if product.confidence is not None else ""
            chip = button(f"{product.name}{sure}", "chip", tip="Take it out of the report")
            chip.setIcon(icon_button("x", "", tint="acctx", size=10).icon())
            chip.setIconSize(QSize(10, 10))
            chip.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
            chip.setStyleSheet(_chip_sheet(said=self.said))
            chip.clicked.connect(lambda _=False, index=index: self._taken_out(index))
            self._flow.insert(index, chip)
            self._chips.append((chip, product))
        names = {product.name for product in self._items}
        for product in self._unsure:
            if product.name not in names and self._line.isVisibleTo(self):
                chip = button(f"{product.name}?", "ghost", tip="Heard once and not known for sure: press to add it")
                chip.setStyleSheet(_UNSURE)
                chip.clicked.connect(lambda _=False, product=product: self._taken_in(product))
                self._flow.insert(len(self._flow.widgets), chip)
                self._chips.append((chip, product))
        for chip, _ in self._chips:
            chip.installEventFilter(self)

    def dress(self, kind: str) -> None:
        for chip, _ in self._chips[: len(self._items)]:
            chip.setStyleSheet(_chip_sheet(said=kind == "said"))

    def said_at(self, widget: QWidget) -> tuple[Said, ...] | None:
        return next((product.said for chip, product in self._chips if chip is widget), None)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Enter:
            self.pointed.emit(watched)
        return False

    def _taken_out(self, index: int) -> None:
        del self._items[index]
        self._line.setFocus()
        self._tell()

    def _taken_in(self, product: Product) -> None:
        self._items.append(product)
        self._line.setFocus()
        self._tell()

    def _added(self) -> None:
        name = self._line.text().strip()
        if name:
            self._line.clear()
            self._items.append(Product(name))
            self._tell()

    def _tell(self) -> None:
        self.set_said(False)
        self._build()
        self.edited.emit(write(self._items))


_UNSURE = "QPushButton{min-height:18px;padding:0 5px;font-size:11px}"


def _chip_sheet(*, said: bool) -> str:
    border = T["accln"] if said else T["accbg"]
    return (
        f"QPushButton{{background:{T['accbg']};color:{T['acctx']};border:1px solid {border};border-radius:3px;"
        f"padding:0 5px;min-height:18px;font-size:11px}}QPushButton:focus{{border-color:{T['acc']}}}"
    )
