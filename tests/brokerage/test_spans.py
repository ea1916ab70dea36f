from __future__ import annotations

import datetime as dt

import pytest

from app.brokerage.spans import ago, due_words

NOW = dt.datetime(2026, 11, 18, 10, 42, tzinfo=dt.UTC)  # a Wednesday


@pytest.mark.parametrize(
    ("due", "words", "urgency"),
    [
        (dt.datetime(2026, 11, 18, 10, 36), "overdue 6m", "overdue"),
        (dt.datetime(2026, 11, 17, 10, 36), "overdue 1d", "overdue"),
        (dt.datetime(2026, 11, 16, 23, 59), "overdue 2d", "overdue"),
        (dt.datetime(2026, 11, 18, 14, 0), "before 14:00", "today"),
        (dt.datetime(2026, 11, 18, 0, 0), "today", "today"),
        (dt.datetime(2026, 11, 18, 23, 59), "today", "today"),
        (dt.datetime(2026, 11, 19, 0, 0), "tomorrow", "later"),
        (dt.datetime(2026, 11, 20, 15, 0), "Fri 15:00", "later"),
        (dt.datetime(2026, 12, 3, 9, 0), "3 Dec", "later"),
        (dt.datetime(2027, 1, 3, 9, 0), "3 Jan 2027", "later"),
    ],
)
def test_a_due_time_in_the_desks_words(due: dt.datetime, words: str, urgency: str) -> None:
    assert due_words(due.replace(tzinfo=dt.UTC), NOW) == (words, urgency)


def test_no_date_is_said() -> None:
    assert due_words(None, NOW) == ("no date", "open")


def test_due_times_are_shown_in_the_zone_of_now() -> None:
    tokyo = dt.timezone(dt.timedelta(hours=9))
    assert due_words(NOW + dt.timedelta(hours=1), NOW.astimezone(tokyo)) == ("before 20:42", "today")


@pytest.mark.parametrize(
    ("passed", "words"),
    [
        (5, "now"),
        (54 * 60, "54 min"),
        (3 * 3600, "3 h"),
        (49 * 3600, "2d"),
        (60 * 86400, "8w"),
        (400 * 86400, "14 Oct 2025"),
    ],
)
def test_how_long_ago(passed: int, words: str) -> None:
    assert ago(NOW - dt.timedelta(seconds=passed), NOW) == words
