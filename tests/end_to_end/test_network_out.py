"""Two desks and their server: a call with the network out, and everything in step when it is back."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.desk.program import Program, make_application
from app.records.codec import encode_row, models
from app.records.tables import (
    CallReport,
    CreditReserve,
    FollowUp,
    Instrument,
    Interaction,
    Organization,
    TranscriptSegment,
)
from app.settings import Settings
from tests.end_to_end.desk import CALLER, DEMO, Desk
from tests.sync.pages import connect, runner, says, shoot
from tests.sync.serving import Server, served

pytestmark = [pytest.mark.speech, pytest.mark.timeout(600)]


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


def test_a_call_with_the_network_out_reaches_the_other_desk_when_it_is_back(
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
    interaction = desk.answer(CALLER)
    organization = crm.state.value.customer.organization.id
    until(lambda: desk.talk(interaction).segments, "the first words", 90)
    until(lambda: desk.talk(interaction).phase != "live", "the end", 120)
    desk.refined(interaction)
    desk.save(interaction, "Sends his regards to the desk.")
    shoot(first, "network-out")
    waiting = int(says(first)[1].split(" ")[0].replace(",", ""))
    assert waiting > 20
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
    shoot(first, "network-back")
    shoot(second, "network-back-other")

    def of_the_call(session: Session) -> tuple[object, ...]:
        report = session.scalars(select(CallReport).where(CallReport.interaction_id == interaction)).one()
        follow_ups = session.scalars(select(FollowUp).where(FollowUp.interaction_id == interaction)).all()
        words = session.scalars(select(TranscriptSegment).where(TranscriptSegment.interaction_id == interaction)).all()
        return session.get_one(Interaction, interaction).status, report.status, len(follow_ups), len(words)

    found = read(second.core.records.query(of_the_call))
    assert found == desk.read(of_the_call)
    assert found[:2] == ("ended", "saved")
    assert desk.read(everything) == read(second.core.records.query(everything))
