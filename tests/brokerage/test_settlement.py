from __future__ import annotations

import datetime as dt
from importlib.resources import files

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from app.brokerage.entry import EntryError
from app.brokerage.settlement import (
    add_tenor,
    describe,
    parse_value_date,
    product_for,
    settle_days,
)
from resources.calendars import calendars_of, closed, following, settles

THURSDAY = dt.date(2026, 11, 19)
SPOT = dt.date(2026, 11, 23)
PAIRS = st.sampled_from([(), ("EUR", "USD"), ("GBP", "JPY")])


def test_spot_skips_the_weekend() -> None:
    assert settles(THURSDAY, 2, ()) == dt.date(2026, 11, 23)
    assert settles(THURSDAY, 1, ()) == dt.date(2026, 11, 20)


@pytest.mark.parametrize(
    ("product", "symbol", "currency", "sovereign", "days"),
    [
        ("fx-spot", "EURUSD", "USD", False, 2),
        ("fx-spot", "USDCAD", "CAD", False, 1),
        ("fx-forward", "USD/TRY", "TRY", False, 1),
        ("bond", "VOD 3⅜ 08/33", "EUR", False, 2),
        ("bond", "UKT 4 10/31", "GBP", True, 1),
        ("bond", "BTPS 4.4 33", "EUR", True, 2),
        ("equity", "AAPL", "USD", False, 1),
        ("equity", "SAP", "EUR", False, 2),
    ],
)
def test_conventions(product: str, symbol: str, currency: str, sovereign: bool, days: int) -> None:
    assert settle_days(product, symbol, currency, sovereign) == days


@pytest.mark.parametrize(
    ("spot", "tenor", "expected"),
    [
        (dt.date(2026, 11, 23), "1w", dt.date(2026, 11, 30)),
        (dt.date(2026, 11, 23), "3m", dt.date(2027, 2, 23)),
        (dt.date(2026, 11, 23), "1y", dt.date(2027, 11, 23)),
        (dt.date(2026, 7, 30), "1m", dt.date(2026, 8, 31)),  # 30 August is a Sunday
        (dt.date(2027, 1, 29), "1m", dt.date(2027, 2, 26)),  # month end to month end
        (dt.date(2026, 12, 30), "2m", dt.date(2027, 2, 26)),  # no 30 February, 28th is a Sunday
    ],
)
def test_tenors_roll_modified_following(spot: dt.date, tenor: str, expected: dt.date) -> None:
    assert add_tenor(spot, tenor, ()) == expected


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("spot", dt.date(2026, 11, 23)),
        ("", dt.date(2026, 11, 23)),
        ("today", THURSDAY),
        ("tom", dt.date(2026, 11, 20)),
        ("T+3", dt.date(2026, 11, 24)),
        ("T+2 · 23 Nov 2026", dt.date(2026, 11, 23)),
        ("1w", dt.date(2026, 11, 30)),
        ("25 Nov", dt.date(2026, 11, 25)),
        ("25th november 2027", dt.date(2027, 11, 25)),
        ("25/11/26", dt.date(2026, 11, 25)),
        ("4 jan", dt.date(2027, 1, 4)),
        ("2026-12-15", dt.date(2026, 12, 15)),
    ],
)
def test_a_value_date_is_read_as_typed(typed: str, expected: dt.date) -> None:
    assert parse_value_date(typed, THURSDAY, 2, ()) == expected


@pytest.mark.parametrize("typed", ["yesterday", "21 Nov", "2026-11-18", "31 feb", "13/13", "29 feb 2027"])
def test_weekends_the_past_and_nonsense_are_refused(typed: str) -> None:
    with pytest.raises(EntryError, match=r"[.]$"):
        parse_value_date(typed, THURSDAY, 2, ())


@given(st.dates(dt.date(2020, 1, 1), dt.date(2040, 1, 1)), st.sampled_from(["1w", "1m", "3m", "18m", "2y"]), PAIRS)
def test_every_forward_date_is_a_business_day_after_spot(traded: dt.date, tenor: str, pair: tuple[str, ...]) -> None:
    spot = settles(traded, 2, pair)
    assert not closed(add_tenor(spot, tenor, pair), pair)
    assert add_tenor(spot, tenor, pair) > spot


@given(st.dates(dt.date(2020, 1, 1), dt.date(2040, 1, 1)), st.integers(0, 700), PAIRS)
def test_a_described_date_reads_back(traded: dt.date, ahead: int, pair: tuple[str, ...]) -> None:
    day = following(traded + dt.timedelta(days=ahead), pair)
    assert parse_value_date(describe(day, traded, pair), traded, 2, pair) == day


def test_fx_beyond_spot_is_a_forward() -> None:
    assert product_for("fx", SPOT, SPOT) == "fx-spot"
    assert product_for("fx", dt.date(2027, 2, 23), SPOT) == "fx-forward"
    assert product_for("bond", dt.date(2027, 2, 23), SPOT) == "bond"


@pytest.mark.parametrize(
    ("kind", "symbol", "currency", "traded", "days", "expected"),
    [
        # Thanksgiving is Thursday 26 November 2026: not a last day for the dollar, but a day on the way.
        ("fx", "EUR/USD", "USD", "2026-11-24", 2, "2026-11-27"),
        ("fx", "EUR/USD", "USD", "2026-11-25", 2, "2026-11-27"),
        ("fx", "USD/CAD", "CAD", "2026-11-25", 1, "2026-11-27"),
        ("fx", "EUR/GBP", "GBP", "2026-11-24", 2, "2026-11-26"),
        ("fx", "USD/JPY", "JPY", "2026-11-19", 2, "2026-11-24"),  # Labour Thanksgiving, Monday 23 November
        ("fx", "GBP/USD", "USD", "2026-12-23", 2, "2026-12-29"),  # Boxing Day is kept on Monday 28 December
        ("fx", "EUR/USD", "USD", "2026-12-23", 2, "2026-12-28"),
        ("fx", "USD/BRL", "BRL", "2026-02-12", 2, "2026-02-18"),  # Carnival, 16 and 17 February
        ("fx", "XAU/USD", "USD", "2026-11-24", 2, "2026-11-27"),
        ("fx", "AED/SAR", "SAR", "2026-11-19", 2, "2026-11-23"),  # no calendar: weekends only
        ("bond", "UST 4 5/8 02/35", "USD", "2026-07-02", 1, "2026-07-03"),  # 4 July is a Saturday: banks open on Friday
        ("equity", "AAPL", "USD", "2026-07-02", 1, "2026-07-06"),  # and the exchange does not
        ("equity", "AAPL", "USD", "2026-10-09", 1, "2026-10-13"),  # Columbus Day: traded, not settled
        ("equity", "SAP", "EUR", "2026-04-02", 2, "2026-04-08"),  # Good Friday and Easter Monday
    ],
)
def test_holidays_are_no_days_of_settlement(
    kind: str, symbol: str, currency: str, traded: str, days: int, expected: str
) -> None:
    found = settles(dt.date.fromisoformat(traded), days, calendars_of(kind, symbol, currency))
    assert found == dt.date.fromisoformat(expected)


def test_a_holiday_is_refused_by_its_name() -> None:
    with pytest.raises(EntryError, match=r"26 Nov 2026 is Thanksgiving Day \(USD\). The next business day is 27 Nov"):
        parse_value_date("26 Nov", THURSDAY, 2, ("EUR", "USD"))


def test_a_month_ends_on_the_last_day_that_both_are_open() -> None:
    """31 May 2027 is Memorial Day and a bank holiday in London: 28 May, and so 30 June."""
    assert add_tenor(dt.date(2027, 5, 28), "1m", ("GBP", "USD")) == dt.date(2027, 6, 30)
    assert add_tenor(dt.date(2026, 11, 30), "1m", ("EUR", "USD")) == dt.date(2026, 12, 31)


def test_every_calendar_is_one_that_the_package_knows() -> None:
    names = yaml.safe_load((files("resources.calendars") / "calendars.yaml").read_text(encoding="utf-8"))
    january = [dt.date(2027, 1, day) for day in range(1, 30) if dt.date(2027, 1, day).weekday() < 5]
    assert all(any(closed(day, (name,)) for day in january) for name in names)
