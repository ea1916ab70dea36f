"""A call that rings in vain is kept: pure following of the lines, and the interaction in the records."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable
from typing import Any

from sqlalchemy import select

from app.records.store import Records
from app.records.tables import CallReport, Interaction
from app.services import Notice
from fdc3.types import Context
from plugins.reports.missed import follow

NOW = dt.datetime(2026, 11, 24, 10, 42, 31, tzinfo=dt.UTC)
NUMBER = "+442079460143"


def line(state: str, name: str = "L1", since: dt.datetime = NOW, **more: Any) -> dict[str, Any]:
    return {"line": name, "state": state, "number": NUMBER, "direction": "inbound", "since": since.isoformat(), **more}


async def until(condition: Callable[[], Any], seconds: float = 5.0) -> None:
    deadline = asyncio.get_running_loop().time() + seconds
    while not condition():
        assert asyncio.get_running_loop().time() < deadline, "the condition did not come true"
        await asyncio.sleep(0.005)


def test_a_ring_that_ends_unanswered_is_missed_once() -> None:
    rings, missed = follow({}, [line("ringing")], NOW)
    assert (list(rings), missed) == (["L1"], ())
    rings, missed = follow(rings, [line("ended", since=NOW + dt.timedelta(seconds=20))], NOW)
    assert [(each.number, each.line, each.started) for each in missed] == [(NUMBER, "L1", NOW)]
    assert follow(rings, [{"line": "L1", "state": "idle"}], NOW) == ({}, ())


def test_an_answered_or_an_own_call_is_not_missed() -> None:
    rings, _ = follow({}, [line("ringing")], NOW)
    for state in ("connected", "held"):
        assert follow(rings, [line(state)], NOW) == ({}, ())
    assert follow({}, [line("ringing", direction="outbound")], NOW) == ({}, ())


def test_a_second_ring_on_the_line_leaves_the_first_one_missed() -> None:
    rings, _ = follow({}, [line("ringing")], NOW)
    later = NOW + dt.timedelta(minutes=1)
    rings, missed = follow(rings, [line("ringing", since=later)], later)
    assert [each.started for each in missed] == [NOW]
    assert rings["L1"].started == later


def test_a_turret_that_comes_back_without_the_call_has_missed_it() -> None:
    rings, _ = follow({}, [line("ringing")], NOW)
    assert len(follow(rings, [], NOW)[1]) == 1


async def test_a_missed_call_stands_in_the_records_with_its_customer(
    running: Any, records: Records, notices: list[Notice]
) -> None:
    turret = await running.caller.get_or_create_channel("deskline.turret")
    for lines in ([line("ringing")], [line("ended")], [{"line": "L1", "state": "idle"}]):
        await turret.broadcast(Context(type="deskline.turret.lines", lines=lines))

    def kept() -> list[Interaction]:
        with records.read() as session:
            return list(session.scalars(select(Interaction)))

    await until(kept)
    (talk,) = kept()
    assert (talk.status, talk.report_status, talk.number, talk.line) == ("missed", "none", NUMBER, "L1")
    assert (talk.organization_id, talk.contact_id, talk.started_at) == ("ngam", "sarah", NOW)
    await until(lambda: notices)
    assert notices[-1].text == "Missed call from Northgate Asset Management."
    with records.read() as session:
        assert session.scalars(select(CallReport)).first() is None
