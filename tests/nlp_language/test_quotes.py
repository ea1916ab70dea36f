"""The life of a quote: which enquiry it belongs to, which price is shown last, whether it was dealt on."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from nlp.language import analyse
from nlp.language.model import Analysis
from tests.nlp_language.fresh_talks import Talk, dialogue


def understood(lines: str, kind: str = "chat") -> Analysis:
    """What is made of a short talk."""
    return analyse(dialogue(Talk("quotes", kind, lines)))


def shown(lines: str, kind: str = "chat") -> list[tuple[str, Decimal | None, Decimal | None, str]]:
    """(instrument, bid, ask, outcome) of each quote that did not deal."""
    found = understood(lines, kind).quotes_not_dealt
    return [(quote.instrument, quote.bid, quote.ask, quote.outcome) for quote in found]


READ_BACK = (
    "So you sell thirty million dollars on the twelfth of June at one point two eight three five, "
    "and buy them back on the twelfth of August at one point two seven eight nine five."
)


def test_points_to_two_dates_are_two_quotes_of_which_one_deals() -> None:
    """In a call a tenor is said once in full, then as "the ones", "the twos"; the read-back says only rates."""
    found = understood(
        f"""
        c: Dollar-Sing, I want to sell thirty million for Friday and buy them back. Show me one month and two months.
        t: The ones are twenty-four, twenty-three. The twos, forty-seven, forty-five and a half.
        c: The ones I skip. I'll do the forty-five and a half.
        t: Dealt. Off one twenty-eight thirty-five?
        c: Fine.
        t: {READ_BACK}
        c: Agreed.
        """,
        "call",
    )
    assert [(deal.price, deal.client_side) for deal in found.deals] == [(Decimal("-45.5"), "buy")]
    (other,) = found.quotes_not_dealt
    assert (other.bid, other.ask, other.outcome, other.client_side) == (Decimal(-24), Decimal(-23), "passed", "buy")


def test_an_option_is_quoted_in_its_premium_and_each_strike_is_its_own_enquiry() -> None:
    quotes = shown(
        """
        c: gbpusd gbp put, k 1.3100, 10 sep expiry, gbp 15m
        t: 7.15 / 7.50, in usd pips thats 84 / 91
        c: and 1.29?
        t: 1.29 strike 51/57
        c: both too dear, nothing done
        """
    )
    assert quotes == [
        ("GBPUSD GBP put 1.3100 exp 2026-09-10", Decimal(84), Decimal(91), "passed"),
        ("GBPUSD GBP put 1.2900 exp 2026-09-10", Decimal(51), Decimal(57), "passed"),
    ]


@pytest.mark.parametrize(
    ("talk", "bid", "ask"),
    [
        ("dollar-Canada, in nine million US|Thirty-six sixty-two, sixty-five.", "1.3662", "1.3665"),
        ("dollar-rupee, one month N D F in six|Eighty-six forty-two, forty-nine.", "86.42", "86.49"),
    ],
)
def test_a_price_is_completed_from_what_everybody_knows(talk: str, bid: str, ask: str) -> None:
    asked, answered = talk.split("|")
    quotes = shown(f"c: {asked}, please.\nt: {answered}\nc: No, I'll leave that.\nt: Nothing done.", "call")
    assert [(low, high) for _, low, high, _ in quotes] == [(Decimal(bid), Decimal(ask))]


@pytest.mark.parametrize(
    "later",
    [
        "If it's through 86.60 I'll call you.",
        "We still need the accounts for twenty twenty-five.",
        "You use about one and a half of four million of the line.",
        "It's 86.47, 86.53 on my screen.",
    ],
)
def test_a_number_on_the_way_out_shows_no_price(later: str) -> None:
    talk = f"c: usdinr 1m ndf in 6m usd, 2 way\nt: 86.42/86.49\nc: too wide, i'll leave it\nt: {later}\nc: ok bye"
    assert shown(talk) == [("USDINR", Decimal("86.42"), Decimal("86.49"), "passed")]


def test_what_was_dealt_and_undone_is_cancelled_although_other_business_stands() -> None:
    found = shown(
        """
        c: Sell one eighty September Footsie at market.
        t: One eighty sold, eighty-nine fourteen.
        c: And euro-Stockholm, I have nine million euros to sell.
        t: Ten ninety-three fifty, ninety-three eighty.
        c: Yours at fifty.
        t: That's done, nine million at ten ninety-three fifty.
        c: Oh no. The client has withdrawn. Can it be undone?
        t: He's letting you off, the Stockholm is void. The Footsie stays.
        """,
        "call",
    )
    assert found == [("EURSEK", Decimal("10.935"), Decimal("10.938"), "cancelled")]


def test_what_the_trader_says_was_done_is_no_quote_that_was_passed() -> None:
    assert not shown("c: jet q4 9,000 mt offer pls\nt: 688.25\nc: put me down for it\nt: bought 9,000 mt at 688.25")


def test_a_case_asked_about_in_a_currency_is_a_quote_of_the_pair_that_the_answer_names() -> None:
    found = shown(
        """
        c: We might buy a plant in Poland. What would ten million zlotys cost me, six months out? In round terms.
        t: You'd be selling euros at something like four thirty-one and a half.
        c: That's for a slide, thanks.
        """,
        "call",
    )
    assert found == [("EURPLN", Decimal("4.315"), None, "indicative")]


def test_an_option_on_a_commodity_and_the_swap_beside_it_are_two_enquiries() -> None:
    found = shown(
        """
        c: I'd like an option. Jet, April to June next year, strike seven seventy-five, five thousand tonnes a month.
        t: A cap at seven seventy-five, average price, fifteen thousand tonnes. Twenty-eight and a quarter, offered.
        c: No, we drop the option.
        t: Dropped. And do you need a level for the swap?
        c: Give me the third quarter of next year, only so I know.
        t: Third quarter twenty-seven is something like seven nineteen, seven twenty-four.
        c: Thank you.
        """,
        "call",
    )
    assert found == [
        ("Jet fuel CIF NWE Asian call 775 Apr-Jun 2027", None, Decimal("28.25"), "passed"),
        ("Jet fuel CIF NWE cargo swap Jul-Sep 2027", Decimal(719), Decimal(724), "indicative"),
    ]


def test_of_several_dates_the_one_that_is_asked_about_last_is_improved() -> None:
    found = understood(
        """
        c: usdsek swap, i buy and sell 40m, fri 12 vs 2 months and vs 4 months
        t: 2m -180/-174, 4m -352/-344
        c: 2m is too short. so the 4m. can you do 350?
        t: ok can do -350
        c: 4m at -350 then, done
        t: done, you b/s 40m usdsek at -350
        c: agreed
        """
    )
    assert [deal.price for deal in found.deals] == [Decimal(-350)]
    assert [(quote.bid, quote.ask) for quote in found.quotes_not_dealt] == [(Decimal(-180), Decimal(-174))]


def test_in_a_list_a_line_that_was_turned_down_is_passed_whatever_became_of_the_others() -> None:
    found = shown(
        """
        c: (a) XS9190837468, offer 5mm
        c: (b) XS9288640519, offer 3mm
        t: (a) 100.55 (b) 92.60
        c: haha (b) i almost lift u
        c: (a) i lift 5mm
        t: (a) done u buy 5mm 100.55
        c: skip b
        """
    )
    assert found == [("XS9288640519", None, Decimal("92.60"), "passed")]


def test_another_strike_is_another_option_on_a_commodity_too() -> None:
    quotes = shown(
        """
        c: I'd like calls on copper, on the average, April to June. Six hundred tonnes.
        t: Copper calls, six hundred tonnes. Which strike?
        c: Ten two hundred.
        t: Ten two hundred, let me ask. The ten two hundred call is a hundred and ninety dollars a tonne.
        c: Far too much.
        t: If you went to ten six hundred, that brings it down to a hundred and twelve.
        c: Still too much. Not today.
        t: No problem.
        """,
        "call",
    )
    assert [(name.split()[-3:-2], ask) for name, _, ask, _ in quotes] == [
        (["10200"], Decimal(190)),
        (["10600"], Decimal(112)),
    ]


def test_prices_for_two_dates_in_one_breath_are_two_quotes_of_which_one_deals() -> None:
    found = understood(
        """
        c: We must buy forty million Norwegian kroner against sterling, for the end of September or for new year's eve.
        t: One moment. For the thirtieth of September I can do thirteen forty-one eighty, and for the thirty-first of December, thirteen forty-three ten.
        c: September then. Thirteen forty-one eighty, please book that.
        t: Done. You sell sterling and buy forty million Norwegian kroner at thirteen point four one eight oh, value the thirtieth of September.
        c: Agreed. I'll leave December.
        t: Nothing for December.
        """,  # noqa: E501
        "call",
    )
    assert [deal.price for deal in found.deals] == [Decimal("13.418")]
    assert [(quote.bid, quote.value_date) for quote in found.quotes_not_dealt] == [
        (Decimal("13.431"), date(2026, 12, 31))
    ]


def test_a_price_shown_unasked_counts_where_the_client_must_ask_their_board() -> None:
    assert shown(
        """
        t: While I have you, the loan you want fixed. Fifteen million sterling, five years against SONIA, you paying: I can offer three sixty-four.
        c: Three sixty-four, I like that. It needs the board's say-so though, they sit on Tuesday.
        t: Then it hangs on the board.
        """,  # noqa: E501
        "call",
    ) == [("GBP SONIA OIS 5Y", None, Decimal("3.64"), "conditional")]


def test_a_company_s_bond_is_not_the_gilt_that_it_is_measured_by() -> None:
    found = understood(
        """
        c: Halden Rail five and a quarter November thirty-four, seven million to buy. Over the gilt, please.
        t: That'll be over the four and a quarter July thirty-four. I make them one thirty-eight, one thirty-one.
        c: I pay one thirty-one.
        t: Done. You buy seven million Halden Rail five and a quarter November thirty-four at one thirty-one over the July thirty-four gilt, which comes out at ninety-nine forty-one.
        c: Agreed.
        """,  # noqa: E501
        "call",
    )
    (deal,) = found.deals
    assert (deal.price, deal.price_type, found.quotes_not_dealt) == (Decimal(131), "spread_bp", ())
    assert "Halden" in (deal.description or deal.instrument)


def test_lines_of_a_list_are_told_apart_at_slashes_too() -> None:
    found = understood(
        """
        c: A) XS9417038512 norwell ports 5.25 9/30 buy 2mm // B) XS9182650721 calder rail 4.75 2/34 sell 5mm
        t: A 101.20 offered / B 94.55 bid
        c: lifting A, 2mm 101.20
        t: A done
        c: B leave it
        t: np
        """
    )
    assert [(deal.client_side, deal.instrument, deal.price) for deal in found.deals] == [
        ("buy", "XS9417038512", Decimal("101.20"))
    ]
    (quote,) = found.quotes_not_dealt
    assert (quote.instrument, quote.bid) == ("XS9182650721", Decimal("94.55"))


def test_a_value_date_behind_its_weekday_is_no_price() -> None:
    found = understood(
        """
        c: usdchf, 20 bucks
        t: .8122/24
        c: 24 paid
        t: sold u 20 usd vs chf .8124, val fri 12/6
        c: 20 @ .8124 tks
        """
    )
    (deal,) = found.deals
    assert (deal.client_side, deal.quantity, deal.price, deal.value_date) == (
        "buy",
        Decimal(20_000_000),
        Decimal("0.8124"),
        date(2026, 6, 12),
    )


def test_a_bid_that_is_repeated_to_refuse_more_is_no_deal() -> None:
    found = understood(
        """
        c: 2m gbp put 1.3100, 30m gbp, exp 12 aug. i sell
        t: 6.95 / 7.35 vol, 42 / 47 usd pips
        c: 42 is robbery, pay me 45
        t: cant. desk stuffed w puts all wk
        c: 44 n we go
        t: 42 is 42
        c: leave it then
        """
    )
    assert not found.deals
    (quote,) = found.quotes_not_dealt
    assert (quote.bid, quote.ask, quote.outcome) == (Decimal(42), Decimal(47), "passed")


def test_the_level_of_an_order_said_again_later_is_no_new_price() -> None:
    found = understood(
        """
        c: Dollar-rupee, two months N D F, six million, I'm a seller.
        t: Ninety-four eighty-two, ninety-five oh two.
        c: No, let's leave that. But could you watch a level for me? I'd sell at ninety-five twenty-five.
        t: I can put it in the book. Sell six million dollars, two months, at ninety-five twenty-five or higher?
        c: Yes, put it in. Same fixing, same everything.
        t: And it stays in until?
        c: Tuesday. Say, Tuesday five o'clock your time.
        t: Tuesday the sixteenth, five p m London. It's in, ninety-five twenty-five on six.
        """,
        "call",
    )
    (quote,) = found.quotes_not_dealt
    assert (quote.bid, quote.ask, quote.outcome) == (Decimal("94.82"), Decimal("95.02"), "passed")
    (order,) = found.orders_left
    assert (order.client_side, order.level) == ("sell", Decimal("95.25"))


def test_an_index_behind_an_asset_swap_spread_is_no_swap() -> None:
    found = understood(
        """
        c: bunds 2.6 aug35, the usual numbers pls, 20m
        t: dur 7.9, dv01 15.8k, z +41 on estr, asw +38 vs 6s
        c: ok. 2way, yld
        t: 2.671 - 2.665
        c: i give u 20m at 2.671
        t: ok i take 20m bund 2.6 8/35 from u, 2.671, makes 99.45 clean
        c: ok
        """
    )
    (deal,) = found.deals
    assert (deal.client_side, deal.quantity, deal.price) == ("sell", Decimal(20_000_000), Decimal("2.671"))
    assert not found.quotes_not_dealt


def test_a_line_that_the_trader_is_to_take_off_the_client_is_sold() -> None:
    found = understood(
        """
        c: selling 6mm XS9277160211 kestrel bank 4 5/28
        t: kestrel 98.61 bid in 6
        c: kestrel bid is fine, pls take all 6 off me
        t: ok u sell 6mm kestrel 28s 98.61
        c: agreed
        """
    )
    (deal,) = found.deals
    assert (deal.client_side, deal.quantity, deal.price) == ("sell", Decimal(6_000_000), Decimal("98.61"))


def test_what_is_received_for_it_is_not_the_amount() -> None:
    found = understood(
        """
        c: need rand, i sell 1.2m eur spot
        t: 20.8470 for u
        c: ok i take it, 1.2
        t: tks, u sell EUR 1.2m u receive ZAR 25,016,400 at 20.8470 val 12/06
        c: 25 016 400 ok
        """
    )
    (deal,) = found.deals
    assert (deal.client_side, deal.quantity, deal.quantity_ccy) == ("sell", Decimal(1_200_000), "EUR")


def test_what_is_asked_out_of_curiosity_was_passed() -> None:
    assert shown(
        """
        c: and gold, where does it stand
        t: 4102.30 / 4103.10 for 3k oz
        c: thx, I was merely curious
        t: i shall let you know as soon as one of the two orders is executed
        """
    ) == [("XAUUSD", Decimal("4102.30"), Decimal("4103.10"), "passed")]


def test_an_order_to_be_scrapped_at_the_end_undoes_no_deal() -> None:
    found = understood(
        """
        c: Twenty-five thousand E U As, December twenty-six, I'm a seller.
        t: I see seventy-four sixty-two bid, offered at sixty-eight.
        c: Sell the twenty at sixty-two.
        t: That's filled, you've sold twenty thousand Dec twenty-six E U As at seventy-four euros and sixty-two cents.
        c: Thank you. The other five, offer them at seventy-four ninety.
        t: I'll offer five thousand at seventy-four ninety for you. How long shall I keep it in?
        c: Until the close on Friday. If there's no taker by then, scrap it.
        t: Good till Friday's close.
        """,
        "call",
    )
    (deal,) = found.deals
    assert (deal.client_side, deal.quantity, deal.price) == ("sell", Decimal(20_000), Decimal("74.62"))
    (order,) = found.orders_left
    assert (order.client_side, order.quantity, order.level) == ("sell", Decimal(5_000), Decimal("74.90"))


def test_a_change_names_its_order_by_the_level_after_other_business() -> None:
    found = understood(
        """
        c: gold spot, buy 5,000 oz
        t: 4062.60
        c: ok buy
        t: confirmed you buy 5,000 oz XAUUSD 4062.60 for 12 jun
        c: now target 4140 stop 4025, both selling, oco until cancelled
        t: placed: sell 5,000 @ 4140 tp, sell 5,000 @ 4025 sl, oco gtc
        c: silver 100k how much
        t: 47.88/47.96
        c: no interest at this level
        t: ok nothing in silver
        c: one change, pls lift the target from 4140 to 4155. stop same
        t: amended. tp now 4155, sl unchanged 4025, still oco gtc
        """
    )
    assert {(order.order_type, order.level) for order in found.orders_left} == {
        ("take_profit", Decimal(4155)),
        ("stop", Decimal(4025)),
    }


def test_a_recap_may_say_the_amount_before_the_verb() -> None:
    found = understood(
        """
        c: selling 6mm XS9277160211 kestrel bank 4 5/28 // buying 5mm XS9451077318 harlan grid 5.125 9/34
        t: kestrel 98.61 bid in 6. harlan 101.20 offered, only 3 of ur 5
        c: kestrel works, sold 6mm at 98.61. harlan ok 3 at 101.20, im in
        t: recap - kestrel 6mm you sell 98.61, harlan 3mm you buy 101.20, both settle fri
        c: agreed x2
        """
    )
    assert {(d.client_side, d.instrument, d.quantity) for d in found.deals} == {
        ("sell", "XS9277160211", Decimal(6_000_000)),
        ("buy", "XS9451077318", Decimal(3_000_000)),
    }
