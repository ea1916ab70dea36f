"""Due dates as typed and read; amounts, durations and shares in words."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.brokerage.spans import due_words
from plugins.reports import due, wording

LONDON = ZoneInfo("Europe/London")
TODAY = dt.date(2026, 11, 24)  # a Tuesday


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("today 14:00", "2026-11-24T14:00:00+00:00"),
        ("Today before 14:00", "2026-11-24T14:00:00+00:00"),
        ("14:00", "2026-11-24T14:00:00+00:00"),
        ("tomorrow 9am", "2026-11-25T09:00:00+00:00"),
        ("fri", "2026-11-27"),
        ("tuesday", "2026-12-01"),
        ("25 nov", "2026-11-25"),
        ("3 January 2:30 pm", "2027-01-03T14:30:00+00:00"),
        ("1 july 2027 12am", "2027-07-01T00:00:00+01:00"),
        ("2026-12-01", "2026-12-01"),
        ("when he calls", None),
        ("31 feb", None),
        ("25:99", None),
        ("", None),
    ],
)
def test_a_due_date_is_read_as_a_trader_types_it(text: str, expected: str | None) -> None:
    assert due.parse(text, TODAY, LONDON) == expected


def test_a_due_date_is_shown_short() -> None:
    assert due.show("2026-11-24T14:00:00+00:00", TODAY, LONDON) == "Today 14:00"
    assert due.show("2026-11-25", TODAY, LONDON) == "Tomorrow"
    assert due.show("2027-01-04", TODAY, LONDON) == "4 Jan 2027"
    assert due.show(None, TODAY, LONDON) == ""


@given(st.dates(dt.date(2020, 1, 1), dt.date(2040, 1, 1)), st.none() | st.times().map(lambda t: t.replace(second=0)))
def test_what_is_shown_reads_back_to_the_same_day(day: dt.date, time: dt.time | None) -> None:
    stored = day.isoformat() if time is None else dt.datetime.combine(day, time, LONDON).isoformat()
    again = due.parse(due.show(stored, TODAY, LONDON), TODAY, LONDON)
    assert again is not None
    assert due.split(again, LONDON)[0] == due.split(stored, LONDON)[0]


def test_what_is_promised_for_a_day_is_not_overdue_before_it_ends() -> None:
    moment = due.as_moment("2026-07-01", LONDON)
    assert moment == dt.datetime(2026, 7, 1, 22, 59, tzinfo=dt.UTC)
    assert due_words(moment, dt.datetime(2026, 7, 1, 21, 30, tzinfo=LONDON)) == ("today", "today")
    assert due.as_moment(None, LONDON) is None


def test_amounts_are_in_the_desks_words() -> None:
    assert wording.amount(Decimal(10_000_000), "EUR", None) == "10mm EUR"
    assert wording.amount(Decimal(12_500_000), "EUR", None) == "12.5mm EUR"
    assert wording.amount(Decimal(250_000), "USD", None) == "250k USD"
    assert wording.amount(Decimal(40_000), None, "shares") == "40,000 shares"
    assert wording.amount(None, "EUR", None) == ""


def test_durations_shares_and_times_read_back() -> None:
    assert wording.duration(252) == "04:12"
    assert wording.duration(3852) == "1:04:12"
    assert wording.parse_duration("4:12") == 252
    assert wording.parse_duration("soon") is None
    assert wording.parse_share(wording.share(0.56)) == 0.56
    assert wording.parse_share("200") is None
    assert wording.clock_time("2026-11-24T10:38:00+00:00", LONDON) == "24 Nov 2026 10:38"
    assert wording.parse_clock_time("24 Nov 2026 10:38", LONDON) == "2026-11-24T10:38:00+00:00"
    assert wording.parse_clock_time("noon", LONDON) is None
