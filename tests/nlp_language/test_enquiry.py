"""What is being asked for at each moment of a talk: what a ticket can be filled with before anything is done."""

from __future__ import annotations

import datetime as dt

import pytest

from nlp.language import analyse
from nlp.language.model import Dialogue, Header, Party, Trader, Turn

HEADER = Header(
    "x", "call", dt.datetime(2026, 9, 15, 10, 42, tzinfo=dt.UTC), Party("Gareth Pemberly", "Tolland"), Trader("Hannah")
)
ASKED = [
    ("client", "Can I get a two-way in euro-dollar please, spot, in ten million euros?"),
    ("client", "Sorry, make that fifteen. Fifteen million euros."),
    ("trader", "Okay, one sixteen seventy-five, seventy-eight in fifteen."),
]
Said = list[tuple[str, str]]


def enquiry(said: Said) -> tuple[str, str | None, float | None, float | None] | None:
    turns = tuple(Turn(who, 4.0 * at, 4.0 * at + 3, text) for at, (who, text) in enumerate(said))  # type: ignore[arg-type]
    found = analyse(Dialogue(HEADER, turns)).enquiry
    if found is None:
        return None
    quantity, price = found.quantity, found.price
    return found.instrument, found.client_side, quantity and float(quantity), price and float(price)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ([("client", "Morning Hannah, how was Cornwall?")], None),
        (ASKED[:1], ("EURUSD", None, 10e6, None)),
        ([("client", "Can I get a new road dollar please? Spot, in ten million.")], ("EURUSD", None, 10e6, None)),
        (ASKED[:2], ("EURUSD", None, 15e6, None)),
        (ASKED, ("EURUSD", None, 15e6, None)),
        ([*ASKED, ("client", "Seventy-eight, yeah, mine.")], ("EURUSD", "buy", 15e6, 1.1678)),
        ([*ASKED, ("client", "Yours.")], ("EURUSD", "sell", 15e6, 1.1675)),
        ([*ASKED, ("client", "No, too wide, I'll pass.")], None),
    ],
    ids=["small talk", "asked", "asked and misheard", "corrected", "quoted", "lifted", "hit", "passed"],
)
def test_the_enquiry_is_what_stands_at_this_moment(said: Said, expected: object) -> None:
    assert enquiry(said) == expected


def test_what_was_confirmed_is_a_deal_and_no_enquiry_any_more() -> None:
    done = "Done. You buy fifteen million euros against dollars at one sixteen seventy-eight."
    assert enquiry([*ASKED, ("client", "Seventy-eight, yeah, mine."), ("trader", done)]) is None


def test_what_was_taken_keeps_its_amount_whatever_the_trader_is_heard_to_say_of_it() -> None:
    taken = [*ASKED, ("client", "Seventy-eight, yeah, mine.")]
    misheard = ("trader", "One moment, fifty million euros.")
    countervalue = ("trader", "And the dollars are seventeen million dollars.")
    for heard in ([misheard], [countervalue], [misheard, countervalue]):
        assert enquiry([*taken, *heard]) == ("EURUSD", "buy", 15e6, 1.1678)


def test_a_rough_idea_is_nothing_to_fill_a_ticket_with() -> None:
    rough = [
        ("client", "Just indicatively, where is euro-dollar in twenty million?"),
        ("trader", "Indicatively sixteen."),
    ]
    assert enquiry(rough) is None


def test_a_price_of_the_traders_own_accord_is_no_enquiry() -> None:
    assert enquiry([("trader", "Euro-dollar is one sixteen seventy-five, seventy-eight, by the way.")]) is None
