"""Numbers as said and as typed."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from text_to_num import text2num

from nlp.language.figures import figures
from nlp.language.words import TOKEN

ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
).split()
TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()


def words(text: str) -> list[str]:
    return [m.group().lower() for m in TOKEN.finditer(text) if not m.group().isspace()]


def spoken(number: int) -> str:
    """British reading of a whole number."""
    if number < 20:
        return ONES[number]
    if number < 100:
        return TENS[number // 10 - 2] + (f"-{ONES[number % 10]}" if number % 10 else "")
    for size, name in ((10**9, "billion"), (10**6, "million"), (1000, "thousand"), (100, "hundred")):
        if number >= size:
            head, rest = divmod(number, size)
            joint = " and " if rest and rest < 100 else ", " if rest and size >= 1000 else " "
            return f"{spoken(head)} {name}" + (f"{joint}{spoken(rest)}" if rest else "")
    raise AssertionError(number)


SMALL = st.integers(min_value=1, max_value=999)
WHOLE = st.one_of(
    st.integers(min_value=0, max_value=999),
    st.builds(lambda n, m: n * 1000 + m, SMALL, st.integers(0, 99)),
    st.builds(lambda n, m: n * 1_000_000 + m * 1000, SMALL, st.integers(0, 999)),
)


@given(WHOLE)
def test_a_whole_number_read_aloud_comes_back(number: int) -> None:
    assert [figure.value for figure in figures(words(spoken(number)))] == [number]


@given(st.integers(min_value=1, max_value=99))
def test_small_numbers_agree_with_a_general_converter(number: int) -> None:
    (figure,) = figures(words(spoken(number)))
    assert figure.value == text2num(spoken(number).replace("-", " "), "en")


@given(st.decimals(min_value="0.0001", max_value="99999", places=4))
def test_typed_numbers_keep_their_value(number: Decimal) -> None:
    (figure,) = figures(words(format(number, "f")))
    assert figure.value == number


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("half a million", ["500000"]),
        ("a hundred and one and three quarters", ["101.75"]),
        ("twenty-two and a half million", ["22500000"]),
        ("15 mio", ["15000000"]),
        ("3mm", ["3000000"]),
        ("80k", ["80000"]),
        ("two yards", ["2000000000"]),
        ("point six six one two", ["0.6612"]),
        ("three point eight two three", ["3.823"]),
        ("ninety-nine spot forty-six", ["99.46"]),
        ("seven eighty-two and a quarter", ["782.25"]),
        ("102½", ["102.5"]),
        ("230,825,000", ["230825000"]),
        ("2.412/2.420", ["2.412", "2.420"]),
        ("double seven", ["77"]),
        ("ten two hundred", ["10200"]),
        ("nine nine hundred and fifty", ["9950"]),
        ("no numbers here", []),
    ],
)
def test_market_numbers(text: str, values: list[str]) -> None:
    assert [figure.value for figure in figures(words(text))] == [Decimal(v) for v in values]


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("one oh nine twenty-two", ["10922"]),
        ("one sixteen seventy-five, seventy-eight", ["11675", "78"]),
        ("two oh one forty-five", ["20145"]),
        ("a hundred oh nine", ["10009"]),
        ("98-12", ["9812"]),
        ("ninety-nine and twenty-nine and a quarter", ["9929"]),
        ("ninety-nine and forty", ["99", "40"]),
        ("Tuesday five o'clock", ["5"]),
    ],
)
def test_prices_said_in_groups_keep_their_digits(text: str, digits: list[str]) -> None:
    assert [figure.digits for figure in figures(words(text))] == digits
