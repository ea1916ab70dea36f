"""A whole desk connected to a real server, as a trader does it: by the pages and the top bar."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.desk.program import Program
from app.records.store import Records
from app.records.tables import Organization
from app.shell.connecting import ConnectPage
from plugins.sync.view import HISTORY, QUARANTINE
from tests.sync.pages import connect, new_desk, runner, says, shoot
from tests.sync.serving import PASSWORD, Server, Station, served

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with served() as running:
        yield running


@pytest.fixture
def open_desk(qtbot: QtBot, tmp_path: Path) -> Iterator[Callable[[str], Program]]:
    with ExitStack() as opened:
        yield lambda name: opened.enter_context(new_desk(qtbot, tmp_path, name))


def test_a_desk_is_connected_by_its_page_and_comes_in_step(
    qtbot: QtBot, server: Server, open_desk: Callable[[str], Program]
) -> None:
    program = open_desk("one")
    assert says(program)[0] == "Local desk"
    assert not program.window.top.sync.isVisible()
    connect(qtbot, program, server, "ann")
    qtbot.waitUntil(lambda: says(program) == ("Online", "Synced"), timeout=60_000)
    assert program.core.services.user.name == "Ann Marsh"
    assert program.window.top.user.toolTip().startswith("Ann Marsh")
    shoot(program, "online")

    server.kill()
    qtbot.waitUntil(lambda: says(program)[0].startswith("Offline since"), timeout=60_000)
    shoot(program, "offline")
    server.start()
    program.ui.commands.run("desk.sync-now")
    qtbot.waitUntil(lambda: says(program) == ("Online", "Synced"), timeout=60_000)

    assert program.ui.commands.run("desk.sign-out")
    qtbot.waitUntil(lambda: says(program)[0] == "Sign in again", timeout=30_000)
    program.window.top.sync_asked.emit()
    page = program.server.page
    assert isinstance(page, ConnectPage)
    assert not page.address.isVisible()
    assert page.login.text() == "ann"
    page.password.setText("not my password")
    page.take.click()
    qtbot.waitUntil(lambda: "password" in page.complaint.text(), timeout=20_000)
    shoot(program, "sign-in")
    page.password.setText(PASSWORD)
    page.take.click()
    qtbot.waitUntil(lambda: says(program) == ("Online", "Synced"), timeout=60_000)


def test_conflicts_and_refusals_are_decided_in_the_panel(
    qtbot: QtBot, server: Server, open_desk: Callable[[str], Program], tmp_path: Path
) -> None:
    program = open_desk("two")
    connect(qtbot, program, server, "bea")
    qtbot.waitUntil(lambda: says(program) == ("Online", "Synced"), timeout=60_000)
    run, records, actor = runner(qtbot, program), program.core.records, program.core.services.user.actor
    other = Station(tmp_path / "other", server)
    run(other.enrol("gil"))
    run(other.start())
    made = Organization(name="Tolland Castings plc", short_name="Tolland", kind="corporate", status="active")

    def notes(of: Records) -> str | None:
        with_it = run(of.query(lambda session: session.get(Organization, made.id)))
        return with_it.notes if with_it is not None else None

    run(records.write(actor, lambda change: change.add(made)))
    qtbot.waitUntil(lambda: notes(other.records) == "", timeout=60_000)
    server.kill()
    qtbot.waitUntil(lambda: says(program)[0].startswith("Offline"), timeout=60_000)
    run(records.write(actor, lambda change: change.update(Organization, made.id, notes="calls on Mondays")))
    run(other.write(lambda change: change.update(Organization, made.id, notes="calls on Fridays")))
    qtbot.waitUntil(lambda: says(program)[1] == "1 to sync", timeout=20_000)
    server.start()
    run(other.client.retry())
    program.ui.commands.run("desk.sync-now")
    qtbot.waitUntil(lambda: says(program) == ("Online", "1 conflict"), timeout=60_000)

    # What gave way is taken, that is undone, and then what stands is kept.
    assert program.ui.commands.run("desk.sync")
    qtbot.waitUntil(lambda: "deskline-sync" in program.panels, timeout=20_000)
    panel = program.panels["deskline-sync"]
    qtbot.waitUntil(lambda: panel.conflicts.current() is not None, timeout=20_000)
    conflict = panel.conflicts.current()
    assert {conflict.kept.by, conflict.lost.by} == {"Bea Marsh", "Gil"}
    shoot(program, "conflict")
    assert notes(records) == conflict.kept.value
    panel.other_button.click()
    qtbot.waitUntil(lambda: notes(other.records) == conflict.lost.value, timeout=60_000)
    qtbot.waitUntil(lambda: says(program)[1] == "Synced", timeout=20_000)
    panel.undo_button.click()
    qtbot.waitUntil(lambda: notes(other.records) == conflict.kept.value, timeout=60_000)
    qtbot.waitUntil(lambda: panel.conflicts.current() is not None, timeout=20_000)
    panel.keep_button.click()
    qtbot.waitUntil(lambda: says(program)[1] == "Synced", timeout=60_000)
    assert notes(other.records) == conflict.kept.value

    # A trader may not set a customer's tier: it shows until the server says so, and then it is undone.
    run(records.write(actor, lambda change: change.update(Organization, made.id, tier=1)))
    qtbot.waitUntil(lambda: says(program)[1] == "1 in quarantine", timeout=60_000)
    panel.sections.set_current(QUARANTINE)
    qtbot.waitUntil(lambda: panel.waiting.current() is not None, timeout=20_000)
    assert "tier" in panel.reason.text()
    shoot(program, "quarantine")
    refused = panel.waiting.current()
    panel.edit_button.click()
    qtbot.waitUntil(lambda: panel.edit is not None, timeout=20_000)
    ((said, line),) = panel.edit.lines.items()
    assert (said.field, line.text()) == ("tier", "1")
    line.setText("2")
    shoot(program, "edit")
    panel.edit.send.click()
    qtbot.waitUntil(lambda: panel.waiting.current() not in (None, refused), timeout=60_000)
    panel.discard_button.click()
    qtbot.waitUntil(lambda: says(program)[1] == "Synced", timeout=60_000)
    panel.sections.set_current(HISTORY)
    shoot(program, "history")
    assert "refused" in {event.kind for event in panel.history.rows}

    run(program.core.apps["deskline-crm"].app.explain_sync(made.id))
    qtbot.waitUntil(lambda: "in step" in panel.why_line.text(), timeout=20_000)
    run(other.close())
