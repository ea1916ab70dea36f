from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.brokerage.entry import EntryError
from app.brokerage.settlement import (
    add_tenor,
    describe,
    is_business_day,
    parse_value_date,
    product_for,
    settle_days,
    value_date,
)

THURSDAY = dt.date(2026, 11, 19)


def test_spot_skips_the_weekend() -> None:
    assert value_date(THURSDAY, 2) == dt.date(2026, 11, 23)
    assert value_date(THURSDAY, 1) == dt.date(2026, 11, 20)


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
    assert add_tenor(spot, tenor) == expected


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
    assert parse_value_date(typed, THURSDAY, 2) == expected


@pytest.mark.parametrize("typed", ["yesterday", "21 Nov", "2026-11-18", "31 feb", "13/13", "29 feb 2027"])
def test_weekends_the_past_and_nonsense_are_refused(typed: str) -> None:
    with pytest.raises(EntryError, match=r"[.]$"):
        parse_value_date(typed, THURSDAY, 2)


@given(st.dates(dt.date(2020, 1, 1), dt.date(2040, 1, 1)), st.sampled_from(["1w", "2w", "1m", "3m", "18m", "2y"]))
def test_every_forward_date_is_a_business_day_after_spot(traded: dt.date, tenor: str) -> None:
    spot = value_date(traded, 2)
    assert is_business_day(add_tenor(spot, tenor))
    assert add_tenor(spot, tenor) > spot


@given(st.dates(dt.date(2020, 1, 1), dt.date(2040, 1, 1)), st.integers(0, 700))
def test_a_described_date_reads_back(traded: dt.date, ahead: int) -> None:
    day = traded + dt.timedelta(days=ahead)
    while not is_business_day(day):
        day += dt.timedelta(days=1)
    assert parse_value_date(describe(day, traded), traded, 2) == day


def test_fx_beyond_spot_is_a_forward() -> None:
    assert product_for("fx", dt.date(2026, 11, 23), THURSDAY, 2) == "fx-spot"
    assert product_for("fx", dt.date(2027, 2, 23), THURSDAY, 2) == "fx-forward"
    assert product_for("bond", dt.date(2027, 2, 23), THURSDAY, 2) == "bond"
