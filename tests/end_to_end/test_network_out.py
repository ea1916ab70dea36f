"""Two desks and their server: a call with the network out, and everything in step when it is back."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pytestqt.qtbot import QtBot
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.desk.program import Program
from app.records.tables import (
    CallReport,
    FollowUp,
    Interaction,
    Organization,
    TranscriptSegment,
)
from tests.end_to_end.desk import CALLER, Desk
from tests.end_to_end.two_desks import everything, in_step, network_out_as_it_rings
from tests.sync.pages import runner, says, shoot
from tests.sync.serving import Server

pytestmark = [pytest.mark.speech, pytest.mark.timeout(600)]


def test_a_call_with_the_network_out_reaches_the_other_desk_when_it_is_back(
    qtbot: QtBot, open_desk: Callable[..., Desk], second: Program, server: Server
) -> None:
    desk = open_desk(speed=6.0)
    first, until, play = desk.program, desk.until, desk.play
    in_step(qtbot, desk, second, server)
    network_out_as_it_rings(desk, server)
    read = runner(qtbot, second)
    crm = desk.app("deskline-crm")
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
