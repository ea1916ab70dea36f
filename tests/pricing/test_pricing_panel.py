"""The pricing panel: whose instruments it shows, over a real agent and real records; and how the grid ticks."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Callable, Iterator
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.market.book import FeedStatus, PriceBook, Tick
from app.records.ids import new_id
from app.records.store import Records
from app.records.tables import Contact, Deal, Enquiry, Holding, Instrument, Organization, User
from app.services import CurrentUser, Services, State
from app.settings import Settings
from app.shell import theme
from app.shell.io_loop import IoLoop
from app.shell.ui import Ui
from fdc3.client import DesktopAgent, connect_memory
from fdc3.directory import AppDirectory
from fdc3.host import Host
from fdc3.types import Contact as ContactContext
from fdc3.types import Context
from plugins.pricing.app import PricingApp, PricingState, start
from plugins.pricing.lists import PriceLine
from plugins.pricing.rows import age, amount, signed
from plugins.pricing.view import ROWS_A_FRAME, PricingPanel

ROOT = Path(__file__).parents[2]
NOW = dt.datetime(2026, 11, 21, 10, 0, tzinfo=dt.UTC)
CHANNEL = "fdc3.channel.6"


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.01)


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Records]:
    with Records.open(tmp_path / "records", bytes(range(32))) as opened:
        with opened.change("system:test") as change:
            change.add(User(id="u", name="Max Kern", initials="MK", desk="Credit", email="", roles=[]))
            for org in ("north", "quiet"):
                change.add(
                    Organization(id=org, name=f"{org} Asset Management", short_name=org.title(), kind="asset manager")
                )
            change.add(Contact(id="sarah", organization_id="north", name="Sarah Whitfield"))
            for name in ("VOD", "ENEL", "BNP", "DBR", "OAT"):
                change.add(
                    Instrument(
                        id=name.lower(),
                        kind="bond",
                        symbol=f"{name} 3 33",
                        name=name,
                        currency="EUR",
                        isin=f"XS{name}",
                        price_type="price",
                        price_decimals=3,
                        reference_price=Decimal("98.4"),
                        aliases=[],
                    )
                )
            today = NOW.date()
            for instrument, interest in (("vod", "held"), ("enel", "axe_buyer")):
                change.add(
                    Holding(
                        id=new_id(),
                        organization_id="north",
                        instrument_id=instrument,
                        quantity=Decimal(5_000_000),
                        average_price=Decimal(98),
                        interest=interest,
                        as_of=today,
                    )
                )
            change.add(Enquiry(id=new_id(), organization_id="north", instrument_id="bnp", outcome="passed", at=NOW))
            change.add(
                Deal(
                    id=new_id(),
                    organization_id="quiet",
                    instrument_id="dbr",
                    product="bond",
                    client_side="buy",
                    quantity=Decimal(1),
                    price=Decimal(98),
                    price_type="price",
                    traded_at=NOW,
                    source="voice",
                    credit={},
                )
            )
        yield opened


@pytest.fixture
async def host() -> AsyncIterator[Host]:
    running = Host(AppDirectory.load(ROOT / "plugins/pricing/app.json"))
    await running.start()
    yield running
    await running.close()


@pytest.fixture
async def crm(host: Host) -> AsyncIterator[DesktopAgent]:
    agent = await connect_memory(host, app_id="crm")
    await agent.join_user_channel(CHANNEL)
    yield agent
    await agent.close()


@pytest.fixture
async def pricing(host: Host, records: Records) -> AsyncIterator[PricingApp]:
    services = Services(
        user=CurrentUser("u", "Max Kern", "MK", "Credit"),
        records=records,
        conversations=cast(Any, None),
        prices=PriceBook(),
        settings=Settings(),
        clock=lambda: NOW,
        notify=lambda notice: None,
    )
    agent = await connect_memory(host, app_id="deskline-pricing")
    await agent.join_user_channel(CHANNEL)
    yield await start(agent, services)
    await agent.close()


def shown(app: PricingApp) -> list[str]:
    return [line.id for line in app.state.value.lines]


async def test_without_a_customer_the_desk_sees_what_it_deals(pricing: PricingApp) -> None:
    assert pricing.state.value.title == "Desk runs"
    assert shown(pricing)[0] == "dbr"
    assert len(shown(pricing)) == 5


async def test_a_customer_in_focus_brings_axes_then_business_then_holdings(
    pricing: PricingApp, crm: DesktopAgent
) -> None:
    await crm.broadcast(ContactContext(name="Sarah", id={"deskline": "sarah"}))
    await until(lambda: pricing.state.value.organization_id == "north")
    assert [(line.id, line.why) for line in pricing.state.value.lines] == [
        ("enel", "Axe: buyer"),
        ("bnp", "Asked 21 Nov"),
        ("vod", "Held"),
    ]
    await crm.broadcast(Context.parse({"type": "fdc3.contact", "name": "Nobody", "id": {"phone": "+442079460999"}}))
    await until(lambda: pricing.state.value.title == "Desk runs")


async def test_an_instrument_chosen_elsewhere_is_shown_even_if_it_is_not_the_customers(
    pricing: PricingApp, crm: DesktopAgent
) -> None:
    await crm.broadcast(Context.parse({"type": "fdc3.organization", "id": {"deskline": "north"}}))
    await until(lambda: pricing.state.value.organization_id == "north")
    await crm.broadcast(Context.parse({"type": "fdc3.instrument", "id": {"ISIN": "XSOAT"}}))
    await until(lambda: pricing.state.value.focus == "oat")
    assert shown(pricing) == ["oat", "enel", "bnp", "vod"]


async def test_choosing_a_row_tells_the_other_panels(pricing: PricingApp, crm: DesktopAgent) -> None:
    heard: list[Context] = []
    await crm.add_context_listener("fdc3.instrument", lambda context, metadata: heard.append(context))
    await pricing.choose("vod")
    await until(lambda: heard)
    assert heard == [{"type": "fdc3.instrument", "name": "VOD 3 33", "id": {"deskline": "vod", "ISIN": "XSVOD"}}]


async def test_view_quote_puts_the_instrument_in_focus(pricing: PricingApp, crm: DesktopAgent) -> None:
    context = Context.parse({"type": "fdc3.instrument", "id": {"deskline": "bnp"}})
    resolution = await crm.raise_intent("ViewQuote", context)
    assert await resolution.get_result() == context
    assert (pricing.state.value.focus, pricing.state.value.asked) == ("bnp", 1)


@pytest.mark.parametrize(
    ("size", "unit", "text"),
    [
        (1_000_000, None, "1mm"),
        (2_500_000, None, "2.5mm"),
        (10_000, "shares", "10k"),
        (100, "lots", "100 lots"),
        (0, None, ""),
    ],
)
def test_amounts_read_as_a_desk_writes_them(size: int, unit: str | None, text: str) -> None:
    assert amount(size, unit) == text


def test_changes_carry_a_sign_and_ages_a_unit() -> None:
    assert [signed(Decimal(x), 2) for x in ("0.36", "-0.06", "0", "0.001")] == ["+0.36", "−0.06", "0.00", "0.00"]
    assert [age(x) for x in (-1, 6, 61, 7200)] == ["0 s", "6 s", "1 m", "2 h"]


# --- the grid ---


class Grid:
    """A panel over a book that the test fills, with a clock that the test turns."""

    def __init__(self, qtbot: QtBot, ui: Ui, count: int) -> None:
        self.book = PriceBook()
        self.lines = tuple(PriceLine(f"i{n}", f"BOND {n}", "Bond", "bond", 3, None, "Held") for n in range(count))
        self.state = State(PricingState("Northgate", "north", self.lines, None, 0, False))
        self.chosen: list[str] = []
        self.now = 100.0
        app = SimpleNamespace(state=self.state, prices=self.book, choose=self._choose, show_desk=None)
        self.panel = PricingPanel(cast(Any, app), ui, monotonic=lambda: self.now)
        qtbot.addWidget(self.panel)
        self.panel.resize(480, 400)

    async def _choose(self, instrument_id: str) -> None:
        self.chosen.append(instrument_id)

    def tick(self, *prices: tuple[int, str]) -> None:
        self.book.update(
            [Tick(f"i{n}", Decimal(bid), Decimal(bid) + Decimal("0.05"), 1_000_000) for n, bid in prices], NOW
        )


@pytest.fixture
def ui(qapp: QApplication) -> Iterator[Ui]:
    theme.apply(qapp)
    loop = IoLoop()
    loop.start()
    yield Ui(loop, clock=lambda: NOW + dt.timedelta(seconds=6))
    loop.stop()


@pytest.fixture
def grid(qtbot: QtBot, ui: Ui) -> Grid:
    return Grid(qtbot, ui, 30)


def test_a_price_that_moves_flashes_and_calms_down(grid: Grid) -> None:
    grid.tick((0, "98.400"))
    grid.panel.flush()
    row = grid.panel.table.rows[0]
    assert (row.bid, row.ask, row.spread, row.size) == ("98.400", "98.450", "5.1", "1mm")
    assert row.bid_flash is None  # the first price is no change
    grid.tick((0, "98.390"))
    grid.panel.flush()
    assert (row.bid_flash, row.ask_flash) == ("dnbg", "dnbg")
    grid.now += 1
    grid.panel.flush()
    assert row.bid_flash is None


def test_a_burst_is_spread_over_frames_and_ends_with_the_newest_prices(grid: Grid) -> None:
    for step in range(3):
        grid.tick(*((n, f"9{step}.{n:03d}") for n in range(30)))
    grid.panel.flush()
    filled = [row for row in grid.panel.table.rows if row.bid]
    assert len(filled) == ROWS_A_FRAME
    for _ in range(30 // ROWS_A_FRAME):
        grid.panel.flush()
    assert [row.bid for row in grid.panel.table.rows] == [f"92.{n:03d}" for n in range(30)]


def test_stale_prices_are_grey_and_the_pill_says_so(grid: Grid, qtbot: QtBot) -> None:
    grid.tick((0, "98.400"))
    grid.book.status.set(FeedStatus("live", "Simulated", ""))
    grid.panel.flush()
    grid.book.mark_stale()
    grid.book.status.set(FeedStatus("stale", "Simulated", "The price feed is away."))
    grid.panel.flush()
    assert grid.panel.table.rows[0].tone == "tx3"
    qtbot.waitUntil(lambda: grid.panel._pill.text() == "Stale")
    assert grid.panel._pill.toolTip() == "The price feed is away."


def test_a_new_list_shows_its_prices_at_once(grid: Grid, qtbot: QtBot) -> None:
    grid.tick(*((n, "98.400") for n in range(30)))
    grid.state.set(PricingState("Kestrel", "k", grid.lines[10:20], "i12", 0, False))
    qtbot.waitUntil(lambda: len(grid.panel.table.rows) == 10)
    assert all(row.bid == "98.400" and row.age == "6 s" for row in grid.panel.table.rows)
    assert grid.panel.table.current().id == "i12"
    assert grid.chosen == []  # what came from elsewhere is not sent round again


def test_rows_are_chosen_and_copied_by_keyboard(grid: Grid, qtbot: QtBot) -> None:
    grid.tick((0, "98.400"), (1, "97.100"))
    grid.panel.flush()
    grid.panel.show()
    grid.panel.table.setFocus()
    grid.panel.table.selectRow(0)
    qtbot.keyClick(grid.panel.table, Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: grid.chosen == ["i0", "i1"])
    qtbot.keyClick(grid.panel.table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert "BOND 1\t1mm\t97.100\t97.150" in QGuiApplication.clipboard().text()
    grid.panel.hide()


def test_a_narrow_panel_keeps_instrument_bid_and_ask(grid: Grid) -> None:
    grid.panel.show()
    for width, hidden in ((480, []), (440, ["Age"]), (400, ["Size", "Age"]), (330, ["Size", "Spd bp", "Age"])):
        grid.panel.resize(width, 400)
        titles = [column.title for column in grid.panel.table._columns]
        assert [title for place, title in enumerate(titles) if grid.panel.table.isColumnHidden(place)] == hidden
    grid.panel.hide()


def test_an_empty_list_says_why(qtbot: QtBot, ui: Ui) -> None:
    empty = Grid(qtbot, ui, 0)
    assert "No instruments to price yet" in empty.panel.table._empty
