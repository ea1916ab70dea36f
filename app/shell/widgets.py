"""The small widgets panels are made of. Style follows the dynamic property ``k``; colours come from the tokens."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.shell import icons, theme, tokens
from app.shell.cards import Card, CardList
from app.shell.table import RecordTable
from app.shell.table_columns import Column

__all__ = [
    "Card",
    "CardList",
    "Column",
    "ElidedLabel",
    "EmptyState",
    "Kpi",
    "PanelHeader",
    "RecordTable",
    "SegmentedButtons",
    "button",
    "caption",
    "field",
    "heading",
    "icon_button",
    "label",
    "open_menu",
    "pill",
    "separator",
    "set_kind",
]


_OTHER_KEYS = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.ShiftModifier


def set_kind(widget: QWidget, kind: str) -> None:
    """Changes the style kind of a widget that is already dressed."""
    if widget.property("k") != kind:
        widget.setProperty("k", kind)
        widget.style().unpolish(widget)
        widget.style().polish(widget)


def label(text: str = "", kind: str = "") -> QLabel:
    """Plain text: ``kind`` is "", "mut", "dim", "h1", "h2", "num", "up", "dn", "warn", "acc"."""
    made = QLabel(text)
    made.setTextFormat(Qt.TextFormat.PlainText)
    if kind:
        made.setProperty("k", kind)
    return made


def caption(text: str) -> QLabel:
    """A small upper-case title over a field or a group."""
    return label(text.upper(), "cap")


def heading(text: str = "", level: int = 2) -> QLabel:
    """Level 1 for the customer's name, 2 for a panel's own title."""
    return label(text, f"h{level}")


def pill(text: str = "", kind: str = "") -> QLabel:
    """A short state on a coloured ground: ``kind`` is "", "acc", "up", "dn" or "warn"."""
    made = label(text, f"pill{kind}")
    made.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Maximum)
    return made


class PressedByEnter(QPushButton):
    """Qt presses a button by Space alone outside of dialogs; here Enter does as well."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not event.modifiers() & _OTHER_KEYS:
            self.click()
        else:
            super().keyPressEvent(event)


def button(text: str, kind: str = "", *, tip: str = "", icon: str = "") -> QPushButton:
    """A button: ``kind`` is "", "pri", "buy", "sell" or "ghost". An ampersand in the text is an ampersand."""
    made = PressedByEnter(text.replace("&", "&&"))
    made.setAccessibleName(text)
    if kind:
        made.setProperty("k", kind)
    if icon:
        made.setIcon(icons.icon(icon, {"pri": "onacc", "buy": "onup", "sell": "ondn"}.get(kind, "tx2"), 14))
        made.setIconSize(QSize(14, 14))
    made.setToolTip(tip)
    return made


def icon_button(name: str, tip: str, *, tint: str = "tx2", size: int = 16) -> QToolButton:
    """A button that is an icon; the tip is also what a screen reader says."""
    made = QToolButton()
    made.setIcon(icons.icon(name, tint, size))
    made.setIconSize(QSize(size, size))
    made.setToolTip(tip)
    made.setAccessibleName(tip)
    made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return made


def separator(*, vertical: bool = False) -> QFrame:
    made = QFrame()
    made.setObjectName("vsep" if vertical else "sep")
    return made


def field(title: str, editor: QWidget) -> QWidget:
    """An editor under its caption; the caption names it for screen readers."""
    made = QWidget()
    column = QVBoxLayout(made)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(2)
    over = caption(title)
    over.setBuddy(editor)
    if not editor.accessibleName():
        editor.setAccessibleName(title)
    column.addWidget(over)
    column.addWidget(editor)
    return made


class ElidedLabel(QLabel):
    """One line of text that gives way: cut with an ellipsis when there is no room, whole in its tooltip."""

    def __init__(self, text: str = "", kind: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        if kind:
            self.setProperty("k", kind)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._whole = ""
        self.set_text(text)

    def set_text(self, text: str) -> None:
        if text == self._whole:
            return
        self._whole = text
        self.setAccessibleName(text)
        self._cut()

    def text_whole(self) -> str:
        return self._whole

    def resizeEvent(self, event: object) -> None:
        self._cut()

    def sizeHint(self) -> QSize:
        return QSize(self.fontMetrics().horizontalAdvance(self._whole) + 2, super().sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        return QSize(24, super().minimumSizeHint().height())

    def _cut(self) -> None:
        cut = self.fontMetrics().elidedText(self._whole, Qt.TextElideMode.ElideRight, max(self.width(), 24))
        if cut != self.text():
            self.setText(cut)
            self.setToolTip(self._whole if cut != self._whole else "")


class Kpi(QFrame):
    """A key figure: caption, value and a small change or remark beside it."""

    def __init__(self, title: str, value: str = "–", remark: str = "", kind: str = "dim") -> None:
        super().__init__()
        self.setObjectName("kpi")
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 5, 4, 5)
        column.setSpacing(1)
        self._title = caption(title)
        self._value = label(value, "num")
        self._remark = ElidedLabel(remark, kind)
        line = QHBoxLayout()
        line.setSpacing(5)
        self._value.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)
        self._remark.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        line.addWidget(self._value)
        line.addWidget(self._remark, 1)
        column.addWidget(self._title)
        column.addLayout(line)
        self.setAccessibleName(title)

    def set(self, value: str, remark: str = "", kind: str = "dim") -> None:
        """``kind`` is the remark's: "up" and "dn" colour a change, "dim" a comment."""
        self._value.setText(value)
        self._remark.set_text(remark)
        set_kind(self._remark, kind)
        self.setAccessibleDescription(f"{value} {remark}".strip())


class SegmentedButtons(QWidget):
    """A choice of one among a few, side by side; left and right arrows move it. ``changed`` with the index."""

    changed = Signal(int)

    def __init__(self, titles: Sequence[str], current: int = 0, *, name: str = "") -> None:
        super().__init__()
        self._titles = list(titles)
        self.setAccessibleName(name)
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(2)
        self._group = QButtonGroup(self)
        self._group.setExclusive(True)
        for number, title in enumerate(titles):
            made = QPushButton(title.replace("&", "&&"))
            made.setProperty("k", "seg")
            made.setCheckable(True)
            made.setAccessibleName(title)
            self._group.addButton(made, number)
            line.addWidget(made)
        self._group.button(current).setChecked(True)
        self._group.idToggled.connect(self._toggled)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self._measure()

    def current(self) -> int:
        return self._group.checkedId()

    def set_current(self, index: int) -> None:
        self._group.button(index).setChecked(True)

    def set_title(self, index: int, title: str) -> None:
        if title == self._titles[index]:
            return
        self._titles[index] = title
        self._group.button(index).setAccessibleName(title)
        self._measure()
        self._fit()

    def sizeHint(self) -> QSize:
        return QSize(sum(self._natural) + 2 * (len(self._natural) - 1), tokens.ROW)

    def minimumSizeHint(self) -> QSize:
        # A few short ones ("1D", "YTD") cannot be cut; longer titles can.
        least = self.sizeHint().width() if len(self._natural) * 44 >= self.sizeHint().width() else 120
        return QSize(least, tokens.ROW)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _measure(self) -> None:
        metrics = QFontMetrics(theme.font(tokens.SMALL))
        self._natural = [metrics.horizontalAdvance(title) + 16 for title in self._titles]
        self.updateGeometry()

    def _fit(self) -> None:
        """Cuts the longest titles when there is no room for all; the tooltip has them whole."""
        room = self.width() - 2 * (len(self._natural) - 1)
        cap = max(self._natural, default=0)
        while cap > 30 and sum(min(width, cap) for width in self._natural) > room:
            cap -= 2
        metrics = QFontMetrics(theme.font(tokens.SMALL))
        for number, (title, width) in enumerate(zip(self._titles, self._natural, strict=True)):
            cut = width > cap
            text = metrics.elidedText(title, Qt.TextElideMode.ElideRight, cap - 16) if cut else title
            made = self._group.button(number)
            made.setText(text.replace("&", "&&"))
            made.setToolTip(title if cut else "")
            made.setFixedWidth(min(width, cap))

    def _toggled(self, index: int, checked: bool) -> None:
        if checked:
            self.changed.emit(index)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
            return
        chosen = (self.current() + step) % len(self._group.buttons())
        self.set_current(chosen)
        self._group.button(chosen).setFocus()


class EmptyState(QWidget):
    """What a panel says when it has nothing to show, and the one thing the user can do about it."""

    acted = Signal()

    def __init__(self, text: str, *, icon: str = "", action: str = "") -> None:
        super().__init__()
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 16)
        column.setSpacing(8)
        column.addStretch()
        if icon:
            picture = QLabel()
            picture.setPixmap(icons.icon(icon, "tx3", 24).pixmap(24, 24))
            picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
            column.addWidget(picture)
        self._text = label(text, "mut")
        self._text.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._text.setWordWrap(True)
        column.addWidget(self._text)
        if action:
            act = button(action)
            act.clicked.connect(self._act)
            column.addWidget(act, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch()

    def set_text(self, text: str) -> None:
        self._text.setText(text)

    def _act(self) -> None:
        self.acted.emit()


class PanelHeader(QWidget):
    """A panel's first line: title, pills after it, and small widgets at the right end."""

    def __init__(self, title: str = "", *, level: int = 2) -> None:
        super().__init__()
        self._line = QHBoxLayout(self)
        self._line.setContentsMargins(10, 6, 8, 4)
        self._line.setSpacing(8)
        self.title = ElidedLabel(title, f"h{level}")
        self.title.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        self._line.addWidget(self.title)
        self._left = 1
        self._line.addStretch(1)

    def set_title(self, title: str) -> None:
        self.title.set_text(title)

    def add(self, widget: QWidget) -> None:
        """Puts a widget after the title and what was added before."""
        self._line.insertWidget(self._left, widget)
        self._left += 1

    def add_right(self, widget: QWidget) -> None:
        """Puts a widget at the right end, after what was added before."""
        self._line.addWidget(widget)


def open_menu(of: QToolButton) -> None:
    """A button's menu, under it and with the keyboard in it, at its default action."""
    menu = of.menu()
    if of.isVisible() and menu is not None:
        menu.popup(of.mapToGlobal(of.rect().bottomLeft()))
        menu.setActiveAction(menu.defaultAction() or menu.actions()[0])
