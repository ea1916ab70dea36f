from __future__ import annotations

import os

import pytest
from PySide6.QtCore import Qt

from app.records.tables import FollowUp
from plugins.followups import app as followups
from plugins.followups.app import FollowUpsApp, start
from plugins.followups.view import FollowUpsPanel
from tests.deals.small_desk import Agent, Desk, Stage, until


@pytest.fixture
async def tasks(agent: Agent, desk: Desk):  # type: ignore[no-untyped-def]
    app = await start(await agent.join("deskline-followups"), desk.services)
    yield app
    await app.close()


async def test_the_most_urgent_come_first_and_undated_ones_last(tasks: FollowUpsApp) -> None:
    assert [task.id for task in tasks.state.value.tasks] == ["f2", "f1", "f3", "f4"]


async def test_done_is_stored_and_can_be_undone(desk: Desk, tasks: FollowUpsApp) -> None:
    first = tasks.state.value.tasks[0]
    await tasks.finish(first)
    row = desk.one(FollowUp, "f2")
    assert row is not None
    assert row.status == "done"
    assert [task.id for task in tasks.state.value.tasks] == ["f1", "f3", "f4"]
    await tasks.undo()
    assert [task.id for task in tasks.state.value.tasks] == ["f2", "f1", "f3", "f4"]
    assert tasks.state.value.done is None


async def test_the_list_follows_the_records(desk: Desk, tasks: FollowUpsApp) -> None:
    await desk.records.write(
        "user:other", lambda change: change.add(FollowUp(id="f9", owner="client", what="Send documents"))
    )
    await until(lambda: len(tasks.state.value.tasks) == 5)


async def test_a_task_turns_the_desk_to_its_customer(agent: Agent, desk: Desk, tasks: FollowUpsApp) -> None:
    asked = []
    await (await agent.join("deskline-crm")).add_intent_listener(
        "ViewProfile", lambda context, _: asked.append(context)
    )
    for task in tasks.state.value.tasks:
        await tasks.show_customer(task)
    await until(lambda: len(asked) == 3)
    assert [context.id["deskline"] for context in asked] == ["lena", "sarah", "ngam"]
    assert desk.notices[-1].text == "This follow-up names no customer."


async def test_without_a_crm_the_trader_is_told(desk: Desk, agent: Agent, tasks: FollowUpsApp) -> None:
    await tasks.show_customer(tasks.state.value.tasks[0])
    assert desk.notices[-1].text.startswith("The customer could not be shown.")


def test_space_works_down_the_list_and_undo_brings_back(stage: Stage, qtbot) -> None:  # type: ignore[no-untyped-def]
    app = stage.start(followups, "deskline-followups")
    panel = FollowUpsPanel(app, stage.ui)
    qtbot.addWidget(panel)
    panel.resize(560, 300)
    with qtbot.waitActive(panel):
        panel.show()
        panel.activateWindow()
    panel.table.setFocus()
    panel.table.selectRow(0)
    assert [panel.table.row_at(0).what, panel._due(panel.table.row_at(0)), panel._color(panel.table.row_at(0))] == [
        "Return call", "overdue 6m", "dn",
    ]  # fmt: skip
    assert panel._color(panel.table.row_at(1)) == "warn"
    for left in (3, 2):
        qtbot.keyClick(panel.table, Qt.Key.Key_Space)
        qtbot.waitUntil(lambda left=left: len(panel.table.rows) == left)
    assert panel.undo_bar.isVisible()
    stage.ui.commands.run("followups.undo")
    qtbot.waitUntil(lambda: len(panel.table.rows) == 3)
    if folder := os.environ.get("DESKLINE_SHOTS"):
        panel.grab().save(f"{folder}/followups.png")
