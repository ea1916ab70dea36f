"""Believable panels for the gallery: fictional names, made with the shell's own widgets."""

from __future__ import annotations

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QLinearGradient, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import (
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QPlainTextEdit,
    QVBoxLayout,
    QWidget,
)

from app.shell import theme
from app.shell.tokens import T
from app.shell.widgets import (
    Card,
    CardList,
    Column,
    Kpi,
    PanelHeader,
    RecordTable,
    SegmentedButtons,
    button,
    caption,
    field,
    heading,
    icon_button,
    label,
    pill,
    separator,
)

CALLS = [
    Card("1", "Northgate AM", "Sarah Whitfield · Turret L1 · speaking now", "phone", "up", "04:12", "up"),
    Card("2", "Helvia Pension", "“can you show me 10mm VOD 33s?”", "message", "", "10:41", badge=2),
    Card("3", "Ostrava Re", "Tomáš Beneš · missed, 2 attempts", "phone-missed", "dn", "10:36"),
    Card("4", "Calder Bank Treasury", "Report synced · interest in 5y EUR", "phone", "", "10:22", mark="check"),
    Card("5", "Kestrel Capital", "Jo Lindqvist: axes pls", "message", "", "10:17", badge=1),
    Card(
        "6",
        "Brightwater Insurance",
        "Report draft · needs disposition",
        "phone",
        "",
        "10:03",
        mark="edit",
        mark_tone="warn",
    ),
    Card("7", "Northgate AM", "Deal confirmed 5mm ENEL 31s", "message", "", "09:54", mark="check"),
    Card("8", "Fjordland Fund", "Report synced · no axe", "phone", "", "09:40", mark="check"),
    Card("9", "Helvia Pension", "Report synced · switch idea sent", "phone", "", "09:28", mark="check"),
    Card("10", "Tessera Partners", "Thanks, will revert after 14:00", "message", "", "09:12", mark="check"),
    Card("11", "Unknown +44 20 7946 0143", "No client match · resolve", "phone-missed", "dn", "08:58"),
    Card("12", "Aldgate Wealth", "Report synced · sent primary deck", "phone", "", "08:47", mark="check"),
]
HOLDINGS = [
    ("VOD 3⅜ 08/33", "25.0", "98.412", "+112", "Axe: buyer", "2d"),
    ("ENEL 4 02/31", "18.5", "101.204", "+84", "Held", "0d"),
    ("BNP 3⅞ 01/34", "15.0", "99.870", "-21", "Watch", "5d"),
    ("TTEFP 3.25 30", "12.0", "100.115", "+9", "Held", "8d"),
    ("ORAFP 3⅜ 11/31", "10.0", "99.336", "-4", "Axe: seller", "1d"),
    ("IBESM 3½ 05/35", "8.0", "97.925", "+31", "Held", "12d"),
    ("DANBNK 4½ 29", "6.5", "102.480", "+17", "Held", "20d"),
    ("DTRGR 4⅜ 33", "5.5", "101.010", "+42", "Held", "6d"),
    ("ABIBB 3.7 40", "5.0", "96.775", "-63", "Watch", "14d"),
    ("ENGIFP 4 35", "4.0", "99.120", "+8", "Axe: buyer", "1d"),
    ("IBESM 3⅜ 32", "4.0", "99.902", "+15", "Held", "7d"),
]
RUNS = [
    ("VOD 3⅜ 33", "1mm", "98.412", "98.486", "56", "-0.06", "6 s", "up"),
    ("ENEL 4 31", "1mm", "98.560", "98.822", "92", "+0.13", "2 s", ""),
    ("BNP 3⅞ 34", "10mm", "96.602", "96.693", "182", "-0.16", "7 s", ""),
    ("TTEFP 3¼ 30", "1mm", "102.632", "102.828", "139", "+0.09", "3 s", "dn"),
    ("ORAFP 3⅜ 31", "5mm", "102.834", "102.998", "176", "+0.47", "7 s", ""),
    ("IBESM 3½ 35", "2mm", "99.996", "100.097", "184", "+0.14", "12 s", ""),
    ("DANBNK 4½ 29", "1mm", "98.607", "98.811", "165", "-0.09", "27 s", ""),
    ("RABOBK 3⅞ 34", "10mm", "101.441", "101.638", "154", "-0.03", "23 s", "up"),
    ("DBR 2.6 34", "2mm", "98.098", "98.195", "114", "+0.11", "33 s", ""),
    ("OAT 3½ 33", "5mm", "99.466", "99.692", "111", "-0.37", "4 s", ""),
    ("BTPS 4.4 33", "2mm", "96.826", "97.093", "145", "-0.37", "2 s", ""),
    ("SPGB 3.45 34", "1mm", "102.734", "102.967", "184", "+0.21", "20 s", "up"),
    ("VW 4¼ 31", "10mm", "98.381", "98.475", "61", "-0.17", "17 s", ""),
    ("BMW 3⅜ 32", "1mm", "99.319", "99.411", "117", "+0.24", "28 s", "dn"),
]
TASKS = [
    ("Send switch idea VOD→ORAFP", "Northgate AM", "before 14:00", "warn"),
    ("Check 15mm with D. Okafor", "Northgate AM", "before 14:00", "warn"),
    ("Return call", "Ostrava Re", "overdue 6m", "dn"),
    ("Finish call report", "Brightwater Ins.", "today", "tx2"),
    ("Send primary deck", "Tessera Partners", "15:00", "tx2"),
    ("Review meeting pack", "Calder Bank", "tomorrow", "tx2"),
]
CHECKS = [
    ("Client limit €50mm", "Pass", "Credit", "up"),
    ("MiFID target market", "Pass", "Compliance", "up"),
    ("Restricted list", "Pass", "Compliance", "up"),
    ("Size above 5mm: trader sign-off", "Waiting", "D. Okafor", "warn"),
]
SAID = [
    ("03:21", "Sarah", "We’re adding duration in telecoms. Where can you offer the Vodafone 33s?"),
    ("03:34", "You", "I can show you ten million at ninety-eight forty-nine, ASW plus ninety-six."),
    ("03:48", "Sarah", "Looks a touch rich against the Orange 31s. Any flex at fifteen?"),
    ("04:02", "You", "Let me check fifteen with the desk. I’ll be back to you before two."),
    ("04:10", "Sarah", "Perfect. And send me the switch idea as well."),
]


def _sign(text: str) -> str:
    return "dn" if text.startswith("-") else "up"


def column_of(*parts: QWidget | QHBoxLayout, margins: tuple[int, int, int, int] = (0, 0, 0, 0)) -> QWidget:
    made = QWidget()
    box = QVBoxLayout(made)
    box.setContentsMargins(*margins)
    box.setSpacing(4)
    for part in parts:
        if isinstance(part, QWidget):
            box.addWidget(part, 1 if isinstance(part, RecordTable | CardList | Chart) else 0)
        else:
            box.addLayout(part)
    return made


def line_of(*parts: QWidget, spacing: int = 6, margins: tuple[int, int, int, int] = (8, 0, 8, 0)) -> QHBoxLayout:
    box = QHBoxLayout()
    box.setSpacing(spacing)
    box.setContentsMargins(*margins)
    for part in parts:
        box.addWidget(part)
    return box


def calls() -> QWidget:
    chosen = SegmentedButtons(["All", "Calls", "Chats", "To report 2"], name="Which")
    row = line_of(chosen, margins=(6, 4, 6, 0))
    row.addStretch()
    cards = CardList("No calls or chats today", name="Calls and chats")
    cards.set_cards(CALLS)
    cards.set_current("1")
    return column_of(row, cards)


def crm() -> QWidget:
    head = PanelHeader("Northgate Asset Management", level=1)
    head.add(pill("Tier 1", "acc"))
    head.add(pill("MiFID: Prof"))
    who = label("Sarah Whitfield · Senior PM, EUR Credit · +44 20 7946 0143", "mut")
    figures = line_of(
        Kpi("Wallet YTD", "€2.41m", "+18%", "up"),
        Kpi("Hit ratio", "34%", "+6 pts", "up"),
        Kpi("Last contact", "54 min", "chat"),
    )
    tabs = line_of(
        SegmentedButtons(["Holdings & axes", "Interactions 41", "Enquiries 12", "Contacts 9"]), margins=(4, 2, 4, 0)
    )
    tabs.addStretch()
    table = RecordTable(
        [
            Column("Bond", lambda r: r[0], 0),
            Column("Size mm", lambda r: r[1], 70, "right", strong=True),
            Column("Price", lambda r: r[2], 74, "right", strong=True),
            Column("P&L bp", lambda r: r[3], 58, "right", color=lambda r: _sign(r[3]), drop=2),
            Column("Interest", lambda r: r[4], 110, color=lambda r: {"b": "up", "s": "dn"}.get(r[4][5:6], "tx2")),
            Column("Last", lambda r: r[5], 44, "right", color=lambda r: "tx3", drop=1),
        ],
        name="Holdings",
    )
    table.set_rows(HOLDINGS)
    table.selectRow(0)
    return column_of(head, line_of(who, margins=(10, 0, 8, 2)), figures, tabs, table)


def pricing() -> QWidget:
    head = PanelHeader("EUR IG runs")
    head.add(pill("Live", "up"))
    head.add_right(label("1,024 px/s", "dim"))
    table = RecordTable(
        [
            Column("Bond", lambda r: r[0], 0),
            Column("Size", lambda r: r[1], 50, "right", color=lambda r: "tx3", drop=2),
            Column("Bid", lambda r: r[2], 64, "right", strong=True, fill=lambda r: f"{r[7]}bg" if r[7] else None),
            Column(
                "Ask", lambda r: r[3], 64, "right", strong=True, fill=lambda r: f"{r[7]}bg" if r[7] == "dn" else None
            ),
            Column("Spd", lambda r: r[4], 44, "right", drop=3),
            Column("Chg", lambda r: r[5], 52, "right", color=lambda r: _sign(r[5])),
            Column("Age", lambda r: r[6], 44, "right", color=lambda r: "tx3", drop=1),
        ],
        name="Prices",
    )
    table.set_rows(RUNS)
    table.selectRow(0)
    return column_of(head, table)


class Chart(QWidget):
    """A drawn line in place of the real chart."""

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        height, width = self.height() - 22, self.width() - 40
        shape = [
            0.25,
            0.28,
            0.22,
            0.35,
            0.2,
            0.31,
            0.4,
            0.36,
            0.52,
            0.6,
            0.72,
            0.68,
            0.8,
            0.92,
            0.84,
            0.7,
            0.6,
            0.5,
            0.66,
        ]
        points = [QPointF(width * n / 18, height * (1 - y * 0.9)) for n, y in enumerate(shape)]
        ground = QLinearGradient(0, 0, 0, height)
        ground.setColorAt(0, QColor(76, 154, 255, 60))
        ground.setColorAt(1, QColor(76, 154, 255, 20))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(ground)
        painter.drawPolygon(QPolygonF([QPointF(0, height), *points, QPointF(width, height)]))
        painter.setPen(QPen(QColor(T["acc"]), 1.4))
        painter.drawPolyline(points)
        painter.setFont(theme.font(11))
        painter.setPen(QColor(T["tx3"]))
        for n in range(5):
            painter.drawText(QPointF(width + 6, height * (n + 0.6) / 5), f"98.{5 - n}")
        painter.end()


def analytics() -> QWidget:
    head = PanelHeader("VOD 3⅜ 08/33")
    head.add(label("98.412", "num"))
    head.add(label("+0.36", "up"))
    head.add(label("ASW 96.2", "mut"))
    head.add_right(SegmentedButtons(["1D", "5D", "1M", "YTD"]))
    return column_of(head, Chart())


def transcript() -> QWidget:
    head = PanelHeader("Live transcript")
    head.add(pill("0.9 s behind", "up"))
    head.add_right(pill("Product", "acc"))
    head.add_right(pill("Follow-up", "warn"))
    table = RecordTable(
        [
            Column("At", lambda r: r[0], 50, color=lambda r: "tx3"),
            Column("Who", lambda r: r[1], 54, color=lambda r: "up" if r[1] == "You" else "acc"),
            Column("Said", lambda r: r[2], 0),
        ],
        name="Transcript",
    )
    table.horizontalHeader().hide()
    table.set_rows(SAID)
    return column_of(head, table)


def followups() -> QWidget:
    table = RecordTable(
        [
            Column("Task", lambda r: r[0], 0),
            Column("Client", lambda r: r[1], 130, color=lambda r: "tx2"),
            Column("Due", lambda r: r[2], 90, "right", color=lambda r: r[3]),
        ],
        name="Follow-ups",
    )
    table.set_rows(TASKS)
    return table


def combo(*items: str) -> QComboBox:
    made = QComboBox()
    made.addItems(items)
    return made


def ticket() -> QWidget:
    form = QGridLayout()
    form.setHorizontalSpacing(8)
    form.setVerticalSpacing(6)
    parts = [
        field("Client", QLineEdit("Northgate AM")),
        field("Instrument", QLineEdit("VOD 3⅜ 08/33")),
        field("Quantity", QLineEdit("10,000,000")),
        field("Price", QLineEdit("98.412")),
        field("Settle", QLineEdit("T+2 · 25 Nov 2026")),
        field("Account", combo("NGAM-EUR-CR1")),
        field("Trader", combo("D. Okafor")),
        field("Reason", combo("Client enquiry · voice")),
        button("Client SELLS  98.412", "sell"),
        button("Client BUYS  98.486", "buy"),
    ]
    for number, part in enumerate(parts):
        form.addWidget(part, number // 2, number % 2)
    checks = RecordTable(
        [
            Column("Check", lambda r: r[0], 0),
            Column("Result", lambda r: r[1], 80, pill=lambda r: r[3]),
            Column("By", lambda r: r[2], 90, "right", color=lambda r: "tx2"),
        ],
        name="Checks",
    )
    checks.set_rows(CHECKS)
    made = QWidget()
    box = QVBoxLayout(made)
    box.setContentsMargins(0, 8, 0, 0)
    box.setSpacing(6)
    upper = QWidget()
    upper.setLayout(form)
    form.setContentsMargins(10, 0, 10, 0)
    box.addWidget(upper)
    said = label("Prefilled from the call: 10mm, VOD 33s, offer side", "dim")
    said.setContentsMargins(10, 0, 10, 0)
    box.addWidget(said)
    box.addWidget(separator())
    title = caption("Pre-trade checks")
    title.setContentsMargins(10, 0, 0, 0)
    box.addWidget(title)
    box.addWidget(checks, 1)
    return made


def report() -> QWidget:
    made = QWidget()
    box = QVBoxLayout(made)
    box.setContentsMargins(12, 8, 12, 10)
    box.setSpacing(6)
    head = line_of(heading("Call report"), label("draft · saved locally 10:42:31", "dim"), margins=(0, 0, 0, 0))
    head.addStretch()
    head.addWidget(pill("04:12"))
    head.addWidget(icon_button("x", "Close", size=13))
    box.addLayout(head)
    box.addWidget(separator())
    grid = QGridLayout()
    grid.setSpacing(8)
    grid.addWidget(field("Client", QLineEdit("Northgate Asset Management")), 0, 0)
    grid.addWidget(field("Contact", combo("Sarah Whitfield")), 0, 1)
    grid.addWidget(field("Disposition", combo("Interested – follow up")), 1, 0)
    grid.addWidget(field("Follow-up", QLineEdit("Today 14:00")), 1, 1)
    box.addLayout(grid)
    box.addWidget(caption("Products discussed"))
    products = line_of(
        pill("VOD 3⅜ 08/33  97 %", "acc"), pill("ORAFP 3⅜ 31  81 %", "acc"), pill("+ add", "acc"), margins=(0, 0, 0, 0)
    )
    products.addStretch()
    box.addLayout(products)
    text = QPlainTextEdit(
        "Client adding EUR telecom duration; asked for an offer in VOD 33s. Quoted 10mm at 98.49 (ASW+96). Client "
        "finds it rich vs ORAFP, asked for flex at 15mm. To revert before 14:00 with trader level and a switch idea."
    )
    text.setFixedHeight(84)
    box.addWidget(field("Summary", text))
    box.addWidget(label("3 fields suggested · Tab accepts, Esc rejects", "dim"))
    box.addWidget(separator())
    foot = line_of(button("Discard", "ghost"), margins=(0, 2, 0, 0))
    foot.addStretch()
    foot.addWidget(button("Save draft  Ctrl S"))
    foot.addWidget(button("Submit & next  Ctrl ⏎", "pri"))
    box.addLayout(foot)
    return made
