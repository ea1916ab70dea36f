"""Bonds and interest rate swaps: how they are named, shown, listed and dealt, each in a short talk."""

from __future__ import annotations

import pytest

from nlp.language import analyse
from nlp.language.model import Analysis
from tests.nlp_language.fresh_talks import Talk, dialogue

SELL, BUY = "sell", "buy"
DEALS = {
    "an amount of bonds called by their year": (
        "call",
        "c: Selling some Corrigan Ports, the six and an eighth of August thirty-threes.\nt: What size?\n"
        "c: One and a half million.\nt: One and a half of the August thirty-threes. One oh three and a quarter bid.\n"
        "c: One oh three and a quarter. Okay, done.\n"
        "t: Done. You sell one and a half million Corrigan Ports six and an eighth at one oh three and a quarter.",
        [(SELL, "Corrigan Ports 6.125% August 2033", 1.5e6, 103.25)],
    ),
    "32nds behind a hundred, put right in one breath": (
        "call",
        "c: I sell forty million of the four percent May thirty-ones and buy the four and a quarters of May"
        " thirty-six, treasuries.\nt: How many?\nc: Twenty-two million.\n"
        "t: The thirty-ones ninety-nine eleven, sorry, twelve, ninety-nine twelve. The thirty-sixes a hundred three"
        " plus.\nc: Twelve and three plus. Do it.\n"
        "t: Done on both. I buy forty million of the May thirty-ones from you at ninety-nine twelve and you buy"
        " twenty-two million May thirty-sixes at one hundred three plus.\nc: Good.",
        [(SELL, "UST 4% May-2031", 40e6, 99.375), (BUY, "UST 4.25% May-2036", 22e6, 100.109375)],
    ),
    "a handle and its eighths of a 32nd": (
        "call",
        "c: Sell me fifty million two-years, the three and five eighths of May twenty-eight.\n"
        "t: Ninety-nine, twenty-seven and three eighths.\nc: Fine, I take them.\n"
        "t: Done. You buy fifty million May twenty-eights at ninety-nine, twenty-seven and three eighths.\nc: Yep.",
        [(BUY, "UST 3.625% May-2028", 50e6, 99.85546875)],
    ),
    "a price that the client named and the trader met": (
        "call",
        "c: Are you axed in Tressel Pipeline, the five point four September thirty-five?\n"
        "t: We are.\nc: I could buy ten million.\nt: One thirty-nine over tens.\n"
        "c: Make it one forty and we're done.\nt: Alright, one forty. Sold.\nc: Great.\n"
        "t: So you buy ten million Tressel Pipeline five point four September thirty-five at tens plus one forty.\n"
        "c: Yup.",
        [(BUY, "Tressel Pipeline 5.4% September 2035", 10e6, 140)],
    ),
    "a swap by its currency and years": (
        "call",
        "c: We want to fix ninety million New Zealand, five years, paying.\n"
        "t: Five years I can only do sixty million.\nc: And for the sixty?\n"
        "t: Five-year, sixty million, three sixty-eight.\nc: Sixty at three sixty-eight, done.\n"
        "t: Done. You pay three point six eight percent on sixty million New Zealand dollars, five years.\nc: Yes.",
        [(BUY, "NZD BKBM IRS 5Y", 60e6, 3.68)],
    ),
    "lines of a list, taken and left by their names": (
        "chat",
        "c: 2 to buy: 2m XS9812206417 Rossmore Castings 5 3/31 and 3m XS9733310952 Tolland Media 6.25 8/28, px pls\n"
        "t: rossmore 100.42, tolland 103.15\nc: tolland done 3m. rossmore 100.35?\n"
        "t: tolland done at 103.15, 3m. rossmore cant move\nc: ok nothing there then",
        [(BUY, "XS9733310952", 3e6, 103.15)],
    ),
    "a price in an answer is no deal before it is taken": (
        "chat",
        "c: sell 2m XS9511836405 quernmore 6.125 27s\nc: sell 6m XS9088462718 stagshaw housing 3.9 4/40\n"
        "t: quernmore i pay 103.08, stagshaw 88.60 bid for the 6\nc: too low both",
        [],
    ),
}
QUOTES = {
    "a list: one too low, one that nobody bids": (
        "chat",
        "c: bids on these pls, spread to mids\nc: 10m MERIDEX 5.2 1/34\nc: 7m HOLLIS REIT 6.1 9/33\n"
        "t: MERIDEX +118, HOLLIS nobody wants it\nc: MERIDEX too wide, leave it\nt: np",
        [("MERIDEX 5.2% January 2034", 118, None), ("HOLLIS REIT 6.1% September 2033", None, None)],
    ),
    "a level to watch is no quote": (
        "call",
        "c: What would you pay for the Castelmora Gas, the two and three quarters of twenty-eight? For a valuation.\n"
        "t: I'd be guessing, but seventy-four over the curve is where I'd put a bid.\nc: It's enough.\n"
        "t: And if somebody turns up bidding inside seventy?\nc: Then ring me.\nt: Inside seventy, you get a ring.",
        [("Castelmora Gas 2.75% 2028", 74, None)],
    ),
    "a bond named by issuer and year, its coupon by the trader": (
        "call",
        "c: What do you see in Kvernland Offshore, the June twenty-nines? Only to know.\n"
        "t: The five and a quarters? Two fifteen, two hundred over swaps.\nc: That is fine, for my list.",
        [("Kvernland Offshore 5.25% June 2029", 215, 200)],
    ),
    "two 32nds on a handle said behind them": (
        "call",
        "c: Where are the four and five eighths of May forty-six, treasuries, in ten million?\n"
        "t: Fourteen, sixteen, on ninety-eight.\nc: Too rich. Pass.",
        [("UST 4.625% May-2046", 98.4375, 98.5)],
    ),
    "what it was another time": (
        "call",
        "c: On the loan, what would we pay to fix fifteen million, seven years?\n"
        "t: Seven-year SOFR, fifteen million. You'd be paying three ninety-one.\n"
        "c: And what was it in April when I said no?\nt: Three eighty-two.\nc: I'm gonna pass today.",
        [("USD SOFR OIS 7Y", None, 3.91)],
    ),
    "points of a curve from an IMM date, one of them from spot": (
        "chat",
        "c: indic levels pls sonia dec imm 3s n 7s, 25m each\nt: 3s 3.512/3.520\nt: 7s 3.688/3.698\n"
        "c: ty. and 3y spot start mid?\nt: 3.567\nc: great thats all",
        [("GBP SONIA OIS 3Y", 3.512, 3.52), ("GBP SONIA OIS 7Y", 3.688, 3.698), ("GBP SONIA OIS 3Y", None, None)],
    ),
}


def read(kind: str, lines: str) -> Analysis:
    return analyse(dialogue(Talk("talk", kind, lines)))


@pytest.mark.parametrize("name", DEALS)
def test_exactly_what_was_dealt(name: str) -> None:
    kind, lines, deals = DEALS[name]
    found = [(d.client_side, d.instrument, float(d.quantity or 0), float(d.price)) for d in read(kind, lines).deals]
    assert found == deals


@pytest.mark.parametrize("name", QUOTES)
def test_the_last_level_of_each_enquiry(name: str) -> None:
    kind, lines, quotes = QUOTES[name]
    analysis = read(kind, lines)
    found = [(q.instrument, q.bid and float(q.bid), q.ask and float(q.ask)) for q in analysis.quotes_not_dealt]
    assert not analysis.deals
    assert sorted(found, key=str) == sorted(quotes, key=str)


def test_what_a_spread_is_over_is_not_what_is_dealt() -> None:
    analysis = read(
        "chat",
        "c: OAT 3.5 nov 35, duration pls\nt: 7.80, spread to dbr 2.6 aug 35 is 72.4\n"
        "c: sell 15m of it, in yield\nt: 3.452\nc: i sell 15 at 3.452\nt: done, you sell 15m OAT 3.5 11/35 at 3.452",
    )
    assert [deal.instrument for deal in analysis.deals] == ["OAT 3.5% Nov-2035"]
    assert not analysis.quotes_not_dealt
