from __future__ import annotations

from dataclasses import dataclass

import pytest
from PySide6.QtCore import QEvent, QObject, QPoint, Qt
from PySide6.QtGui import QAccessible, QGuiApplication, QPaintEvent
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from app.shell.table import RecordTable
from app.shell.table_columns import LEAST_STRETCH, Column, fitting, natural_key

pytestmark = pytest.mark.usefixtures("dressed")


@dataclass
class Quote:
    id: int
    name: str
    bid: str


COLUMNS = (
    Column("Bond", lambda row: row.name, 0),
    Column("Bid", lambda row: row.bid, 80, "right", strong=True, fill=lambda row: "upbg"),
    Column("State", lambda row: "Live", 60, pill=lambda row: "up", icon=lambda row: "check"),
)


@pytest.fixture
def table(qtbot: QtBot) -> RecordTable:
    made = RecordTable(COLUMNS, "No prices yet", name="Prices")
    qtbot.addWidget(made)
    made.resize(400, 220)
    made.set_rows([Quote(1, "VOD 33", "98.4"), Quote(2, "ENEL 31", "101.2"), Quote(3, "BNP 34", "9.7")])
    made.show()
    return made


def test_the_model_keeps_qts_rules(table: RecordTable, qtmodeltester: ModelTester) -> None:
    qtmodeltester.check(table.model())
    table.sort_by(1)
    table.set_rows([])
    table.set_rows([Quote(9, "DBR 34", "98")])


def test_arrows_choose_and_enter_activates(table: RecordTable, qtbot: QtBot) -> None:
    chosen: list[int] = []
    activated: list[int] = []
    table.chosen.connect(lambda row: chosen.append(row.id))
    table.activated.connect(lambda row: activated.append(row.id))
    table.selectRow(0)
    qtbot.keyClick(table, Qt.Key.Key_Down)
    qtbot.keyClick(table, Qt.Key.Key_Return)
    qtbot.keyClick(table, Qt.Key.Key_End)
    qtbot.keyClick(table, Qt.Key.Key_Home)
    assert chosen == [1, 2, 3, 1]
    assert activated == [2]


def test_a_double_click_activates_once(table: RecordTable, qtbot: QtBot) -> None:
    activated: list[int] = []
    table.activated.connect(lambda row: activated.append(row.id))
    qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(20, 30))
    qtbot.mouseDClick(table.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(20, 30))
    assert activated == [2]


def test_copy_gives_titles_and_selected_rows_as_tabs(table: RecordTable, qtbot: QtBot) -> None:
    table.selectRow(0)
    qtbot.keyClick(table, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    qtbot.keyClick(table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text() == "Bond\tBid\tState\nVOD 33\t98.4\tLive\nENEL 31\t101.2\tLive"


def test_clicks_on_a_title_sort_up_down_and_back_and_numbers_sort_as_numbers(table: RecordTable) -> None:
    header = table.horizontalHeader()
    orders = []
    for _ in range(3):
        header.sectionClicked.emit(1)
        orders.append([row.id for row in table.shown()])
    assert orders == [[3, 1, 2], [2, 1, 3], [1, 2, 3]]


def test_new_rows_keep_the_current_row_by_its_id_and_do_not_choose(table: RecordTable) -> None:
    table.selectRow(1)
    chosen: list[object] = []
    table.chosen.connect(chosen.append)
    table.set_rows([Quote(7, "DBR", "1"), Quote(2, "ENEL 31", "102.0")])
    current = table.current()
    assert current is not None
    assert (current.id, current.bid) == (2, "102.0")
    assert chosen == []


def test_sorting_keeps_the_current_row(table: RecordTable) -> None:
    table.selectRow(0)
    table.sort_by(0)
    current = table.current()
    assert current is not None
    assert current.name == "VOD 33"
    assert [row.name for row in table.shown()] == ["BNP 34", "ENEL 31", "VOD 33"]


class _PaintWatch(QObject):
    def __init__(self) -> None:
        super().__init__()
        self.heights: list[int] = []

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QPaintEvent):
            self.heights.append(sum(rect.height() for rect in event.region()))
        return False


def test_a_thousand_ticks_paint_only_the_visible_rows_once(table: RecordTable, qtbot: QtBot) -> None:
    table.set_rows([Quote(number, f"B{number}", "1") for number in range(1000)])
    qtbot.waitExposed(table)
    qtbot.wait(30)
    watch = _PaintWatch()
    table.viewport().installEventFilter(watch)
    for number in range(1000):
        table.update_rows({number: Quote(number, f"B{number}", "2")})
    qtbot.waitUntil(lambda: bool(watch.heights), timeout=2000)
    table.viewport().removeEventFilter(watch)
    assert len(watch.heights) <= 3, "a thousand ticks are a frame or two, not a thousand paints"
    assert watch.heights[0] <= table.viewport().height() + 22

    watch.heights.clear()
    table.viewport().installEventFilter(watch)
    table.refresh_rows([2, 900])
    qtbot.waitUntil(lambda: 22 in watch.heights, timeout=2000)
    table.viewport().removeEventFilter(watch)


def test_ticks_find_their_row_in_a_sorted_table(table: RecordTable) -> None:
    table.sort_by(1)
    table.update_rows({0: Quote(1, "VOD 33", "98.5")})
    assert [row.bid for row in table.shown()] == ["9.7", "98.5", "101.2"]


def test_columns_to_drop_go_before_a_number_is_cut() -> None:
    columns = (
        Column("Bond", str, 0),
        Column("Client", str, 100),
        Column("Bid", str, 60, "right"),
        Column("Age", str, 40, "right", drop=1),
        Column("Size", str, 50, "right", drop=2),
    )
    assert fitting(columns, 600) == [350, 100, 60, 40, 50]
    assert fitting(columns, 260) == [100, 100, 60, None, None]
    assert fitting(columns, 100) == [LEAST_STRETCH, 72, 60, None, None]


def test_the_empty_text_and_names_are_there_for_screen_readers(table: RecordTable) -> None:
    assert table.accessibleName() == "Prices"
    interface = QAccessible.queryAccessibleInterface(table)
    assert interface.text(QAccessible.Text.Name) == "Prices"
    table.set_rows([])
    assert table.grab().toImage().size().isValid()


@pytest.mark.parametrize(
    ("texts", "ordered"),
    [
        (["10", "9", ""], ["9", "10", ""]),
        (["+1,024.5", "-3", "€20"], ["-3", "€20", "+1,024.5"]),
        (["VOD 33", "abc", "Zeta"], ["abc", "VOD 33", "Zeta"]),
    ],
)
def test_natural_order(texts: list[str], ordered: list[str]) -> None:
    assert sorted(texts, key=natural_key) == ordered
