"""The transcript app on a real agent with real records, and its panel."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest
import shiboken6
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.records.errors import StoreUnavailable
from app.records.log import Cause
from app.records.search import Spoken
from app.records.store import Records
from app.records.tables import Contact, Interaction, Organization, TranscriptSegment
from app.services import Services, State
from app.shell import theme
from app.shell.io_loop import IoLoop
from app.shell.ui import Ui
from fdc3.client import Channel, connect_memory
from fdc3.directory import AppDirectory, AppRecord
from fdc3.host import Host
from fdc3.types import Context
from plugins.transcript.app import TranscriptApp, start
from plugins.transcript.script import Line, Script, Span
from plugins.transcript.view import TranscriptPanel

STARTED = dt.datetime(2026, 11, 24, 10, 38, tzinfo=dt.UTC)


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Records]:
    with Records.open(tmp_path / "desk", bytes(32)) as opened:
        with opened.change("demo", Cause.demo()) as change:
            change.add(Organization(id="ngam", name="Northgate AM", short_name="Northgate", kind="asset manager"))
            change.session.flush()
            change.add(Contact(id="sarah", organization_id="ngam", name="Sarah Whitfield"))
            change.session.flush()
            change.add(
                Interaction(
                    id="past",
                    kind="call",
                    direction="inbound",
                    status="interrupted",
                    organization_id="ngam",
                    contact_id="sarah",
                    started_at=STARTED,
                )
            )
            change.session.flush()
            for pass_, text in (("live", "buns"), ("final", "bunds")):
                change.add(
                    TranscriptSegment(
                        interaction_id="past", seq=0, pass_=pass_, who="client", start=1.0, end=2.0, text=text
                    )
                )
        yield opened


@pytest.fixture
async def joined(records: Records) -> AsyncIterator[tuple[TranscriptApp, Channel]]:
    directory = AppDirectory.load(Path(__file__).parents[2] / "plugins/transcript/app.json")
    teller = {"appId": "test-teller", "title": "Teller", "type": "other", "details": {}}
    directory.add(msgspec.convert(teller, AppRecord))
    host = Host(directory)
    await host.start()
    agent = await connect_memory(host, app_id="deskline-transcript")
    other = await connect_memory(host, app_id="test-teller")
    desk = cast("Services", SimpleNamespace(records=records))
    app = await start(agent, desk)
    yield app, await other.get_or_create_channel("deskline.conversation")
    await app.close()
    await other.close()
    await agent.close()
    await host.close()


async def until(condition: Callable[[], Any]) -> None:
    deadline = asyncio.get_running_loop().time() + 5
    while not condition():
        assert asyncio.get_running_loop().time() < deadline, "the condition did not come true"
        await asyncio.sleep(0.005)


def message(of: str, identity: str, **fields: Any) -> Context:
    return Context(type=of, id={"deskline": identity}, **fields)


def live(identity: str, **fields: Any) -> Context:
    return message("deskline.conversation.state", identity, **{"kind": "call", "phase": "live", **fields})


async def test_the_panel_turns_to_a_talk_that_begins_unless_another_is_running(
    joined: tuple[TranscriptApp, Channel],
) -> None:
    app, channel = joined
    await channel.broadcast(live("i1", customer="Northgate AM", contact="Sarah Whitfield", speech="live", lag=0.9))
    await channel.broadcast(
        message(
            "deskline.transcript.segment",
            "i1",
            seq=0,
            who="client",
            name="Sarah",
            start=1.0,
            text="Hi",
            **{"pass": "live"},
        )
    )
    await until(lambda: app.state.value.lines)
    assert (app.state.value.customer, app.state.value.client) == ("Northgate AM", "Sarah")
    await channel.broadcast(live("i2"))
    await channel.broadcast(live("i1", phase="refined"))
    await until(lambda: app.state.value.phase == "refined")
    assert app.state.value.interaction_id == "i1"
    await channel.broadcast(live("i3"))
    await until(lambda: app.state.value.interaction_id == "i3")


async def test_a_past_interaction_is_read_from_the_records_in_its_best_pass(
    joined: tuple[TranscriptApp, Channel],
) -> None:
    app, channel = joined
    await channel.broadcast(message("deskline.interaction.show", "past"))
    await until(lambda: app.state.value.interaction_id == "past")
    script = app.state.value
    assert [(line.text, line.name, line.final) for line in script.lines] == [("bunds", "Sarah", True)]
    assert (script.status, script.customer) == ("interrupted", "Northgate AM")


async def test_evidence_is_pointed_at(joined: tuple[TranscriptApp, Channel]) -> None:
    app, channel = joined
    await channel.broadcast(message("deskline.transcript.show", "past", turns=[0]))
    await until(lambda: app.state.value.pointed == 1)
    assert app.state.value.shown == (0,)


async def test_an_unknown_interaction_changes_nothing(joined: tuple[TranscriptApp, Channel]) -> None:
    app, _ = joined
    assert not await app.open("nowhere")
    assert app.state.value == Script()


TALK = Script(
    interaction_id="i1",
    customer="Northgate AM",
    client="Sarah",
    phase="live",
    speech="live",
    lag=0.9,
    lines=(
        Line(0, "client", "Sarah", 201.0, "Where can you offer the Vodafone 33s?", spans=(Span(24, 36, "product"),)),
        Line(
            1,
            "trader",
            "You",
            214.0,
            "I can offer 10 million at 98.49, that is 96 over.",
            spans=(Span(12, 31, "deal"),),
        ),
    ),
    partial={"client": "Looks rich to"},
)


@pytest.fixture
def panel(qtbot: QtBot) -> Iterator[tuple[TranscriptPanel, State[Script]]]:
    theme.apply(cast("QApplication", QApplication.instance()))
    loop = IoLoop()
    loop.start()
    ui = Ui(loop)
    state = State(Script())
    made = TranscriptPanel(cast("TranscriptApp", SimpleNamespace(state=state)), ui)
    made.resize(560, 300)
    made.show()
    made.activateWindow()
    qtbot.waitUntil(made.isActiveWindow)
    yield made, state
    loop.stop()
    shiboken6.delete(made)


def long(lines: int) -> Script:
    return replace(
        TALK, lines=tuple(Line(n, "client", "Sarah", 2.0 * n, f"Line {n} of a long talk") for n in range(lines))
    )


def test_turns_words_and_what_is_being_said_are_shown(
    panel: tuple[TranscriptPanel, State[Script]], qtbot: QtBot
) -> None:
    made, state = panel
    state.set(TALK)
    qtbot.waitUntil(lambda: "Vodafone" in made.page.toPlainText())
    assert made.page.toPlainText().split("\n") == [
        "03:21\tSarah\tWhere can you offer the Vodafone 33s?",
        "03:34\tYou\tI can offer 10 million at 98.49, that is 96 over.",
        "\tSarah\tLooks rich to …",
    ]


def test_in_a_narrow_panel_what_holds_now_goes_before_the_legend(
    panel: tuple[TranscriptPanel, State[Script]], qtbot: QtBot
) -> None:
    made, state = panel
    state.set(TALK)
    qtbot.waitUntil(made._keeping.isVisible)
    assert all(each.isVisible() for each in made._legend)
    made.resize(410, 300)
    qtbot.waitUntil(lambda: not any(each.isVisible() for each in made._legend))
    assert made._keeping.isVisible()
    state.set(replace(TALK, phase="refined"))
    qtbot.waitUntil(lambda: all(each.isVisible() for each in made._legend))


def test_only_what_changed_is_written_again(panel: tuple[TranscriptPanel, State[Script]], qtbot: QtBot) -> None:
    made, state = panel
    state.set(replace(long(50), partial={}))
    qtbot.waitUntil(lambda: made.page.document().blockCount() == 50)
    first = made.page.document().firstBlock()
    revision = first.revision()
    state.set(replace(long(51), partial={}))
    qtbot.waitUntil(lambda: made.page.document().blockCount() == 51)
    assert made.page.document().firstBlock().revision() == revision
    assert made.page.toPlainText().split("\n")[-1].endswith("Line 50 of a long talk")
    assert len(made.page.toPlainText().split("\n")) == 51


def test_a_thousand_lines_that_change_end_with_exactly_the_script(
    panel: tuple[TranscriptPanel, State[Script]], qtbot: QtBot
) -> None:
    made, state = panel
    state.set(replace(long(1000), partial={}))
    qtbot.waitUntil(lambda: made.page.document().blockCount() == 1000)
    final = tuple(replace(line, final=True, text=line.text + "!") for line in long(900).lines)
    state.set(replace(TALK, lines=final, partial={}, phase="refined"))
    qtbot.waitUntil(lambda: made.page.document().blockCount() == 900)
    assert all(text.endswith("!") for text in made.page.toPlainText().split("\n"))


def test_the_page_follows_until_the_reader_scrolls_up(
    panel: tuple[TranscriptPanel, State[Script]], qtbot: QtBot
) -> None:
    made, state = panel
    bar = made.page.verticalScrollBar()
    state.set(long(60))
    qtbot.waitUntil(lambda: bar.value() == bar.maximum() > 0)
    made.page.following = False
    bar.setValue(40)
    state.set(long(80))
    qtbot.waitUntil(lambda: made.page.document().blockCount() == 81)
    assert bar.value() == 40
    assert made._latest.isVisible()
    made._follow()
    assert bar.value() == bar.maximum()
    assert not made._latest.isVisible()


def test_ctrl_f_finds_and_esc_closes_the_search(panel: tuple[TranscriptPanel, State[Script]], qtbot: QtBot) -> None:
    made, state = panel
    state.set(long(60))
    qtbot.waitUntil(lambda: made.page.document().blockCount() == 61)
    made.page.setFocus()
    qtbot.keyClick(made.page, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(made._text.hasFocus)
    qtbot.keyClicks(made._text, "Line 5")
    assert made._hits.text() == "1 of 11"
    qtbot.keyClick(made._text, Qt.Key.Key_Return)
    assert made._hits.text() == "2 of 11"
    qtbot.keyClick(made._text, Qt.Key.Key_Escape)
    assert not made._search.isVisible()


def test_the_whole_transcript_can_be_copied(panel: tuple[TranscriptPanel, State[Script]], qtbot: QtBot) -> None:
    made, state = panel
    state.set(TALK)
    qtbot.waitUntil(lambda: bool(made.page.toPlainText()))
    made.copy_all()
    assert QApplication.clipboard().text().startswith("03:21  Sarah: Where can you offer")


def test_evidence_comes_into_view(panel: tuple[TranscriptPanel, State[Script]], qtbot: QtBot) -> None:
    made, state = panel
    state.set(replace(long(200), shown=(3,), pointed=1))
    qtbot.waitUntil(lambda: bool(made.page.extraSelections()))
    assert made.page.verticalScrollBar().value() < made.page.verticalScrollBar().maximum() // 2
    assert not made.page.following


async def test_a_found_word_opens_its_talk_where_it_was_said(
    joined: tuple[TranscriptApp, Channel],
) -> None:
    app, _ = joined
    (found,) = await app.search("bund")
    assert await app.open_found(found)
    script = app.state.value
    assert (script.interaction_id, script.shown, script.place) == ("past", (0,), 1.0)
    assert await app.search("nobody said this") == ()


async def test_a_stretch_to_be_played_comes_by_message(joined: tuple[TranscriptApp, Channel]) -> None:
    app, channel = joined
    await channel.broadcast(message("deskline.recording.play", "past", start=1.2, end=1.8))
    await until(lambda: app.state.value.asks == 1)
    assert app.state.value.asked == (1.2, 1.8)
    await channel.broadcast(message("deskline.recording.play", "past", turns=[0]))
    await until(lambda: app.state.value.asks == 2)
    assert app.state.value.asked == (1.0, 2.0)
    await channel.broadcast(message("deskline.recording.play", "nowhere", start=1.0))
    await channel.broadcast(message("deskline.recording.play", "past"))
    await until(lambda: app.state.value.asks == 3)
    assert app.state.value.asked == (0.0, None)


def test_all_talks_are_searched_and_one_is_opened_by_the_keyboard(
    panel: tuple[TranscriptPanel, State[Script]], qtbot: QtBot
) -> None:
    made, _ = panel
    opened: list[Spoken] = []

    async def search(text: str) -> tuple[Spoken, ...]:
        days = [dt.timedelta(days=n) for n in range(3)]
        return tuple(
            Spoken(f"i{n}", "call", "Tolland", STARTED - d, "client", 1.0, 2.0, text) for n, d in enumerate(days)
        )

    async def open_found(found: Spoken) -> bool:
        opened.append(found)
        return True

    made._app.search, made._app.open_found = search, open_found  # type: ignore[method-assign]
    made.search_all()
    assert made._all.isVisible()
    assert not made.page.isVisible()
    qtbot.keyClicks(made._all.text, "bunds")
    qtbot.waitUntil(lambda: made._all._count.text() == "3 places", timeout=10_000)
    assert [card.subtitle for card in made._all.list.cards] == ["Client: bunds"] * 3
    qtbot.keyClick(made._all.text, Qt.Key.Key_Down)
    qtbot.keyClick(made._all.text, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: bool(opened), timeout=10_000)
    assert opened[0].interaction_id == "i1"
    assert made.page.isVisible()
    made.search_all()
    qtbot.keyClick(made._all.text, Qt.Key.Key_Escape)
    assert made.page.isVisible()
    assert not made._all.isVisible()


def test_a_search_that_fails_or_finds_nothing_says_so(
    panel: tuple[TranscriptPanel, State[Script]], qtbot: QtBot
) -> None:
    made, _ = panel

    async def search(text: str) -> tuple[Spoken, ...]:
        if text == "x":
            return ()
        raise StoreUnavailable("The disk is gone.")

    made._app.search = search  # type: ignore[method-assign]
    made.search_all()
    assert made._all.list._empty.startswith("Type words")
    qtbot.keyClicks(made._all.text, "x")
    qtbot.waitUntil(lambda: made._all.list._empty.startswith("Nobody said"), timeout=10_000)
    qtbot.keyClicks(made._all.text, "y")
    qtbot.waitUntil(lambda: "The disk is gone." in made._all.list._empty, timeout=10_000)
