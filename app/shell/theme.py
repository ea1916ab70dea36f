"""Applies the tokens: Fusion with our palette and font, and a short style sheet.

The sheet has type and attribute rules only. A ``*`` rule makes switching a workspace four times slower, so colours and
fonts that hold everywhere live in the palette and the application font. Dock rules go on the dock manager alone.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from PySide6.QtGui import QColor, QFont, QPalette
from PySide6.QtWidgets import QApplication

from app.shell import tokens
from app.shell.tokens import T

RESOURCES = Path(__file__).parents[2] / "resources"

_SHEET = """
QToolTip{background:{bg4};color:{tx1};border:1px solid {line2};padding:3px 6px}
QMainWindow,QWidget#root{background:{bg0}}
QFrame#top{background:{bg1};border-bottom:1px solid {line}}
QFrame#status{background:{bg1};border-top:1px solid {line}}
QFrame#rail{background:{bg1};border-right:1px solid {line}}
QFrame#omni{background:{bg2};border:1px solid {line2};border-radius:4px}
QFrame#omni:hover,QFrame#omni:focus{border-color:{accln}}
QFrame#popup{background:{bg2};border:1px solid {popln};border-radius:6px}
QFrame#toast{background:{bg3};border:1px solid {line2};border-radius:6px}
QFrame#kpi{background:{bg2};border-radius:3px}
QFrame#sep{background:{line};max-height:1px;min-height:1px}
QFrame#vsep{background:{line2};max-width:1px;min-width:1px}
QLabel[k="cap"]{color:{tx3};font-size:10px;font-weight:600;letter-spacing:.4px}
QLabel[k="mut"]{color:{tx2}}
QLabel[k="dim"]{color:{tx3};font-size:11px}
QLabel[k="h1"]{font-size:16px;font-weight:600}
QLabel[k="h2"]{font-size:13px;font-weight:600}
QLabel[k="num"]{font-size:14px;font-weight:600}
QLabel[k="up"]{color:{up}}
QLabel[k="dn"]{color:{dn}}
QLabel[k="warn"]{color:{warn}}
QLabel[k="acc"]{color:{acc}}
QLabel[k="rec"]{color:{rec};font-weight:600}
QLabel[k="initials"]{background:{accbg};border-radius:12px;color:{acctx};font-size:10px;font-weight:600}
QLabel[k="count"]{background:{rec};border-radius:6px;color:{tx1};font-size:9px;font-weight:700}
QLabel[k="pill"]{background:{bg3};border-radius:3px;padding:1px 6px;color:{tx2};font-size:11px}
QLabel[k="pillacc"]{background:{accbg};border-radius:3px;padding:1px 6px;color:{acctx};font-size:11px}
QLabel[k="pillup"]{background:{upbg};border-radius:3px;padding:1px 6px;color:{up};font-size:11px}
QLabel[k="pilldn"]{background:{dnbg};border-radius:3px;padding:1px 6px;color:{dn};font-size:11px}
QLabel[k="pillwarn"]{background:{warnbg};border-radius:3px;padding:1px 6px;color:{warn};font-size:11px}
QLineEdit,QPlainTextEdit,QTextEdit,QComboBox,QAbstractSpinBox{background:{bg2};border:1px solid {line2};
border-radius:3px;padding:0 6px;min-height:22px;selection-background-color:{accln};selection-color:{tx1}}
QPlainTextEdit,QTextEdit{padding:3px 4px}
QLineEdit:focus,QPlainTextEdit:focus,QTextEdit:focus,QComboBox:focus,QAbstractSpinBox:focus{border-color:{acc}}
QLineEdit:hover,QPlainTextEdit:hover,QComboBox:hover,QAbstractSpinBox:hover{border-color:{handle}}
QLineEdit:focus:hover,QPlainTextEdit:focus:hover,QComboBox:focus:hover,QAbstractSpinBox:focus:hover{border-color:{acc}}
QLineEdit:read-only{color:{tx2}}
QLineEdit[k="bad"],QComboBox[k="bad"]{border-color:{dn}}
QLineEdit[k="said"],QComboBox[k="said"],QPlainTextEdit[k="said"]{border-color:{accln}}
QLineEdit[k="bare"]{background:transparent;border:0;font-size:14px}
QComboBox::drop-down{border:0;width:18px}
QComboBox::down-arrow{image:url({icons}/chevron-down-theme.svg);width:10px;height:10px}
QComboBox QAbstractItemView{background:{bg3};border:1px solid {line2};selection-background-color:{sel}}
QPushButton{background:{bg3};border:1px solid {line2};border-radius:3px;padding:0 10px;min-height:22px}
QPushButton:hover{background:{bg4}}
QPushButton:pressed{background:{bg2}}
QPushButton:focus{border-color:{acc}}
QPushButton:disabled{color:{tx3};background:{bg2};border-color:{line}}
QPushButton[k="pri"]{background:{acc};border-color:{acc};color:{onacc};font-weight:600}
QPushButton[k="buy"]{background:{up};border-color:{up};color:{onup};font-weight:600;min-height:28px}
QPushButton[k="sell"]{background:{dn};border-color:{dn};color:{ondn};font-weight:600;min-height:28px}
QPushButton[k="pri"]:hover{background:{acchi};border-color:{acchi}}
QPushButton[k="buy"]:hover{background:{uphi};border-color:{uphi}}
QPushButton[k="sell"]:hover{background:{dnhi};border-color:{dnhi}}
QPushButton[k="buysoft"]{background:{upbg};border-color:{upbg};color:{up};font-weight:600;min-height:28px}
QPushButton[k="sellsoft"]{background:{dnbg};border-color:{dnbg};color:{dn};font-weight:600;min-height:28px}
QPushButton[k="buysoft"]:hover{border-color:{up}}
QPushButton[k="sellsoft"]:hover{border-color:{dn}}
QPushButton[k="buysoft"]:focus,QPushButton[k="sellsoft"]:focus{border-color:{tx1}}
QPushButton[k="side"]{color:{tx2};font-weight:600;min-height:28px}
QPushButton[k="pri"]:focus,QPushButton[k="buy"]:focus,QPushButton[k="sell"]:focus{border-color:{tx1}}
QPushButton[k="pri"]:disabled,QPushButton[k="buy"]:disabled,QPushButton[k="sell"]:disabled
{background:{bg3};border-color:{line2};color:{tx3}}
QPushButton[k="ghost"]{background:transparent;border-color:transparent;color:{tx2}}
QPushButton[k="ghost"]:hover{background:{bg3};color:{tx1}}
QPushButton[k="ghost"]:focus{border-color:{accln}}
QPushButton[k="seg"]{background:transparent;border:0;border-radius:3px;color:{tx3};padding:0 6px;min-height:20px;
font-size:11px}
QPushButton[k="seg"]:hover{color:{tx2}}
QPushButton[k="seg"]:checked{background:{bg3};color:{tx1}}
QPushButton[k="seg"]:focus{background:{bg2};color:{tx1}}
QPushButton[k="seg"]:checked:focus{background:{bg4}}
QToolButton{background:transparent;border:0;border-radius:4px;padding:4px}
QToolButton:hover,QToolButton:focus{background:{bg3}}
QToolButton:checked{background:{accbg}}
QToolButton::menu-indicator{image:none}
QToolButton:focus{border:1px solid {acc};padding:3px}
QFrame#rail QToolButton:checked{background:transparent}
QFrame#rail QToolButton:checked:hover{background:{bg3}}
QFrame#rail QToolButton[k="home"]{background:{accbg}}
QTableView,QListView,QTreeView{background:{bg1};border:0}
QListView[k="popup"]{background:{bg2}}
QHeaderView{background:{bg1};border:0}
QTableCornerButton::section{background:{bg1};border:0}
QScrollArea{background:transparent;border:0}
QScrollBar:vertical{background:transparent;width:8px;margin:0}
QScrollBar:horizontal{background:transparent;height:8px;margin:0}
QScrollBar::handle{background:{line2};border-radius:3px;min-height:24px;min-width:24px;margin:1px}
QScrollBar::handle:hover{background:{handle}}
QScrollBar::add-line,QScrollBar::sub-line{height:0;width:0}
QScrollBar::add-page,QScrollBar::sub-page{background:transparent}
QCheckBox::indicator{width:12px;height:12px;border:1px solid {line2};border-radius:2px;background:{bg2}}
QCheckBox::indicator:checked{background:{acc};border-color:{acc}}
QCheckBox:focus{color:{acctx}}
QProgressBar{background:{bg3};border:0;border-radius:2px;max-height:4px;min-height:4px}
QProgressBar::chunk{background:{acc};border-radius:2px}
QMenu{background:{bg3};border:1px solid {line2};padding:4px}
QMenu::item{padding:4px 22px 4px 10px;border-radius:3px}
QMenu::item:selected{background:{sel}}
QMenu::item:disabled{color:{tx3}}
QMenu::separator{height:1px;background:{line2};margin:4px 6px}
QSplitter::handle{background:{bg0}}
"""

_DOCK_SHEET = """
ads--CDockContainerWidget,ads--CDockSplitter,ads--CFloatingDockContainer{background:{bg0}}
ads--CDockContainerWidget ads--CDockSplitter::handle{background:{bg0}}
ads--CDockAreaWidget{background:{bg1};border:1px solid {line};border-radius:4px}
ads--CDockAreaTitleBar{background:{bg1};border-bottom:1px solid {line};padding:0;min-height:26px}
ads--CDockWidgetTab{background:transparent;border:0;border-right:1px solid {line};padding:0 4px;min-height:24px}
ads--CDockWidgetTab QLabel{color:{tx3};font-weight:600;font-size:11px}
ads--CDockWidgetTab[activeTab="true"]{background:{bg2};border-bottom:2px solid {acc}}
ads--CDockWidgetTab[activeTab="true"] QLabel{color:{tx1}}
ads--CDockWidget{background:{bg1};border:0}
ads--CTitleBarButton,#tabCloseButton,#tabsMenuButton,#detachGroupButton,#dockAreaCloseButton,#dockAreaAutoHideButton
{background:transparent;border:0;padding:1px}
ads--CAutoHideSideBar{background:{bg1};border:0}
ads--CAutoHideTab{background:transparent;color:{tx2};border:0;padding:4px 8px}
ads--CAutoHideTab:hover{background:{bg3};color:{tx1}}
ads--CAutoHideDockContainer{background:{bg1};border:1px solid {line2}}
ads--CAutoHideDockContainer ads--CDockAreaTitleBar{background:{bg2}}
"""


def _filled(sheet: str) -> str:
    icons = (RESOURCES / "theme").as_posix()
    for name, value in (*T.items(), ("icons", icons)):
        sheet = sheet.replace("{" + name + "}", value)
    return sheet.replace("\n", "")


def dock_sheet() -> str:
    """The rules for docks, to be set on the dock manager and nowhere else."""
    return _filled(_DOCK_SHEET)


def font(size: int = tokens.BASE, weight: QFont.Weight = QFont.Weight.Normal, *, mono: bool = False) -> QFont:
    """The program's font. Digits are tabular, so columns of prices do not dance."""
    return QFont(_font(size, weight, mono))


@cache
def _font(size: int, weight: QFont.Weight, mono: bool) -> QFont:
    """Finding a family by its name takes longer than drawing a cell with it."""
    family = (tokens.MONO, *tokens.MONO_FALLBACK) if mono else (tokens.FONT, *tokens.FONT_FALLBACK)
    made = QFont(list(family))
    made.setPixelSize(size)
    made.setWeight(weight)
    made.setFeature(QFont.Tag("tnum"), 1)
    return made


def palette() -> QPalette:
    role = QPalette.ColorRole
    made = QPalette()
    for name, token in {
        role.Window: "bg1",
        role.WindowText: "tx1",
        role.Base: "bg2",
        role.AlternateBase: "alt",
        role.Text: "tx1",
        role.PlaceholderText: "tx3",
        role.Button: "bg3",
        role.ButtonText: "tx1",
        role.BrightText: "rec",
        role.Highlight: "sel",
        role.HighlightedText: "tx1",
        role.ToolTipBase: "bg4",
        role.ToolTipText: "tx1",
        role.Link: "acc",
        role.LinkVisited: "acc",
        role.Accent: "acc",
        role.Light: "bg4",
        role.Midlight: "bg3",
        role.Mid: "line2",
        role.Dark: "line",
        role.Shadow: "bg0",
    }.items():
        made.setColor(name, QColor(T[token]))
    for name in (role.Text, role.WindowText, role.ButtonText):
        made.setColor(QPalette.ColorGroup.Disabled, name, QColor(T["tx3"]))
    return made


def apply(application: QApplication, name: str = "dark") -> None:
    """Dresses the application. Call it once, before the first widget is made."""
    T.update(tokens.THEMES[name])
    application.setStyle("Fusion")
    application.setPalette(palette())
    application.setFont(font())
    application.setStyleSheet(_filled(_SHEET))
