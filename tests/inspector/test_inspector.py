"""The inspector on a real agent: what passes, what the agent knows, pausing, recording, replaying; its panel."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.services import Notice, Services, utc_now
from app.shell import theme
from app.shell.io_loop import IoLoop
from app.shell.ui import Ui
from fdc3.client import DesktopAgent
from fdc3.directory import AppDirectory, AppRecord
from fdc3.host import Host
from fdc3.types import Contact
from plugins.inspector.app import InspectorApp, start
from plugins.inspector.seen import Filter
from plugins.inspector.view import InspectorPanel

SIX = "fdc3.channel.6"
SARAH = Contact(name="Sarah Whitcombe", id={"email": "sarah@example.com"})


def record(app_id: str) -> AppRecord:
    intents = {"listensFor": {"ViewProfile": {"contexts": ["fdc3.contact"]}}} if app_id == "crm" else {}
    value = {"appId": app_id, "title": app_id, "type": "other", "details": {}, "interop": {"intents": intents}}
    return msgspec.convert(value, AppRecord)


@dataclass
class Desk:
    """A host with an inspector and two apps that talk."""

    host: Host
    app: InspectorApp
    crm: DesktopAgent
    turret: DesktopAgent
    notices: list[Notice] = field(default_factory=list)

    @classmethod
    async def open(cls) -> Desk:
        host = Host(AppDirectory([record("crm"), record("turret"), record("deskline-inspector")]))
        await host.start()
        crm, turret = await host.connect_memory("crm"), await host.connect_memory("turret")
        notices: list[Notice] = []
        services = cast("Services", SimpleNamespace(agent=host, clock=utc_now, notify=notices.append))
        app = await start(await host.connect_memory("deskline-inspector"), services)
        return cls(host, app, crm, turret, notices)

    async def talk(self) -> None:
        """The CRM listens on a channel and for an intent; the turret says who calls, and raises the intent."""
        await self.crm.join_user_channel(SIX)
        await self.turret.join_user_channel(SIX)
        await self.crm.add_context_listener("fdc3.contact", lambda context, metadata: None)
        await self.crm.add_intent_listener("ViewProfile", lambda context, metadata: context)
        await self.turret.broadcast(SARAH)
        await (await self.turret.raise_intent("ViewProfile", SARAH)).get_result()

    @property
    def kinds(self) -> list[str]:
        return [row.kind for row in self.app.state.value.rows]

    async def close(self) -> None:
        await self.app.close()
        await self.host.close()


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    opened = await Desk.open()
    yield opened
    await opened.close()


async def until(condition: Callable[[], Any]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.01)


async def test_messages_are_seen_from_whom_to_whom_with_the_time_of_their_answer(desk: Desk) -> None:
    await desk.talk()
    await until(lambda: "raiseIntentResultResponse" in desk.kinds)
    rows = desk.app.state.value.rows
    said = next(row for row in rows if row.kind == "broadcastRequest")
    assert (said.direction, said.parties[0].app_id, said.about) == ("in", "turret", f"{SIX} · fdc3.contact")
    assert said.latency is not None
    heard = next(row for row in rows if row.kind == "broadcastEvent")
    assert ([party.app_id for party in heard.parties], b"Sarah Whitcombe" in heard.data) == (["crm"], True)
    assert desk.app.state.value.apps == ("crm", "turret")


async def test_channels_apps_and_intents_are_shown_as_they_are_now(desk: Desk) -> None:
    await desk.talk()
    answer: asyncio.Future[Contact] = asyncio.get_running_loop().create_future()
    await desk.app.show("intents")
    patient = await desk.host.connect_memory("crm")
    await patient.add_intent_listener("Wait", lambda context, metadata: answer)
    resolution = await desk.turret.raise_intent("Wait", SARAH)
    await until(lambda: [each.intent for each in desk.app.state.value.snapshot.intents] == ["Wait"])
    channel = next(each for each in desk.app.state.value.snapshot.channels if each.id == SIX)
    assert (len(channel.members), [kind for kind, _ in channel.contexts]) == (2, ["fdc3.contact"])
    answer.set_result(SARAH)
    await resolution.get_result()
    await until(lambda: not desk.app.state.value.snapshot.intents)


async def test_a_pause_lets_messages_pass_unseen(desk: Desk) -> None:
    await desk.app.pause(True)
    await desk.talk()
    await until(lambda: desk.app.state.value.passed > 8)
    assert desk.kinds == []
    await desk.app.pause(False)
    await desk.turret.broadcast(SARAH)
    await until(lambda: desk.kinds == ["broadcastRequest", "broadcastEvent", "broadcastResponse"])
    await desk.app.clear()
    assert desk.kinds == []


async def test_what_is_recorded_can_be_replayed_while_paused_and_filtered(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "talk.jsonl"
    await desk.app.choose(Filter(sort="error"))
    await desk.app.pause(True)
    await desk.app.record(path)
    await desk.talk()
    await until(lambda: desk.app.state.value.recorded > 8)
    assert desk.app.state.value.recording == "talk.jsonl"
    await desk.app.stop_recording()
    assert "messages are in talk.jsonl" in desk.notices[-1].text
    await desk.app.choose(Filter())
    await desk.app.replay(path)
    assert desk.app.state.value.replay == "talk.jsonl"
    assert {"broadcastRequest", "intentEvent", "raiseIntentResultResponse"} <= set(desk.kinds)
    shown = len(desk.kinds)
    await desk.turret.broadcast(SARAH)
    assert len(desk.kinds) == shown
    await desk.app.live()
    await desk.app.pause(False)
    assert desk.kinds == []


async def test_a_file_that_cannot_be_replayed_is_told(desk: Desk, tmp_path: Path) -> None:
    await desk.app.replay(tmp_path / "nowhere.jsonl")
    (tmp_path / "notes.txt").write_text("hello")
    await desk.app.replay(tmp_path / "notes.txt")
    assert [notice.level for notice in desk.notices] == ["warning", "warning"]
    assert desk.app.state.value.replay == ""


async def test_a_closed_inspector_is_called_no_more() -> None:
    desk = await Desk.open()
    await desk.app.close()
    await desk.talk()
    assert not desk.host._observers
    assert desk.kinds == []
    await desk.host.close()


class AtTheDesk:
    """The panel on the UI thread, the desk on the I/O thread."""

    def __init__(self, qtbot: QtBot, application: QApplication) -> None:
        theme.apply(application)
        self.qtbot = qtbot
        self.loop = IoLoop()
        self.loop.start()
        self.ui = Ui(self.loop)
        self.desk = self.run(Desk.open())
        self.panel = InspectorPanel(self.desk.app, self.ui)
        qtbot.addWidget(self.panel)
        self.panel.resize(900, 500)
        self.panel.show()

    def run(self, work: Any) -> Any:
        return self.loop.submit(work).result(timeout=10)

    def kinds(self) -> list[str]:
        return [row.kind for row in self.panel.messages.shown()]

    def close(self) -> None:
        self.run(self.desk.close())
        self.loop.stop()


@pytest.fixture
def at_desk(qtbot: QtBot, qapp: QApplication) -> Iterator[AtTheDesk]:
    made = AtTheDesk(qtbot, qapp)
    yield made
    made.close()


def test_the_panel_shows_filters_and_copies(at_desk: AtTheDesk) -> None:
    panel, qtbot = at_desk.panel, at_desk.qtbot
    at_desk.run(at_desk.desk.talk())
    qtbot.waitUntil(lambda: "raiseIntentResultResponse" in at_desk.kinds())
    assert at_desk.ui.commands.run("inspector.filter")
    panel.search.setText("whitcombe")
    qtbot.waitUntil(
        lambda: (
            set(at_desk.kinds())
            == {
                "broadcastRequest",
                "broadcastEvent",
                "raiseIntentRequest",
                "intentEvent",
                "intentResultRequest",
                "raiseIntentResultResponse",
            }
        )
    )
    panel.sorts.set_current(3)
    qtbot.waitUntil(lambda: at_desk.kinds() == ["broadcastEvent", "intentEvent"])
    qtbot.keyClick(panel.messages, Qt.Key.Key_Home)
    assert panel.details.title.text_whole().startswith("broadcastEvent to crm #")
    assert '"name": "Sarah Whitcombe"' in panel.details.text.toPlainText()
    assert at_desk.ui.commands.run("inspector.copy")
    assert msgspec.json.decode(QGuiApplication.clipboard().text())["type"] == "broadcastEvent"
    assert at_desk.ui.commands.run("inspector.no-filter")
    qtbot.waitUntil(lambda: len(at_desk.kinds()) > 6)
    assert [panel.apps.itemText(place) for place in range(panel.apps.count())] == ["All apps", "crm", "turret"]


def test_the_panel_shows_channels_apps_and_intents(at_desk: AtTheDesk) -> None:
    panel, qtbot = at_desk.panel, at_desk.qtbot
    at_desk.run(at_desk.desk.talk())
    assert at_desk.ui.commands.run("inspector.channels")
    qtbot.waitUntil(lambda: len(panel.channels.rows) == 8)
    first = panel.channels.shown()[0]
    assert (first.id, len(first.members)) == (SIX, 2)
    qtbot.keyClick(panel.channels, Qt.Key.Key_Home)
    assert '"fdc3.contact": {' in panel.details.text.toPlainText()
    assert at_desk.ui.commands.run("inspector.apps")
    qtbot.waitUntil(lambda: [row.instance.app_id for row in panel.instances.shown()][:2] == ["crm", "turret"])
    assert panel.instances.shown()[0].instance.intents == ("ViewProfile",)
    assert at_desk.ui.commands.run("inspector.intents")
    assert panel.intents.shown() == []


def test_the_panel_pauses_records_and_replays(at_desk: AtTheDesk, tmp_path: Path) -> None:
    panel, qtbot = at_desk.panel, at_desk.qtbot
    panel.record_to(str(tmp_path / "a.jsonl"))
    qtbot.waitUntil(panel.recording.isVisible)
    at_desk.run(at_desk.desk.talk())
    qtbot.waitUntil(lambda: len(at_desk.kinds()) > 8)
    assert at_desk.ui.commands.run("inspector.record")
    qtbot.waitUntil(lambda: not panel.recording.isVisible())
    assert at_desk.ui.commands.run("inspector.clear")
    qtbot.waitUntil(lambda: at_desk.kinds() == [])
    assert not at_desk.ui.commands.run("inspector.live")
    panel.replay(str(tmp_path / "a.jsonl"))
    qtbot.waitUntil(lambda: len(at_desk.kinds()) > 8)
    assert panel.status.text_whole().startswith("Recorded in a.jsonl")
    assert at_desk.ui.commands.run("inspector.live")
    qtbot.waitUntil(lambda: at_desk.kinds() == [])
    assert at_desk.ui.commands.run("inspector.pause")
    qtbot.waitUntil(lambda: panel.status.text_whole().startswith("Paused"))


def test_files_are_asked_for_without_stopping_the_desk(at_desk: AtTheDesk) -> None:
    at_desk.panel.record()
    at_desk.panel.open_recording()
    dialogs = [each for each in at_desk.panel.children() if type(each).__name__ == "QFileDialog"]
    assert [dialog.isVisible() for dialog in dialogs] == [True, True]
    for dialog in dialogs:
        dialog.close()


def test_a_hidden_panel_draws_nothing_until_it_is_seen(at_desk: AtTheDesk) -> None:
    panel, qtbot = at_desk.panel, at_desk.qtbot
    panel.hide()
    at_desk.run(at_desk.desk.talk())
    qtbot.waitUntil(lambda: len(panel._state.rows) > 8)
    assert at_desk.kinds() == []
    panel.show()
    assert len(at_desk.kinds()) > 8
