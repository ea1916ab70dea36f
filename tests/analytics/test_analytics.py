from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
from decimal import Decimal

import pytest

from app.market.book import Tick
from app.records.tables import Deal
from fdc3.types import Contact, Instrument, Organization
from plugins.analytics import app as analytics
from plugins.analytics.app import AnalyticsApp, start
from plugins.analytics.business import Mark, daily, moving_average
from plugins.analytics.view import AnalyticsPanel
from tests.deals.small_desk import NOW, Agent, Desk, Stage, until


@pytest.fixture
async def figures(agent: Agent, desk: Desk):  # type: ignore[no-untyped-def]
    app = await start(await agent.join("deskline-analytics"), desk.services)
    yield app
    await app.close()


async def test_a_customer_in_focus_brings_twelve_months_of_business(agent: Agent, figures: AnalyticsApp) -> None:
    await agent.other.broadcast(Contact(id={"deskline": "sarah"}))
    await until(lambda: figures.state.value.business)
    business = figures.state.value.business
    assert business is not None
    assert (len(business.months), business.months[-1][0]) == (12, dt.date(2026, 11, 1))
    assert sum(part.usd for _, part in business.months) == business.total.usd
    assert [share.product for share in business.products] == ["bond", "fx-spot", "equity"] or business.products[
        0
    ].product == "bond"
    assert sum(share.part for share in business.products) == pytest.approx(1)
    assert business.hit_ratio.dealt < business.hit_ratio.asked
    assert business.sentence.startswith(f"{business.total.deals} deals, of whose sales credit")


async def test_a_customer_without_business_is_said_to_have_none(agent: Agent, figures: AnalyticsApp) -> None:
    await agent.other.broadcast(Organization(id={"deskline": "bare"}))
    await until(lambda: figures.state.value.business)
    assert figures.state.value.business is not None
    assert figures.state.value.business.sentence == "No deals in the last twelve months."


async def test_an_instrument_in_focus_brings_its_deals_with_the_customers_own_marked(
    agent: Agent, figures: AnalyticsApp
) -> None:
    await agent.other.broadcast(Organization(id={"deskline": "ngam"}))
    await agent.other.broadcast(Instrument(id={"ISIN": "XS2104567890"}))
    await until(lambda: figures.state.value.focus)
    focus = figures.state.value.focus
    assert focus is not None
    assert focus.symbol == "VOD 3⅜ 08/33"
    assert len(focus.deals) == 6
    assert all(mark.theirs for mark in focus.deals)
    assert [mark.at for mark in focus.deals] == sorted(mark.at for mark in focus.deals)


@pytest.mark.parametrize("intent", ["ViewInstrument", "ViewChart", "ViewAnalysis"])
async def test_the_intents_of_a_chat_are_served(agent: Agent, figures: AnalyticsApp, intent: str) -> None:
    await (await agent.other.raise_intent(intent, Instrument(id={"ticker": "SAP"}))).get_result()
    state = figures.state.value
    assert state.focus is not None
    assert (state.focus.instrument_id, state.asked) == ("sap", 1)


async def test_an_instrument_nobody_knows_is_said_to_be_unknown(agent: Agent, figures: AnalyticsApp) -> None:
    await (await agent.other.raise_intent("ViewChart", Instrument(id={"ticker": "ZZZ"}, name="Zed plc"))).get_result()
    assert figures.state.value.text == "The desk has no data on Zed plc."


async def test_a_registered_deal_appears(agent: Agent, desk: Desk, figures: AnalyticsApp) -> None:
    await agent.other.broadcast(Instrument(id={"deskline": "sap"}))
    await until(lambda: figures.state.value.focus)
    row = Deal(
        organization_id="ngam", instrument_id="sap", product="equity", client_side="buy", quantity=Decimal(1),
        price=Decimal(213), price_type="price", traded_at=NOW, source="voice",
    )  # fmt: skip
    await desk.records.write("user:test", lambda change: change.add(row))
    await until(lambda: figures.state.value.focus and figures.state.value.focus.deals[-1].price == 213)


def test_each_day_counts_with_its_last_deal() -> None:
    marks = tuple(Mark(at, price, "buy", False) for at, price in ((10.0, 1.0), (20.0, 2.0), (86_400.0 + 5, 3.0)))
    assert daily(marks, 0) == ([20.0, 86_405.0], [2.0, 3.0])
    assert daily(marks, 86_400) == ([86_405.0], [3.0])


def test_the_moving_average_starts_with_what_there_is() -> None:
    assert moving_average([1, 2, 3, 4], 2) == [1.0, 1.5, 2.5, 3.5]


def test_the_plotting_library_is_not_imported_with_the_panel() -> None:
    code = "import sys, plugins.analytics.view; sys.exit('pyqtgraph' in sys.modules or 'numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_panel_draws_price_and_business(stage: Stage, qtbot) -> None:  # type: ignore[no-untyped-def]
    prices = stage.desk.prices
    for second in range(900):
        move = Decimal(second % 97 - 40) / 1000 + Decimal(second) / 9000
        at = NOW + dt.timedelta(seconds=second)
        prices.update([Tick("vod33", Decimal("98.30") + move, Decimal("98.36") + move)], at)
    app = stage.start(analytics, "deskline-analytics")
    panel = AnalyticsPanel(app, stage.ui)
    qtbot.addWidget(panel)
    panel.resize(610, 560)
    panel.show()
    assert panel.chart is None
    stage.call(stage.agent.other.broadcast(Organization(id={"deskline": "ngam"})))
    stage.call(stage.agent.other.broadcast(Instrument(id={"deskline": "vod33"})))
    qtbot.waitUntil(lambda: panel.chart is not None and panel._charts.currentWidget() is panel.chart, timeout=20_000)
    assert panel.header.title.text() == "VOD 3⅜ 08/33"
    assert panel.source.text_whole().startswith("Mid of the feed since")
    qtbot.waitUntil(lambda: len(panel.business.months.bars) == 12)
    shot(panel, "1d")
    panel.spans.set_current(3)
    assert panel.source.text_whole().startswith("Last price dealt here each day, 6 days with deals")
    shot(panel, "ytd")


def shot(panel: AnalyticsPanel, name: str) -> None:
    if folder := os.environ.get("DESKLINE_SHOTS"):
        panel.grab().save(f"{folder}/analytics-{name}.png")
