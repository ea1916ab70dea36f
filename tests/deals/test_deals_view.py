from __future__ import annotations

import os
from decimal import Decimal

import pytest
from PySide6.QtCore import Qt

from app.records.tables import Deal
from fdc3.types import Context, Instrument, Organization
from plugins.deals import app as deals
from plugins.deals.view import BLOTTER, DealsPanel
from tests.deals.small_desk import Stage


@pytest.fixture
def panel(stage: Stage, qtbot) -> DealsPanel:  # type: ignore[no-untyped-def]
    made = DealsPanel(stage.start(deals, "deskline-deals"), stage.ui)
    qtbot.addWidget(made)
    made.resize(490, 430)
    with qtbot.waitActive(made):
        made.show()
        made.activateWindow()
    stage.call(stage.agent.other.broadcast(Organization(id={"deskline": "ngam"})))
    stage.call(stage.agent.other.broadcast(Instrument(id={"deskline": "vod33"})))
    qtbot.waitUntil(
        lambda: made.ticket.client.text() == "Northgate AM" and made.ticket.instrument.text().startswith("VOD")
    )
    return made


def shot(panel: DealsPanel, name: str) -> None:
    if folder := os.environ.get("DESKLINE_SHOTS"):
        panel.grab().save(f"{folder}/deals-{name}.png")


def settled(qtbot, panel: DealsPanel, text: str) -> None:  # type: ignore[no-untyped-def]
    qtbot.waitUntil(lambda: text in panel.ticket.credit.text())


def test_a_deal_is_registered_with_the_keyboard_alone(panel: DealsPanel, stage: Stage, qtbot) -> None:  # type: ignore[no-untyped-def]
    assert panel.ticket.sell.text() == "Client SELLS 98.412"
    assert panel.ticket.buy.text() == "Client BUYS 98.486"
    stage.ui.commands.run("deals.ticket")
    assert panel.ticket.lines["quantity"].hasFocus()
    qtbot.keyClicks(panel.ticket.lines["quantity"], "10m")
    qtbot.keyClick(panel.ticket.lines["quantity"], Qt.Key.Key_B, Qt.KeyboardModifier.AltModifier)
    settled(qtbot, panel, "this deal 9.85mm")
    assert panel.ticket.credit.text().startswith("EUR  Limit 50mm · used 20mm")
    assert panel.ticket.lines["price"].text() == "98.486"
    assert panel.ticket.lines["value_date"].placeholderText() == "T+2 · 26 Nov 2026"
    shot(panel, "ticket")
    qtbot.keyClick(panel.ticket.lines["quantity"], Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: panel.pages._group.button(BLOTTER).text() == "Blotter 1")
    assert panel.ticket.lines["quantity"].text() == ""
    assert [deal.price for deal in stage.desk.all(Deal, Deal.interaction_id.is_(None), Deal.source == "voice")].count(
        Decimal("98.486")
    ) == 1


def test_typing_is_never_overwritten_while_prices_move_and_words_are_heard(
    panel: DealsPanel, stage: Stage, qtbot
) -> None:  # type: ignore[no-untyped-def]
    price = panel.ticket.lines["price"]
    price.setFocus()
    price.selectAll()
    qtbot.keyClicks(price, "98.4")
    channel = stage.call(stage.agent.other.get_or_create_channel("deskline.conversation"))
    about = {"id": {"deskline": "i1"}}
    state = Context(type="deskline.conversation.state", organization_id="ngam", kind="call", phase="live", **about)
    said = {
        "client_side": "buy",
        "instrument_id": "vod33",
        "quantity": 15_000_000,
        "quantity_ccy": "EUR",
        "price": 98.49,
    }
    stage.call(channel.broadcast(state))
    stage.call(channel.broadcast(Context(type="deskline.conversation.facts", report={"deals": [said]}, **about)))
    qtbot.waitUntil(lambda: panel.ticket.lines["quantity"].text() == "15,000,000 EUR")
    qtbot.keyClicks(price, "5")
    assert price.text() == "98.45"
    assert panel.ticket.lines["quantity"].property("k") == "said"
    assert "15mm" in panel.ticket._heard_text.text_whole()
    settled(qtbot, panel, "this deal")
    shot(panel, "heard")
    stage.ui.commands.run("deals.accept")
    qtbot.waitUntil(lambda: panel.ticket.lines["quantity"].property("k") == "")
    assert price.text() == "98.45"


def test_a_day_that_was_said_and_is_none_to_settle_on_is_explained(panel: DealsPanel, stage: Stage, qtbot) -> None:  # type: ignore[no-untyped-def]
    channel = stage.call(stage.agent.other.get_or_create_channel("deskline.conversation"))
    about = {"id": {"deskline": "i1"}}
    state = Context(type="deskline.conversation.state", organization_id="ngam", kind="call", phase="live", **about)
    said = {"client_side": "buy", "instrument_id": "vod33", "quantity": 5_000_000, "value_date": "2026-11-28"}
    stage.call(channel.broadcast(state))
    stage.call(channel.broadcast(Context(type="deskline.conversation.facts", report={"deals": [said]}, **about)))
    qtbot.waitUntil(lambda: panel.ticket.lines["value_date"].property("k") == "bad")
    qtbot.waitUntil(panel.ticket.problem.isVisible)
    assert "Saturday" in panel.ticket.problem.text()
    foot = panel.ticket.register
    assert panel.rect().contains(foot.mapTo(panel, foot.rect().bottomRight())), "Register stays in sight"
    assert not panel.ticket.register.isEnabled()


def test_an_unreadable_entry_is_marked_and_explained(panel: DealsPanel, qtbot) -> None:  # type: ignore[no-untyped-def]
    quantity = panel.ticket.lines["quantity"]
    qtbot.keyClicks(quantity, "ten")
    qtbot.waitUntil(lambda: quantity.property("k") == "bad")
    assert "is not a quantity" in panel.ticket.problem.text()
    assert not panel.ticket.register.isEnabled()
    shot(panel, "bad")


def test_a_referral_asks_for_a_reason_and_ctrl_enter_goes_ahead(panel: DealsPanel, stage: Stage, qtbot) -> None:  # type: ignore[no-untyped-def]
    qtbot.keyClicks(panel.ticket.lines["quantity"], "31m")
    stage.ui.commands.run("deals.client_buys")
    settled(qtbot, panel, "over the limit")
    stage.ui.commands.run("deals.register")
    qtbot.waitUntil(panel.ticket.reason.isVisible)
    shot(panel, "referral")
    qtbot.keyClicks(panel.ticket.reason, "J. Tan agrees")
    stage.ui.commands.run("deals.register")
    qtbot.waitUntil(lambda: panel.pages._group.button(BLOTTER).text() == "Blotter 1")
    assert not panel.ticket.reason.isVisible()


def test_the_blotter_cancels_with_delete_and_undoes(panel: DealsPanel, stage: Stage, qtbot) -> None:  # type: ignore[no-untyped-def]
    stage.ui.commands.run("deals.blotter")
    panel.blotter.scope.set_current(1)
    qtbot.waitUntil(lambda: len(panel.blotter.table.rows) == 24)
    panel.blotter.table.setFocus()
    panel.blotter.table.selectRow(0)
    qtbot.keyClick(panel.blotter.table, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: panel.blotter.table.row_at(0).cancelled)
    assert panel.blotter.undo_bar.isVisible()
    shot(panel, "blotter")
    qtbot.keyClick(panel.blotter.table, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: not panel.blotter.table.row_at(0).cancelled)
    assert not panel.blotter.undo_bar.isVisible()
