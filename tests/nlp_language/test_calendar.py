"""Days, maturities and tenors."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.language.calendar import Day, day_at, imm_day
from nlp.language.periods import months_at, tenor_at
from nlp.language.relative import relative_day_at
from nlp.language.words import TOKEN

TODAY = date(2026, 6, 10)  # a Wednesday


def words(text: str) -> list[str]:
    return [m.group().lower() for m in TOKEN.finditer(text) if not m.group().isspace()]


def first_day(text: str) -> date | None:
    tokens = words(text)
    day = next((d for i in range(len(tokens)) if (d := relative_day_at(tokens, i) or day_at(tokens, i))), None)
    return day.resolve(TODAY) if day else None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("value Friday", date(2026, 6, 12)),
        ("by Wednesday", date(2026, 6, 17)),
        ("tomorrow morning", date(2026, 6, 11)),
        ("before close today", date(2026, 6, 10)),
        ("the thirtieth of September", date(2026, 9, 30)),
        ("fifth of March", date(2027, 3, 5)),
        ("Monday the twenty-second", date(2026, 6, 22)),
        ("16th of October 2028", date(2028, 10, 16)),
        ("val 18 jun", date(2026, 6, 18)),
        ("value eight of January twenty twenty-seven", date(2027, 1, 8)),
        ("value 17 of September", date(2026, 9, 17)),
        ("September 17th", date(2026, 9, 17)),
        ("Friday of next week", date(2026, 6, 19)),
        ("end of February", date(2027, 2, 28)),
        ("value the twenty-sixth of February twenty twenty-seven", date(2027, 2, 26)),
        ("by eod", date(2026, 6, 10)),
        ("Friday week", date(2026, 6, 19)),
        ("mon wk", date(2026, 6, 22)),
        ("a week today", date(2026, 6, 17)),
        ("two weeks today", date(2026, 6, 24)),
        ("a week on Monday", date(2026, 6, 22)),
        ("a fortnight on Friday", date(2026, 6, 26)),
        ("Monday after next", date(2026, 6, 22)),
        ("the day after tomorrow", date(2026, 6, 12)),
        ("the first Friday in July", date(2026, 7, 3)),
        ("second Tuesday of the month", date(2026, 7, 14)),
        ("the last working day of the month", date(2026, 6, 30)),
        ("the first working day of the month", date(2026, 7, 1)),
        ("the 5th of every month", date(2026, 7, 5)),
        ("the last day of July", date(2026, 7, 31)),
        ("the end of the quarter", date(2026, 6, 30)),
        ("the end of next month", date(2026, 7, 31)),
        ("every quarter end", date(2026, 6, 30)),
        ("end june", date(2026, 6, 30)),
        ("mid-July", date(2026, 7, 15)),
        ("eom", date(2026, 6, 30)),
        ("Tuesdays", date(2026, 6, 16)),
        ("two weeks", None),
        ("the end of it", None),
        ("one second please", None),
        ("the first quarter", None),
        ("thirty-first of June", None),
    ],
)
def test_days_count_from_the_conversation(text: str, expected: date | None) -> None:
    assert first_day(text) == expected


@given(st.integers(2020, 2040), st.integers(1, 12))
def test_imm_days_are_third_wednesdays(year: int, month: int) -> None:
    day = imm_day(year, month)
    assert (day.weekday(), (day.day - 1) // 7) == (2, 2)


@given(st.integers(0, 6), st.dates(min_value=date(2020, 1, 1), max_value=date(2040, 1, 1)))
def test_a_weekday_is_the_next_one_to_come(weekday: int, today: date) -> None:
    found = Day(0, 1, weekday=weekday).resolve(today)
    assert found is not None
    assert found.weekday() == weekday
    assert timedelta(0) < found - today <= timedelta(7)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("January thirty-one", (1, 1, 2031)),
        ("oct 35", (10, 10, 2035)),
        ("6/29", (6, 6, 2029)),
        ("June twenty-nines", (6, 6, 2029)),
        ("April to June twenty-eight", (4, 6, 2028)),
        ("Q3-27", (7, 9, 2027)),
        ("second half", (7, 12, None)),
    ],
)
def test_maturities_and_periods(text: str, expected: tuple[int, int, int | None]) -> None:
    span = months_at(words(text), 0)
    assert span is not None
    assert (span.begin, span.end, span.year) == expected


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("seven-year", "7Y"),
        ("three months", "3M"),
        ("10y", "10Y"),
        ("2w", "2W"),
        ("3m vol", "3M"),
        ("3m", None),
        ("25m", None),
        ("five", None),
    ],
)
def test_tenors(text: str, code: str | None) -> None:
    tenor = tenor_at(words(text), 0)
    assert (tenor.code if tenor else None) == code


@pytest.mark.parametrize(
    ("text", "today", "expected"),
    [
        ("mon 12 oct", date(2026, 9, 1), date(2026, 10, 12)),
        ("mon 12 oct", date(2027, 1, 8), date(2026, 10, 12)),  # the next 12 October is a Tuesday
        ("mon 12 oct", date(2027, 9, 1), None),  # last year's Monday is too long ago
        ("tue 12 oct 2026", date(2026, 9, 1), None),
        ("Friday the 17th of July", date(2026, 6, 10), date(2026, 7, 17)),
        ("Friday the 31st", date(2026, 6, 10), date(2026, 7, 31)),
        ("Monday the 28th of February", date(2026, 3, 1), None),
    ],
)
def test_a_weekday_that_contradicts_the_date_chooses_a_near_year_or_leaves_it_blank(
    text: str, today: date, expected: date | None
) -> None:
    day = day_at(words(text), 0)
    assert day is not None
    assert day.resolve(today) == expected
