"""The form's complaints and due diligence: of which kind, and in which words. Qt."""

from __future__ import annotations

import msgspec
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QWidget

from app.shell.widgets import set_kind
from plugins.reports.draft import Field
from plugins.reports.editors import QuietCombo
from plugins.reports.evidence import Json, Said
from plugins.reports.growing import GrowingLine
from plugins.reports.items import MatterHeard, read, write
from plugins.reports.rows import RowsEditor, cross

KINDS = (("Complaint", ("complaint", False)), ("Formal complaint", ("complaint", True)), ("KYC", ("kyc", False)))
KIND_WIDTH = 128


class MatterRow(QWidget):
    """Which, and what it is about."""

    def __init__(self, owner: MattersEditor, matter: MatterHeard) -> None:
        super().__init__()
        self._matter = matter
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(3)
        self.kind = QuietCombo()
        for name, kind in KINDS:
            self.kind.addItem(name, kind)
        self.kind.setCurrentIndex(
            [kind for _, kind in KINDS].index((matter.kind, matter.formal and matter.kind == "complaint"))
        )
        self.kind.setAccessibleName("Complaint or KYC")
        self.kind.setFixedWidth(KIND_WIDTH)
        self.what = GrowingLine(matter.what)
        self.what.setPlaceholderText("What it is about")
        self.what.setAccessibleName("Complaint or KYC: what it is about")
        line.addWidget(self.kind, alignment=Qt.AlignmentFlag.AlignTop)
        line.addWidget(self.what)
        line.addWidget(cross("Remove this matter", lambda: owner.remove(self)), alignment=Qt.AlignmentFlag.AlignTop)
        self.kind.activated.connect(lambda _: owner.tell())
        self.what.textEdited.connect(lambda _: owner.tell())

    @property
    def matter(self) -> MatterHeard:
        kind, formal = KINDS[self.kind.currentIndex()][1]
        return msgspec.structs.replace(self._matter, what=self.what.text(), kind=kind, formal=formal)


class MattersEditor(RowsEditor):
    """What was heard for compliance; a row that the trader strikes out is not saved."""

    def __init__(self, field: Field) -> None:
        super().__init__(field, "Add a complaint or KYC")

    def set_value(self, value: Json) -> None:
        self.clear()
        for matter in read(value, MatterHeard):
            self.append(MatterRow(self, matter))

    def value(self) -> Json:
        return write(row.matter for row in self.rows if isinstance(row, MatterRow) and row.what.text().strip())

    def dress(self, kind: str) -> None:
        for row in self.rows:
            if isinstance(row, MatterRow):
                set_kind(row.what, kind)

    def said_in(self, row: QWidget) -> tuple[Said, ...]:
        return row.matter.said if isinstance(row, MatterRow) else ()

    def _add_row(self) -> None:
        row = MatterRow(self, MatterHeard(""))
        self.append(row)
        row.what.setFocus()
