"""The list's app on a real agent with real records, and its panel by keyboard."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest
import shiboken6
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.records.log import Cause
from app.records.store import Records
from app.records.tables import Contact, Interaction, Organization
from app.services import Services, State
from app.shell import theme
from app.shell.io_loop import IoLoop
from app.shell.ui import Ui
from fdc3.client import Channel, DesktopAgent, connect_memory
from fdc3.directory import AppDirectory, AppRecord
from fdc3.host import Host
from fdc3.types import Context
from plugins.interactions.app import PAGE, InteractionsApp, TalksState, start
from plugins.interactions.rows import TalkRow
from plugins.interactions.view import InteractionsPanel

NOW = dt.datetime(2026, 11, 24, 10, 42, 31, tzinfo=dt.UTC)


def talk(key: str, minutes: int, **fields: Any) -> Interaction:
    base: dict[str, Any] = {
        "kind": "call",
        "direction": "inbound",
        "status": "ended",
        "organization_id": "ngam",
        "contact_id": "sarah",
        "report_status": "saved",
        "subject": "Enquiry",
    }
    return Interaction(id=key, started_at=NOW - dt.timedelta(minutes=minutes), **{**base, **fields})


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Records]:
    with Records.open(tmp_path / "desk", bytes(32)) as opened:
        with opened.change("demo", Cause.demo()) as change:
            change.add(Organization(id="ngam", name="Northgate Asset Management", short_name="Northgate AM", kind="x"))
            change.session.flush()
            change.add(Contact(id="sarah", organization_id="ngam", name="Sarah Whitfield"))
            change.session.flush()
            change.add(talk("call", 60))
            change.add(talk("chat", 50, kind="chat"))
            change.add(talk("draft", 40, report_status="draft"))
            change.add(talk("missed", 30, status="missed", report_status="none"))
        yield opened


@dataclass
class Joined:
    app: InteractionsApp
    conversation: Channel
    turret: Channel
    agent: DesktopAgent
    viewed: list[Context]
    shown: list[Context]
    records: Records

    @property
    def keys(self) -> list[str]:
        return [row.key for row in self.app.state.value.rows]


@pytest.fixture
async def joined(records: Records) -> AsyncIterator[Joined]:
    directory = AppDirectory.load(Path(__file__).parents[2] / "plugins/interactions/app.json")
    crm = {
        "appId": "test-crm",
        "title": "CRM",
        "type": "other",
        "details": {},
        "interop": {"intents": {"listensFor": {"ViewProfile": {"contexts": ["fdc3.contact"], "displayName": "View"}}}},
    }
    directory.add(msgspec.convert(crm, AppRecord))
    host = Host(directory)
    await host.start()
    agent = await connect_memory(host, app_id="deskline-interactions")
    other = await connect_memory(host, app_id="test-crm")
    viewed: list[Context] = []
    shown: list[Context] = []
    await other.add_intent_listener("ViewProfile", lambda context, _: viewed.append(context))
    conversation = await other.get_or_create_channel("deskline.conversation")
    await conversation.add_context_listener("deskline.interaction.show", lambda context, _: shown.append(context))
    desk = cast("Services", SimpleNamespace(records=records, clock=lambda: NOW))
    app = await start(agent, desk)
    turret = await other.get_or_create_channel("deskline.turret")
    yield Joined(app, conversation, turret, other, viewed, shown, records)
    await app.close()
    await other.close()
    await agent.close()
    await host.close()


async def until(condition: Callable[[], Any]) -> None:
    deadline = asyncio.get_running_loop().time() + 5
    while not condition():
        assert asyncio.get_running_loop().time() < deadline, "the condition did not come true"
        await asyncio.sleep(0.005)


def live(**fields: Any) -> Context:
    said = {
        "kind": "call",
        "phase": "live",
        "line": "L1",
        "started_at": NOW.isoformat(),
        "customer": "Tolland",
        **fields,
    }
    return Context(type="deskline.conversation.state", id={"deskline": "now"}, organization_id="t", **said)


async def test_the_past_is_listed_newest_first_with_what_is_to_report(joined: Joined) -> None:
    assert joined.keys == ["missed", "draft", "chat", "call"]
    assert joined.app.state.value.to_report == 1
    await joined.app.choose("to_report")
    assert joined.keys == ["draft"]
    await joined.app.choose("chats")
    assert joined.keys == ["chat"]


async def test_a_live_talk_stands_on_top_until_its_record_takes_over(joined: Joined) -> None:
    await joined.conversation.broadcast(live())
    await until(lambda: joined.keys[0] == "now")
    assert joined.app.state.value.rows[0].title == "Tolland"
    await joined.records.write("user:x", lambda change: change.add(talk("now", 0)))
    await joined.conversation.broadcast(live(phase="ended"))
    await until(lambda: joined.app.state.value.rows[0].status == "ended")
    assert joined.keys.count("now") == 1


async def test_a_commit_refreshes_the_list(joined: Joined) -> None:
    await joined.records.write("user:x", lambda change: change.update(Interaction, "draft", report_status="saved"))
    await until(lambda: joined.app.state.value.to_report == 0)


async def test_a_ringing_line_is_shown_and_opens_its_customer(joined: Joined) -> None:
    ring = {"line": "L2", "state": "ringing", "number": "+442079460188", "direction": "inbound"}
    await joined.turret.broadcast(Context(type="deskline.turret.lines", lines=[ring]))
    await until(lambda: joined.keys[0] == "line L2")
    await joined.app.open("line L2")
    await until(lambda: joined.viewed)
    assert joined.viewed[0].id == {"phone": "+442079460188"}
    assert joined.shown == []


async def test_opening_a_live_talk_turns_the_desk_and_a_past_one_shows_its_report(joined: Joined) -> None:
    await joined.conversation.broadcast(live(contact_id="hal", contact="Hal Tolland", number="+442079460199"))
    await until(lambda: joined.keys[0] == "now")
    await joined.app.open("now")
    await until(lambda: joined.viewed and joined.shown)
    assert joined.viewed[0].id == {"deskline": "hal", "phone": "+442079460199"}
    assert not joined.shown[0]["report"]
    await joined.app.open("call")
    await until(lambda: len(joined.shown) == 2)
    assert (joined.shown[1].id, joined.shown[1]["report"]) == ({"deskline": "call"}, True)


async def test_older_pages_come_when_asked_for(joined: Joined) -> None:
    def many(change: Any) -> None:
        change.add_all(talk(f"t{number:03}", 100 + number) for number in range(PAGE + 5))

    await joined.records.write("user:x", many)
    await until(lambda: joined.app.state.value.more)
    assert len(joined.keys) == PAGE
    await joined.app.load_more()
    assert len(joined.keys) == PAGE + 9
    assert not joined.app.state.value.more


class Recorder:
    """The app as far as the panel needs it."""

    def __init__(self, state: State[TalksState]) -> None:
        self.state = state
        self.zone = dt.UTC
        self.opened: list[str] = []
        self.chosen: list[str] = []

    async def open(self, key: str) -> None:
        self.opened.append(key)

    async def choose(self, chosen: str) -> None:
        self.chosen.append(chosen)

    async def load_more(self) -> None: ...


ROWS = tuple(TalkRow(key, "call", "ended", NOW, key.upper(), report="saved") for key in ("one", "two", "three"))


@pytest.fixture
def panel(qtbot: QtBot) -> Iterator[tuple[InteractionsPanel, Recorder]]:
    theme.apply(cast("QApplication", QApplication.instance()))
    loop = IoLoop()
    loop.start()
    ui = Ui(loop, clock=lambda: NOW)
    app = Recorder(State(TalksState(ROWS, "all", 2, False, True)))
    made = InteractionsPanel(cast("InteractionsApp", app), ui)
    made.resize(264, 400)
    made.show()
    made.activateWindow()
    qtbot.waitUntil(made.isActiveWindow)
    yield made, app
    loop.stop()
    shiboken6.delete(made)


def test_down_and_enter_open_a_talk(panel: tuple[InteractionsPanel, Recorder], qtbot: QtBot) -> None:
    made, app = panel
    made.list.setFocus()
    qtbot.keyClick(made.list, Qt.Key.Key_Down)
    qtbot.keyClick(made.list, Qt.Key.Key_Down)
    qtbot.keyClick(made.list, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: bool(app.opened))
    assert app.opened == [made.list.current().key]  # type: ignore[union-attr]


def test_the_filter_counts_what_is_to_report_and_chooses(
    panel: tuple[InteractionsPanel, Recorder], qtbot: QtBot
) -> None:
    made, app = panel
    buttons = made.filter.findChildren(type(made.filter._group.button(0)))
    assert buttons[3].text() == "To report 2"
    qtbot.mouseClick(buttons[3], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: app.chosen == ["to_report"])


def test_the_clock_runs_only_while_a_call_does(panel: tuple[InteractionsPanel, Recorder], qtbot: QtBot) -> None:
    made, app = panel
    assert not made._clock.isActive()
    running = TalkRow("live", "call", "live", NOW - dt.timedelta(seconds=252), "Northgate AM", line="L1")
    app.state.set(TalksState((running, *ROWS), "all", 2, False, True))
    qtbot.waitUntil(made._clock.isActive)
    assert made.list.cards[0].aside == "04:12"
    app.state.set(TalksState(ROWS, "all", 2, False, True))
    qtbot.waitUntil(lambda: not made._clock.isActive())


def test_an_empty_list_says_what_will_come(panel: tuple[InteractionsPanel, Recorder], qtbot: QtBot) -> None:
    made, app = panel
    app.state.set(TalksState((), "to_report", 0, False, True))
    qtbot.waitUntil(lambda: made.list._empty == "Every report is written.")
