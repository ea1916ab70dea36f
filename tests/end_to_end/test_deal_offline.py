"""Two desks and their server: a deal with the network out, within what the desk holds of the customer's line."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.desk.program import Program, make_application
from app.records.codec import encode_row, models
from app.records.tables import (
    CreditReserve,
    Deal,
    Instrument,
    Organization,
)
from app.settings import Settings
from tests.end_to_end.desk import CALLER, DEMO, Desk
from tests.sync.pages import connect, runner, says, shoot
from tests.sync.serving import Server, served

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    # Not pytest's own folder: Postgres runs as another user where we are root.
    with tempfile.TemporaryDirectory(prefix="deskline-test-") as folder, served(Path(folder)) as running:
        yield running


@pytest.fixture
def second(qtbot: QtBot, tmp_path: Path) -> Iterator[Program]:
    """A colleague's desk, new and empty."""
    settings = Settings(data_folder=str(tmp_path), desk="second", turret=False, chat=False)
    make_application(settings)
    program = Program(settings, key=bytes(32), quit_application=False)
    with qtbot.waitSignal(program.outside_ready, timeout=90_000):
        program.start()
    yield program
    with qtbot.waitSignal(program.closed, timeout=30_000):
        program.quit()


def everything(session: Session) -> dict[tuple[str, str], object]:
    return {
        (table, row.id): encode_row(row) for table, model in models().items() for row in session.scalars(select(model))
    }


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
    connect(qtbot, first, server, "ann", brings_history=True)
    until(lambda: says(first) == ("Online", "Synced"), "the demo desk at the server", 180)
    connect(qtbot, second, server, "bob")
    shoot(second, "first-sync")
    until(lambda: says(second) == ("Online", "Synced"), "the first sync of the other desk", 180)
    read = runner(qtbot, second)
    instrument = read(second.core.records.query(lambda session: session.scalars(select(Instrument.id)).first()))
    until(lambda: second.core.prices.quote(instrument or ""), "a price of what came from the server")
    assert desk.read(everything) == read(second.core.records.query(everything))

    # The customer is in focus once while the server is there: the desk holds a part of their line from then on.
    crm, deals = desk.app("deskline-crm"), desk.app("deskline-deals")
    play(desk.stage.ring(CALLER, DEMO / "call.wav"))
    until(lambda: deals.state.value.ticket.client is not None, "the ticket to turn")
    until(lambda: desk.read(lambda session: session.scalars(select(CreditReserve)).all()), "a part of the line")

    # The network goes while it rings.
    server.kill()
    until(lambda: says(first)[0].startswith("Offline"), "the desk to know it")
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
