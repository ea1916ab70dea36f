"""How a talk reads in the list, and how live messages change it."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from plugins.interactions.rows import TalkRow, kept, look, running, with_lines, with_state, with_words

NOW = dt.datetime(2026, 11, 24, 10, 42, 31, tzinfo=dt.UTC)
CALL = TalkRow("a", "call", "ended", NOW - dt.timedelta(hours=1), "Northgate AM", "Sarah Whitfield", report="saved")


@pytest.mark.parametrize(
    ("changes", "subtitle", "icon", "aside", "mark"),
    [
        ({"status": "live", "line": "L1"}, "Sarah Whitfield · Turret L1 · speaking", "phone", "1:00:00", ""),
        (
            {"status": "live", "line": "L1", "held": True},
            "Sarah Whitfield · Turret L1 · on hold",
            "pause",
            "1:00:00",
            "",
        ),
        ({"status": "ringing", "line": "L2"}, "Rings on L2 · F9 answers", "phone-incoming", "1:00:00", ""),
        ({"status": "missed"}, "Sarah Whitfield · missed", "phone-missed", "09:42", ""),
        ({"status": "missed", "known": False, "contact": ""}, "missed, no client match", "phone-missed", "09:42", ""),
        ({"subject": "Enquiry · BTP"}, "Enquiry · BTP", "phone", "09:42", "check"),
        ({"report": "draft"}, "Report draft · to be finished", "phone", "09:42", "edit"),
        ({"report": "none"}, "No report yet", "phone", "09:42", "edit"),
        ({"report": "none", "status": "interrupted"}, "No report yet · cut off", "phone", "09:42", "edit"),
        ({"kind": "chat", "status": "live", "words": "hi"}, "“hi”", "message", "09:42", ""),
        ({"known": False}, "No client match · resolve", "phone", "09:42", "check"),
        ({"direction": "outbound"}, "Sarah Whitfield", "phone-outgoing", "09:42", "check"),
    ],
)
def test_every_state_reads_as_a_sentence(
    changes: dict[str, Any], subtitle: str, icon: str, aside: str, mark: str
) -> None:
    row = replace(CALL, **changes)
    if row.live:
        row = replace(row, started=NOW - dt.timedelta(hours=1))
    drawn = look(row, NOW, dt.UTC)
    assert (drawn.subtitle, drawn.icon, drawn.aside, drawn.mark) == (
        subtitle,
        icon,
        aside if row.kind == "chat" or not row.live else running(row, NOW),
        mark,
    )


def test_days_are_named_from_the_desks_zone() -> None:
    def aside(days: float) -> str:
        return look(replace(CALL, started=NOW - dt.timedelta(days=days)), NOW, dt.UTC).aside

    assert (aside(1), aside(12), aside(400)) == ("yesterday", "12 Nov", "20 Oct 2025")


def test_live_talks_stand_on_top_and_filters_hold() -> None:
    live = replace(CALL, key="l", status="live", started=NOW - dt.timedelta(hours=5))
    chat = replace(CALL, key="c", kind="chat", report="draft", started=NOW)
    assert [row.key for row in kept([CALL, chat, live], "all")] == ["l", "c", "a"]
    assert [row.key for row in kept([CALL, chat, live], "calls")] == ["l", "a"]
    assert [row.key for row in kept([CALL, chat, live], "chats")] == ["c"]
    assert [row.key for row in kept([CALL, chat, live], "to_report")] == ["c"]


def test_a_talk_of_an_unknown_caller_is_named_by_its_number() -> None:
    state = {"id": {"deskline": "x"}, "kind": "call", "phase": "live", "number": "+442079460188", "customer": "?"}
    row = with_state(None, state, NOW)
    assert (row.title, row.known) == ("Unknown +44 20 7946 0188", False)
    row = with_state(row, {**state, "customer": "Tolland Castings", "organization_id": "t"}, NOW)
    assert (row.title, row.known) == ("Tolland Castings", True)


def test_a_chats_new_messages_count_until_it_is_read() -> None:
    chat = replace(CALL, kind="chat", status="live")
    said = {"who": "client", "text": "axes pls"}
    row = with_words(with_words(chat, said, reading=False), said, reading=False)
    assert (row.unread, row.words) == (2, "axes pls")
    assert with_words(row, {"who": "trader", "text": "sure"}, reading=False).unread == 2
    assert with_words(chat, said, reading=True).unread == 0


def test_a_ring_that_nobody_answers_is_a_missed_call() -> None:
    ring = {
        "line": "L1",
        "state": "ringing",
        "number": "+442079460188",
        "direction": "inbound",
        "since": NOW.isoformat(),
    }
    rows, missed = with_lines({}, [ring], NOW)
    assert rows["line L1"].status == "ringing"
    assert missed == ()
    rows, missed = with_lines(rows, [{"line": "L1", "state": "idle"}], NOW)
    assert rows == {}
    assert [(row.status, row.number) for row in missed] == [("missed", "+442079460188")]


def test_a_ring_takes_the_callers_name_as_soon_as_the_desk_knows_it() -> None:
    ring = {"line": "L1", "state": "ringing", "number": "+442079460188", "since": NOW.isoformat()}
    rows, _ = with_lines({}, [ring], NOW)
    assert rows["line L1"].title == "+44 20 7946 0188"
    rows, _ = with_lines(rows, [{**ring, "name": "Gareth Pemberly"}], NOW)
    assert (rows["line L1"].title, rows["line L1"].known) == ("Gareth Pemberly", True)


def test_an_answered_ring_is_not_missed_and_a_held_call_says_so() -> None:
    rows, _ = with_lines({}, [{"line": "L1", "state": "ringing", "number": "+442079460188"}], NOW)
    rows["a"] = replace(CALL, status="live", line="L1")
    rows, missed = with_lines(rows, [{"line": "L1", "state": "held"}], NOW)
    assert missed == ()
    assert list(rows) == ["a"]
    assert rows["a"].held
