"""A demo desk, a colleague's empty one, and their server."""

from __future__ import annotations

from pytestqt.qtbot import QtBot
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.desk.program import Program
from app.records.codec import encode_row, models
from app.records.tables import CreditReserve, Instrument
from tests.end_to_end.desk import CALLER, DEMO, Desk
from tests.sync.pages import connect, runner, says, shoot
from tests.sync.serving import Server


def everything(session: Session) -> dict[tuple[str, str], object]:
    return {
        (table, row.id): encode_row(row) for table, model in models().items() for row in session.scalars(select(model))
    }


def in_step(qtbot: QtBot, desk: Desk, second: Program, server: Server) -> None:
    """Connects both; the empty desk has everything of the other's in the end."""
    first, until = desk.program, desk.until
    connect(qtbot, first, server, "ann", brings_history=True)
    until(lambda: says(first) == ("Online", "Synced"), "the demo desk at the server", 180)
    connect(qtbot, second, server, "bob")
    shoot(second, "first-sync")
    until(lambda: says(second) == ("Online", "Synced"), "the first sync of the other desk", 180)
    read = runner(qtbot, second)
    instrument = read(second.core.records.query(lambda session: session.scalars(select(Instrument.id)).first()))
    until(lambda: second.core.prices.quote(instrument or ""), "a price of what came from the server")
    assert desk.read(everything) == read(second.core.records.query(everything))


def network_out_as_it_rings(desk: Desk, server: Server) -> None:
    """The customer is in focus once while the server is there: the desk holds a part of their line from then on."""
    deals, until = desk.app("deskline-deals"), desk.until
    desk.play(desk.stage.ring(CALLER, DEMO / "call.wav"))
    until(lambda: deals.state.value.ticket.client is not None, "the ticket to turn")
    until(lambda: desk.read(lambda session: session.scalars(select(CreditReserve)).all()), "a part of the line")
    server.kill()
    until(lambda: says(desk.program)[0].startswith("Offline"), "the desk to know it")
