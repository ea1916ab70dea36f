from __future__ import annotations

import asyncio
import threading

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QLineEdit, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot
from shiboken6 import isValid

from app.services import Notice
from app.shell.popups import PopupFrame
from app.shell.resolver import Chooser, Option, choose
from app.shell.ui import Ui
from app.shell.window import MainWindow

APPS = [Option("CRM 360", "Customer"), Option("Holdings web", "Web app"), Option("Third")]


def _chooser(window: MainWindow) -> Chooser:
    found = [widget for widget in window.popups.widgets() if isinstance(widget, Chooser)]
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize(
    ("keys", "answer"),
    [
        ([Qt.Key.Key_Return], 0),
        ([Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Return], 2),
        ([Qt.Key.Key_2], 1),
        ([Qt.Key.Key_9, Qt.Key.Key_3], 2),
        ([Qt.Key.Key_Escape], None),
    ],
)
def test_the_resolver_is_answered_by_keyboard(
    window: MainWindow, ui: Ui, qtbot: QtBot, keys: list[Qt.Key], answer: int | None
) -> None:
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    answers: list[int | None] = []
    ui.run(choose(ui, "Which app shows this customer?", APPS), then=answers.append)
    qtbot.waitUntil(lambda: bool(window.popups.widgets()))
    chooser = _chooser(window)
    assert chooser.list.hasFocus()
    for key in keys:
        qtbot.keyClick(chooser.list, key)
    qtbot.waitUntil(lambda: bool(answers))
    assert answers == [answer]
    assert window.popups.widgets() == []


@pytest.mark.parametrize(
    ("keys", "answer"),
    [([Qt.Key.Key_Return], 0), ([Qt.Key.Key_Down, Qt.Key.Key_Return], 1), ([Qt.Key.Key_Escape], None)],
)
def test_a_question_that_may_come_while_somebody_types_is_not_answered_by_what_is_typed(
    window: MainWindow, ui: Ui, qtbot: QtBot, keys: list[Qt.Key], answer: int | None
) -> None:
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    answers: list[int | None] = []
    ui.run(choose(ui, "May it join?", APPS, by_digit=False), then=answers.append)
    qtbot.waitUntil(lambda: bool(window.popups.widgets()))
    chooser = _chooser(window)
    qtbot.keyClicks(chooser.list, "2 Holdings 3@")
    qtbot.keyClick(chooser.list, Qt.Key.Key_2, Qt.KeyboardModifier.KeypadModifier)
    assert window.popups.widgets() == [chooser]
    for key in keys:
        qtbot.keyClick(chooser.list, key)
    qtbot.waitUntil(lambda: bool(answers))
    assert answers == [answer]


def test_a_question_whose_asker_gave_up_goes_away(window: MainWindow, ui: Ui, qtbot: QtBot) -> None:
    failures: list[Exception] = []
    ui.run(asyncio.wait_for(choose(ui, "Who is calling?", APPS), 0.05), failed=failures.append)
    qtbot.waitUntil(lambda: bool(failures))
    qtbot.waitUntil(lambda: window.popups.widgets() == [])
    assert isinstance(failures[0], TimeoutError)


def _popup(text: str = "") -> QWidget:
    made = QWidget()
    box = QVBoxLayout(made)
    box.addWidget(QLabel("Call report"))
    box.addWidget(QLineEdit(text))
    made.setMinimumHeight(300)
    return made


def _frame(widget: QWidget) -> PopupFrame:
    frame = widget.parentWidget()
    assert isinstance(frame, PopupFrame)
    return frame


def test_a_popup_takes_the_focus_and_gives_it_back(window: MainWindow, ui: Ui) -> None:
    window.activateWindow()
    window.rail.button("crm").setFocus()
    popup = _popup()
    ui.show_popup(popup)
    assert isinstance(window.focusWidget(), QLineEdit)
    assert popup.isAncestorOf(window.focusWidget())
    ui.close_popup(popup)
    assert window.focusWidget() is window.rail.button("crm")


def test_a_popup_does_not_steal_the_keys_of_someone_writing_and_f6_goes_there(
    window: MainWindow, ui: Ui, qtbot: QtBot
) -> None:
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    window.docks.focus("ticket")
    writing = window.focusWidget()
    assert isinstance(writing, QLineEdit)
    popup = _popup()
    ui.show_popup(popup)
    assert window.focusWidget() is writing
    qtbot.keyClick(writing, Qt.Key.Key_F6)
    focus = window.focusWidget()
    assert focus is not None
    assert popup.isAncestorOf(focus)


def test_a_popup_shown_again_keeps_its_frame_and_returns_to_its_place(window: MainWindow, ui: Ui) -> None:
    popup = _popup()
    ui.prepare_popup(popup)
    frame = _frame(popup)
    assert not frame.isVisible()
    ui.show_popup(popup)
    place = frame.geometry()
    frame.moved = True
    frame.move(place.topLeft() - QPoint(40, 40))
    ui.close_popup(popup)
    assert not popup.isVisible()
    ui.show_popup(popup)
    assert (_frame(popup), popup.isVisible(), frame.geometry()) == (frame, True, place)


def test_a_popup_that_is_deleted_takes_its_frame_along(window: MainWindow, ui: Ui, qtbot: QtBot) -> None:
    popup = _popup()
    ui.show_popup(popup)
    frame = _frame(popup)
    popup.deleteLater()
    qtbot.waitUntil(lambda: not isValid(frame))
    assert window.popups.widgets() == []


def test_popups_lie_in_the_transcript_column_cascade_and_stay_inside(window: MainWindow, ui: Ui) -> None:
    first, second = _popup(), _popup()
    ui.show_popup(first)
    ui.show_popup(second)
    column = window.docks.area_rect("transcript", window.centralWidget())
    assert column is not None
    one, two = _frame(first).geometry(), _frame(second).geometry()
    assert one.right() <= column.right()
    assert one.bottom() <= column.bottom()
    assert two.right() < one.right()
    assert two.bottom() < one.bottom()
    window.resize(1024, 640)
    QTest.qWait(1)
    for frame in (_frame(first), _frame(second)):
        assert window.centralWidget().rect().contains(frame.geometry())


def test_a_popup_is_dragged_by_its_labels_but_never_out_of_the_window(window: MainWindow, ui: Ui) -> None:
    popup = _popup()
    ui.show_popup(popup)
    frame = _frame(popup)
    before = frame.pos()
    QTest.mousePress(frame, Qt.MouseButton.LeftButton, pos=QPoint(20, 10))
    QTest.mouseMove(frame, QPoint(-80, -40))
    assert frame.pos() == before + QPoint(-100, -50)
    QTest.mouseMove(frame, QPoint(5000, 5000))
    QTest.mouseRelease(frame, Qt.MouseButton.LeftButton)
    assert window.centralWidget().rect().contains(frame.geometry())


def test_a_popup_deleted_while_shown_leaves_no_frame(window: MainWindow, ui: Ui, qtbot: QtBot) -> None:
    popup = _popup()
    ui.show_popup(popup)
    popup.deleteLater()
    del popup
    qtbot.waitUntil(lambda: window.popups.widgets() == [])


def test_errors_stay_infos_go_and_the_bell_counts_and_lists(window: MainWindow, ui: Ui, qtbot: QtBot) -> None:
    thread = threading.Thread(target=lambda: ui.notify(Notice("The turret is gone.", "error", "Line 1")))
    thread.start()
    thread.join()
    for number in range(6):
        ui.notify(Notice(f"Saved {number}", "success"))
    ui.notify(Notice("Saved 5", "success"))
    qtbot.waitUntil(lambda: len(window.toasts.stack) == 4)
    qtbot.waitUntil(lambda: any(toast.notice.level == "error" for toast in window.toasts.stack))
    assert window.top.bell.accessibleName() == "Notifications, 8 unread"
    window.toggle_notices()
    assert window.notice_list.isVisible()
    assert window.top.bell.accessibleName() == "Notifications"
    qtbot.keyClick(window.notice_list, Qt.Key.Key_Escape)
    assert not window.notice_list.isVisible()
