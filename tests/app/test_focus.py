"""What the desk turned to outlives it, and gives way to whoever speaks first."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from app.desk.focus import NAME, Focus, still_known
from app.records.store import Records
from app.records.tables import Contact as Person
from app.records.tables import Organization as House
from fdc3.client import DesktopAgent
from fdc3.directory import AppDirectory
from fdc3.host import Host
from fdc3.types import Contact, Context, ContextMetadata, Instrument, Organization

CHANNEL = "fdc3.channel.6"
EURUSD = Instrument(id={"ticker": "EURUSD"})


async def eventually(condition: Callable[[], Any]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.01)


class Desk:
    """An agent with one panel that writes down what it hears, and what the desk keeps of it."""

    def __init__(self, records: Records) -> None:
        self.host = Host(AppDirectory())
        self.records = records
        self.heard: list[Context] = []

    async def open(self) -> Desk:
        await self.host.start()
        panel = await self.host.connect_memory("panel", channel_id=CHANNEL)
        await panel.add_context_listener(None, self._hear)
        self.focus = Focus(await self.host.connect_memory("deskline-desk", channel_id=CHANNEL), self.records)
        await self.focus.start()
        self.crm: DesktopAgent = await self.host.connect_memory("crm", channel_id=CHANNEL)
        return self

    def _hear(self, context: Context, metadata: ContextMetadata | None = None) -> None:
        self.heard.append(context)

    async def say(self, *contexts: Context) -> None:
        for context in contexts:
            await self.crm.broadcast(context)
        await eventually(lambda: self.focus._latest.get(contexts[-1].type) == contexts[-1])

    async def close(self) -> None:
        await self.focus.close()
        await self.host.close()


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Records]:
    with Records.open(tmp_path / "desk", bytes(32)) as records:
        yield records


@pytest.fixture
async def open_desk(records: Records) -> AsyncIterator[Callable[[], Any]]:
    desks: list[Desk] = []

    async def make() -> Desk:
        desks.append(Desk(records))
        return await desks[-1].open()

    yield make
    for desk in desks:
        await desk.close()


@pytest.fixture
def tolland(records: Records) -> Organization:
    with records.change("user:1") as change:
        house = change.add(House(name="Tolland Castings plc", short_name="Tolland", kind="corporate"))
    return Organization(name=house.name, id={"deskline": house.id})


def person(records: Records, house: Organization, name: str = "Sarah Whitcombe") -> Contact:
    with records.change("user:1") as change:
        row = change.add(Person(name=name, organization_id=house.id["deskline"]))
    return Contact(name=name, id={"deskline": row.id})


def house(records: Records, name: str) -> Organization:
    with records.change("user:1") as change:
        row = change.add(House(name=name, short_name=name, kind="bank"))
    return Organization(name=name, id={"deskline": row.id})


async def test_the_next_desk_says_again_what_the_last_one_heard(
    records: Records, open_desk: Callable[[], Any], tolland: Organization
) -> None:
    first = await open_desk()
    sarah = person(records, tolland)
    await first.focus.show_again()
    assert first.heard == [], "nothing was kept yet"
    await first.say(Instrument(id={"ticker": "VOD"}), sarah, tolland, EURUSD)
    assert await records.kept(NAME) is None, "contexts that come together are written together"
    await first.close()
    second = await open_desk()
    await second.focus.show_again()
    await eventually(lambda: len(second.heard) == 3)
    assert second.heard == [sarah, tolland, EURUSD]
    # A third desk knows it all, of what only the second said and of what it said for the first.
    await second.say(Instrument(id={"ticker": "BARC"}))
    await second.close()
    third = await open_desk()
    await third.focus.show_again()
    await eventually(lambda: len(third.heard) == 3)
    assert third.heard == [sarah, tolland, Instrument(id={"ticker": "BARC"})]


async def test_it_is_written_while_the_desk_is_open(
    records: Records, open_desk: Callable[[], Any], tolland: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.desk.focus.PAUSE", 0.0)
    desk = await open_desk()
    await desk.say(tolland)
    async with asyncio.timeout(20):
        while (kept := await records.kept(NAME)) is None:
            await asyncio.sleep(0.01)
    assert "Tolland" in kept


async def test_whoever_speaks_first_wins(records: Records, open_desk: Callable[[], Any], tolland: Organization) -> None:
    first = await open_desk()
    await first.say(tolland)
    await first.close()
    second = await open_desk()
    caller = house(records, "Calder Bank")
    await second.say(caller)
    await second.focus.show_again()
    assert await (await second.crm.get_or_create_channel(CHANNEL)).get_current_context() == caller
    assert second.heard == [caller]


@pytest.mark.parametrize(("state", "shown"), [("ringing", False), ("connected", False), ("idle", True)])
async def test_no_customer_comes_from_yesterday_while_a_line_is_busy(
    open_desk: Callable[[], Any], tolland: Organization, state: str, shown: bool
) -> None:
    first = await open_desk()
    await first.say(tolland)
    await first.close()
    second = await open_desk()
    turret = await second.crm.get_or_create_channel("deskline.turret")
    await turret.broadcast(Context(type="deskline.turret.lines", lines=[{"line": "L1", "state": state}]))
    await second.focus.show_again()
    current = await (await second.crm.get_or_create_channel(CHANNEL)).get_current_context()
    assert current == (tolland if shown else None)


async def test_what_only_others_know_by_name_is_not_kept(open_desk: Callable[[], Any], tolland: Organization) -> None:
    desk = await open_desk()
    await desk.crm.broadcast(Contact(name="Somebody", id={"email": "somebody@example.com"}))
    await desk.crm.broadcast(Contact(name="Nobody", id={"deskline": 7}))  # type: ignore[dict-item]
    await desk.say(tolland)
    assert list(desk.focus._latest) == ["fdc3.organization"]


def test_what_is_no_longer_in_the_records_is_passed_over(records: Records, tolland: Organization) -> None:
    sarah = person(records, tolland)
    gone = Contact(name="Gone", id={"deskline": "0190"})
    strange = Instrument(id={"deskline": "0190", "ticker": "VOD"})
    with records.read() as session:
        assert still_known(session, [gone, tolland, strange]) == [tolland]
        assert still_known(session, [sarah, tolland, EURUSD]) == [sarah, tolland, EURUSD]


def test_of_a_contact_and_another_house_only_the_later_is_shown(records: Records, tolland: Organization) -> None:
    sarah, calder = person(records, tolland), house(records, "Calder Bank")
    with records.read() as session:
        assert still_known(session, [sarah, EURUSD, calder]) == [EURUSD, calder]
        assert still_known(session, [calder, EURUSD, sarah]) == [EURUSD, sarah]


async def test_a_store_that_holds_nonsense_leaves_the_panels_empty(
    records: Records, open_desk: Callable[[], Any], caplog: pytest.LogCaptureFixture
) -> None:
    await records.keep(NAME, "[{}]")
    desk = await open_desk()
    await desk.focus.show_again()
    assert desk.heard == []
    assert "was not shown again" in caplog.text
