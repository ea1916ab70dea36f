"""The record table: fixed rows painted straight from the records, for anything from a blotter to a price grid.

One delegate reads the rows, so painting asks the model nothing; ticks repaint only visible cells, at most once in
16 ms; sorting orders a list of keys. A proxy model or per-cell roles would be ten to fifty times slower.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QEvent,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import (
    QFocusEvent,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from app.shell import tokens
from app.shell.table_columns import Column, Row, fitting, natural_key
from app.shell.table_paint import CellPainter, RecordHeader

Index = QModelIndex | QPersistentModelIndex
FRAME_MS = 16


def _identity(row: Row) -> object:
    return getattr(row, "id", row)


class _Model(QAbstractTableModel):
    """Counts and titles for Qt, text for screen readers. Painting does not come here."""

    def __init__(self, columns: Sequence[Column], parent: QWidget) -> None:
        super().__init__(parent)
        self.columns = tuple(columns)
        self.rows: list[Row] = []
        self.order: list[int] = []

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.order)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.columns)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or not 0 <= index.row() < len(self.order):
            return None
        column, row = self.columns[index.column()], self.rows[self.order[index.row()]]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return column.text(row)
        if role == Qt.ItemDataRole.ToolTipRole and column.tip is not None:
            return column.tip(row)
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation == Qt.Orientation.Horizontal and 0 <= section < len(self.columns):
            if role == Qt.ItemDataRole.DisplayRole:
                return self.columns[section].title
            if role == Qt.ItemDataRole.TextAlignmentRole:
                return int(Qt.AlignmentFlag.AlignVCenter)
        return None


class RecordTable(QTableView):
    """Rows of records. ``chosen`` when another row becomes current, ``activated`` on Enter or double click."""

    activated = Signal(object)
    chosen = Signal(object)

    def __init__(
        self,
        columns: Sequence[Column],
        empty: str = "Nothing here yet",
        *,
        key: Callable[[Row], object] = _identity,
        name: str = "",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._columns = tuple(columns)
        self._empty = empty
        self._key = key
        self._sorted_by: tuple[int, bool] | None = None
        self._positions: list[int] = []
        self._dirty: set[int] = set()
        self._hovered = -1
        self._model = _Model(self._columns, self)
        self._flush = QTimer(self, interval=FRAME_MS, singleShot=True)
        self._flush.setTimerType(Qt.TimerType.PreciseTimer)
        self._flush.timeout.connect(self._repaint_dirty)
        self.setAccessibleName(name or empty)
        self._dress()
        self.setModel(self._model)
        self.setItemDelegate(CellPainter(self._columns, self.row_at, self))
        self.selectionModel().currentRowChanged.connect(self._current_changed)
        self._lay_columns()

    def _dress(self) -> None:
        self.setFrameShape(QTableView.Shape.NoFrame)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setMouseTracking(True)
        rows = self.verticalHeader()
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setMinimumSectionSize(tokens.ROW)
        rows.setDefaultSectionSize(tokens.ROW)
        rows.hide()
        header = RecordHeader(self._columns, self)
        header.sectionClicked.connect(self._header_clicked)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        self.setHorizontalHeader(header)

    def _lay_columns(self) -> None:
        """Fits the columns to the room there is; a width the user dragged stays until the room changes."""
        header = self.horizontalHeader()
        room = self.viewport().width()
        shown = fitting(self._columns, room)
        for number, width in enumerate(shown):
            header.setSectionHidden(number, width is None)
            if width is not None:
                header.resizeSection(number, width)

    # Rows

    @property
    def rows(self) -> Sequence[Row]:
        """The rows in the order they were given."""
        return self._model.rows

    def shown(self) -> list[Row]:
        """The rows in the order they are shown."""
        return [self._model.rows[place] for place in self._model.order]

    def row_at(self, shown: int) -> Row:
        return self._model.rows[self._model.order[shown]]

    def set_rows(self, rows: Iterable[Row]) -> None:
        """Replaces all rows. The current row (by key), the order and the scroll position stay."""
        current = self.current()
        top = self.verticalScrollBar().value()
        self._model.beginResetModel()
        self._model.rows = list(rows)
        self._reorder()
        self._model.endResetModel()
        if current is not None:
            self._restore(self._key(current))
        self.verticalScrollBar().setValue(top)

    def update_rows(self, changes: Mapping[int, Row]) -> None:
        """Replaces single rows by their place in ``set_rows``' order and repaints those that are visible."""
        for place, row in changes.items():
            self._model.rows[place] = row
        self.refresh_rows(changes)

    def refresh_rows(self, indexes: Iterable[int]) -> None:
        """Repaints rows (by place in ``set_rows``' order) that are visible, at most once a frame. Cheap to call."""
        self._dirty.update(indexes)
        if self._dirty and not self._flush.isActive():
            self._flush.start()

    def current(self) -> Row | None:
        index = self.currentIndex()
        return self.row_at(index.row()) if index.isValid() and index.row() < len(self._model.order) else None

    def selected(self) -> list[Row]:
        """The selected rows, top to bottom."""
        return [self.row_at(index.row()) for index in sorted(self.selectionModel().selectedRows())]

    def set_current(self, key: object) -> bool:
        """Makes the row with this key current, without ``chosen``; False if there is none."""
        return self._restore(key)

    def set_empty(self, text: str) -> None:
        """What the table says without rows: why it is empty."""
        self._empty = text
        self.viewport().update()

    def sort_by(self, column: int, *, descending: bool = False) -> None:
        self._sorted_by = (column, descending)
        self._resort()

    def _restore(self, key: object) -> bool:
        for shown, place in enumerate(self._model.order):
            if self._key(self._model.rows[place]) == key:
                selection = self.selectionModel()
                selection.blockSignals(True)
                selection.setCurrentIndex(
                    self._model.index(shown, 0),
                    QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows,
                )
                selection.blockSignals(False)
                self.viewport().update()
                return True
        return False

    # Order

    def _reorder(self) -> None:
        places = range(len(self._model.rows))
        if self._sorted_by is None:
            self._model.order = list(places)
        else:
            number, descending = self._sorted_by
            column = self._columns[number]
            make = column.sort or (lambda row: natural_key(column.text(row)))
            keys = [make(row) for row in self._model.rows]
            self._model.order = sorted(places, key=keys.__getitem__, reverse=descending)
        self._positions = [0] * len(self._model.order)
        for shown, place in enumerate(self._model.order):
            self._positions[place] = shown

    def _resort(self) -> None:
        header = self.horizontalHeader()
        if isinstance(header, RecordHeader):
            header.show_order(self._sorted_by)
        self.set_rows(self._model.rows)

    def _header_clicked(self, column: int) -> None:
        """First click ascending, second descending, third the order the rows came in."""
        if self._sorted_by is None or self._sorted_by[0] != column:
            self._sorted_by = (column, False)
        elif not self._sorted_by[1]:
            self._sorted_by = (column, True)
        else:
            self._sorted_by = None
        self._resort()

    # Painting

    def _repaint_dirty(self) -> None:
        viewport = self.viewport()
        first = self.rowAt(0)
        last = self.rowAt(viewport.height() - 1)
        if first < 0:
            self._dirty.clear()
            return
        last = len(self._positions) - 1 if last < 0 else last
        width = viewport.width()
        for place in self._dirty:
            if place < len(self._positions) and first <= (shown := self._positions[place]) <= last:
                viewport.update(QRect(0, self.rowViewportPosition(shown), width, tokens.ROW))
        self._dirty.clear()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self._model.order and self._empty:
            painter = QPainter(self.viewport())
            CellPainter.paint_empty(painter, self.viewport().rect(), self._empty)
            painter.end()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._hovered = -1
        if event.size().width() != event.oldSize().width():
            self._lay_columns()

    # Keys and mouse

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Getting the focus chooses nothing; Qt would make the first row current."""
        had = self.currentIndex().isValid()
        selection = self.selectionModel()
        selection.blockSignals(True)
        super().focusInEvent(event)
        if not had:
            selection.clearCurrentIndex()
        selection.blockSignals(False)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not event.modifiers() & (
            Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier
        ):
            self._activate()
        elif event.key() in (Qt.Key.Key_Home, Qt.Key.Key_End) and self._model.order and not event.modifiers():
            # Rows are the unit here, so Home and End go to the first and last row, not along the row.
            self.selectRow(0 if event.key() == Qt.Key.Key_Home else len(self._model.order) - 1)
        else:
            super().keyPressEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self.indexAt(event.position().toPoint()).isValid():
            self._activate()
        else:
            super().mouseDoubleClickEvent(event)

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.MouseMove and isinstance(event, QMouseEvent):
            self._hover(self.rowAt(int(event.position().y())))
        elif event.type() == QEvent.Type.Leave:
            self._hover(-1)
        return super().viewportEvent(event)

    def _hover(self, shown: int) -> None:
        if shown == self._hovered:
            return
        painter = self.itemDelegate()
        if isinstance(painter, CellPainter):
            painter.hovered = shown
        for number in (self._hovered, shown):
            if number >= 0:
                top = self.rowViewportPosition(number)
                self.viewport().update(QRect(0, top, self.viewport().width(), tokens.ROW))
        self._hovered = shown

    def copy(self) -> None:
        """Puts the selected rows on the clipboard as tab-separated text with a line of titles."""
        rows = self.selected()
        if not rows:
            return
        lines = ["\t".join(column.title for column in self._columns)]
        for row in rows:
            lines.append("\t".join(" ".join(column.text(row).split()) for column in self._columns))
        QGuiApplication.clipboard().setText("\n".join(lines))

    def _activate(self) -> None:
        row = self.current()
        if row is not None:
            self.activated.emit(row)

    def _current_changed(self, current: QModelIndex, _previous: QModelIndex) -> None:
        if current.isValid() and current.row() < len(self._model.order):
            self.chosen.emit(self.row_at(current.row()))
