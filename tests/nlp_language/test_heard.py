"""Numbers as recognisers write them, and what proves the right one."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from nlp.language import analyse
from nlp.language.calendar import Day
from nlp.language.heard import numbers_mended
from nlp.language.proof import by_countervalue, by_repetition, twin
from nlp.language.settlement import settled
from nlp.language.topics import Topic
from nlp.language.vocabulary import bond, fx_pair
from tests.nlp_language.fresh_talks import Talk, dialogue

M = Decimal(1_000_000)


@pytest.mark.parametrize(
    ("heard", "meant"),
    [
        ("at $16.78, value Friday", "at 16.78, value Friday"),
        ("you owe $5 million", "you owe $5 million"),
        ("sells at $5 million", "sells at $5 million"),
        ("is $17 million, $88,905 euros", "is 17,088,905 euros"),
        ("6 million and 67,961 pounds", "6,067,961 pounds"),
        ("1-17-03-5, wait", "1 17 03 5, wait"),
        ("at 99. 16 plus", "at 99 16 plus"),
        ("at 99. 16 million", "at 99. 16 million"),
        ("the 3 and 7 8's of September", "the 3 and seven eighths of September"),
        ("sell 40 of the 5s", "sell 40 of the fives"),
        ("at 1.17.035", "at 1.17035"),
        ("value 17 of September", "value 17th of September"),
        ("sell 5 of September", "sell 5 of September"),
        ("XS912-447-0311. That's it", "XS9124470311. That's it"),
        ("XS912-447-0312. That's it", "XS912-447-0312. That's it"),  # the check digit denies it
    ],
)
def test_numbers_are_rewritten_without_changing_a_digit(heard: str, meant: str) -> None:
    assert numbers_mended(heard) == meant


def test_twins_sound_alike_at_every_scale() -> None:
    assert (twin(50 * M), twin(15 * M), twin(Decimal(16_000)), twin(Decimal(40))) == (15 * M, 50 * M, 60_000, 14)
    assert twin(25 * M) is None


def test_the_countervalue_decides_between_amounts_and_prices() -> None:
    prices = [Decimal("1.678"), Decimal("1.1678")]
    assert by_countervalue([50 * M, 15 * M], prices, [Decimal(17_517_000)]) == (15 * M, Decimal("1.1678"))
    assert by_countervalue([50 * M, 15 * M], prices, [Decimal(17_517_300)]) is None


def test_repetition_settles_a_twin_only_where_nobody_contradicts() -> None:
    said, other = {15 * M}, {50 * M}
    assert by_repetition(50 * M, 15 * M, [said], [said]) == 15 * M
    assert by_repetition(50 * M, 15 * M, [said], []) is None  # said once: it may be the one misheard
    assert by_repetition(50 * M, 15 * M, [said, other], [said]) is None
    assert by_repetition(50 * M, 15 * M, [said], [other]) == 50 * M
    assert by_repetition(50 * M, 20 * M, [{20 * M}], []) is None


def test_a_price_that_lost_its_big_figure_is_placed_by_the_last_digits_said_by_the_client() -> None:
    lines = """
        c: Euro dollar please, in 15 million euros.
        t: 15 euros, one second. 16 75, 78.
        c: 78, mine.
        t: Done. You buy 50 million euros against dollars at $16.78, value Friday.
        c: Agreed, 15 at 78.
    """
    (deal,) = analyse(dialogue(Talk("heard", "call", lines))).deals
    assert (deal.client_side, deal.instrument, deal.quantity, deal.price) == (
        "buy",
        "EURUSD",
        15_000_000,
        Decimal("1.1678"),
    )
    silent = lines.replace("78, mine", "Mine").replace("15 at 78", "thanks").replace("16 75, 78", "Hold on")
    assert not analyse(dialogue(Talk("heard", "call", silent))).deals


TODAY = date(2026, 6, 10)  # a Wednesday


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (None, date(2026, 6, 12)),
        (Day(0, 1, day=15, month=6), date(2026, 6, 15)),
        (Day(0, 1, day=30, month=9), None),  # no bond settles in September without a word about it
        (Day(0, 1, day=9, month=6, year=2026), None),  # yesterday
    ],
)
def test_an_impossible_settlement_date_is_left_blank(day: Day | None, expected: date | None) -> None:
    paper = bond("Marrow Telecom", Decimal("5.125"), (2030, 5), "EUR")
    assert settled(Topic(paper, 0), day, TODAY) == ("bond", expected)


def test_a_far_date_makes_a_currency_deal_a_forward_unless_spot_was_said() -> None:
    pair = fx_pair("EUR", "USD")
    assert pair is not None
    far = Day(0, 1, day=30, month=9)
    assert settled(Topic(pair, 0), far, TODAY) == ("fx-forward", date(2026, 9, 30))
    assert settled(Topic(pair, 0, hints={"spot"}), far, TODAY) == ("fx-spot", None)
    next_year = Day(0, 1, day=3, month=5)  # said in June, of a forward that nobody named
    assert settled(Topic(pair, 0), next_year, TODAY) == ("fx-spot", None)
    assert settled(Topic(pair, 0, hints={"forward"}), next_year, TODAY) == ("fx-forward", date(2027, 5, 3))


def test_numbers_heard_as_words_are_read_where_a_pause_became_a_comma() -> None:
    swap = """
        c: Where do you pay me ten years against Sonia, forty million?
        t: Three point seven one two.
        c: Okay, done, I receive.
        t: Done, you receive three point seven, one, two fixed on forty million sterling ten years against sonia.
        c: Agreed.
    """
    [deal] = analyse(dialogue(Talk("heard", "call", swap))).deals
    assert (deal.quantity, deal.price) == (Decimal(40_000_000), Decimal("3.712"))


def test_a_ticker_after_an_amount_in_words_is_a_security() -> None:
    block = """
        c: Can you bid me two hundred thousand GRTH on risk?
        t: Two hundred thousand, he bids three hundred and six and a half.
        c: Okay, hit him.
        t: Done, you sell two hundred thousand GRTH at three hundred and six and a half pence.
        c: Agreed.
    """
    [deal] = analyse(dialogue(Talk("heard", "call", block))).deals
    assert (deal.client_side, deal.instrument, deal.quantity) == ("sell", "GRTH", Decimal(200_000))


@pytest.mark.parametrize(
    ("heard", "plain"),
    [
        ("at one-seventeen-o-three-five", "at one seventeen oh three five"),
        ("point one-seven-o-three-five", "point one seven oh three five"),
        ("seventeen-million, eighty-eight-thousand", "seventeen million, eighty-eight thousand"),
        ("value twenty eighths October", "value twenty-eighth October"),
        ("in twenty-twenty-seven, forty-five", "in twenty twenty-seven, forty-five"),
        ("at two point eight seven one, eight seven nine", "at two point eight seven one, eight seven nine"),
        ("at three point eight, two, three", "at three point eight two three"),
        ("a two-way in ten-year paper, one-off", "a two-way in ten-year paper, one-off"),
    ],
)
def test_numbers_joined_by_dashes_come_apart(heard: str, plain: str) -> None:
    assert numbers_mended(heard) == plain
