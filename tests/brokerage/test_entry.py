from __future__ import annotations

import contextlib
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.brokerage.entry import (
    LARGEST_QUANTITY,
    EntryError,
    Quantity,
    format_price,
    format_quantity,
    format_short,
    off_market,
    parse_price,
    parse_quantity,
)


@pytest.mark.parametrize(
    ("typed", "amount"),
    [
        ("10m", 10_000_000),
        ("5mm", 5_000_000),
        ("5 mio", 5_000_000),
        ("2.5k", 2_500),
        ("1yd", 1_000_000_000),
        ("1.5bn", 1_500_000_000),
        ("10,000,000", 10_000_000),
        ("10 000 000", 10_000_000),
        ("10\u202f000\u202f000", 10_000_000),
        (".5m", 500_000),
        ("250", 250),
    ],
)
def test_a_quantity_is_read_as_traders_write_it(typed: str, amount: int) -> None:
    assert parse_quantity(typed) == Quantity(Decimal(amount))


def test_a_quantity_may_carry_its_currency_or_unit_on_either_side() -> None:
    assert parse_quantity("usd 10m") == parse_quantity("10m USD") == Quantity(Decimal(10_000_000), currency="USD")
    assert parse_quantity("500 lots") == Quantity(Decimal(500), unit="lots")


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "  ",
        "m",
        "-5m",
        "0",
        "10q",
        "1,00,000",
        "10,00",
        "1.2.3",
        "usd 10m eur",
        "0.001",
        "99999bn",
        "1e6",
        "٣m",
        "9" * 60,
    ],
)
def test_an_unclear_quantity_is_refused_with_a_sentence(typed: str) -> None:
    with pytest.raises(EntryError, match=r"[.]$"):
        parse_quantity(typed)


@given(st.decimals(min_value="0.01", max_value=LARGEST_QUANTITY, places=2))
def test_a_written_quantity_reads_back_as_itself(amount: Decimal) -> None:
    assert parse_quantity(format_quantity(amount)).amount == amount


@given(st.text(max_size=40))
def test_any_text_is_either_read_or_refused_by_name(typed: str) -> None:
    for read in (parse_quantity, parse_price):
        with contextlib.suppress(EntryError):
            assert read(typed)


@pytest.mark.parametrize(
    ("typed", "price"),
    [
        ("1.0922", "1.0922"),
        ("98.412", "98.412"),
        ("1,092.5", "1092.5"),
        ("99-16", "99.5"),
        ("99-16+", "99.515625"),
        ("99-162", "99.5078125"),
        ("101 3/8", "101.375"),
        ("101⅜", "101.375"),
        ("100-00", "100"),
    ],
)
def test_a_price_is_read_in_decimals_and_in_32nds(typed: str, price: str) -> None:
    assert parse_price(typed) == Decimal(price)


@pytest.mark.parametrize(
    "typed", ["", "99-32", "99-8+", "99-16-", "abc", "-98", "0", "1.2.3", "99 9/8", "1e5", "NaN", "8" * 40]
)
def test_an_unclear_price_is_refused_with_a_sentence(typed: str) -> None:
    with pytest.raises(EntryError, match=r"[.]$"):
        parse_price(typed)


def test_spreads_points_and_yields_may_be_negative_or_signed() -> None:
    assert parse_price("+96", "spread_bp") == 96
    assert parse_price("-12.5", "points") == Decimal("-12.5")
    assert parse_price("-0.15%", "yield") == Decimal("-0.15")


@given(st.integers(1, 9999), st.integers(0, 31), st.booleans())
def test_32nds_are_exact(points: int, ticks: int, half: bool) -> None:
    price = parse_price(f"{points}-{ticks:02}{'+' if half else ''}")
    assert price * 64 == points * 64 + ticks * 2 + half


def test_a_slipped_decimal_point_is_off_market() -> None:
    assert off_market(Decimal("10.922"), Decimal("1.0922")) == Decimal(9)
    assert off_market(Decimal("1.0925"), Decimal("1.0922")) is None
    assert off_market(Decimal(1), None) is None


def test_amounts_are_written_short_and_prices_with_their_decimals() -> None:
    assert [format_short(Decimal(n)) for n in ("10000000", "2500000", "750000", "1250000000", "640", "-5000000")] == [
        "10mm", "2.5mm", "750k", "1.25bn", "640", "-5mm",
    ]  # fmt: skip
    assert format_price(Decimal("1.1"), 4) == "1.1000"
    assert format_price(Decimal("99.515625"), 3) == "99.515625"
