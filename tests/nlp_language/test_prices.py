"""The decimal point of spoken prices."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.language.figures import figures
from nlp.language.prices import place, ticks
from nlp.language.vocabulary import Instrument, pair_of, swap
from nlp.language.words import TOKEN


def words(text: str) -> list[str]:
    return [m.group().lower() for m in TOKEN.finditer(text) if not m.group().isspace()]


def instrument(code: str) -> Instrument:
    found = pair_of(code)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("code", "text", "anchor", "expected"),
    [
        ("EURUSD", "one oh nine twenty-two", None, "1.0922"),
        ("USDJPY", "one fifty-one twenty-two", None, "151.22"),
        ("GBPUSD", "one thirty and a half", None, "1.305"),
        ("EURGBP", "eighty-five forty", None, "0.8540"),
        ("USDMXN", "eighteen forty-four twenty", None, "18.4420"),
        ("EURUSD", "seventy-eight", "1.1675", "1.1678"),
        ("USDBRL", "forty-two sixty", "5.4210", "5.4260"),
        ("XAUUSD", "40", "4086.40", "4086.40"),
        ("EURUSD", "seventy-eight", None, None),
        ("GBPUSD", "sixty-five", None, None),
        ("EURUSD", "7.5", None, None),
    ],
)
def test_the_point_goes_where_the_market_is(code: str, text: str, anchor: str | None, expected: str | None) -> None:
    (figure,) = figures(words(text))
    price = place(figure, instrument(code), "rate", [Decimal(anchor)] if anchor else [])
    assert price == (Decimal(expected) if expected else None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("three eighty and a half", "3.805"),
        ("three ninety-nine", "3.99"),
        ("three point eight two three", "3.823"),
        ("two seventy", "2.70"),
        ("sixty", None),
    ],
)
def test_swap_rates_in_percent(text: str, expected: str | None) -> None:
    (figure,) = figures(words(text))
    assert place(figure, swap("GBP", "7Y"), "rate") == (Decimal(expected) if expected else None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ninety-nine sixteen plus", "99.515625"),
        ("a hundred oh nine", "100.28125"),
        ("one oh two sixteen", "102.5"),
        ("98-12 +", "98.390625"),
    ],
)
def test_prices_in_thirty_seconds(text: str, expected: str) -> None:
    tokens = words(text)
    figure = figures(tokens)[0]
    assert ticks(figure, tokens[figure.last : figure.last + 1], None)[0] == Decimal(expected)


@given(st.decimals(min_value="1.0500", max_value="1.2999", places=4), st.integers(0, 40))
def test_an_offer_said_by_its_last_two_digits_is_the_next_above_the_bid(bid: Decimal, pips: int) -> None:
    ask = bid + Decimal(pips) / 10000
    tail = f"{int(ask * 10000) % 100:02d}"
    (figure,) = figures([tail])
    assert place(figure, instrument("EURUSD"), "rate", [bid], ask_of=bid) == ask


def test_a_bond_s_price_said_in_full_is_not_completed_from_the_last_one() -> None:
    (figure,) = figures(words("ninety-seven and three quarters"))
    bond = Instrument("bond", "X", low=Decimal(40), high=Decimal(180))
    assert place(figure, bond, "price", [Decimal("97.625")]) == Decimal("97.75")
