"""What the trader typed and what happened on the line is kept, whatever comes in between."""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import select

from app.records.errors import DiskFull
from app.records.store import Records
from app.records.tables import CallReport, Interaction
from app.services import LocalZone, Notice, Services
from fdc3.types import Contact as ContactContext
from fdc3.types import Context
from plugins.reports import due
from plugins.reports.work import Reports


def rows(records: Records, model: type[Any]) -> list[Any]:
    with records.read() as session:
        return list(session.scalars(select(model)))


async def until(condition: Callable[[], Any], seconds: float = 5.0) -> None:
    deadline = asyncio.get_running_loop().time() + seconds
    while not condition():
        assert asyncio.get_running_loop().time() < deadline, "the condition did not come true"
        await asyncio.sleep(0.005)


class FullDisk:
    """A disk that takes nothing until told."""

    def __init__(self, records: Records, monkeypatch: pytest.MonkeyPatch) -> None:
        self.full = True
        self._write = records.write
        monkeypatch.setattr(records, "write", self.write)

    async def write(self, *given: Any, **named: Any) -> Any:
        if self.full:
            raise DiskFull("The disk is full: the last change was not stored. Free some space and repeat it.")
        return await self._write(*given, **named)


class SlowWriter:
    """Writes that begin only when told."""

    def __init__(self, records: Records, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked = asyncio.Event()
        self.times = 0
        self.go = asyncio.Event()
        self._write = records.write
        monkeypatch.setattr(records, "write", self.write)

    async def write(self, *given: Any, **named: Any) -> Any:
        self.asked.set()
        self.times += 1
        await self.go.wait()
        return await self._write(*given, **named)


async def test_closing_the_desk_in_mid_call_does_not_wait_for_the_call_to_end(
    running: Any, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def end(interaction_id: str) -> None:
        running.conversations.say(interaction_id, phase="ended")
        await asyncio.Event().wait()  # the customer goes on talking

    monkeypatch.setattr(running.conversations, "end", end)
    await running.call()
    running.say()
    async with asyncio.timeout(5):
        await running.app.close()
    (talk,) = rows(records, Interaction)
    assert (talk.status, talk.report_status) == ("interrupted", "draft")
    assert rows(records, CallReport)[0].fields["duration"] == 252.0


async def test_the_end_of_a_call_is_stored_as_soon_as_the_disk_takes_it(
    running: Any, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("plugins.reports.app.RETRIES", (0.01,))
    channel = await running.call()
    disk = FullDisk(records, monkeypatch)
    await running.event(channel, "ended")
    await until(lambda: running.conversations.ended)
    disk.full = False
    await until(lambda: rows(records, Interaction)[0].status == "ended")


async def test_a_talk_that_could_not_be_stored_at_its_start_is_stored_while_it_lasts(
    running: Any, records: Records, notices: list[Notice], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is said refers to it: without the talk its words would be refused."""
    monkeypatch.setattr("plugins.reports.app.RETRIES", (0.01,))
    disk = FullDisk(records, monkeypatch)
    await running.call("+442079460555")
    await running.caller.broadcast(ContactContext(id={"deskline": "hal", "phone": "+442079460555"}, name="Hal Tolland"))
    await until(lambda: running.conversations.known)
    disk.full = False
    await until(lambda: rows(records, Interaction))
    (talk,) = rows(records, Interaction)
    assert (talk.status, talk.contact_id) == ("live", "hal")
    assert len([notice for notice in notices if "not in the records yet" in notice.text]) == 1


async def test_what_is_typed_while_a_report_is_being_saved_is_saved_with_it(
    running: Any, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = await running.ended_call()
    await running.app.reports.flush(card.report_id)
    slow = SlowWriter(records, monkeypatch)
    saving = asyncio.create_task(running.app.reports.save(card.report_id))
    await slow.asked.wait()
    await running.app.reports.edit(card.report_id, "notes", "and call back on Friday")
    slow.go.set()
    assert await saving
    report = rows(records, CallReport)[0]
    assert (report.status, report.fields["notes"]) == ("saved", "and call back on Friday")


async def test_typing_during_a_save_does_not_make_a_draft_of_the_saved_report(
    running: Any, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("plugins.reports.saving.DELAY", 0.0)
    card = await running.ended_call()
    report = running.app.reports.of(card.talk.interaction_id)
    await running.app.reports.flush(card.report_id)
    slow = SlowWriter(records, monkeypatch)
    doing = asyncio.create_task(running.app.reports.discard(card.report_id))
    await slow.asked.wait()
    await running.app.reports.edit(card.report_id, "notes", "late")
    report.saver._cancel()
    report.saver._due()  # its time has come while the other write is on its way
    await asyncio.sleep(0)
    slow.go.set()
    await doing
    await asyncio.gather(*report.saver._tasks)
    assert rows(records, CallReport)[0].status == "discarded"
    assert rows(records, Interaction)[0].report_status == "discarded"
    await running.app.reports.undo_discard()
    assert await running.app.reports.flush(card.report_id)
    assert rows(records, CallReport)[0].fields["notes"] == "late"


async def test_a_report_asked_for_twice_at_once_is_opened_once(running: Any, records: Records, desk: Services) -> None:
    """Two copies of a draft would write over each other."""
    card = await running.ended_call()
    await running.app.reports.put_aside(card.report_id)

    async def nowhere(_channel: str, _message: dict[str, Any]) -> None: ...

    later = Reports(desk, dt.UTC, nowhere)
    talk = card.talk.interaction_id
    await asyncio.gather(later.show(talk), later.show(talk))
    assert len(later.state.value.cards) == 1
    await later.close()


async def test_a_caller_chosen_while_it_rang_is_the_callers_of_the_call(running: Any, records: Records) -> None:
    """Several share the number; the trader says who it is before answering."""
    await running.caller.broadcast(ContactContext(id={"deskline": "hal", "phone": "+442079460555"}, name="Hal Tolland"))
    await until(lambda: running.app._chosen is not None)
    await running.call("+442079460555")
    await until(lambda: rows(records, Interaction)[0].contact_id == "hal")
    # The next one from there may be somebody else.
    await running.call("+442079460555", line="L2")
    assert {row.contact_id for row in rows(records, Interaction)} == {"hal", None}


async def test_a_full_disk_at_the_start_does_not_keep_the_reports_away(
    running: Any, records: Records, notices: list[Notice], monkeypatch: pytest.MonkeyPatch
) -> None:
    await running.call()
    running.app._live.clear()
    FullDisk(records, monkeypatch)
    await running.app.begin()
    assert any("disk is full" in notice.text for notice in notices)


@pytest.fixture
def london(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Europe/London")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def test_a_day_in_summer_ends_in_summer_time_also_when_it_is_written_down_in_winter(london: None) -> None:
    zone = LocalZone()
    assert due.as_moment("2026-07-01", zone) == dt.datetime(2026, 7, 1, 22, 59, tzinfo=dt.UTC)
    assert due.as_moment("2026-12-01", zone) == dt.datetime(2026, 12, 1, 23, 59, tzinfo=dt.UTC)
    assert due.parse("1 jul 14:00", dt.date(2026, 6, 20), zone) == "2026-07-01T14:00:00+01:00"


def test_a_moment_in_either_half_of_the_year_shows_the_wall_clock_of_its_day(london: None) -> None:
    zone = LocalZone()
    for moment, clock in (
        (dt.datetime(2026, 7, 1, 9, tzinfo=dt.UTC), "2026-07-01T10:00:00+01:00"),
        (dt.datetime(2026, 12, 1, 9, tzinfo=dt.UTC), "2026-12-01T09:00:00+00:00"),
        (dt.datetime(2026, 10, 25, 0, 30, tzinfo=dt.UTC), "2026-10-25T01:30:00+01:00"),
        (dt.datetime(2026, 10, 25, 1, 30, tzinfo=dt.UTC), "2026-10-25T01:30:00+00:00"),  # the hour comes twice
    ):
        local = moment.astimezone(zone)
        assert local.isoformat() == clock
        assert local.astimezone(dt.UTC) == moment


async def test_the_reports_and_the_list_follow_the_computers_zone(running: Any) -> None:
    assert isinstance(running.app.reports.zone, LocalZone)


async def test_a_chat_that_ends_while_its_report_is_being_saved_leaves_it_saved(
    running: Any, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = await running.chat()
    running.say(recorded_seconds=0.0)
    await running.event(channel, "report")
    await until(lambda: running.state.cards)
    await running.app.reports.flush(running.card.report_id)
    slow = SlowWriter(records, monkeypatch)
    saving = asyncio.create_task(running.app.reports.save(running.card.report_id))
    await slow.asked.wait()
    await channel.broadcast(Context(type="deskline.call.event", event="ended", at="2026-11-24T10:44:00+00:00"))
    await until(lambda: slow.times == 2)
    slow.go.set()
    assert await saving
    await until(lambda: rows(records, Interaction)[0].status == "ended")
    assert rows(records, CallReport)[0].status == "saved"
