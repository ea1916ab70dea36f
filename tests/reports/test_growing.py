"""A line of the report that is as high as its text."""

from __future__ import annotations

from PySide6.QtCore import QMimeData, Qt
from pytestqt.qtbot import QtBot

from plugins.reports.growing import GrowingLine

LONG = "Get the confirmation over to the client by e-mail before the close, with the new settlement instructions"


def _line(bot: QtBot, text: str) -> GrowingLine:
    line = GrowingLine(text)
    bot.addWidget(line)
    line.resize(170, line.height())
    line.show()
    return line


def test_a_long_line_is_shown_whole_on_up_to_four(qtbot: QtBot) -> None:
    short, long, longest = (_line(qtbot, text) for text in ("Send the deck", LONG, " ".join([LONG] * 4)))
    row = short.fontMetrics().lineSpacing()
    grown = [(line.sizeHint().height() - short.sizeHint().height()) // row for line in (long, longest)]
    assert 1 <= grown[0] <= grown[1] == 3


def test_it_stays_one_line_whatever_is_typed_or_pasted(qtbot: QtBot) -> None:
    line = _line(qtbot, "one\ntwo")
    told: list[str] = []
    line.textEdited.connect(told.append)
    line.selectAll()
    qtbot.keyClicks(line, "call")
    qtbot.keyClick(line, Qt.Key.Key_Return)
    pasted = QMimeData()
    pasted.setText(" her\nback")
    line.insertFromMimeData(pasted)
    assert line.text() == told[-1] == "call her back"


def test_what_is_put_in_by_the_desk_is_no_edit(qtbot: QtBot) -> None:
    line = _line(qtbot, "")
    told: list[str] = []
    line.textEdited.connect(told.append)
    line.setText("Send the deck")
    assert not told
