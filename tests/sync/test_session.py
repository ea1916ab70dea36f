"""The desk's part in the conversation, message by message."""

from __future__ import annotations

import datetime as dt
from itertools import count
from random import Random

import pytest
from msgspec import structs

from app.records.log import GENESIS
from app.sync.desk_store import SnapshotAt
from app.sync.protocol import (
    Failure,
    FromDesk,
    Hello,
    Page,
    Pull,
    Purge,
    Purged,
    Push,
    Receipt,
    Returned,
    Snapshot,
    SnapshotWanted,
    Stored,
    Welcome,
)
from app.sync.session import DeskSession
from tests.simulation.disk import Draft, MemoryDesk

NOW = dt.datetime(2026, 3, 2, 7, 0, tzinfo=dt.UTC)


@pytest.fixture
def disk() -> MemoryDesk:
    numbers = count(1)
    return MemoryDesk(lambda: NOW, lambda: f"{next(numbers):032x}")


@pytest.fixture
def session(disk: MemoryDesk) -> DeskSession:
    return DeskSession(
        disk, now=NOW.timestamp, steady=lambda: 0.0, random=Random(1), app_version="1.0", schema_version=3
    )


def welcome(*scopes: str, received: int = 0, epoch: str = "one", head: int = 0, base: int = 0) -> Welcome:
    clock = int(NOW.timestamp() * 1000)
    return Welcome(epoch, head, received, GENESIS, scopes or ("*",), clock, 3, base)


def typed(disk: MemoryDesk) -> None:
    disk.write("user:1", [Draft(("contact", disk.chain.site + str(disk.written())), "insert", {"name": "Ann"})])


def test_first_everything_is_read_then_what_is_new(session: DeskSession) -> None:
    assert [type(each) for each in session.opened()] == [Hello]
    assert session.received(welcome("*", "desk:emea", head=7)) == [SnapshotWanted("*")]
    assert session.received(Snapshot("*", (), 7, False, 0)) == [SnapshotWanted("desk:emea")]
    assert session.status.state == "first sync"
    assert session.received(Snapshot("desk:emea", (), 7, False, 0)) == [Pull(7)]
    assert session.status.state == "online"


def pushed(messages: list[FromDesk]) -> list[list[int]]:
    return [[entry.site_seq for entry in each.entries] for each in messages if isinstance(each, Push)]


def test_two_pushes_are_on_their_way_at_once(session: DeskSession, disk: MemoryDesk) -> None:
    session.opened()
    session.received(welcome())
    for sent in ([[1]], [[2]], []):
        typed(disk)
        assert pushed(session.wrote()) == sent
    assert pushed(session.received(Receipt(1, 1))) == [[3]]
    assert session.received(Receipt(2, 2)) == []
    assert session.received(Receipt(3, 3)) == []


def test_while_much_is_on_its_way_no_page_is_asked_for(session: DeskSession, disk: MemoryDesk) -> None:
    session.opened()
    session.received(welcome())
    assert session.received(Snapshot("*", (), 0, False, 0)) == [Pull(0)]
    for _ in range(12):
        typed(disk)
    assert pushed(session.wrote()) == [[1, 2, 3, 4, 5], [6, 7, 8, 9, 10]]
    first = Page((), 0, 5, 10)
    assert session.ahead(first) == []
    assert session.received(first) == []
    assert disk.position().cursor == 5
    assert pushed(session.received(Receipt(5, 5))) == [[11, 12]]
    assert session.received(Receipt(10, 10)) == [Pull(5)]
    assert session.received(Receipt(12, 12)) == []


def test_a_page_is_asked_for_now_and_then_however_much_is_on_its_way(
    session: DeskSession, disk: MemoryDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.sync.session._UNASKED", 5)
    session.opened()
    session.received(welcome())
    session.received(Snapshot("*", (), 0, False, 0))
    for _ in range(30):
        typed(disk)
    session.wrote()
    assert session.received(Page((), 0, 5, 10)) == []
    told = session.received(Receipt(5, 5))
    assert pushed(told) == [[11, 12, 13, 14, 15]]
    assert told[1:] == [Pull(5)]


def test_what_the_server_did_not_take_goes_again(session: DeskSession, disk: MemoryDesk) -> None:
    session.opened()
    session.received(welcome())
    for _ in range(12):
        typed(disk)
    assert pushed(session.wrote()) == [[1, 2, 3, 4, 5], [6, 7, 8, 9, 10]]
    assert pushed(session.received(Receipt(3, 3))) == [[11, 12]]
    refused = Failure("out-of-order", "Entry 4 was expected, 6 came.", received=3)
    assert pushed(session.received(refused)) == []
    assert pushed(session.received(refused)) == [[4, 5, 6, 7, 8], [9, 10, 11, 12]]


def test_the_next_page_is_asked_for_before_this_one_is_taken_in(session: DeskSession, disk: MemoryDesk) -> None:
    session.opened()
    session.received(welcome())
    first = Snapshot("*", (Stored("contact", "a", '{"id":"a"}', "*", 1),), 3, True, 2)
    assert session.ahead(first) == [SnapshotWanted("*", "contact", "a")]
    assert session.received(first) == []
    rest = Snapshot("*", (), 3, False, 2)
    assert session.ahead(rest) == []
    assert session.received(rest) == [Pull(0)]
    page = Page((), 0, 5, 9)
    assert session.ahead(page) == [Pull(5)]
    assert disk.position().cursor == 0
    assert session.received(page) == []
    assert disk.position().cursor == 5
    last = Page((), 5, 9, 9)
    assert session.ahead(last) == []
    assert session.received(last) == [Pull(9)]


def test_a_page_that_leaves_something_out_is_asked_for_again(session: DeskSession, disk: MemoryDesk) -> None:
    session.opened()
    session.received(welcome(head=3))
    session.received(Snapshot("*", (), 3, False, 0))
    assert session.received(Page((), 5, 9, 9)) == [Pull(3)]
    assert disk.position().cursor == 3


def test_a_desk_from_an_older_copy_of_its_records_writes_over_nothing(session: DeskSession, disk: MemoryDesk) -> None:
    typed(disk)
    session.opened()
    assert session.received(welcome(received=2)) == []
    assert session.status.state == "refused"
    assert "older copy" in session.status.problem
    assert session.wake_at is None
    assert session.wrote() == []


def test_after_a_restore_the_outcomes_since_the_backup_are_asked_for_again(
    session: DeskSession, disk: MemoryDesk
) -> None:
    session.opened()
    session.received(welcome(head=9))
    session.received(Snapshot("*", (), 9, False, 0))
    session.opened()
    assert session.received(welcome(head=6, epoch="two", base=4)) == [SnapshotWanted("*")]
    assert disk.position().cursor == 4
    assert disk.position().snapshot == SnapshotAt("*", anew=True)


def test_a_scope_taken_away_while_it_is_read_leads_on_to_the_next(session: DeskSession) -> None:
    session.opened()
    session.received(welcome("*", "desk:emea"))
    assert session.received(Purge(("*",))) == [Purged(("*",)), SnapshotWanted("desk:emea")]


def test_who_is_told_that_the_terms_are_others_greets_once_more(session: DeskSession, disk: MemoryDesk) -> None:
    session.opened()
    session.received(structs.replace(welcome(), terms="one"))
    session.received(Snapshot("*", (), 0, False, 0, "one"))
    typed(disk)
    (push,) = session.wrote()
    assert isinstance(push, Push)
    assert push.terms == "one"
    failure = Failure("other-terms", "Something has changed.", retry=True)
    assert [type(each) for each in session.received(failure)] == [Hello]
    assert session.received(failure) == [], "the push and the pull are both told"
    assert session.received(structs.replace(welcome("*", "book:x"), terms="two")) == [
        structs.replace(push, terms="two"),
        SnapshotWanted("book:x", terms="two"),
    ]


def test_an_answer_to_what_was_asked_under_other_terms_is_not_taken(session: DeskSession, disk: MemoryDesk) -> None:
    session.opened()
    session.received(structs.replace(welcome("*", "book:x"), terms="one"))
    session.received(structs.replace(welcome("*"), terms="two"))
    session.received(structs.replace(welcome("*", "book:x"), terms="three"))
    assert session.received(Snapshot("*", (), 3, False, 0, "three")) == [SnapshotWanted("book:x", terms="three")]
    assert session.received(Snapshot("book:x", (), 3, False, 0, "one")) == []
    assert session.received(Page((), 0, 9, 9, "two")) == []
    assert (disk.position().snapshot, disk.position().cursor) == (SnapshotAt("book:x", anew=True), 0)


def test_waiting_is_longer_after_each_failure_and_ends_when_the_user_wants(session: DeskSession) -> None:
    waits = []
    for _ in range(200):
        session.lost("No network.")
        waits.append(session.wake_at or 0.0)
    assert max(waits[:3]) <= 2.0
    assert 30.0 < max(waits) <= 60.0
    session.retry()
    assert session.wake_at == 0.0


def test_a_desk_that_is_too_old_is_told_and_waits_for_nobody(session: DeskSession) -> None:
    session.opened()
    assert session.received(Failure("too-old", "Update Deskline.")) == []
    assert (session.status.state, session.status.problem, session.wake_at) == ("refused", "Update Deskline.", None)


LINE, RESERVE = ("credit_line", "line"), ("credit_reserve", "line")


def _deal(disk: MemoryDesk, used: str) -> None:
    disk.write("user:1", [Draft(LINE, "update", {"used": used}), Draft(("deal", f"to {used}"), "insert", {})])


def _told(messages: list[FromDesk]) -> list[dict[str, str]]:
    return [dict(each.held) for each in messages if isinstance(each, Returned)]


def test_a_restored_server_hears_of_no_reserve_that_a_deal_it_knows_has_used(
    session: DeskSession, disk: MemoryDesk
) -> None:
    session.opened()
    session.received(welcome(head=2))
    sites = f'{{"{disk.site}":{{"granted":"100","consumed":"0"}}}}'
    line = Stored(*LINE, '{"id":"line","limit":"1000","used":"0"}', "*", 1)
    reserve = Stored(*RESERVE, f'{{"id":"line","line_id":"line","sites":{sites}}}', "*", 2)
    session.received(Snapshot("*", (line, reserve), 2, False, 2))
    _deal(disk, "30")
    _deal(disk, "50")
    session.opened()
    # The first deal came to the server before the backup, and its outcome never came back; the second did not.
    assert _told(session.received(structs.replace(welcome(received=2, epoch="two"), away=True))) == [{"line": "70"}]
    session.opened()
    assert _told(session.received(structs.replace(welcome(received=4, epoch="three"), away=True))) == [{"line": "50"}]
