"""Bonds known by a code, by a name, or by their letter in a list; names of people that sound like words."""

from __future__ import annotations

from msgspec.structs import replace

from nlp.language import analyse
from nlp.language.model import Trader
from tests.nlp_language.fresh_talks import Talk, dialogue


def deals(kind: str, lines: str, trader: str = "Ben Osk") -> list[tuple[str | None, str, float, float]]:
    talk = dialogue(Talk("talk", kind, lines))
    said = replace(talk, header=replace(talk.header, trader=Trader(trader)))
    return [(d.client_side, d.instrument, float(d.quantity or 0), float(d.price)) for d in analyse(said).deals]


NAMED_THEN_CODED = """
    c: I'm after some Ashdown Rail, the March thirty-eights.
    t: Five and an eighth of thirty-eight? Do you have the code?
    c: X S two eight seven, double three oh, nine one six oh. I'm buying, seven and a half million.
    t: I can offer you those at ninety-seven forty.
    c: Okay, I'll take them.
    t: Done. You buy seven and a half million Ashdown Rail five and an eighth March thirty-eight at ninety-seven forty.
    c: Agreed.
"""


def test_a_code_belongs_to_the_bond_that_was_named_before_it() -> None:
    assert deals("call", NAMED_THEN_CODED) == [("buy", "XS2873309160", 7.5e6, 97.4)]


def test_a_code_is_read_out_in_pieces_that_the_other_side_says_again() -> None:
    talk = """
        c: I'd like some Nordhavn Rail, one of the thirty-threes. I give you the code. X S, nine three six one...
        t: Nine three six one.
        c: Four oh five.
        t: Four oh five, yes?
        c: Seven two three.
        t: Seven two three. So that's the three and five eighths of March thirty-three. You're a buyer?
        c: A buyer, in three million euros.
        t: I can offer the three million at ninety-seven forty.
        c: Okay, I take them.
        t: Done. You buy three million Nordhavn Rail three and five eighths March thirty-three at ninety-seven forty.
        c: Agreed.
    """
    assert deals("call", talk) == [("buy", "XS9361405723", 3e6, 97.4)]


def test_a_month_is_no_name_however_much_it_sounds_like_one() -> None:
    assert deals("call", NAMED_THEN_CODED, trader="Lena Marsh") == [("buy", "XS2873309160", 7.5e6, 97.4)]


def test_the_lines_of_a_list_go_by_the_letters_before_their_codes() -> None:
    assert deals(
        "chat",
        """
        c: A  XS9147302657 altmark netz 3.75 2/31  sell 3
        c: B  XS9288164403 corrigan foods 4.125 9/30  sell 5
        c: C  XS9356029173 velden cov 2.875 5/29  buy 2
        t: A 98.70 bid
        t: B 97.15 bid
        t: C 99.44 offer
        c: ok A sold 3 at 98.70
        c: C lift the 2, pass on B
        t: A done u sell 3m at 98.70. C done u buy 2m at 99.44
        c: both good
        """,
    ) == [("sell", "XS9147302657", 3e6, 98.7), ("buy", "XS9356029173", 2e6, 99.44)]


TAKEN = """
    c: Can you make me dollar-Canada in nine?
    t: Nine million US, spot. One thirty-seven thirty-nine, forty-two.
    c: I take forty-two.
    t: Done. You buy nine million US dollars against Canadian at one point three seven four two.
"""


def test_a_ticket_that_is_torn_up_is_no_deal() -> None:
    assert deals("call", TAKEN) == [("buy", "USDCAD", 9e6, 1.3742)]
    undone = "c: We don't need it after all.\n t: He'll tear the ticket up, no charge.\n c: Thank you."
    assert deals("call", TAKEN + undone) == []


def test_what_is_scrapped_in_another_amount_is_another_thing() -> None:
    other = "c: And the order for the five million, scrap the five.\n t: Okay."
    assert deals("call", TAKEN + other) == [("buy", "USDCAD", 9e6, 1.3742)]


def test_what_is_got_for_a_currency_is_not_what_is_sold() -> None:
    talk = """
        c: I have 30m usd to sell for cad today
        t: 30m? yr line is 10
        c: sorry, 3m usd
        t: bid 1.3664
        c: ok take it. sell 3m @ 1.3664
        t: done thx, you sell usd 3,000,000 @ 1.3664 and get cad 4,099,200 tmrw
        c: 4,099,200 matches
    """
    assert deals("chat", talk) == [("sell", "USDCAD", 3e6, 1.3664)]


def test_a_ticker_is_spelled_with_pauses() -> None:
    talk = """
        c: H, C, R, L. I'd like a hundred and fifty thousand at risk.
        t: Harcombe Rail. A hundred and fifty thousand at twelve eighty-nine.
        c: Okay, buy me the hundred and fifty at eighty-nine.
        t: Filled, you've bought one hundred and fifty thousand Harcombe Rail at one two eight nine pence.
        c: Yep.
    """
    assert deals("call", talk) == [("buy", "HCRL", 150e3, 1289.0)]


def test_a_bond_goes_by_the_name_typed_behind_its_code() -> None:
    talk = """
        c: US92K417AC04 palo duro midstream 6.125 of 31, looking to sell 4mm
        c: US93M205BA70 kestrel homes 5.75s of 30. buyer of 3mm
        t: palo duro 101.625 bid
        t: kestrel offered 99.875
        c: palo too cheap for me
        c: kestrels ok, lift 3mm 99.875
        t: you buy 3mm kestrel 5.75 30 at 99.875
        c: yep thats good
    """
    assert deals("chat", talk) == [("buy", "US93M205BA70", 3e6, 99.875)]
