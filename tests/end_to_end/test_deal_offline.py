"""Two desks and their server: a deal with the network out, within what the desk holds of the customer's line."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from app.desk.program import Program
from app.records.tables import (
    CreditReserve,
    Deal,
    Organization,
)
from tests.end_to_end.desk import Desk
from tests.end_to_end.two_desks import everything, in_step, network_out_as_it_rings
from tests.sync.pages import runner, says, shoot
from tests.sync.serving import Server

pytestmark = pytest.mark.timeout(900)


def registered(desk: Desk) -> str:
    """The id of a small deal with the customer in focus."""
    deals = desk.app("deskline-deals")
    before = {row.id for row in deals.state.value.rows}
    desk.play(deals.clear())
    desk.play(deals.choose_instrument("EURUSD"))
    desk.play(deals.choose_side("buy"))
    desk.play(deals.type("quantity", "20000"))
    desk.play(deals.type("price", "1.0923"))
    desk.until(lambda: deals.state.value.reading.complete, "a complete ticket")
    for _ in range(3):  # the ticket asks to be read again when it changed as it was registered
        desk.play(deals.register(deals.state.value.ticket, {}, "As agreed with the desk head."))
        if not (deals.state.value.refused or deals.state.value.needs_reason):
            break
    return str(
        desk.until(
            lambda: next(iter({row.id for row in deals.state.value.rows} - before), ""),
            f"the deal in the blotter; the ticket says: {deals.state.value.refused}",
        )
    )


def standing(deals: Any, deal: str) -> str | None:
    """As the blotter shows the deal; None while it does not."""
    return next((row.standing for row in deals.state.value.rows if row.id == deal), None)


def consumed(reserve: CreditReserve, site: str) -> Decimal:
    return Decimal(reserve.sites[site]["consumed"])


def test_a_deal_with_the_network_out_is_requested_and_then_done_on_both_desks(
    qtbot: QtBot, open_desk: Callable[..., Desk], second: Program, server: Server
) -> None:
    desk = open_desk(speed=6.0)
    first, until, play = desk.program, desk.until, desk.play
    in_step(qtbot, desk, second, server)
    network_out_as_it_rings(desk, server)
    read = runner(qtbot, second)
    crm, deals = desk.app("deskline-crm"), desk.app("deskline-deals")
    organization = crm.state.value.customer.organization.id
    # A deal within what the desk holds of the line: the server has still to accept it.
    deal = registered(desk)
    until(lambda: standing(deals, deal) == "requested", "the deal as requested")
    booked = desk.read(lambda session: session.get_one(Deal, deal))
    line, site = booked.credit["line_id"], first.core.records.site
    assert consumed(desk.read(lambda session: session.get_one(CreditReserve, line)), site) == 0
    assert first.ui.commands.run("deals.blotter")
    shoot(first, "deal-requested")

    # Meanwhile both write a note on the same customer.
    actor = first.core.services.user.actor
    play(first.core.records.write(actor, lambda c: c.update(Organization, organization, notes="ann's note")))
    other = second.core.services.user.actor
    read(second.core.records.write(other, lambda c: c.update(Organization, organization, notes="bob's note")))

    # And it comes back.
    server.start()
    first.ui.commands.run("desk.sync-now")
    second.ui.commands.run("desk.sync-now")
    until(lambda: says(first) == ("Online", "1 conflict"), "the first desk in step", 120)
    until(lambda: says(second) == ("Online", "1 conflict"), "the other desk in step", 120)
    # The deal is confirmed, and stands on the other desk; what it uses comes out of what the desk held.
    until(lambda: standing(deals, deal) == "", "the deal as done")
    others = second.core.apps["deskline-deals"].app
    assert second.ui.commands.run("deals.blotter")
    until(lambda: standing(others, deal) == "", "the deal on the other desk")
    theirs = read(second.core.records.query(lambda session: session.get_one(Deal, deal)))
    assert (theirs.status, theirs.quantity, theirs.trader_id) == ("registered", booked.quantity, booked.trader_id)
    for reserve in (
        desk.read(lambda session: session.get_one(CreditReserve, line)),
        read(second.core.records.query(lambda session: session.get_one(CreditReserve, line))),
    ):
        assert consumed(reserve, site) > 0
    shoot(first, "network-back")
    shoot(second, "network-back-other")

    assert desk.read(everything) == read(second.core.records.query(everything))
